"""Filters of v4 that are not there yet: refused, since an answer without them would look filtered and not be."""

from collections.abc import Container

from fastapi import Request

from everloop.errors import FieldIssue, InvalidFields


def refuse(request: Request, names: Container[str], suffix: str | None = None) -> None:
    """Raises `InvalidFields` for every query parameter of these names, or with this ending, that has a value."""
    sent = sorted({name for name, value in request.query_params.multi_items() if value})
    refused = [name for name in sent if name in names or (suffix is not None and name.endswith(suffix))]
    if refused:
        raise InvalidFields(
            [FieldIssue(("query", name), f"`{name}` is not supported yet; leave it out.") for name in refused]
        )
