"""Contesting an outcome, and appealing against its decision."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from brokers.models import Agency
from channels_platform.audit.selectors import events_of
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from channels_platform.lib.names import clean_text
from leads.locks import lock_deal, lock_dispute, lock_referrals
from leads.models import Deal, Dispute, Referral
from leads.selectors import deal_of_case
from leads.services.disputes.asking import keep_evidence
from leads.services.disputes.people import add_sides, holders_of, require_speaker, tell_managers, tell_sides
from leads.services.filing import next_number
from leads.states import DisputeState, ReferralState
from projects.models import Project
from projects.selectors import current_policy

# A decision and the loss that comes of it are dated one after the other.
_SAME_ACT = timedelta(minutes=1)


@transactional
def raise_dispute(
    *,
    actor: Any,
    agency: Agency,
    claim_text: str,
    referral: Referral | None = None,
    deal: Deal | None = None,
    files: Sequence[UploadedFile] = (),
) -> Dispute:
    """Contest a rejected or lost referral of one's own, or a deal, within the policy's `dispute_days`.

    Raises: Forbidden; Invalid `text_required`, `nothing_to_contest`, `other_project`, `too_late`, and what files are
            refused for; NotAllowed `already_open`, `already_decided` (then a side appeals).
    Locks:  the deal, the referral.
    Writes: Dispute, DisputeSide, DisputeFile, Attachment, Notice, audit event `dispute.raised`.
    Source: domain 2, 4.1.
    """
    require_speaker(actor, agency)
    if not clean_text(claim_text):
        raise Invalid("say what is contested and why", code="text_required", field="claim_text")
    if referral is not None and referral.agency_id != agency.pk:
        raise Forbidden("the referral is another agency's")
    if referral is None and deal is None:
        raise Invalid("a dispute is about a referral or a deal", code="nothing_to_contest", field="referral")
    if referral is not None and deal is not None and referral.project_id != deal.project_id:
        # its project says who decides it
        raise Invalid("the deal is of another project", code="other_project", field="deal")
    subject: Any = referral or deal
    if deal is not None:
        lock_deal(deal)
    if referral is not None:
        lock_referrals([referral.pk])
    now = clock.now()
    if now >= contest_until(referral, deal):
        raise Invalid("the time to contest is over", code="too_late")
    _require_first(agency, referral, deal)
    dispute = _keep(
        actor=actor, agency=agency, project=subject.project, text=claim_text, now=now, referral=referral, deal=deal
    )
    holders = holders_of(deal) if deal is not None else []
    if referral is None:
        referral = next((held for holder, held in holders if getattr(holder, "pk", holder) == agency.pk), None)
    add_sides(dispute, [(agency, referral), *holders], now)
    keep_evidence(actor=actor, dispute=dispute, agency=agency, files=files)
    record(
        "dispute.raised",
        actor=actor,
        target=dispute,
        project=dispute.project_id,
        agency=agency,
        after={"about": str(subject), "files": len(files)},
    )
    tell_managers("dispute.raised", dispute)
    tell_sides("dispute.raised", dispute, besides=actor)
    return dispute


@transactional
def appeal_dispute(
    *, actor: Any, agency: Agency, dispute: Dispute, claim_text: str, files: Sequence[UploadedFile] = ()
) -> Dispute:
    """Appeal against a first decision, once, within `DISPUTE_APPEAL_DAYS`; another manager judges it.

    Raises: Invalid `text_required`, `too_late`, and what files are refused for; Forbidden for who is no side;
            NotAllowed `not_decided`, `appealed_already`, `is_appeal`.
    Locks:  the dispute.
    Writes: Dispute, DisputeSide, DisputeFile, Attachment, Notice, audit event `dispute.appealed`.
    """
    require_speaker(actor, agency)
    if not clean_text(claim_text):
        raise Invalid("say what is wrong with the decision", code="text_required", field="claim_text")
    first = lock_dispute(dispute)
    own = first.sides.filter(agency=agency).select_related("referral").first()
    if own is None:
        raise Forbidden("only a side appeals")
    if first.appeal_of_id is not None:
        raise NotAllowed("an appeal is decided for good", code="is_appeal")
    if first.decided_at is None:
        raise NotAllowed("it is not decided yet", code="not_decided")
    if Dispute.objects.filter(appeal_of=first).exists():
        raise NotAllowed("this was appealed already", code="appealed_already")
    now = clock.now()
    if now >= appeal_until(first):
        raise Invalid("the time to appeal is over", code="too_late")
    appeal = _keep(
        actor=actor,
        agency=agency,
        project=first.project,
        text=claim_text,
        now=now,
        referral=own.referral,
        deal=deal_of_case(first),
        appeal_of=first,
        first_judge=first.decided_by,
        first_approver=first.approved_by,
    )
    add_sides(appeal, [(side.agency_id, side.referral) for side in first.sides.select_related("referral")], now)
    keep_evidence(actor=actor, dispute=appeal, agency=agency, files=files)
    record(
        "dispute.appealed",
        actor=actor,
        target=appeal,
        project=appeal.project_id,
        agency=agency,
        after={"of": first.number, "files": len(files)},
    )
    tell_managers("dispute.appealed", appeal, besides=[first.decided_by, first.approved_by])
    tell_sides("dispute.appealed", appeal, besides=actor)
    return appeal


def appeal_until(dispute: Dispute) -> datetime:
    """The instant from which it is too late to appeal against a decision."""
    if dispute.decided_at is None:
        raise NotAllowed("it is not decided yet", code="not_decided")
    return dispute.decided_at + timedelta(days=settings.DISPUTE_APPEAL_DAYS)


def _require_first(agency: Agency, referral: Referral | None, deal: Deal | None) -> None:
    """Refuse to contest the same again: while it is open, and once it is decided, when a side appeals instead."""
    known = Dispute.objects.filter(agency=agency, referral=referral, deal=deal, appeal_of__isnull=True)
    states = set(known.values_list("state", flat=True))
    if states - {DisputeState.DECIDED}:
        raise NotAllowed("a dispute about this is open already", code="already_open")
    if states or (referral is not None and deal is None and settled_by_decision(referral)):
        raise NotAllowed("a dispute about this is decided; appeal instead", code="already_decided")


def settled_by_decision(referral: Referral) -> bool:
    """Whether a dispute in which the referral stood was decided with its loss, or after it: then a side appeals."""
    if referral.state != ReferralState.LOST:
        return False
    since = _refused_at(referral) - _SAME_ACT
    return Dispute.objects.filter(sides__referral=referral, decided_at__gte=since).exists()


def _keep(*, actor: Any, agency: Agency, project: Project, text: str, now: datetime, **more: Any) -> Dispute:
    dispute = Dispute(
        number=f"J-{clock.local_date(now, project.zone):%Y%m%d}-{next_number('dispute_number'):06d}",
        project=project,
        agency=agency,
        claim_text=clean_text(text),
        raised_by=actor,
        raised_at=now,
        due_at=now + timedelta(days=settings.DISPUTE_DECIDE_DAYS),
        **more,
    )
    dispute.save(force_insert=True)
    return dispute


def contest_until(referral: Referral | None, deal: Deal | None) -> datetime:
    """The instant from which it is too late to contest: counted from the rejection, or from the deal.

    Raises: Invalid `nothing_to_contest`.
    """
    if deal is not None:
        return deal.subscribed_at + timedelta(days=current_policy(deal.project).dispute_days)
    if referral is None or referral.state not in (ReferralState.REJECTED, ReferralState.LOST):
        raise Invalid("only a refused or lost filing can be contested", code="nothing_to_contest", field="referral")
    return _refused_at(referral) + timedelta(days=referral.policy.dispute_days)


def _refused_at(referral: Referral) -> datetime:
    """When the outcome that is contested came about: the filing, or the moment the client was lost."""
    if referral.state == ReferralState.REJECTED:
        return referral.filed_at
    lost = events_of(referral).filter(action=f"referral.{ReferralState.LOST}")
    return lost.order_by("-id").values_list("at", flat=True)[0]
