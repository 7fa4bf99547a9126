"""Agencies and brokers."""

from threading import Barrier, Thread

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connections, transaction

from brokers.models import Broker
from brokers.selectors import agency_of, broker_of, visible_agencies, visible_brokers
from brokers.services.agencies import create_agency, create_broker, set_agency_status, set_broker_active
from brokers.states import AgencyStatus
from channels_platform.accounts.models import User
from channels_platform.accounts.permissions import Role
from channels_platform.audit.models import Event
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from channels_platform.lib.phones import InvalidPhone
from leads.selectors import visible_referrals
from tests.cast import LI, WANG, agency_with_broker, open_site, person
from tests.cast import broker_of as new_broker

pytestmark = pytest.mark.django_db


def test_a_code_is_one_agencys():
    create_agency(actor=None, code="A1", name="Bright Homes", kind="referral")
    with pytest.raises(ValidationError):
        create_agency(actor=None, code="A1", name="Other", kind="referral")
    with pytest.raises(ValidationError):
        create_agency(actor=None, code="A2", name="Other", kind="guild")


def test_a_broker_has_an_account_with_the_phone_kept_once():
    broker = agency_with_broker("one", phone="138 0000 0001")
    assert broker.user.phone.reveal() == "+8613800000001"
    assert not broker.user.has_usable_password()
    assert Event.objects.get(action="broker.created").after["role"] == "broker"


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"phone": "nonsense"}, InvalidPhone),
        ({"role": Role.FINANCE}, Invalid),
        ({"username": ""}, ValidationError),
        ({"email": "no address"}, ValidationError),
    ],
)
def test_a_broker_that_cannot_be_leaves_nothing(fields, kind):
    agency = create_agency(actor=None, code="A1", name="Bright Homes", kind="referral")
    with pytest.raises(kind):
        create_broker(actor=None, agency=agency, **{"username": "b1", "name": "B", **fields})
    assert not User.objects.exists()
    assert not Broker.objects.exists()


@pytest.mark.parametrize("name", ["LIN", "Lin", "ｌｉｎ", "lin\u200b", " lin "])
def test_a_user_name_is_one_persons_in_whichever_letters(name):
    agency = agency_with_broker("one").agency
    create_broker(actor=None, agency=agency, username="lin", name="A")
    with pytest.raises(ValidationError) as refused:
        create_broker(actor=None, agency=agency, username=name, name="B")
    assert list(refused.value.message_dict) == ["username"]
    with pytest.raises(IntegrityError, match="username_once_in_any_case"), transaction.atomic():
        User.objects.create(username="LIN")


def test_a_store_is_of_the_brokers_own_agency():
    one, two = agency_with_broker("one"), agency_with_broker("two")
    east = new_broker(one.agency, "east", store="East Gate").store
    assert new_broker(one.agency, "again", store="East Gate").store == east
    with pytest.raises(Invalid):
        new_broker(two.agency, "wrong", store=east)


def test_suspending_needs_a_reason_and_a_change():
    agency = agency_with_broker("one").agency
    with pytest.raises(Invalid):
        set_agency_status(actor=None, agency=agency, status=AgencyStatus.SUSPENDED, reason="  ")
    set_agency_status(actor=None, agency=agency, status=AgencyStatus.SUSPENDED, reason="audit")
    with pytest.raises(NotAllowed):
        set_agency_status(actor=None, agency=agency, status=AgencyStatus.SUSPENDED, reason="audit")
    assert Event.objects.get(action="agency.status_changed").after == {"status": "suspended"}


def test_a_broker_who_leaves_cannot_sign_in_and_the_agency_keeps_the_referrals():
    site = open_site()
    referral = site.file(site.owner, LI)
    head = new_broker(site.owner.agency, "head", role="agency_admin")
    set_broker_active(actor=site.manager, broker=site.owner, active=False, reason="left")
    set_broker_active(actor=site.manager, broker=site.owner, active=False, reason="left")
    site.owner.user.refresh_from_db()
    assert not site.owner.user.is_active
    assert Event.objects.filter(action="broker.disabled").count() == 1
    assert list(visible_referrals(head.user)) == [referral]


def test_staff_bar_also_whom_the_agency_had_disabled():
    site = open_site()
    head = new_broker(site.owner.agency, "head", role="agency_admin")
    set_broker_active(actor=head.user, broker=site.owner, active=False)
    set_broker_active(actor=site.manager, broker=site.owner, active=False, reason="under suspicion")
    with pytest.raises(Forbidden) as refused:
        set_broker_active(actor=head.user, broker=site.owner, active=True)
    assert refused.value.code == "barred"


def test_people_see_their_own_side_only():
    site = open_site()
    mine, colleagues, rivals = (
        site.file(broker, phone)
        for broker, phone in ((site.owner, LI), (site.colleague, WANG), (site.rival, "13800000009"))
    )
    head = new_broker(site.owner.agency, "head", role="agency_admin")
    assert set(visible_referrals(site.owner.user)) == {mine}
    assert set(visible_referrals(head.user)) == {mine, colleagues}
    assert set(visible_referrals(site.manager)) == {mine, colleagues, rivals}
    assert not visible_referrals(person(Role.RECEPTION, all_projects=False)).exists()
    assert not visible_referrals(person(Role.BROKER, all_projects=False)).exists()
    assert set(visible_agencies(site.owner.user)) == {site.owner.agency}
    assert set(visible_brokers(site.owner.user)) == {site.owner}
    assert set(visible_brokers(head.user)) == {site.owner, site.colleague, head}
    assert agency_of(site.owner.user) == site.owner.agency
    assert broker_of(site.manager) is None
    assert agency_of(site.manager) is None


@pytest.mark.django_db(transaction=True)
def test_of_many_who_take_one_user_name_at_once_one_has_it_and_the_others_are_told():
    """Without the lock some pass validation and meet the database's own refusal: a server error."""
    agency = agency_with_broker("owner").agency
    start, outcomes = Barrier(8), []

    def take():
        try:
            start.wait(10)
            create_broker(actor=None, agency=agency, username="chen", name="Chen")
            outcomes.append("taken in")
        except ValidationError as refused:
            outcomes.append("told " + ", ".join(refused.message_dict))
        except IntegrityError as error:
            outcomes.append(type(error).__name__)
        finally:
            connections.close_all()

    threads = [Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["taken in"] + ["told username"] * 7
