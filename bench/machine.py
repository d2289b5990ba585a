"""The facts a reader needs to judge figures: versions, processor, disk, revision."""

import hashlib
import os
import platform
import sqlite3
import subprocess
import tempfile
import time
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

PACKAGES = ("everloop", "uvicorn", "uvloop", "httptools", "aiohttp", "msgspec", "pydantic", "fastapi", "sqlalchemy")
REPOSITORY = Path(__file__).parent.parent
IN_MEMORY = {"tmpfs", "ramfs"}
PROBES = 200


@dataclass(frozen=True, slots=True)
class Machine:
    """Where and with what the run was made."""

    processor: str
    cores: int
    memory_gib: float
    kernel: str
    python: str
    sqlite: str
    packages: dict[str, str]
    revision: str
    uncommitted: list[str]  # changed or untracked paths under src/ and bench/
    passthrough_sha256: str
    file_system: str
    sync_ms: float

    @property
    def disk_is_memory(self) -> bool:
        """Tell whether the data directory lay in memory, where a commit costs nothing."""
        return self.file_system in IN_MEMORY

    def facts(self) -> list[str]:
        """Return the facts as sentences for a page."""
        packages = ", ".join(f"{name} {found}" for name, found in self.packages.items())
        changed = f" with uncommitted changes in {', '.join(self.uncommitted)}" if self.uncommitted else ""
        return [
            f"Revision {self.revision}{changed}; passthrough.py SHA-256 {self.passthrough_sha256}",
            f"{self.processor}, {self.cores} cores, {self.memory_gib} GiB, {self.kernel}; nothing pinned",
            f"Python {self.python}, SQLite {self.sqlite}, {packages}",
            f"Data on {self.file_system}; appending 4 KiB and forcing it to disk takes {self.sync_ms} ms (median)",
        ]


def describe(work: Path) -> Machine:
    """Look around; `work` is the directory whose disk will hold the logs."""
    changed = _git("status", "--porcelain", "--", "src", "bench").splitlines()
    return Machine(
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)),
        memory_gib=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        kernel=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        sqlite=sqlite3.sqlite_version,
        packages={name: _version(name) for name in PACKAGES},
        revision=_git("rev-parse", "HEAD").strip(),
        uncommitted=[line[3:] for line in changed if not line[3:].startswith("bench/results/")],
        passthrough_sha256=hashlib.sha256((Path(__file__).parent / "passthrough.py").read_bytes()).hexdigest(),
        file_system=_file_system(work),
        sync_ms=_sync_ms(work),
    )


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed as a package"


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments],  # noqa: S607 - git is wherever PATH has it
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    return done.stdout if done.returncode == 0 else "unknown (not a git checkout)"


def _file_system(directory: Path) -> str:
    """Return the type of the mount that holds the directory: the longest mount point above it."""
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    real = directory.resolve()
    above = [(len(point), kind) for point, kind in mounts if real.is_relative_to(point)]
    return max(above)[1] if above else "unknown"


def _sync_ms(directory: Path) -> float:
    """Return the median time of appending 4 KiB and forcing it to the disk, in milliseconds: the price of a commit."""
    times = []
    with tempfile.TemporaryFile(dir=directory, buffering=0) as file:
        for _ in range(PROBES):
            started = time.perf_counter()
            file.write(b"\0" * 4096)
            os.fdatasync(file.fileno())
            times.append((time.perf_counter() - started) * 1000)
    return round(median(times), 3)
