"""What was repaid or written off waits with a debt that is contested, as far as it is of no other debt."""

from datetime import datetime
from decimal import Decimal

import pytest

from channels_platform.accounts.models import User
from channels_platform.accounts.permissions import Role
from channels_platform.lib import clock
from channels_platform.lib.errors import NotAllowed
from commissions.batch_sheets import payable_at
from commissions.contested import contested_at
from commissions.models import Objection
from commissions.proof.verify import verify
from commissions.services.adjustments import ask_adjustment, decide_adjustment
from commissions.services.debts import ask_write_off, decide_write_off, record_repayment
from commissions.services.payouts import approve_batch, draft_batch, void_batch
from commissions.services.statements import answer_objection
from leads.models import Deal
from tests.cast import broker_of
from tests.services.commissions.advancing import advanced, give_limit
from tests.services.commissions.cast import AT_CONTRACT, Cast, at
from tests.services.commissions.test_statements import MARCH, close, contest, statement


@pytest.fixture
def boss(cast):
    return broker_of(cast.agencies["A1"], "boss-a1", role=Role.AGENCY_ADMIN).user


def repay(cast: Cast, amount: str, reference: str = "BANK-77") -> None:
    given = {"payee": cast.payee("A1"), "project": cast.project, "amount": Decimal(amount), "reference": reference}
    with clock.at(cast.later()):
        record_repayment(actor=cast.finance, **given)


def adjust(cast: Cast, amount: str) -> None:
    given = {"payee": cast.payee("A1"), "project": cast.project, "amount": Decimal(amount), "reason": "counted twice"}
    with clock.at(cast.later()):
        asked = ask_adjustment(actor=cast.finance, **given)
        decide_adjustment(actor=cast.approver, adjustment=asked, approve=True)


def paid_for(cast: Cast, *prices: str) -> list[Deal]:
    """Have A1 paid 1 % of deals."""
    cast.plan("A1", release=AT_CONTRACT)
    deals = [cast.contracted("B1", price=price) for price in prices]
    cast.run()
    cast.paid()
    return deals


def paid_with_an_advance(cast: Cast) -> tuple[Deal, Deal]:
    """Have A1 paid 1,000.00 for a small deal, and an advance of 4,000.00 on a big one."""
    cast.plan("A1")
    small = cast.collected("B1", price="100000.00")
    big = cast.contracted("B1", method="instalment", first="500000.00")
    cast.run()
    give_limit(cast, "6000.00")
    advanced(cast, "4000.00")
    cast.paid()
    return small, big


def lose(cast: Cast, *deals: Deal) -> None:
    for deal in deals:
        cast.cancel(deal)
    cast.run()


def earn(cast: Cast, price: str) -> None:
    cast.contracted("B1", price=price)
    cast.run()


def taken_back(cast: Cast, *prices: str) -> list[Deal]:
    """Have A1 paid 1 % of deals that are cancelled then."""
    deals = paid_for(cast, *prices)
    lose(cast, *deals)
    return deals


def contest_loss(cast: Cast, boss: User, deal: Deal) -> None:
    """Contest what March's statement takes back of a deal."""
    contest(cast, boss, statement(cast, "A1", MARCH).lines.get(deal=deal, nature="taken_back").place)


def shown(cast: Cast, cutoff: datetime | None = None) -> dict[str, Decimal]:
    """Return what a draft would take, or carry, by payee."""
    with clock.at(cast.later()):
        found = payable_at(company=cast.company, currency="CNY", cutoff_at=cutoff or clock.now())
    return {str(one.payee): one.gross for one in found}


@pytest.mark.parametrize("given_up", [False, True])
def test_a_debt_that_was_repaid_or_written_off_is_not_paid_out_while_it_is_contested(cast, boss, given_up):
    taken_back(cast, "1000000.00")
    facts = {"payee": cast.payee("A1"), "project": cast.project, "amount": Decimal(10000)}
    with clock.at(cast.later()):
        if given_up:
            write_off = ask_write_off(actor=cast.finance, reason="The agency closed.", **facts)
            decide_write_off(actor=cast.approver, write_off=write_off, approve=True)
        else:
            record_repayment(actor=cast.finance, reference="BANK-77", **facts)
    close(cast, MARCH, "04-02 09:00")
    contest(cast, boss, statement(cast, "A1", MARCH).lines.get(kind="commission").place)
    cast.now = at("04-06 09:00")
    with pytest.raises(NotAllowed) as refusal:
        cast.drafted()
    assert refusal.value.code == "nothing_payable"

    with clock.at(cast.later()):
        answer_objection(actor=cast.finance, objection=Objection.objects.get(), corrected=False, answer="It stands.")
    with pytest.raises(NotAllowed):
        cast.drafted()


@pytest.mark.parametrize(
    ("repaid", "drafted"),
    [
        # what was repaid is of the old debt
        ("50000.00", 100000),
        # of both: nothing of them is netted or paid before the answer
        ("55000.00", 100000),
        # the old debt is repaid in part: the rest of it is netted
        ("40000.00", 90000),
    ],
)
def test_what_was_repaid_is_of_other_debts_first(cast, boss, repaid, drafted):
    old, new = paid_for(cast, "5000000.00", "1000000.00")
    lose(cast, old, new)
    repay(cast, repaid)
    close(cast, MARCH, "04-02 09:00")
    line = statement(cast, "A1", MARCH).lines.get(deal=new)
    contest(cast, boss, line.place)
    earn(cast, "10000000.00")
    assert cast.drafted().lines.get().gross == drafted


def test_a_debt_that_comes_later_sets_nothing_repaid_free(cast, boss):
    repaid, later = paid_for(cast, "1000000.00", "1000000.00")
    lose(cast, repaid)
    repay(cast, "10000.00")
    close(cast, MARCH, "04-02 09:00")
    contest_loss(cast, boss, repaid)
    lose(cast, later)
    assert shown(cast) == {"A1": -10000}
    with pytest.raises(NotAllowed), clock.at(cast.later()):
        draft_batch(actor=cast.finance, company=cast.company, cutoff_at=at("04-01 00:00"))


def test_what_is_taken_off_later_sets_nothing_repaid_free(cast, boss):
    (deal,) = taken_back(cast, "1000000.00")
    repay(cast, "10000.00")
    close(cast, MARCH, "04-02 09:00")
    earn(cast, "1500000.00")
    adjust(cast, "-10000.00")
    contest_loss(cast, boss, deal)
    assert shown(cast) == {"A1": 5000}


def test_what_a_tier_gives_back_of_a_repaid_debt_is_paid(cast, boss):
    cast.plan("A1", release=AT_CONTRACT, mode="retroactive", tiers=(("0", "0.01"), ("2", "0.02")))
    cancelled, _rated_down = cast.contracted("B1"), cast.contracted("B1")
    cast.run()
    cast.paid()
    lose(cast, cancelled)
    repay(cast, "25000.00")  # 10,000 of it are of the deal rated down, 15,000 of the cancelled one
    close(cast, MARCH, "04-02 09:00")
    cast.contracted("B1")
    cast.run()
    contest_loss(cast, boss, cancelled)
    assert shown(cast) == {"A1": 30000}


def test_an_advance_that_is_owed_back_is_a_debt_too(cast, boss):
    small, big = paid_with_an_advance(cast)
    lose(cast, big, small)
    repay(cast, "4000.00")
    close(cast, MARCH, "04-02 09:00")
    cast.collected("B1")
    cast.run()
    contest(cast, boss, statement(cast, "A1", MARCH).lines.get(deal=small).place)
    assert shown(cast) == {"A1": 10000}


def test_a_repayment_that_is_contested_itself_settles_its_debt_all_the_same(cast, boss):
    taken_back(cast, "1000000.00")
    repay(cast, "10000.00")
    close(cast, MARCH, "04-02 09:00")
    earn(cast, "2000000.00")
    contest(cast, boss, statement(cast, "A1", MARCH).lines.get(kind="repayment").place)
    assert shown(cast) == {"A1": 20000}


def test_a_line_in_which_nothing_is_contested_goes_on(cast, boss):
    first, second = paid_for(cast, "1000000.00", "1000000.00")
    lose(cast, first)
    repay(cast, "10000.00")
    earn(cast, "3000000.00")
    batch = cast.submitted()
    lose(cast, second)
    repay(cast, "10000.00", "BANK-78")
    close(cast, MARCH, "04-02 09:00")
    contest_loss(cast, boss, second)
    with clock.at(cast.later()):
        approve_batch(actor=cast.approver, batch=batch)
    assert batch.lines.get().gross == 30000


def test_once_each_of_two_is_answered_what_was_repaid_is_counted_once(cast, boss):
    deals = taken_back(cast, "1000000.00", "2000000.00", "3000000.00")
    repay(cast, "25000.00")
    repay(cast, "10000.00", "BANK-78")
    close(cast, MARCH, "04-02 09:00")
    kept = statement(cast, "A1", MARCH)
    contest(cast, boss, *[kept.lines.get(deal=deal).place for deal in deals[:2]])
    earn(cast, "9000000.00")
    for objection in Objection.objects.order_by("pk"):
        with clock.at(cast.later()):
            answer_objection(actor=cast.finance, objection=objection, corrected=False, answer="It stands.")
    assert cast.paid().lines.get().gross == 90000 - 60000 + 35000
    assert verify().differences == []


@pytest.mark.parametrize("second", ["", "1.00", "write_off"])
def test_a_later_repayment_sets_no_earlier_one_free(cast, boss, second):
    repaid, later = paid_for(cast, "1000000.00", "2000000.00")
    lose(cast, repaid)
    repay(cast, "10000.00")
    close(cast, MARCH, "04-02 09:00")
    contest_loss(cast, boss, repaid)
    lose(cast, later)
    if second == "write_off":
        facts = {"payee": cast.payee("A1"), "project": cast.project, "amount": Decimal("1.00")}
        with clock.at(cast.later()):
            one = ask_write_off(actor=cast.finance, reason="The agency closed.", **facts)
            decide_write_off(actor=cast.approver, write_off=one, approve=True)
    elif second:
        repay(cast, second, "BANK-78")
    earn(cast, "3000000.00")
    assert shown(cast) == {"A1": 30000 - 20000 + (1 if second else 0)}


def test_what_was_payable_covers_debts_before_a_repayment_does(cast, boss):
    (deal,) = taken_back(cast, "1000000.00")
    earn(cast, "1500000.00")
    adjust(cast, "-10000.00")
    repay(cast, "5000.00")
    close(cast, MARCH, "04-02 09:00")
    assert shown(cast) == {}
    contest_loss(cast, boss, deal)
    assert shown(cast) == {"A1": 5000}


@pytest.mark.parametrize("small_goes", ["before", "after"])
def test_what_settled_an_advance_is_a_debt_once_its_deal_is_gone(cast, boss, small_goes):
    small, big = paid_with_an_advance(cast)
    cast.receive(big, "500000.00")
    cast.run()
    lose(cast, *([big, small] if small_goes == "before" else [big]))
    repay(cast, "4000.00")
    if small_goes == "after":
        lose(cast, small)
    close(cast, MARCH, "04-02 09:00")
    cast.collected("B1")
    cast.run()
    uncontested = shown(cast)
    contest_loss(cast, boss, small)
    assert (uncontested, shown(cast)) == ({"A1": 9000}, {"A1": 10000})


def test_a_debt_that_a_draft_netted_was_no_debt_to_repay(cast, boss):
    netted, repaid = paid_for(cast, "1000000.00", "1000000.00")
    lose(cast, netted)
    earn(cast, "3000000.00")
    batch = cast.drafted()
    assert batch.lines.get().gross == 20000
    lose(cast, repaid)
    repay(cast, "10000.00")
    with clock.at(cast.later()):
        void_batch(actor=cast.finance, batch=batch, reason="again")
    close(cast, MARCH, "04-02 09:00")
    assert shown(cast) == {"A1": 20000}
    contest_loss(cast, boss, repaid)
    assert shown(cast) == {"A1": 20000}


def test_what_was_repaid_before_a_debt_came_is_none_of_it(cast, boss):
    (other,) = paid_for(cast, "100000.00")
    drafted = cast.contracted("B1")
    cast.run()
    batch = cast.drafted()
    lose(cast, drafted)
    repay(cast, "10000.00")
    with clock.at(cast.later()):
        void_batch(actor=cast.finance, batch=batch, reason="again")
    lose(cast, other)
    close(cast, MARCH, "04-02 09:00")
    assert shown(cast) == {"A1": 9000}
    contest_loss(cast, boss, other)
    assert shown(cast) == {"A1": 10000}


def test_each_repayment_is_of_what_there_was(cast, boss):
    repaid, later = paid_for(cast, "1000000.00", "2000000.00")
    lose(cast, repaid)
    repay(cast, "10000.00")
    close(cast, MARCH, "04-02 09:00")
    lose(cast, later)
    repay(cast, "15000.00", "BANK-78")
    earn(cast, "3000000.00")
    assert shown(cast) == {"A1": 25000}
    contest_loss(cast, boss, repaid)
    assert shown(cast) == {"A1": 25000}


def test_what_waits_at_a_cutoff_is_told_with_the_advance_owed_back(cast, boss):
    small, big = paid_with_an_advance(cast)
    lose(cast, small)
    cutoff = cast.later()
    lose(cast, big)
    repay(cast, "5000.00")
    close(cast, MARCH, "04-02 09:00")
    contest_loss(cast, boss, small)
    with clock.at(cast.later()):
        waiting = contested_at(company=cast.company, currency="CNY", cutoff_at=cutoff)
    assert {str(one.payee): one.gross for one in waiting} == {"A1": -5000}


def test_a_debt_in_a_draft_that_it_has_to_leave_holds_what_was_repaid_of_it(cast, boss):
    (deal,) = taken_back(cast, "1000000.00")
    other = Cast(company=cast.company, agencies=cast.agencies, brokers=cast.brokers, now=cast.later())
    other.agree("A1")
    other.plan("A1", release=AT_CONTRACT)
    earn(other, "3000000.00")
    cast.now = max(cast.now, other.now)
    cutoff = cast.later()
    repay(cast, "10000.00")
    with clock.at(cast.later()):
        first = draft_batch(actor=cast.finance, company=cast.company, cutoff_at=cutoff)
    assert first.lines.get().gross == 20000
    close(cast, MARCH, "04-02 09:00")
    contest_loss(cast, boss, deal)
    with pytest.raises(NotAllowed) as refused:
        cast.drafted()
    assert refused.value.code == "nothing_payable"


def test_what_was_repaid_before_a_debt_came_is_none_of_it_beside_what_was_repaid_of_it(cast, boss):
    (other,) = paid_for(cast, "100000.00")
    drafted = cast.contracted("B1")
    cast.run()
    batch = cast.drafted()
    lose(cast, drafted)
    repay(cast, "10000.00")
    with clock.at(cast.later()):
        void_batch(actor=cast.finance, batch=batch, reason="again")
    batch = cast.drafted()
    assert batch.lines.get().gross == 10000
    lose(cast, other)
    repay(cast, "1000.00", "BANK-78")
    with clock.at(cast.later()):
        void_batch(actor=cast.finance, batch=batch, reason="again")
    close(cast, MARCH, "04-02 09:00")
    contest_loss(cast, boss, other)
    assert shown(cast) == {"A1": 10000}
