"""The portal's page of contests: one's own standing as it is now, the prizes, and what past rounds came to."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from brokers.models import Broker
from channels_platform.accounts.permissions import Can
from channels_platform.http.screens import needs
from channels_platform.lib.spans import day_span
from commissions.engine.contests import round_label
from commissions.models import Contest
from commissions.standings import contests_for, round_now, rounds_before, standings_for
from commissions.words import round_words
from leads.ranking import Standing, around_me
from leads.views.portal_kept import own_broker

PAST = 20


@dataclass(frozen=True)
class OnNow:
    """A contest's round of today as one broker sees it; who did nothing yet has no place."""

    contest: Contest
    round: str
    until: datetime
    mine: Standing
    of: int
    shown: list[Standing]
    prizes: list[Decimal]

    @property
    def has_place(self) -> bool:
        return bool(getattr(self.mine, self.contest.measure))


@require_GET
@needs(Can.FILE_REFERRAL)
def contest_standings(request: HttpRequest) -> HttpResponse:
    """Own place, the neighbours' figures and the prizes of each contest that is on; then the rounds before."""
    broker = own_broker(request)
    found = (_on_now(contest, broker) for contest in contests_for(broker).order_by("to_on", "name", "pk"))
    before = [(one, round_words(one.label)) for one in rounds_before(broker, most=PAST)]
    return render(request, "portal/contests.html", {"on_now": [one for one in found if one], "before": before})


def _on_now(contest: Contest, broker: Broker) -> OnNow | None:
    days = round_now(contest)
    if days is None:
        return None
    standings = standings_for(contest, days, broker)
    mine = next(one for one in standings if one.mine)
    doing = sum(1 for one in standings if getattr(one, contest.measure))
    return OnNow(
        contest=contest,
        round=round_words(round_label(contest.period, days)),
        until=day_span(days.first, days.last, contest.project.zone)[1],
        mine=mine,
        of=doing,
        shown=around_me(standings),
        prizes=[Decimal(prize) for prize in contest.prizes],
    )
