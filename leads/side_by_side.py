"""One client's filings beside one another, as the rule sees them: for reception, who picks by it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from channels_platform.lib import clock
from channels_platform.privacy.services import find_phones
from leads.attribution.rank_arrivals import Because, Candidate, first_by_rule
from leads.messages import visit_refused
from leads.models import Claim, Referral, ToldArrival
from leads.selectors import holding
from leads.services.visits import foresee_visit

MOST = 12


@dataclass(frozen=True, slots=True)
class Side:
    """One filing: what the desk reads of it before it confirms."""

    referral: Referral
    protected_until: datetime | None
    told_at: datetime | None
    first: bool
    word: str


def side_by_side(referrals: Sequence[Referral], number: str, now: datetime) -> list[Side]:
    """Return the filings of the client with this number, whom the rule puts first at the head, then by filing."""
    shown = sorted(referrals, key=lambda one: (one.filed_at, str(one.pk)))[:MOST]
    held, told = _held(shown, number, now), _told(shown, now)
    reasons = {one.pk: foresee_visit(referral=one, number=number, now=now).reason for one in shown}
    winner = first_by_rule(
        [
            Candidate(
                one.pk, one.filed_at, reasons[one.pk], one.pk in held, told[one.pk].told_at if one.pk in told else None
            )
            for one in shown
        ]
    )
    sides = []
    for one in shown:
        first = winner is not None and winner[0] == one.pk
        reason = reasons[one.pk]
        if first and winner is not None:
            word = _first_because(winner[1], one)
        elif reason is not None:
            word = visit_refused(one, reason, now)[0]
        else:
            word = _passed_over(winner[1] if winner else None)
        told_at = told[one.pk].told_at if one.pk in told else None
        sides.append(Side(one, held.get(one.pk), told_at, first, word))
    return sorted(sides, key=lambda side: not side.first)


def _held(referrals: Sequence[Referral], number: str, now: datetime) -> dict[object, datetime]:
    """Which of them hold the phone now, and until when."""
    claims = Claim.objects.filter(
        holding(now), referral__in=[one.pk for one in referrals], phone__in=find_phones([number]).values()
    )
    return {claim.referral_id: claim.held_until for claim in claims}


def _told(referrals: Sequence[Referral], now: datetime) -> dict[object, ToldArrival]:
    """Whose brokers said today that the client is here."""
    words = ToldArrival.objects.filter(referral__in=[one.pk for one in referrals]).select_related("referral__project")
    return {
        word.referral_id: word for word in words if word.local_on == clock.local_date(now, word.referral.project.zone)
    }


def _first_because(because: Because, referral: Referral) -> str:
    words = {
        Because.HOLDS: _("It holds the client: by the rule this one counts, whoever came along."),
        Because.ALONE: _("It is the only one whose arrival counts now."),
        Because.CAME_WITH: _("Nobody holds the client. Its broker was the first to say that the client is here today."),
        Because.FILED_FIRST: _(
            "Nobody holds the client, and no broker said that the client is here: it was filed first."
        ),
    }
    if because is not Because.HOLDS and referral.policy.exclusive_from == "visit":
        return f"{words[because]} {_('Confirmed, it wins, and the others are lost.')}"
    return str(words[because])


def _passed_over(because: Because | None) -> str:
    if because is Because.CAME_WITH:
        return _("It was filed, but another broker came with the client.")
    if because is Because.HOLDS:
        return _("Another filing holds the client.")
    return _("It was filed later.")
