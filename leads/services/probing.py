"""Watching for brokers who file to learn whom the site knows (domain 4.5)."""

from datetime import datetime, timedelta

from django.db.models import Count, Q

from brokers.models import Broker
from channels_platform.audit.services import record
from leads.models import Referral
from leads.states import HIDDEN_FROM_AGENCIES

SPAN = timedelta(hours=24)
MANY = 20
ENOUGH = 10


def watch_probing(*, broker: Broker, now: datetime) -> None:
    """Flag the broker to marketing after more than 20 `unavailable` in 24 h, or over half of at least 10.

    Writes: Broker, audit event `broker.probing`; once per 24 h.
    """
    if broker.probing_flagged_at is not None and now - broker.probing_flagged_at < SPAN:
        return
    counts = Referral.objects.filter(broker=broker, filed_at__gt=now - SPAN, filed_at__lte=now).aggregate(
        filed=Count("pk"), unavailable=Count("pk", filter=Q(reason__in=list(HIDDEN_FROM_AGENCIES)))
    )
    filed, unavailable = counts["filed"], counts["unavailable"]
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
