"""The page of what is unpaid: its sums, its filters, what it shows where there is nothing."""

import json
import re
from datetime import date
from decimal import Decimal

import pytest
import zeal

from commissions.services.advances import ask_advance, decide_advance
from leads.services.expected_dates import expect_dates
from tests.pages.finance import give_limit, open_till
from tests.pages.world import make_project, staff

pytestmark = pytest.mark.django_db

ADDRESS = "/finance/liability/"


@pytest.fixture
def till(world):
    return open_till(world)


def figures(answer):
    total = answer.context["found"].total
    return total.pending, total.retained, total.payable


def test_unpaid_commission_stands_by_month_and_by_whose_it_is(till, as_person):
    expect_dates(actor=None, deal=till.deal, loan_expected_on=date(2031, 5, 12))
    with zeal.zeal_context():
        answer = as_person(till.auditor).get(ADDRESS)
    # 38,400 still to be released, 3,840 kept, 34,560 and the bonus of 3,000 payable
    assert figures(answer) == (Decimal(38400), Decimal(3840), Decimal(37560))
    text = answer.content.decode()
    for words in ("May 2031", "No date yet", "34,560.00", "Golden Lake", "nothing would be re-rated"):
        assert words in text
    chart = json.loads(re.search(r'<script id="bars-data"[^>]*>(.*?)</script>', text).group(1))
    assert sum(sum(series) for series in chart["series"]) == 38400 + 3840 + 37560
    assert chart["labels"][-1] == "No date yet"


def test_what_was_advanced_is_told_as_such(till, as_person):
    give_limit(till, "5000.00")
    asked = ask_advance(
        actor=till.finance, agency=till.world.agency, project=till.world.project, amount=Decimal(1000), reason="wages"
    )
    decide_advance(actor=till.approver, advance=asked, approve=True)
    for language, words in (("en", "Advances to be settled"), ("zh-hans", "待结清的垫佣")):
        answer = as_person(till.auditor).get(ADDRESS, headers={"Accept-Language": language})
        assert [label for label, due, _overdue in answer.context["months"] if due.pending == -1000] == [words]
        assert words in answer.content.decode()


@pytest.mark.parametrize(
    ("asked", "unpaid"),
    [
        ({"agency": "BRIGHT", "by": "agency"}, Decimal(79800)),
        ({"agency": "RIVER"}, None),
        ({"agency": "NOBODY"}, None),
        ({"project": "GL", "by": "company"}, Decimal(79800)),
        ({"project": "HILL"}, None),
        ({"currency": "EUR"}, Decimal(79800)),
    ],
)
def test_filters_narrow_and_stay_in_the_address(till, as_person, asked, unpaid):
    answer = as_person(till.finance).get(ADDRESS, asked)
    assert answer.status_code == 200
    found = answer.context["found"]
    assert (found.total.total if found and found.months else None) == unpaid
    if "agency" in asked and unpaid is None:
        assert "No unpaid commission fits these filters." in answer.content.decode()


def test_people_of_another_project_see_nothing_of_it(till, as_person):
    hill = make_project(till.world.project.company, code="HILL", name="Green Hill")
    client = as_person(staff("elsewhere", "finance", hill))
    text = client.get(ADDRESS, {"project": "GL"}).content.decode()
    assert "Golden Lake" not in text
    assert "34,560.00" not in text
    file = client.post("/finance/liability.xlsx?project=GL")
    assert file.status_code == 302


def test_with_nothing_unpaid_the_page_says_what_will_stand_here(world, as_person):
    till = staff("finance", "finance", world.project)
    assert "Once a deal earns commission" in as_person(till).get(ADDRESS).content.decode()


def test_more_lines_than_a_page_adds_up_are_to_be_narrowed(till, as_person, monkeypatch):
    monkeypatch.setattr("commissions.views.liability.MOST_ON_SCREEN", 0)
    assert "More lines than one page adds up" in as_person(till.finance).get(ADDRESS).content.decode()


def test_a_long_file_is_written_by_a_job(till, as_person, monkeypatch):
    from channels_platform.jobs.models import Job
    from commissions.services.liability_export import write_export

    monkeypatch.setattr("commissions.services.liability_export.AT_ONCE", 0)
    client = as_person(till.finance)
    answer = client.post("/finance/liability.xlsx?agency=BRIGHT")
    job = Job.objects.get(kind="liability-export")
    assert answer["Location"] == f"/jobs/{job.pk}/"
    write_export(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.done) == ("done", job.total)
    assert job.result_file.read(2) == b"PK"
