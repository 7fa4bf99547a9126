"""Making and changing projects, and giving them a new policy version."""

from typing import Any

from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require
from channels_platform.audit.services import record
from channels_platform.db import refused_by, transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import Invalid
from projects.models import Policy, Project
from projects.states import ExclusiveFrom, PhoneMode

POSITIVE = ("protection_days", "visit_within_hours", "max_protection_days", "daily_filing_limit", "credit_days")
NOT_NEGATIVE = ("lead_time_minutes", "lookback_days", "dispute_days")
NULLABLE = ("visit_within_hours", "max_protection_days", "daily_filing_limit", "credit_days")
YES_NO = ("revisit_extends", "proxy_purchase")
HIGHEST = 100_000


def policy_faults(rules: dict[str, Any]) -> dict[str, str]:
    """Return what is wrong with a policy's fields, by field; empty: it can be.

    Source: domain 4.1; masked filing claims nothing, so it cannot go with `exclusive_from: filing`.
    """
    faults = {name: "unknown_field" for name in rules if name not in Policy.RULES}
    choices = {
        "exclusive_from": Policy.ExclusiveFrom.values,
        "window_end": Policy.WindowEndChoice.values,
        "phone_mode": Policy.PhoneModeChoice.values,
    }
    for name, allowed in choices.items():
        if name in rules and rules[name] not in allowed:
            faults[name] = "unknown_choice"
    for name in (*POSITIVE, *NOT_NEGATIVE):
        if name not in rules or (rules[name] is None and name in NULLABLE):
            continue
        value = rules[name]
        lowest = 1 if name in POSITIVE else 0
        if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= HIGHEST:
            faults[name] = "out_of_range"
    faults |= {name: "not_yes_or_no" for name in YES_NO if name in rules and not isinstance(rules[name], bool)}
    if rules.get("phone_mode") == PhoneMode.MASKED and rules.get("exclusive_from") == ExclusiveFrom.FILING:
        faults["phone_mode"] = "masked_claims_nothing_at_filing"
    return faults


def default_rules() -> dict[str, Any]:
    """Return the rules a project starts with."""
    return {name: Policy._meta.get_field(name).get_default() for name in Policy.RULES}  # type: ignore[union-attr]


@transactional
def set_policy(*, project: Project, actor: Any, **rules: Any) -> Policy:
    """Give the project a new policy version; fields left out stay as in the last version.

    Raises: Forbidden; Invalid `bad_policy` with the faulty fields in `facts["faults"]`.
    Locks:  the project row.
    Writes: Policy, audit event `policy.changed`.
    """
    require(actor, Can.EDIT_PROJECTS)
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    last = Policy.objects.filter(project=project).order_by("-version").first()
    before = {name: getattr(last, name) for name in Policy.RULES} if last else default_rules()
    after = before | rules
    faults = policy_faults(after)
    if faults:
        raise Invalid("the policy cannot be", code="bad_policy", field=next(iter(faults)), faults=faults)
    if last is not None and after == before:
        return last
    policy = Policy(
        project=project,
        version=(last.version if last else 0) + 1,
        created_at=clock.now(),
        created_by_id=getattr(actor, "pk", None),
        **after,
    )
    policy.save(force_insert=True)
    changed = {name for name in Policy.RULES if last is None or after[name] != before[name]}
    record(
        "policy.changed",
        actor=actor,
        target=project,
        project=project,
        before={name: before[name] for name in sorted(changed)} if last else {},
        after={name: after[name] for name in sorted(changed)} | {"version": policy.version},
    )
    return policy


EXPECTED = ("first_payment_days", "loan_days", "full_payment_days", "handover_expected_on")
PROJECT_FIELDS = (
    *("name", "city", "district", "address", "timezone", "currency", "status", "company"),
    *("pool_after_days", "commission_ceiling"),
    *EXPECTED,
)


@transactional
def create_project(*, actor: Any, code: str, policy: dict[str, Any] | None = None, **fields: Any) -> Project:
    """Make a project with its first policy version.

    Raises: Forbidden; ValidationError by field; Invalid `bad_policy`.
    Writes: Project, Policy, audit events.
    """
    require(actor, Can.EDIT_PROJECTS)
    project = Project(code=code, created_at=clock.now(), **fields)
    project.full_clean()
    project.save(force_insert=True)
    if actor is not None and not actor.all_projects:
        actor.projects.add(project)  # who makes it works on it
    record("project.created", actor=actor, target=project, project=project, after={"code": code, "name": project.name})
    set_policy(project=project, actor=actor, **(policy or {}))
    return project


@transactional
def change_project(*, actor: Any, project: Project, policy: dict[str, Any] | None = None, **fields: Any) -> Project:
    """Change a project's own fields; a changed policy is a new version.

    Currency, time zone and paying company stay once money or filings hang on them: a company's statements and batches
    would lose what it owes.
    Raises: Forbidden; ValidationError by field; Invalid `fixed_by_use`, `bad_policy`.
    Locks:  the project row.
    Writes: Project, Policy, audit events.
    """
    require(actor, Can.EDIT_PROJECTS)
    asked = {"company", "currency"} & fields.keys()  # nothing is posted meanwhile where they are
    stored = Project.objects.select_for_update(no_key=not asked).get(pk=project.pk)
    moved = [name for name in sorted(asked) if fields[name] != getattr(stored, name)]
    before = {name: str(getattr(stored, name)) for name in fields}
    for name in ("currency", "timezone", "company"):
        in_use = stored.referrals.exists() or stored.deals.exists()
        if name in fields and fields[name] != getattr(stored, name) and in_use:
            raise Invalid(f"{name} stays once clients were filed", code="fixed_by_use", field=name)
    for name, value in fields.items():
        if name not in PROJECT_FIELDS:
            raise Invalid(f"{name} cannot be changed", code="unknown_field", field=name)
        setattr(stored, name, value)
    stored.full_clean()
    posted = Invalid("it stays once money was posted", code="fixed_by_use", field=next(iter(moved), None))
    with refused_by("project_keeps_what_money_hangs_on", posted):
        stored.save()
    after = {name: str(getattr(stored, name)) for name in fields}
    changed = [name for name in fields if before[name] != after[name]]
    if changed:
        record(
            "project.changed",
            actor=actor,
            target=stored,
            project=stored,
            before={name: before[name] for name in changed},
            after={name: after[name] for name in changed},
        )
    if policy:
        set_policy(project=stored, actor=actor, **policy)
    return stored
