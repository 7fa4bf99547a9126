"""Random histories of a site, played through the services."""

from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from django.db import transaction
from hypothesis import strategies as st

from channels_platform.lib import clock
from channels_platform.lib.errors import Refused
from leads.models import Claim, Deal, Referral
from leads.services.sweep import sweep_expiries
from tests.cast import HALF, START, WHOLE, Site, held, shares, state

PHONES = [f"1380000000{n}" for n in range(1, 5)]
# Short windows, so that a dozen steps meet many of their ends; some gaps hit an end exactly.
TIGHT = {
    "protection_days": 2,
    "visit_within_hours": 24,
    "lead_time_minutes": 0,
    "lookback_days": 1,
    "revisit_extends": True,
    "max_protection_days": 3,
    "credit_days": 2,
    "proxy_purchase": True,
}
MODES = ("filing", "visit", "never")
_GAPS = st.sampled_from([timedelta(hours=hours) for hours in (0, 0, 1, 1, 6, 12, 24, 36, 48, 72)])
_PICK = st.integers(0, 3)
_ACTS = ("file", "file", "file", "visit", "visit", "override", "add", "withdraw", "natural", "subscribe", "subscribe",
         "cancel", "decide", "contract", "mode")  # fmt: skip
steps = st.lists(st.tuples(st.sampled_from(_ACTS), _PICK, _PICK, _GAPS), min_size=4, max_size=16)
Step = tuple[str, int, int, timedelta]


@contextmanager
def undone():
    """Take back everything done inside."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@dataclass
class History:
    """What came of the steps so far."""

    site: Site
    now: datetime = START
    referrals: list[Referral] = field(default_factory=list)
    deals: list[Deal] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)

    def play(self, done: Sequence[Step], *, sweeping: bool = False) -> "History":
        for act, one, two, gap in done:
            self.now += gap
            if sweeping:
                with clock.at(self.now):
                    sweep_expiries(batch=1)
            try:
                self.outcomes.append(str(getattr(self, f"_{act}")(one, two)))
            except Refused as refusal:
                self.outcomes.append(refusal.code)
        return self

    def seen(self, at: datetime) -> list[Any]:
        """What a reader sees of every referral and deal at an instant."""
        found: list[Any] = [(state(referral, at=at), held(referral, at=at)) for referral in self.referrals]
        places = {referral.pk: place for place, referral in enumerate(self.referrals)}
        return found + [sorted((places[pk], part) for pk, part in shares(deal).items()) for deal in self.deals]

    def _some(self, rows: list[Any], pick: int) -> Any:
        if not rows:
            raise Refused(code="nobody_there")
        return rows[-1 - pick % len(rows)]

    def _file(self, one: int, two: int) -> str:
        broker = (self.site.owner, self.site.colleague, self.site.rival, self.site.rival)[one]
        phones = PHONES[two : two + 1 + one % 2]
        self.referrals.append(self.site.file(broker, *phones, at=self.now))
        return self.referrals[-1].reason

    def _visit(self, one: int, two: int) -> str:
        return self.site.visit(self._some(self.referrals, one), at=self.now).reason

    def _override(self, one: int, two: int) -> str:
        return self.site.visit(self._some(self.referrals, one), at=self.now, override="late flight").reason

    def _add(self, one: int, two: int) -> str:
        self.site.add(self._some(self.referrals, one), PHONES[two], at=self.now)
        return "added"

    def _withdraw(self, one: int, two: int) -> str:
        self.site.withdraw(self._some(self.referrals, one), at=self.now)
        return "withdrawn"

    def _natural(self, one: int, two: int) -> str:
        self.site.walk_in(PHONES[two], at=self.now)
        return "seen"

    def _subscribe(self, one: int, two: int) -> str:
        visitor = self._some(self.referrals, one) if one == 3 and self.referrals else None
        self.deals.append(self.site.subscribe(*PHONES[two : two + 1 + one % 2], at=self.now, visitor=visitor))
        return "subscribed"

    def _contract(self, one: int, two: int) -> str:
        self.site.contract(self._some(self.deals, one), at=self.now)
        return "contracted"

    def _cancel(self, one: int, two: int) -> str:
        self.site.cancel(self._some(self.deals, one), at=self.now)
        return "cancelled"

    def _decide(self, one: int, two: int) -> str:
        deal = self._some(self.deals, one)
        chosen = [(self._some(self.referrals, two), WHOLE)] if two else []
        if two == 3 and len(self.referrals) > 3:
            chosen = [(self.referrals[-1], HALF), (self.referrals[-2], HALF)]
        self.site.decide(deal, *chosen, at=self.now)
        return "decided"

    def _mode(self, one: int, two: int) -> str:
        self.site.policy(exclusive_from=MODES[two % 3])
        return MODES[two % 3]

    def overlapping_claims(self) -> list[Any]:
        """Claims of one phone that hold it at the same time; there must be none."""
        by_phone: dict[int, list[Claim]] = {}
        for claim in Claim.objects.filter(project=self.site.project).order_by("starts_at"):
            by_phone.setdefault(claim.phone_id, []).append(claim)
        found = []
        for claims in by_phone.values():
            spans = sorted(
                (claim.starts_at, claim.held_until) for claim in claims if claim.starts_at < claim.held_until
            )
            found += [pair for pair in pairwise(spans) if pair[0][1] > pair[1][0]]
        return found
