"""What a rendering process may take. The kernel keeps these limits, whatever the engine does."""

import resource
import signal
import sys
from typing import Final

CPU_SECONDS: Final = 1.0
MEMORY_BYTES: Final = 256_000_000
# Above what MiniJinja counts of a large prompt; below what it can do in a second.
STEPS: Final = 2_000_000
# UTF-8, all templates of a call together; the default language has the same limit.
OUTPUT_BYTES: Final = 10_000_000
CALLS: Final = 1_000
# Names of missing inputs that one error tells.
MISSING: Final = 100


def enter() -> None:
    """Gives up, for good, all that rendering does not need: memory beyond the limit, files, other processes."""
    if sys.platform == "linux":  # the one system that keeps this limit; elsewhere steps and time bound the memory
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    for each in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE, resource.RLIMIT_NPROC):
        resource.setrlimit(each, (0, 0))
    # Standard input, output and errors are open; nothing else can be opened any more.
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))


def start_clock() -> None:
    """From now the process has a second of processor time; then the kernel ends it by SIGPROF."""
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
