"""Several processes that answer on one port."""

import logging
import multiprocessing
import signal
from typing import Final

from uvicorn.config import STARTUP_FAILURE, Config
from uvicorn.supervisors.multiprocess import Multiprocess

_WELL: Final = 0

_log: Final = logging.getLogger(__name__)


async def end_with_supervisor() -> None:
    """Ends a worker as SIGTERM does once its supervisor is gone: what is being answered is answered, and the door shut.

    A supervisor that was killed could tell its workers nothing. They would live on, keep the port, and serve beside the
    server that is started in its place, with nobody to stop or replace them. To be called now and then in each worker;
    does nothing in a server of one process.
    """
    supervisor = multiprocessing.parent_process()
    if supervisor is not None and not supervisor.is_alive():
        _log.warning("the supervisor of this worker is gone: it answers what it was asked, and ends")
        signal.raise_signal(signal.SIGTERM)


class Workers(Multiprocess):
    """Uvicorn's supervisor, which shuts the door before its workers drain.

    It holds the socket that all of them listen on. As long as that is open the system goes on taking connections that
    no worker will ever answer: a caller would wait for as long as the drain lasts, where a refusal sends it elsewhere.
    """

    def __init__(self, config: Config) -> None:
        super().__init__(config, [config.bind_socket()])

    def terminate_all(self) -> None:
        """Tells the workers to end."""
        for listening in self.sockets:
            listening.close()
        super().terminate_all()

    def exit_code(self) -> int:
        """After `run`: whether it ended because it was told to, or because no worker could start."""
        failed = any(each.exitcode == STARTUP_FAILURE for each in self.processes)
        return STARTUP_FAILURE if failed else _WELL
