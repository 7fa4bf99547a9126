"""Agencies, brokers and agreements: taken in, changed, approved by a second person."""

from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from brokers.models import Agency, Agreement, Broker, Store
from brokers.services.agreements import draft_agreement
from channels_platform.accounts.models import User
from channels_platform.audit.models import Event
from channels_platform.lib import clock
from tests.admin.conftest import Cast, address, complaints, do, said

pytestmark = pytest.mark.django_db

NO_STORES = {"stores-TOTAL_FORMS": 0, "stores-INITIAL_FORMS": 0}
AGENCY = {
    "code": "NEW",
    "name": "New Homes",
    "kind": "referral",
    "licence_no": "L-1",
}


def test_agency_is_taken_in_and_changed(cast: Cast, enter: Any) -> None:
    client = enter("marketing")
    assert client.post(address(Agency, "add"), AGENCY).status_code == 302
    agency = Agency.objects.get(code="NEW")
    changed = AGENCY | NO_STORES | {"name": "Newer Homes", "code": "HACK"}
    changed |= {"stores-TOTAL_FORMS": 1, "stores-0-name": "Main Street", "stores-0-agency": agency.pk}
    response = client.post(address(Agency, "change", agency.pk), changed)
    assert response.status_code == 302, complaints(response)
    agency.refresh_from_db()
    assert (agency.code, agency.name) == ("NEW", "Newer Homes")
    assert Store.objects.get().name == "Main Street"
    event = Event.objects.get(action="agency.changed")
    assert event.after == {"name": "Newer Homes"}


def test_kind_of_an_agency_stays_once_it_filed(cast: Cast, enter: Any) -> None:
    cast.file()
    agency = cast.owner.agency
    data = {"name": agency.name, "kind": "onsite", "licence_no": ""} | NO_STORES
    response = enter("marketing").post(address(Agency, "change", agency.pk), data)
    assert (response.status_code, list(complaints(response))) == (422, ["kind"])
    agency.refresh_from_db()
    assert agency.kind == "referral"


def test_agency_is_suspended_and_reinstated_with_a_reason(cast: Cast, enter: Any) -> None:
    client, agency = enter("marketing"), cast.owner.agency
    assert list(complaints(do(client, agency, "suspend"))) == ["reason"]
    assert do(client, agency, "suspend", reason="Licence ran out.").status_code == 302
    agency.refresh_from_db()
    assert agency.status == "suspended"
    assert cast.file().reason == "broker_inactive"
    again = client.get(address(Agency, "act", agency.pk, "suspend"), follow=True)
    assert "no longer possible" in said(again)
    assert do(client, agency, "reinstate", reason="Renewed.").status_code == 302
    assert [e.reason for e in Event.objects.filter(action="agency.status_changed").order_by("id")] == [
        "Licence ran out.",
        "Renewed.",
    ]


def test_agency_page_shows_its_brokers_and_agreements(cast: Cast, enter: Any) -> None:
    page = said(enter("marketing").get(address(Agency, "change", cast.owner.agency.pk)))
    assert "Bright Homes broker" in page
    assert cast.here.name in page


BROKER = {"username": "li", "name": "Li", "role": "broker", "email": "", "phone": "13911112222", "store": "",
          "recruited_by": ""}  # fmt: skip


def test_new_broker_gets_a_link_and_nobody_a_password(cast: Cast, enter: Any) -> None:
    client = enter("marketing")
    added = client.post(address(Broker, "add"), BROKER | {"agency": cast.owner.agency.pk})
    broker = Broker.objects.get(user__username="li")
    assert added.url == address(Broker, "act", broker.pk, "invite")
    assert not broker.user.has_usable_password()
    assert str(broker.user.phone) == "139****2222"

    shown = client.post(added.url)
    link = shown.context["shown"].text
    assert "no-store" in shown.headers["Cache-Control"]
    assert link.startswith("http://testserver/accounts/invitation/")
    assert client.get(link).status_code == 200
    assert Event.objects.filter(action="person.invited").count() == 1


def test_broker_added_in_a_pop_up_goes_back_to_who_asked(cast: Cast, enter: Any) -> None:
    response = enter("marketing").post(address(Broker, "add"), BROKER | {"agency": cast.owner.agency.pk, "_popup": "1"})
    assert response.status_code == 200
    assert str(Broker.objects.get(user__username="li").pk) in said(response)


def test_broker_needs_a_store_of_the_own_agency(cast: Cast, enter: Any) -> None:
    foreign = Store.objects.create(agency=cast.rival.agency, name="Rival's")
    data = BROKER | {"agency": cast.owner.agency.pk, "store": foreign.pk}
    response = enter("marketing").post(address(Broker, "add"), data)
    assert (response.status_code, list(complaints(response))) == (422, ["store"])
    assert not User.objects.filter(username="li").exists()


def test_broker_with_an_invalid_phone_or_a_taken_name_is_not_made(cast: Cast, enter: Any) -> None:
    client = enter("marketing")
    data = BROKER | {"agency": cast.owner.agency.pk}
    assert list(complaints(client.post(address(Broker, "add"), data | {"phone": "123"}))) == ["phone"]
    assert list(complaints(client.post(address(Broker, "add"), data | {"username": "own"}))) == ["username"]
    assert Broker.objects.count() == 2


def test_broker_is_changed_through_the_account(cast: Cast, enter: Any) -> None:
    data = {"name": "Renamed", "email": "li@example.com", "phone": "", "store": "", "recruited_by": ""}
    response = enter("marketing").post(address(Broker, "change", cast.owner.pk), data)
    assert response.status_code == 302, complaints(response)
    cast.owner.refresh_from_db()
    assert (cast.owner.user.name, cast.owner.user.email) == ("Renamed", "li@example.com")
    assert cast.owner.agency.code == "OWN"
    assert set(Event.objects.get(action="broker.changed").after) == {"name", "email"}


def test_disabled_broker_cannot_file_until_enabled(cast: Cast, enter: Any) -> None:
    client = enter("marketing")
    assert do(client, cast.owner, "disable", reason="Left.").status_code == 302
    cast.owner.refresh_from_db()
    assert cast.file().reason == "broker_inactive"
    assert not User.objects.get(pk=cast.owner.user_id).is_active
    assert do(client, cast.owner, "enable", reason="Came back.").status_code == 302
    assert User.objects.get(pk=cast.owner.user_id).is_active


def test_broker_with_a_password_is_not_invited(cast: Cast, enter: Any) -> None:
    response = enter("marketing").post(address(Broker, "act", cast.owner.pk, "invite"), follow=True)
    assert "no longer possible" in said(response)
    assert not Event.objects.filter(action="person.invited").exists()


def test_probing_brokers_are_marked_and_found(cast: Cast, enter: Any) -> None:
    Broker.objects.filter(pk=cast.rival.pk).update(probing_flagged_at=clock.now())
    client = enter("marketing")
    response = client.get(address(Broker, "changelist"), {"probing": "yes"})
    assert list(response.context["cl"].result_list) == [cast.rival]
    assert "Flagged" in said(response)
    assert "1 broker flagged for probing" in said(client.get(reverse("admin:index")))


def _draft(cast: Cast, author: User) -> Agreement:
    return draft_agreement(actor=author, agency=cast.owner.agency, project=cast.here, from_on=date(2026, 6, 1))


def test_agreement_is_drafted_and_approved_by_another(cast: Cast, enter: Any) -> None:
    data = {"agency": cast.owner.agency.pk, "project": cast.here.pk, "from_on": "2026-06-01", "to_on": "2026-12-31"}
    author = enter("marketing")
    assert author.post(address(Agreement, "add"), data).status_code == 302
    agreement = Agreement.objects.get(from_on=date(2026, 6, 1))
    assert (agreement.state, agreement.author.username) == ("draft", "a-marketing")
    assert do(author, agreement, "approve").status_code == 403
    assert do(enter("marketing_manager"), agreement, "approve").status_code == 302
    agreement.refresh_from_db()
    assert (agreement.state, agreement.approved_by.username) == ("approved", "a-marketing_manager")


def test_manager_cannot_approve_the_own_draft(cast: Cast, enter: Any) -> None:
    client = enter("marketing_manager")
    agreement = _draft(cast, User.objects.get(username="a-marketing_manager"))
    response = do(client, agreement, "approve")
    assert response.status_code == 422
    assert "somebody else has to approve it" in said(response)
    agreement.refresh_from_db()
    assert agreement.state == "draft"


def test_who_changes_a_draft_becomes_its_author_and_cannot_approve_it(cast: Cast, enter: Any) -> None:
    agreement = _draft(cast, cast.author)
    client = enter("marketing_manager")
    data = {"agency": cast.owner.agency.pk, "project": cast.here.pk, "from_on": "2026-07-01", "to_on": ""}
    assert client.post(address(Agreement, "change", agreement.pk), data).status_code == 302
    assert do(client, agreement, "approve").status_code == 422
    agreement.refresh_from_db()
    assert (agreement.state, agreement.from_on) == ("draft", date(2026, 7, 1))


def test_span_the_wrong_way_round_is_refused_beside_the_field(cast: Cast, enter: Any) -> None:
    before = Agreement.objects.count()
    data = {"agency": cast.owner.agency.pk, "project": cast.here.pk, "from_on": "2026-06-02", "to_on": "2026-06-01"}
    response = enter("marketing").post(address(Agreement, "add"), data)
    assert response.status_code in (200, 422)
    assert complaints(response)
    assert Agreement.objects.count() == before


def test_approved_agreement_is_ended_not_changed(cast: Cast, enter: Any) -> None:
    agreement = Agreement.objects.get(project=cast.here, agency=cast.owner.agency)
    client = enter("marketing_manager")
    assert client.post(address(Agreement, "change", agreement.pk), {"from_on": "2020-01-01"}).status_code == 403
    assert do(client, agreement, "end").status_code == 422
    assert do(client, agreement, "end", ending="agreed", reason="By mutual consent.").status_code == 302
    assert cast.file().reason == "no_agreement"


def test_agreement_is_ended_for_interception_and_another_manager_lifts_the_hold(cast: Cast, enter: Any) -> None:
    agreement = Agreement.objects.get(agency=cast.owner.agency, project=cast.here)
    manager = enter("marketing_manager")
    assert list(complaints(do(manager, agreement, "end", ending="interception"))) == ["reason"]
    assert do(manager, agreement, "end", ending="interception", reason="At the gate.").status_code == 302
    agreement.refresh_from_db()
    assert (agreement.state, agreement.ending, agreement.is_holding) == ("ended", "interception", True)
    page = manager.get(address(Agreement, "change", agreement.pk)).content.decode()
    assert ("For interception" in page, "At the gate." in page) == (True, True)

    assert do(enter("marketing"), agreement, "lift", reason="x").status_code == 403
    assert "yourself" in str(complaints(do(manager, agreement, "lift", reason="I was wrong.")))
    agreement.refresh_from_db()
    assert agreement.is_holding
    other = Client()
    other.force_login(cast.manager)
    assert do(other, agreement, "lift", reason="It was another agency.").status_code == 302
    agreement.refresh_from_db()
    assert (agreement.is_holding, agreement.lifted_reason) == (False, "It was another agency.")
