"""Where a broker stands among others in a span: in the agency with names, in a project without those of others.

Visits are confirmed arrivals of the span; deals are shares of deals subscribed in it and not cancelled since. Of
another agency's people only a place and two figures are shown, and only of one's neighbours.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from uuid import UUID

from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from brokers.models import Agency, Broker
from brokers.states import AgencyKind, AgreementState
from channels_platform.accounts.permissions import Role
from leads.holders import holder_at
from leads.models import DealShare, Visit
from leads.states import DealState
from projects.models import Project

VISITS, DEALS = "visits", "deals"
NEIGHBOURS = 2


@dataclass(frozen=True, slots=True)
class Standing:
    """One broker's place; `name` is '' for somebody of another agency. Equal figures share a place."""

    place: int
    name: str
    visits: int
    deals: Fraction
    mine: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """What each broker did, by the broker's id; who did nothing is not there."""

    visits: Counter[UUID]
    deals: dict[UUID, Fraction]

    def of(self, broker_id: UUID, by: str) -> Fraction:
        return self.deals.get(broker_id, Fraction(0)) if by == DEALS else Fraction(self.visits[broker_id])


def ranked_projects(agency: Agency) -> QuerySet[Project]:
    """Return the projects that an agency has or had an agreement with."""
    agreed = Project.objects.filter(agreements__agency=agency, agreements__state=AgreementState.APPROVED)
    return agreed.distinct().order_by("name")


def rank_in_agency(*, broker: Broker, month: date, by: str) -> list[Standing]:
    """Return the agency's brokers by their figures for it over all projects; who is active and did nothing is last."""
    figures = _figures(ranked_projects(broker.agency), month, agency=broker.agency)
    active = Broker.objects.filter(agency=broker.agency_id, is_active=True, user__is_active=True)
    everyone = [*figures.visits, *figures.deals, *active.values_list("pk", flat=True)]
    return _ranked(broker, _names_among(broker, everyone), figures, by)


def rank_in_project(*, broker: Broker, project: Project, month: date, by: str) -> list[Standing]:
    """Return the brokers with figures in a project, and oneself; other agencies' people without a name."""
    figures = _figures([project], month, agency=None)
    return ranked_among({*figures.visits, *figures.deals}, figures, broker=broker, by=by)


def ranked_among(others: Iterable[UUID], figures: Figures, *, broker: Broker, by: str) -> list[Standing]:
    """Return these brokers and oneself by their figures; other agencies' people without a name."""
    everyone = {*others, broker.pk}
    own = set(Broker.objects.filter(agency=broker.agency_id, pk__in=everyone).values_list("pk", flat=True))
    return _ranked(broker, dict.fromkeys(everyone, "") | _names_among(broker, own), figures, by)


def around_me(standings: list[Standing], reach: int = NEIGHBOURS) -> list[Standing]:
    """Return one's own standing with its neighbours."""
    mine = next(place for place, standing in enumerate(standings) if standing.mine)
    return standings[max(0, mine - reach) : mine + reach + 1]


def _names_among(broker: Broker, colleagues: Iterable[UUID]) -> dict[UUID, str]:
    """Return the names of an agency's people; individuals under one roof are no colleagues and know only their own."""
    strangers = broker.agency.kind == AgencyKind.COMMUNITY and broker.user.role != Role.AGENCY_ADMIN
    if not strangers:
        return _names(colleagues)
    return dict.fromkeys(colleagues, _("Another referrer")) | _names([broker.pk])


def _names(ids: Iterable[UUID]) -> dict[UUID, str]:
    return {one.pk: str(one) for one in Broker.objects.select_related("user").filter(pk__in=set(ids))}


def _figures(projects: Iterable[Project], month: date, agency: Agency | None) -> Figures:
    total = Figures(Counter(), defaultdict(Fraction))
    for project in projects:
        found = figures_between(project, *_bounds(project, month), agency=agency)
        total.visits.update(found.visits)
        for broker_id, deals in found.deals.items():
            total.deals[broker_id] += deals
    return total


def figures_between(project: Project, start: datetime, end: datetime, *, agency: Agency | None = None) -> Figures:
    """Return what brokers (of one agency) did in a project in the half-open span, as it stands now."""
    of_agency = {} if agency is None else {"referral__agency": agency}
    arrived = Visit.objects.filter(
        project=project, confirmed=True, arrived_at__gte=start, arrived_at__lt=end, **of_agency
    )
    received = arrived.annotate(holder=holder_at("arrived_at", referral="referral_id", broker="referral__broker"))
    visits = Counter(dict(received.order_by().values_list("holder").annotate(Count("pk"))))
    shares = DealShare.objects.filter(
        ended_at__isnull=True, deal__project=project, deal__subscribed_at__gte=start, deal__subscribed_at__lt=end,
        **of_agency,
    ).exclude(deal__state=DealState.CANCELLED)  # fmt: skip
    deals: dict[UUID, Fraction] = defaultdict(Fraction)
    for broker_id, numerator, denominator in shares.values_list("referral__broker", "numerator", "denominator"):
        deals[broker_id] += Fraction(numerator, denominator)
    return Figures(visits, deals)


def _bounds(project: Project, month: date) -> tuple[datetime, datetime]:
    following = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return tuple(datetime(day.year, day.month, 1, tzinfo=project.zone) for day in (month, following))  # type: ignore[return-value]


def _ranked(broker: Broker, names: dict[UUID, str], figures: Figures, by: str) -> list[Standing]:
    def order(one: UUID) -> tuple[Fraction, bool, str]:
        return -figures.of(one, by), one != broker.pk, names[one]

    standings: list[Standing] = []
    last: Fraction | None = None
    place = 0
    for count, one in enumerate(sorted(names, key=order), start=1):
        figure = figures.of(one, by)
        if figure != last:
            place, last = count, figure
        standings.append(
            Standing(place, names[one], figures.visits[one], figures.deals.get(one, Fraction(0)), mine=one == broker.pk)
        )
    return standings
