"""Files of payments as finance meets them, and over HTTP."""

from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from channels_platform.jobs.models import Job, OutboxMessage
from channels_platform.jobs.services import deliver_message
from channels_platform.lib import clock
from channels_platform.lib.sheets import text_workbook
from leads.models import Payment, PaymentFile, PaymentRow, PaymentSource
from tests.pages.finance import open_till, wait_for_a_person
from tests.pages.world import make_project, staff

pytestmark = pytest.mark.django_db
HEADINGS = ["reference", "date", "amount", "deal", "payer"]


@pytest.fixture
def till(world):
    return open_till(world)


def today(till):
    return clock.local_date(clock.now(), till.world.project.zone).isoformat()


def csv_of(till, *rows, encoding="utf-8"):
    lines = [",".join(HEADINGS), *(",".join(row) for row in rows)]
    return SimpleUploadedFile("icbc.csv", "\n".join(lines).encode(encoding))


def send(client, till, file, **changes):
    return client.post("/finance/payments/import/", {"reads": str(till.world.project.pk), "file": file, **changes})


def work_off():
    for message in OutboxMessage.objects.filter(task__endswith="take_payments", done_at__isnull=True):
        assert deliver_message(message.pk)


def test_a_file_is_looked_at_then_taken_over(till, as_person):
    client = as_person(till.finance)
    rows = (
        ["B-8", today(till), "896000", till.deal.number, "Lin"],
        ["B-9", today(till), "5", "", "王小明"],
        ["B-10", "", "5", "", ""],
    )
    before = list(Payment.objects.values())
    answer = send(client, till, csv_of(till, *rows, encoding="gb18030"))
    page = client.get(answer["Location"]).content.decode()
    assert list(Payment.objects.values()) == before
    for words in ("1 payment would be recorded", "896,000.00", "Waits for a person", "It has no day.", "王**"):
        assert words in page
    assert "王小明" not in page
    assert [row["row"].reference for row in client.get(f"{answer['Location']}?show=fault").context["page"].items] == [
        "B-10"
    ]
    assert client.post(answer["Location"])["Location"] == f"/jobs/{Job.objects.latest('created_at').pk}/"
    work_off()
    payment = Payment.objects.get(reference="B-8")
    assert (payment.amount, payment.recorded_by) == (Decimal(896000), till.finance)
    assert "Taken over." in client.get(answer["Location"]).content.decode()
    again = send(client, till, csv_of(till, *rows, encoding="gb18030"))
    assert "Nothing in this file is new." in client.get(again["Location"]).content.decode()
    listed = client.get("/finance/payments/import/").content.decode()
    assert listed.count("icbc.csv") == 2 and "only read" in listed


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (SimpleUploadedFile("x.csv", b"a,b\n1,2\n"), "No column of days was found"),
        (SimpleUploadedFile("x.csv", b"date,amount\n"), "No rows stand below"),
        (SimpleUploadedFile("x.pdf", b"%PDF\0"), "Send an XLSX or a CSV file."),
        (SimpleUploadedFile("x.xlsx", b"PK broken"), "cannot be read"),
        (SimpleUploadedFile("x.csv", b"x" * (2 * 1024 * 1024 + 1)), "too large"),
    ],
)
def test_what_cannot_be_read_is_said(till, as_person, file, words):
    answer = send(as_person(till.finance), till, file)
    assert answer.status_code == 422 and words in answer.content.decode()
    assert not PaymentFile.objects.exists()


def test_a_source_is_said_once_and_used(till, as_person):
    client = as_person(till.finance)
    said = {"project": "GL", "name": "Lake Bank", "encoding": "auto", "days": "dmy", "sign": "opposite"}
    told = {**said, "heading_reference": "Beleg", "heading_received": "Beleg"}
    wrong = client.post("/finance/payments/sources/new/", told)
    assert wrong.status_code == 422 and "One heading was named for two things." in wrong.content.decode()
    assert wrong.context["form"]["heading_reference"].value() == "Beleg"
    assert client.post("/finance/payments/sources/new/", {**told, "heading_received": "Tag"}).status_code == 302
    assert client.post("/finance/payments/sources/new/", said).status_code == 409
    source = PaymentSource.objects.get()
    assert "Beleg" in client.get(f"/finance/payments/sources/{source.pk}/").content.decode()
    day = "/".join(reversed(today(till).split("-")))
    book = text_workbook(
        [("Mar", [["Beleg", "Tag", "Amount", "Deal"], ["B-8", day, "-12.50", till.deal.number]], (9,) * 4)]
    )
    answer = send(client, till, SimpleUploadedFile("x.xlsx", book), reads=str(source.pk))
    row = PaymentRow.objects.get()
    assert (row.amount, row.received, answer.status_code) == (Decimal("12.50"), today(till), 302)


def test_a_waiting_row_is_matched_by_its_suggestion(till, as_person):
    row = wait_for_a_person(till)
    client, where = as_person(till.finance), f"/finance/payments/waiting/{row.pk}/"
    assert "W-1" in client.get("/finance/payments/waiting/").content.decode()
    assert not client.get("/finance/payments/waiting/?project=OTHER").context["page"].items
    page = client.get(where).content.decode()
    assert till.deal.number in page and "just what is due" in page
    for wrong, field in (({}, "deal"), ({"deal": "D-0"}, "deal"), ({"aside": "1"}, "reason")):
        answer = client.post(where, wrong)
        assert answer.status_code == 422 and list(answer.context["form"].errors) == [field]
    assert as_person(till.auditor).post(where, {"pick": till.deal.number}).status_code == 403
    assert client.post(where, {"pick": till.deal.number})["Location"] == "/finance/payments/waiting/"
    assert Payment.objects.get(reference="W-1").deal == till.deal
    late = client.post(where, {"aside": "1", "reason": "x"})
    assert late.status_code == 409 and "settled this row already" in late.content.decode()
    assert "Recorded for" in as_person(till.auditor).get(where).content.decode()


def test_another_projects_files_are_not_there(till, as_person):
    row = wait_for_a_person(till)
    hill = make_project(till.world.project.company, code="HILL", name="Green Hill")
    client = as_person(staff("elsewhere", "finance", hill))
    for address in (f"waiting/{row.pk}/", f"import/{row.file_id}/", f"sources/{PaymentSource.objects.get().pk}/"):
        assert client.get(f"/finance/payments/{address}").status_code == 404
    assert send(client, till, csv_of(till, ["B-8", today(till), "1", "", ""])).status_code == 422
    assert not client.get("/finance/payments/waiting/").context["page"].items


def test_a_long_list_costs_no_query_per_row(till, as_person, no_n_plus_one):
    client = as_person(till.finance)
    rows = [[f"B-{n}", today(till), "1", till.deal.number, ""] for n in range(20, 40)]
    client.get(send(client, till, csv_of(till, *rows))["Location"])
    client.get("/finance/payments/import/")


def test_over_http_a_file_becomes_a_job_and_twice_changes_nothing(till):
    make_project(till.world.project.company, code="HILL", name="Green Hill")
    till.finance.all_projects = True
    till.finance.save()
    caller = APIClient()
    caller.force_authenticate(till.finance)
    row = ["B-8", today(till), "896000", till.deal.number, ""]

    def post(**fields):
        answer = caller.post("/api/v1/payments/import/", {"file": csv_of(till, row), **fields}, format="multipart")
        work_off()
        return answer

    tried = post(project="GL", dry_run="true")
    assert tried.status_code == 202, tried.content
    assert caller.get(tried["Location"]).json()["report"]["counts"] == {"new": 1}
    assert not Payment.objects.filter(reference="B-8").exists()
    for counts in ({"recorded": 1}, {"same": 1}):
        # Named by nobody, the project is that of the deals.
        job = caller.get(post()["Location"]).json()
        assert (job["state"], job["report"]["counts"]) == ("done", counts)
    assert job["report"]["first_rows"][0]["reference"] == "B-8" and job["result_url"]
    assert Payment.objects.filter(reference="B-8").count() == 1
    row[3] = ""
    assert post().json()["errors"][0]["field"] == "project"
    assert post(project="NOPE").status_code == 404
    assert post(project="GL", source="none").status_code == 404
    assert (
        caller.post("/api/v1/payments/import/", {"project": "GL"}, format="multipart").json()["errors"][0]["field"]
        == "file"
    )
    empty = caller.post("/api/v1/payments/import/", {"project": "GL", "file": SimpleUploadedFile("x.csv", b"")})
    assert (empty.status_code, empty.json()["code"]) == (422, "file_empty")
