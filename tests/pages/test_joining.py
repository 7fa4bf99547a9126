"""The public pages by which an agency applies and follows its application."""

import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from brokers.models import AgencyApplication
from brokers.services.joining import application_path, ask_for_more
from channels_platform.accounts.permissions import Role
from tests.pages.world import staff
from tests.services.brokers.test_joining import applied
from tests.services.files.test_keep_file import PDF

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nobody_applied_before():
    """Forget the applications of the tests before: all come from one address."""
    client = cache._cache.get_client()
    for key in client.scan_iter(match=f"{settings.REDIS_PREFIX}:*allauth:rl:*", count=1000):
        client.delete(key)


def typed(**more):
    return {
        "name": "Bright Homes",
        "kind": "referral",
        "licence_no": "91310000AB",
        "files": [SimpleUploadedFile("licence.pdf", PDF)],
        "bank_name": "Bank of Lakes",
        "bank_account": "6222 0200 0000 0001",
        "contact_name": "Wu Lan",
        "contact_phone": "13800000009",
        "contact_email": "wu@example.com",
        **more,
    }


def test_anybody_applies_and_follows_it_on_a_page_of_their_own(client):
    assert client.get("/join/").status_code == 200
    answer = client.post("/join/", typed())
    application = AgencyApplication.objects.get()
    assert answer["Location"] == application_path(application)
    page = client.get(answer["Location"]).content.decode()
    assert "Bright Homes" in page and "6222" not in page and "0009" not in page
    assert application.bank_account == "6222020000000001"


def test_a_second_tap_leads_to_the_firsts_page_somebody_else_is_told(client):
    client.post("/join/", typed())
    again = client.post("/join/", typed())
    assert again["Location"] == application_path(AgencyApplication.objects.get())
    other = Client().post("/join/", typed())
    assert other.status_code == 422
    assert "licence_no" in other.context["form"].errors


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("licence_no", ""),
        ("licence_until", "2020-01-01"),
        ("licence_until", "soon"),
        ("files", []),
        ("files", [SimpleUploadedFile("run.pdf", b"MZ\x90\x00")]),
        ("bank_account", "abc"),
        ("contact_phone", "123"),
        ("contact_email", "wu"),
        ("kind", "community"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_kept(client, field, value):
    answer = client.post("/join/", typed(**{field: value}))
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert not AgencyApplication.objects.exists()


def test_one_address_applies_ten_times_an_hour_at_most(client):
    answers = [client.post("/join/", typed(name="")).status_code for _ in range(11)]
    assert answers == [422] * 10 + [429]


def test_what_was_asked_for_is_sent_on_the_applications_page(client):
    application = applied()
    page = application_path(application)
    assert client.post(page, {"answer": "Unasked."}).status_code == 302
    ask_for_more(actor=staff("mai", Role.MARKETING), application=application, asked="The back, please.")
    assert "The back, please." in client.get(page).content.decode()
    assert client.post(page, {"answer": " "}).status_code == 422
    assert client.post(page, {"answer": "Here.", "files": [SimpleUploadedFile("b.pdf", PDF)]}).status_code == 302
    application.refresh_from_db()
    assert (application.state, application.answer, application.files.count()) == ("submitted", "Here.", 2)
    assert client.get("/join/not-a-token/").status_code == 404


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (Role.MARKETING, 200),
        (Role.MARKETING_MANAGER, 200),
        (Role.FINANCE, 404),
        (Role.AUDITOR, 404),
        (Role.BROKER, 403),
    ],
)
def test_the_papers_are_for_the_channel_team(client, role, status):
    page = reverse("admin:brokers_application_file", args=[applied().files.get().pk])
    client.force_login(staff("somebody", role))
    assert client.get(page, follow=True).status_code == status


def test_an_applications_page_takes_only_so_many_sendings_an_hour(client):
    application = applied()
    ask_for_more(actor=staff("mai", Role.MARKETING), application=application, asked="The back of the licence.")
    page, huge = application_path(application), SimpleUploadedFile("a.pdf", b"MZ\x90")
    assert [client.post(page, {"answer": "x", "files": [huge]}).status_code for _ in range(11)] == [422] * 10 + [429]
