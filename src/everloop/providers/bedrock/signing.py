"""What authorises a call of AWS: an API key of Bedrock as a bearer, or a signature (Signature Version 4).

https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys-use.html and
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
"""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from everloop.domain.generation import Secret
from everloop.domain.value import value
from everloop.providers.bedrock.extra import signing
from everloop.providers.parted_key import PARTING

# Of endpoints such as bedrock-runtime.eu-west-1.amazonaws.com, bedrock-runtime-fips.us-gov-west-1.amazonaws.com and
# vpce-1.bedrock-runtime.us-east-1.vpce.amazonaws.com: https://docs.aws.amazon.com/general/latest/gr/bedrock.html
_REGION: Final = re.compile(r"(?:^|\.)bedrock-runtime(?:-fips)?\.([a-z0-9-]+)\.")
_SERVICE: Final = "bedrock"
_SENT: Final = ("Authorization", "X-Amz-Date", "X-Amz-Security-Token")


@value
class Credentials:
    """As botocore's signer reads them."""

    access_key: str
    secret_key: str
    token: str | None


def credentials_of(key: Secret) -> Credentials | None:
    """The parts of `ACCESS_KEY_ID:SECRET_ACCESS_KEY[:SESSION_TOKEN]`; None for anything else, which is an API key."""
    access_key, secret_key, token, *_ = [*key.value.split(PARTING, 2), "", ""]
    return Credentials(access_key, secret_key, token or None) if access_key and secret_key else None


def region_of(url: str) -> str | None:
    """The region that the host of an endpoint names."""
    found = _REGION.search(urlsplit(url).hostname or "")
    return found[1] if found else None


def signed(credentials: Credentials, region: str, url: str, body: bytes) -> Mapping[str, str]:
    """The headers that sign a POST of JSON; `Host` and `Content-Type` are signed as the client sends them."""
    signer, request_type = signing()
    fixed = {"Host": urlsplit(url).netloc.lower(), "Content-Type": "application/json"}
    request = request_type(method="POST", url=url, data=body, headers=fixed)
    signer(credentials, _SERVICE, region).add_auth(request)
    return {name: request.headers[name] for name in _SENT if name in request.headers}
