"""A chat message fills the form and is kept nowhere; a spreadsheet is sent, judged and read."""

import logging

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from channels_platform.jobs.models import Job, OutboxMessage
from channels_platform.jobs.services import deliver_message
from leads.models import ClientSheet, FilingKey, Referral
from tests.pages.world import CLIENT_PHONE

pytestmark = pytest.mark.django_db
READ, NEW, FORM = "/portal/clients/new/read/", "/portal/clients/sheets/new/", "/portal/clients/new/"
MESSAGE = f"项目 Golden Lake 客户 张先生 {CLIENT_PHONE} 明天下午3点 3人 看三房"
JSON = {"HTTP_ACCEPT": "application/json"}


def test_message_fills_the_fields_for_the_script(world, as_person):
    found = as_person(world.owner).post(READ, {"message": MESSAGE}, **JSON).json()
    fields = found["fields"]
    assert fields.pop("expected_arrival").endswith("T15:00")
    assert fields == {
        "project": str(world.project.pk),
        "client_name": "张先生",
        "phones": [CLIENT_PHONE],
        "party_size": 3,
        "note": "看三房",
    }
    assert "project, client's name, phone, arrival, party, note" in found["told"]


def test_message_fills_the_form_where_there_are_no_scripts(world, as_person):
    text = as_person(world.owner).post(READ, {"message": MESSAGE}).content.decode()
    assert 'value="张先生"' in text
    assert f'value="{CLIENT_PHONE}"' in text
    assert "Check it before you file" in text


def test_full_number_becomes_its_mask_where_the_project_takes_masks(world, as_person):
    world.policy(phone_mode="masked")
    assert as_person(world.owner).post(READ, {"message": MESSAGE}, **JSON).json()["fields"]["phones"] == ["138****5678"]


def test_message_is_neither_filed_nor_kept_nor_logged(world, as_person, caplog):
    caplog.set_level(logging.DEBUG)
    as_person(world.owner).post(READ, {"message": MESSAGE}, **JSON)
    assert not Referral.objects.exists()
    assert CLIENT_PHONE not in caplog.text


def test_message_without_a_client_says_so(world, as_person):
    assert "No client was found" in as_person(world.owner).post(READ, {"message": "谢谢"}, **JSON).json()["told"]


def upload(text):
    return SimpleUploadedFile("clients.csv", text.encode(), content_type="text/csv")


def test_spreadsheet_is_sent_once_and_its_result_read(world, as_person):
    client = as_person(world.owner)
    sent = {"once": "0" * 32, "file": upload(f"姓名,电话\n张伟,{CLIENT_PHONE}\n李娜,123\n")}
    first = client.post(NEW, sent)
    again = client.post(NEW, {**sent, "file": upload(f"姓名,电话\n张伟,{CLIENT_PHONE}\n李娜,123\n")})
    assert first["Location"] == again["Location"]
    sheet = ClientSheet.objects.get()
    assert first["Location"] == f"/jobs/{sheet.job_id}/"
    assert "Clients out of a spreadsheet" in client.get(first["Location"]).content.decode()
    deliver_message(OutboxMessage.objects.get().pk)
    page = client.get(Job.objects.get().result_url)
    text = page.content.decode()
    assert "Column B (Phone): This is not a phone number" in text
    assert "Row 3" in text
    accepted = client.get(f"/portal/clients/sheets/{sheet.pk}/?tab=accepted").content.decode()
    assert "138****5678" in accepted
    assert CLIENT_PHONE not in accepted + text
    result = client.get(f"/portal/clients/sheets/{sheet.pk}/result.xlsx")
    assert result["Content-Disposition"].endswith('"clients-result.xlsx"')
    assert client.get(f"/portal/clients/sheets/{sheet.pk}/result.csv").content.startswith("\ufeff".encode())


def test_spreadsheets_are_their_senders_own(world, as_person):
    as_person(world.owner).post(NEW, {"file": upload(f"姓名,电话\n张伟,{CLIENT_PHONE}\n")})
    address = f"/portal/clients/sheets/{ClientSheet.objects.get().pk}/"
    for other in (world.colleague, world.manager, world.outsider):
        assert as_person(other).get(address).status_code == 404


def test_bad_file_is_told_beside_the_field(world, as_person):
    answer = as_person(world.owner).post(NEW, {"file": upload("a,b\n1,2\n")})
    assert answer.status_code == 422
    assert "No headings for name and phone" in answer.content.decode()
    assert not ClientSheet.objects.exists()


def entered(world, **changes):
    return {"project": world.project.pk, "client_name": "张伟", "phones": [CLIENT_PHONE], **changes}


def kept(world, client, key="a" * 32, account=None, **changes):
    headers = {"HTTP_IDEMPOTENCY_KEY": key, "HTTP_X_ACCOUNT": str(account or world.owner.user.pk)}
    return client.post(FORM, entered(world, **changes), **headers, **JSON)


def test_kept_filing_is_answered_in_words_and_once(world, as_person):
    client = as_person(world.owner)
    first, again = kept(world, client), kept(world, client)
    assert first.json() == again.json()
    assert (first.json()["code"], first.json()["changed"]) == ("filed", False)
    assert Referral.objects.count() == FilingKey.objects.count() == 1
    assert CLIENT_PHONE not in first.content.decode()


def test_kept_filing_and_the_form_itself_share_their_key(world, as_person):
    client = as_person(world.owner)
    kept(world, client)
    client.post(FORM, entered(world, once="a" * 32))
    assert Referral.objects.count() == 1


def test_kept_filing_changed_after_it_arrived_says_so(world, as_person):
    client = as_person(world.owner)
    kept(world, client)
    assert kept(world, client, client_name="李娜").json()["changed"] is True
    assert Referral.objects.get().client_name == "张伟"


def test_kept_filing_of_another_account_is_refused(world, as_person):
    answer = kept(world, as_person(world.colleague))
    assert (answer.status_code, answer.json()) == (409, {"code": "other_account"})
    assert not Referral.objects.exists()


def test_kept_filing_without_a_session_is_told_by_code(world, client):
    answer = kept(world, client)
    assert (answer.status_code, answer.json()) == (401, {"code": "not_signed_in"})
    assert client.get("/portal/clients/kept/who/", **JSON).status_code == 401


def test_kept_filing_with_wrong_digits_names_the_field(world, as_person):
    answer = kept(world, as_person(world.owner), phones=["123"])
    assert answer.status_code == 422
    assert answer.json()["errors"] == {"phones": ["Phone: This is not a phone number that exists. Check the digits."]}
    assert not FilingKey.objects.exists()


def test_kept_filing_needs_the_token_of_the_session(world):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(world.owner.user)
    assert kept(world, client).status_code == 403
    token = client.get("/portal/clients/kept/who/", **JSON).json()["token"]
    headers = {"HTTP_IDEMPOTENCY_KEY": "a" * 32, "HTTP_X_CSRFTOKEN": token}
    assert client.post(FORM, entered(world), **headers, **JSON).status_code == 200


@pytest.mark.parametrize("cause", ["protected", "known_to_site"])
def test_kept_filing_tells_held_and_known_clients_alike(world, as_person, cause):
    from leads.services.visits import record_natural_visit

    world.policy(exclusive_from="filing")
    if cause == "protected":
        world.file(world.outsider)
    else:
        record_natural_visit(actor=world.reception, project=world.project, phone=CLIENT_PHONE)
    answer = kept(world, as_person(world.owner)).json()
    assert (answer["code"], answer["tone"]) == ("rejected", "bad")
    assert answer["text"].startswith("This client can't be accepted for Golden Lake.")
    assert cause not in str(answer)


def test_offline_page_is_nobodys(world, as_person):
    client = as_person(world.owner)
    for language, words in (("en", "No network"), ("zh-hans", "没有网络")):
        page = client.get(f"/offline/{language}/")
        text = page.content.decode()
        assert words in text
        assert "csrf" not in text.lower()
        assert "Golden Lake" not in text
        assert "Set-Cookie" not in page
    assert client.get("/offline/fr/").status_code == 404


def test_worker_has_a_policy_of_its_own_and_is_never_stale(client):
    answer = client.get("/sw.js")
    assert answer["Cache-Control"] == "no-cache"
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
