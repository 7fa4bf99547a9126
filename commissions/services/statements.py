"""Answering a month's statement: its payee confirms it or contests lines; finance answers what is contested."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.urls import reverse

from channels_platform.accounts.permissions import Can, roles_that
from channels_platform.accounts.selectors import staff_of
from channels_platform.accounts.services.access import require_person
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.files.services import keep_files
from channels_platform.lib import clock
from channels_platform.lib.errors import Duplicate, Forbidden, Invalid, NotAllowed
from channels_platform.lib.names import clean_text
from channels_platform.lib.redaction import redact
from channels_platform.notices.services import tell
from commissions import locks
from commissions.models import Objection, ObjectionFile, Statement, StatementLine
from commissions.selectors import visible_payees
from commissions.services.advances import SETTLED
from commissions.services.closing import people_of
from commissions.states import ObjectionState, StatementState
from projects.models import Project

MOST_TEXT = 2000


@transactional
def confirm_statement(*, actor: Any, statement: Statement) -> Statement:
    """Say for its payee that a statement is right.

    Raises: Forbidden, also to who does not speak for the payee; NotAllowed `too_late` from its `answer_by` on (it is
            taken as confirmed), `objections_open`, or when it is confirmed.
    Locks:  the company, the statement.
    Writes: Statement, audit event `statement.confirmed`.
    """
    stored = _held(actor, statement)
    if stored.state == StatementState.CONTESTED:
        raise NotAllowed("contested lines wait for an answer", code="objections_open")
    stored.confirmed_by, stored.confirmed_at = actor, clock.now()
    _move(stored, StatementState.CONFIRMED, fields=["confirmed_by", "confirmed_at"])
    _record("statement.confirmed", actor, stored)
    return stored


@transactional
def contest_lines(
    *, actor: Any, statement: Statement, lines: Sequence[UUID], text: str, files: Sequence[UploadedFile] = ()
) -> list[Objection]:
    """Contest lines of a statement: what is unpaid of them waits until finance has answered, the rest goes on.

    Raises: Forbidden, also to who does not speak for the payee; Invalid `required` without lines or text, `too_many`
            for a long text, `unknown_line`, `settles_advance`, and as `keep_files`; NotAllowed `too_late`, or when it
            is confirmed; Duplicate `contested_already`.
    Locks:  the company, the statement.
    Writes: Objection, ObjectionFile, Attachment, Statement, Notice, Delivery, audit event `statement.contested`.
    """
    text = clean_text(text)
    stored = _held(actor, statement)
    if not lines:
        raise Invalid("say which lines", code="required", field="lines")
    if not text:
        raise Invalid("say what is wrong", code="required", field="text")
    if len(text) > MOST_TEXT:
        raise Invalid("the text is too long", code="too_long", field="text")
    found = list(StatementLine.objects.filter(statement=stored, pk__in=set(lines)))
    if len(found) != len(set(lines)):
        raise Invalid("no line of this statement", code="unknown_line", field="lines")
    if any(line.kind == SETTLED for line in found):
        raise Invalid("what settles an advance is not contested", code="settles_advance", field="lines")
    if Objection.objects.filter(line__in=found).exists():
        raise Duplicate("a line is contested once", code="contested_already", field="lines")
    now = clock.now()
    kept = keep_files(actor=actor, uploads=files)
    raised = [Objection(line=line, text=text, raised_by=actor, raised_at=now) for line in found]
    Objection.objects.bulk_create(raised)
    ObjectionFile.objects.bulk_create(ObjectionFile(objection=one, attachment=file) for one in raised for file in kept)
    if stored.state != StatementState.CONTESTED:
        _move(stored, StatementState.CONTESTED)
    _record("statement.contested", actor, stored, lines=sorted(line.place for line in found), files=len(kept))
    _tell_finance(stored, once=str(raised[0].pk))
    return raised


@transactional
def answer_objection(*, actor: Any, objection: Objection, corrected: bool, answer: str) -> Objection:
    """Answer a contested line: it stands, or its facts were corrected; what waited of it is free again.

    A statement stays as it was issued: what a correction moves stands in the next one.
    Raises: Forbidden; Invalid `required` without an answer, `names_phone`; NotAllowed when it is answered.
    Locks:  the company, the statement.
    Writes: Objection, Statement, Notice, Delivery, audit event `objection.upheld` or `objection.corrected`.
    """
    require_person(actor, Can.PREPARE_PAYOUT)
    answer = clean_text(answer)
    if not answer or len(answer) > MOST_TEXT:
        raise Invalid("an answer is needed", code="required", field="answer")
    if redact(answer) != answer:
        raise Invalid("a phone stands in the answer", code="names_phone", field="answer")
    stored = _locked(objection.line.statement_id)
    held = Objection.objects.select_for_update(of=("self",)).select_related("line").get(pk=objection.pk)
    if held.state != ObjectionState.OPEN:
        raise NotAllowed("it is answered")
    held.state = ObjectionState.CORRECTED if corrected else ObjectionState.UPHELD
    held.answer, held.answered_by, held.answered_at = answer, actor, clock.now()
    held.save(update_fields=["state", "answer", "answered_by", "answered_at"])
    if not Objection.objects.filter(line__statement=stored, state=ObjectionState.OPEN).exists():
        _move(stored, StatementState.ANSWERED)
    _record(f"objection.{held.state}", actor, stored, line=held.line.place)
    _tell_payee(stored, held)
    return held


def _held(actor: Any, statement: Statement) -> Statement:
    """Hold a statement for who speaks for its payee, while it may be answered."""
    require_person(actor, Can.ANSWER_STATEMENT)
    if not visible_payees(actor).filter(pk=statement.payee_id).exists():
        raise Forbidden("the statement is another's")
    stored = _locked(statement.pk)
    if stored.state == StatementState.CONFIRMED:
        raise NotAllowed("it is confirmed")
    if clock.now() >= stored.closing_of.answer_by:
        raise NotAllowed("its time is over", code="too_late")
    return stored


def _locked(statement_id: UUID) -> Statement:
    known = Statement.objects.values_list("closing_of__company_id", flat=True)
    locks.lock_company(known.get(pk=statement_id))
    rows = Statement.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("closing_of__company", "payee__agency", "payee__broker__user").get(pk=statement_id)


def _move(statement: Statement, to: StatementState, *, fields: Sequence[str] = ()) -> None:
    statement.state = to
    statement.save(update_fields=["state", *fields])


def _record(action: str, actor: Any, statement: Statement, **facts: Any) -> None:
    record(action, actor=actor, target=statement, agency=statement.payee.agency_id, after=facts)


def _tell_finance(statement: Statement, *, once: str) -> None:
    roles = roles_that(Can.CLOSE_MONTH)
    projects = Project.objects.filter(company=statement.closing_of.company_id)
    tell(
        kind="statement.contested",
        recipients=staff_of(projects, roles),
        target=statement,
        facts={"payee": statement.payee_name, "month": f"{statement.closing_of.month:%Y-%m}"},
        path=reverse("finance:statement", args=[statement.pk]),
        once=once,
    )


def _tell_payee(statement: Statement, objection: Objection) -> None:
    tell(
        kind="statement.answered",
        recipients={person.pk: person for person in (*people_of(statement), objection.raised_by)}.values(),
        target=statement,
        facts={"line": objection.line.place, "month": f"{statement.closing_of.month:%Y-%m}"},
        path=reverse("portal:month", args=[statement.pk]),
        once=str(objection.pk),
    )
