"""Hearing the sides: what managers ask, what agencies answer, and the files they hand in."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from brokers.models import Agency
from channels_platform.accounts.permissions import Can, Role
from channels_platform.accounts.services.access import require, require_person
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.files.models import Attachment
from channels_platform.files.services import keep_files
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from channels_platform.lib.names import clean_text
from leads.locks import lock_dispute
from leads.models import Dispute, DisputeFile, DisputeQuestion, Referral
from leads.services.disputes.people import add_sides, require_discreet, require_speaker, tell_asked, tell_managers
from leads.states import DisputeState

LONGEST_WAIT = 30


@transactional
def ask_side(*, actor: Any, dispute: Dispute, referral: Referral, text: str, days: int) -> DisputeQuestion:
    """Ask a side for more, by referral: its agency answers within so many days. Who is asked first is a side from then.

    Raises: Forbidden; Invalid `text_required`, `out_of_range`, `other_project`, `names_phone`, `names_client`;
            NotAllowed `not_open`.
    Locks:  the dispute.
    Writes: DisputeQuestion, DisputeSide, Notice, audit event `dispute.asked`.
    """
    require_person(actor, Can.DECIDE_DISPUTE)
    text = clean_text(text)
    if not text:
        raise Invalid("say what you ask", code="text_required", field="text")
    if not 1 <= days <= LONGEST_WAIT:
        raise Invalid(f"1 to {LONGEST_WAIT} days", code="out_of_range", field="days")
    if referral.project_id != dispute.project_id:
        raise Invalid("the referral is of another project", code="other_project", field="referral")
    locked = lock_dispute(dispute)
    if locked.state != DisputeState.OPEN:
        raise NotAllowed("nothing is asked any more", code="not_open")
    now = clock.now()
    add_sides(locked, [(referral.agency_id, referral)], now)
    require_discreet(text, dispute=locked, reader=referral.agency, field="text")
    question = DisputeQuestion(
        dispute=locked,
        agency_id=referral.agency_id,
        referral=referral,
        text=text,
        asked_by=actor,
        asked_at=now,
        due_at=now + timedelta(days=days),
    )
    question.save(force_insert=True)
    record(
        "dispute.asked",
        actor=actor,
        target=locked,
        project=locked.project_id,
        agency=referral.agency_id,
        after={"question": str(question.pk), "answer_by": question.due_at.isoformat()},
    )
    tell_asked(question)
    return question


@transactional
def answer_question(
    *, actor: Any, agency: Agency, question: DisputeQuestion, text: str, files: Sequence[UploadedFile] = ()
) -> DisputeQuestion:
    """Answer for one's agency, once, before the deadline: its manager, or the broker who has the referral now.

    Raises: Forbidden, also `not_yours`; Invalid `text_required`, `too_late`, `not_asked`, and what files are refused
            for; NotAllowed `not_open`, `answered_already`.
    Locks:  the dispute.
    Writes: DisputeQuestion, DisputeFile, Attachment, Notice, audit event `dispute.answered`.
    """
    require_speaker(actor, agency)
    text = clean_text(text)
    if not text:
        raise Invalid("say what you answer", code="text_required", field="text")
    if question.agency_id != agency.pk:
        raise Invalid("another agency was asked", code="not_asked")
    dispute = lock_dispute(question.dispute)
    asked = DisputeQuestion.objects.select_related("asked_by", "referral").get(pk=question.pk)
    if asked.referral is not None and actor.role != Role.AGENCY_ADMIN and asked.referral.broker_id != actor.broker.pk:
        raise Forbidden("a colleague's client is asked about", code="not_yours")
    if asked.answered_at is not None:
        raise NotAllowed("this was answered already", code="answered_already")
    if dispute.state != DisputeState.OPEN:
        raise NotAllowed("the dispute is not open any more", code="not_open")
    now = clock.now()
    if now >= asked.due_at:
        raise Invalid("the time to answer is over", code="too_late")
    asked.answer, asked.answered_by, asked.answered_at = text, actor, now
    asked.save(update_fields=["answer", "answered_by", "answered_at"])
    keep_evidence(actor=actor, dispute=dispute, agency=agency, files=files, question=asked)
    record(
        "dispute.answered",
        actor=actor,
        target=dispute,
        project=dispute.project_id,
        agency=agency,
        after={"question": str(asked.pk), "files": len(files)},
    )
    tell_managers("dispute.answered", dispute, only=asked.asked_by)
    return asked


def keep_evidence(
    *,
    actor: Any,
    dispute: Dispute,
    agency: Agency,
    files: Sequence[UploadedFile],
    question: DisputeQuestion | None = None,
) -> None:
    """Keep the files a side hands in.

    Raises: Invalid, as `keep_files`.
    Writes: Attachment, DisputeFile.
    """
    for attachment in keep_files(actor=actor, uploads=files):
        DisputeFile.objects.create(dispute=dispute, agency=agency, question=question, attachment=attachment)


@transactional
def open_file(*, actor: Any, file: DisputeFile) -> Attachment:
    """Let staff see what a side handed in; it may name people in full, so the look is recorded.

    Raises: Forbidden.
    Writes: audit event `dispute.file_opened`.
    """
    require(actor, Can.DECIDE_DISPUTE, Can.SEE_AUDIT)
    record(
        "dispute.file_opened",
        actor=actor,
        target=file.dispute,
        project=file.dispute.project_id,
        agency=file.agency_id,
        after={"file": str(file.pk)},
    )
    return file.attachment
