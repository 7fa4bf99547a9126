"""Files handed in: known by content, drawn anew, kept privately."""

import io
import zipfile
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction
from PIL import Image

from channels_platform.files.answers import file_answer
from channels_platform.files.content import EVIDENCE
from channels_platform.files.models import Attachment
from channels_platform.files.pictures import LONGEST_SIDE
from channels_platform.files.services import LARGEST, MOST_FILES, keep_file, keep_files
from channels_platform.files.services.strays import forget_strays
from channels_platform.lib import clock
from channels_platform.lib.errors import Invalid

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.4\n%%EOF\n"


def picture(form="JPEG", size=(40, 30), **saving) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "teal").save(out, form, **saving)
    return out.getvalue()


def keep(data: bytes, name="photo.jpg", **how) -> Attachment:
    return keep_file(actor=None, upload=SimpleUploadedFile(name, data), **how)


@pytest.mark.parametrize(
    ("data", "name", "kept_as", "shown"),
    [
        (picture(), "licence.exe", "image/jpeg", "licence.jpg"),
        (picture("WEBP"), "scan.webp", "image/jpeg", "scan.jpg"),
        (picture("PNG"), "../../etc/passwd.png", "image/png", "passwd.png"),
        (PDF, "C:\\papers\\营业执照.pdf", "application/pdf", "营业执照.pdf"),
        (PDF, "a\u202egnp.\x00pdf", "application/pdf", "agnp.pdf"),
    ],
)
def test_a_file_is_what_it_contains_whatever_it_is_called(data, name, kept_as, shown):
    kept = keep(data, name)
    assert (kept.content_type, kept.name) == (kept_as, shown)
    assert kept.file.name.startswith(f"files/{kept.uploaded_at:%Y/%m}/{kept.pk}")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file_empty"),
        (b"MZ\x90\x00", "file_type"),
        (b"<html><script>alert(1)</script>", "file_type"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "file_type"),
        (b"\xff\xd8\xff\xe0 nothing more", "file_broken"),
        (picture()[:200], "file_broken"),
        (b"x" * (LARGEST + 1), "file_too_large"),
    ],
)
def test_what_is_refused_leaves_nothing(data, code):
    with pytest.raises(Invalid) as refused:
        keep(data, field="licence")
    assert (refused.value.code, refused.value.field) == (code, "licence")
    assert not Attachment.objects.exists()
    assert not default_storage.exists("files")


def test_an_image_with_too_many_pixels_is_refused_before_it_is_drawn():
    with pytest.raises(Invalid) as refused:
        keep(picture("PNG", size=(10_000, 9_000)))
    assert refused.value.code == "image_too_large"


def test_a_photo_may_have_more_pixels_than_what_must_be_drawn_whole():
    large = (6_000, 5_000)
    assert keep(picture(size=large)).size
    for form in ("PNG", "WEBP"):
        with pytest.raises(Invalid) as refused:
            keep(picture(form, size=large))
        assert refused.value.code == "image_too_large"


def test_an_image_keeps_neither_place_nor_what_is_appended():
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    exif[0x010F] = "Some camera"
    exif.get_ifd(0x8825)[1] = "N"
    kept = keep(picture(exif=exif, size=(4_000, 3_000)) + b"<script>appended</script>")
    drawn = Image.open(kept.file)
    assert drawn.size == (LONGEST_SIDE * 3 // 4, LONGEST_SIDE)
    assert not drawn.getexif()
    with kept.file.open("rb") as stored:
        assert b"appended" not in stored.read()


def test_text_and_workbooks_are_taken_only_where_asked_for():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    for data, name in ((packed.getvalue(), "list.xlsx"), ("聊天记录\n".encode(), "chat.txt")):
        with pytest.raises(Invalid, match="type"):
            keep(data, name)
        assert keep(data, name, kinds=EVIDENCE).name == name


def test_more_than_the_most_files_are_refused_together():
    uploads = [SimpleUploadedFile("a.pdf", PDF) for _ in range(MOST_FILES + 1)]
    with pytest.raises(Invalid) as refused:
        keep_files(actor=None, uploads=uploads)
    assert refused.value.code == "too_many_files"
    assert len(keep_files(actor=None, uploads=uploads[1:])) == MOST_FILES


def test_where_one_of_several_is_refused_none_is_written():
    uploads = [SimpleUploadedFile("a.pdf", PDF), SimpleUploadedFile("b.pdf", b"MZ\x90\x00")]
    with pytest.raises(Invalid):
        keep_files(actor=None, uploads=uploads)
    assert not Attachment.objects.exists()
    assert not default_storage.exists("files")


def test_a_kept_file_cannot_be_exchanged():
    kept = keep(PDF)
    with pytest.raises(DatabaseError), transaction.atomic():
        Attachment.objects.filter(pk=kept.pk).update(sha256="0" * 64)


def test_a_sent_file_can_run_nothing():
    answer = file_answer(keep(b"note\n", "note.txt", kinds=EVIDENCE))
    assert answer["Content-Disposition"].startswith("attachment")
    assert "sandbox" in answer["Content-Security-Policy"]
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_files_of_rolled_back_transactions_are_swept_up_after_a_day():
    kept = keep(PDF)
    with transaction.atomic():
        stray = keep(PDF).file.name
        transaction.set_rollback(True)
    assert forget_strays() == {"forgotten": 0}
    with clock.at(clock.now() + timedelta(days=1, minutes=1)):
        assert forget_strays() == {"forgotten": 1}
    assert default_storage.exists(kept.file.name)
    assert not default_storage.exists(stray)
