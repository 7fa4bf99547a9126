"""Balances: figures, filters that stay in the address, and the way down to the entry."""

import csv
from decimal import Decimal

import pytest
import zeal

from channels_platform.audit.models import Event
from commissions.models import LedgerEntry, Payee
from tests.pages.finance import open_till
from tests.pages.world import broker, make_project, staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def till(world):
    return open_till(world)


def at(till, payee, **asked):
    from urllib.parse import urlencode

    return f"/finance/balances/{payee.pk}/{till.world.project.pk}/?{urlencode(asked)}"


def agency(till):
    return Payee.objects.get(agency=till.world.agency)


def names(answer):
    return [str(row.payee) for row in answer.context["page"].items]


def test_figures_add_up_per_payee_and_in_all(till, as_person):
    answer = as_person(till.finance).get("/finance/")
    assert names(answer) == ["Bright Homes", "Lin"]
    total = answer.context["totals"][0]
    assert (total.currency, total.rows, total.earned) == ("CNY", 2, Decimal("79800"))
    assert total.earned == total.pending + total.retained + total.payable + total.paid + total.tax
    assert "79,800.00" in answer.content.decode()


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"kind": "agency"}, ["Bright Homes"]),
        ({"kind": "individual"}, ["Lin"]),
        ({"kind": "referral"}, ["Bright Homes"]),
        ({"kind": "onsite"}, []),
        ({"q": "bright"}, ["Bright Homes", "Lin"]),
        ({"q": "lIN"}, ["Lin"]),
        ({"q": "nobody"}, []),
        ({"agency": "BRIGHT"}, ["Bright Homes", "Lin"]),
        ({"agency": "RIVER"}, []),
        ({"project": "GL"}, ["Bright Homes", "Lin"]),
        ({"show": "payable"}, ["Bright Homes", "Lin"]),
        ({"show": "owed"}, []),
    ],
)
def test_filters_narrow_rows_and_totals(till, as_person, asked, found):
    answer = as_person(till.finance).get("/finance/", asked)
    assert names(answer) == found
    assert sum(total.rows for total in answer.context["totals"]) == len(found)
    for value in asked.values():
        assert f'value="{value}"' in answer.content.decode()


def test_list_is_exported_as_shown_and_recorded(till, as_person):
    till.world.owner.user.name = "=cmd()"
    till.world.owner.user.save()
    answer = as_person(till.auditor).post("/finance/balances.csv?kind=individual")
    text = b"".join(answer.streaming_content).decode()
    assert text.startswith("\ufeff")
    (row,) = list(csv.reader(text.splitlines()))[1:]
    assert row[0] == "'=cmd()"
    assert row[4:] == ["CNY", "3000.00", "0.00", "0.00", "3000.00", "0.00", "0.00", "0.00"]
    event = Event.objects.get(action="balances.exported")
    assert (event.actor, event.after) == (till.auditor, {"rows": 1})


def test_lines_say_how_and_what_they_wait_for(till, as_person):
    answer = as_person(till.finance).get(at(till, agency(till)))
    text = answer.content.decode()
    for words in (till.deal.number, "of 1,280,000.00", "when the loan is paid out", "kept until handover", "version 1"):
        assert words in text
    (line,) = answer.context["lines"]
    assert (line.earned, line.pending, line.released) == (76800, 38400, 38400)
    assert (line.retained, line.payable, line.paid, line.tax) == (3840, 34560, 0, 0)


def test_paid_line_holds_what_the_ledger_holds(till, as_person):
    till.pay()
    payee = Payee.objects.get(broker=till.world.owner)
    (line,) = as_person(till.finance).get(at(till, payee)).context["lines"]
    assert (line.earned, line.payable, line.paid, line.tax) == (3000, 0, 2560, 440)


def test_ledger_shows_entries_run_and_batch(till, as_person):
    batch = till.pay()
    answer = as_person(till.finance).get(at(till, agency(till), tab="ledger"))
    text = answer.content.decode()
    assert len(answer.context["page"].items) == LedgerEntry.objects.filter(payee__agency=till.world.agency).count()
    for words in ("-76,800.00", batch.number, "paid out in batch", "run"):
        assert words in text


def test_ledger_of_one_deal(till, as_person):
    client = as_person(till.finance)
    assert client.get(at(till, agency(till), tab="ledger", deal=till.deal.number)).context["page"].items
    assert not client.get(at(till, agency(till), tab="ledger", deal="D-0")).context["page"].items


def test_cancelled_deal_says_why_nothing_is_earned_and_what_is_owed(till, as_person):
    till.pay()
    till.cancel()
    client = as_person(till.finance)
    text = client.get(at(till, agency(till))).content.decode()
    assert "the deal was cancelled on" in text
    assert "34,560.00 CNY is owed back." in text
    listed = client.get("/finance/", {"show": "owed"})
    assert names(listed) == ["Bright Homes", "Lin"]
    assert "owed back" in listed.content.decode()
    assert listed.context["totals"][0].owed == Decimal("37560")


def test_staff_see_their_projects_only(till, as_person):
    hill = make_project(till.world.project.company, code="HILL", name="Green Hill")
    elsewhere = staff("elsewhere", "finance", hill)
    client = as_person(elsewhere)
    assert names(client.get("/finance/")) == []
    assert client.get(at(till, agency(till))).status_code == 404


def test_agencies_have_no_way_in(till, as_person):
    manager = broker(till.world.rival, "rival-manager", "Zhou", "agency_admin")
    assert as_person(manager).get("/finance/").status_code == 403


def test_drill_down_does_not_ask_per_row(till, as_person):
    till.pay()
    client = as_person(till.finance)
    for tab in ("lines", "ledger"):
        with zeal.zeal_context():
            assert client.get(at(till, agency(till), tab=tab)).status_code == 200
