"""Months close, statements are frozen, their payees confirm or contest them, what is contested waits."""

from datetime import date
from decimal import Decimal

import pgtrigger
import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Sum

from channels_platform.accounts.permissions import Role
from channels_platform.audit.models import Event
from channels_platform.lib import clock
from channels_platform.lib.errors import Duplicate, Forbidden, Invalid, NotAllowed
from channels_platform.notices.models import Notice
from commissions.models import (
    ClosedMonth,
    LedgerEntry,
    Objection,
    PayoutLine,
    Statement,
    StatementLine,
)
from commissions.services.closing import close_month, tell_of_statements
from commissions.services.debts import record_repayment
from commissions.services.payouts import approve_batch, submit_batch
from commissions.services.statements import answer_objection, confirm_statement, contest_lines
from commissions.words import explain_line
from tests.cast import broker_of
from tests.services.commissions.cast import AT_CONTRACT, Cast, at, person
from tests.services.leads.disputed import photo

FIGURES = ("opening", "earned", "clawed_back", "released", "paid", "tax", "closing")
MARCH, APRIL, MAY = date(2026, 3, 1), date(2026, 4, 1), date(2026, 5, 1)


def close(cast: Cast, month: date, when: str, actor=None) -> ClosedMonth:
    cast.now = max(cast.now, at(when))
    with clock.at(at(when)):
        return close_month(actor=actor or cast.finance, company=cast.company, month=month)


def statement(cast: Cast, name: str, month: date) -> Statement:
    return Statement.objects.get(payee=cast.payee(name), closing_of__month=month)


def told(found: Statement) -> dict[str, str]:
    """Return what of a statement is not nothing."""
    return {name: f"{getattr(found, name):.2f}" for name in FIGURES if getattr(found, name)}


def said(found: Statement) -> list[tuple[str, str, str]]:
    rows = found.lines.select_related("deal").order_by("place")
    return [(row.nature, f"{row.earned - row.clawed_back:.2f}", explain_line(row)) for row in rows]


def everything() -> list[object]:
    models = (ClosedMonth, Statement, StatementLine, Objection, LedgerEntry)
    return [list(model.objects.order_by("pk").values()) for model in models]


@pytest.fixture
def boss(cast):
    return broker_of(cast.agencies["A1"], "boss-a1", role=Role.AGENCY_ADMIN).user


@pytest.fixture
def issued(cast) -> Cast:
    """A1 earned 10,000.00 and 20,000.00 in March, payable; B1 a bonus of 3,000.00; March is closed on 2 April."""
    cast.plan("A1", bonuses=[{"name": "cash", "amount": "3000.00", "to": "broker", "release": "contracted"}])
    cast.collected("B1")
    cast.collected("B2", price="2000000.00")
    cast.run()
    close(cast, MARCH, "04-02 09:00")
    return cast


def contest(cast: Cast, actor, *places: int, text: str = "This was agreed otherwise.", **more):
    found = statement(cast, "A1", MARCH)
    lines = [line.pk for line in found.lines.all() if line.place in places]
    with clock.at(cast.later()):
        return contest_lines(actor=actor, statement=found, lines=lines, text=text, **more)


def test_a_statement_tells_the_month_from_opening_to_closing(issued):
    assert told(statement(issued, "A1", MARCH)) == {
        "earned": "30000.00",
        "released": "30000.00",
        "closing": "30000.00",
    }
    assert told(statement(issued, "B1", MARCH)) == {"earned": "3000.00", "released": "3000.00", "closing": "3000.00"}
    issued.now = at("04-06 09:00")
    issued.paid()
    issued.contracted("B1", price="500000.00")
    issued.run()
    close(issued, APRIL, "05-02 09:00")
    april = statement(issued, "A1", APRIL)
    assert told(april) == {"opening": "30000.00", "earned": "5000.00", "paid": "30000.00", "closing": "5000.00"}
    assert (april.pending, april.retained, april.payable) == (5000, 0, 0)
    b1 = statement(issued, "B1", APRIL)
    assert told(b1) == {
        "opening": "3000.00",
        "earned": "3000.00",
        "released": "3000.00",
        "paid": "2560.00",
        "tax": "440.00",
        "closing": "3000.00",
    }


def test_lines_add_up_to_the_statement_and_the_statements_to_the_ledger(issued):
    issued.now = at("04-06 09:00")
    issued.paid()
    close(issued, APRIL, "05-02 09:00")
    for found in Statement.objects.all():
        sums = found.lines.aggregate(
            **{name: Sum(name) for name in ("earned", "clawed_back", "released", "kept", "paid", "tax")}
        )
        assert {name: total or Decimal(0) for name, total in sums.items()} == {
            name: getattr(found, name) for name in sums
        }
        held = LedgerEntry.objects.filter(payee=found.payee, transaction__posted_at__lt=found.closing_of.ends_at)
        unpaid = held.filter(account__in=["pending", "retained", "payable"]).aggregate(Sum("amount"))["amount__sum"]
        assert found.closing == unpaid


def test_retention_that_the_handover_sets_free_shows_on_its_line(cast):
    cast.plan("A1", retention={"fraction": "0.1", "until": "handover"})
    deal = cast.collected("B1")
    cast.run()
    close(cast, MARCH, "04-02 09:00")
    cast.hand_over(deal)
    cast.run()
    close(cast, APRIL, "05-02 09:00")
    march, april = statement(cast, "A1", MARCH), statement(cast, "A1", APRIL)
    assert (march.lines.get().kept, march.retained, march.payable) == (1000, 1000, 9000)
    line = april.lines.get()
    assert (line.nature, line.kept, april.retained, april.payable) == ("released", -1000, 0, 10000)


def test_a_closed_statement_never_changes_whatever_happens_later(issued):
    deal = issued.project.deals.order_by("contracted_at").first()
    fixed = (Statement, StatementLine)
    before = [list(model.objects.order_by("pk").values()) for model in fixed]
    issued.now = at("04-06 09:00")
    issued.paid()
    issued.cancel(deal)
    issued.run()
    with clock.at(issued.later()):
        record_repayment(
            actor=issued.finance, payee=issued.payee("A1"), project=issued.project, amount=Decimal(1), reference="r"
        )
    assert [list(model.objects.order_by("pk").values()) for model in fixed] == before

    close(issued, APRIL, "05-02 09:00")
    april = statement(issued, "A1", APRIL)
    assert told(april) == {
        "opening": "30000.00",
        "clawed_back": "10000.00",
        "released": "-10000.00",
        "paid": "29999.00",
        "closing": "-9999.00",
    }
    assert [(line.nature, line.before is not None) for line in april.lines.all()] == [
        ("taken_back", True),
        ("paid", False),
        ("other", False),
    ]


def test_earlier_deals_rated_anew_stand_in_the_next_month_naming_the_crossing(cast):
    cast.plan("A1", mode="retroactive", tiers=(("0", "0.06"), ("3", "0.062")), release=AT_CONTRACT)
    first, second = cast.contracted("B1"), cast.contracted("B2")
    cast.run()
    close(cast, MARCH, "04-02 09:00")
    cast.now = at("04-10 09:00")
    third = cast.contracted("B1")
    cast.run()
    close(cast, APRIL, "05-02 09:00")

    crossed = (
        f"re-rated from 6 % to 6.2 %: {third.number}, contracted on 10 April 2026, took the total of the whole plan "
        "to the tier from 3"
    )
    april = statement(cast, "A1", APRIL)
    lines = {line.deal_id: line for line in april.lines.all()}
    assert told(april) == {"opening": "120000.00", "earned": "66000.00", "released": "66000.00", "closing": "186000.00"}
    for deal in (first, second):
        assert (lines[deal.pk].nature, lines[deal.pk].earned) == ("adjusted", 2000)
        assert explain_line(lines[deal.pk]).replace("\xa0", " ") == crossed
    assert lines[third.pk].nature == "new"

    cast.now = at("05-10 09:00")
    cast.cancel(third)
    cast.run()
    close(cast, MAY, "06-02 09:00")
    may = statement(cast, "A1", MAY)
    assert told(may)["clawed_back"] == "66000.00"
    again = f"re-rated from 6.2 % to 6 %: {third.number} was cancelled on 10 May 2026"
    found = [explain_line(line).replace("\xa0", " ") for line in may.lines.filter(nature="adjusted")]
    assert found == [again, again]


def test_nothing_is_posted_in_a_closed_month(issued):
    issued.now = at("03-31 12:00")
    issued.contracted("B1")
    with pytest.raises(IntegrityError, match="nothing is posted in a closed month"), transaction.atomic():
        issued.run()
    issued.now = at("04-02 10:00")
    assert issued.run().changed


def test_a_month_closes_once_it_is_over_in_order_and_by_finance(issued):
    before = everything()
    with clock.at(at("05-01 00:00")):
        for actor in (issued.approver, issued.manager, None):
            with pytest.raises(Forbidden):
                close_month(actor=actor, company=issued.company, month=APRIL)
    with pytest.raises(NotAllowed) as refusal, clock.at(at("04-30 23:59")):
        close_month(actor=issued.finance, company=issued.company, month=APRIL)
    assert refusal.value.code == "month_not_over"
    for month in (MAY, date(2026, 2, 1)):
        with pytest.raises(NotAllowed) as refusal, clock.at(at("06-02 09:00")):
            close_month(actor=issued.finance, company=issued.company, month=month)
        assert refusal.value.code == "out_of_order"
    assert close(issued, MARCH, "06-02 09:00") == ClosedMonth.objects.get()
    assert everything() == before
    with clock.at(at("05-01 00:00")):
        close_month(actor=issued.finance, company=issued.company, month=APRIL)
    assert Statement.objects.filter(closing_of__month=APRIL).count() == 3


REFUSED = [
    "UPDATE commissions_statement SET earned = earned + 1, released = released + 1, payable = payable + 1",
    "UPDATE commissions_statement SET payee_name = 'x'",
    "UPDATE commissions_statement SET state = 'answered'",
    "DELETE FROM commissions_statement",
    "UPDATE commissions_statementline SET earned = earned + 1",
    "DELETE FROM commissions_statementline",
    "UPDATE commissions_closedmonth SET ends_at = starts_at",
    "DELETE FROM commissions_closedmonth",
    """INSERT INTO commissions_closedmonth
       (id, month, starts_at, ends_at, answer_by, issuer, closed_at, closed_by_id, company_id)
       SELECT gen_random_uuid(), '2026-06-01', starts_at, ends_at, answer_by, issuer, closed_at, closed_by_id,
       company_id FROM commissions_closedmonth""",
    """INSERT INTO commissions_closedmonth
       (id, month, starts_at, ends_at, answer_by, issuer, closed_at, closed_by_id, company_id)
       SELECT gen_random_uuid(), '2026-04-01', ends_at + interval '1 hour', ends_at + interval '2 hours', answer_by,
       issuer, closed_at + interval '40 days', closed_by_id, company_id FROM commissions_closedmonth""",
]


def test_a_month_begins_where_the_one_before_it_ended_whatever_the_calendar(issued):
    issued.company.timezone = "Asia/Tokyo"
    with pgtrigger.ignore("projects.PayingCompany:keeps_its_time_zone"):
        issued.company.save()
    april = close(issued, APRIL, "05-02 09:00")
    assert april.starts_at == ClosedMonth.objects.get(month=MARCH).ends_at
    kept = statement(issued, "A1", APRIL)
    assert (kept.opening_payable, kept.earned) == (statement(issued, "A1", MARCH).payable, 0)


def test_the_database_keeps_closed_months_and_statements(issued):
    before = everything()
    for refused in REFUSED:
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(refused)
            pytest.fail(refused)
    assert everything() == before


def test_its_payee_confirms_a_statement_until_the_next_payout(issued, boss):
    found = statement(issued, "A1", MARCH)
    assert found.closing_of.answer_by == at("04-05 09:00")
    assert (found.state_at(at("04-05 08:59")), found.state_at(at("04-05 09:00"))) == ("issued", "accepted")
    outsider = broker_of(issued.agencies["A2"], "boss-a2", role=Role.AGENCY_ADMIN).user
    with clock.at(at("04-03 09:00")):
        for other in (outsider, issued.brokers["B1"].user, issued.finance, None):
            with pytest.raises(Forbidden):
                confirm_statement(actor=other, statement=found)
        confirm_statement(actor=boss, statement=found)
        with pytest.raises(NotAllowed):
            confirm_statement(actor=boss, statement=found)
        with pytest.raises(NotAllowed):
            contest(issued, boss, 1)
    own = statement(issued, "B1", MARCH)
    with pytest.raises(NotAllowed) as refusal, clock.at(at("04-05 09:00")):
        confirm_statement(actor=issued.brokers["B1"].user, statement=own)
    assert refusal.value.code == "too_late"
    own.refresh_from_db()
    assert (own.state, Event.objects.filter(action="statement.confirmed").count()) == ("issued", 1)


def test_contested_lines_wait_and_the_rest_goes_on(issued, boss):
    contest(issued, boss, 1, files=[photo()])
    issued.now = at("04-06 09:00")
    batch = issued.drafted()
    assert {str(line.payee): line.gross for line in batch.lines.all()} == {"A1": 20000, "B1": 3000, "B2": 3000}
    with pytest.raises(NotAllowed) as refusal:
        issued.drafted()
    assert refusal.value.code == "nothing_payable"

    objection = Objection.objects.get()
    with clock.at(issued.later()):
        answer_objection(actor=issued.finance, objection=objection, corrected=False, answer="As agreed on 1 March.")
    assert issued.drafted().lines.get().gross == 10000
    assert statement(issued, "A1", MARCH).state == "answered"


def test_what_was_drafted_before_it_was_contested_leaves_as_it_is_handed_on(issued, boss):
    batch = issued.invoiced(issued.drafted())
    contest(issued, boss, 1)
    with clock.at(issued.later()):
        submit_batch(actor=issued.finance, batch=batch)
    assert dict(batch.lines.values_list("payee__agency__name", "state")) == {"A1": "void", None: "open"}

    again = issued.invoiced(issued.drafted())
    assert again.lines.get().gross == 20000
    with clock.at(issued.later()):
        submit_batch(actor=issued.finance, batch=again)
    contest(issued, boss, 2)
    with pytest.raises(Invalid) as refusal, clock.at(issued.later()):
        approve_batch(actor=issued.approver, batch=again)
    assert refusal.value.code == "lines_held"
    assert PayoutLine.objects.get(batch=again).state == "open"


def test_a_line_is_contested_once_with_a_text(issued, boss):
    contest(issued, boss, 2)
    before = everything()
    for places, text, code in (
        ((), "x", "required"),
        ((1,), "  ", "required"),
        ((1,), "\u200b \u2060", "required"),
        ((1,), "x" * 2001, "too_long"),
        ((1, 2), "x", "contested_already"),
    ):
        with pytest.raises((Invalid, Duplicate)) as refusal:
            contest(issued, boss, *places, text=text)
        assert (refusal.value.code, everything()) == (code, before)


def test_finance_answers_each_objection_once(issued, boss):
    objections = contest(issued, boss, 1, 2)
    for actor in (boss, issued.approver, None):
        with pytest.raises(Forbidden):
            answer_objection(actor=actor, objection=objections[0], corrected=True, answer="x")
    for answer, code in ((" ", "required"), ("\u200b", "required"), ("call 13800001234", "names_phone")):
        with pytest.raises(Invalid) as refusal:
            answer_objection(actor=issued.finance, objection=objections[0], corrected=True, answer=answer)
        assert refusal.value.code == code
    with clock.at(issued.later()):
        answer_objection(actor=issued.finance, objection=objections[0], corrected=True, answer="The share was 1.")
    assert statement(issued, "A1", MARCH).state == "contested"
    with pytest.raises(NotAllowed):
        answer_objection(actor=issued.finance, objection=objections[0], corrected=False, answer="x")
    with pytest.raises(IntegrityError), transaction.atomic():
        Objection.objects.filter(state="open").update(state="upheld")
    with clock.at(issued.later()):
        with pytest.raises(NotAllowed) as waiting:
            confirm_statement(actor=boss, statement=statement(issued, "A1", MARCH))
        answer_objection(actor=issued.finance, objection=objections[1], corrected=False, answer="It stands.")
        assert waiting.value.code == "objections_open"
        assert confirm_statement(actor=boss, statement=statement(issued, "A1", MARCH)).state == "confirmed"


def test_people_are_told_once_of_issue_contest_and_answer(issued, boss):
    closed = ClosedMonth.objects.get()
    assert tell_of_statements(closed_id=closed.pk) == 3
    assert tell_of_statements(closed_id=closed.pk) == 0
    objections = contest(issued, boss, 1)
    answer_objection(actor=issued.finance, objection=objections[0], corrected=False, answer="It stands.")
    kinds = Notice.objects.filter(kind__startswith="statement.").values_list("kind", "recipient__role")
    assert sorted(kinds) == [
        ("statement.answered", "agency_admin"),
        ("statement.contested", "finance"),
        ("statement.issued", "agency_admin"),
        ("statement.issued", "broker"),
        ("statement.issued", "broker"),
    ]
    assert person(Role.FINANCE).pk not in Notice.objects.values_list("recipient", flat=True)
