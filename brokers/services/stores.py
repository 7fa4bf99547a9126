"""An agency's stores: who works in which, and closing one."""

from typing import Any

from brokers.locks import lock_stores
from brokers.models import Broker, Store
from brokers.services.agencies import require_theirs
from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.lib.errors import Invalid, NotAllowed


@transactional
def move_broker(*, actor: Any, broker: Broker, store: Store | None) -> Broker:
    """Put a broker into another store of the agency, or into none; clients and money stay as they are.

    Raises: Forbidden; Invalid `bad_store`; NotAllowed `store_gone` where it was closed meanwhile.
    Locks:  the agency's stores, the broker row.
    Writes: Broker, audit event `broker.moved`.
    """
    require(actor, Can.EDIT_AGENCIES, Can.EDIT_OWN_BROKERS)
    require_theirs(actor, broker.agency_id)
    lock_stores(broker.agency_id)
    _check_there(store, broker)
    stored = Broker.objects.select_for_update(of=("self",)).select_related("user", "store").get(pk=broker.pk)
    if stored.store_id != (store.pk if store else None):
        _move(actor, stored, store)
    return stored


def _check_there(store: Store | None, broker: Broker) -> None:
    if store is None:
        return
    if store.agency_id != broker.agency_id:
        raise Invalid("the store is another agency's", code="bad_store", field="store")
    if not Store.objects.filter(pk=store.pk).exists():
        raise NotAllowed("the store was closed", code="store_gone", field="store")


def _move(actor: Any, broker: Broker, store: Store | None) -> None:
    before = broker.store.name if broker.store else ""
    broker.store = store
    broker.save(update_fields=["store"])
    record(
        "broker.moved",
        actor=actor,
        target=broker,
        agency=broker.agency_id,
        before={"store": before},
        after={"store": store.name if store else ""},
    )


@transactional
def close_store(*, actor: Any, store: Store, into: Store | None = None) -> int:
    """Close a store that nobody is in any more, moving its brokers `into` another first; return how many moved.

    Brokers who are disabled count too: they are enabled again where they were.
    Raises: Forbidden; Invalid `bad_store`; NotAllowed `store_gone`, `store_in_use` where brokers have nowhere to go.
    Locks:  the agency's stores, its brokers.
    Writes: Broker, Store, audit events `broker.moved`, `store.closed`.
    """
    require(actor, Can.EDIT_AGENCIES, Can.EDIT_OWN_BROKERS)
    require_theirs(actor, store.agency_id)
    lock_stores(store.agency_id)
    stored = Store.objects.filter(pk=store.pk).first()
    if stored is None:
        raise NotAllowed("the store was closed", code="store_gone")
    rows = Broker.objects.select_for_update(of=("self",)).select_related("user", "store").filter(store=stored)
    moving = list(rows.order_by("pk"))
    if moving and into is None:
        raise NotAllowed("brokers are in the store", code="store_in_use", field="into")
    for broker in moving:
        if into is not None and into.pk == stored.pk:
            raise Invalid("the store closes", code="bad_store", field="into")
        _check_there(into, broker)
        _move(actor, broker, into)
    record(
        "store.closed",
        actor=actor,
        target=stored,
        agency=stored.agency_id,
        before={"name": stored.name},
        after={"moved": len(moving)},
    )
    stored.delete()
    return len(moving)
