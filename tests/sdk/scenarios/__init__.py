"""Stories that the official clients tell a running server.

The clients live in virtual environments of their own (`make sdk-envs`), since their pins clash with ours. So this
package is played there, by `python -m tests.sdk.scenarios`, one process a story; here it is only read, for the names.
That is why no module imports the client while it is itself imported.
"""

from tests.sdk.scenarios import (
    both_ways,
    chats,
    completions,
    datapoints,
    datasets,
    deployments,
    errors,
    experiments,
    fallbacks,
    feedback,
    feedback_types,
    keys,
    limits,
    log_changes,
    log_filters,
    logs,
    projects,
    prompt_files,
    sessions,
    streams,
    tools,
    traps,
)
from tests.sdk.scenarios.registry import SCENARIOS, VERSIONS

__all__ = [
    "SCENARIOS",
    "VERSIONS",
    "both_ways",
    "chats",
    "completions",
    "datapoints",
    "datasets",
    "deployments",
    "errors",
    "experiments",
    "fallbacks",
    "feedback",
    "feedback_types",
    "keys",
    "limits",
    "log_changes",
    "log_filters",
    "logs",
    "projects",
    "prompt_files",
    "sessions",
    "streams",
    "tools",
    "traps",
]
