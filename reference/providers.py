"""The page of providers: which connections every organisation has, and what each has a place for."""

from typing import Final

from everloop.domain.capabilities import NAMES, Capabilities, common
from everloop.providers.formats import FORMATS
from everloop.providers.known import KNOWN, Known

_BEGINNING: Final = """# Providers

What a config may name as its `provider`, beside `mock` and [connections of your own](../how-to/providers.md). What a
connection has no place for is refused before it is called, with the parameter's name; single models may take less.
Without `completions` a completion goes out as one user message, without `samples` several samples are several calls.

"""
_ENDING: Final = """
## Where they are

The operator's variables follow one rule: the name in capitals and `_API_KEY` or `_BASE_URL`.

"""
_WORDS: Final = {
    "completions": "completions",
    "images": "images",
    "tools": "tools",
    "tool_choice": "tool choice",
    "json_object": "JSON",
    "json_schema": "JSON by a schema",
    "reasoning_effort": "reasoning effort",
    "reasoning_tokens": "reasoning tokens",
    "stop": "stop",
    "seed": "seed",
    "samples": "samples",
    "logprobs": "logprobs",
    "suffix": "suffix",
    "penalties": "penalties",
}


def providers_page() -> str:
    """A table of capabilities, and one of addresses."""
    return f"{_BEGINNING}{capabilities_table()}{_ENDING}{_addresses()}"


def capabilities_table() -> str:
    """Every connection that can be called, by what it has a place for."""
    lines = [f"| provider | {' | '.join(_WORDS[name] for name in NAMES)} |", f"|---|{'---|' * len(NAMES)}"]
    for known in KNOWN.values():
        facts = _facts(known)
        cells = " | ".join("yes" if getattr(facts, name) else "no" for name in NAMES)
        lines.append(f"| `{known.name}` | {cells} |")
    return "\n".join(lines) + "\n"


def _facts(known: Known) -> Capabilities:
    return common(FORMATS[known.format].capabilities, known.facts)


def _addresses() -> str:
    lines = ["| provider | is | format | base URL | key |", "|---|---|---|---|---|"]
    for known in KNOWN.values():
        url = known.base_url or f"the operator's `{known.base_url_variable}`"
        key = f"`{known.key_variable}`" if known.needs_key else f"`{known.key_variable}`, if it wants one"
        lines.append(f"| `{known.name}` | {known.origin} | `{known.format}` | {url} | {key} |")
    return "\n".join(lines) + "\n"
