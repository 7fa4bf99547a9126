"""Keeping a file somebody handed in."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile

from channels_platform.files.content import PAPERS, Kind, identify, read_limited
from channels_platform.files.models import Attachment
from channels_platform.lib import clock
from channels_platform.lib.errors import Invalid
from channels_platform.lib.names import clean_text

LARGEST = 10 * 1024 * 1024
MOST_FILES = 5


@dataclass(frozen=True, slots=True)
class _Checked:
    """A file that may be kept: what it is called and what it is, with its bytes, images drawn anew."""

    name: str
    kind: Kind
    data: bytes


def keep_file(*, actor: Any, upload: UploadedFile, kinds: Collection[Kind] = PAPERS, field: str = "file") -> Attachment:
    """Check a file by its content and keep it privately; images are drawn anew.

    The caller links it to what it belongs to, in the same transaction, and says who may fetch it. A file whose
    transaction is rolled back is swept up later (`forget_strays`).
    Units:  at most `LARGEST` bytes.
    Raises: Invalid `file_empty`, `file_too_large`, `file_type`, `file_broken`, `image_too_large`, at `field`.
    Writes: Attachment, and the file.
    """
    return _keep(actor, _checked(upload, kinds, field))


def keep_files(
    *, actor: Any, uploads: Sequence[UploadedFile], kinds: Collection[Kind] = PAPERS, field: str = "files"
) -> list[Attachment]:
    """Keep several files, all or none of them: each is checked before the first is written.

    Raises: Invalid `too_many_files`, and as `keep_file`.
    """
    if len(uploads) > MOST_FILES:
        raise Invalid(f"at most {MOST_FILES} files", code="too_many_files", field=field)
    return [_keep(actor, checked) for checked in [_checked(upload, kinds, field) for upload in uploads]]


def _checked(upload: UploadedFile, kinds: Collection[Kind], field: str) -> _Checked:
    try:
        data = read_limited(upload, LARGEST)
        kind = identify(data)
        if kind is None or kind not in kinds:
            raise Invalid("this type of file is not taken", code="file_type")
        if kind.media_type.startswith("image/"):
            from channels_platform.files.pictures import redrawn

            data = redrawn(data, kind)
    except Invalid as fault:
        fault.field = field
        raise
    return _Checked(_shown_name(upload.name or "", kind), kind, data)


def _keep(actor: Any, checked: _Checked) -> Attachment:
    attachment = Attachment(
        name=checked.name,
        content_type=checked.kind.media_type,
        size=len(checked.data),
        sha256=hashlib.sha256(checked.data).hexdigest(),
        uploaded_by=actor,
        uploaded_at=clock.now(),
    )
    attachment.file.save(f"file{checked.kind.ending}", ContentFile(checked.data), save=False)
    attachment.save(force_insert=True)
    return attachment


def _shown_name(name: str, kind: Kind) -> str:
    """Return the sender's name for the file, one clean line, with the ending of what it is."""
    stem = " ".join(clean_text(PurePath(name.replace("\\", "/")).stem).split())[:100]
    return (stem or "file") + kind.ending
