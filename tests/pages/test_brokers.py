"""An agency's manager invites, disables and enables the own brokers."""

import pytest

from brokers.models import Broker
from brokers.services.agencies import set_broker_active
from brokers.services.inviting import invite_again
from channels_platform.audit.models import Event
from channels_platform.lib.errors import Forbidden
from leads.models import Referral

pytestmark = pytest.mark.django_db
NEW = {"name": "Tang", "username": "tang", "phone": "13700008888", "role": "broker", "store": "West Gate"}


def test_invited_broker_gets_a_link_shown_once(world, as_person):
    client = as_person(world.manager)
    shown = client.post("/portal/brokers/new/", {**NEW, "once": "3" * 32}, follow=True)
    made = Broker.objects.get(user__username="tang")
    assert (made.agency, str(made.store), made.recruited_by) == (world.agency, "West Gate", world.manager.user)
    assert "/accounts/invitation/" in shown.content.decode()
    assert "/accounts/invitation/" not in client.get(f"/portal/brokers/{made.pk}/").content.decode()
    renewed = client.post(f"/portal/brokers/{made.pk}/invitation/", follow=True)
    assert "/accounts/invitation/" in renewed.content.decode()


def test_taken_user_name_stands_beside_the_field(world, as_person):
    answer = as_person(world.manager).post("/portal/brokers/new/", {**NEW, "username": "owner"})
    assert answer.status_code == 422
    assert answer.context["form"].errors["username"]
    assert not Broker.objects.filter(user__name="Tang").exists()


def test_disabled_broker_cannot_enter_and_the_agency_keeps_the_client(world, as_person):
    own = world.file()
    client, owner = as_person(world.manager), as_person(world.owner)
    client.post(f"/portal/brokers/{world.owner.pk}/switch/", {"reason": "Left."})
    assert owner.get("/portal/").status_code == 302
    assert Referral.objects.get(pk=own.pk).state == "filed"
    assert client.get(f"/portal/clients/{own.pk}/").status_code == 200
    client.post(f"/portal/brokers/{world.owner.pk}/switch/", {})
    world.owner.refresh_from_db()
    assert world.owner.is_active


def test_manager_cannot_disable_oneself(world, as_person):
    assert as_person(world.manager).post(f"/portal/brokers/{world.manager.pk}/switch/", {}).status_code == 403
    world.manager.refresh_from_db()
    assert world.manager.is_active


def test_a_manager_lets_a_colleague_in_who_forgot_the_password(world, as_person):
    colleague, manager = as_person(world.colleague), as_person(world.manager)
    world.colleague.user.set_password("forgotten since")
    world.colleague.user.save()
    colleague.force_login(world.colleague.user)
    address = f"/portal/brokers/{world.colleague.pk}/"
    assert "Forgot the password: new link" in manager.get(address).content.decode()
    manager.post(f"{address}invitation/")
    page = manager.get(address).content.decode()
    assert "/accounts/invitation/" in page
    world.colleague.user.refresh_from_db()
    assert not world.colleague.user.has_usable_password()
    assert colleague.get("/portal/").status_code == 302  # signed in with what is void
    assert Event.objects.filter(action="password.withdrawn", actor_id=world.manager.user.pk).exists()


def test_nobody_takes_away_the_own_password_or_another_agencys(world, as_person):
    for user in (world.manager.user, world.outsider.user):
        user.set_password("as good as it was")
        user.save()
    manager = as_person(world.manager)
    assert manager.post(f"/portal/brokers/{world.manager.pk}/invitation/").status_code == 403
    assert manager.post(f"/portal/brokers/{world.outsider.pk}/invitation/").status_code == 404
    for user in (world.manager.user, world.outsider.user):
        user.refresh_from_db()
        assert user.check_password("as good as it was")
    with pytest.raises(Forbidden):
        invite_again(actor=world.manager.user, broker=world.outsider)
    with pytest.raises(Forbidden):
        invite_again(actor=world.reception, broker=world.owner)


def test_whom_the_developers_staff_disabled_the_agency_does_not_enable(world, as_person):
    set_broker_active(actor=world.site_manager, broker=world.colleague, active=False, reason="poached clients")
    manager = as_person(world.manager)
    address = f"/portal/brokers/{world.colleague.pk}/"
    page = manager.get(address).content.decode()
    assert "only they can enable them again" in page and f"{address}switch/" not in page
    assert manager.post(f"{address}switch/", {"reason": ""}).status_code == 422
    world.colleague.refresh_from_db()
    assert not world.colleague.is_active
    set_broker_active(actor=world.site_manager, broker=world.colleague, active=True, reason="settled")
    set_broker_active(actor=world.manager.user, broker=world.colleague, active=False)
    assert manager.post(f"{address}switch/", {"reason": ""}).status_code == 302
    world.colleague.refresh_from_db()
    assert world.colleague.is_active
