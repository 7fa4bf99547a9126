"""Agencies, stores, brokers: taking them in, changing them, letting them go."""

from typing import Any
from uuid import UUID

from django.urls import reverse

from brokers.locks import lock_stores
from brokers.models import Agency, Broker, Store
from brokers.selectors import managers_of, spelt
from brokers.states import AgencyStatus
from channels_platform.accounts.locks import lock_username
from channels_platform.accounts.models import User
from channels_platform.accounts.permissions import Can, Role
from channels_platform.accounts.services.access import require
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from channels_platform.lib.names import clean_text, needed_reason
from channels_platform.lib.phones import parse_phone
from channels_platform.notices.services import tell
from channels_platform.privacy.services import keep_phones


@transactional
def create_agency(*, actor: Any, code: str, name: str, kind: str, licence_no: str = "", **fields: Any) -> Agency:
    """Take in an agency.

    Raises: Forbidden; ValidationError by field.
    Writes: Agency, audit event `agency.created`.
    """
    require(actor, Can.EDIT_AGENCIES)
    agency = Agency(code=code, name=name, kind=kind, licence_no=spelt(licence_no), created_at=clock.now(), **fields)
    agency.full_clean()
    agency.save(force_insert=True)
    record("agency.created", actor=actor, target=agency, agency=agency, after={"code": code, "kind": kind})
    return agency


@transactional
def set_agency_status(*, actor: Any, agency: Agency, status: AgencyStatus, reason: str) -> Agency:
    """Suspend or reinstate an agency, with a reason.

    Raises: Forbidden; Invalid `reason_required`; NotAllowed when it has that status already.
    Locks:  the agency row.
    Writes: Agency, audit event; tells the agency's managers.
    """
    require(actor, Can.EDIT_AGENCIES)
    reason = needed_reason(reason)
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
    tell(
        kind="agency.suspended" if status == AgencyStatus.SUSPENDED else "agency.reinstated",
        recipients=managers_of(stored),
        target=stored,
        path=reverse("portal:home"),
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
    active: bool = True,
) -> Broker:
    """Take in a broker with an account; without a password the account waits for its invitation.

    One who is not `active` yet signs in and files nothing.

    Raises: Forbidden; ValidationError by field; InvalidPhone.
    Locks:  the user name, the agency's stores.
    Writes: User, Broker, Phone, Store, audit event `broker.created`.
    """
    require_theirs(actor, agency.pk)
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
    user.username = lock_username(username)
    user.full_clean(exclude=["password", "email"] if not email else ["password"])
    user.save(force_insert=True)
    if store:
        lock_stores(agency.pk)
    if isinstance(store, str):
        store = _store_named(store, actor=actor, agency=agency)
    if store is not None and store.agency_id != agency.pk:
        raise Invalid("the store is another agency's", code="bad_store", field="store")
    broker = Broker(
        user=user, agency=agency, store=store, recruited_by=recruited_by, is_active=active, created_at=clock.now()
    )
    broker.save(force_insert=True)
    record(
        "broker.created",
        actor=actor,
        target=broker,
        agency=agency,
        after={"username": user.username, "role": str(role)},
    )
    return broker


def _store_named(name: str, *, actor: Any, agency: Agency) -> Store | None:
    """Return the agency's store of this name, opened where it is not there yet; the caller holds the stores."""
    name = clean_text(name)
    if not name:
        return None
    store, opened = Store.objects.get_or_create(agency=agency, name=name)
    if opened:
        record("store.created", actor=actor, target=store, agency=agency, after={"name": name})
    return store


@transactional
def set_broker_active(*, actor: Any, broker: Broker, active: bool, reason: str = "") -> Broker:
    """Enable or disable a broker; the agency keeps the referrals either way.

    Whom the developer's staff disabled, the agency's manager does not enable; staff bar also who is disabled.
    Raises: Forbidden, also `barred`; NotAllowed `not_taken_in` for who signed up alone and is no broker yet.
    Locks:  the broker row.
    Writes: Broker, User, audit event.
    """
    require_theirs(actor, broker.agency_id)
    stored = Broker.objects.select_for_update().select_related("user").get(pk=broker.pk)
    by_agency = actor is not None and actor.is_agency_side
    barred = not active and (stored.barred or not by_agency)
    if (stored.is_active, stored.barred) == (active, barred):
        return stored
    if active and stored.barred and by_agency:
        raise Forbidden("the developer's staff disabled this broker", code="barred")
    if active and not stored.is_confirmed:
        raise NotAllowed("only staff confirm who signed up alone", code="not_taken_in")
    stored.is_active, stored.barred = active, barred
    stored.save(update_fields=["is_active", "barred"])
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


def require_theirs(actor: Any, agency_id: UUID) -> None:
    """Refuse who does not take in brokers, and an agency's manager outside the own agency.

    Raises: Forbidden.
    """
    require(actor, Can.EDIT_AGENCIES, Can.EDIT_OWN_BROKERS)
    if actor is not None and actor.is_agency_side and actor.broker.agency_id != agency_id:
        raise Forbidden("the agency is not yours")
