"""Reminders before a filing lapses (2 h) and before protection ends (3 days)."""

from datetime import timedelta

from django.db.models import CharField, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Cast
from django.urls import reverse

from channels_platform.accounts.models import User
from channels_platform.accounts.permissions import Role
from channels_platform.lib import clock
from channels_platform.notices.models import Notice
from channels_platform.notices.services import tell
from leads.models import Referral
from leads.selectors import who_hears_of
from leads.states import LIVE, ReferralState

BEFORE_LAPSE = timedelta(hours=2)
BEFORE_EXPIRY = timedelta(days=3)
BATCH = 1_000
LAPSE_NEAR, EXPIRY_NEAR = "referral.lapse_near", "referral.expiry_near"


def write_reminders() -> int:
    """Tell the brokers concerned of ends that are near, each end once; where the broker left, the agency's managers.

    Writes: Notice, Delivery.
    Source: domain 7.
    """
    now = clock.now()
    filed = Referral.objects.filter(state=ReferralState.FILED, lapse_at__gt=now, lapse_at__lte=now + BEFORE_LAPSE)
    protected = Referral.objects.filter(
        state__in=list(LIVE), window_ends_at__gt=now, window_ends_at__lte=now + BEFORE_EXPIRY
    )
    return _warn(LAPSE_NEAR, filed, "lapse_at") + _warn(EXPIRY_NEAR, protected, "window_ends_at")


def _warn(kind: str, rows: QuerySet[Referral], end: str) -> int:
    said = Notice.objects.filter(kind=kind, target_id=OuterRef("target"), due_at=OuterRef(end))
    managers = User.objects.filter(role=Role.AGENCY_ADMIN, is_active=True, broker__agency=OuterRef("agency"))
    here, left = Q(broker__user__is_active=True), Q(broker__user__is_active=False)
    written = 0
    unsaid = rows.annotate(target=Cast("pk", CharField())).filter(
        here & ~Exists(said.filter(recipient=OuterRef("broker__user")))
        | left & Exists(managers) & ~Exists(said.filter(recipient__role=Role.AGENCY_ADMIN))
    )
    for referral in unsaid.select_related("project", "broker__user").iterator(BATCH):
        due_at = getattr(referral, end)
        written += tell(
            kind=kind,
            recipients=who_hears_of(referral),
            target=referral,
            project=referral.project,
            facts={"project": referral.project.name},
            path=reverse("portal:referral", args=[referral.pk]),
            once=f"{referral.pk}:{due_at.isoformat()}",
            due_at=due_at,
        )
    return written
