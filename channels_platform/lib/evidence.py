"""Evidence packs: events chained by hash, the whole signed with Ed25519, checked without any database.

A pack is one JSON document in one spelling only (`spell`), so that also a blank too many is found. Each event carries
the hash of the one before; the signature covers everything, the hash of the PDF beside it included.
"""

import base64
import binascii
import hashlib
import io
import json
import secrets
import struct
import zipfile
import zlib
from collections.abc import Collection, Iterable
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

FORMAT = "channels-evidence/1"
_START = "0" * 64
# What the library makes of a damaged ZIP, depending on where.
_UNREADABLE = (
    zipfile.BadZipFile, zlib.error, struct.error, ValueError, OSError, EOFError, KeyError, NotImplementedError,
    RuntimeError, OverflowError,
)  # fmt: skip


def new_key() -> str:
    """Return a new private key: 32 random bytes, base64."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


def public_key(key: str) -> str:
    """Return the public part of a private key, base64.

    Raises: ValueError for what is no key.
    """
    return base64.b64encode(_private(key).public_key().public_bytes_raw()).decode()


def chain(events: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the events numbered from 1, each with the hash of the one before and its own."""
    chained, before = [], _START
    for number, event in enumerate(events, start=1):
        link = {**event, "number": number, "previous": before}
        before = _hash(link)
        chained.append({**link, "hash": before})
    return chained


def head_of(chained: list[dict[str, Any]]) -> str:
    """Return the hash that stands for the whole chain."""
    return str(chained[-1]["hash"]) if chained else _START


def seal(pack: dict[str, Any], key: str) -> bytes:
    """Return the pack's file: with its format, head and public key, signed by the private `key`."""
    whole = {**pack, "format": FORMAT, "head": head_of(pack["events"]), "key": public_key(key)}
    signature = _private(key).sign(_canonical(whole))
    return spell({**whole, "signature": base64.b64encode(signature).decode()})


def spell(pack: dict[str, Any]) -> bytes:
    """Return the one spelling of a pack's file."""
    return (json.dumps(pack, ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode()


def faults_of(data: bytes, *, trusted: Collection[str]) -> list[str]:
    """Return what is wrong with a pack's file, in words; nothing where every byte is as it was signed.

    `trusted`: public keys of ours; a pack signed anew by somebody else's is not ours.
    """
    try:
        pack = json.loads(data.decode())
        signature = base64.b64decode(pack["signature"], validate=True)
        if base64.b64encode(signature).decode() != pack["signature"]:
            raise ValueError("the last bits of base64 can be altered and still read the same")
        signed = {name: value for name, value in pack.items() if name != "signature"}
        key, events = str(pack["key"]), list(pack["events"])
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error, RecursionError):
        return ["This is no evidence pack, or it is damaged beyond reading."]
    faults = _chain_faults(events)
    if faults:
        return faults
    if pack.get("format") != FORMAT:
        faults.append(f"The format is {pack.get('format')!r}, not {FORMAT!r}.")
    if pack.get("head") != head_of(events):
        faults.append("The head is not the hash of the last event.")
    if key not in trusted:
        faults.append("It is signed with a key that is not ours.")
    if not _is_signed(signed, signature, key):
        faults.append("The signature does not fit: something was changed after signing.")
    if spell(pack) != data:
        faults.append("The file is not spelled as it was written: bytes were added, left out or changed.")
    return faults


def packed(number: str, data: bytes, pdf: bytes) -> bytes:
    """Return a pack's two files as one ZIP, in the one spelling that `unpacked` takes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as folder:
        for ending, content in (("json", data), ("pdf", pdf)):
            folder.writestr(zipfile.ZipInfo(f"{number}.{ending}"), content)
    return out.getvalue()


def unpacked(folder: bytes) -> tuple[bytes, bytes]:
    """Return the JSON and the PDF of a pack's ZIP.

    Raises: ValueError for a ZIP that is not, to the byte, as `packed` writes it.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(folder)) as opened:
            first, second = opened.namelist()
            written, printed = opened.read(first), opened.read(second)
        whole = packed(first.removesuffix(".json"), written, printed)
    except _UNREADABLE as error:
        raise ValueError("the ZIP cannot be read") from error
    if whole != folder:
        raise ValueError("the ZIP is not as it was written")
    return written, printed


def file_hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _chain_faults(events: list[Any]) -> list[str]:
    faults: list[str] = []
    before = _START
    for number, event in enumerate(events, start=1):
        if not isinstance(event, dict):
            return [*faults, f"Event {number} cannot be read."]
        link = {name: value for name, value in event.items() if name != "hash"}
        if event.get("number") != number or event.get("previous") != before:
            faults.append(f"Event {number} does not follow the one before it.")
        if event.get("hash") != _hash(link):
            faults.append(f"Event {number} was changed.")
        before = str(event.get("hash"))
    return faults


def _is_signed(signed: dict[str, Any], signature: bytes, key: str) -> bool:
    try:
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key, validate=True))
        public.verify(signature, _canonical(signed))
    except (InvalidSignature, ValueError, binascii.Error):
        return False
    return True


def _canonical(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _hash(link: dict[str, Any]) -> str:
    return hashlib.sha256(_canonical(link)).hexdigest()


def _private(key: str) -> Ed25519PrivateKey:
    try:
        raw = base64.b64decode(key, validate=True)
    except binascii.Error as error:
        raise ValueError("an evidence key is base64") from error
    if len(raw) != 32:
        raise ValueError("an evidence key has 32 bytes")
    return Ed25519PrivateKey.from_private_bytes(raw)
