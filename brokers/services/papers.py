"""Papers that end: licences and agreements, told of 30 and 10 days ahead."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from brokers.models import Agency, Agreement
from brokers.selectors import managers_of
from brokers.states import AgencyStatus, AgreementState
from channels_platform.accounts.permissions import Can, roles_that
from channels_platform.accounts.selectors import staff_of
from channels_platform.lib import clock
from channels_platform.notices.services import tell
from projects.models import Project

AHEAD = (timedelta(days=10), timedelta(days=30))


def warn_of_ends() -> int:
    """Tell the channel team and the agency's managers of papers that end within 30 and 10 days, each end twice.

    An agreement that renews by itself, or that another follows without a gap, does not end. Days are those of the
    project, for a licence the site's.
    Writes: Notice, Delivery.
    """
    now = clock.now()
    return sum(map(_warn, [*_licences(now), *_agreements(now)]))


@dataclass(frozen=True, slots=True)
class _Ending:
    """A paper that ends on a day, `left` days from now; `page` shows it to the channel team of `projects`."""

    kind: str
    paper: Agency | Agreement
    agency: Agency
    until: date
    left: int
    page: str
    projects: Iterable[Any]
    project: Project | None = None


def _licences(now: datetime) -> Iterator[_Ending]:
    today = clock.local_date(now, ZoneInfo(settings.TIME_ZONE))
    for agency in Agency.objects.filter(status=AgencyStatus.ACTIVE, licence_until__range=(today, today + max(AHEAD))):
        if agency.licence_until is not None:
            page = reverse("admin:brokers_agency_change", args=[agency.pk])
            left = (agency.licence_until - today).days
            theirs = agency.agreements.values("project")
            yield _Ending("agency.licence_ends", agency, agency, agency.licence_until, left, page, theirs)


def _agreements(now: datetime) -> Iterator[_Ending]:
    # what day it is depends on the project: a day more on either side, told apart below
    days = (now.date() - timedelta(days=1), now.date() + max(AHEAD) + timedelta(days=1))
    following = Agreement.objects.filter(
        Q(to_on__isnull=True) | Q(to_on__gt=OuterRef("to_on")) | Q(auto_renew=True),
        state=AgreementState.APPROVED,
        agency=OuterRef("agency"),
        project=OuterRef("project"),
        from_on__lte=OuterRef("to_on") + timedelta(days=1),
    ).exclude(pk=OuterRef("pk"))
    approved = Agreement.objects.filter(
        ~Exists(following),
        state=AgreementState.APPROVED,
        auto_renew=False,
        agency__status=AgencyStatus.ACTIVE,
        to_on__range=days,
    )
    for one in approved.select_related("agency", "project"):
        if one.to_on is not None:
            page = reverse("admin:brokers_agreement_change", args=[one.pk])
            left = (one.to_on - clock.local_date(now, one.project.zone)).days
            yield _Ending("agreement.ends", one, one.agency, one.to_on, left, page, [one.project], one.project)


def _warn(ending: _Ending) -> int:
    stage = next((ahead.days for ahead in AHEAD if 0 <= ending.left <= ahead.days), None)
    if stage is None:
        return 0
    facts = {"day": str(ending.until)} | ({"project": ending.project.name} if ending.project else {})
    team = staff_of(ending.projects, roles_that(Can.EDIT_AGENCIES))
    managers = managers_of(ending.agency)
    return sum(
        tell(
            kind=ending.kind,
            recipients=people,
            target=ending.agency,
            project=ending.project,
            facts=facts,
            path=path,
            once=f"{ending.paper.pk}:{ending.until}:{stage}",
        )
        for people, path in ((team, ending.page), (managers, reverse("portal:home")))
    )
