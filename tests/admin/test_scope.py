"""Row scope: who is assigned to one project finds nothing of another, by whatever door."""

import json
from typing import Any

import pytest
from django.urls import reverse

from brokers.models import Agreement
from channels_platform.accounts.models import User
from channels_platform.audit.models import Event
from leads.models import Claim, Deal, Referral
from leads.services.visits import record_natural_visit
from projects.models import Policy, Project
from tests.admin.conftest import CLIENT, SPOUSE, START, Cast, address, do

pytestmark = pytest.mark.django_db


@pytest.fixture
def both(cast: Cast) -> dict[str, tuple[Any, Any]]:
    """Pairs of alike objects: here, and elsewhere."""
    here, there = cast.file(), cast.file(SPOUSE, project=cast.elsewhere)
    return {
        "referral": (here, there),
        "deal": (cast.subscribe(CLIENT), cast.subscribe(SPOUSE, project=cast.elsewhere)),
        "claim": (Claim.objects.get(referral=here), Claim.objects.get(referral=there)),
        "agreement": (Agreement.objects.get(project=cast.here, agency=cast.owner.agency),
                      Agreement.objects.get(project=cast.elsewhere, agency=cast.owner.agency)),
        "policy": (Policy.objects.get(project=cast.here), Policy.objects.get(project=cast.elsewhere)),
        "project": (cast.here, cast.elsewhere),
    }  # fmt: skip


@pytest.mark.parametrize("role", ["marketing", "marketing_manager", "finance", "auditor"])
def test_foreign_objects_are_neither_listed_nor_found(role: str, both: dict[str, Any], enter: Any) -> None:
    client = enter(role)
    for own, foreign in both.values():
        listed = client.get(address(type(own), "changelist")).context["cl"].result_list
        assert [row.pk for row in listed if row.pk in (own.pk, foreign.pk)] == [own.pk], own
        assert client.get(address(type(own), "change", own.pk)).status_code == 200
        assert client.get(address(type(own), "change", foreign.pk)).status_code == 404


def test_what_sees_all_sees_both(both: dict[str, Any], enter: Any) -> None:
    client = enter("auditor", all_projects=True)
    for pair in both.values():
        for one in pair:
            assert client.get(address(type(one), "change", one.pk)).status_code == 200


def test_foreign_objects_cannot_be_acted_on(both: dict[str, Any], enter: Any) -> None:
    manager = enter("marketing_manager")
    foreign = both["deal"][1]
    assert do(manager, foreign, "cancel", reason="Not mine.").status_code == 404
    assert do(manager, both["referral"][1], "reveal", reason="Curious.").status_code == 404
    assert do(manager, both["agreement"][1], "end", reason="Not mine.").status_code == 404
    assert do(manager, both["project"][1], "rules").status_code == 404
    foreign.refresh_from_db()
    assert foreign.state == "subscribed"
    assert not Event.objects.filter(action="phone.revealed").exists()


def test_nonsense_in_an_address_is_not_found(enter: Any) -> None:
    client = enter("marketing")
    assert client.get(address(Deal, "change", "nonsense")).status_code == 404
    assert client.get(address(Deal, "act", "nonsense", "cancel")).status_code == 404


def test_filters_offer_own_projects_only(both: dict[str, Any], cast: Cast, enter: Any) -> None:
    page = enter("marketing").get(address(Referral, "changelist")).content.decode()
    assert f'value="{cast.here.pk}"' in page
    assert str(cast.elsewhere.pk) not in page


def test_filtering_by_a_foreign_project_finds_nothing(both: dict[str, Any], cast: Cast, enter: Any) -> None:
    client = enter("marketing")
    response = client.get(address(Referral, "changelist"), {"project__id__exact": cast.elsewhere.pk})
    assert list(response.context["cl"].result_list) == []


def test_forms_offer_own_projects_only(both: dict[str, Any], cast: Cast, enter: Any) -> None:
    client = enter("marketing")
    for model in (Agreement, Deal):
        page = client.get(address(model, "add")).content.decode()
        assert str(cast.here.pk) in page
        assert str(cast.elsewhere.pk) not in page


def test_a_foreign_project_cannot_be_posted(cast: Cast, enter: Any) -> None:
    data = {"agency": cast.owner.agency.pk, "project": cast.elsewhere.pk, "from_on": "2026-05-01"}
    before = Agreement.objects.count()
    response = enter("marketing").post(address(Agreement, "add"), data)
    assert response.status_code == 200
    assert "project" in response.context["adminform"].form.errors
    assert Agreement.objects.count() == before


def test_autocomplete_finds_own_rows_only(cast: Cast, enter: Any) -> None:
    client = enter("marketing")
    query = {"app_label": "brokers", "model_name": "agreement", "field_name": "agency", "term": "homes"}
    found = json.loads(client.get(reverse("admin:autocomplete"), query).content)["results"]
    assert {row["text"] for row in found} == {"Bright Homes", "Rival Homes"}
    query = {"app_label": "leads", "model_name": "referral", "field_name": "project", "term": ""}
    response = client.get(reverse("admin:autocomplete"), query)
    names = (
        {row["text"] for row in json.loads(response.content).get("results", [])}
        if response.status_code == 200
        else set()
    )
    assert cast.elsewhere.name not in names


def test_search_by_phone_stays_in_scope(cast: Cast, enter: Any) -> None:
    record_natural_visit(actor=cast.manager, project=cast.elsewhere, phone=CLIENT)
    cast.file(CLIENT, project=cast.elsewhere)
    response = enter("marketing").post(address(Referral, "find"), {"q": CLIENT}, follow=True)
    assert list(response.context["cl"].result_list) == []


def test_audit_trail_of_foreign_projects_is_not_shown(both: dict[str, Any], cast: Cast, enter: Any) -> None:
    client = enter("auditor")
    kinds = client.get(address(Event, "changelist")).context["cl"].queryset
    assert kinds.filter(project_id=cast.here.pk).exists()
    assert not kinds.filter(project_id=cast.elsewhere.pk).exists()
    event = Event.objects.filter(project_id=cast.elsewhere.pk).first()
    assert client.get(address(Event, "change", event.pk)).status_code == 404


def test_a_projects_page_links_to_nothing_foreign(both: dict[str, Any], cast: Cast, enter: Any) -> None:
    page = enter("marketing").get(address(Project, "change", cast.here.pk)).content.decode()
    assert cast.elsewhere.name not in page


def test_audit_trail_tells_who_sees_some_projects_nothing_of_a_companys_payouts(cast: Cast, enter: Any) -> None:
    for kind in ("commissions.payoutbatch", "brokers.agency"):
        Event.objects.create(at=START, action="seen", target_kind=kind, target_id="1", after={"gross": "1000000.00"})
    kinds = {True: {"commissions.payoutbatch", "brokers.agency"}, False: {"brokers.agency"}}
    for all_projects, expected in kinds.items():
        auditor = enter("auditor")
        User.objects.filter(username="a-auditor").update(all_projects=all_projects)
        shown = auditor.get(address(Event, "changelist"), {"action": "seen"}).context["cl"].queryset
        assert set(shown.values_list("target_kind", flat=True)) == expected
