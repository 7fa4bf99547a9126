"""Marking a batch paid, and handing it out as files."""

import csv
import io

import pytest

from channels_platform.audit.models import Event
from commissions.models import LedgerEntry
from tests.accounts_at_banks import open_accounts
from tests.pages.finance import everything, open_till

pytestmark = pytest.mark.django_db


@pytest.fixture
def till(world):
    return open_till(world)


@pytest.fixture
def approved(till):
    till.approve()
    return till


def pay(till):
    return f"/finance/batches/{till.batch.pk}/pay/"


def reference(line):
    return f"reference-{line.pk}"


def test_first_sending_only_sums_up(approved, as_person):
    before = everything()
    sent = {reference(approved.agency_line): "ICBC-1", "failed": str(approved.lins_line.pk)}
    answer = as_person(approved.finance).post(pay(approved), sent)
    assert answer.status_code == 200
    assert (answer.context["paid_sum"], answer.context["failed_sum"], answer.context["left"]) == (34560, 2560, 0)
    assert everything() == before


def test_paid_and_failed_lines_end_the_batch(approved, as_person):
    sent = {
        reference(approved.agency_line): "ICBC-1",
        "failed": str(approved.lins_line.pk),
        "final": "1",
        "once": "a" * 32,
    }
    client = as_person(approved.finance)
    first = client.post(pay(approved), sent)
    assert first.status_code == 302
    assert client.post(pay(approved), sent)["Location"] == first["Location"]
    assert approved.batch.state == "paid"
    assert (approved.agency_line.state, approved.agency_line.bank_reference) == ("paid", "ICBC-1")
    assert approved.lins_line.state == "failed"
    assert LedgerEntry.objects.get(account="paid").amount == 34560
    # what failed is payable again
    again = as_person(approved.finance).get("/finance/batches/new/", {"company": "LAKE"})
    assert [(str(one.payee), one.gross) for one in again.context["taken"]] == [("Lin", 3000)]


def test_lines_with_neither_stay_open(approved, as_person):
    sent = {reference(approved.agency_line): "ICBC-1", reference(approved.lins_line): "", "final": "1"}
    as_person(approved.finance).post(pay(approved), sent)
    assert (approved.batch.state, approved.lins_line.state) == ("approved", "open")


def test_one_reference_for_every_line_left_empty(approved, as_person):
    lines = (approved.agency_line, approved.lins_line)
    sent = {"common": "FILE-7", **{reference(line): "" for line in lines}}
    answer = as_person(approved.finance).post(pay(approved), sent)
    assert {row.reference for row in answer.context["told"]} == {"FILE-7"}


def test_many_lines_are_told_part_by_part(approved, as_person, monkeypatch):
    from commissions.views import paying

    monkeypatch.setattr(paying, "AT_ONCE", 1)
    client = as_person(approved.finance)
    for line, left in ((approved.agency_line, 1), (approved.lins_line, 0)):
        assert [row.line for row in client.get(pay(approved)).context["rows"]] == [line]
        client.post(pay(approved), {reference(line): "ICBC-1", "final": "1"})
        assert approved.batch.lines.filter(state="open").count() == left
    assert approved.batch.state == "paid"


@pytest.mark.parametrize("final", [{}, {"final": "1"}])
def test_a_line_is_not_both_paid_and_failed(approved, as_person, final):
    before = everything()
    line = approved.agency_line
    answer = as_person(approved.finance).post(pay(approved), {reference(line): "X", "failed": str(line.pk), **final})
    assert answer.status_code == 422
    assert "Either a reference or failed, not both." in answer.content.decode()
    assert everything() == before


def test_nothing_told_is_asked_again(approved, as_person):
    before = everything()
    answer = as_person(approved.finance).post(pay(approved), {reference(approved.agency_line): ""})
    assert answer.status_code == 422
    assert "for at least one line" in answer.content.decode()
    assert everything() == before


def test_line_of_no_batch_of_ours_is_refused(approved, as_person):
    before = everything()
    sent = {"reference-01920000-0000-7000-8000-000000000000": "X", "final": "1"}
    answer = as_person(approved.finance).post(pay(approved), sent)
    assert answer.status_code == 422
    assert everything() == before


def test_submitted_batch_is_not_marked_paid(till, as_person):
    till.submit()
    before = everything()
    client = as_person(till.finance)
    assert client.get(pay(till)).status_code == 302
    answer = client.post(pay(till), {reference(till.agency_line): "X", "final": "1"})
    assert answer.status_code == 409
    assert everything() == before


def test_batch_the_bank_has_begun_stays(approved, as_person):
    client = as_person(approved.finance)
    client.post(pay(approved), {reference(approved.agency_line): "ICBC-1", "final": "1"})
    before = everything()
    page = client.get(f"/finance/batches/{approved.batch.pk}/").content.decode()
    assert "already dealt with some of its lines" in page
    for step in ("return", "void"):
        answer = client.post(f"/finance/batches/{approved.batch.pk}/{step}/", {"reason": "why"})
        assert answer.status_code == 409
    assert everything() == before


def export(client, till, form):
    answer = client.post(f"/finance/batches/{till.batch.pk}/export/{form}/")
    return answer, b"".join(answer.streaming_content) if answer.streaming else b""


def test_exports_are_sent_and_recorded(approved, as_person):
    client = as_person(approved.finance)
    answer, body = export(client, approved, "xlsx")
    assert body.startswith(b"PK")
    assert f'filename="{approved.batch.number}.xlsx"' in answer["Content-Disposition"]
    _answer, body = export(client, approved, "csv")
    assert body.startswith("\ufeff".encode())
    answer, body = export(client, approved, "bank")
    assert (answer.status_code, body) == (302, b"")
    assert "Bright Homes, Lin" in client.get(answer["Location"]).content.decode()
    open_accounts(approved.batch)
    _answer, body = export(client, approved, "bank")
    rows = list(csv.reader(io.StringIO(body.decode("utf-8-sig"))))
    assert sorted(row[4] for row in rows[1:]) == ["2560.00", "34560.00"]
    assert Event.objects.filter(action="batch.exported", actor=approved.finance).count() == 3


def test_bank_file_only_of_an_approved_batch(till, as_person):
    till.submit()
    before = everything()
    answer, body = export(as_person(till.finance), till, "bank")
    assert (answer.status_code, body) == (302, b"")
    assert everything() == before


def test_large_batch_is_exported_by_a_job(approved, as_person, monkeypatch):
    from channels_platform.jobs.models import Job
    from commissions.services import exporting

    monkeypatch.setattr(exporting, "AT_ONCE", 1)
    answer, _body = export(as_person(approved.finance), approved, "xlsx")
    assert answer["Location"] == f"/jobs/{Job.objects.get(starter=approved.finance).pk}/"


def test_reading_roles_get_no_bank_file(approved, as_person):
    answer, _body = export(as_person(approved.auditor), approved, "bank")
    assert answer.status_code == 403
