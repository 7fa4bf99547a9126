"""Two ledgers laid side by side: exact first, then the best fit, each row and each deal once."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest

from commissions.engine.matching import Ours, Reason, Theirs, match

DAY = date(2026, 3, 5)


def ours(deal: str = "D-1", **changed) -> Ours:
    given = {
        "unit": f"1-{deal[2:]}01", "clients": frozenset({"张**"}), "on": DAY, "amount": Decimal("100.00"),
        "earned": Decimal("200.00"),
    }  # fmt: skip
    return Ours(deal=deal, **{**given, **changed})


def theirs(number: int = 2, **changed) -> Theirs:
    return Theirs(number, **changed)


def only(row: Theirs, *deals: Ours):
    return match([row], deals or [ours()])[0]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"deal": "d 1", "amount": Decimal(100), "on": DAY}, Reason.AGREES),
        ({"deal": "D-1", "amount": Decimal(100)}, Reason.AGREES),
        ({"deal": "D-1", "amount": Decimal(100), "on": date(2026, 3, 6)}, Reason.DATE_DIFFERS),
        ({"deal": "D-1", "amount": Decimal(99)}, Reason.AMOUNT_DIFFERS),
        ({"deal": "D-1"}, Reason.NO_AMOUNT),
        ({"unit": "1-101", "on": date(2026, 3, 6)}, Reason.NO_AMOUNT),
        ({"amount": Decimal(7)}, Reason.MISSING_WITH_US),
        ({"deal": "D-1", "amount": Decimal(200)}, Reason.NOT_YET_RELEASED),
        ({"deal": "D-1", "amount": Decimal(150)}, Reason.NOT_YET_RELEASED),
        ({"deal": "D-1", "amount": Decimal(201)}, Reason.AMOUNT_DIFFERS),
        ({"deal": "D-9", "unit": "1-101", "amount": Decimal(100)}, Reason.MISSING_WITH_US),
        ({"unit": "1－101", "amount": Decimal(100), "on": DAY}, Reason.AGREES),
        ({"unit": "1-101", "amount": Decimal(7)}, Reason.AMOUNT_DIFFERS),
        ({"client": "张**", "amount": Decimal(100)}, Reason.AGREES),
        ({"client": "李**", "amount": Decimal(100)}, Reason.MISSING_WITH_US),
        ({"client": "张**", "amount": Decimal(99), "on": DAY}, Reason.MISSING_WITH_US),
    ],
)
def test_each_row_has_its_reason(row, reason):
    assert only(theirs(**row)).reason == reason


def test_a_deal_that_fell_through_is_clawed_back_and_a_part_is_of_another_share():
    row = theirs(deal="D-1", amount=Decimal(300))
    assert only(row, ours(amount=Decimal(0), earned=Decimal(0), cancelled=True)).reason == Reason.CLAWED_BACK
    assert only(row, ours(share=Fraction(1, 3))).reason == Reason.OTHER_SHARE
    assert only(row, ours(share=Fraction(1, 2))).reason == Reason.AMOUNT_DIFFERS


def test_no_amount_is_what_is_due_where_nothing_is():
    assert only(theirs(deal="D-1"), ours(amount=Decimal(0))).reason == Reason.AGREES
    assert [one for one in Reason if not one.differs] == [Reason.AGREES, Reason.LEFT_OUT]


def test_a_row_twice_is_a_duplicate_whether_it_names_the_deal_or_its_unit():
    for row in ({"deal": "D-1"}, {"unit": "1-101", "on": DAY}):
        found = match([theirs(2, amount=Decimal(100), **row), theirs(3, amount=Decimal(100), **row)], [ours()])
        assert [one.reason for one in found] == [Reason.AGREES, Reason.DUPLICATE]


def test_the_better_fit_has_the_deal_whatever_the_order():
    vague, sure = theirs(2, client="张**", amount=Decimal(100)), theirs(3, unit="1-101", amount=Decimal(100))
    found = match([vague, sure], [ours()])
    assert [(one.reason, one.ours is not None) for one in found] == [
        (Reason.MISSING_WITH_US, False), (Reason.AGREES, True),
    ]  # fmt: skip


def test_what_they_lack_is_said_unless_nothing_is_due_or_it_is_of_another_span():
    deals = [ours("D-1"), ours("D-2", amount=Decimal(0)), ours("D-3", due=False)]
    assert [(one.ours.deal, one.reason) for one in match([], deals)] == [("D-1", Reason.MISSING_WITH_THEM)]


def test_each_is_matched_once_and_the_order_of_ours_changes_nothing():
    chance = Random(5)
    deals = [ours(f"D-{i}", unit=f"1-{i % 7}", amount=Decimal(chance.randint(1, 4))) for i in range(60)]
    rows = [
        theirs(i, unit=f"1-{i % 9}", client="张**", amount=Decimal(chance.randint(1, 4)), on=DAY) for i in range(80)
    ]
    found = match(rows, deals)
    pairs = [one.ours.deal for one in found if one.ours and one.theirs]
    assert len(pairs) == len(set(pairs)) > 0
    assert [one.theirs.number for one in found if one.theirs] == list(range(80))
    chance.shuffle(deals)
    assert match(rows, deals) == found
