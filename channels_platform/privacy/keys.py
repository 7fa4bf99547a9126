"""The key rings of this process, out of settings."""

from functools import lru_cache

from django.conf import settings

from channels_platform.lib.crypto import BlindIndex, Cipher, current_index, fernet_key


@lru_cache(maxsize=4)
def _cipher(keys: tuple[str, ...]) -> Cipher:
    return Cipher([fernet_key(key) for key in keys])


@lru_cache(maxsize=4)
def _index(keys: tuple[str, ...]) -> BlindIndex:
    return BlindIndex([key.encode() for key in keys])


def cipher() -> Cipher:
    """Return the cipher of personal data at rest."""
    return _cipher(tuple(settings.PII_ENCRYPTION_KEYS))


def phone_index() -> BlindIndex:
    """Return the blind index that phones are matched by."""
    return current_index(_index(tuple(settings.PHONE_INDEX_KEYS)))
