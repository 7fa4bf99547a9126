"""Watching for brokers who file, or add phones, to learn whom the site knows (domain 4.5)."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Q

from brokers.models import Broker
from channels_platform.audit.models import Event
from channels_platform.audit.services import record
from leads.holders import filed_by, holder_at
from leads.models import Handover, Referral, ReferralPhone
from leads.states import HIDDEN_FROM_AGENCIES

SPAN = timedelta(hours=24)
MANY = 20
ENOUGH = 10
PHONE_REFUSED = "phone.refused"


def note_refused_phone(*, actor: Any, broker: Broker, referral: Referral, reason: str, now: datetime) -> None:
    """Remember that a broker asked for a phone that may not join a referral: it counts like a filing refused.

    Writes: audit event `phone.refused`, and as `watch_probing`.
    """
    record(
        PHONE_REFUSED,
        actor=actor,
        target=broker,
        project=referral.project_id,
        agency=broker.agency_id,
        after={"referral": referral.number, "reason": reason},
    )
    watch_probing(broker=broker, now=now)


def watch_probing(*, broker: Broker, now: datetime) -> None:
    """Flag the broker to marketing after more than 20 `unavailable` in 24 h, or over half of at least 10.

    Phones added, or refused, count like filings.
    Writes: Broker, audit event `broker.probing`; once per 24 h.
    """
    if broker.probing_flagged_at is not None and now - broker.probing_flagged_at < SPAN:
        return
    filed, unavailable = (sum(counts) for counts in zip(_filings(broker, now), _additions(broker, now), strict=True))
    if unavailable > MANY or (filed >= ENOUGH and 2 * unavailable > filed):
        Broker.objects.filter(pk=broker.pk).update(probing_flagged_at=now)
        broker.probing_flagged_at = now
        record(
            "broker.probing",
            actor=None,
            target=broker,
            agency=broker.agency_id,
            after={"filed": filed, "unavailable": unavailable},
        )


def _filings(broker: Broker, now: datetime) -> tuple[int, int]:
    hidden = Count("pk", filter=Q(reason__in=list(HIDDEN_FROM_AGENCIES)))
    counts = [
        rows.filter(filed_at__gt=now - SPAN, filed_at__lte=now).aggregate(filed=Count("pk"), unavailable=hidden)
        for rows in filed_by(broker)
    ]
    return sum(one["filed"] for one in counts), sum(one["unavailable"] for one in counts)


def _additions(broker: Broker, now: datetime) -> tuple[int, int]:
    refused = Event.objects.filter(
        target_kind=Broker._meta.label_lower,
        target_id=str(broker.pk),
        action=PHONE_REFUSED,
        at__gt=now - SPAN,
        at__lte=now,
    )
    hidden = refused.filter(after__reason__in=[str(reason) for reason in HIDDEN_FROM_AGENCIES])
    theirs = Q(referral__broker=broker) | Q(referral__in=Handover.objects.filter(former=broker).values("referral"))
    joined = (
        ReferralPhone.objects.filter(theirs, added_at__gt=now - SPAN, added_at__lte=now)
        .exclude(added_at=F("referral__filed_at"))
        .alias(holder=holder_at("added_at", referral="referral_id", broker="referral__broker"))
        .filter(holder=broker.pk)
    )
    return refused.count() + joined.count(), hidden.count()
