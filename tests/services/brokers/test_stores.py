"""An agency's stores: opened, renamed and closed by its manager or by staff, each act in the trail."""

import pytest
from django.core.exceptions import ValidationError

from brokers.models import Store
from brokers.services.changes import keep_store
from brokers.services.stores import close_store, move_broker
from channels_platform.accounts.permissions import Role
from channels_platform.audit.models import Event
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from tests.cast import agency_with_broker, broker_of, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def agency():
    return agency_with_broker("mine").agency


@pytest.fixture
def boss(agency):
    return broker_of(agency, "boss", role=Role.AGENCY_ADMIN).user


def opened(actor, agency, name):
    return keep_store(actor=actor, store=Store(agency=agency, name=name))


def test_a_manager_opens_and_renames_the_own_agencys_stores(agency, boss):
    west = opened(boss, agency, "West Gate")
    west.name = "West Station"
    keep_store(actor=boss, store=west)
    trail = Event.objects.filter(target_id=str(west.pk)).order_by("id")
    assert [(one.action, one.actor, one.agency_id) for one in trail] == [
        ("store.created", boss, agency.pk),
        ("store.changed", boss, agency.pk),
    ]
    with pytest.raises(ValidationError):
        opened(boss, agency, "West Station")


def test_a_manager_reaches_no_other_agencys_store(agency, boss):
    theirs = agency_with_broker("theirs")
    north = opened(None, theirs.agency, "North")
    with pytest.raises(Forbidden):
        opened(boss, theirs.agency, "Mine now")
    with pytest.raises(Forbidden):
        close_store(actor=boss, store=north)
    with pytest.raises(Forbidden):
        move_broker(actor=boss, broker=theirs, store=None)
    with pytest.raises(Invalid, match="another agency"):
        move_broker(actor=boss, broker=boss.broker, store=north)
    assert Store.objects.get() == north


def test_a_broker_moves_between_stores_and_out_of_all(agency, boss):
    west, east = opened(boss, agency, "West"), opened(boss, agency, "East")
    lin = broker_of(agency, "lin", store=west)
    move_broker(actor=boss, broker=lin, store=east)
    move_broker(actor=boss, broker=lin, store=east)
    move_broker(actor=boss, broker=lin, store=None)
    lin.refresh_from_db()
    assert lin.store is None
    moves = Event.objects.filter(action="broker.moved").order_by("id")
    assert [(one.before, one.after) for one in moves] == [
        ({"store": "West"}, {"store": "East"}),
        ({"store": "East"}, {"store": ""}),
    ]


def test_a_store_with_brokers_closes_only_with_a_place_for_them(agency, boss):
    west, east = opened(boss, agency, "West"), opened(boss, agency, "East")
    lin = broker_of(agency, "lin", store=west)
    gone = broker_of(agency, "gone", store=west)
    type(gone).objects.filter(pk=gone.pk).update(is_active=False)
    for into, kind in ((None, NotAllowed), (west, Invalid)):
        with pytest.raises(kind):
            close_store(actor=boss, store=west, into=into)
    assert close_store(actor=boss, store=west, into=east) == 2
    lin.refresh_from_db()
    gone.refresh_from_db()
    assert lin.store == gone.store == east
    closed = Event.objects.get(action="store.closed")
    assert (closed.actor, closed.before, closed.after) == (boss, {"name": "West"}, {"moved": 2})
    with pytest.raises(NotAllowed):
        move_broker(actor=boss, broker=lin, store=west)


def test_an_empty_store_just_closes_and_staff_may_close_it_too(agency):
    west = opened(None, agency, "West")
    assert close_store(actor=person(Role.MARKETING), store=west) == 0
    assert not Store.objects.exists()


def test_a_store_closed_meanwhile_does_not_come_back_by_a_rename(agency, boss):
    west = opened(boss, agency, "West")
    seen = Store.objects.get(pk=west.pk)
    close_store(actor=boss, store=west)
    seen.name = "Westward"
    with pytest.raises(NotAllowed) as refused:
        keep_store(actor=boss, store=seen)
    assert (refused.value.code, refused.value.field) == ("store_gone", "name")
    assert not Store.objects.exists()
