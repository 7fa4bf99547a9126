"""Reports: totals equal the ledger to the cent, every figure is taken apart into entries of its sum, in scope."""

import csv
from decimal import Decimal
from io import BytesIO, StringIO
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.db.models import Sum
from python_calamine import CalamineWorkbook

from channels_platform.accounts.permissions import Role
from channels_platform.lib import clock
from commissions.models import LedgerEntry
from commissions.reports.asked import read_asked
from commissions.reports.catalogue import REPORTS
from commissions.reports.files import report_csv, write_report
from commissions.reports.reading import rows_at, totals, value_of
from leads.models import Deal
from leads.services.disputes import raise_dispute
from tests.services.commissions.cast import AT_CONTRACT, Cast, at, person

BONUS = [{"name": "cash", "amount": "1000.01", "to": "broker", "release": "contracted"}]
RETAINED = {"fraction": "0.1", "until": "handover"}
SHARED, GONE, NATURAL, LATER = map(Decimal, ("1234567.89", "765432.11", "999999.99", "888888.88"))


@pytest.fixture
def story(cast) -> Cast:
    """March: a shared deal contested by both sides, one paid for and cancelled, a natural one; April: another."""
    cast.plan("A1", tiers=(("0", "0.00777"),), release=AT_CONTRACT, bonuses=BONUS, retention=RETAINED)
    cast.plan("A2", tiers=(("0", "0.00333"),), bonuses=BONUS)
    cast.plan("S1", tiers=(("0", "0.002"),), applies_to="all", release=AT_CONTRACT)
    shared = cast.contracted("B1", "C1", price=str(SHARED))
    for name, agency in (("B1", "A1"), ("C1", "A2")):
        with clock.at(cast.later()):
            raise_dispute(
                actor=cast.brokers[name].user, agency=cast.agencies[agency], deal=shared, claim_text="ours alone"
            )
    gone = cast.contracted("B2", price=str(GONE))
    cast.contracted(price=str(NATURAL))
    cast.run()
    cast.paid()
    cast.cancel(gone)
    cast.now = at("04-10 09:00")
    cast.contracted("C1", price=str(LATER), method="instalment", first="100000.00")
    cast.run()
    return cast


def read(cast, name, user=None, **words):
    with clock.at(cast.now):
        return read_asked(REPORTS[name], user or cast.finance, {"span": "all", **words})


def rows(cast, name, **words):
    return rows_at(read(cast, name, **words), 0, 100)


def sums(cast, name, **words):
    (total,) = totals(read(cast, name, **words))
    return total.sums


def ledger(**narrow):
    held = LedgerEntry.objects.filter(**narrow).order_by().values_list("account").annotate(Sum("amount"))
    found = dict(held)
    return {"earned": -found.pop("expense", Decimal(0)), **found}


def test_commission_is_the_ledgers_to_the_cent_by_whatever_it_is_asked(story):
    held = ledger()
    for by in ("project", "agency", "broker", "payee", "month"):
        found = sums(story, "commission", by=by, then="agency" if by == "month" else "month")
        assert found == {**dict.fromkeys(found, Decimal(0)), **held}, by
    march = {"from": "2026-03", "to": "2026-03"}
    assert sums(story, "commission", span="own", **march)["paid"] == held["paid"] > 0
    april = sums(story, "commission", span="this_month")
    assert april["paid"] == 0
    assert april["earned"] == held["earned"] - sums(story, "commission", span="last_month")["earned"]


def test_cost_is_what_the_ledger_holds_for_deals_and_sales_are_of_deals_that_stand(story):
    found = sums(story, "cost")
    assert found["cost"] == ledger(deal__isnull=False)["earned"]
    assert found["sales"] == SHARED + NATURAL + LATER
    asked = read(story, "cost", by="project")
    (total,) = totals(asked)
    rate = next(field for field in asked.report.fields(asked) if field.name == "rate")
    assert total.of(rate) == round(found["cost"] / found["sales"], 6)


def test_channels_tell_referred_individuals_natural_and_mixed_deals_apart(story):
    story.agency("I1", kind="community", brokers=["D1"])
    story.contracted("D1", price="500000.00")
    story.contracted("D1", "B1", price="600000.00")
    found = {row["channel"]: (row["deals"], row["sales"]) for row in rows(story, "channels")}
    assert found == {
        "referral": (2, SHARED + LATER),
        "natural": (1, NATURAL),
        "community": (1, Decimal(500000)),
        "several": (1, Decimal(600000)),
    }


def test_collection_is_what_buyers_owe_by_age_since_the_contract(story):
    story.receive(Deal.objects.get(price=SHARED), "234567.89")
    first = next(row for row in rows(story, "collection") if row["price"] == SHARED)
    assert first["outstanding"] == first["aged_60"] == Decimal("1000000.00")
    found = sums(story, "collection")
    assert found["outstanding"] == found["price"] - found["collected"]
    assert found["outstanding"] == sum(found[f"aged_{age}"] for age in (30, 60, 90, 180, "over"))
    assert found["pending"] == ledger()["pending"]


def test_retention_is_the_ledgers_by_age_since_it_was_first_retained(story):
    held = ledger()["retained"]
    found = sums(story, "retention")
    assert (found["retained"], found["aged_90"]) == (held, held)
    assert held > 0
    story.later(days=120)
    found = sums(story, "retention", by="deal", then="payee")
    assert (found["aged_90"], found["aged_180"]) == (0, held)


def test_tax_is_the_ledgers_by_person_and_tax_month(story):
    found = sums(story, "tax")
    assert found["tax"] == ledger()["tax"] > 0
    assert found["net"] == ledger(payee__broker__isnull=False)["paid"]
    assert found["income"] == found["tax"] + found["net"]
    assert {row["tax_month"].month for row in rows(story, "tax")} == {3}


def test_payouts_are_what_the_ledger_paid_and_failed_lines_are_not_paid(story):
    story.contracted("B1", price="1000000.00")
    story.run()
    story.paid(failing=[story.payee("B1")])
    held = ledger()
    for by in ("line", "batch", "payee", "agency", "company", "month"):
        found = sums(story, "payouts", by=by)
        assert found["paid"] == found["net"] == held["paid"], by
    assert sums(story, "payouts", state="paid")["tax"] == held["tax"]
    failed = sums(story, "payouts", state="failed")
    assert failed["gross"] > 0 == failed["paid"]


def test_a_deal_contested_twice_counts_once_in_the_money_in_dispute(story):
    deal = Deal.objects.get(price=SHARED)
    assert [(row["agency"], row["at_stake"]) for row in rows(story, "disputes")] == [("A2", deal.price), ("A1", None)]
    assert sums(story, "disputes")["earned"] == ledger(deal=deal, referral__isnull=False)["earned"] > 0
    assert [row["at_stake"] for row in rows(story, "disputes", agency=story.agencies["A1"].code)] == [deal.price]


FOLLOWED = [
    ("commission", {"by": "project"}),
    ("commission", {"by": "broker", "then": "month"}),
    ("commission", {"by": "payee", "then": "agency", "span": "this_month"}),
    ("cost", {}),
    ("cost", {"by": "month", "then": "method"}),
    ("collection", {"by": "project"}),
    ("retention", {"by": "payee", "then": "deal"}),
    ("tax", {}),
    ("payouts", {}),
    ("disputes", {}),
]


def test_each_figure_is_taken_apart_into_rows_of_its_sum(story):
    for name, words in FOLLOWED:
        asked = read(story, name, **words)
        followed = 0
        for row in rows_at(asked, 0, 100):
            for field in asked.report.fields(asked):
                url = field.link(row, asked) if field.link is not None and field.kind == "money" else ""
                if url and (figure := value_of(field, row)) is not None:
                    assert _behind(story, field, url) == figure, (name, field.name, url)
                    followed += figure != 0
        assert followed, (name, words)


def _behind(story, field, url):
    """What the rows add up to that a figure's link leads to; entries on `expense` stand below zero."""
    parts = urlsplit(url)
    report = parts.path.rstrip("/").rpartition("/")[2]
    with clock.at(story.now):
        found = read_asked(REPORTS[report], story.finance, dict(parse_qsl(parts.query)))
    assert found.faults == {}
    column = "amount" if report == "entries" else field.name
    total = sum((total.sums[column] for total in totals(found)), Decimal(0))
    return -total if report == "entries" and found.words["account"] == "expense" else total


def book(asked, user):
    target = BytesIO()
    write_report(asked, user, target)
    found = CalamineWorkbook.from_filelike(BytesIO(target.getvalue()))
    return {name: found.get_sheet_by_name(name).to_python() for name in found.sheet_names}


def test_the_files_totals_are_the_screens(story):
    for name in REPORTS:
        asked = read(story, name)
        (total,) = totals(asked)
        sheet = book(asked, story.finance)["CNY"]
        lines = list(csv.reader(StringIO("".join(report_csv(asked)).lstrip("\ufeff"))))
        assert len(sheet) - 2 == len(lines) - 1 == total.rows > 0
        for place, field in enumerate(asked.report.fields(asked)):
            if field.adds_up:
                figures = [Decimal(line[place + 1] or 0) for line in lines[1:]]
                shown = Decimal(repr(sheet[-1][place])).quantize(Decimal("0.01"))
                assert sum(figures) == shown == total.sums[field.name], (name, field.name)


def test_two_currencies_are_never_added_up(story):
    yen = Cast(currency="JPY", company=story.company, now=story.now)
    yen.agency("J1", brokers=["JB"])
    yen.plan("J1", tiers=(("0", "0.01"),), release=AT_CONTRACT)
    yen.contracted("JB", price="50000000")
    yen.run()
    asked = read(story, "commission", by="agency")
    assert [total.currency for total in totals(asked)] == ["CNY", "JPY"]
    assert totals(asked)[1].sums["earned"] == Decimal(500000)
    assert list(book(asked, story.finance)) == ["Summary", "CNY", "JPY"]
    assert "JPY,Golden Lake,1,500000," in "".join(report_csv(read(yen, "commission", currency="JPY")))


def test_each_reads_what_the_own_projects_hold_and_no_more(story):
    other = Cast(company=story.company)
    person_of = {name: person(Role.FINANCE, all_projects=False) for name in ("other", "here", "both")}
    person_of["other"].projects.set([other.project])
    person_of["here"].projects.set([story.project])
    person_of["both"].projects.set([story.project, other.project])
    for name, report in REPORTS.items():
        everything = totals(read(story, name))
        assert totals(read(story, name, person_of["other"])) == [], name
        # what a batch pays is one company's: who sees part of its projects sees none of it
        assert totals(read(story, name, person_of["here"])) == ([] if report.whole_companies else everything), name
        assert totals(read(story, name, person_of["both"])) == everything != [], name


def test_what_cannot_be_read_is_said_at_its_field_and_what_is_unknown_finds_nothing(story):
    for words, fault in (
        ({"span": "own", "from": "March"}, "from"),
        ({"span": "own", "from": "2026-04", "to": "2026-03"}, "to"),
        ({"state": "gone"}, "state"),
    ):
        assert list(read(story, "cost", **words).faults) == [fault]
    for words in ({"payee": "x' OR 1=1"}, {"project": "%'"}, {"broker": "%"}, {"deal": "d-%"}, {"tax_month": "%s"}):
        assert totals(read(story, "entries", **words)) == [], words
