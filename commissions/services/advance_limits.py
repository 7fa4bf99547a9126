"""Up to how much an agency may have advanced: kept by finance, by two people."""

from decimal import Decimal
from typing import Any

from django.urls import reverse

from brokers.models import Agency
from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require_person
from channels_platform.audit.services import record
from channels_platform.db import refused_by, transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import Duplicate, Invalid
from channels_platform.lib.money import BEYOND_ANY_PRICE, to_minor
from channels_platform.lib.names import needed_reason
from commissions import locks
from commissions.models import AdvanceLimit
from commissions.services.requests import decide_request, figure, held_request, tell_deciders
from projects.models import PayingCompany, Project


@transactional
def ask_advance_limit(
    *,
    actor: Any,
    agency: Agency,
    company: PayingCompany,
    currency: str,
    amount: Decimal,
    fee_rate: Decimal,
    reason: str,
    project: Project | None = None,
) -> AdvanceLimit:
    """Ask for a limit of an agency in a project, or (None) in all of the company's projects of a currency.

    Raises: Forbidden; Invalid `reason_required`, `out_of_range`, `invalid_amount`, `other_currency`;
            Duplicate `limit_asked` where one waits for a decision.
    Writes: AdvanceLimit, Notice, Delivery, audit event `advance_limit.asked`.
    """
    require_person(actor, Can.PREPARE_PAYOUT)
    reason = needed_reason(reason)
    to_minor(amount, currency)
    if not 0 <= amount < BEYOND_ANY_PRICE:
        raise Invalid("a limit is 0 or more", code="out_of_range", field="amount")
    if not 0 <= fee_rate < 1 or round(fee_rate, 6) != fee_rate:
        raise Invalid("a fee is a part of what is advanced", code="out_of_range", field="fee_rate")
    if project is not None and (project.company_id, project.currency) != (company.pk, currency):
        raise Invalid("the project has another company or currency", code="other_currency", field="project")
    limit = AdvanceLimit(
        agency=agency,
        company=company,
        project=project,
        currency=currency,
        amount=amount,
        fee_rate=fee_rate,
        reason=reason,
        asked_by=actor,
        asked_at=clock.now(),
    )
    waiting = Duplicate("a limit of this agency waits for a decision here", code="limit_asked")
    with refused_by("advance_limit_asked_once", waiting):
        limit.save(force_insert=True)
    record(
        "advance_limit.asked", actor=actor, target=limit, project=project, agency=agency, after=_facts(limit),
        reason=reason,
    )  # fmt: skip
    tell_deciders(
        limit,
        projects=[project] if project else Project.objects.filter(company=company, currency=currency),
        place=project.name if project else company.name,
        amount=figure(amount, currency),
        path=reverse("finance:advance_limit", args=[limit.pk]),
        company=None if project else company,
    )
    return limit


@transactional
def decide_advance_limit(*, actor: Any, limit: AdvanceLimit, approve: bool, answer: str = "") -> AdvanceLimit:
    """Approve or decline; never by who asked. An approved limit takes the place of the one before; advances stay.

    Raises: Forbidden, also `own_request`; NotAllowed when it is decided; Invalid `reason_required` where it is
            declined without an answer.
    Locks:  the company, the limit.
    Writes: AdvanceLimit, audit event `advance_limit.approved` or `advance_limit.declined`.
    """
    require_person(actor, Can.APPROVE_PAYOUT)
    locks.lock_company(limit.company_id)
    held = held_request(limit, actor=actor)
    decide_request(held, actor=actor, approve=approve, answer=answer)
    record(
        f"advance_limit.{held.state}", actor=actor, target=held, project=held.project_id, agency=held.agency_id,
        after=_facts(held), reason=answer,
    )  # fmt: skip
    return held


def _facts(limit: AdvanceLimit) -> dict[str, str]:
    return {
        "amount": str(limit.amount),
        "currency": limit.currency,
        "fee_rate": str(limit.fee_rate),
        "state": str(limit.state),
    }
