"""What one side may read of a dispute: its own words, files, questions and referral, and the decision. No more."""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext as _

from channels_platform.presentation import formats
from leads.models import DealShare, Dispute, DisputeFile, DisputeQuestion, DisputeSide, Referral
from leads.services.disputes.raising import appeal_until
from leads.states import DisputeState


@dataclass(frozen=True, slots=True)
class CaseView:
    """A dispute as one of its sides sees it; `own` says that this side contested or appealed."""

    dispute: Dispute
    own: bool
    referral: Referral | None
    claim_text: str
    files: tuple[DisputeFile, ...]
    questions: tuple[DisputeQuestion, ...]
    decision: str
    outcome: str
    appeal_by: datetime | None
    first: Dispute | None
    appeal: Dispute | None


def case_for(dispute: Dispute, *, agency_id: Any, now: datetime) -> CaseView:
    """Return the dispute as the side of that agency may read it.

    Raises: DisputeSide.DoesNotExist for who is no side.
    """
    side = DisputeSide.objects.select_related("referral__project").get(dispute=dispute, agency=agency_id)
    own, decided = dispute.agency_id == agency_id, dispute.state == DisputeState.DECIDED
    files = DisputeFile.objects.filter(dispute=dispute, agency=agency_id).select_related("attachment")
    questions = DisputeQuestion.objects.filter(dispute=dispute, agency=agency_id).select_related("answered_by")
    appeal = Dispute.objects.filter(appeal_of=dispute).first()
    open_to_appeal = decided and appeal is None and dispute.appeal_of_id is None and now < appeal_until(dispute)
    return CaseView(
        dispute=dispute,
        own=own,
        referral=side.referral,
        claim_text=dispute.claim_text if own else "",
        files=tuple(files.filter(question__isnull=True)),
        questions=tuple(questions.prefetch_related("files__attachment")),
        decision=dispute.decision if decided else "",
        outcome=_outcome(side.referral) if decided else "",
        appeal_by=appeal_until(dispute) if open_to_appeal else None,
        first=dispute.appeal_of,
        appeal=appeal,
    )


def _outcome(referral: Referral | None) -> str:
    """Return what the side's referral has now; another's part is not told."""
    if referral is None:
        return ""
    held = DealShare.objects.filter(referral=referral, ended_at__isnull=True).order_by("-since").first()
    if held is None:
        return _("No deal counts for your referral.")
    if held.fraction == Fraction(1):
        return _("The whole deal counts for your referral.")
    return _("Your part of the deal is %(part)s.") % {"part": formats.fraction(held.fraction)}
