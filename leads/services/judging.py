"""Gathering what the rules judge: one statement of findings, whatever the number of checks."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, IntegerField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from brokers.models import Agreement, Broker
from brokers.selectors import in_force_on
from brokers.states import AgencyStatus
from channels_platform.accounts.models import User
from channels_platform.lib import clock
from leads.attribution.types import FilingFacts, PhoneFindings, Rules
from leads.models import Claim, NaturalVisit, Referral, ReferralPhone
from leads.selectors import holding, live_by_clock
from leads.states import NOT_COUNTED
from projects.models import Policy, Project
from projects.states import PhoneMode, ProjectStatus


def rules_of(policy: Policy, project: Project) -> Rules:
    """Return a policy version as the pure rules read it."""
    return Rules(
        exclusive_from=policy.exclusive_from,
        protection_days=policy.protection_days,
        window_end=policy.window_end,
        visit_within_hours=policy.visit_within_hours,
        lead_time_minutes=policy.lead_time_minutes,
        lookback_days=policy.lookback_days,
        revisit_extends=policy.revisit_extends,
        max_protection_days=policy.max_protection_days,
        masked=policy.phone_mode == PhoneMode.MASKED,
        daily_filing_limit=policy.daily_filing_limit,
        credit_days=policy.credit_days,
        proxy_purchase=policy.proxy_purchase,
        zone=project.zone,
    )


def _natural_visits(project: Project, phone_ids: Collection[int], rules: Rules, as_of: datetime) -> QuerySet[Any]:
    """Natural visits within the look-back; closed at the far end, off at 0 days."""
    if not rules.lookback_days:
        return NaturalVisit.objects.none()
    earliest = as_of - timedelta(hours=24 * rules.lookback_days)
    return NaturalVisit.objects.filter(
        project=project, phone_id__in=phone_ids, visited_at__gte=earliest, visited_at__lte=as_of
    )


def _own_referrals(
    project: Project, broker_id: Any, phone_ids: Collection[int], now: datetime, besides: Referral | None
) -> QuerySet[Any]:
    found = ReferralPhone.objects.filter(
        live_by_clock(now, "referral__"),
        phone_id__in=phone_ids,
        referral__project=project,
        referral__broker_id=broker_id,
    )
    return found if besides is None else found.exclude(referral=besides)


def _held_claims(
    project: Project, phone_ids: Collection[int], now: datetime, besides: Referral | None
) -> QuerySet[Any]:
    held = Claim.objects.filter(holding(now), project=project, phone_id__in=phone_ids)
    return held if besides is None else held.exclude(referral=besides)


@dataclass(frozen=True, slots=True)
class Judged:
    """Facts of a filing, and whether past claims on its phones wait to be closed."""

    facts: FilingFacts
    past_claims: bool


def gather_filing(
    *, project: Project, broker: Broker, rules: Rules, phone_ids: Collection[int] | None, now: datetime
) -> Judged:
    """Return what a filing is judged by, in one statement. `phone_ids` None: they did not parse."""
    today = clock.local_date(now, rules.zone)
    ids = list(phone_ids or ())
    row = (
        Broker.objects.filter(pk=broker.pk)
        .annotate(
            agreement=Exists(
                Agreement.objects.filter(in_force_on(today), agency_id=OuterRef("agency_id"), project=project)
            ),
            filed_today=_filed_today(project, today) if rules.daily_filing_limit is not None else Value(0),
            own=Exists(User.objects.filter(is_active=True, phone_id__in=ids)),
            natural=Exists(_natural_visits(project, ids, rules, now)),
            already=Exists(_own_referrals(project, broker.pk, ids, now, None)),
            held=Exists(_held_claims(project, ids, now, None)),
            past=Exists(Claim.objects.filter(~holding(now), project=project, phone_id__in=ids, live=True)),
        )
        .values(
            "agreement",
            "filed_today",
            "own",
            "natural",
            "already",
            "held",
            "past",
            "is_active",
            "user__is_active",
            "agency__status",
        )
        .get()
    )
    findings = None
    if phone_ids is not None:
        findings = PhoneFindings(row["own"], row["natural"], row["already"], row["held"])
    active = row["is_active"] and row["user__is_active"] and row["agency__status"] == AgencyStatus.ACTIVE
    facts = FilingFacts(
        project_open=project.status == ProjectStatus.OPEN,
        agreement_in_force=row["agreement"],
        broker_active=active,
        filed_today=row["filed_today"],
        findings=findings,
    )
    return Judged(facts, row["past"])


def _filed_today(project: Project, today: Any) -> Any:
    """Filings of the broker in the project on the local day, without those refused by checks 1 to 5."""
    counted = (
        Referral.objects.filter(project=project, broker_id=OuterRef("pk"), filed_on=today)
        .exclude(reason__in=list(NOT_COUNTED))
        .order_by()
        .values("broker_id")
        .annotate(n=Count("pk"))
        .values("n")
    )
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def count_filed_today(*, project: Project, broker: Broker, today: Any) -> int:
    """Return how many filings of today use up the broker's limit."""
    row = Broker.objects.filter(pk=broker.pk).annotate(n=_filed_today(project, today)).values_list("n", flat=True)
    return row.get()


def gather_findings(
    *,
    project: Project,
    broker_id: Any,
    rules: Rules,
    phone_ids: Collection[int],
    now: datetime,
    natural_as_of: datetime,
    besides: Referral,
) -> PhoneFindings:
    """Return what is known of phones of an existing referral, itself left out, in one statement."""
    ids = list(phone_ids)
    row = (
        Referral.objects.filter(pk=besides.pk)
        .annotate(
            own=Exists(User.objects.filter(is_active=True, phone_id__in=ids)),
            natural=Exists(_natural_visits(project, ids, rules, natural_as_of)),
            already=Exists(_own_referrals(project, broker_id, ids, now, besides)),
            held=Exists(_held_claims(project, ids, now, besides)),
        )
        .values_list("own", "natural", "already", "held")
        .get()
    )
    return PhoneFindings(*row)
