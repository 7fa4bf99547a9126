"""What somebody of a side may read of a dispute: own words, files, questions and referral, and the decision."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext as _

from channels_platform.presentation import formats
from leads.models import DealShare, Dispute, DisputeFile, DisputeQuestion, DisputeSide, Referral
from leads.selectors import case_files_for, contested_by, questions_for
from leads.services.disputes.raising import appeal_until
from leads.states import DisputeState


@dataclass(frozen=True, slots=True)
class CaseView:
    """A dispute as somebody of one side sees it; `own` says that it is they who contested or appealed."""

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


def case_for(dispute: Dispute, *, reader: Any, now: datetime) -> CaseView:
    """Return the dispute as a person of one of its sides may read it.

    Raises: DisputeSide.DoesNotExist for who is of no side.
    """
    sides = DisputeSide.objects.select_related("referral__project", "referral__broker")
    side = sides.get(dispute=dispute, agency=reader.broker.agency_id)
    own, decided = contested_by(dispute, reader), dispute.state == DisputeState.DECIDED
    files = case_files_for(dispute, reader).select_related("attachment")
    questions = questions_for(dispute, reader).select_related("answered_by", "referral__project")
    referral = _referral_for(side, questions, reader)
    appeal = Dispute.objects.filter(appeal_of=dispute).first()
    open_to_appeal = decided and appeal is None and dispute.appeal_of_id is None and now < appeal_until(dispute)
    return CaseView(
        dispute=dispute,
        own=own,
        referral=referral,
        claim_text=str(dispute.claim_text) if own else "",
        files=tuple(files.filter(question__isnull=True)),
        questions=tuple(questions.prefetch_related("files__attachment")),
        decision=dispute.decision if decided else "",
        outcome=_outcome(referral) if decided else "",
        appeal_by=appeal_until(dispute) if open_to_appeal else None,
        first=dispute.appeal_of,
        appeal=appeal,
    )


def _referral_for(side: DisputeSide, questions: Iterable[DisputeQuestion], reader: Any) -> Referral | None:
    """Return the side's referral; to a broker who was only asked about one of their own, that one."""
    if side.referral is None or reader.role == "agency_admin" or side.referral.broker_id == reader.broker.pk:
        return side.referral
    asked = (one.referral for one in questions if one.referral is not None)
    return next((one for one in asked if one.broker_id == reader.broker.pk), side.referral)


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
