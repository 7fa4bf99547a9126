"""Report pages: filters stay in the address, figures lead down to entries, views and exports are one's own."""

from io import BytesIO

import pytest
import zeal
from django.urls import reverse
from python_calamine import CalamineWorkbook

from channels_platform.audit.models import Event
from channels_platform.jobs.models import Job, JobState
from channels_platform.jobs.services import create_job
from commissions.models import ReportSchedule, ReportView
from commissions.reports.catalogue import REPORTS
from commissions.services import report_exports
from commissions.services.report_exports import write_report_export
from leads.services.disputes import raise_dispute
from tests.pages.finance import open_till

pytestmark = pytest.mark.django_db


@pytest.fixture
def till(world):
    made = open_till(world)
    raise_dispute(actor=world.owner.user, agency=world.agency, deal=made.deal, claim_text="ours")
    made.pay()
    return made


def test_every_report_opens_with_rows_and_its_filters_in_the_address(till, as_person):
    client = as_person(till.auditor)
    listed = client.get("/finance/reports/").content.decode()
    for name, report in REPORTS.items():
        assert reverse("finance:report", args=[name]) in listed
        for dim in report.dims or (None,):
            asked = {"project": "GL", "company": "LAKE"} | ({"by": dim.name} if dim else {})
            asked = {word: text for word, text in asked.items() if word == "by" or word in report.filters}
            with zeal.zeal_context():
                answer = client.get(reverse("finance:report", args=[name]), asked)
            assert answer.status_code == 200, (name, asked)
            assert answer.context["count"] > 0, (name, asked)
            for text in asked.values():
                assert f'value="{text}" selected' in answer.content.decode(), (name, asked)


def test_a_figure_leads_to_its_entries_which_say_how_it_came_about(till, as_person):
    client = as_person(till.finance)
    row = next(
        row
        for _currency, rows in client.get("/finance/reports/commission/?by=payee").context["tables"]
        for row in rows
        if row[0].text == "Lin"
    )
    paid = next(cell for cell in row if str(cell.label) == "Paid")
    assert paid.text == "2,560.00"
    entries = client.get(paid.url)
    assert entries.context["totals"][0]["figures"] == [("Amount", "2,560.00", "CNY")]
    text = entries.content.decode()
    for words in (till.batch.number, "paid out in batch", "Payee: Lin", till.deal.number):
        assert words in text
    # the chip is taken off by itself
    assert client.get(f"{entries.request['PATH_INFO']}?{entries.context['chips'][0].rest}").context["count"] > 1


def test_wrong_input_is_kept_and_said_at_its_field(till, as_person):
    client = as_person(till.finance)
    answer = client.get("/finance/reports/cost/", {"span": "own", "from": "March", "to": "2026-03"})
    assert answer.status_code == 422
    text = answer.content.decode()
    assert 'value="March"' in text
    assert "Write a month like 2026-03." in text
    assert client.post("/finance/reports/cost/csv/?span=own&from=March").status_code == 302
    assert client.get("/finance/reports/nothing/").status_code == 404


def test_a_file_holds_what_is_shown_and_leaves_an_event(till, as_person):
    client = as_person(till.finance)
    answer = client.post("/finance/reports/payouts/xlsx/?by=batch")
    book = CalamineWorkbook.from_filelike(BytesIO(b"".join(answer.streaming_content)))
    sheet = book.get_sheet_by_name("CNY").to_python()
    assert [row[0] for row in sheet] == ["Batch", till.batch.number, "Total"]
    assert sheet[1][2:] == sheet[2][2:] == [37560.0, 440.0, 37120.0, 37120.0]
    assert client.get("/finance/reports/payouts/xlsx/").status_code == 405
    event = Event.objects.get(action="report.exported")
    assert event.after == {"report": "payouts", "query": "by=batch", "form": "xlsx", "rows": 1}


def test_a_large_one_is_a_job_that_is_fetched_again(till, as_person, monkeypatch):
    monkeypatch.setattr(report_exports, "AT_ONCE", 0)
    client = as_person(till.finance)
    answer = client.post("/finance/reports/entries/csv/?span=all&account=paid")
    job = Job.objects.get(kind=report_exports.KIND)
    assert answer["Location"] == f"/jobs/{job.pk}/"
    write_report_export(job_id=job.pk)
    assert "Ledger entries · CSV" in client.get(f"/jobs/{job.pk}/").content.decode()
    page = client.get("/finance/reports/exports/").content.decode()
    for words in ("Ledger entries", f"/jobs/{job.pk}/result", "account=paid"):
        assert words in page
    assert b"paid out in batch" in b"".join(client.get(f"/jobs/{job.pk}/result").streaming_content)
    assert "/result" not in as_person(till.second).get("/finance/reports/exports/").content.decode()
    job.refresh_from_db()
    assert (job.state, job.total) == (JobState.DONE, 2)
    create_job(kind="other", task="commissions.tasks.write_export", starter=till.finance)
    assert len(client.get("/finance/reports/exports/").context["page"].items) == 1


def test_a_view_is_kept_scheduled_and_removed(till, as_person):
    client = as_person(till.finance)
    keep = "/finance/reports/cost/keep/?by=project&span=last_month"
    assert client.get(keep).status_code == 200
    assert client.post(keep, {"name": ""}).status_code == 422
    client.post(keep, {"name": "Cost by project", "shared": "on"})
    view = ReportView.objects.get()
    assert (view.query, view.shared) == ("by=project&span=last_month", True)
    assert client.post(keep, {"name": "Cost by project"}).status_code == 422
    others = as_person(till.second)
    text = others.get("/finance/reports/").content.decode()
    assert "/finance/reports/cost/?by=project&amp;span=last_month" in text
    remove = f"/finance/reports/views/{view.pk}/remove/"
    assert remove not in text
    assert others.post(remove).status_code == 404
    plan = f"/finance/reports/views/{view.pk}/schedule/"
    assert others.post(plan, {"when": "week:9", "at": "25:00", "form": "csv"}).status_code == 422
    others.post(plan, {"when": "week:0", "at": "08:30", "form": "csv"})
    own = ReportSchedule.objects.get()
    assert (own.person, own.every, own.day, f"{own.at:%H:%M}") == (till.second, "week", 0, "08:30")
    assert "1 other person has its file made" in client.get(remove).content.decode()
    others.post(plan, {"end": "1"})
    assert not ReportSchedule.objects.exists()
    client.post(remove)
    assert not ReportView.objects.exists()
