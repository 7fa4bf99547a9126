"""What the overview is narrowed to; it stays in the address."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils.timezone import get_current_timezone

from brokers.models import Agency
from channels_platform.lib import clock
from projects.models import Project
from projects.selectors import visible_projects

SPANS = (4, 12, 26, 52)
USUAL_SPAN = 12


@dataclass(frozen=True)
class Narrowed:
    """Shape: `projects` are those the reader sees, or the one chosen; None: all there are."""

    projects: tuple[UUID, ...] | None
    project: Project | None
    agency: Agency | None
    weeks: int
    choices: list[Project]

    @property
    def first_week(self) -> datetime:
        """The Monday on which the span begins, at local midnight; the running week is its last."""
        today = clock.local_date(clock.now(), get_current_timezone())
        monday = today - timedelta(days=today.weekday())
        return _midnight(monday - timedelta(weeks=self.weeks - 1))

    def months(self) -> tuple[datetime, datetime, datetime]:
        """The beginnings of last month and this month, and now."""
        now = clock.now()
        today = clock.local_date(now, get_current_timezone())
        this = today.replace(day=1)
        last = (this - timedelta(days=1)).replace(day=1)
        return _midnight(last), _midnight(this), now

    def key(self) -> str:
        """Name the narrowing, for what is remembered a minute."""
        projects = "all" if self.projects is None else ",".join(sorted(str(one) for one in self.projects))
        return f"{projects}:{self.agency.pk if self.agency else ''}:{self.weeks}"


def read_filters(request: HttpRequest) -> Narrowed:
    """Read the address; what it names wrongly, or what the reader may not see, narrows to nothing of it."""
    mine = list(visible_projects(request.user).order_by("name"))
    sees_all = getattr(request.user, "is_superuser", False) or getattr(request.user, "all_projects", False)
    chosen = next((one for one in mine if str(one.pk) == request.GET.get("project")), None)
    agency = _agency(request.GET.get("agency", ""))
    weeks = next((span for span in SPANS if str(span) == request.GET.get("weeks")), USUAL_SPAN)
    if chosen is not None:
        projects: tuple[UUID, ...] | None = (chosen.pk,)
    else:
        projects = None if sees_all else tuple(one.pk for one in mine)
    return Narrowed(projects, chosen, agency, weeks, mine)


def _agency(text: str) -> Agency | None:
    try:
        return Agency.objects.filter(pk=UUID(text)).first()
    except ValueError:
        return None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=get_current_timezone())


def within(rows: Any, narrowed: Narrowed, *, agency: str = "", project: str = "project") -> Any:
    """Return the rows of the projects and the agency asked for; `agency` is the lookup to it."""
    if narrowed.projects is not None:
        rows = rows.filter(**{f"{project}__in": narrowed.projects})
    if narrowed.agency is not None and agency:
        rows = rows.filter(**{agency: narrowed.agency.pk})
    return rows
