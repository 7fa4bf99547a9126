"""Commission plans: drafted by one, approved by another, fixed from then on but for their last day."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Max

from brokers.models import Agency, AgencyGrade
from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from channels_platform.lib.money import parse_fraction
from channels_platform.lib.names import clean_text
from commissions import locks
from commissions.engine.conditions import as_kept, caps_as_kept
from commissions.engine.fields import PlanFault
from commissions.engine.plans import InvalidPlan, read_version, validate_plan
from commissions.engine.terms import PlanTerm, overlaps
from commissions.linting import finding_words, findings_of, is_error
from commissions.models import Plan, PlanVersion
from commissions.states import PlanState
from leads.models import DealOutbox
from projects.models import Project

RETENTION_PLACES = 6
PLAN_CHANGED = "plan"


@transactional
def draft_plan_version(
    *,
    actor: Any,
    project: Project,
    agency: Agency,
    payee: str,
    applies_to: str,
    basis: str,
    measure: str,
    period: str,
    scope: str,
    mode: str,
    tiers: Sequence[Mapping[str, Any]],
    release: Mapping[str, Any],
    from_on: date | None = None,
    to_on: date | None = None,
    bonuses: Sequence[Mapping[str, Any]] = (),
    retention: Mapping[str, Any] | None = None,
    grades: Sequence[str] = (),
    conditions: Mapping[str, Any] | None = None,
    caps: Mapping[str, Any] | None = None,
) -> PlanVersion:
    """Draft the next version of a plan; it counts once another person approved it.

    Fields are as engine.plans reads them (and scenarios write them); numbers are text.
    Raises: InvalidPlan with every fault (`.faults`, and `.facts["faults"]` by field); Forbidden.
    Locks:  the agency's plans in the project.
    Writes: Plan, PlanVersion, audit event `plan.drafted`.
    """
    require(actor, Can.DRAFT_PLAN)
    rules: dict[str, Any] = {
        "basis": basis,
        "measure": measure,
        "period": period,
        "scope": scope,
        "mode": mode,
        "tiers": _plain(tiers),
        "bonuses": _plain(bonuses),
        "release": _plain(release),
    }
    fields = {
        **rules,
        "payee": payee,
        "applies_to": applies_to,
        "from": from_on,
        "to": to_on,
        "retention": _plain(retention),
        "grades": grades,
        "conditions": _plain(conditions),
        "caps": _plain(caps),
    }
    _refuse_faults(fields, project=project, agency=agency)
    read = read_version(fields, version_id=None, series_id=None, currency=project.currency, onsite=agency.is_onsite)
    locks.lock_plans(project.pk, agency.pk)
    plan, _ = Plan.objects.get_or_create(project=project, agency=agency, payee=payee, applies_to=applies_to)
    version = PlanVersion(
        plan=plan,
        number=(plan.versions.aggregate(last=Max("number"))["last"] or 0) + 1,
        from_on=_day(from_on),
        to_on=_day(to_on),
        conditions=as_kept(read.conditions),
        caps=caps_as_kept(read.caps),
        retention_fraction=_retention(fields["retention"]),
        author=actor,
        created_at=clock.now(),
        **rules,
    )
    version.save(force_insert=True)
    after = {
        **rules,
        "from": _text(version.from_on),
        "to": _text(version.to_on),
        "retention": fields["retention"],
        "conditions": version.conditions,
        "caps": version.caps,
    }
    record("plan.drafted", actor=actor, target=version, project=project, agency=agency, after=after)
    return version


@transactional
def approve_plan_version(*, actor: Any, version: PlanVersion, reason: str = "", rehearsal: bool = False) -> PlanVersion:
    """Put a draft in force; its author cannot. The next run re-rates whatever falls under it.

    What the checks warn of is kept with the reason for approving it all the same. `rehearsal`: of a scenario, which is
    rolled back: it may try any plan that the rules can express.
    Raises: Forbidden, also `own_draft`; NotAllowed when it is no draft, `plan_overlaps` another version in force, or
            `plan_has_errors`; Invalid `warnings_need_reason`. The last two have the findings in `.facts["findings"]`.
    Locks:  the agency's plans in the project, then the version.
    Writes: PlanVersion, DealOutbox, audit event `plan.approved`.
    """
    if actor is None or not actor.can(Can.APPROVE_PLAN):
        raise Forbidden("only a marketing manager approves plans")
    plan = version.plan
    locks.lock_plans(plan.project_id, plan.agency_id)
    stored = (
        PlanVersion.objects.select_for_update(of=("self",))
        .select_related("plan__project", "plan__agency")
        .get(pk=version.pk)
    )
    if stored.state != PlanState.DRAFT:
        raise NotAllowed("only a draft can be approved")
    if stored.author_id == actor.pk:
        raise Forbidden("the author cannot approve the own draft", code="own_draft")
    _refuse_overlap(stored, to_on=stored.to_on)
    if not rehearsal:
        stored.warnings = _warnings(stored, reason)
    stored.approval_reason = clean_text(reason)
    stored.state, stored.approved_by, stored.approved_at = PlanState.APPROVED, actor, clock.now()
    stored.save(update_fields=["state", "approved_by", "approved_at", "warnings", "approval_reason"])
    _tell_the_run(stored)
    record(
        "plan.approved",
        actor=actor,
        target=stored,
        project=plan.project_id,
        agency=plan.agency_id,
        after={"warnings": stored.warnings} if stored.warnings else {},
        reason=stored.approval_reason,
    )
    return stored


def _warnings(version: PlanVersion, reason: str) -> list[dict[str, Any]]:
    """Return what the checks warn of, as it is kept.

    Raises: as `approve_plan_version`.
    """
    findings = findings_of(version)
    kept = [finding.as_kept() for finding in findings]
    errors = [finding for finding in findings if is_error(finding)]
    if errors:
        said = " ".join(finding_words(finding) for finding in errors)
        raise NotAllowed(said, code="plan_has_errors", findings=kept)
    if findings and not clean_text(reason):
        said = " ".join(finding_words(finding) for finding in findings)
        raise Invalid(said, code="warnings_need_reason", field="reason", findings=kept)
    return kept


@transactional
def end_plan_version(*, actor: Any, version: PlanVersion, to_on: date | None) -> PlanVersion:
    """Give a version in force another last day (None: none); deals subscribed later no longer fall under it.

    Deals subscribed before today keep the version they fell under: neither the old nor the new last day may be past.
    Raises: Forbidden; NotAllowed when it is not in force or over, or `plan_overlaps`; Invalid `wrong_way_round`,
            `past`.
    Locks:  the agency's plans in the project, then the version.
    Writes: PlanVersion, DealOutbox, audit event `plan.ended`.
    """
    require(actor, Can.APPROVE_PLAN)
    plan = version.plan
    locks.lock_plans(plan.project_id, plan.agency_id)
    stored = PlanVersion.objects.select_for_update(of=("self",)).select_related("plan__project").get(pk=version.pk)
    today = clock.local_date(clock.now(), stored.plan.project.zone)
    if stored.state != PlanState.APPROVED or (stored.to_on is not None and stored.to_on < today):
        raise NotAllowed("only a version in force can be ended")
    if to_on is not None and stored.from_on is not None and to_on < stored.from_on:
        raise Invalid("the last day is before the first", code="wrong_way_round", field="to")
    if to_on is not None and to_on < today:
        raise Invalid("the last day is past", code="past", field="to")
    _refuse_overlap(stored, to_on=to_on)
    before, stored.to_on = stored.to_on, to_on
    stored.save(update_fields=["to_on"])
    _tell_the_run(stored)
    record(
        "plan.ended",
        actor=actor,
        target=stored,
        project=plan.project_id,
        agency=plan.agency_id,
        before={"to": _text(before)},
        after={"to": _text(to_on)},
    )
    return stored


def _refuse_faults(fields: Mapping[str, Any], *, project: Project, agency: Agency) -> None:
    faults = validate_plan(fields, currency=project.currency, onsite=agency.is_onsite)
    if not any(fault.field.startswith("retention") for fault in faults) and fields["retention"] is not None:
        # kept as a decimal: a third cannot be
        exact = parse_fraction(fields["retention"]["fraction"]) * 10**RETENTION_PLACES
        if exact.denominator != 1:
            faults.append(PlanFault("retention.fraction", "invalid_number"))
    if not any(fault.field.startswith("grades") for fault in faults):
        known = set(AgencyGrade.objects.filter(code__in=fields["grades"]).values_list("code", flat=True))
        unknown = [place for place, code in enumerate(fields["grades"]) if code not in known]
        faults += [PlanFault(f"grades.{place}", "unknown_grade") for place in unknown]
    if faults:
        refusal = InvalidPlan(faults)
        refusal.facts = {"faults": {fault.field: fault.code for fault in faults}}
        raise refusal


def _retention(retention: Mapping[str, Any] | None) -> Decimal | None:
    if retention is None:
        return None
    fraction = parse_fraction(retention["fraction"])
    return Decimal(fraction.numerator) / fraction.denominator


def _plain(value: Any) -> Any:
    """Return the same in what JSON holds: decimals as text."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value


def _refuse_overlap(version: PlanVersion, *, to_on: date | None) -> None:
    plan = version.plan
    mine = PlanTerm(plan.agency_id, plan.payee, plan.applies_to, version.from_on, to_on)
    others = PlanVersion.objects.filter(
        plan__project=plan.project_id, plan__agency=plan.agency_id, state=PlanState.APPROVED
    ).exclude(pk=version.pk)
    for other in others.select_related("plan"):
        term = PlanTerm(other.plan.agency_id, other.plan.payee, other.plan.applies_to, other.from_on, other.to_on)
        if overlaps(mine, term):
            raise NotAllowed(
                f"overlaps version {other.number} of the plan for {other.plan.applies_to} deals",
                code="plan_overlaps",
                field="from",
                other=str(other.pk),
            )


def _tell_the_run(version: PlanVersion) -> None:
    DealOutbox.objects.create(project_id=version.plan.project_id, what=PLAN_CHANGED, written_at=clock.now())


def _day(value: date | str | None) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _text(day: date | None) -> str | None:
    return day.isoformat() if day else None
