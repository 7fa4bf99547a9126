"""Rounds of contests: proposed when they are over, posted once a manager has approved what they come to."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import structlog
from django.urls import reverse

from channels_platform.accounts.permissions import Can, roles_that
from channels_platform.accounts.selectors import staff_of
from channels_platform.accounts.services.access import require_person
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, NotAllowed
from channels_platform.lib.money import format_amount
from channels_platform.lib.names import needed_reason
from channels_platform.notices.services import tell
from commissions import locks
from commissions.engine.contests import rounds_over
from commissions.engine.types import Payee as PayeeKind
from commissions.models import Contest, ContestResult, ContestRound, LedgerEntry, LedgerTransaction
from commissions.services.payees import PayeeBook
from commissions.standings import Row, explanation, fingerprint, standings
from commissions.states import Account, ContestState, RoundState, TransactionKind

log = structlog.get_logger(__name__)


def close_rounds() -> dict[str, int]:
    """Propose every round that is over, each contest in its own transaction.

    Runs any number of times, also at once: a round is proposed once.
    Shape:  {"proposed", "failed"}; a contest that fails holds up no other.
    Writes: as `propose_rounds`.
    """
    counts = {"proposed": 0, "failed": 0}
    approved = Contest.objects.filter(state=ContestState.APPROVED).order_by("pk")
    for contest_id in list(approved.values_list("pk", flat=True)):
        try:
            counts["proposed"] += propose_rounds(contest_id=contest_id)
        except Exception:
            log.exception("contest_rounds_failed", contest_id=str(contest_id))
            counts["failed"] += 1
    return counts


@transactional
def propose_rounds(*, contest_id: UUID) -> int:
    """Put a contest's rounds that are over before the managers; return how many are new.

    Locks:  the contest row.
    Writes: ContestRound, Notice, Delivery.
    """
    contest = Contest.objects.select_for_update(of=("self",)).select_related("project", "author").get(pk=contest_id)
    now = clock.now()
    today = clock.local_date(now, contest.project.zone)
    there = set(contest.rounds.values_list("from_on", flat=True))
    over = rounds_over(contest.period, first=contest.from_on, last=contest.to_on, today=today)
    new = [
        ContestRound(contest=contest, from_on=days.first, to_on=days.last, proposed_at=now)
        for days in over
        if days.first not in there
    ]
    ContestRound.objects.bulk_create(new)
    managers = staff_of([contest.project], roles_that(Can.APPROVE_CONTEST))
    people = [one for one in managers if one.pk != contest.author_id]
    for one in new:
        tell(
            kind="contest.round_over",
            recipients=people,
            target=one,
            project=contest.project,
            facts={"project": contest.project.name},
            path=reverse("admin:commissions_contestround_change", args=[one.pk]),
            once=str(one.pk),
        )
    return len(new)


@transactional
def approve_round(*, actor: Any, contest_round: ContestRound, seen: str) -> ContestRound:
    """Post a round's prizes, once: each winner's as the company's expense, payable to the broker in person.

    What is posted stays, whatever is cancelled later. `seen` is the fingerprint of the standings that were approved.
    Raises: Forbidden, also `own_contest` to who drafted it; NotAllowed unless it is proposed, or `standings_changed`
            where the facts have moved since.
    Locks:  the round, the company.
    Writes: ContestRound, ContestResult, Payee, LedgerTransaction, LedgerEntry, Notice, Delivery, audit event
            `contest.posted`.
    """
    stored = _held(actor, contest_round)
    rows = standings(stored.contest, stored.days)
    if seen != fingerprint(rows):
        raise NotAllowed("the standings are others meanwhile", code="standings_changed")
    winners = [row for row in rows if row.amount]
    if winners:
        stored.transaction = _post(stored, winners, actor)
    ContestResult.objects.bulk_create(
        ContestResult(
            round=stored,
            broker=row.broker,
            place=row.place,
            sharing=row.sharing,
            numerator=row.figure.numerator,
            denominator=row.figure.denominator,
            amount=row.amount,
        )
        for row in rows
    )
    _decide(stored, RoundState.POSTED, actor=actor)
    _tell_winners(stored, winners)
    total = sum((row.amount for row in winners), start=Decimal(0))
    record(
        "contest.posted",
        actor=actor,
        target=stored,
        project=stored.contest.project_id,
        before={"state": str(RoundState.PROPOSED)},
        after={"state": str(RoundState.POSTED), "winners": len(winners), "total": str(total)},
    )
    return stored


@transactional
def decline_round(*, actor: Any, contest_round: ContestRound, reason: str) -> ContestRound:
    """Give no prizes for a round, with a reason.

    Raises: Forbidden, also `own_contest`; NotAllowed unless it is proposed; Invalid `reason_required`.
    Locks:  the round.
    Writes: ContestRound, audit event `contest.declined`.
    """
    stored = _held(actor, contest_round)
    reason = needed_reason(reason)
    stored.reason = reason
    _decide(stored, RoundState.DECLINED, actor=actor)
    record("contest.declined", actor=actor, target=stored, project=stored.contest.project_id, reason=reason)
    return stored


def _held(actor: Any, contest_round: ContestRound) -> ContestRound:
    require_person(actor, Can.APPROVE_CONTEST)
    held = ContestRound.objects.select_for_update(of=("self",)).select_related("contest__project")
    stored = held.get(pk=contest_round.pk)
    if stored.state != RoundState.PROPOSED:
        raise NotAllowed(f"the round is {stored.state}")
    if stored.contest.author_id == actor.pk:
        raise Forbidden("who drafted a contest decides none of its rounds", code="own_contest")
    return stored


def _decide(stored: ContestRound, to: RoundState, *, actor: Any) -> None:
    stored.state, stored.decided_by, stored.decided_at = to, actor, clock.now()
    stored.save(update_fields=["state", "decided_by", "decided_at", "reason", "transaction"])


def _post(stored: ContestRound, winners: list[Row], actor: Any) -> LedgerTransaction:
    """Post prizes beside any deal: a commission run looks at entries of deals only, payouts at all that is payable."""
    contest, project = stored.contest, stored.contest.project
    # no month of the company closes between this clock and the commit
    locks.lock_company(project.company_id)
    payees = PayeeBook()
    keys = {row.broker.pk: (PayeeKind.BROKER.value, str(row.broker.pk)) for row in winners}
    payees.ensure(keys.values())
    posted = LedgerTransaction(
        project=project,
        kind=TransactionKind.CONTEST,
        currency=project.currency,
        posted_at=clock.now(),
        actor=actor,
    )
    posted.save(force_insert=True)
    LedgerEntry.objects.bulk_create(
        LedgerEntry(
            transaction=posted,
            project=project,
            payee_id=UUID(payees[keys[row.broker.pk]]),
            account=account,
            amount=amount,
            kind=f"contest:{contest.name} {stored.label}",
            explanation=explanation(contest, stored.days, row),
        )
        for row in winners
        for account, amount in ((Account.EXPENSE, -row.amount), (Account.PAYABLE, row.amount))
    )
    return posted


def _tell_winners(stored: ContestRound, winners: list[Row]) -> None:
    project = stored.contest.project
    for row in winners:
        amount = f"{format_amount(row.amount, project.currency)} {project.currency}"
        tell(
            kind="contest.won",
            recipients=[row.broker.user],
            target=stored,
            project=project,
            facts={"project": project.name, "place": row.place, "amount": amount},
            path=reverse("portal:contest_standings"),
            once=str(stored.pk),
        )
