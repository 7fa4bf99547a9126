"""Payments and refunds of a deal: recorded once, by their bank reference."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require
from channels_platform.audit.services import record
from channels_platform.db import refused_by, transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import Duplicate, Invalid
from channels_platform.lib.money import minor_digits
from channels_platform.lib.names import clean_text
from leads.locks import lock_deal
from leads.models import Deal, Payment
from leads.services.deals import check_moment, tell_commission


@transactional
def record_payment(
    *,
    actor: Any,
    deal: Deal,
    amount: Decimal,
    reference: str,
    received_at: datetime | None = None,
    source: str = Payment.Source.OWN,
    within_collected: bool = False,
) -> Payment:
    """Record money received; negative: a refund. Possible in every state of the deal.

    `within_collected`: no more is refunded than all that was collected. Where facts are told out of their order, a
    refund may come before its payment.
    Raises: Forbidden; Duplicate when the project knows the reference; Invalid by field, `more_than_collected` with
            what was `collected`.
    Locks:  the deal.
    Writes: Payment, Deal, DealOutbox, audit event `payment.recorded`.
    Source: domain 5.
    """
    require(actor, Can.RECORD_PAYMENT)
    locked = lock_deal(deal)
    now = clock.now()
    moment = _check(locked, amount, reference, source, received_at, now)
    if within_collected and amount < 0:
        _check_collected(locked, -amount)
    locked.facts += 1
    payment = Payment(
        project_id=locked.project_id,
        deal=locked,
        amount=amount,
        source=source,
        received_at=moment,
        reference=clean_text(reference),
        sequence=locked.facts,
        recorded_at=now,
        recorded_by=actor,
    )
    with refused_by("payment_reference_in_project", Duplicate("the reference is known", field="reference")):
        payment.save(force_insert=True)
    locked.save(update_fields=["facts"])
    record(
        "payment.recorded",
        actor=actor,
        target=locked,
        project=locked.project_id,
        after={"amount": str(amount), "source": source, "received_at": moment.isoformat()},
    )
    tell_commission(locked, "payment")
    return payment


def _check_collected(deal: Deal, refund: Decimal) -> None:
    collected = deal.payments.aggregate(sum=Sum("amount"))["sum"] or Decimal(0)
    if refund > collected:
        raise Invalid(
            "more is refunded than was collected", code="more_than_collected", field="amount", collected=str(collected)
        )


def _check(
    deal: Deal, amount: Decimal, reference: str, source: str, received_at: datetime | None, now: datetime
) -> datetime:
    currency = deal.project.currency
    if not clean_text(reference) or len(reference) > 80:
        raise Invalid("a bank reference of up to 80 characters is needed", code="reference_required", field="reference")
    if amount == 0 or abs(amount) >= Decimal(10) ** 13:
        raise Invalid("a payment is not 0", code="out_of_range", field="amount")
    if amount != round(amount, minor_digits(currency)):
        raise Invalid(f"{currency} has {minor_digits(currency)} decimals", code="too_many_decimals", field="amount")
    if source not in Payment.Source.values:
        raise Invalid("unknown source", code="unknown_choice", field="source")
    moment = check_moment(received_at, now, field="received_at")
    if moment < deal.subscribed_at:
        raise Invalid("a payment is not before the subscription", code="before_subscription", field="received_at")
    return moment
