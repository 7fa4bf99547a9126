"""Who stands where in a round of a contest, as the facts are now: counted as in the ranking (leads.ranking)."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from brokers.models import Agreement, Broker
from brokers.states import AgreementState, Ending
from channels_platform.lib import clock
from channels_platform.lib.money import from_minor, to_minor
from channels_platform.lib.spans import day_span
from commissions.engine.contests import Days, placed, round_label, round_on, taken
from commissions.models import Contest, ContestResult, ContestRound
from commissions.states import ContestState, RoundState
from leads.ranking import DEALS, Figures, Standing, figures_between, ranked_among, ranked_projects


@dataclass(frozen=True, slots=True)
class Row:
    """A broker's place in a round, held together with `sharing` - 1 others, and the prize."""

    broker: Broker
    place: int
    sharing: int
    figure: Fraction
    amount: Decimal


def contests_for(broker: Broker) -> QuerySet[Contest]:
    """Return the approved contests that a broker can take part in, or could."""
    mine = Contest.objects.filter(state=ContestState.APPROVED, project__in=ranked_projects(broker.agency).order_by())
    return mine.filter(Q(agency_kind="") | Q(agency_kind=broker.agency.kind)).select_related("project")


def round_now(contest: Contest) -> Days | None:
    """Return the round of today, by the project's calendar; None outside of the contest's days."""
    today = clock.local_date(clock.now(), contest.project.zone)
    if not contest.from_on <= today <= contest.to_on:
        return None
    return round_on(contest.period, today, first=contest.from_on, last=contest.to_on)


def standings(contest: Contest, days: Days) -> list[Row]:
    """Return who did something in a round, by place, with what each would get."""
    figures, brokers = _entrants(contest, days)
    ordered = sorted(brokers, key=lambda one: (one.created_at, one.pk))
    counts = {one.pk: figures.of(one.pk, contest.measure) for one in ordered}
    by_id = {one.pk: one for one in ordered}
    currency = contest.project.currency
    prizes = [to_minor(Decimal(prize), currency) for prize in contest.prizes]
    return [
        Row(by_id[one.who], one.place, one.sharing, one.figure, from_minor(one.prize, currency))
        for one in placed(counts, prizes)
    ]


def standings_for(contest: Contest, days: Days, broker: Broker) -> list[Standing]:
    """Return the same as the ranking shows it to a broker: oneself too, other agencies' people without a name."""
    figures, brokers = _entrants(contest, days)
    doing = [one.pk for one in brokers if figures.of(one.pk, contest.measure) > 0]
    return ranked_among(doing, figures, broker=broker, by=contest.measure)


def fingerprint(rows: Iterable[Row]) -> str:
    """Return what tells these standings from others: who approves them has seen them."""
    text = ";".join(f"{row.broker.pk}:{row.place}:{row.figure}:{row.amount}" for row in rows)
    return sha256(text.encode()).hexdigest()[:32]


def explanation(contest: Contest, days: Days, row: Row) -> dict[str, Any]:
    """Return what a prize's entries say of it (words.explain_row)."""
    return {
        "contest": contest.name,
        "round": round_label(contest.period, days),
        "measure": contest.measure,
        "figure": str(row.figure),
        "place": row.place,
        "sharing": row.sharing,
        "prizes": list(taken(contest.prizes, row.place, row.sharing)),
    }


def rounds_before(broker: Broker, *, most: int) -> list[ContestRound]:
    """Return the latest rounds that are over, of contests open to a broker, each with `mine`, the own result."""
    rounds: list[Any] = list(
        ContestRound.objects.filter(contest__in=contests_for(broker).order_by())
        .exclude(state=RoundState.DECLINED)
        .select_related("contest__project")
        .order_by("-to_on", "-proposed_at")[:most]
    )
    mine = {one.round_id: one for one in ContestResult.objects.filter(round__in=rounds, broker=broker)}
    for one in rounds:
        one.mine = mine.get(one.pk)
    return rounds


def prizes_of(broker: Broker, *, most: int) -> QuerySet[ContestResult]:
    """Return the prizes that a broker won, newest first."""
    won = ContestResult.objects.filter(broker=broker, amount__gt=0).select_related(
        "round__contest__project", "broker__user"
    )
    return won.order_by("-round__to_on", "-pk")[:most]


def _entrants(contest: Contest, days: Days) -> tuple[Figures, list[Broker]]:
    """Return what was done in a round, and those taking part who did it.

    Part takes whose agency is of the contest's kind and has an agreement with the project on some day of the round that
    nobody ended before the round did; one ended for interception counts no more.
    """
    figures = figures_between(contest.project, *day_span(days.first, days.last, contest.project.zone))
    did: set[UUID] = set(figures.deals if contest.measure == DEALS else figures.visits)
    _begun, over_at = day_span(days.first, days.last, contest.project.zone)
    lasted = Q(to_on__isnull=True) | Q(to_on__gte=days.first) | Q(auto_renew=True)
    stood = Q(state=AgreementState.APPROVED) | Q(state=AgreementState.ENDED, ended_at__gte=over_at)
    agreed = Agreement.objects.filter(lasted, stood, project=contest.project, from_on__lte=days.last)
    agreed = agreed.exclude(ending=Ending.INTERCEPTION)
    brokers = Broker.objects.filter(pk__in=did, agency__in=agreed.order_by().values("agency"))
    if contest.agency_kind:
        brokers = brokers.filter(agency__kind=contest.agency_kind)
    return figures, list(brokers.select_related("user", "agency"))
