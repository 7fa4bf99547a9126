"""Histories: however often and whenever runs happen, the ledger ends as one run at the end would have it."""

from collections.abc import Sequence
from decimal import Decimal

import pytest
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels_platform.lib.errors import NotAllowed
from commissions.models import Accrual, LedgerEntry, Payee
from leads.models import Deal
from tests.services.commissions.cast import ACCOUNTS, Cast
from tests.services.leads.histories import undone

pytestmark = pytest.mark.django_db
few = settings(
    max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], database=None
)
PLANS = (
    {"mode": "retroactive", "period": "month", "tiers": (("0", "0.01"), ("2", "0.0123"), ("4", "0.015"))},
    {"mode": "marginal", "measure": "amount", "tiers": (("0", "0.01"), ("1500000", "0.02"))},
    {"mode": "retroactive", "scope": "project", "period": "quarter", "tiers": (("0", "0.01"), ("3", "0.02"))},
)
BONUS = [{"name": "cash", "amount": "1000.01", "to": "broker", "release": "first_payment"}]
BROKERS = ((), ("B1",), ("B2",), ("C1",), ("B1", "C1"), ("B1", "B2", "C1"))
MOVES = ("contract", "contract", "pay", "pay", "refund", "hand over", "cancel")
# A subscription by some brokers at a price in cents, or a move of one of the deals that are open to it.
steps = st.lists(
    st.one_of(
        st.tuples(st.just("subscribe"), st.sampled_from(BROKERS), st.integers(500_000_00, 900_000_00)),
        st.tuples(st.sampled_from(MOVES), st.integers(0, 5), st.just(0)),
        st.tuples(st.sampled_from(MOVES), st.integers(0, 5), st.just(0)),
    ),
    min_size=3,
    max_size=16,
)
Step = tuple[str, object, int]


class Twins:
    """Two projects that live through the same events; only the first is run after each of them."""

    def __init__(self, rules: dict[str, object]) -> None:
        self.casts = (Cast(), Cast())
        for cast in self.casts:
            cast.agency("S1", kind="onsite")
            cast.agency("A1", brokers=["B1", "B2"])
            cast.agency("A2", brokers=["C1"])
            cast.plan("A1", **rules, bonuses=BONUS, retention={"fraction": "0.1", "until": "handover"})
            cast.plan("A2", payee="broker")
            cast.plan("S1", applies_to="all", mode="retroactive", tiers=(("0", "0.001"), ("4", "0.002")))
        self.deals: list[tuple[Deal, Deal]] = []

    def live(self, index: int, state: str) -> tuple[Deal, Deal] | None:
        open_deals = [pair for pair in self.deals if Deal.objects.get(pk=pair[0].pk).state == state]
        return open_deals[index % len(open_deals)] if open_deals else None

    def step(self, what: str, who: object, cents: int) -> None:
        if what == "subscribe":
            price = f"{cents // 100}.{cents % 100:02d}"
            made = [cast.subscribed(*who, price=price, method="instalment", first="100000.00") for cast in self.casts]
            self.deals.append(tuple(made))
            return
        pair = self.live(who, "subscribed" if what == "contract" else "contracted")
        amount = {"pay": "250000.00", "refund": "-200000.00"}.get(what)
        for cast, deal in zip(self.casts, pair or (), strict=bool(pair)):
            if amount:
                cast.receive(deal, amount)
            elif what == "contract":
                cast.sign(deal)
            elif what == "hand over":
                cast.hand_over(deal)
            else:
                cast.cancel(deal)


def lines(cast: Cast, deals: list[Deal]) -> list[tuple[object, ...]]:
    places = {deal.pk: place for place, deal in enumerate(deals)}
    return sorted(
        (
            places[line.deal_id],
            str(line.payee),
            line.kind,
            line.earned,
            line.released,
            line.retained,
            line.pending,
            line.referral_id is None,
            str({**line.explanation, "version": ""}),
        )
        for line in Accrual.objects.filter(project=cast.project).select_related("payee__agency", "payee__broker__user")
    )


@few
@given(st.sampled_from(PLANS), steps)
def test_a_run_after_each_event_ends_as_one_run_at_the_end(rules, done):
    with undone():
        compare_the_ends(Twins(rules), done)


def compare_the_ends(twins: Twins, done: Sequence[Step]) -> None:
    for step in done:
        twins.step(*step)
        twins.casts[0].run()
        assert_sound(twins.casts[0])
    twins.casts[1].run()
    first, second = (lines(cast, [pair[place] for pair in twins.deals]) for place, cast in enumerate(twins.casts))
    assert first == second
    for name in ("A1", "S1", "B1", "B2", "C1"):
        held = [cast.figures(name) if _is_payee(cast, name) else None for cast in twins.casts]
        assert (held[0] or dict.fromkeys(ACCOUNTS, "0.00")) == (held[1] or dict.fromkeys(ACCOUNTS, "0.00"))


@few
@given(st.sampled_from(PLANS), steps)
def test_payouts_in_between_change_what_is_paid_and_nothing_else(rules, done):
    with undone():
        compare_with_payouts(Twins(rules), done)


def compare_with_payouts(twins: Twins, done: Sequence[Step]) -> None:
    paying, plain = twins.casts
    for place, step in enumerate(done):
        twins.step(*step)
        paying.run()
        if place % 4 == 3:
            try_to_pay(paying)
            plain.now = paying.now
        assert_sound(paying)
    plain.run()
    first, second = (lines(cast, [pair[place] for pair in twins.deals]) for place, cast in enumerate(twins.casts))
    settled = {row for row in first if row not in second}
    # what was paid once and is nothing now is remembered; all else is equal
    assert all(row[3] == 0 for row in settled)
    for name in ("A1", "S1", "B1", "B2", "C1"):
        if _is_payee(paying, name) and _is_payee(plain, name):
            ours, theirs = paying.figures(name), plain.figures(name)
            assert {key: ours[key] for key in ("earned", "pending", "retained")} == {
                key: theirs[key] for key in ("earned", "pending", "retained")
            }
            owed = sum(Decimal(ours[key]) for key in ("payable", "paid", "tax"))
            assert owed == Decimal(theirs["payable"])


def try_to_pay(cast: Cast) -> None:
    try:
        cast.paid()
    except NotAllowed as refusal:
        assert refusal.code == "nothing_payable"


def _is_payee(cast: Cast, name: str) -> bool:
    try:
        cast.payee(name)
    except Payee.DoesNotExist:
        return False
    return True


def assert_sound(cast: Cast) -> None:
    """Each transaction sums to zero, and for everybody earned = pending + retained + payable + paid + tax."""
    entries = LedgerEntry.objects.filter(project=cast.project).order_by()
    assert not entries.values("transaction").annotate(total=Sum("amount")).exclude(total=0).exists()
    for payee in Payee.objects.filter(entries__project=cast.project).distinct():
        sums = dict(entries.filter(payee=payee).values_list("account").annotate(Sum("amount")))
        assert -sums.pop("expense", Decimal(0)) == sum(sums.values())
