"""Advances (垫佣): pending commission paid to an agency before it is released, and settled first when it is."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from django.urls import reverse

from brokers.models import Agency
from brokers.selectors import managers_of
from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require, require_person
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid
from channels_platform.lib.money import exact_text, format_amount, to_minor
from channels_platform.lib.names import needed_reason
from channels_platform.notices.services import tell
from commissions import locks
from commissions.advances import Drawn, Room, room_of, settlings
from commissions.engine.advances import Settling
from commissions.models import Advance, LedgerTransaction, Payee
from commissions.services.beside import Move, post_beside
from commissions.services.requests import decide_request, figure, held_request, next_number, tell_deciders
from commissions.states import Account, RequestState, TransactionKind
from projects.models import Project

SETTLED = "advance_settled"


@transactional
def ask_advance(*, actor: Any, agency: Agency, project: Project, amount: Decimal, reason: str) -> Advance:
    """Ask that pending commission of an agency be paid now: by finance, or by the agency's manager for its own.

    The fee is that of the narrowest limit in force, now.
    Raises: Forbidden; Invalid `reason_required`, `not_positive`, `invalid_amount`, `no_limit`, `over_limit`,
            `over_pending`, `held`, with the `most` that could be advanced.
    Locks:  the company.
    Writes: Advance, Notice, Delivery, audit event `advance.asked`.
    """
    _require_asker(actor, agency)
    reason = needed_reason(reason)
    locks.lock_company(project.company_id)
    room = _refuse_beyond(room_of(agency, project), amount, project)
    advance = Advance(
        number=next_number("ADV", "advance_number"),
        payee=Payee.objects.get(agency=agency),
        project=project,
        limit=room.limit,
        amount=amount,
        fee=room.fee_of(amount),
        reason=reason,
        asked_by=actor,
        asked_at=clock.now(),
    )
    advance.save(force_insert=True)
    record(
        "advance.asked", actor=actor, target=advance, project=project, agency=agency, after=_facts(advance),
        reason=reason,
    )  # fmt: skip
    tell_deciders(
        advance,
        projects=[project],
        place=f"{project.name}, {agency.name}",
        amount=figure(amount, project.currency),
        path=reverse("finance:advance", args=[advance.pk]),
    )
    return advance


@transactional
def decide_advance(*, actor: Any, advance: Advance, approve: bool, answer: str = "") -> Advance:
    """Approve or decline; never by who asked. What is approved moves from pending to payable, less its fee.

    Raises: Forbidden, also `own_request`; NotAllowed when it is decided; Invalid `reason_required` where it is declined
            without an answer; and, where it no longer fits, as `ask_advance`.
    Locks:  the project's run (what is pending stands still), the company, the advance.
    Writes: Advance, LedgerTransaction, LedgerEntry, Notice, Delivery, audit event `advance.approved` or
            `advance.declined`.
    """
    require_person(actor, Can.APPROVE_PAYOUT)
    project = advance.project
    locks.lock_run(project.pk)
    locks.lock_company(project.company_id)
    held = held_request(advance, actor=actor)
    agency: Any = held.payee.agency
    posted = None
    if approve:
        _refuse_beyond(room_of(agency, project), held.amount, project)
        posted = _grant(held, project, actor)
    decide_request(held, actor=actor, approve=approve, answer=answer, transaction=posted)
    record(
        f"advance.{held.state}", actor=actor, target=held, project=project, agency=agency, after=_facts(held),
        reason=answer,
    )  # fmt: skip
    tell(
        kind=f"advance.{held.state}",
        recipients=managers_of(agency),
        target=held,
        project=project,
        facts={"project": project.name, "amount": figure(held.amount, project.currency)},
        path=reverse("portal:advances"),
        once=str(held.pk),
    )
    return held


def settle_advances(projects: Iterable[Project], *, posted_at: datetime, actor: Any = None) -> Decimal:
    """Settle outstanding advances by what became payable, and by what is pending no more; return how much.

    Run at the end of a commission run and before a draft, so that no payout pays what was paid in advance.
    Locks:  the companies of projects that have advances.
    Writes: LedgerTransaction, LedgerEntry.
    """
    by_id = {project.pk: project for project in projects}
    granted = Advance.objects.filter(project__in=by_id, state=RequestState.APPROVED)
    with_advances = set(granted.order_by().values_list("project_id", flat=True).distinct())
    total = Decimal(0)
    if not with_advances:
        return total
    for company_id in sorted({_company(by_id[pk]) for pk in with_advances}):
        locks.lock_company(company_id)
    for one, settling in settlings(with_advances):
        total += _settle(one, settling, by_id[one.project_id], posted_at, actor)
    return total


def _company(project: Any) -> UUID:
    found: UUID = project.company_id
    return found


def _settle(one: Drawn, settling: Settling, project: Project, posted_at: datetime, actor: Any) -> Decimal:
    moves = [
        Move(amount, Account.PENDING, Account.PAYABLE, SETTLED, {SETTLED: why})
        for why, amount in (("released", settling.released), ("beyond", settling.beyond))
        if amount
    ]
    if moves:
        post_beside(
            payee_id=one.payee_id,
            project=project,
            kind=TransactionKind.ADVANCE,
            moves=moves,
            actor=actor,
            posted_at=posted_at,
        )
    return settling.released + settling.beyond


def _require_asker(actor: Any, agency: Agency) -> None:
    if actor is None:
        raise Forbidden("this needs a person")
    require(actor, Can.PREPARE_PAYOUT, Can.ASK_ADVANCE)
    if actor.is_agency_side and actor.broker.agency_id != agency.pk:
        raise Forbidden("the commission is another agency's")


def _refuse_beyond(room: Room, amount: Decimal, project: Project) -> Room:
    if to_minor(amount, project.currency) <= 0:
        raise Invalid("the amount must be above 0", code="not_positive", field="amount")
    most = format_amount(room.most, project.currency)
    if room.limit is None:
        raise Invalid("the agency has no limit here", code="no_limit")
    if room.hold is not None:
        raise Invalid("what the agency has here is held", code="held")
    if amount > room.left:
        raise Invalid("more than the limit leaves", code="over_limit", field="amount", most=most)
    if amount > room.pending:
        raise Invalid("more than is pending", code="over_pending", field="amount", most=most)
    return room


def _grant(held: Advance, project: Project, actor: Any) -> LedgerTransaction:
    facts = {"number": held.number, "asked_by": str(held.asked_by), "approved_by": str(actor)}
    explanation = {"advance": str(held.pk), **facts}
    moves = [Move(held.amount, Account.PAYABLE, Account.PENDING, f"advance:{held.number}", explanation)]
    if held.fee:
        rate = exact_text(Fraction(held.limit.fee_rate))
        charged = {"advance_fee": str(held.pk), **facts, "rate": rate, "of": f"{held.amount.normalize():f}"}
        moves.append(Move(-held.fee, Account.PAYABLE, Account.EXPENSE, f"advance_fee:{held.number}", charged))
    return post_beside(
        payee_id=held.payee_id,
        project=project,
        kind=TransactionKind.ADVANCE,
        moves=moves,
        actor=actor,
        posted_at=clock.now(),
    )


def _facts(advance: Advance) -> dict[str, str]:
    return {"amount": str(advance.amount), "fee": str(advance.fee), "state": str(advance.state)}
