"""Histories with advances, adjustments and payouts: nothing is created, lost, or left outstanding without cover."""

import os
from decimal import Decimal

import pytest
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels_platform.lib import clock
from channels_platform.lib.errors import Refused
from commissions.models import Adjustment, Advance, LedgerEntry
from commissions.services.adjustments import ask_adjustment, decide_adjustment
from commissions.services.payouts import void_batch
from leads.models import Deal
from tests.services.commissions.advancing import advanced, give_limit, outstanding
from tests.services.commissions.cast import Cast
from tests.services.commissions.test_run_histories import assert_sound
from tests.services.leads.histories import undone

pytestmark = pytest.mark.django_db
some = settings(
    max_examples=int(os.environ.get("ADVANCE_HISTORIES", "6")),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
    database=None,
)
MOVES = ("pay", "pay", "refund", "hand over", "cancel", "cancel", "settle", "fail", "void")
steps = st.lists(
    st.one_of(
        st.tuples(st.just("sign"), st.integers(500_000_00, 900_000_00)),
        st.tuples(st.just("advance"), st.integers(1_00, 9_000_00)),
        st.tuples(st.just("advance"), st.integers(1_00, 9_000_00)),
        st.tuples(st.just("adjust"), st.integers(-2_000_00, 2_000_00).filter(bool)),
        st.tuples(st.sampled_from(MOVES), st.integers(0, 5)),
    ),
    min_size=4,
    max_size=14,
)


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


@some
@given(steps)
def test_whatever_happens_advances_are_covered_and_every_account_adds_up(done):
    with undone():
        story = Story()
        story.step("sign", 600_000_00)
        story.cast.run()
        for step in done:
            try:
                story.step(*step)
            except Refused as refusal:
                assert refusal.code in {"over_limit", "over_pending", "nothing_payable", "not_allowed"}, refusal.code
            story.cast.run()
            assert_covered(story)
