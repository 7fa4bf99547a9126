"""Caps: the most that a version pays for a deal and for a period, cut in the order of contracts, and said so."""

from decimal import Decimal

import pytest

from commissions.engine.explain import PlainWords, render
from commissions.engine.types import Caps, Conditions, Milestone, Mode, Payee, Period, Scope

from .facts import at, cash, deal, deals, earned, payment, plan, run, series, share, tiers, version


def cap(*, deal=None, period=None):
    return Caps(deal and Decimal(deal), period and Decimal(period))


@pytest.mark.parametrize("mode", list(Mode))
def test_a_deal_earns_at_most_its_cap(mode):
    two = plan(tiers=tiers(("0", "0.01"), ("1", "0.02")), mode=mode, caps=cap(deal="15000"))
    first = {Mode.MARGINAL: "10000.00", Mode.RETROACTIVE: "15000.00"}[mode]
    assert earned(run([two], deals(2))) == {"D01/A1/R01/commission": first, "D02/A1/R02/commission": "15000.00"}


def test_a_deals_cap_is_laid_over_its_shares_to_the_last_cent():
    shares = [share("B1", "1/3"), share("B2", "1/3", referral="R2"), share("C1", "1/3", referral="R3")]
    found = run([plan(caps=cap(deal="1000.00")), plan(agency="A2", caps=cap(deal="1000.00"))], [deal("D1", *shares)])
    assert earned(found) == {
        "D1/A1/R1/commission": "333.34",
        "D1/A1/R2/commission": "333.33",
        "D1/A2/R3/commission": "333.33",
    }


def test_an_onsite_agencys_deal_is_cut_whole():
    own = plan(agency="S1", applies_to="all", caps=cap(deal="9000"))
    assert earned(run([own], [deal("D1", share())])) == {"D1/S1/commission": "9000.00"}


def test_a_period_pays_in_the_order_of_contracts_until_its_cap_is_used_up():
    found = run([plan(caps=cap(period="25000"))], deals(4))
    assert list(earned(found).values()) == ["10000.00", "10000.00", "5000.00"]
    assert found[3].earned == 0


def test_each_period_has_its_own_cap():
    monthly = plan(period=Period.MONTH, caps=cap(period="5000"))
    april = deal("D2", share(referral="R2"), contracted_at=at("04-01 00:00"))
    assert list(earned(run([monthly], [*deals(1), april])).values()) == ["5000.00", "5000.00"]


def test_each_broker_has_its_own_cap_where_brokers_are_counted():
    own = plan(payee=Payee.BROKER, scope=Scope.BROKER, caps=cap(period="15000"))
    other = deal("D9", share("B2", referral="R9"), contracted_at=at("03-06 10:00"))
    assert list(earned(run([own], [*deals(2), other])).values()) == ["10000.00", "5000.00", "10000.00"]


def test_a_cancelled_deal_gives_its_part_of_the_cap_to_the_next():
    first, second, third = deals(3)
    cancelled = first._replace(cancelled_at=at("03-09 10:00"))
    plans = [plan(caps=cap(period="20000"))]
    assert earned(run(plans, [cancelled, second, third])) == {
        "D02/A1/R02/commission": "10000.00",
        "D03/A1/R03/commission": "10000.00",
    }


def test_a_period_counts_what_other_versions_of_the_plan_paid():
    before = version(id="v1", to_on=at("03-05 00:00").date())
    behind = version(id="v2", from_on=at("03-06 00:00").date(), caps=cap(period="12000"))
    later = deal("D2", share(referral="R2"), subscribed_at=at("03-06 10:00"), contracted_at=at("03-06 11:00"))
    assert list(earned(run([series(before, behind)], [*deals(1), later])).values()) == ["10000.00", "2000.00"]


def test_what_a_condition_keeps_out_uses_up_no_cap():
    dear = plan(conditions=Conditions(price=None, building=("1",)), caps=cap(period="10000"))
    assert earned(run([dear], deals(1))) == {}


def test_bonuses_stand_beside_a_cap():
    capped = plan(caps=cap(deal="100", period="100"), bonuses=(cash("3000"),))
    assert earned(run([capped], deals(1))) == {"D01/A1/R01/commission": "100.00", "D01/B1/R01/bonus:cash": "3000.00"}


def test_release_and_retention_are_of_what_the_cap_leaves():
    (one,) = deals(1)
    paid = one._replace(payments=(payment("1000000", "03-06 10:00"),))
    (row,) = run([plan(caps=cap(deal="999.99"))], [paid])
    assert (row.earned, row.released) == (Decimal("999.99"), Decimal("999.99"))
    assert Milestone.FULLY_COLLECTED in dict(row.explanation["reached"])


def test_the_explanation_says_what_was_cut_and_by_which_cap():
    found = run([plan(period=Period.MONTH, caps=cap(deal="8000", period="12000"))], deals(2))
    assert render(found[1].explanation, PlainWords()) == (
        "units 1-2 of March 2026 at 1 % of 1,000,000.00; cut from 10,000.00 to 8,000.00: at most 8,000.00 a deal; "
        "cut from 8,000.00 to 4,000.00: at most 12,000.00 in March 2026"
    )


def test_what_no_cap_cuts_is_explained_as_ever():
    with_cap, without = (run([plan(caps=caps)], deals(1))[0].explanation for caps in (cap(deal="10000"), Caps()))
    assert with_cap == without
