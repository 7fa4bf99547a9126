"""Encryption of personal data at rest, and the keyed hash that matches it.

Two separate key rings: encryption (MultiFernet) and blind index (HMAC-SHA256). The first
key of a ring is primary: it writes. All keys of a ring read, so a ring is rotated by putting
a new key first, re-writing (`manage.py rotate_keys`) and dropping the old one.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from cryptography.fernet import Fernet, MultiFernet


class BlindIndex:
    """Keyed digests of a value: `digest` under the primary key, `digests` under all keys."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys:
            raise ValueError("a blind index needs a key")
        self._keys = tuple(keys)

    @property
    def in_rotation(self) -> bool:
        """Whether some rows may still stand under an older key."""
        return len(self._keys) > 1

    def digest(self, value: str) -> bytes:
        return hmac.digest(self._keys[0], value.encode(), hashlib.sha256)

    def digests(self, value: str) -> list[bytes]:
        return [hmac.digest(key, value.encode(), hashlib.sha256) for key in self._keys]


class Cipher:
    """Authenticated encryption of short texts under a ring of keys."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._primary = Fernet(keys[0])
        self._ring = MultiFernet([Fernet(key) for key in keys])

    def encrypt(self, text: str) -> bytes:
        return self._primary.encrypt(text.encode())

    def decrypt(self, token: bytes | memoryview) -> str:
        return self._ring.decrypt(bytes(token)).decode()

    def is_current(self, token: bytes | memoryview) -> bool:
        """Whether the token was written under the primary key."""
        try:
            self._primary.decrypt(bytes(token))
        except Exception:  # noqa: BLE001 - any failure means: not this key
            return False
        return True


def fernet_key(secret: str) -> bytes:
    """Return the Fernet key of a secret: itself if it is one, else derived by SHA-256."""
    try:
        if len(base64.urlsafe_b64decode(secret)) == 32:
            return secret.encode()
    except ValueError:
        pass
    return base64.urlsafe_b64encode(hashlib.sha256(secret.encode()).digest())


_index_override: ContextVar[BlindIndex | None] = ContextVar("blind_index_override", default=None)


def current_index(default: BlindIndex) -> BlindIndex:
    """Return the index in force in this context."""
    return _index_override.get() or default


@contextmanager
def separate_index(key: bytes) -> Iterator[None]:
    """Match phones under a key of one's own, so that a rehearsal meets nobody's real data."""
    token = _index_override.set(BlindIndex([key]))
    try:
        yield
    finally:
        _index_override.reset(token)
