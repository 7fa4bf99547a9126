"""Reminders before a filing lapses (2 h) and before protection ends (3 days)."""

from datetime import timedelta

from django.db.models import CharField, Exists, OuterRef, QuerySet
from django.db.models.functions import Cast
from django.urls import reverse

from channels_platform.lib import clock
from channels_platform.notices.models import Notice
from channels_platform.notices.services import tell
from leads.models import Referral
from leads.states import LIVE, ReferralState

BEFORE_LAPSE = timedelta(hours=2)
BEFORE_EXPIRY = timedelta(days=3)
BATCH = 1_000
LAPSE_NEAR, EXPIRY_NEAR = "referral.lapse_near", "referral.expiry_near"


def write_reminders() -> int:
    """Tell the brokers concerned of ends that are near; each end once.

    Writes: Notice, Delivery.
    Source: domain 7.
    """
    now = clock.now()
    filed = Referral.objects.filter(
        state=ReferralState.FILED, lapse_at__gt=now, lapse_at__lte=now + BEFORE_LAPSE, broker__user__is_active=True
    )
    protected = Referral.objects.filter(
        state__in=list(LIVE),
        window_ends_at__gt=now,
        window_ends_at__lte=now + BEFORE_EXPIRY,
        broker__user__is_active=True,
    )
    return _warn(LAPSE_NEAR, filed, "lapse_at") + _warn(EXPIRY_NEAR, protected, "window_ends_at")


def _warn(kind: str, rows: QuerySet[Referral], end: str) -> int:
    said = Notice.objects.filter(
        recipient=OuterRef("broker__user"), kind=kind, target_id=OuterRef("target"), due_at=OuterRef(end)
    )
    written = 0
    unsaid = rows.annotate(target=Cast("pk", CharField())).filter(~Exists(said))
    for referral in unsaid.select_related("project", "broker__user").iterator(BATCH):
        due_at = getattr(referral, end)
        written += tell(
            kind=kind,
            recipients=[referral.broker.user],
            target=referral,
            project=referral.project,
            facts={"project": referral.project.name},
            path=reverse("portal:referral", args=[referral.pk]),
            once=f"{referral.pk}:{due_at.isoformat()}",
            due_at=due_at,
        )
    return written
