"""Programmes for individuals, and the links by which they come: whose poster, whose message."""

from collections.abc import Iterable
from typing import Any

from brokers.models import Agency, Programme, RecruitingLink
from brokers.selectors import recruiting_programmes
from brokers.states import AgencyKind, Relation
from channels_platform.accounts.models import User
from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from channels_platform.lib.names import clean_text
from projects.models import Project


@transactional
def open_programme(
    *, actor: Any, agency: Agency, project: Project, is_open: bool = True, by_rule: Iterable[str] = ()
) -> Programme:
    """Let individuals sign up for a project under a community agency's roof.

    Raises: Forbidden; Invalid `not_community`, `unknown_choice`; ValidationError where the two have one.
    Writes: Programme, audit event `programme.opened`.
    """
    require(actor, Can.EDIT_AGENCIES)
    if agency.kind != AgencyKind.COMMUNITY:
        raise Invalid("individuals refer under a community agency", code="not_community", field="agency")
    programme = Programme(
        agency=agency, project=project, is_open=is_open, by_rule=_relations(by_rule), created_at=clock.now()
    )
    programme.full_clean()
    programme.save(force_insert=True)
    _note("programme.opened", actor, programme, programme, after=_facts(programme))
    return programme


@transactional
def change_programme(
    *, actor: Any, programme: Programme, is_open: bool | None = None, by_rule: Iterable[str] | None = None
) -> Programme:
    """Open or close a programme for signing up, and say whom the rule confirms; who is in stays in.

    Raises: Forbidden; Invalid `unknown_choice`.
    Locks:  the programme.
    Writes: Programme, audit event `programme.changed`.
    """
    require(actor, Can.EDIT_AGENCIES)
    stored = Programme.objects.select_for_update(of=("self",)).select_related("agency", "project").get(pk=programme.pk)
    before = _facts(stored)
    if is_open is not None:
        stored.is_open = is_open
    if by_rule is not None:
        stored.by_rule = _relations(by_rule)
    if _facts(stored) != before:
        stored.save(update_fields=["is_open", "by_rule"])
        _note("programme.changed", actor, stored, stored, before=before, after=_facts(stored))
    return stored


@transactional
def open_link(*, actor: Any, programme: Programme, recruiter: User | None = None, place: str = "") -> RecruitingLink:
    """Make a link of a place, or of a recruiter; a recruiter's open one is returned again.

    Staff make anybody's; others their own, in the programmes that they may recruit for.
    Raises: Forbidden; NotAllowed `programme_closed`; Invalid `bad_recruiter`.
    Locks:  the programme.
    Writes: RecruitingLink, audit event `recruiting_link.opened`.
    """
    require(actor, Can.RECRUIT)
    stored = Programme.objects.select_for_update(of=("self",)).select_related("agency", "project").get(pk=programme.pk)
    if recruiter is None or actor is None or recruiter.pk != actor.pk:
        require(actor, Can.EDIT_AGENCIES)
    elif not recruiting_programmes(actor).filter(pk=stored.pk).exists():
        raise Forbidden("not a programme of yours")
    if not stored.is_open:
        raise NotAllowed("the programme is closed", code="programme_closed")
    if recruiter is not None:
        if not recruiting_programmes(recruiter).filter(pk=stored.pk).exists():
            raise Invalid("this person does not recruit for it", code="bad_recruiter", field="recruiter")
        mine = RecruitingLink.objects.filter(programme=stored, recruiter=recruiter, closed_at__isnull=True).first()
        if mine is not None:
            return mine
    link = RecruitingLink(programme=stored, recruiter=recruiter, place=clean_text(place), created_at=clock.now())
    link.full_clean()
    link.save(force_insert=True)
    _note("recruiting_link.opened", actor, link, stored, after={"recruiter": str(getattr(recruiter, "pk", ""))})
    return link


@transactional
def close_link(*, actor: Any, link: RecruitingLink) -> RecruitingLink:
    """Let nobody else sign up by a link; whoever did stays with its recruiter.

    Raises: Forbidden; NotAllowed when it is closed.
    Locks:  the link.
    Writes: RecruitingLink, audit event `recruiting_link.closed`.
    """
    require(actor, Can.EDIT_AGENCIES)
    stored = RecruitingLink.objects.select_for_update(of=("self",)).select_related("programme").get(pk=link.pk)
    if stored.closed_at is not None:
        raise NotAllowed("the link is closed")
    stored.closed_at = clock.now()
    stored.save(update_fields=["closed_at"])
    _note("recruiting_link.closed", actor, stored, stored.programme)
    return stored


def _relations(chosen: Iterable[str]) -> list[str]:
    asked = set(chosen)
    if not asked <= set(Relation):
        raise Invalid("no such relation", code="unknown_choice", field="by_rule")
    return [str(relation) for relation in Relation if relation in asked]


def _facts(programme: Programme) -> dict[str, Any]:
    return {"open": programme.is_open, "by_rule": list(programme.by_rule)}


def _note(action: str, actor: Any, target: Any, programme: Programme, **facts: Any) -> None:
    record(action, actor=actor, target=target, project=programme.project_id, agency=programme.agency_id, **facts)
