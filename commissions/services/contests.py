"""Contests: drafted by one, approved by another, fixed from then on but for their last day."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require_person
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from channels_platform.lib.names import clean_text
from commissions.engine.contests import read_prizes
from commissions.models import Contest
from commissions.states import ContestState
from projects.models import Project

FIELDS = ("name", "measure", "period", "from_on", "to_on", "agency_kind", "prizes")
REACH = timedelta(days=3 * 366)


@transactional
def draft_contest(
    *,
    actor: Any,
    project: Project,
    name: str,
    measure: str,
    period: str,
    from_on: date,
    to_on: date,
    prizes: Sequence[Decimal | str],
    agency_kind: str = "",
) -> Contest:
    """Draft a contest; it counts once another person approved it. `prizes`: of the first place first.

    Raises: Forbidden; Invalid by field (`engine.contests.read_prizes`, `span_reversed`, `out_of_range`);
            ValidationError by field.
    Writes: Contest, audit event `contest.drafted`.
    """
    require_person(actor, Can.DRAFT_CONTEST)
    contest = Contest(
        project=project,
        name=name,
        measure=measure,
        period=period,
        from_on=from_on,
        to_on=to_on,
        prizes=prizes,
        agency_kind=agency_kind,
        author=actor,
        created_at=clock.now(),
    )
    _settle(contest)
    contest.save(force_insert=True)
    record("contest.drafted", actor=actor, target=contest, project=project, after=_facts(contest))
    return contest


@transactional
def change_contest(*, actor: Any, contest: Contest, **fields: Any) -> Contest:
    """Change a draft; who changes it is its author from then on, so nobody can approve what they wrote.

    Raises: as `draft_contest`; NotAllowed when it is no draft; Invalid `unknown_field`.
    Locks:  the contest row.
    Writes: Contest, audit event `contest.redrafted`.
    """
    require_person(actor, Can.DRAFT_CONTEST)
    stored = _held(contest)
    if stored.state != ContestState.DRAFT:
        raise NotAllowed("only a draft can be changed")
    before = _facts(stored)
    for name, value in fields.items():
        if name not in FIELDS:
            raise Invalid(f"{name} cannot be changed", code="unknown_field", field=name)
        setattr(stored, name, value)
    _settle(stored)
    after = _facts(stored)
    if after != before:
        stored.author = actor
        stored.save()
        changed = [name for name in after if after[name] != before[name]]
        record(
            "contest.redrafted",
            actor=actor,
            target=stored,
            project=stored.project_id,
            before={name: before[name] for name in changed},
            after={name: after[name] for name in changed},
        )
    return stored


@transactional
def approve_contest(*, actor: Any, contest: Contest) -> Contest:
    """Let a draft begin; its author cannot. Rounds that are over already are proposed like others.

    Raises: Forbidden, also `own_draft`; NotAllowed when it is no draft, or `past` when its last day is.
    Locks:  the contest row.
    Writes: Contest, audit event `contest.approved`.
    """
    require_person(actor, Can.APPROVE_CONTEST)
    stored = _held(contest)
    if stored.state != ContestState.DRAFT:
        raise NotAllowed("only a draft can be approved")
    if stored.author_id == actor.pk:
        raise Forbidden("the author cannot approve the own draft", code="own_draft")
    if stored.to_on < clock.local_date(clock.now(), stored.project.zone):
        raise NotAllowed("its last day is past", code="past")
    stored.state, stored.approved_by, stored.approved_at = ContestState.APPROVED, actor, clock.now()
    stored.save(update_fields=["state", "approved_by", "approved_at"])
    record("contest.approved", actor=actor, target=stored, project=stored.project_id)
    return stored


@transactional
def end_contest(*, actor: Any, contest: Contest, to_on: date) -> Contest:
    """Give an approved contest another last day, today or later; the round of that day ends with it.

    Raises: Forbidden; NotAllowed when it is not approved or over; Invalid `past`, `span_reversed`, `out_of_range`.
    Locks:  the contest row.
    Writes: Contest, audit event `contest.ended`.
    """
    require_person(actor, Can.APPROVE_CONTEST)
    stored = _held(contest)
    today = clock.local_date(clock.now(), stored.project.zone)
    if stored.state != ContestState.APPROVED or stored.to_on < today:
        raise NotAllowed("only a contest that is on can be ended")
    if to_on < today:
        raise Invalid("the last day is past", code="past", field="to_on")
    before, stored.to_on = stored.to_on, to_on
    _refuse_days(stored)
    stored.save(update_fields=["to_on"])
    record(
        "contest.ended",
        actor=actor,
        target=stored,
        project=stored.project_id,
        before={"to_on": before.isoformat()},
        after={"to_on": to_on.isoformat()},
    )
    return stored


def _held(contest: Contest) -> Contest:
    return Contest.objects.select_for_update(of=("self",)).select_related("project").get(pk=contest.pk)


def _settle(contest: Contest) -> None:
    """Bring what was given into the shape it is kept in, or refuse it."""
    contest.name = clean_text(contest.name)
    contest.prizes = [str(prize) for prize in read_prizes(contest.prizes, currency=contest.project.currency)]
    _refuse_days(contest)
    contest.full_clean()


def _refuse_days(contest: Contest) -> None:
    today = clock.local_date(clock.now(), contest.project.zone)
    if contest.to_on < contest.from_on:
        raise Invalid("the last day is before the first", code="span_reversed", field="to_on")
    if contest.from_on < today - REACH or contest.to_on > today + REACH:
        field = "from_on" if contest.from_on < today - REACH else "to_on"
        raise Invalid("that is years away", code="out_of_range", field=field)


def _facts(contest: Contest) -> dict[str, Any]:
    values = {name: getattr(contest, name) for name in FIELDS}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}
