"""Agreements: drafted by one, approved by another."""

from datetime import date
from typing import Any

from brokers.models import Agency, Agreement
from brokers.states import AgreementState
from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from projects.models import Project


@transactional
def draft_agreement(
    *, actor: Any, agency: Agency, project: Project, from_on: date, to_on: date | None = None, auto_renew: bool = False
) -> Agreement:
    """Draft an agreement; it counts once another person approved it.

    Raises: Forbidden; Invalid `span_reversed`.
    Writes: Agreement, audit event `agreement.drafted`.
    """
    require(actor, Can.DRAFT_AGREEMENT)
    if to_on is not None and to_on < from_on:
        raise Invalid("the last day is before the first", code="span_reversed", field="to")
    agreement = Agreement(
        agency=agency,
        project=project,
        from_on=from_on,
        to_on=to_on,
        auto_renew=auto_renew,
        author=actor,
        created_at=clock.now(),
    )
    agreement.save(force_insert=True)
    after = {"from": from_on.isoformat(), "to": to_on.isoformat() if to_on else None, "auto_renew": auto_renew}
    record("agreement.drafted", actor=actor, target=agreement, project=project, agency=agency, after=after)
    return agreement


@transactional
def approve_agreement(*, actor: Any, agreement: Agreement) -> Agreement:
    """Approve a draft; the author cannot.

    Raises: NotAllowed when it is no draft; Forbidden `own_draft`.
    Locks:  the agreement row.
    Writes: Agreement, audit event `agreement.approved`.
    """
    if not actor.can(Can.APPROVE_AGREEMENT):
        raise Forbidden("only a marketing manager approves agreements")
    stored = Agreement.objects.select_for_update().get(pk=agreement.pk)
    if stored.state != AgreementState.DRAFT:
        raise NotAllowed("only a draft can be approved")
    if stored.author_id == actor.pk:
        raise Forbidden("the author cannot approve the own draft", code="own_draft")
    stored.state, stored.approved_by, stored.approved_at = AgreementState.APPROVED, actor, clock.now()
    stored.save(update_fields=["state", "approved_by", "approved_at"])
    record("agreement.approved", actor=actor, target=stored, project=stored.project_id, agency=stored.agency_id)
    return stored


@transactional
def end_agreement(*, actor: Any, agreement: Agreement, reason: str) -> Agreement:
    """End an agreement now, with a reason; filings stop, referrals made stay.

    Raises: Forbidden; NotAllowed when it is not in force; Invalid `reason_required`.
    Locks:  the agreement row.
    Writes: Agreement, audit event `agreement.ended`.
    """
    require(actor, Can.APPROVE_AGREEMENT)
    if not reason.strip():
        raise Invalid("a reason is needed", code="reason_required", field="reason")
    stored = Agreement.objects.select_for_update().get(pk=agreement.pk)
    if stored.state != AgreementState.APPROVED:
        raise NotAllowed("only an approved agreement can be ended")
    stored.state = AgreementState.ENDED
    stored.save(update_fields=["state"])
    record(
        "agreement.ended", actor=actor, target=stored, project=stored.project_id, agency=stored.agency_id, reason=reason
    )
    return stored
