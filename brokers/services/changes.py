"""Changing what was taken in: agencies, stores, brokers, agreements still in draft."""

from typing import Any

from brokers.locks import lock_stores
from brokers.models import Agency, Agreement, Broker, Individual, Store
from brokers.selectors import spelt
from brokers.services.agencies import require_theirs
from brokers.services.individuals import claim_phone
from brokers.states import AgreementState
from channels_platform.accounts.models import User
from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.lib.errors import Invalid, NotAllowed
from channels_platform.lib.names import clean_text
from channels_platform.lib.phones import parse_phone
from channels_platform.privacy.services import keep_phones

AGENCY_FIELDS = ("name", "kind", "licence_no", "licence_until", "bank_name", "bank_account")
BROKER_FIELDS = ("store", "recruited_by", "bank_name", "bank_account")
PERSON_FIELDS = ("name", "email", "phone")
DRAFT_FIELDS = ("agency", "project", "from_on", "to_on", "auto_renew")


def shown(name: str, value: Any) -> str:
    """A value as the audit trail may hold it: of an account's number only the end."""
    text = "" if value is None else str(value)
    return f"…{text[-4:]}" if name == "bank_account" and text else text


def _changes(before: dict[str, Any], after: dict[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    changed = [name for name in after if before[name] != after[name]]
    return {name: shown(name, before[name]) for name in changed}, {name: shown(name, after[name]) for name in changed}


@transactional
def change_agency(*, actor: Any, agency: Agency, **fields: Any) -> Agency:
    """Change an agency's own fields; its code stays, its status has its own service.

    Raises: Forbidden; ValidationError by field; Invalid `unknown_field`, `fixed_by_use` for the kind once clients were
            filed.
    Locks:  the agency row.
    Writes: Agency, audit event `agency.changed`.
    """
    require(actor, Can.EDIT_AGENCIES)
    stored = Agency.objects.select_for_update(no_key=True).get(pk=agency.pk)
    if "licence_no" in fields:
        fields["licence_no"] = spelt(fields["licence_no"])
    before = {name: getattr(stored, name, None) for name in fields}
    for name, value in fields.items():
        if name not in AGENCY_FIELDS:
            raise Invalid(f"{name} cannot be changed", code="unknown_field", field=name)
        setattr(stored, name, value)
    if before.get("kind", stored.kind) != stored.kind and stored.referrals.exists():
        raise Invalid("the kind stays once clients were filed", code="fixed_by_use", field="kind")
    stored.full_clean()
    was, now = _changes(before, fields)
    if now:
        stored.save()
        record("agency.changed", actor=actor, target=stored, agency=stored, before=was, after=now)
    return stored


@transactional
def keep_store(*, actor: Any, store: Store) -> Store:
    """Write a store as given, new or renamed.

    Raises: Forbidden; ValidationError by field; NotAllowed `store_gone` where it was closed meanwhile.
    Locks:  the agency's stores.
    Writes: Store, audit event `store.created` or `store.changed`.
    """
    require(actor, Can.EDIT_AGENCIES, Can.EDIT_OWN_BROKERS)
    require_theirs(actor, store.agency_id)
    lock_stores(store.agency_id)
    store.name = clean_text(store.name)
    store.full_clean()
    stored = Store.objects.select_for_update().filter(pk=store.pk).first()
    if stored is None and not store._state.adding:
        raise NotAllowed("the store was closed", code="store_gone", field="name")
    if stored is not None and stored.name == store.name:
        return stored
    store.save()
    record(
        "store.changed" if stored else "store.created",
        actor=actor,
        target=store,
        agency=store.agency_id,
        before={"name": stored.name} if stored else {},
        after={"name": store.name},
    )
    return store


@transactional
def change_broker(*, actor: Any, broker: Broker, **fields: Any) -> Broker:
    """Change a broker's store and bank, and the account's name, mail and phone; the agency stays.

    Who signs in with a phone signs in with the new one from then on.
    Raises: Forbidden; ValidationError by field; InvalidPhone; Invalid `unknown_field`, `bad_store`, `phone_taken`.
    Locks:  the agency's stores where one is given, the broker row.
    Writes: Broker, User, Individual, Phone, audit event `broker.changed`.
    """
    require(actor, Can.EDIT_AGENCIES)
    if "store" in fields:
        lock_stores(broker.agency_id)
    stored = Broker.objects.select_for_update(of=("self",)).select_related("user", "store").get(pk=broker.pk)
    if "phone" in fields:
        fields["phone"] = _phone(fields["phone"])
    before: dict[str, Any] = {}
    for name, value in fields.items():
        owner: Broker | User = stored if name in BROKER_FIELDS else stored.user
        if name not in (*BROKER_FIELDS, *PERSON_FIELDS):
            raise Invalid(f"{name} cannot be changed", code="unknown_field", field=name)
        before[name] = getattr(owner, name)
        setattr(owner, name, value)
    if stored.store is not None and stored.store.agency_id != stored.agency_id:
        raise Invalid("the store is another agency's", code="bad_store", field="store")
    if "phone" in fields and stored.user.sign_in_phone_id is not None:
        _sign_in_with(stored, fields["phone"])
    was, now = _changes(before, fields)
    if now:
        stored.user.full_clean(exclude=["password", *(() if stored.user.email else ("email",))])
        stored.full_clean()
        stored.user.save(update_fields=[*PERSON_FIELDS, "sign_in_phone"])
        stored.save(update_fields=list(BROKER_FIELDS))
        record("broker.changed", actor=actor, target=stored, agency=stored.agency_id, before=was, after=now)
    return stored


def _sign_in_with(broker: Broker, phone: Any) -> None:
    """Let an individual sign in and get codes with the new phone: the old one may be another's by now."""
    user = broker.user
    if phone is None:
        user.sign_in_phone = None
    elif phone.pk != user.sign_in_phone_id:
        individual = Individual.objects.get(broker=broker)
        individual.phone = phone
        individual.broker = broker
        claim_phone(individual)
        individual.save(update_fields=["phone"])


def _phone(raw: str) -> Any:
    if not raw:
        return None
    number = parse_phone(raw)
    return keep_phones([number])[number]


@transactional
def change_draft(*, actor: Any, agreement: Agreement, **fields: Any) -> Agreement:
    """Change an agreement that nobody approved yet; who changes it is its author from then on.

    So nobody can approve what they wrote.
    Raises: Forbidden; NotAllowed when it is no draft; Invalid `unknown_field`, `span_reversed`.
    Locks:  the agreement row.
    Writes: Agreement, audit event `agreement.redrafted`.
    """
    require(actor, Can.DRAFT_AGREEMENT)
    stored = Agreement.objects.select_for_update(of=("self",)).get(pk=agreement.pk)
    if stored.state != AgreementState.DRAFT:
        raise NotAllowed("only a draft can be changed")
    before = {name: getattr(stored, name, None) for name in fields}
    for name, value in fields.items():
        if name not in DRAFT_FIELDS:
            raise Invalid(f"{name} cannot be changed", code="unknown_field", field=name)
        setattr(stored, name, value)
    if stored.to_on is not None and stored.to_on < stored.from_on:
        raise Invalid("the last day is before the first", code="span_reversed", field="to")
    was, now = _changes(before, fields)
    if now:
        stored.author = actor
        stored.save()
        record(
            "agreement.redrafted",
            actor=actor,
            target=stored,
            project=stored.project_id,
            agency=stored.agency_id,
            before=was,
            after=now,
        )
    return stored
