"""Domain 6.3: where a deal lies on its plan's ladder, and what that earns."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from commissions.engine.calculate import Calculator
from commissions.engine.layout import OutOfOrder
from commissions.engine.types import AppliesTo, Basis, Measure, Mode, Payee, Period, Scope

from .facts import AS_OF, ZONE, at, deal, deals, earned, fixed_tiers, plan, run, series, share, tiers, version

EVERY_TWENTY = tiers(("0", "0.06"), ("20", "0.062"), ("40", "0.064"), ("60", "0.066"), ("80", "0.068"), ("100", "0.07"))


def test_marginal_deal_twenty_is_paid_at_the_first_tier_and_deal_twenty_one_at_the_second():
    rows = run([plan(tiers=EVERY_TWENTY)], deals(21))
    assert [str(row.earned) for row in rows] == ["60000.00"] * 20 + ["62000.00"]


def test_retroactive_nineteen_deals_are_all_paid_at_the_first_tier():
    rows = run([plan(tiers=EVERY_TWENTY, mode=Mode.RETROACTIVE)], deals(19))
    assert {str(row.earned) for row in rows} == {"60000.00"}


def test_retroactive_with_the_twentieth_deal_all_twenty_are_paid_at_the_second_tier():
    rows = run([plan(tiers=EVERY_TWENTY, mode=Mode.RETROACTIVE)], deals(20))
    assert [str(row.earned) for row in rows] == ["62000.00"] * 20


def test_retroactive_a_cancellation_rates_the_others_down_again():
    *kept, last = deals(20)
    cancelled = deal("D20", *last.shares, contracted_at=last.contracted_at, cancelled_at=at("04-01 10:00"))
    rows = run([plan(tiers=EVERY_TWENTY, mode=Mode.RETROACTIVE)], [*kept, cancelled])
    assert [str(row.earned) for row in rows] == ["60000.00"] * 19 + ["0.00"]


def test_retroactive_a_rivals_share_of_a_deal_does_not_count():
    ladder = tiers(("0", "0.01"), ("1", "0.02"))
    halves = deal("D1", share("B1", "1/2", referral="R1"), share("C1", "1/2", referral="R2"))
    rows = run([plan(tiers=ladder, mode=Mode.RETROACTIVE)], [halves])
    assert earned(rows) == {"D1/A1/R1/commission": "5000.00"}


def test_a_cancelled_deal_leaves_its_place_to_the_next():
    ladder = tiers(("0", "0.01"), ("1", "0.02"))
    first = deal("D1", share(referral="R1"), cancelled_at=at("03-20 10:00"))
    second = deal("D2", share(referral="R2"), contracted_at=at("03-06 10:00"))
    assert earned(run([plan(tiers=ladder)], [first, second])) == {"D2/A1/R2/commission": "10000.00"}
    before = run([plan(tiers=ladder)], [first, second], as_of=at("03-19 10:00"))
    assert earned(before) == {"D1/A1/R1/commission": "10000.00", "D2/A1/R2/commission": "20000.00"}


def test_a_deal_measured_by_amount_is_cut_in_proportion_where_it_straddles():
    ladder = tiers(("0", "0.01"), ("1500000", "0.015"), ("2000000", "0.02"))
    first = deal("D1", share(referral="R1"))
    second = deal("D2", share(referral="R2"), price=Decimal("800000.00"), contracted_at=at("03-06 11:00"))
    third = deal("D3", share(referral="R3"), price=Decimal("700000.01"), contracted_at=at("03-07 11:00"))
    rows = run([plan(tiers=ladder, measure=Measure.AMOUNT)], [first, second, third])
    assert [str(row.earned) for row in rows] == ["10000.00", "9500.00", "13000.00"]


def test_a_deal_may_cross_several_tiers():
    ladder = tiers(("0", "0.01"), ("100000", "0.02"), ("200000", "0.03"), ("900000", "0.04"))
    rows = run([plan(tiers=ladder, measure=Measure.AMOUNT)], [deal("D1", share())])
    assert str(rows[0].earned) == "28000.00"


def test_a_deal_that_ends_where_a_tier_starts_has_no_slice_in_it():
    ladder = tiers(("0", "0.01"), ("400000", "0.02"), ("1000000", "0.03"))
    (row,) = run([plan(tiers=ladder, measure=Measure.AMOUNT)], [deal("D1", share())])
    assert row.explanation["slices"] == [
        {"from": "0.00", "to": "400000.00", "rate": "0.01", "base": "400000.00"},
        {"from": "400000.00", "to": "1000000.00", "rate": "0.02", "base": "600000.00"},
    ]


def test_exactly_reaching_a_tiers_start_leaves_marginal_deals_below_it():
    ladder = tiers(("0", "0.01"), ("1000000", "0.02"))
    rows = run([plan(tiers=ladder, measure=Measure.AMOUNT)], [deal("D1", share())])
    assert str(rows[0].earned) == "10000.00"


def test_exactly_reaching_a_tiers_start_puts_retroactive_deals_in_it():
    ladder = tiers(("0", "0.01"), ("1000000", "0.02"))
    rows = run([plan(tiers=ladder, measure=Measure.AMOUNT, mode=Mode.RETROACTIVE)], [deal("D1", share())])
    assert str(rows[0].earned) == "20000.00"


def test_half_a_share_takes_half_a_unit():
    ladder = tiers(("0", "0.01"), ("1", "0.02"), ("2", "0.03"))
    first = deal("D1", share("B1", "1/2", referral="R1"), share("C1", "1/2", referral="R2"))
    second = deal("D2", share("B2", referral="R3"), price=Decimal("900000.00"), contracted_at=at("03-06 11:00"))
    assert earned(run([plan(tiers=ladder)], [first, second])) == {
        "D1/A1/R1/commission": "5000.00",
        "D2/A1/R3/commission": "13500.00",
    }


def test_two_shares_of_one_agency_lie_in_the_order_they_were_filed():
    ladder = tiers(("0", "0.01"), ("1/2", "0.02"))
    later = share("B1", "1/2", referral="R1", filed="03-02 08:00")
    earlier = share("B2", "1/2", referral="R2", filed="03-01 08:00")
    assert earned(run([plan(tiers=ladder)], [deal("D1", later, earlier)])) == {
        "D1/A1/R2/commission": "5000.00",
        "D1/A1/R1/commission": "10000.00",
    }


def test_shares_filed_at_one_instant_lie_in_the_order_of_their_numbers():
    ladder = tiers(("0", "0.01"), ("1/2", "0.02"))
    rows = run([plan(tiers=ladder)], [deal("D1", share("B1", "1/2", referral="R2"), share("B2", "1/2", referral="R1"))])
    assert earned(rows) == {"D1/A1/R1/commission": "5000.00", "D1/A1/R2/commission": "10000.00"}


def test_deals_contracted_at_one_instant_lie_in_the_order_of_their_numbers_as_text():
    ladder = tiers(("0", "0.01"), ("1", "0.02"))
    rows = run([plan(tiers=ladder)], [deal("D9", share(referral="R9")), deal("D10", share(referral="R10"))])
    assert earned(rows) == {"D10/A1/R10/commission": "10000.00", "D9/A1/R9/commission": "20000.00"}


def test_deals_lie_in_the_order_of_contracts_not_of_subscriptions():
    ladder = tiers(("0", "0.01"), ("1", "0.02"))
    early = deal("D1", share(referral="R1"), subscribed_at=at("02-01 10:00"), contracted_at=at("03-09 10:00"))
    late = deal("D2", share(referral="R2"), subscribed_at=at("03-08 10:00"), contracted_at=at("03-08 11:00"))
    assert earned(run([plan(tiers=ladder)], [early, late])) == {
        "D2/A1/R2/commission": "10000.00",
        "D1/A1/R1/commission": "20000.00",
    }


@pytest.mark.parametrize(
    ("period", "same", "next_one"),
    [
        (Period.MONTH, "03-31 23:59:59", "04-01 00:00:00"),
        (Period.QUARTER, "03-31 23:59:59", "04-01 00:00:00"),
        (Period.YEAR, "2026-12-31 23:59:59", "2027-01-01 00:00:00"),
    ],
)
def test_a_period_is_of_the_contracts_local_date(period, same, next_one):
    ladder = tiers(("0", "0.01"), ("1", "0.02"))
    signed = [("D1", "03-05 11:00"), ("D2", same), ("D3", next_one)]
    found = [deal(number, share(referral=number), contracted_at=at(when)) for number, when in signed]
    rows = run([plan(tiers=ladder, period=period)], found, as_of=at("2027-02-01 00:00"))
    assert [str(row.earned) for row in rows] == ["10000.00", "20000.00", "10000.00"]


def test_a_whole_plan_has_one_period_across_years():
    ladder = tiers(("0", "0.01"), ("1", "0.02"))
    found = [deal("D1", share()), deal("D2", share(), contracted_at=at("2027-03-01 00:00"))]
    rows = run([plan(tiers=ladder)], found, as_of=at("2027-04-01 00:00"))
    assert [str(row.earned) for row in rows] == ["10000.00", "20000.00"]


def test_scope_broker_counts_each_brokers_own_deals():
    ladder = tiers(("0", "0.01"), ("1", "0.02"))
    signed = [("D1", "B1", "03-05 11:00"), ("D2", "B2", "03-05 12:00"), ("D3", "B1", "03-05 13:00")]
    found = [deal(number, share(broker, referral=number), contracted_at=at(when)) for number, broker, when in signed]
    by_broker = run([plan(tiers=ladder, scope=Scope.BROKER)], found)
    assert [str(row.earned) for row in by_broker] == ["10000.00", "10000.00", "20000.00"]
    by_agency = run([plan(tiers=ladder, scope=Scope.AGENCY)], found)
    assert [str(row.earned) for row in by_agency] == ["10000.00", "20000.00", "20000.00"]


def test_scope_project_counts_every_referred_deal_whole_whoever_brought_it():
    ladder = tiers(("0", "0.01"), ("2", "0.02"))
    rivals = deal("D1", share("C1", referral="R2"))
    shared = deal(
        "D2", share("B1", "1/2", referral="R1"), share("C1", "1/2", referral="R3"), contracted_at=at("03-06 11:00")
    )
    natural = deal("D3", contracted_at=at("03-07 11:00"))
    own = deal("D4", share("B1", referral="R4"), contracted_at=at("03-08 11:00"))
    rows = run([plan(tiers=ladder, scope=Scope.PROJECT)], [rivals, shared, natural, own])
    assert earned(rows) == {"D2/A1/R1/commission": "5000.00", "D4/A1/R4/commission": "20000.00"}


def test_scope_project_each_share_takes_its_proportion_of_every_slice():
    ladder = tiers(("0", "0.01"), ("800000", "0.02"))
    halves = deal("D1", share("B1", "1/2", referral="R1"), share("B2", "1/2", referral="R2"))
    rows = run([plan(tiers=ladder, scope=Scope.PROJECT, measure=Measure.AMOUNT)], [halves])
    assert [str(row.earned) for row in rows] == ["6000.00", "6000.00"]


def test_an_onsite_agency_is_paid_whole_for_every_deal_whatever_scope_its_plan_names():
    ladder = tiers(("0", "0.003"), ("1", "0.004"))
    shared = deal("D1", share("B1", "1/2", referral="R1"), share("C1", "1/2", referral="R2"))
    natural = deal("D2", contracted_at=at("03-06 11:00"))
    onsite = plan(agency="S1", tiers=ladder, applies_to=AppliesTo.ALL, scope=Scope.BROKER)
    rows = run([onsite], [shared, natural])
    assert earned(rows) == {"D1/S1/commission": "3000.00", "D2/S1/commission": "4000.00"}
    assert [row.referral_id for row in rows] == [None, None]


def test_onsite_plans_for_referred_and_for_walk_in_deals_count_apart():
    referred = plan(agency="S1", id="r", series_id="r", tiers=tiers(("0", "0.003"), ("1", "0.004")))
    walk_in = plan(
        agency="S1", id="w", series_id="w", applies_to=AppliesTo.WALK_IN, tiers=tiers(("0", "0.008"), ("1", "0.009"))
    )
    found = [
        deal("D1", share()),
        deal("D2", contracted_at=at("03-06 11:00")),
        deal("D3", contracted_at=at("03-07 11:00")),
        deal("D4", share("C1"), contracted_at=at("03-08 11:00")),
    ]
    assert earned(run([referred, walk_in], found)) == {
        "D1/S1/commission": "3000.00",
        "D2/S1/commission": "8000.00",
        "D3/S1/commission": "9000.00",
        "D4/S1/commission": "4000.00",
    }


def test_both_sides_of_a_deal_are_paid_each_by_its_own_plan():
    onsite = plan(agency="S1", id="o", series_id="o", applies_to=AppliesTo.ALL, tiers=tiers(("0", "0.003")))
    assert earned(run([plan(), onsite], [deal("D1", share())])) == {
        "D1/A1/R1/commission": "10000.00",
        "D1/S1/commission": "3000.00",
    }


def test_a_brokers_plan_pays_the_broker_who_filed_beside_the_agencys_plan():
    brokers = plan(id="b", series_id="b", payee=Payee.BROKER, tiers=tiers(("0", "0.001")))
    rows = run([plan(), brokers], [deal("D1", share("B2"))])
    assert earned(rows) == {"D1/A1/R1/commission": "10000.00", "D1/B2/R1/commission": "1000.00"}
    assert [row.payee for row in rows] == [("agency", "A1"), ("broker", "B2")]


def test_an_agency_without_a_plan_earns_nothing():
    assert run([plan()], [deal("D1", share("C1"))]) == []


def test_a_fixed_sum_is_per_unit_and_half_a_share_earns_half_of_it():
    ladder = fixed_tiers(("0", "10000.00"), ("1", "12000.00"), ("2", "15000.00"))
    halves = deal("D1", share("B1", "1/2", referral="R1"), share("C1", "1/2", referral="R2"))
    second = deal("D2", share("B1", referral="R3"), contracted_at=at("03-06 11:00"))
    third = deal("D3", share("B1", referral="R4"), contracted_at=at("03-07 11:00"))
    rows = run([plan(tiers=ladder, basis=Basis.FIXED)], [halves, second, third])
    assert [str(row.earned) for row in rows] == ["5000.00", "11000.00", "13500.00"]


def test_a_fixed_sum_measured_by_amount_is_cut_where_the_price_straddles():
    ladder = fixed_tiers(("0", "10000.00"), ("250000", "20000.00"))
    rows = run([plan(tiers=ladder, basis=Basis.FIXED, measure=Measure.AMOUNT)], [deal("D1", share())])
    assert str(rows[0].earned) == "17500.00"


def test_the_version_in_force_on_the_local_day_of_subscription_pays_both_days_included():
    old = version(id="old", to_on=date(2026, 3, 31))
    new = version(
        id="new", from_on=date(2026, 4, 1), to_on=date(2026, 4, 30), tiers=tiers(("0", "0.02"), ("2", "0.03"))
    )
    found = [
        deal("D1", share(), subscribed_at=at("03-31 23:59:59"), contracted_at=at("04-05 10:00")),
        deal("D2", share(), subscribed_at=at("04-01 00:00"), contracted_at=at("04-05 11:00")),
        deal("D3", share(), subscribed_at=at("04-30 23:59:59"), contracted_at=at("05-05 11:00")),
        deal("D4", share(), subscribed_at=at("05-01 00:00"), contracted_at=at("05-05 12:00")),
    ]
    rows = run([series(old, new)], found)
    assert [(row.deal_id, row.version_id, str(row.earned)) for row in rows] == [
        ("D1", "old", "10000.00"),
        ("D2", "new", "20000.00"),
        ("D3", "new", "30000.00"),
    ]


def test_each_deal_is_placed_as_its_own_version_sees_the_whole_series():
    by_units = version(id="old", to_on=date(2026, 3, 31))
    by_amount = version(
        id="new", from_on=date(2026, 4, 1), measure=Measure.AMOUNT, tiers=tiers(("0", "0.02"), ("1500000", "0.03"))
    )
    found = [
        deal("D1", share()),
        deal("D2", share(), subscribed_at=at("04-01 10:00"), contracted_at=at("04-02 10:00")),
    ]
    assert [str(row.earned) for row in run([series(by_units, by_amount)], found)] == ["10000.00", "25000.00"]


def test_a_deal_under_no_version_takes_no_room():
    ladder = tiers(("0", "0.01"), ("1", "0.02"))
    before = deal("D1", share(), subscribed_at=at("2025-12-31 23:59:59"))
    after = deal("D2", share(), contracted_at=at("03-06 11:00"))
    assert earned(run([plan(tiers=ladder)], [before, after])) == {"D2/A1/R1/commission": "10000.00"}


def test_earned_is_rounded_once_after_its_slices_are_summed():
    # 0.005 from each tier: rounded apart they would make 0.02
    ladder = tiers(("0", "0.005"), ("1", "0.0025"))
    rows = run([plan(tiers=ladder, measure=Measure.AMOUNT)], [deal("D1", share(), price=Decimal("3.00"))])
    assert str(rows[0].earned) == "0.01"


def test_a_third_of_a_price_is_exact_until_it_is_rounded():
    rows = run([plan(tiers=tiers(("0", "0.015")))], [deal("D1", share("B1", "1/3"), price=Decimal("1.00"))])
    assert str(rows[0].earned) == "0.01"


def test_a_currency_without_minor_units_rounds_to_whole_ones():
    rows = run([plan(tiers=tiers(("0", "0.015")))], [deal("D1", share(), price=Decimal(99900))], currency="JPY")
    assert str(rows[0].earned) == "1499"


def test_deals_given_out_of_order_are_an_error_not_a_wrong_figure():
    calculator = Calculator([plan()], zone=ZONE, currency="CNY", as_of=AS_OF)
    first, second = deals(2)
    calculator.entitle(second)
    with pytest.raises(OutOfOrder):
        calculator.entitle(first)


def test_a_deal_given_twice_is_an_error_not_a_wrong_figure():
    calculator = Calculator([plan()], zone=ZONE, currency="CNY", as_of=AS_OF)
    calculator.entitle(deal("D1", share()))
    with pytest.raises(OutOfOrder):
        calculator.entitle(deal("D1", share()))


def test_retroactive_plans_need_every_deal_observed_first():
    calculator = Calculator([plan(mode=Mode.RETROACTIVE)], zone=ZONE, currency="CNY", as_of=AS_OF)
    assert calculator.needs_totals
    with pytest.raises(OutOfOrder):
        calculator.entitle(deal("D1", share()))


def test_marginal_plans_need_one_pass():
    assert not Calculator([plan()], zone=ZONE, currency="CNY", as_of=AS_OF).needs_totals


def test_a_tier_without_what_its_basis_pays_is_an_error():
    with pytest.raises(ValueError, match="basis"):
        run([plan(basis=Basis.FIXED)], [])


def test_shares_of_a_third_add_up_to_whole_units():
    ladder = tiers(("0", "0.01"), ("1", "0.02"))
    thirds = deal("D1", *(share("B1", "1/3", referral=f"R{n}") for n in range(3)), price=Decimal("300000.00"))
    after = deal("D2", share("B1", referral="R9"), contracted_at=at("03-06 11:00"))
    rows = run([plan(tiers=ladder)], [thirds, after])
    assert [str(row.earned) for row in rows] == ["1000.00"] * 3 + ["20000.00"]
    assert rows[-1].explanation["slices"] == [{"from": "1", "to": "2", "rate": "0.02"}]
    assert Fraction(rows[0].explanation["share"]) == Fraction(1, 3)
