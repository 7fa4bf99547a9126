"""What a file is, by its content and not by its name."""

import io
import zipfile
from dataclasses import dataclass
from typing import Protocol

from channels_platform.lib.errors import Invalid


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of file we take: its media type, and the ending it is kept and sent under."""

    media_type: str
    ending: str


PDF = Kind("application/pdf", ".pdf")
JPEG = Kind("image/jpeg", ".jpg")
PNG = Kind("image/png", ".png")
XLSX = Kind("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx")
TEXT = Kind("text/plain", ".txt")
IMAGES = frozenset({JPEG, PNG})
PAPERS = IMAGES | {PDF}
EVIDENCE = PAPERS | {XLSX, TEXT}


def identify(data: bytes) -> Kind | None:
    """Return what the bytes are, or None for what we take nowhere."""
    if data.startswith(b"%PDF-"):
        return PDF
    if data.startswith(b"\xff\xd8\xff") or (data[:4] == b"RIFF" and data[8:12] == b"WEBP"):
        return JPEG
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if data.startswith(b"PK\x03\x04"):
        return XLSX if _is_workbook(data) else None
    return TEXT if _is_text(data) else None


def read_limited(source: Readable, most: int) -> bytes:
    """Read at most `most` bytes.

    Raises: Invalid `file_too_large`, `file_empty`.
    """
    data = source.read(most + 1)
    if len(data) > most:
        raise Invalid("the file is too large", code="file_too_large")
    if not data:
        raise Invalid("the file is empty", code="file_empty")
    return data


def _is_workbook(data: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            return "xl/workbook.xml" in packed.namelist()
    except zipfile.BadZipFile:
        return False


def _is_text(data: bytes) -> bool:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return all(mark.isprintable() or mark in "\r\n\t\ufeff" for mark in text)
