from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from everloop.domain.scope import Scope
from everloop.storage.migrating import migrate
from everloop.storage.opening import Storage, open_storage
from tests.contract.stores.samples import StillClock, Tally, an_environment, an_organisation
from tests.postgres import Cluster, postgres

Opener = Callable[[str], Awaitable[Storage]]

__all__ = ["postgres"]


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    """Each test runs over every database; a new one joins here and in `url_named`."""
    return str(request.param)


@pytest.fixture
def url_named(backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[str], str]]:
    """The URL of the migrated database of a name, made when it is first asked for."""
    if backend == "sqlite":

        def file(name: str) -> str:
            url = f"sqlite:///{tmp_path}/{name}/everloop.db"
            migrate(url)
            return url

        yield file
        return
    running: Cluster = request.getfixturevalue("postgres")
    names: dict[str, str] = {}

    def database(name: str) -> str:
        if name not in names:
            names[name] = running.lend()
        return running.url(names[name])

    yield database
    for made in names.values():
        running.take_back(made)


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
async def open_named(url_named: Callable[[str], str], clock: StillClock) -> AsyncIterator[Opener]:
    """Opens the database of a name; opened twice, it is the same one as another process would see it."""
    async with AsyncExitStack() as stack:

        async def open_(name: str) -> Storage:
            storage = await open_storage(url_named(name), clock, Tally())
            stack.push_async_callback(storage.close)
            return storage

        yield open_


@pytest.fixture
async def storage(open_named: Opener) -> Storage:
    return await open_named("main")


@pytest.fixture
async def scope(storage: Storage) -> Scope:
    """The organisation `org_a` with `env_a`, called production."""
    await storage.organisations.create(an_organisation("a"), an_environment("env_a"))
    return Scope(an_organisation("a").id, "key_a")


@pytest.fixture
async def other(storage: Storage) -> Scope:
    """The organisation `org_b` with an environment of the same id."""
    await storage.organisations.create(an_organisation("b"), an_environment("env_a"))
    return Scope(an_organisation("b").id, "key_b")
