"""An agency's manager hands the open clients of a broker who left to a colleague."""

from io import BytesIO

import pytest
from python_calamine import CalamineWorkbook

from brokers.services.agencies import set_broker_active
from channels_platform.http.models import StoredAnswer
from leads.models import Handover
from leads.services.succession import hand_over_to_successor
from tests.pages.test_paste_and_sheets import kept

pytestmark = pytest.mark.django_db


def test_counts_come_first_then_all_go_in_one_act(world, as_person):
    own, other = world.file(), world.file(phone="13900002222")
    client = as_person(world.manager)
    address = f"/portal/brokers/{world.owner.pk}/successor/"
    assert "is active" in client.get(address).content.decode()
    set_broker_active(actor=world.manager.user, broker=world.owner, active=False)
    assert address in client.get(f"/portal/brokers/{world.owner.pk}/").content.decode()
    assert "2 open clients" in client.get(address).content.decode()
    chosen = {"successor": str(world.colleague.pk), "once": "4" * 32}
    shown = client.post(address, chosen)
    assert [(project.name, n) for project, n in shown.context["plan"].by_project()] == [("Golden Lake", 2)]
    assert not Handover.objects.exists()
    for _twice in range(2):
        assert client.post(address, {**chosen, "confirm": "1"}).status_code == 302
    assert Handover.objects.count() == 2
    assert StoredAnswer.objects.count() == 1
    heir = as_person(world.colleague)
    for one in (own, other):
        assert heir.get(f"/portal/clients/{one.pk}/").status_code == 200
    assert "There is nothing to hand over" in client.get(address).content.decode()


def test_who_left_sees_them_no_more_even_when_back(world, as_person):
    own = world.file()
    set_broker_active(actor=world.manager.user, broker=world.owner, active=False)
    address = f"/portal/brokers/{world.owner.pk}/successor/"
    as_person(world.manager).post(address, {"successor": str(world.colleague.pk), "confirm": "1"})
    set_broker_active(actor=world.manager.user, broker=world.owner, active=True)
    world.owner.user.refresh_from_db()
    assert as_person(world.owner).get(f"/portal/clients/{own.pk}/").status_code == 404


def test_only_active_colleagues_are_offered(world, as_person):
    world.file()
    set_broker_active(actor=world.manager.user, broker=world.owner, active=False)
    client = as_person(world.manager)
    address = f"/portal/brokers/{world.owner.pk}/successor/"
    for wrong in (world.outsider, world.owner):
        answer = client.post(address, {"successor": str(wrong.pk), "confirm": "1"})
        assert answer.status_code == 422
        assert answer.context["form"].errors["successor"]
    assert client.post(address, {}).context["form"].errors["successor"] == ["Choose who takes over."]
    assert not Handover.objects.exists()
    assert client.get(f"/portal/brokers/{world.outsider.pk}/successor/").status_code == 404


def test_a_kept_filing_sent_again_after_the_handover_is_answered_without_the_client(world, as_person):
    answer = kept(world, as_person(world.owner))
    set_broker_active(actor=world.manager.user, broker=world.owner, active=False)
    hand_over_to_successor(actor=world.manager.user, former=world.owner, successor=world.colleague)
    set_broker_active(actor=world.manager.user, broker=world.owner, active=True)
    world.owner.user.refresh_from_db()
    again = kept(world, as_person(world.owner))
    assert (answer.status_code, again.status_code) == (200, 200)
    told = again.json()
    assert (told["code"], told["text"]) == ("filed", "The client was handed over to a colleague since.")
    assert answer.json()["number"] not in again.content.decode()
    assert (told["url"], told["page"]) == ("/portal/clients/", "/portal/clients/")


def test_the_spreadsheet_that_filed_a_client_no_longer_tells_of_it(world, as_person):
    from channels_platform.jobs.models import Job
    from channels_platform.lib import clock
    from leads.models import ClientSheet, FilingKey
    from leads.sheet_results import results

    own = world.file()
    job = Job.objects.create(kind="client-sheet", starter=world.owner.user, created_at=clock.now(), state="done")
    sheet = ClientSheet.objects.create(broker=world.owner, job=job, uploaded_at=clock.now(), numbers=[2])
    FilingKey.objects.create(caller=world.owner.user, key=sheet.key_of(2), referral=own)
    assert results(sheet, world.owner.user)[0].phones
    file = f"/portal/clients/sheets/{sheet.pk}/result.xlsx"
    assert "138****5678" in sheet_text(as_person(world.owner).get(file))
    set_broker_active(actor=world.manager.user, broker=world.owner, active=False)
    hand_over_to_successor(actor=world.manager.user, former=world.owner, successor=world.colleague)
    (row,) = results(sheet, world.owner.user)
    assert (row.referral, row.phones, row.outcome) == (None, "", "Handed over to a colleague")
    set_broker_active(actor=world.manager.user, broker=world.owner, active=True)
    world.owner.user.refresh_from_db()
    back = as_person(world.owner)
    assert "138****5678" not in sheet_text(back.get(file))
    assert back.get(f"/jobs/{job.pk}/result").status_code == 404


def sheet_text(answer):
    return str(CalamineWorkbook.from_filelike(BytesIO(answer.content)).get_sheet_by_index(0).to_python())
