"""What staff may see behind a check: the walk-in, the claim, the filing in the way; clients by their masks."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from brokers.models import Agreement
from channels_platform.accounts.models import User
from channels_platform.lib import clock
from channels_platform.presentation import formats
from leads.attribution.types import FilingFacts, ReferralFacts
from leads.holders import held_at, holder_at
from leads.models import Claim, NaturalVisit, Referral
from leads.states import Reason, ReferralState


def _phones(referral: Referral) -> list[int]:
    return [phone.phone_id for phone in referral.phones.all() if phone.phone_id is not None]


def _walk_in(referral: Referral, at: datetime) -> str:
    since = at - timedelta(hours=24 * referral.policy.lookback_days)
    visits = NaturalVisit.objects.filter(
        project=referral.project_id, phone__in=_phones(referral), visited_at__range=(since, at)
    )
    last = visits.select_related("phone").order_by("-visited_at").first()
    if last is None:
        return ""
    return _("%(phone)s walked in on %(at)s.") % {
        "phone": last.phone.masked,
        "at": formats.instant(last.visited_at, referral.project.zone),
    }


def _holder(referral: Referral, at: datetime) -> str:
    claims = Claim.objects.filter(
        project=referral.project_id, phone__in=_phones(referral), starts_at__lte=at, ends_at__gt=at
    ).exclude(referral=referral)
    held = [claim for claim in claims.select_related("referral__agency", "phone") if claim.holds_at(at)]
    zone = referral.project.zone
    return "; ".join(
        _("%(number)s of %(agency)s held %(phone)s from %(start)s to %(end)s")
        % {
            "number": claim.referral.number,
            "agency": claim.referral.agency.name,
            "phone": claim.phone.masked,
            "start": formats.instant(claim.starts_at, zone),
            "end": formats.instant(claim.held_until, zone),
        }
        for claim in held
    )


def _same_broker(referral: Referral, at: datetime) -> str:
    others = Referral.objects.alias(holder=holder_at(at)).filter(
        holder=held_at(referral, at), project=referral.project_id, filed_at__lte=at, phones__phone__in=_phones(referral)
    )
    others = others.exclude(pk=referral.pk).exclude(state=ReferralState.REJECTED).distinct()
    return ", ".join(others.order_by("-filed_at").values_list("number", flat=True)[:3])


def _own(referral: Referral, at: datetime) -> str:
    people = User.objects.filter(phone__in=_phones(referral), is_active=True).select_related("phone")
    return ", ".join(f"{one.phone.masked}: {one}" for one in people if one.phone is not None)


def _agreement(referral: Referral, at: datetime) -> str:
    day = clock.local_date(at, referral.project.zone)
    running = Q(to_on__isnull=True) | Q(to_on__gte=day) | Q(auto_renew=True)
    known = Agreement.objects.filter(agency=referral.agency_id, project=referral.project_id, state="approved")
    found = known.filter(running, from_on__lte=day).order_by("-from_on").first()
    return "" if found is None else _("In force since %(day)s.") % {"day": date_format(found.from_on)}


_LOOKS: dict[str, Callable[[Referral, datetime], str]] = {
    Reason.NO_AGREEMENT: _agreement,
    Reason.OWN_PHONE: _own,
    Reason.KNOWN_TO_SITE: _walk_in,
    Reason.ALREADY_REFERRED: _same_broker,
    Reason.PROTECTED: _holder,
}


def evidence_of_filing(referral: Referral, check: str, facts: FilingFacts, *, failed: bool) -> str:
    """Return what stands behind a check of a filing."""
    limit = referral.policy.daily_filing_limit
    if check == Reason.LIMIT_REACHED and limit is not None:
        return _("%(n)s of %(limit)s before this one.") % {"n": facts.filed_today, "limit": limit}
    if check == Reason.NO_AGREEMENT:
        return "" if failed else _agreement(referral, referral.filed_at)
    return _LOOKS[check](referral, referral.filed_at) if failed and check in _LOOKS else ""


def evidence_of_visit(referral: Referral, check: str, facts: ReferralFacts, at: datetime, *, failed: bool) -> str:
    """Return what stands behind a check of an arrival."""
    zone = referral.project.zone
    if check == Reason.LAPSED and facts.lapse_at is not None:
        return _("To be visited before %(at)s.") % {"at": formats.instant(facts.lapse_at, zone)}
    if check == Reason.EXPIRED and facts.window is not None:
        return _("Protected until %(until)s.") % {"until": formats.instant(facts.window.ends_at, zone)}
    if check == Reason.TOO_EARLY:
        ready = referral.filed_at + timedelta(minutes=referral.policy.lead_time_minutes)
        return _("Filed on %(filed)s; counts from %(ready)s on.") % {
            "filed": formats.instant(referral.filed_at, zone),
            "ready": formats.instant(ready, zone),
        }
    if not failed or check not in _LOOKS:
        return ""
    # a walk-in is judged as of the filing, everything else as of the arrival (domain 4.3)
    return _LOOKS[check](referral, referral.filed_at if check == Reason.KNOWN_TO_SITE else at)
