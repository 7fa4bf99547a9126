"""Months on the finance pages, statements in the portal: closed, read, contested with text and file, answered."""

from datetime import timedelta

import pytest
from django.urls import reverse

from channels_platform.lib import clock
from commissions.models import ClosedMonth, Objection, Statement
from commissions.months import span_of
from commissions.services.closing import close_month
from tests.pages.finance import everything, open_till
from tests.services.leads.disputed import photo

pytestmark = pytest.mark.django_db


@pytest.fixture
def till(world):
    return open_till(world)


def close(till) -> Statement:
    """Close the month that is over as the clock stands; return the agency's statement."""
    company = till.world.project.company
    month = clock.local_date(clock.now() - timedelta(days=1), company.zone).replace(day=1)
    close_month(actor=till.finance, company=company, month=month)
    return Statement.objects.get(payee__agency=till.world.agency)


@pytest.fixture
def over(till):
    """An hour past the end of the month in which everything was earned."""
    company = till.world.project.company
    month = clock.local_date(clock.now(), company.zone).replace(day=1)
    with clock.at(span_of(company, month)[1] + timedelta(hours=1)):
        yield f"{month:%Y-%m}"


def test_closing_says_what_it_means_and_is_done_once(till, over, as_person):
    finance = as_person(till.finance)
    address = reverse("finance:month_close", args=[till.world.project.company.code])
    assert reverse("finance:month_close", args=["LAKE"]) in finance.get(reverse("finance:months")).content.decode()
    shown = finance.get(address)
    assert "cannot be undone" in shown.content.decode()
    sent = {"month": over, "once": shown.context["form"]["once"].value()}
    answer = finance.post(address, sent)
    closed = ClosedMonth.objects.get()
    assert answer["Location"] == reverse("finance:month", args=[closed.pk])
    before = everything()
    assert finance.post(address, sent)["Location"] == answer["Location"]
    assert everything() == before
    page = finance.get(answer["Location"]).content.decode()
    assert "79,800.00" in page and "Bright Homes" in page
    assert "Bright Homes" not in finance.get(answer["Location"], {"state": "contested"}).content.decode()


@pytest.mark.parametrize("month", ["9999-12", "2999-01"])
def test_a_month_far_ahead_is_not_closed(till, over, as_person, month):
    before = everything()
    answer = as_person(till.finance).post(reverse("finance:month_close", args=["LAKE"]), {"month": month})
    assert (answer.status_code, everything()) == (409, before)
    assert "This month is not over yet." in answer.content.decode()


def test_a_code_with_marks_that_no_company_has_finds_no_months(till, over, as_person):
    close(till)
    answer = as_person(till.finance).get(reverse("finance:months"), {"company": "L\x00"})
    assert (answer.status_code, list(answer.context["months"])) == (200, [])


def test_a_month_that_runs_is_not_closed(till, as_person):
    finance = as_person(till.finance)
    before = everything()
    month = f"{clock.local_date(clock.now(), till.world.project.company.zone):%Y-%m}"
    answer = finance.post(reverse("finance:month_close", args=["LAKE"]), {"month": month})
    assert (answer.status_code, everything()) == (409, before)
    assert "This month is not over yet." in answer.content.decode()


def test_the_agency_contests_a_line_and_finance_answers_it(till, over, as_person):
    statement = close(till)
    line = statement.lines.get()
    agency, finance = as_person(till.world.manager), as_person(till.finance)
    contest = reverse("portal:month_contest", args=[statement.pk, line.pk])
    for nothing in (" ", "\u200b"):
        empty = agency.post(contest, {"text": nothing, "files": [photo()]})
        assert (empty.status_code, Objection.objects.count()) == (422, 0)
        assert "Say what is wrong." in empty.content.decode()
    agency.post(contest, {"text": "The share was <b>1</b>.", "files": [photo()]})
    file = Objection.objects.get().files.get().attachment_id

    page = finance.get(reverse("finance:statement", args=[statement.pk])).content.decode()
    assert "The share was &lt;b&gt;1&lt;/b&gt;." in page
    assert finance.get(reverse("finance:objection_file", args=[statement.pk, file])).status_code == 200
    evidence = reverse("portal:month_evidence", args=[statement.pk, file])
    assert as_person(till.world.outsider).get(evidence).status_code == 404

    answer = reverse("finance:objection", args=[statement.pk, line.pk])
    wrong = finance.post(answer, {"outcome": "corrected", "answer": "call 13800001234"})
    assert wrong.status_code == 422 and "13800001234" in wrong.content.decode()
    empty = finance.post(answer, {"outcome": "upheld", "answer": "\u200b"})
    assert empty.status_code == 422 and "Write an answer." in empty.content.decode()
    assert finance.post(answer, {"outcome": "upheld", "answer": "As agreed."}).status_code == 302
    assert "As agreed." in agency.get(reverse("portal:month", args=[statement.pk])).content.decode()
    agency.post(reverse("portal:month", args=[statement.pk]))
    statement.refresh_from_db()
    assert (statement.state, statement.confirmed_by) == ("confirmed", till.world.manager.user)
    late = agency.post(contest, {"text": "Once more."})
    assert (late.status_code, Objection.objects.count()) == (409, 1)


def test_after_its_time_a_statement_reads_as_taken_and_is_not_answered(till, over, as_person):
    statement = close(till)
    address = reverse("portal:month", args=[statement.pk])
    agency = as_person(till.world.manager)
    with clock.at(statement.closing_of.answer_by):
        shown = agency.get(address).content.decode()
        refused = agency.post(address)
    assert "Taken as confirmed" in shown
    assert "/contest/" not in shown
    statement.refresh_from_db()
    assert (refused.status_code, statement.state) == (409, "issued")
