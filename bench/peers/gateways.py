"""LiteLLM's proxy and Portkey's gateway: how they are started, and which versions they are."""

import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bench.answers import OpenAIReader
from bench.calls import openai_calls
from bench.processes import HOST, Launch, Server, free_port, serving
from bench.targets import Side, Start

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
LITELLM = ROOT / ".venv-litellm" / "bin" / "litellm"
LITELLM_LOCK = HERE / "litellm" / "requirements.txt"
PORTKEY = HERE / "portkey" / "node_modules" / "@portkey-ai" / "gateway"
LOOPBACK = HERE / "portkey" / "loopback.cjs"


@dataclass(frozen=True, slots=True)
class Peer:
    """Another gateway: its side's name, a file that is there once it is installed, and how it is started."""

    name: str
    installed_at: Path
    start: Start

    @property
    def installed(self) -> bool:
        """Tell whether it is there."""
        return self.installed_at.exists()


def install() -> str:
    """Install what is missing; return what went wrong, or "". It takes minutes and the network."""
    done = subprocess.run(
        ["make", "--keep-going", "peers"],  # noqa: S607 - make is wherever PATH has it
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if done.returncode == 0 else (done.stdout + done.stderr)[-500:].strip()


def versions() -> dict[str, str]:
    """Return the versions of those that are installed, by the name of their side."""
    found = {}
    if LITELLM.exists():
        lines = LITELLM_LOCK.read_text().splitlines()
        found["litellm"] = next(line.split()[0].partition("==")[2] for line in lines if line.startswith("litellm=="))
    if PORTKEY.exists():
        package = msgspec.json.decode((PORTKEY / "package.json").read_bytes(), type=dict[str, object])
        found["portkey"] = str(package["version"])
    return found


@contextmanager
def _litellm(work: Path, upstream: Server) -> Iterator[Side]:
    """Run LiteLLM's proxy with its production settings, without a database, on one worker."""
    port = free_port()
    key = "sk-" + secrets.token_hex(20)
    environment = {
        "LITELLM_MODE": "PRODUCTION",
        "LITELLM_LOG": "ERROR",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # or it asks the network for prices when it starts
        "LITELLM_MASTER_KEY": key,
        "LITELLM_BENCH_UPSTREAM": f"http://{HOST}:{upstream.port}/v1",
    }
    config = str(HERE / "litellm" / "config.yaml")
    command = [str(LITELLM), "--host", HOST, "--port", str(port), "--config", config, "--num_workers", "1"]
    launch = Launch("litellm", command, port, "/health/liveliness", work / "litellm.log", environment)
    with serving(launch) as server:
        yield Side(launch, server, OpenAIReader(), openai_calls(port, {"Authorization": f"Bearer {key}"}), peer=True)


@contextmanager
def _portkey(work: Path, upstream: Server) -> Iterator[Side]:
    """Run Portkey's gateway; every request names the provider and its address in headers, as its users' do."""
    port = free_port()
    node = shutil.which("node") or "node"
    program = str(PORTKEY / "build" / "start-server.js")
    command = [node, "--require", str(LOOPBACK), program, f"--port={port}", "--headless"]
    headers = {
        "Authorization": "Bearer sk-bench",
        "x-portkey-provider": "openai",
        "x-portkey-custom-host": f"http://{HOST}:{upstream.port}/v1",
    }
    launch = Launch("portkey", command, port, "/", work / "portkey.log", {"NODE_ENV": "production"})
    with serving(launch) as server:
        yield Side(launch, server, OpenAIReader(), openai_calls(port, headers), peer=True)


# The stamps of `make peers`: an installation that broke off halfway is none.
PEERS = (
    Peer("litellm", ROOT / ".venv-litellm" / ".done", _litellm),
    Peer("portkey", HERE / "portkey" / "node_modules" / ".done", _portkey),
)
