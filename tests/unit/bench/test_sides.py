from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from bench import sides
from bench.peers import gateways
from bench.processes import Launch, Server, ServerFailedError
from bench.targets import Side


class Unstartable(AbstractContextManager[Side]):
    def __enter__(self) -> Side:
        raise ServerFailedError("it ended with code 1")

    def __exit__(self, *error: object) -> None: ...


def unstartable(work: Path, upstream: Server) -> AbstractContextManager[Side]:
    return Unstartable()


@pytest.fixture
def absent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    nowhere = [gateways.Peer(peer.name, tmp_path / "nowhere", peer.start) for peer in gateways.PEERS]
    monkeypatch.setattr(gateways, "PEERS", tuple(nowhere))


@pytest.mark.usefixtures("absent")
def test_a_gateway_that_is_not_installed_is_left_out_and_named():
    lineup = sides.line_up(sides.OTHERS, install=False)
    assert list(lineup.starts) == ["bare", "everloop", "everloop-experiment", "everloop-trials", "everloop-workers"]
    assert lineup.absent == dict.fromkeys(("litellm", "portkey"), sides.NOT_INSTALLED)


@pytest.mark.usefixtures("absent")
def test_a_gateway_that_cannot_be_installed_says_why(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(gateways, "install", lambda: "no network")
    lineup = sides.line_up(["portkey"], install=True)
    assert list(lineup.starts) == ["bare", "everloop"]
    assert "no network" in lineup.absent["portkey"]


def test_whom_nobody_asked_for_is_neither_there_nor_absent():
    lineup = sides.line_up([], install=False)
    assert list(lineup.starts) == ["bare", "everloop"]
    assert lineup.absent == {}


def test_a_gateway_that_does_not_start_is_left_out_of_the_run(tmp_path: Path):
    lineup = sides.Lineup({"portkey": unstartable})
    with sides.open_sides(tmp_path, nobody(), lineup) as opened:
        assert opened == []
    assert "code 1" in lineup.absent["portkey"]
    assert lineup.started_cold == {}


def test_a_product_that_does_not_start_ends_the_run(tmp_path: Path):
    lineup = sides.Lineup({"everloop": unstartable})
    with pytest.raises(ServerFailedError), sides.open_sides(tmp_path, nobody(), lineup):
        pass


def nobody() -> Server:
    launch = Launch("upstream", [], 0, "/", Path("log"))
    return Server(launch.name, launch.port, None, launch.log)  # type: ignore[arg-type]
