"""Agencies, stores, brokers: taking them in, changing them, letting them go."""

from typing import Any

from brokers.models import Agency, Broker, Store
from brokers.states import AgencyStatus
from channels_platform.accounts.models import User
from channels_platform.accounts.permissions import Role
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import Invalid, NotAllowed
from channels_platform.lib.phones import parse_phone
from channels_platform.privacy.services import keep_phones


@transactional
def create_agency(*, actor: Any, code: str, name: str, kind: str, licence_no: str = "", **fields: Any) -> Agency:
    """Take in an agency.

    Raises: ValidationError by field.
    Writes: Agency, audit event `agency.created`.
    """
    agency = Agency(code=code, name=name, kind=kind, licence_no=licence_no, created_at=clock.now(), **fields)
    agency.full_clean()
    agency.save(force_insert=True)
    record("agency.created", actor=actor, target=agency, agency=agency, after={"code": code, "kind": kind})
    return agency


@transactional
def set_agency_status(*, actor: Any, agency: Agency, status: AgencyStatus, reason: str) -> Agency:
    """Suspend or reinstate an agency, with a reason.

    Raises: Invalid `reason_required`; NotAllowed when it has that status already.
    Locks:  the agency row.
    Writes: Agency, audit event.
    """
    if not reason.strip():
        raise Invalid("a reason is needed", code="reason_required", field="reason")
    stored = Agency.objects.select_for_update().get(pk=agency.pk)
    if stored.status == status:
        raise NotAllowed(f"the agency is {status} already")
    before, stored.status = stored.status, status
    stored.save(update_fields=["status"])
    record(
        "agency.status_changed",
        actor=actor,
        target=stored,
        agency=stored,
        reason=reason,
        before={"status": before},
        after={"status": str(status)},
    )
    return stored


@transactional
def create_broker(
    *,
    actor: Any,
    agency: Agency,
    username: str,
    name: str,
    phone: str = "",
    store: Store | str | None = None,
    password: str | None = None,
    role: str = Role.BROKER,
    email: str = "",
    recruited_by: User | None = None,
) -> Broker:
    """Take in a broker with an account; without a password the account waits for its invitation.

    Raises: ValidationError by field; InvalidPhone.
    Writes: User, Broker, Phone, Store, audit event `broker.created`.
    """
    if role not in (Role.BROKER, Role.AGENCY_ADMIN):
        raise Invalid("an agency has brokers and managers only", code="bad_role", field="role")
    user = User(username=username, name=name, role=role, email=email)
    if phone:
        number = parse_phone(phone)
        user.phone = keep_phones([number])[number]
    if password is None:
        user.set_unusable_password()
    else:
        user.set_password(password)
    user.full_clean(exclude=["password", "email"] if not email else ["password"])
    user.save(force_insert=True)
    if isinstance(store, str):
        store = Store.objects.get_or_create(agency=agency, name=store)[0] if store else None
    if store is not None and store.agency_id != agency.pk:
        raise Invalid("the store is another agency's", code="bad_store", field="store")
    broker = Broker(user=user, agency=agency, store=store, recruited_by=recruited_by, created_at=clock.now())
    broker.save(force_insert=True)
    record("broker.created", actor=actor, target=broker, agency=agency, after={"username": username, "role": str(role)})
    return broker


@transactional
def set_broker_active(*, actor: Any, broker: Broker, active: bool, reason: str = "") -> Broker:
    """Enable or disable a broker; the agency keeps the referrals either way.

    Locks:  the broker row.
    Writes: Broker, User, audit event.
    """
    stored = Broker.objects.select_for_update().select_related("user").get(pk=broker.pk)
    if stored.is_active == active:
        return stored
    stored.is_active = active
    stored.save(update_fields=["is_active"])
    User.objects.filter(pk=stored.user_id).update(is_active=active)
    record(
        "broker.enabled" if active else "broker.disabled",
        actor=actor,
        target=stored,
        agency=stored.agency_id,
        reason=reason,
        after={"active": active},
    )
    return stored
