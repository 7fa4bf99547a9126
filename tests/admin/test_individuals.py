"""Individuals in the admin: confirmed and declined in bulk, within one's own projects."""

from typing import Any

import pytest
from django.urls import reverse

from brokers.models import Individual, Programme, RecruitingLink
from brokers.services.agencies import create_agency
from brokers.services.recruiting import open_link, open_programme
from tests.admin.conftest import Cast
from tests.services.brokers.test_individuals import LI, PASSWORD, WANG, ZHAO, signed_up

pytestmark = pytest.mark.django_db
QUEUE = reverse("admin:brokers_individual_changelist")


@pytest.fixture
def programme(cast: Cast) -> Programme:
    roof = create_agency(actor=cast.manager, code="roof", name="Neighbours", kind="community")
    return open_programme(actor=cast.manager, agency=roof, project=cast.here)


@pytest.fixture
def link(cast: Cast, programme: Programme) -> RecruitingLink:
    return open_link(actor=cast.manager, programme=programme, recruiter=cast.manager)


def test_many_are_confirmed_at_once_and_who_cannot_be_is_named(link: RecruitingLink, enter: Any) -> None:
    people = [signed_up(link, LI), signed_up(link, LI, password=f"{PASSWORD}!", name="Wu Er"), signed_up(link, WANG)]
    client = enter("marketing", all_projects=True)
    chosen = {"action": "confirm_chosen", "_selected_action": [one.pk for one in people]}
    page = client.post(QUEUE, chosen, follow=True).content.decode()
    assert "2 people are confirmed." in page and "The phone belongs to another account already." in page
    assert Individual.objects.filter(state="confirmed").count() == 2


def test_many_are_declined_with_one_reason(link: RecruitingLink, enter: Any) -> None:
    people = [signed_up(link, LI), signed_up(link, WANG)]
    client = enter("marketing", all_projects=True)
    chosen = {"action": "decline_chosen", "_selected_action": [one.pk for one in people]}
    assert "Wu Lan" in client.post(QUEUE, chosen).content.decode()
    assert client.post(QUEUE, chosen | {"reason": " "}).status_code == 422
    assert Individual.objects.filter(state="waiting").count() == 2
    page = client.post(QUEUE, chosen | {"reason": "No such home"}, follow=True).content.decode()
    assert "2 people are declined." in page
    assert set(Individual.objects.values_list("state", "reason")) == {("declined", "No such home")}


def test_who_only_looks_decides_nothing(link: RecruitingLink, enter: Any) -> None:
    individual = signed_up(link, ZHAO)
    enter("finance", all_projects=True).post(QUEUE, {"action": "confirm_chosen", "_selected_action": [individual.pk]})
    assert Individual.objects.get().state == "waiting"


def test_another_projects_people_are_neither_seen_nor_confirmed(cast: Cast, enter: Any) -> None:
    roof = create_agency(actor=cast.manager, code="roof", name="Neighbours", kind="community")
    programme = open_programme(actor=cast.manager, agency=roof, project=cast.elsewhere)
    individual = signed_up(open_link(actor=cast.manager, programme=programme))
    client = enter("marketing")
    assert client.get(reverse("admin:brokers_individual_change", args=[individual.pk])).status_code == 404
    client.post(QUEUE, {"action": "confirm_chosen", "_selected_action": [individual.pk]})
    assert Individual.objects.get().state == "waiting"
    assert "Wu Lan" not in client.get(QUEUE).content.decode()


def test_a_programme_and_its_link_are_made_here(cast: Cast, enter: Any) -> None:
    roof = create_agency(actor=cast.manager, code="roof", name="Neighbours", kind="community")
    client = enter("marketing", all_projects=True)
    fields = {"agency": roof.pk, "project": cast.here.pk, "is_open": "on", "by_rule": ["owner", "staff"]}
    assert client.post(reverse("admin:brokers_programme_add"), fields).status_code == 302
    programme = Programme.objects.get()
    assert programme.by_rule == ["owner", "staff"]
    again = client.post(reverse("admin:brokers_programme_add"), fields)
    assert again.status_code in (200, 422) and Programme.objects.count() == 1
    change = reverse("admin:brokers_programme_change", args=[programme.pk])
    assert client.post(change, {"by_rule": ["owner"]}).status_code == 302
    programme.refresh_from_db()
    assert (programme.by_rule, programme.is_open) == (["owner"], False)
    client.post(change, {"is_open": "on"})
    made = client.post(reverse("admin:brokers_recruitinglink_add"), {"programme": programme.pk, "place": "Lobby"})
    link = RecruitingLink.objects.get()
    assert made.status_code == 302 and link.place == "Lobby"
    page = client.get(reverse("admin:brokers_recruitinglink_change", args=[link.pk])).content.decode()
    assert f"/join/with/{link.code}/" in page and "<svg" in page
    poster = client.post(reverse("admin:brokers_recruitinglink_act", args=[link.pk, "poster"]))
    assert b"".join(poster).startswith(b"%PDF")
    client.post(reverse("admin:brokers_recruitinglink_act", args=[link.pk, "close"]))
    link.refresh_from_db()
    assert link.closed_at is not None
