"""Connections on the wire."""

from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import Field

from everloop.api.fields import Answer, Request, moment
from everloop.domain.base_url import LONGEST
from everloop.domain.capabilities import NAMES
from everloop.domain.connection import NAME, ConnectionChange, OwnConnection
from everloop.services.connections import NewConnection, Shown

ConnectionName = Annotated[
    str, Field(pattern=NAME, description="What configs name as their `provider`: letters, digits, `_`, `-` and `.`.")
]
Format = Annotated[
    str,
    Field(
        max_length=50, description="What it speaks: `openai` (any OpenAI-compatible server), `anthropic`, `google`, …"
    ),
]
BaseUrl = Annotated[
    str,
    Field(
        max_length=LONGEST,
        description="Where it is, such as `https://llm.example.com/v1`: http or https, no user, no query.",
    ),
]
Lacks = Annotated[
    list[Annotated[str, Field(max_length=50, json_schema_extra={"enum": list(NAMES)})]],
    Field(
        max_length=len(NAMES),
        description="What the server has no place for although the format has: see `capabilities`.",
    ),
]
# What can go into a header: visible ASCII.
Key = Annotated[str, Field(min_length=1, max_length=10_000, pattern=r"^[\x21-\x7e]*$")]
_NEEDS: Final = "false: calls go out without a key, too."


class ConnectionCreateBody(Request):
    """A new connection."""

    name: ConnectionName
    format: Format = "openai"
    base_url: BaseUrl
    needs_key: bool = Field(True, description=_NEEDS)
    lacks: Lacks = Field([])
    key: Key | None = Field(
        None, repr=False, description="Its key; kept as by `PUT /api/provider-keys/{name}`, never shown."
    )

    def new(self) -> NewConnection:
        """The connection that is meant."""
        return NewConnection(self.name, self.format, self.base_url, self.needs_key, tuple(self.lacks))


class ConnectionChangeBody(Request):
    """What becomes different; null and absent leave a field as it is."""

    format: Format | None = None
    base_url: BaseUrl | None = Field(
        None, description="Leads it to another host, port or scheme, then the key is to be given again."
    )
    needs_key: bool | None = Field(None, description=_NEEDS)
    lacks: Lacks | None = None
    key: Key | None = Field(None, repr=False, description="A new key.")

    def change(self) -> ConnectionChange:
        """The change that is meant."""
        return ConnectionChange(
            self.format, self.base_url, self.needs_key, None if self.lacks is None else tuple(self.lacks)
        )


class ConnectionResponse(Answer):
    """A connection: a well-known one, or one of your own (`own`)."""

    name: str
    own: bool
    display_name: str = Field(description="Its name in errors.")
    format: str
    base_url: str | None = Field(description="null: the operator's own, or none yet.")
    needs_key: bool
    key: str | None = Field(
        description="Whose key is there: `organisation`, `operator`, or null for none. Keys are not shown."
    )
    unavailable: str | None = Field(description="Why it cannot be called; null when it can.")
    capabilities: dict[str, bool] = Field(
        description="What it has a place for; a call that wants something else is refused. Single models may have less."
    )
    created_at: datetime | None
    updated_at: datetime | None


def connection_view(shown: Shown) -> ConnectionResponse:
    """A connection as it is shown."""
    each = shown.connection
    common: dict[str, Any] = {
        "name": each.name,
        "format": each.format,
        "base_url": each.base_url,
        "needs_key": each.needs_key,
        "key": shown.key,
        "capabilities": {name: getattr(shown.facts, name) for name in NAMES},
    }
    if isinstance(each, OwnConnection):
        created_at, updated_at = moment(each.created_at), moment(each.updated_at)
        own: dict[str, Any] = {"own": True, "display_name": each.name, "unavailable": None}
        return ConnectionResponse(created_at=created_at, updated_at=updated_at, **own, **common)
    return ConnectionResponse(
        own=False,
        display_name=each.origin,
        unavailable=None if each.absent is None else f"`{each.name}` {each.absent}.",
        created_at=None,
        updated_at=None,
        **common,
    )
