"""Advances: paid before release within a limit, for a fee, and settled first once commission is released."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from brokers.models import Agreement
from brokers.services.agencies import create_broker
from brokers.services.agreements import end_agreement
from channels_platform.accounts.permissions import Role
from channels_platform.lib import clock
from channels_platform.lib.errors import Duplicate, Forbidden, Invalid, NotAllowed
from channels_platform.notices.models import Notice
from commissions.advances import limits_in_force, room_of, with_settled
from commissions.batch_sheets import payable_at
from commissions.models import Advance, AdvanceLimit, Objection, Statement
from commissions.proof.verify import verify
from commissions.services.adjustments import ask_adjustment, decide_adjustment
from commissions.services.advance_limits import ask_advance_limit, decide_advance_limit
from commissions.services.closing import close_month
from commissions.services.debts import owed_back
from commissions.services.payouts import draft_batch, pay_batch
from commissions.services.statements import contest_lines
from tests.cast import broker_of
from tests.services.commissions.advancing import advanced, ask, decide, give_limit, outstanding
from tests.services.commissions.cast import Cast, at, figures, person


@pytest.fixture
def earning(cast) -> Cast:
    """A1 has 10,000.00 pending: half is released by the first payment, half by the last; a limit of 6,000.00."""
    cast.plan("A1")
    cast.deal = cast.contracted("B1", method="instalment", first="500000.00")
    cast.run()
    give_limit(cast, "6000.00")
    return cast


def owed(cast: Cast) -> Decimal:
    return owed_back(payee_id=cast.payee("A1").pk, project_id=cast.project.pk)


def test_an_advance_is_paid_now_and_settled_first_by_what_is_released(earning):
    advance = advanced(earning, "4000.00")
    assert advance.fee == 40
    assert earning.figures("A1") == figures(earned="9960.00", pending="6000.00", payable="3960.00")
    assert earning.run().changed == 0
    assert earning.figures("A1")["payable"] == "3960.00"
    assert earning.paid().lines.get().gross == Decimal("3960")
    assert outstanding(earning) == "4000.00"

    earning.receive(earning.deal, "500000.00")
    earning.run()
    assert earning.figures("A1") == figures(earned="9960.00", pending="5000.00", payable="1000.00", paid="3960.00")
    assert outstanding(earning) == "0.00"
    assert earning.paid().lines.get().gross == Decimal("1000")
    earning.receive(earning.deal, "500000.00")
    earning.run()
    assert earning.paid().lines.get().gross == Decimal("5000")
    assert earning.figures("A1") == figures(earned="9960.00", paid="9960.00")
    assert verify().differences == [], "also what settles an advance is paid out, below zero"


def test_an_advance_that_is_not_paid_yet_settles_nothing_by_itself(earning):
    advanced(earning, "4000.00")
    earning.run()
    earning.drafted()
    assert (outstanding(earning), earning.figures("A1")["payable"]) == ("4000.00", "3960.00")


def test_what_is_released_settles_as_far_as_it_goes_the_oldest_first(earning):
    first, second = advanced(earning, "3000.00"), advanced(earning, "3000.00")
    earning.paid()
    earning.receive(earning.deal, "500000.00")
    earning.run()
    assert earning.figures("A1")["payable"] == "0.00"
    assert outstanding(earning) == "1000.00"
    assert dict(with_settled([first, second])) == {first: 0, second: 1000}
    assert earning.run().changed == 0
    assert outstanding(earning) == "1000.00"


def test_a_cancellation_makes_what_was_advanced_owed_back(earning):
    advanced(earning, "4000.00")
    earning.paid()
    earning.cancel(earning.deal)
    earning.run()
    assert earning.figures("A1") == figures(earned="-40.00", payable="-4000.00", paid="3960.00")
    assert (outstanding(earning), owed(earning)) == ("0.00", Decimal("4000"))
    earning.collected("B1", price="600000.00", method="instalment", first="1.00")
    earning.run()
    assert earning.paid().lines.get().gross == Decimal("2000")


def test_a_preview_is_what_the_draft_takes_also_where_advances_are_settled_first(earning):
    advanced(earning, "4000.00")
    earning.paid()
    with clock.at(earning.later()):
        asked = ask_adjustment(
            actor=earning.finance, payee=earning.payee("A1"), project=earning.project, amount=Decimal("5000"),
            reason="launch support",
        )  # fmt: skip
        decide_adjustment(actor=earning.approver, adjustment=asked, approve=True)
        now = clock.now()
        (shown,) = payable_at(company=earning.company, currency=earning.currency, cutoff_at=now)
    assert shown.gross == 1000
    assert earning.drafted().lines.get().gross == shown.gross


def test_what_is_retained_until_handover_carries_no_advance(cast):
    cast.plan("A1", retention={"fraction": "0.1", "until": "handover"})
    deal = cast.contracted("B1")
    cast.run()
    give_limit(cast, "9500.00", fee_rate="0")
    advanced(cast, "9500.00")
    cast.paid()
    cast.receive(deal, "1000000.00")
    cast.run()
    assert cast.figures("A1") == figures(earned="10000.00", retained="1000.00", payable="-500.00", paid="9500.00")
    cast.hand_over(deal)
    cast.run()
    assert cast.paid().lines.get().gross == Decimal("500")


def test_what_was_payable_before_an_advance_is_paid_beside_it(earning):
    earning.receive(earning.deal, "500000.00")
    earning.run()
    batch = earning.approved()
    advanced(earning, "4000.00")
    earning.run()
    with clock.at(earning.later()):
        pay_batch(actor=earning.finance, batch=batch, results=[{"line": batch.lines.get().pk, "failed": True}])
    assert earning.paid().lines.get().gross == Decimal("8960")
    assert outstanding(earning) == "4000.00"
    earning.receive(earning.deal, "500000.00")
    earning.run()
    assert earning.paid().lines.get().gross == Decimal("1000")
    assert earning.figures("A1") == figures(earned="9960.00", paid="9960.00")


def test_what_is_given_by_hand_settles_before_the_next_draft_whatever_its_cut_off(earning):
    advanced(earning, "4000.00")
    earning.paid()
    with clock.at(earning.later()):
        asked = ask_adjustment(
            actor=earning.finance, payee=earning.payee("A1"), project=earning.project, amount=Decimal(4500), reason="x"
        )
        decide_adjustment(actor=earning.approver, adjustment=asked, approve=True)
    given_at = earning.now
    with clock.at(earning.later(days=1)):
        batch = draft_batch(actor=earning.finance, company=earning.company, currency="CNY", cutoff_at=given_at)
    assert batch.lines.get().gross == Decimal("500")
    assert outstanding(earning) == "0.00"


def test_what_is_owed_back_is_netted_before_anything_is_settled(earning):
    advanced(earning, "4000.00")
    earning.paid()
    with clock.at(earning.later()):
        asked = ask_adjustment(
            actor=earning.finance, payee=earning.payee("A1"), project=earning.project, amount=Decimal(-3000), reason="x"
        )
        decide_adjustment(actor=earning.approver, adjustment=asked, approve=True)
    earning.receive(earning.deal, "500000.00")
    earning.run()
    assert (outstanding(earning), earning.figures("A1")["payable"]) == ("2000.00", "0.00")


@pytest.mark.parametrize(
    ("amount", "code"),
    [("6000.01", "over_limit"), ("0", "not_positive"), ("-1.00", "not_positive"), ("1.001", "invalid_amount")],
)
def test_no_more_is_advanced_than_the_limit_leaves(earning, amount, code):
    with pytest.raises(Invalid) as refusal:
        ask(earning, amount)
    assert refusal.value.code == code
    assert not Advance.objects.exists()


def test_what_settles_an_advance_is_never_contested(earning):
    """All settlements have one kind: contested, they would leave the deals' release to be paid once more."""
    advanced(earning, "4000.00")
    earning.receive(earning.deal, "500000.00")
    earning.run()
    earning.now = max(earning.now, at("04-01 09:00"))
    manager = broker_of(earning.agencies["A1"], "manager", role="agency_admin").user
    with clock.at(earning.now):
        close_month(actor=earning.finance, company=earning.company, month=date(2026, 3, 1))
        statement = Statement.objects.get(payee=earning.payee("A1"))
        line = statement.lines.get(kind="advance_settled")
        with pytest.raises(Invalid) as refusal:
            contest_lines(actor=manager, statement=statement, lines=[line.pk], text="No.")
    assert (refusal.value.code, Objection.objects.count()) == ("settles_advance", 0)


def test_no_more_is_advanced_than_is_pending(earning):
    give_limit(earning, "20000.00")
    advanced(earning, "9000.00")
    with pytest.raises(Invalid) as refusal:
        ask(earning, "1000.01")
    assert (refusal.value.code, refusal.value.facts["most"]) == ("over_pending", "1,000.00")


def test_the_limit_is_looked_at_again_when_it_is_decided(earning):
    first, second = ask(earning, "4000.00"), ask(earning, "4000.00")
    decide(earning, first)
    with pytest.raises(Invalid) as refusal:
        decide(earning, second)
    assert refusal.value.code == "over_limit"
    second.refresh_from_db()
    assert (second.state, outstanding(earning)) == ("asked", "4000.00")


def test_without_a_limit_nothing_is_advanced(cast):
    cast.plan("A1")
    cast.contracted("B1")
    cast.run()
    with pytest.raises(Invalid) as refusal:
        ask(cast, "1.00")
    assert refusal.value.code == "no_limit"


def test_a_companys_limit_counts_in_all_its_projects_and_a_projects_beside_it(earning):
    other = Cast(company=earning.company, now=earning.later())
    other.agencies, other.brokers = earning.agencies, earning.brokers
    other.agree("A1")
    other.plan("A1")
    other.contracted("B1")
    other.run()
    give_limit(earning, "7000.00", project=None, fee_rate="0.02")
    advanced(other, "3000.00")
    assert Advance.objects.get(project=other.project).fee == 60
    with pytest.raises(Invalid) as refusal:
        ask(earning, "4000.01")
    assert refusal.value.code == "over_limit"
    assert advanced(earning, "4000.00").fee == 40
    assert room_of(earning.agencies["A1"], earning.project).most == 0


def test_the_latest_limit_is_in_force_and_0_ends_it(earning):
    give_limit(earning, "100.00")
    assert room_of(earning.agencies["A1"], earning.project).most == 100
    give_limit(earning, "0")
    assert limits_in_force() == []


def test_a_limit_takes_two_people_and_waits_once(earning):
    facts = {"agency": earning.agencies["A1"], "company": earning.company, "currency": "CNY", "reason": "x"}
    both = person(Role.FINANCE, is_superuser=True)
    asked = ask_advance_limit(actor=both, amount=Decimal(9), fee_rate=Decimal(0), **facts)
    with pytest.raises(Duplicate) as refusal:
        ask_advance_limit(actor=both, amount=Decimal(8), fee_rate=Decimal(0), **facts)
    assert refusal.value.code == "limit_asked"
    with pytest.raises(Forbidden) as own:
        decide_advance_limit(actor=both, limit=asked, approve=True)
    assert own.value.code == "own_request"
    with pytest.raises(IntegrityError), transaction.atomic():
        AdvanceLimit.objects.filter(pk=asked.pk).update(state="approved", decided_by=both, decided_at=earning.now)
    for wrong in ({"amount": Decimal(-1)}, {"fee_rate": Decimal(1)}, {"fee_rate": Decimal("0.1234567")}):
        with pytest.raises(Invalid):
            ask_advance_limit(actor=both, **{"amount": Decimal(9), "fee_rate": Decimal(0), **facts, **wrong})


def test_the_agencys_manager_asks_for_the_own_agency_only(earning):
    with clock.at(earning.now):
        boss, rival = (
            create_broker(
                actor=earning.author, agency=earning.agencies[name], username=f"boss-{name}", name=name, phone="",
                role=Role.AGENCY_ADMIN,
            ).user
            for name in ("A1", "A2")
        )  # fmt: skip
    asked = ask(earning, "100.00", actor=boss)
    for other in (rival, earning.brokers["B1"].user, earning.approver):
        with pytest.raises(Forbidden):
            ask(earning, "100.00", actor=other)
    with pytest.raises(Forbidden):
        decide(earning, asked, actor=boss)
    decide(earning, asked)
    assert outstanding(earning) == "100.00"
    told = {(one.kind, one.recipient, one.path) for one in Notice.objects.filter(target_id=str(asked.pk))}
    assert told == {
        ("money.asked", earning.approver, f"/finance/advances/{asked.pk}/"),
        ("advance.approved", boss, "/portal/money/advances/"),
    }


def test_who_asked_never_decides_and_a_decline_says_why(earning):
    both = person(Role.FINANCE, is_superuser=True)
    asked = ask(earning, "100.00", actor=both)
    with pytest.raises(Forbidden) as refusal:
        decide(earning, asked, actor=both)
    assert refusal.value.code == "own_request"
    with pytest.raises(IntegrityError), transaction.atomic():
        Advance.objects.update(state="declined", decided_by=both, decided_at=earning.now)
    with pytest.raises(Invalid) as silent:
        decide(earning, asked, approve=False)
    assert silent.value.code == "reason_required"
    decide(earning, asked, approve=False, answer="not this month")
    with pytest.raises(NotAllowed):
        decide(earning, asked)
    assert outstanding(earning) == "0.00"


def test_what_is_held_is_not_advanced(earning):
    with clock.at(earning.later()):
        agreement = Agreement.objects.get(agency=earning.agencies["A1"], project=earning.project)
        end_agreement(actor=earning.manager, agreement=agreement, ending="interception", reason="took walk-ins")
    with pytest.raises(Invalid) as refusal:
        ask(earning, "1.00")
    assert refusal.value.code == "held"
