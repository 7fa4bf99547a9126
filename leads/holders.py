"""Whose a referral was at an instant: what counts by broker looks at who did it, not at who has the client now."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F, OuterRef, Subquery, UUIDField
from django.db.models.functions import Coalesce

from leads.models import Handover, Referral

# In SQL, of a referral called r: who filed it.
FILER = """COALESCE(
    (SELECT h.former_id FROM leads_handover h WHERE h.referral_id = r.id ORDER BY h.at, h.id LIMIT 1), r.broker_id
)"""
# Of the same, at an event called e: whose it was then.
HOLDER = """COALESCE(
    (SELECT h.former_id FROM leads_handover h WHERE h.referral_id = r.id AND h.at > e.at ORDER BY h.at, h.id LIMIT 1),
    r.broker_id
)"""


def holder_at(instant: str | datetime, *, referral: str = "pk", broker: str = "broker") -> Coalesce:
    """Return the expression for the broker whose a row's referral was at an instant, or at the row's field so named."""
    when = OuterRef(instant) if isinstance(instant, str) else instant
    later = Handover.objects.filter(referral=OuterRef(referral), at__gt=when).order_by("at", "pk")
    return Coalesce(Subquery(later.values("former")[:1]), F(broker), output_field=UUIDField())


def held_at(referral: Referral, at: datetime) -> UUID:
    """Return the broker whose the referral was at an instant."""
    later = referral.handovers.filter(at__gt=at).order_by("at", "pk").values_list("former", flat=True).first()
    return later or referral.broker_id


def filers(referrals: Iterable[Referral]) -> dict[UUID, UUID]:
    """Return who filed each referral, by the referrals' ids."""
    found = {one.pk: one.broker_id for one in referrals}
    moved = Handover.objects.filter(referral__in=list(found)).order_by("-at", "-pk")
    return found | dict(moved.values_list("referral", "former"))


def filed_by(broker: Any) -> tuple[Any, Any]:
    """Return a broker's own filings: those never handed over, and those that have gone to others since."""
    kept = Referral.objects.filter(broker=broker, handovers__isnull=True)
    given = Referral.objects.filter(pk__in=Handover.objects.filter(former=broker).values("referral"))
    return kept, given.alias(filer=holder_at("filed_at")).filter(filer=broker.pk)
