"""The operator's secret: where it is kept when the operator sets none, and the keys that are made of it."""

import os
import secrets
import shlex
from enum import StrEnum
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from everloop.errors import EverloopError
from everloop.security import private_file

FILE_NAME: Final = "secret.key"
SHORTEST: Final = 32


class UnusableSecretKey(EverloopError):
    """The secret cannot be used as it is; the message tells the operator what to do and never holds the secret."""


class Purpose(StrEnum):
    """What a derived key is for. The values are part of what is stored: changing one loses what was sealed or keyed."""

    PROVIDER_KEYS = "everloop provider keys v1"
    SESSION_IDS = "everloop session ids v1"


def derive(secret: str, purpose: Purpose) -> bytes:
    """A 32-byte key for one purpose, by HKDF-SHA256 (RFC 5869) without a salt.

    HKDF does not stretch weak secrets: the operator's text has to be random. Raises `UnusableSecretKey` when it is
    shorter than 32 characters.
    """
    if len(secret) < SHORTEST:
        raise UnusableSecretKey(
            f"EVERLOOP_SECRET_KEY has {len(secret)} characters and needs {SHORTEST} or more. "
            "`openssl rand -base64 48` makes a good one."
        )
    return HKDF(SHA256(), length=32, salt=None, info=purpose.encode()).derive(secret.encode("utf-8", "surrogateescape"))


def load_or_create(data_dir: Path) -> str:
    """The secret in `<data_dir>/secret.key`, made at the first start.

    Processes that start at the same time get the same one. Raises `UnusableSecretKey` when others may read the file or
    when it holds too little; `OSError` when it cannot be read or made.
    """
    path = data_dir / FILE_NAME
    if not path.exists():
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        private_file.create(path, secrets.token_urlsafe(48))
    # Also for a file that was found: another process may have made it a moment ago and not have come this far.
    # A provider key must not outlive the secret that it needs.
    private_file.sync_folder(data_dir)
    return _load(path)


def _load(path: Path) -> str:
    # As Python reads the environment, so that any bytes are a secret.
    with path.open(encoding="utf-8", errors="surrogateescape") as file:
        mode = os.fstat(file.fileno()).st_mode & 0o777
        if mode & 0o077:
            raise UnusableSecretKey(
                f"Other users may read or write {path} (mode {mode:04o}), which protects every saved provider key. "
                f"Run: chmod 600 {shlex.quote(str(path))}"
            )
        secret = file.read().strip()
    if len(secret) < SHORTEST:
        raise UnusableSecretKey(
            f"{path} holds {len(secret)} characters and should hold {SHORTEST} or more. Restore it from a backup; "
            "or, if it never held a secret, delete it and a new one is made at the next start."
        )
    return secret
