"""An agency's manager keeps the stores in the portal."""

import pytest

from brokers.models import Broker, Store
from channels_platform.audit.models import Event

pytestmark = pytest.mark.django_db


def test_manager_opens_renames_fills_and_closes_a_store(world, as_person):
    client = as_person(world.manager)
    client.post("/portal/brokers/stores/new/", {"name": "West Gate"})
    client.post("/portal/brokers/stores/new/", {"name": "East Gate"})
    west, east = Store.objects.get(name="West Gate"), Store.objects.get(name="East Gate")
    client.post(f"/portal/brokers/stores/{west.pk}/", {"name": "West Station"})
    client.post(f"/portal/brokers/{world.owner.pk}/store/", {"store": str(west.pk)})
    assert "West Station" in client.get("/portal/brokers/stores/").content.decode()
    assert "Lin" in client.get(f"/portal/brokers/stores/{west.pk}/").content.decode()
    kept = client.post(f"/portal/brokers/stores/{west.pk}/close/", {"into": ""})
    assert kept.status_code == 422
    assert kept.context["form"].errors["into"]
    client.post(f"/portal/brokers/stores/{west.pk}/close/", {"into": str(east.pk)})
    world.owner.refresh_from_db()
    assert world.owner.store == east
    assert list(Store.objects.all()) == [east]
    client.post(f"/portal/brokers/{world.owner.pk}/store/", {"store": ""})
    client.post(f"/portal/brokers/stores/{east.pk}/close/")
    assert not Store.objects.exists()
    assert Event.objects.filter(action="store.closed", actor=world.manager.user).count() == 2


def test_a_name_that_is_there_stands_beside_the_field(world, as_person):
    client = as_person(world.manager)
    client.post("/portal/brokers/stores/new/", {"name": "West Gate"})
    again = client.post("/portal/brokers/stores/new/", {"name": " West Gate "})
    assert again.status_code == 422
    assert again.context["form"].errors["name"] == ["You have a store of this name already."]
    for name in ("", "x" * 121):
        assert client.post("/portal/brokers/stores/new/", {"name": name}).context["form"].errors["name"]
    assert Store.objects.count() == 1


def test_another_agencys_store_is_not_found_and_not_offered(world, as_person):
    theirs = Store.objects.create(agency=world.rival, name="Riverside")
    client = as_person(world.manager)
    assert "Riverside" not in client.get("/portal/brokers/stores/").content.decode()
    for address in (f"/portal/brokers/stores/{theirs.pk}/", f"/portal/brokers/stores/{theirs.pk}/close/"):
        assert client.get(address).status_code == 404
        assert client.post(address, {"name": "Ours"}).status_code == 404
    moved = client.post(f"/portal/brokers/{world.owner.pk}/store/", {"store": str(theirs.pk)})
    assert moved.status_code == 422
    assert client.post(f"/portal/brokers/{world.outsider.pk}/store/", {"store": ""}).status_code == 404
    theirs.refresh_from_db()
    assert theirs.name == "Riverside"


def test_a_full_only_store_says_what_to_do(world, as_person):
    west = Store.objects.create(agency=world.agency, name="West")
    world.owner.store = west
    world.owner.save()
    shown = as_person(world.manager).get(f"/portal/brokers/stores/{west.pk}/close/").content.decode()
    assert "Open one first" in shown


def test_a_name_is_one_name_however_it_was_typed(world, as_person):
    client = as_person(world.manager)
    client.post("/portal/brokers/stores/new/", {"name": "West\u200bGate"})
    client.post("/portal/brokers/new/", {"name": "X", "username": "x1", "store": "West\u200bGate", "role": "broker"})
    assert Broker.objects.get(user__username="x1").store == Store.objects.get()
    client.post("/portal/brokers/new/", {"name": "Y", "username": "y1", "store": "East", "role": "broker"})
    opened = Event.objects.filter(action="store.created").order_by("pk")
    assert [event.after["name"] for event in opened] == [Store.objects.exclude(name="East").get().name, "East"]
