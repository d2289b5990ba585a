"""From a body to a request, and the names of what is in it and means nothing here."""

import re
from dataclasses import replace
from itertools import islice
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from everloop.api.openai.call_models import CallRequest
from everloop.api.strict_json import decode
from everloop.api.wrong_fields import wrong_fields
from everloop.errors import InvalidFields

_Request = TypeVar("_Request", bound=CallRequest)

_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
# Of the names that are told, and of those that are looked at.
_MOST_TOLD: Final = 32
_MOST_SEEN: Final = 1000


def parse(model: type[_Request], body: bytes) -> tuple[_Request, list[str]]:
    """The request, and which of its fields are ignored.

    Raises `InvalidFields` that say where and what, but never the value: it may be secret.
    """
    value = decode(body)
    try:
        request = model.model_validate(value)
    except ValidationError as error:
        wrong = wrong_fields(error.errors(include_input=False, include_url=False))
        raise InvalidFields([replace(each, location=("body", *each.location)) for each in wrong]) from None
    return request, _ignored(value, model)


def _ignored(value: dict[str, Any], model: type[_Request]) -> list[str]:
    """Fields that say something to nobody: names that fit into a header alone, and not more than one would read."""
    known = model.model_fields
    if value.keys() <= known.keys():
        return []
    seen = islice(value.items(), _MOST_SEEN)
    unknown = (name for name, each in seen if name not in known and each is not None and _NAME.fullmatch(name))
    return list(islice(unknown, _MOST_TOLD))
