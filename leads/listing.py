"""Lists of referrals as people ask for them: by where they stand, by what was typed, by what runs out."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from cryptography.fernet import InvalidToken
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Q, QuerySet
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
from channels_platform.presentation.formats import MOST_COUNTED
from channels_platform.privacy.keys import cipher
from leads.models import Referral
from leads.models.referral import DEADLINE
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
    return referrals.annotate(deadline=DEADLINE)


def in_tab(referrals: QuerySet[Referral], tab: str, now: datetime) -> QuerySet[Referral]:
    """Return the referrals of one tab, judged by the clock and not by when the sweep ran."""
    if tab == "all":
        return referrals
    if tab in (ReferralState.WON, ReferralState.REJECTED):
        return referrals.filter(state=tab)
    if tab == "past":
        return referrals.filter(Q(state__in=_PAST) | (Q(state__in=list(LIVE)) & ~_live(now)))
    live = referrals.filter(_live(now))
    return live.filter(Q(deadline__gt=now, deadline__lte=now + SOON)) if tab == "running" else live


def count_by_tab(referrals: QuerySet[Referral], now: datetime) -> dict[str, int]:
    """Return how many referrals each tab has, more than `MOST_COUNTED` as any number above, in one statement.

    The rows need `with_deadline`.
    """
    sums: list[str] = []
    values: list[Any] = []
    for tab in TABS:
        counts = ["0"]
        for rows in _apart(referrals, tab, now):
            try:
                sql, params = rows.values("pk")[: MOST_COUNTED + 1].query.sql_with_params()
            except EmptyResultSet:
                continue
            counts.append(f"(SELECT count(*) FROM ({sql}) AS found)")  # noqa: S608 - compiled just now
            values += params
        sums.append(" + ".join(counts))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(sums)}", values)
        return dict(zip(TABS, cursor.fetchone(), strict=True))


def _apart(referrals: QuerySet[Any], tab: str, now: datetime) -> Iterator[QuerySet[Any]]:
    """Yield a tab's referrals in parts, each in the order of an index: what is counted is then read from its leaves."""
    if tab != "past":
        yield in_tab(referrals, tab, now).order_by(*(("deadline",) if tab == "running" else ("-filed_at", "-pk")))
        return
    for state in _PAST:
        yield referrals.filter(state=state).order_by("-filed_at", "-pk")
    yield referrals.filter(Q(state__in=list(LIVE), deadline__lte=now)).order_by("deadline")


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
