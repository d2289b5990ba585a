"""Secrets at rest: AES-256-GCM, bound to the row they are kept in."""

import hashlib
import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from everloop.errors import Unprocessable

KEY_BYTES: Final = 32
_VERSION: Final = b"\x01"
_KEY_ID_BYTES: Final = 8
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_SAVE_AGAIN: Final = "save the secret again"


class AesGcmSecretBox:
    """`ports.system.SecretBox` under one 32-byte key.

    Layout of what is sealed: a version byte, 8 bytes of the key's SHA-256, a random 96-bit nonce, ciphertext and
    128-bit tag. The key's id tells a secret of another key from a damaged one, and what is left to do when keys are
    rotated; it and the version are authenticated together with the context.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"AES-256 needs a key of {KEY_BYTES} bytes")
        self._cipher = AESGCM(key)
        self._header = _VERSION + hashlib.sha256(key).digest()[:_KEY_ID_BYTES]

    def seal(self, plaintext: str, context: bytes) -> bytes:
        # Keys may be any text that JSON can bring, lone surrogates included.
        data = plaintext.encode("utf-8", "surrogatepass")
        nonce = os.urandom(_NONCE_BYTES)
        return self._header + nonce + self._cipher.encrypt(nonce, data, self._header + context)

    def open(self, sealed: bytes, context: bytes) -> str:
        header, rest = sealed[: len(self._header)], sealed[len(self._header) :]
        if header[:1] != _VERSION or len(rest) < _NONCE_BYTES + _TAG_BYTES:
            raise Unprocessable(
                "A saved secret cannot be read: it is damaged, or a newer version of Everloop wrote it. "
                f"Upgrade, or {_SAVE_AGAIN}."
            )
        if header != self._header:
            raise Unprocessable(
                "A saved secret was encrypted under another EVERLOOP_SECRET_KEY than the present one. Start Everloop "
                "with the former key (by default it is the file secret.key in the data directory, which belongs into "
                f"backups beside the database), or {_SAVE_AGAIN}."
            )
        try:
            data = self._cipher.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], header + context)
        except InvalidTag:
            raise Unprocessable(
                "A saved secret cannot be decrypted, although it was encrypted under the present EVERLOOP_SECRET_KEY: "
                "it is damaged, or its row was copied from elsewhere or changed by hand. "
                f"Restore the row from a backup, or {_SAVE_AGAIN}."
            ) from None
        return data.decode("utf-8", "surrogatepass")
