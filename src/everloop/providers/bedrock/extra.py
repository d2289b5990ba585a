"""What comes from botocore, which only those have who want Bedrock: it is imported when it is used first."""

import logging
import struct
from functools import cache
from importlib.util import find_spec
from typing import Any, Final

from everloop.errors import Unprocessable

_MISSING: Final = (
    "AWS Bedrock needs a package that is not installed here. Install Everloop with its extra `bedrock`: "
    "pip install 'everloop[bedrock]'."
)


def require() -> None:
    """Raises Unprocessable where the extra is not installed."""
    if not _installed():
        raise Unprocessable(_MISSING)


@cache
def _installed() -> bool:
    return find_spec("botocore") is not None


@cache
def signing() -> tuple[Any, Any]:
    """The signer of botocore (`SigV4Auth`) and its request (`AWSRequest`)."""
    from botocore.auth import SigV4Auth  # noqa: PLC0415 - an extra
    from botocore.awsrequest import AWSRequest  # noqa: PLC0415 - an extra

    # It tells all that it signs, a session's token among it, to whoever logs everything.
    logging.getLogger("botocore.auth").setLevel(logging.INFO)
    return SigV4Auth, AWSRequest


@cache
def framing() -> tuple[Any, tuple[type[Exception], ...]]:
    """The parser of event streams in botocore (`EventStreamBuffer`), and what it raises for bytes that are none."""
    from botocore.eventstream import EventStreamBuffer, ParserError  # noqa: PLC0415 - an extra

    # The first is its own; the others come of headers that make no sense although their checksum is right.
    return EventStreamBuffer, (ParserError, struct.error, KeyError, IndexError, ValueError)
