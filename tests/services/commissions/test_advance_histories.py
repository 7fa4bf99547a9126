"""Histories with advances, adjustments and payouts: nothing is created, lost, or left outstanding without cover."""

import os
from decimal import Decimal
from random import Random

import pytest
from django.db.models import Sum

from channels_platform.lib import clock
from channels_platform.lib.errors import Refused
from commissions.models import Adjustment, Advance, LedgerEntry
from commissions.services.adjustments import ask_adjustment, decide_adjustment
from commissions.services.payouts import void_batch
from leads.models import Deal
from tests.services.commissions.advancing import advanced, give_limit, outstanding
from tests.services.commissions.cast import Cast
from tests.services.commissions.test_run_histories import assert_sound

HISTORIES = int(os.environ.get("ADVANCE_HISTORIES", "4"))
# what may happen, and how often beside the rest
WHAT = {
    "sign": 3, "advance": 4, "adjust": 2, "pay": 4, "refund": 1, "hand over": 1, "cancel": 3, "settle": 2, "fail": 1,
    "void": 1,
}  # fmt: skip


def steps(seed: int) -> list[tuple[str, int]]:
    """Draw a history: what happens, and the figure or place it happens with."""
    draw = Random(seed)
    figures = {"sign": (500_000_00, 900_000_00), "advance": (1_00, 5_000_00), "adjust": (-2_000_00, 2_000_00)}
    names = draw.choices(list(WHAT), list(WHAT.values()), k=12)
    return [(name, draw.randint(*figures.get(name, (0, 5))) or 1) for name in names]


def money(cents: int) -> str:
    return str(Decimal(cents) / 100)


class Story:
    def __init__(self) -> None:
        self.cast = Cast()
        self.cast.agency("A1", brokers=["B1"])
        self.cast.plan("A1", tiers=(("0", "0.01"), ("2", "0.02")), retention={"fraction": "0.1", "until": "handover"})
        give_limit(self.cast, "12000.00", fee_rate="0.0123")

    def step(self, what: str, figure: int) -> None:
        cast = self.cast
        if what == "sign":
            cast.contracted("B1", price=money(figure), method="instalment", first="100000.00")
        elif what == "advance":
            advanced(cast, money(figure))
        elif what == "adjust":
            self.adjust(Decimal(figure) / 100)
        elif what == "settle":
            cast.paid()
        elif what == "fail":
            cast.paid(failing=[cast.payee("A1")])
        elif what == "void":
            batch = cast.approved()
            with clock.at(cast.later()):
                void_batch(actor=cast.finance, batch=batch, reason="wrong day")
        else:
            self.move(what, figure)

    def adjust(self, amount: Decimal) -> None:
        cast = self.cast
        with clock.at(cast.later()):
            asked = ask_adjustment(
                actor=cast.finance, payee=cast.payee("A1"), project=cast.project, amount=amount, reason="x"
            )
            decide_adjustment(actor=cast.approver, adjustment=asked, approve=True)

    def move(self, what: str, index: int) -> None:
        deals = list(Deal.objects.filter(project=self.cast.project, state="contracted").order_by("number"))
        if not deals:
            return
        deal = deals[index % len(deals)]
        if what == "cancel":
            self.cast.cancel(deal)
        elif what == "hand over":
            self.cast.hand_over(deal)
        else:
            self.cast.receive(deal, {"pay": "300000.00", "refund": "-200000.00"}[what])


def assert_covered(story: Story) -> None:
    """Each account is what it should be, and what is outstanding is covered by what deals have pending."""
    cast = story.cast
    assert_sound(cast)
    entries = LedgerEntry.objects.filter(project=cast.project)
    left = Decimal(outstanding(cast))
    deals = entries.filter(account="pending", deal__isnull=False).aggregate(total=Sum("amount"))["total"] or 0
    assert 0 <= left <= deals
    earned = entries.filter(account="expense", deal__isnull=False).aggregate(total=Sum("amount"))["total"] or 0
    by_hand = Adjustment.objects.filter(project=cast.project).aggregate(total=Sum("amount"))["total"] or 0
    fees = Advance.objects.filter(project=cast.project).aggregate(total=Sum("fee"))["total"] or 0
    assert Decimal(cast.figures("A1")["earned"]) == -earned + by_hand - fees


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_whatever_happens_advances_are_covered_and_every_account_adds_up(db, seed):
    story = Story()
    story.step("sign", 600_000_00)
    story.cast.run()
    story.step("advance", 3_000_00)
    for step in steps(seed):
        try:
            story.step(*step)
        except Refused as refusal:
            assert refusal.code in {"over_limit", "over_pending", "nothing_payable", "not_allowed"}, refusal.code
        story.cast.run()
        assert_covered(story)
