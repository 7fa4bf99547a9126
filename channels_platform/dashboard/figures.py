"""The overview's figures, out of the facts themselves; remembered for a minute."""

from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import TruncWeek
from django.utils.timezone import get_current_timezone

from brokers.models import Agency
from channels_platform.dashboard.filters import Narrowed, within
from commissions.models import LedgerEntry
from commissions.states import Account
from leads.models import Deal, DealShare, Referral, Visit
from leads.states import DealState, ReferralState
from projects.models import Project

MEASURES = ("filings", "visits", "deals")
MOST_AGENCIES = 10
OWED = (Account.PENDING, Account.RETAINED, Account.PAYABLE, Account.PAID, Account.TAX)


def _filings(narrowed: Narrowed) -> QuerySet[Referral]:
    """Accepted filings: a refused one is no client brought."""
    accepted = Referral.objects.exclude(state=ReferralState.REJECTED).order_by()
    return within(accepted, narrowed, agency="agency")


def _visits(narrowed: Narrowed) -> QuerySet[Visit]:
    return within(Visit.objects.filter(confirmed=True).order_by(), narrowed, agency="referral__agency")


def _deals(narrowed: Narrowed) -> QuerySet[Deal]:
    """Deals that stand; an agency's are those its referrals have a share of."""
    deals = within(Deal.objects.exclude(state=DealState.CANCELLED).order_by(), narrowed)
    if narrowed.agency is None:
        return deals
    shares = DealShare.objects.filter(ended_at__isnull=True, referral__agency=narrowed.agency)
    return deals.filter(pk__in=shares.values("deal"))


def month_figures(narrowed: Narrowed) -> list[dict[str, Any]]:
    """Return filings, visits, deals and conversion of this month, and of last month up to now's day and hour.

    Units: conversion is deals over visits, a fraction; None without a visit.
    """
    last, this, now = narrowed.months()
    until = min(last + (now - this), this)
    sources: tuple[tuple[str, Any, str], ...] = (
        ("filings", _filings(narrowed), "filed_at"),
        ("visits", _visits(narrowed), "arrived_at"),
        ("deals", _deals(narrowed), "subscribed_at"),
    )
    figures = []
    for name, rows, at in sources:
        counted = rows.filter(**{f"{at}__gte": last, f"{at}__lte": now}).aggregate(
            now=Count("pk", filter=Q(**{f"{at}__gte": this})),
            before=Count("pk", filter=Q(**{f"{at}__lte": until, f"{at}__lt": this})),
        )
        figures.append({"name": name, **counted})
    visits, deals = figures[1], figures[2]
    ratio = {side: Decimal(deals[side]) / visits[side] if visits[side] else None for side in ("now", "before")}
    return [*figures, {"name": "conversion", **ratio}]


def by_week(narrowed: Narrowed) -> list[dict[str, Any]]:
    """Return filings, visits and deals of each week of the span, oldest first, weeks without any too."""
    first = narrowed.first_week
    weeks: dict[date, dict[str, int]] = {
        (first + timedelta(weeks=n)).date(): dict.fromkeys(MEASURES, 0) for n in range(narrowed.weeks)
    }
    sources: tuple[tuple[str, Any, str], ...] = (
        ("filings", _filings(narrowed), "filed_at"),
        ("visits", _visits(narrowed), "arrived_at"),
        ("deals", _deals(narrowed), "subscribed_at"),
    )
    for name, rows, at in sources:
        for week, count in _per_week(rows, at, first):
            if week in weeks:
                weeks[week][name] = count
    return [{"week": week, **counts} for week, counts in weeks.items()]


def _per_week(rows: QuerySet[Any], at: str, first: datetime) -> list[tuple[date, int]]:
    found = rows.filter(**{f"{at}__gte": first}).annotate(week=TruncWeek(at, tzinfo=get_current_timezone()))
    return [(week.date(), count) for week, count in found.values_list("week").annotate(count=Count("pk"))]


def by_agency(narrowed: Narrowed) -> list[dict[str, Any]]:
    """Return the span's filings, visits and deals of the agencies that brought most, by deals, visits, filings."""
    since, counts = narrowed.first_week, _Tally()
    counts.add("filings", _filings(narrowed).filter(filed_at__gte=since), "agency")
    counts.add("visits", _visits(narrowed).filter(arrived_at__gte=since), "referral__agency")
    shares = DealShare.objects.filter(ended_at__isnull=True, deal__in=_deals(narrowed).filter(subscribed_at__gte=since))
    if narrowed.agency is not None:
        shares = shares.filter(referral__agency=narrowed.agency)
    counts.add("deals", shares.order_by(), "referral__agency", distinct="deal")
    return counts.ranked(Agency, MOST_AGENCIES)


def by_project(narrowed: Narrowed) -> list[dict[str, Any]]:
    """Return the span's filings, visits and deals of each project."""
    since, counts = narrowed.first_week, _Tally()
    counts.add("filings", _filings(narrowed).filter(filed_at__gte=since), "project")
    counts.add("visits", _visits(narrowed).filter(arrived_at__gte=since), "project")
    counts.add("deals", _deals(narrowed).filter(subscribed_at__gte=since), "project")
    return counts.ranked(Project, 100)


class _Tally:
    """Counts of the three measures by an owner's id."""

    def __init__(self) -> None:
        self.counts: dict[Any, dict[str, int]] = defaultdict(lambda: dict.fromkeys(MEASURES, 0))

    def add(self, measure: str, rows: QuerySet[Any], owner: str, distinct: str = "") -> None:
        what = Count(distinct, distinct=True) if distinct else Count("pk")
        for owner_id, count in rows.values_list(owner).annotate(count=what):
            self.counts[owner_id][measure] = count

    def ranked(self, model: Any, most: int) -> list[dict[str, Any]]:
        order = sorted(self.counts, key=lambda one: tuple(-self.counts[one][m] for m in reversed(MEASURES)))[:most]
        found = model.objects.in_bulk(order)
        return [{"id": str(one), "name": str(found[one]), **self.counts[one]} for one in order if one in found]


def owed(narrowed: Narrowed) -> list[dict[str, Any]]:
    """Return what all payees have, by account, a row per currency.

    Units: amounts in the row's currency.
    """
    entries = within(LedgerEntry.objects.filter(account__in=OWED).order_by(), narrowed)
    if narrowed.agency is not None:
        mine = Q(payee__agency=narrowed.agency) | Q(payee__broker__agency=narrowed.agency)
        entries = entries.filter(mine)
    sums = entries.values_list("account").annotate(currency=F("project__currency"), total=Sum("amount"))
    rows: dict[str, dict[str, Decimal]] = defaultdict(lambda: {str(account): Decimal(0) for account in OWED})
    for account, currency, total in sums:
        rows[currency][account] += total
    return [{"currency": currency, **rows[currency]} for currency in sorted(rows)]
