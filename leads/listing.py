"""Lists of referrals as people ask for them: by where they stand, by what was typed, by what runs out."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from cryptography.fernet import InvalidToken
from django.db.models import Case, Count, F, Q, QuerySet, When
from django.db.models.functions import Least
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from brokers.models import Agency, Agreement
from brokers.selectors import in_force_on
from brokers.states import AgreementState
from channels_platform.lib import clock
from channels_platform.lib.errors import Invalid
from channels_platform.lib.names import clean_text
from channels_platform.lib.phones import parse_phone
from channels_platform.privacy.keys import cipher
from leads.models import Referral
from leads.states import LIVE, ReferralState
from projects.models import Project
from projects.states import ProjectStatus

SOON = timedelta(hours=48)
TABS: dict[str, str | Promise] = {
    "running": _("Running out"),
    "active": pgettext_lazy("clients", "Active"),
    "won": _("Won"),
    "rejected": pgettext_lazy("referral state", "Rejected"),
    "past": _("Past"),
    "all": _("All"),
}
_PAST = (ReferralState.LAPSED, ReferralState.EXPIRED, ReferralState.WITHDRAWN, ReferralState.LOST)


def _live(now: datetime) -> Q:
    lapsed = Q(state=ReferralState.FILED, lapse_at__isnull=False, lapse_at__lte=now)
    expired = Q(window_ends_at__isnull=False, window_ends_at__lte=now)
    return Q(state__in=list(LIVE)) & ~lapsed & ~expired


def with_deadline(referrals: QuerySet[Referral]) -> QuerySet[Referral]:
    """Annotate `deadline`: the instant at which a live referral ends unless something happens."""
    return referrals.annotate(
        deadline=Case(
            When(state=ReferralState.FILED, then=Least("lapse_at", "window_ends_at")),
            default=F("window_ends_at"),
        )
    )


def in_tab(referrals: QuerySet[Referral], tab: str, now: datetime) -> QuerySet[Referral]:
    """Return the referrals of one tab, judged by the clock and not by when the sweep ran."""
    if tab == "all":
        return referrals
    if tab in (ReferralState.WON, ReferralState.REJECTED):
        return referrals.filter(state=tab)
    if tab == "past":
        return referrals.filter(Q(state__in=_PAST) | (Q(state__in=list(LIVE)) & ~_live(now)))
    live = referrals.filter(_live(now))
    return live.filter(Q(deadline__lte=now + SOON)) if tab == "running" else live


def count_by_tab(referrals: QuerySet[Referral], now: datetime) -> dict[str, int]:
    """Return how many referrals each tab has, in one statement. The rows need `with_deadline`."""
    live = _live(now)
    counts: dict[str, int] = referrals.order_by().aggregate(
        running=Count("pk", filter=live & Q(deadline__lte=now + SOON)),
        active=Count("pk", filter=live),
        won=Count("pk", filter=Q(state=ReferralState.WON)),
        rejected=Count("pk", filter=Q(state=ReferralState.REJECTED)),
        past=Count("pk", filter=Q(state__in=_PAST) | (Q(state__in=list(LIVE)) & ~live)),
        all=Count("pk"),
    )
    return counts


def seal(typed: str) -> str:
    """Return what was typed in a form an address may hold: a full phone is encrypted, the rest stays readable."""
    text = clean_text(typed)[:60]
    try:
        return "~" + cipher().encrypt(parse_phone(text)).decode().rstrip("=")
    except Invalid:
        return text.lstrip("~")


def unseal(sealed: str) -> str:
    """Return what was typed; '' where the seal is broken."""
    if not sealed.startswith("~"):
        return clean_text(sealed)[:60]
    token = sealed[1:]
    try:
        return cipher().decrypt((token + "=" * (-len(token) % 4)).encode())
    except (InvalidToken, ValueError):
        return ""


def projects_to_file(agency: Agency, now: datetime) -> QuerySet[Project]:
    """Return the open projects with which the agency has an agreement in force on the project's local date."""
    open_now = Project.objects.filter(status=ProjectStatus.OPEN)
    agreed = open_now.filter(agreements__agency=agency, agreements__state=AgreementState.APPROVED)
    zones = set(agreed.values_list("timezone", flat=True))
    in_force = Q(pk__in=[])
    for zone in zones:
        today = clock.local_date(now, ZoneInfo(zone))
        agreements = Agreement.objects.filter(in_force_on(today), agency=agency)
        in_force |= Q(timezone=zone, pk__in=agreements.values("project"))
    return open_now.filter(in_force).order_by("name")
