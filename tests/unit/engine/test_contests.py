"""Rounds of contests, places in them, and prizes laid over equals to the cent."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from channels_platform.lib.errors import Invalid
from commissions.engine.contests import Days, Every, placed, read_prizes, round_label, round_on, rounds_over, taken

PRIZES = [80000, 50000, 30001]


def day(text):
    return date.fromisoformat(f"2026-{text}")


def told(**figures):
    exact = {who: Fraction(figure) for who, figure in figures.items()}
    return [(one.who, one.place, one.sharing, one.prize) for one in placed(exact, PRIZES)]


def test_each_place_has_its_prize_and_the_rest_has_none():
    assert told(a=5, b=9, c=7, d=1) == [("b", 1, 1, 80000), ("c", 2, 1, 50000), ("a", 3, 1, 30001), ("d", 4, 1, 0)]


def test_equals_share_the_prizes_of_the_places_they_take():
    assert told(a=9, b=7, c=7) == [("a", 1, 1, 80000), ("b", 2, 2, 40001), ("c", 2, 2, 40000)]
    assert list(taken(PRIZES, 2, 2)) == [50000, 30001]


def test_equals_beyond_the_last_prize_share_what_there_is():
    found = told(a=9, b=8, c=7, d=7, e=7, f=6)
    assert found[2:] == [("c", 3, 3, 10001), ("d", 3, 3, 10000), ("e", 3, 3, 10000), ("f", 6, 1, 0)]


def test_all_prizes_are_given_to_the_cent_and_no_more():
    for count in range(1, 8):
        assert sum(one[-1] for one in told(**{f"b{n}": 1 for n in range(count)})) == sum(PRIZES[:count])


def test_who_did_nothing_has_no_place():
    assert told(a=0, b=1) == [("b", 1, 1, 80000)]
    assert told() == []


def test_parts_of_deals_are_compared_exactly():
    assert told(a="1/3", b="2/3", c="0.34")[0][:2] == ("b", 1)
    assert [one[1] for one in told(a="1/3", b="2/6")] == [1, 1]


@pytest.mark.parametrize(
    ("every", "on", "days", "label"),
    [
        (Every.WEEK, "03-04", ("03-02", "03-08"), "2026-W10"),
        (Every.WEEK, "02-26", ("02-25", "03-01"), "2026-W09"),  # the contest begins on a Wednesday
        (Every.WEEK, "03-17", ("03-16", "03-18"), "2026-W12"),  # and ends on one
        (Every.MONTH, "03-04", ("03-01", "03-18"), "2026-03"),
        (Every.MONTH, "02-27", ("02-25", "02-28"), "2026-02"),
    ],
)
def test_a_round_is_the_part_of_its_week_or_month_within_the_contest(every, on, days, label):
    found = round_on(every, day(on), first=day("02-25"), last=day("03-18"))
    assert found == Days(*map(day, days))
    assert round_label(every, found) == label


def test_a_week_of_two_years_has_its_iso_year():
    assert round_label(Every.WEEK, Days(date(2027, 1, 1), date(2027, 1, 3))) == "2026-W53"


def test_a_round_is_over_the_day_after_its_last():
    def over(today):
        return [one.last for one in rounds_over(Every.WEEK, first=day("02-25"), last=day("03-18"), today=day(today))]

    assert over("03-01") == []
    assert over("03-02") == [day("03-01")]
    assert over("12-31") == [day("03-01"), day("03-08"), day("03-15"), day("03-18")]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ([], "required"),
        (["1"] * 21, "too_many"),
        (["0"], "not_positive"),
        (["-5"], "not_positive"),
        (["5", "6"], "must_not_rise"),
        (["5.001"], "invalid_amount"),
        (["five"], "invalid_number"),
        ([str(10**13)], "out_of_range"),
    ],
)
def test_prizes_are_amounts_that_do_not_rise(given, code):
    with pytest.raises(Invalid) as refusal:
        read_prizes(given, currency="CNY")
    assert (refusal.value.code, refusal.value.field) == (code, "prizes")


def test_prizes_have_the_currencys_digits():
    assert list(map(str, read_prizes(["800", Decimal("800.0"), "500"], currency="CNY"))) == [
        "800.00",
        "800.00",
        "500.00",
    ]
    assert list(map(str, read_prizes(["800"], currency="JPY"))) == ["800"]
