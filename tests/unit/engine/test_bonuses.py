"""Domain 6.4: bonuses per deal."""

from decimal import Decimal
from fractions import Fraction

import pytest

from commissions.engine.bonuses import bonus_parts, in_filing_order
from commissions.engine.types import AppliesTo, Milestone, Payee

from .facts import at, cash, deal, earned, figures, payment, plan, run, share

THIRDS = (
    share("B1", "1/3", referral="R1", filed="03-02 08:00"),
    share("B2", "1/3", referral="R2", filed="03-01 08:00"),
    share("C1", "1/3", referral="R3", filed="03-03 08:00"),
)


def test_the_odd_cent_goes_to_the_earlier_filed_and_each_plan_pays_its_own_part():
    a1 = plan(bonuses=(cash("100.00", release=Milestone.SUBSCRIBED),))
    a2 = plan(agency="A2", id="v2", series_id="s2", bonuses=(cash("50.00", to=Payee.AGENCY),))
    assert earned(run([a1, a2], [deal("D1", *THIRDS, contracted_at=None)])) == {
        "D1/B2/R2/bonus:cash": "33.34",
        "D1/B1/R1/bonus:cash": "33.33",
        "D1/A2/R3/bonus:cash": "16.66",
    }


def test_parts_of_a_bonus_sum_to_it_whichever_plans_the_shares_are_under():
    assert sum(bonus_parts(Decimal("100.00"), in_filing_order(THIRDS), "CNY")) == 10000
    assert bonus_parts(Decimal("100.00"), (), "CNY") == ()


def test_a_bonus_is_earned_from_subscription_and_released_at_its_own_milestone():
    plans = [plan(bonuses=(cash("3000.00", release=Milestone.FIRST_PAYMENT),), retention_fraction=Fraction(1, 2))]
    fact = deal("D1", share(), payments=(payment("300000.00", "03-06 10:00"),))
    before = [figures(row) for row in run(plans, [fact], as_of=at("03-05 10:00")) if row.kind == "bonus:cash"]
    after = [figures(row) for row in run(plans, [fact], as_of=at("03-06 10:00")) if row.kind == "bonus:cash"]
    assert before == [
        {"earned": "3000.00", "released": "0.00", "retained": "0.00", "payable": "0.00", "pending": "3000.00"}
    ]
    assert after == [
        {"earned": "3000.00", "released": "3000.00", "retained": "0.00", "payable": "3000.00", "pending": "0.00"}
    ]


def test_a_cancelled_deals_bonus_is_nothing_even_if_it_was_released():
    fact = deal("D1", share(), cancelled_at=at("04-01 10:00"))
    plans = [plan(bonuses=(cash("3000.00", release=Milestone.SUBSCRIBED),))]
    assert earned(run(plans, [fact])) == {}
    assert earned(run(plans, [fact], as_of=at("03-05 10:00"))) == {"D1/B1/R1/bonus:cash": "3000.00"}


@pytest.mark.parametrize(("to", "payee"), [(Payee.BROKER, ("broker", "B1")), (Payee.AGENCY, ("agency", "A1"))])
def test_a_bonus_goes_to_whom_the_plan_says_whoever_the_commission_goes_to(to, payee):
    for plan_payee in Payee:
        rows = run([plan(payee=plan_payee, bonuses=(cash("10.00", to=to),))], [deal("D1", share())])
        assert [row.payee for row in rows if row.kind == "bonus:cash"] == [payee]


def test_an_onsite_agencys_bonus_is_whole_on_a_shared_deal_and_on_a_natural_one():
    onsite = plan(agency="S1", applies_to=AppliesTo.ALL, bonuses=(cash("500.00", to=Payee.AGENCY, name="speed"),))
    rows = run([onsite], [deal("D1", *THIRDS), deal("D2")])
    assert [(row.payee, row.referral_id, str(row.earned)) for row in rows if row.kind == "bonus:speed"] == [
        (("agency", "S1"), None, "500.00"),
        (("agency", "S1"), None, "500.00"),
    ]


def test_bonuses_that_two_plans_name_alike_are_one_row_for_their_payee():
    agencys = plan(bonuses=(cash("100.00", release=Milestone.SUBSCRIBED),))
    brokers = plan(id="v2", series_id="s2", payee=Payee.BROKER, bonuses=(cash("20.00", release=Milestone.HANDOVER),))
    rows = [row for row in run([agencys, brokers], [deal("D1", share())]) if row.kind == "bonus:cash"]
    assert [figures(row) for row in rows] == [
        {"earned": "120.00", "released": "100.00", "retained": "0.00", "payable": "100.00", "pending": "20.00"}
    ]
    assert [part["version"] for part in rows[0].explanation["parts"]] == ["v1", "v2"]
