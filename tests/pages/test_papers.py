"""The papers of a visit: signed once on the screen, photographed without the camera's traces, seen by staff only."""

import hashlib

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, IntegrityError, transaction
from PIL import Image

from channels_platform.audit.models import Event
from channels_platform.files.models import Attachment
from channels_platform.lib.errors import Forbidden, NotAllowed
from leads.models import Visit, VisitPaper
from leads.services.papers import sign_visit
from leads.services.visits import confirm_visit
from leads.slips import slip_pdf
from tests.pages.papers import data_url, sheet, signature
from tests.pages.world import make_project, staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def visit(world):
    return confirm_visit(actor=world.reception, referral=world.file())


@pytest.fixture(autouse=True)
def _files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def test_the_client_signs_once_and_the_slip_carries_it(world, as_person, visit):
    client, address = as_person(world.reception), f"/desk/visits/{visit.pk}/sign/"
    bare = slip_pdf(visit.referral)
    said = client.post(address, {"signature": data_url(signature())}, follow=True).content.decode()
    assert "Signed. The signature stands on the slip." in said
    again = client.post(address, {"signature": data_url(signature(color="#000"))})
    assert (again.status_code, "never replaced" in again.content.decode()) == (422, True)
    paper = VisitPaper.objects.get()
    assert (paper.kind, paper.kept_by, paper.attachment.content_type) == ("signature", world.reception, "image/png")
    event = Event.objects.get(action="visit.signed")
    assert (event.actor_id, event.after["sha256"]) == (world.reception.pk, paper.attachment.sha256)
    assert bare.count(b"/Subtype /Image") < slip_pdf(visit.referral).count(b"/Subtype /Image")
    paper.attachment.file.storage.delete(paper.attachment.file.name)
    assert slip_pdf(visit.referral).startswith(b"%PDF")


def test_a_tap_sent_twice_signs_once(world, as_person, visit):
    client = as_person(world.reception)
    for _tap in range(2):
        answer = client.post(f"/desk/visits/{visit.pk}/sign/", {"signature": data_url(signature()), "once": "3" * 32})
        assert answer.status_code == 302
    assert VisitPaper.objects.count() == 1


@pytest.mark.parametrize(
    "sent",
    [
        "", "nonsense", "data:image/png;base64,####", "data:text/html;base64,PGI+", data_url(b"GIF89a"),
        data_url(sheet()), data_url(signature(drawn=False)), data_url(signature(color="#fefefe")),
        data_url(signature()[:200]), "data:image/png;base64," + "A" * 900_000,
    ],
)  # fmt: skip
def test_what_is_no_signature_is_refused_in_words_and_kept_nowhere(world, as_person, visit, sent):
    answer = as_person(world.reception).post(f"/desk/visits/{visit.pk}/sign/", {"signature": sent})
    assert answer.status_code == 422
    assert 'class="errors"' in answer.content.decode()
    assert not VisitPaper.objects.exists() and not Attachment.objects.exists()


def test_an_arrival_that_did_not_count_is_signed_by_nobody(world, as_person, visit):
    refused = confirm_visit(actor=world.reception, referral=visit.referral)
    assert refused.reason == "already_today"
    answer = as_person(world.reception).post(f"/desk/visits/{refused.pk}/sign/", {"signature": data_url(signature())})
    assert answer.status_code == 422
    assert not VisitPaper.objects.exists()


def test_a_photo_is_drawn_anew_and_seen_by_staff_of_the_site_alone(world, as_person, visit):
    exif = Image.Exif()
    exif[0x010F] = "Camera of somebody"
    taken = sheet(exif=exif)
    assert b"Camera of somebody" in taken
    client = as_person(world.reception)
    photo = SimpleUploadedFile("IMG_20260301_Zhang.jpg", taken, content_type="text/html")
    page = client.post(f"/desk/visits/{visit.pk}/sheet/", {"photo": photo}, follow=True).content.decode()
    assert "Photograph the sheet only, never a person." in page
    paper = VisitPaper.objects.get()
    address = f"/desk/papers/{paper.pk}/"
    answer = client.get(address)
    kept = b"".join(answer.streaming_content)
    assert b"Camera of somebody" not in kept and hashlib.sha256(kept).hexdigest() == paper.attachment.sha256
    assert (answer["Content-Type"], answer["Cache-Control"]) == ("image/jpeg", "private, no-store")
    assert as_person(world.consultant.user).get(address).status_code == 200
    paper.attachment.file.storage.delete(paper.attachment.file.name)
    assert client.get(address).status_code == 404
    assert as_person(world.owner).get(address).status_code == 403
    hill = make_project(world.project.company, code="HILL", name="Green Hill")
    assert as_person(staff("elsewhere", "reception", hill)).get(address).status_code == 404


def test_at_most_three_photos_and_pictures_only(world, as_person, visit):
    client, address = as_person(world.reception), f"/desk/visits/{visit.pk}/sheet/"
    for _n in range(3):
        assert client.post(address, {"photo": SimpleUploadedFile("a.jpg", sheet())}).status_code == 302
    assert client.post(address, {"photo": SimpleUploadedFile("a.jpg", sheet())}).status_code == 422
    assert VisitPaper.objects.count() == 3


@pytest.mark.parametrize("content", [b"%PDF-1.7 x", b"<html>", b"\xff\xd8\xff broken", b""])
def test_what_is_no_photo_is_refused_beside_the_field(world, as_person, visit, content):
    photo = SimpleUploadedFile("sheet.jpg", content, content_type="image/jpeg")
    answer = as_person(world.reception).post(f"/desk/visits/{visit.pk}/sheet/", {"photo": photo})
    assert answer.status_code == 422
    assert "invalid-feedback" in answer.content.decode()
    assert not VisitPaper.objects.exists()


def test_consultants_and_agencies_keep_no_papers(world, visit):
    for actor in (world.consultant.user, world.owner.user):
        with pytest.raises(Forbidden):
            sign_visit(actor=actor, visit=visit, upload=SimpleUploadedFile("s.png", signature()))


def test_the_database_takes_one_signature_of_a_visit_and_changes_none(world, visit):
    paper = sign_visit(actor=world.reception, visit=visit, upload=SimpleUploadedFile("s.png", signature()))
    with pytest.raises(NotAllowed):
        sign_visit(actor=world.reception, visit=visit, upload=SimpleUploadedFile("s.png", signature()))
    second = Attachment.objects.create(file="x.png", name="x", size=1, uploaded_at=paper.kept_at)
    with pytest.raises(IntegrityError), transaction.atomic():
        VisitPaper.objects.create(visit=visit, kind="signature", attachment=second, kept_at=paper.kept_at)
    other = Visit.objects.create(
        referral=visit.referral, project=visit.project, arrived_at=visit.arrived_at, local_on=visit.local_on,
        confirmed=False, reason="already_today",
    )  # fmt: skip
    with pytest.raises(DatabaseError), transaction.atomic():
        VisitPaper.objects.filter(pk=paper.pk).update(visit=other)


def test_papers_go_with_their_clients_personal_data(world, visit, settings):
    from datetime import timedelta

    from channels_platform.lib import clock
    from leads.services.erasure import erase_personal_data

    sign_visit(actor=world.reception, visit=visit, upload=SimpleUploadedFile("s.png", signature()))
    erase_personal_data()
    assert VisitPaper.objects.count() == Attachment.objects.count() == 1
    with clock.at(clock.now() + timedelta(days=settings.PERSONAL_DATA_DAYS + 400)):
        erase_personal_data()
    assert VisitPaper.objects.count() == Attachment.objects.count() == 0
