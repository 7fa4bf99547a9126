"""Agreements: drafted by one, approved by another, ended; what an ending for interception holds, and lets go."""

from datetime import date
from typing import Any

from django.urls import reverse

from brokers.models import Agency, Agreement
from brokers.selectors import managers_of
from brokers.states import AgreementState, Ending
from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require, require_person
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from channels_platform.lib.names import clean_text, needed_reason
from channels_platform.notices.services import tell
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
def end_agreement(*, actor: Any, agreement: Agreement, reason: str, ending: Ending = Ending.AGREED) -> Agreement:
    """End an agreement now, with a reason; filings stop, referrals made stay.

    Ended for interception, what the agency and its brokers have unpaid in the project is held from now on.
    Raises: Forbidden; NotAllowed when it is not approved; Invalid `reason_required`.
    Locks:  the agreement row.
    Writes: Agreement, audit event `agreement.ended`; tells the agency's managers.
    """
    require(actor, Can.APPROVE_AGREEMENT)
    if ending == Ending.INTERCEPTION:
        require_person(actor, Can.APPROVE_AGREEMENT)
    reason = needed_reason(reason)
    stored = Agreement.objects.select_for_update(no_key=True).get(pk=agreement.pk)
    if stored.state != AgreementState.APPROVED:
        raise NotAllowed("only an approved agreement can be ended")
    stored.state, stored.ending = AgreementState.ENDED, ending
    stored.ended_by, stored.ended_at, stored.ended_reason = actor, clock.now(), clean_text(reason)
    stored.save(update_fields=["state", "ending", "ended_by", "ended_at", "ended_reason"])
    record(
        "agreement.ended",
        actor=actor,
        target=stored,
        project=stored.project_id,
        agency=stored.agency_id,
        after={"ending": str(ending)},
        reason=reason,
    )
    tell(
        kind="agreement.ended",
        recipients=managers_of(stored.agency),
        target=stored.agency,
        project=stored.project,
        facts={"project": stored.project.name},
        path=reverse("portal:home"),
        once=str(stored.pk),
    )
    return stored


@transactional
def lift_hold(*, actor: Any, agreement: Agreement, reason: str) -> Agreement:
    """Let what an ending for interception holds be paid after all: never by who ended it.

    The next payout takes it; what the agreement was ended for stays on record.
    Raises: Forbidden, also `own_ending`; NotAllowed when nothing is held by it; Invalid `reason_required`.
    Locks:  the agreement row.
    Writes: Agreement, audit event `agreement.hold_lifted`.
    """
    require_person(actor, Can.APPROVE_AGREEMENT)
    reason = needed_reason(reason)
    stored = Agreement.objects.select_for_update(no_key=True).get(pk=agreement.pk)
    if not stored.is_holding:
        raise NotAllowed("nothing is held by this agreement")
    if stored.ended_by_id == actor.pk:
        raise Forbidden("who ended it cannot lift the hold", code="own_ending")
    stored.lifted_by, stored.lifted_at, stored.lifted_reason = actor, clock.now(), clean_text(reason)
    stored.save(update_fields=["lifted_by", "lifted_at", "lifted_reason"])
    record(
        "agreement.hold_lifted",
        actor=actor,
        target=stored,
        project=stored.project_id,
        agency=stored.agency_id,
        reason=reason,
    )
    return stored
