"""The developer's own people: taking them in, changing what they may see, letting them go."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction

from channels_platform.accounts.locks import lock_username
from channels_platform.accounts.models import User
from channels_platform.accounts.permissions import AGENCY_ROLES, ALLOWED, Can, Role
from channels_platform.audit.services import record
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from channels_platform.lib.names import needed_reason
from channels_platform.lib.phones import parse_phone
from channels_platform.privacy.services import keep_phones

STAFF_ROLES = tuple(role for role in Role if role not in AGENCY_ROLES)
_OWN_FIELDS = ("name", "email", "role", "all_projects", "phone")


def create_staff(
    *,
    actor: Any,
    username: str,
    name: str,
    role: str,
    email: str = "",
    phone: str = "",
    all_projects: bool = False,
    projects: Iterable[Any] = (),
) -> User:
    """Take in a member of staff; the account waits for its invitation.

    Raises: ValidationError by field; InvalidPhone; Invalid `bad_role`; Forbidden `beyond_reach` where the actor
            gives more projects than the own ones.
    Locks:  the user name.
    Writes: User, Phone, audit event `staff.created`.
    """
    with transaction.atomic():
        user = User(username=username, name=name, email=email)
        user.set_unusable_password()
        _apply(user, {"role": role, "all_projects": all_projects, "phone": phone})
        user.username = lock_username(username)
        user.full_clean(exclude=["password", *(() if email else ("email",))])
        user.save(force_insert=True)
        given = list(projects)
        _check_reach(actor, all_projects=all_projects, projects=given)
        user.projects.set(given)
        record("staff.created", actor=actor, target=user, after=_facts(user, given))
    return user


def change_staff(*, actor: Any, user: User, projects: Iterable[Any] | None = None, **fields: Any) -> User:
    """Change a member of staff. Projects beyond the actor's own stay as they were.

    Raises: ValidationError by field; InvalidPhone; Invalid `bad_role`, `unknown_field`; NotAllowed for agency people;
            Forbidden `own_account` for one's own role and projects, `beyond_reach`.
    Locks:  the person.
    Writes: User, audit event `staff.changed`.
    """
    with transaction.atomic():
        stored = User.objects.select_for_update(of=("self",)).get(pk=user.pk)
        if stored.is_agency_side or (stored.is_superuser and not actor.is_superuser):
            raise NotAllowed("not a member of staff whom this person manages")
        if stored.pk == actor.pk and (projects is not None or fields.keys() & {"role", "all_projects"}):
            raise Forbidden("one's own role and projects are for another to change", code="own_account")
        held = list(stored.projects.all())
        before = _facts(stored, held)
        _apply(stored, fields)
        if projects is not None:
            given = list(projects)
            _check_reach(actor, all_projects=False, projects=given)
            held = given + [one for one in held if not _reaches(actor, one)]
            stored.projects.set(held)
        if fields.get("all_projects"):
            _check_reach(actor, all_projects=True, projects=())
        stored.full_clean(exclude=["password", *(() if stored.email else ("email",))])
        stored.save()
        after = _facts(stored, held)
        changed = [name for name in after if before[name] != after[name]]
        if changed:
            record(
                "staff.changed",
                actor=actor,
                target=stored,
                before={name: before[name] for name in changed},
                after={name: after[name] for name in changed},
            )
    return stored


def set_staff_active(*, actor: Any, user: User, active: bool, reason: str) -> User:
    """Let a member of staff in, or no longer; what they did stays under their name.

    Raises: Invalid `reason_required`; NotAllowed when it is so already, or for agency people; Forbidden `own_account`.
    Locks:  the person.
    Writes: User, audit event `staff.enabled` or `staff.disabled`.
    """
    reason = needed_reason(reason)
    with transaction.atomic():
        stored = User.objects.select_for_update(of=("self",)).get(pk=user.pk)
        if stored.pk == actor.pk:
            raise Forbidden("nobody disables the own account", code="own_account")
        if stored.is_agency_side or stored.is_active == active or (stored.is_superuser and not actor.is_superuser):
            raise NotAllowed("nothing to change")
        stored.is_active = active
        stored.save(update_fields=["is_active"])
        record("staff.enabled" if active else "staff.disabled", actor=actor, target=stored, reason=reason)
    return stored


def _apply(user: User, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        if name not in _OWN_FIELDS:
            raise Invalid(f"{name} cannot be changed", code="unknown_field", field=name)
        if name == "phone":
            value = _phone(value)
        setattr(user, name, value)
    if user.role not in STAFF_ROLES:
        raise Invalid("agency people are taken in by their agency", code="bad_role", field="role")
    # Django's flag follows the role table: the admin's door asks for it.
    user.is_staff = Can.SEE_ADMIN in ALLOWED.get(user.role, frozenset())


def _phone(raw: str) -> Any:
    if not raw:
        return None
    number = parse_phone(raw)
    return keep_phones([number])[number]


def _reaches(actor: Any, project: Any) -> bool:
    return bool(actor.is_superuser or actor.all_projects or actor.projects.filter(pk=project.pk).exists())


def _check_reach(actor: Any, *, all_projects: bool, projects: Iterable[Any]) -> None:
    if all_projects and not (actor.is_superuser or actor.all_projects):
        raise Forbidden("only who sees all projects gives all", code="beyond_reach", field="all_projects")
    if not all(_reaches(actor, project) for project in projects):
        raise Forbidden("a project beyond one's own", code="beyond_reach", field="projects")


def _facts(user: User, projects: Iterable[Any]) -> dict[str, Any]:
    return {
        "name": user.name,
        "email": user.email,
        "role": str(user.role),
        "all_projects": user.all_projects,
        "phone": str(user.phone) if user.phone_id else "",
        "projects": sorted(project.code for project in projects),
    }
