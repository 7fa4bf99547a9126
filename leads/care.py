"""Who is on duty, whom a consultant looks after, and who is in the pool: judged by the clock, by whoever looks."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce

from channels_platform.lib import clock
from leads.models import Consultant, DutyShift, Referral
from leads.selectors import live_by_clock
from leads.states import ReferralState, shifts_at
from projects.models import Project


def on_duty_at(project: Project, now: datetime) -> QuerySet[Consultant]:
    """Return who receives clients now: switched on, and rostered for this hour where the day has a roster."""
    here = Consultant.objects.filter(project=project, on_duty=True, user__is_active=True)
    local = now.astimezone(project.zone)
    rostered = DutyShift.objects.filter(project=project, day=local.date())
    if not rostered.exists():
        return here
    return here.filter(pk__in=rostered.filter(shift__in=shifts_at(local.time())).values("consultant"))


def open_clients(project: Project, now: datetime) -> QuerySet[Any]:
    """Return a site's clients who came and did not buy yet, each with `attended`: when last looked after."""
    came = Referral.objects.filter(live_by_clock(now), project=project, state=ReferralState.VISITED)
    came = came.select_related("project", "agency", "consultant__user", "care")
    return came.annotate(attended=Coalesce("care__attended_at", "first_visited_at"))


def _in_pool(project: Project, now: datetime) -> Q:
    alone = Q(consultant__isnull=True) | Q(consultant__user__is_active=False)
    if project.pool_after_days is None:
        return alone
    return alone | Q(attended__lte=now - timedelta(days=project.pool_after_days))


def pool_of_project(project: Project, now: datetime) -> QuerySet[Referral]:
    """Return the open clients nobody looks after: without a consultant, or not followed up for too many days."""
    return open_clients(project, now).filter(_in_pool(project, now)).order_by("attended", "pk")


def own_clients(user: Any, project: Project, now: datetime) -> QuerySet[Referral]:
    """Return the open clients a consultant looks after; what is due first at the top."""
    kept = open_clients(project, now).filter(consultant__user=user).exclude(_in_pool(project, now))
    return kept.order_by(F("care__due_on").asc(nulls_last=True), "pk")


def overdue_clients(project: Project, now: datetime) -> QuerySet[Referral]:
    """Return the clients somebody looks after whose day of contact went by."""
    today = clock.local_date(now, project.zone)
    late = open_clients(project, now).filter(care__due_on__lt=today).exclude(_in_pool(project, now))
    return late.order_by("care__due_on", "pk")
