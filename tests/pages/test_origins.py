"""Where a filing came from: kept as digests alone, from every way that clients are filed by."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from channels_platform.accounts.services.tokens import issue_token
from channels_platform.middleware import DEVICE_COOKIE
from leads.callers import network_of, origin_of
from leads.models import ClientSheet, FilingOrigin
from leads.services.sheets import judge_sheet
from tests.pages.world import CLIENT_PHONE

pytestmark = pytest.mark.django_db
FORM, SHEET = "/portal/clients/new/", "/portal/clients/sheets/new/"
HERE = "114.114.114.114"


def entered(world, phone=CLIENT_PHONE, once="0"):
    return {"project": world.project.pk, "client_name": "张伟", "phones": [phone], "once": once * 32}


def test_a_browser_of_the_portal_is_known_again_and_only_digests_are_kept(world, as_person, settings):
    settings.SESSION_COOKIE_SECURE = True
    owner, colleague = as_person(world.owner), as_person(world.colleague)
    cookie = owner.get(FORM).cookies[DEVICE_COOKIE]
    assert (cookie["httponly"], cookie["secure"], cookie["samesite"], cookie["path"]) == (True, True, "Lax", "/portal/")
    assert DEVICE_COOKIE not in owner.get(FORM).cookies, "it is set once"
    colleague.cookies[DEVICE_COOKIE] = cookie.value
    owner.post(FORM, entered(world), REMOTE_ADDR=HERE)
    colleague.post(FORM, entered(world, "13900001111"), REMOTE_ADDR="8.8.8.8")
    first, second = FilingOrigin.objects.order_by("referral__filed_at")
    assert bytes(first.device) == bytes(second.device)
    assert bytes(first.address) != bytes(second.address)
    kept = bytes(first.device) + bytes(first.address)
    assert (len(kept), cookie.value.encode() in kept, HERE.encode() in kept) == (64, False, False)


@pytest.mark.parametrize("forged", ["", "x", "a" * 33, "<script>" + "a" * 24])
def test_a_mark_that_is_not_ours_is_replaced(world, as_person, forged):
    client = as_person(world.owner)
    client.cookies[DEVICE_COOKIE] = forged
    assert len(client.get(FORM).cookies[DEVICE_COOKIE].value) == 32


def test_no_other_page_marks_a_browser(world, as_person):
    for client, page in ((as_person(world.reception), "/desk/"), (Client(), FORM)):
        assert DEVICE_COOKIE not in client.get(page).cookies


def test_a_kept_filing_and_a_spreadsheet_bring_their_origin_too(world, as_person):
    client = as_person(world.owner)
    client.get(FORM)
    kept = client.post(
        FORM, entered(world), headers={"Accept": "application/json", "X-Account": str(world.owner.user_id)}
    )
    assert kept.status_code == 200
    rows = "Client,Phone\n李娜,13900002222\n"
    file = SimpleUploadedFile("clients.csv", rows.encode(), content_type="text/csv")
    client.post(SHEET, {"file": file, "project": world.project.pk, "once": "1" * 32}, REMOTE_ADDR=HERE)
    sheet = ClientSheet.objects.get()
    judge_sheet(job_id=sheet.job_id)
    by_phone, by_sheet = FilingOrigin.objects.order_by("referral__filed_at")
    assert bytes(by_phone.device) == bytes(by_sheet.device)
    assert (by_phone.address, len(by_sheet.address)) == (None, 32)
    sheet.refresh_from_db()
    assert (sheet.content, sheet.device, sheet.address) == ("", None, None)


def test_a_programs_key_stands_for_its_device(world, as_person):

    _token, key = issue_token(user=world.owner.user, actor=world.owner.user)
    sent = {"project": world.project.code, "client_name": "张伟", "phones": [CLIENT_PHONE]}
    answer = Client().post(
        "/api/v1/referrals/",
        sent,
        content_type="application/json",
        headers={"Authorization": f"Token {key}", "Idempotency-Key": "k1"},
        REMOTE_ADDR=HERE,
    )
    assert answer.status_code == 201
    assert len(FilingOrigin.objects.get().device) == 32


@pytest.mark.parametrize(
    ("address", "network"),
    [
        (HERE, HERE),
        ("2400:3200:1:2:aaaa::1", "2400:3200:1:2::/64"),
        ("::ffff:114.114.114.114", HERE),
        ("10.0.0.7", ""),
        ("100.64.3.4", ""),
        ("127.0.0.1", ""),
        ("fe80::1%eth0", ""),
        ("unknown", ""),
        ("", ""),
    ],
)
def test_a_network_is_an_address_or_a_64_and_nothing_where_it_is_not_public(address, network):
    assert network_of(address) == network


def test_the_address_is_what_the_last_trusted_proxy_saw(rf, settings):
    request = rf.get("/", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="8.8.8.8, 114.114.114.114")
    assert origin_of(request).address is None, "no proxy is trusted"
    settings.TRUSTED_PROXY_COUNT = 1
    assert origin_of(request).address == origin_of(rf.get("/", REMOTE_ADDR=HERE)).address
