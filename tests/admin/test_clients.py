"""Clients in the admin: found by number and phone, shown masked, moved only with a reason."""

from datetime import timedelta
from typing import Any

import pytest

from channels_platform.accounts.models import User
from channels_platform.audit.models import Event
from leads.models import Claim, Consultant, NaturalVisit, Referral, Visit
from leads.services.duty import place_consultant
from leads.services.visits import record_natural_visit
from projects.services.projects import set_policy
from tests.admin.conftest import CLIENT, SPOUSE, Cast, address, complaints, do, said

pytestmark = pytest.mark.django_db


def _find(client: Any, model: Any, text: str, **filters: Any) -> Any:
    return client.post(address(model, "find"), {"q": text, **filters}, follow=True)


def _rows(response: Any) -> list[Any]:
    return list(response.context["cl"].result_list)


@pytest.mark.parametrize(
    "typed",
    [CLIENT, "+86 138 0000 0001", "１３８０００００００１", "138-0000-0001"],
)
def test_referral_is_found_by_the_exact_phone_however_it_is_spelled(typed: str, cast: Cast, enter: Any) -> None:
    own, _other = cast.file(CLIENT), cast.file(SPOUSE)
    assert _rows(_find(enter("marketing"), Referral, typed)) == [own]


def test_a_phone_never_stands_in_an_address_or_on_the_page(cast: Cast, enter: Any) -> None:
    cast.file(CLIENT)
    response = _find(enter("marketing"), Referral, CLIENT)
    addresses = [url for url, _status in response.redirect_chain] + [response.request["QUERY_STRING"]]
    assert not any("0000001" in url for url in addresses)
    assert CLIENT not in said(response)
    assert "138****0001" in said(response)


def test_unknown_phone_finds_nobody(cast: Cast, enter: Any) -> None:
    cast.file(CLIENT)
    assert _rows(_find(enter("marketing"), Referral, "13700000000")) == []


def test_referral_is_found_by_number_and_last_four(cast: Cast, enter: Any) -> None:
    own, other = cast.file(CLIENT), cast.file(SPOUSE)
    client = enter("marketing")
    assert _rows(_find(client, Referral, own.number.lower())) == [own]
    assert _rows(_find(client, Referral, "0002")) == [other]
    assert _rows(_find(client, Referral, "R-nothing")) == []


def test_other_filters_stay_when_searching(cast: Cast, enter: Any) -> None:
    cast.file(CLIENT)
    response = _find(enter("marketing"), Referral, CLIENT, state="visited")
    assert response.request["QUERY_STRING"].count("state=visited") == 1
    assert _rows(response) == []


def test_search_is_posted(cast: Cast, enter: Any) -> None:
    assert enter("marketing").get(address(Referral, "find")).status_code == 405


def test_claims_visits_and_walk_ins_are_found_by_phone(cast: Cast, enter: Any) -> None:
    referral = cast.file(CLIENT)
    record_natural_visit(actor=cast.manager, project=cast.here, phone=SPOUSE)
    client = enter("marketing")
    assert [claim.referral for claim in _rows(_find(client, Claim, CLIENT))] == [referral]
    assert len(_rows(_find(client, NaturalVisit, SPOUSE))) == 1
    assert _rows(_find(client, NaturalVisit, CLIENT)) == []


def test_state_filter_goes_by_the_clock_not_by_the_sweep(cast: Cast, enter: Any, later: Any) -> None:
    referral = cast.file(CLIENT)
    client = enter("marketing")
    with later(timedelta(hours=71)):
        assert _rows(client.get(address(Referral, "changelist"), {"state": "filed"})) == [referral]
    with later(timedelta(hours=72)):
        assert _rows(client.get(address(Referral, "changelist"), {"state": "filed"})) == []
        assert _rows(client.get(address(Referral, "changelist"), {"state": "lapsed"})) == [referral]
    assert Referral.objects.get().state == "filed"


def test_filters_by_day_agency_and_reason(cast: Cast, enter: Any) -> None:
    own, refused = cast.file(CLIENT), cast.file(CLIENT, broker=cast.rival)
    client, url = enter("marketing"), address(Referral, "changelist")
    assert _rows(client.get(url, {"reason": "protected"})) == [refused]
    assert _rows(client.get(url, {"agency__id__exact": str(cast.owner.agency.pk)})) == [own]
    assert len(_rows(client.get(url, {"filed_at_from": "2026-03-02", "filed_at_to": "2026-03-02"}))) == 2
    assert _rows(client.get(url, {"filed_at_to": "2026-03-01"})) == []
    assert len(_rows(client.get(url, {"filed_at_from": "nonsense"}))) == 2


def test_staff_read_the_real_reason(cast: Cast, enter: Any) -> None:
    cast.file(CLIENT)
    refused = cast.file(CLIENT, broker=cast.rival)
    assert "Another referral holds this phone." in said(enter("marketing").get(address(Referral, "change", refused.pk)))


def test_page_tells_the_story(cast: Cast, enter: Any) -> None:
    referral = cast.file(CLIENT)
    page = said(enter("marketing").get(address(Referral, "change", referral.pk)))
    for text in ("张**", "138****0001", "Filed", "What happened", "Claims"):
        assert text in page
    assert "张三" not in page


# ---- revealing ----


def test_manager_sees_a_full_phone_once_with_a_reason_on_record(cast: Cast, enter: Any) -> None:
    referral = cast.file(CLIENT)
    client = enter("marketing_manager")
    phone = referral.phones.get().phone_id
    response = do(client, referral, "reveal", phone=phone, reason="Client asked for a call.")
    assert response.context["shown"].text == "+8613800000001"
    assert "no-store" in response.headers["Cache-Control"]
    event = Event.objects.get(action="phone.revealed")
    assert (event.reason, event.target_label, event.after) == (
        "Client asked for a call.",
        referral.number,
        {"phone": "138****0001"},
    )
    assert "13800000001" not in said(client.get(address(Referral, "change", referral.pk)))


def test_no_reason_no_phone(cast: Cast, enter: Any) -> None:
    referral = cast.file(CLIENT)
    response = do(enter("marketing_manager"), referral, "reveal", phone=referral.phones.get().phone_id, reason=" ")
    assert (response.status_code, list(complaints(response))) == (422, ["reason"])
    assert "13800000001" not in said(response)
    assert not Event.objects.filter(action="phone.revealed").exists()


def test_only_this_clients_phone_can_be_revealed(cast: Cast, enter: Any) -> None:
    own, other = cast.file(CLIENT), cast.file(SPOUSE)
    response = do(enter("marketing_manager"), own, "reveal", phone=other.phones.get().phone_id, reason="Curious.")
    assert list(complaints(response)) == ["phone"]
    assert not Event.objects.filter(action="phone.revealed").exists()


@pytest.mark.parametrize("role", ["marketing", "finance", "auditor"])
def test_others_see_masks_only(role: str, cast: Cast, enter: Any) -> None:
    referral = cast.file(CLIENT)
    client = enter(role)
    assert do(client, referral, "reveal", phone=referral.phones.get().phone_id, reason="Please.").status_code == 403
    assert "Show the full phone" not in said(client.get(address(Referral, "change", referral.pk)))


# ---- moving ----


def test_manager_lets_a_late_visit_count(cast: Cast, enter: Any, later: Any) -> None:
    referral = cast.file(CLIENT)
    client = enter("marketing_manager")
    with later(timedelta(hours=80)):
        assert do(client, referral, "override", reason="Stuck in the lift.").status_code == 302
    visit = Visit.objects.get()
    assert (visit.confirmed, visit.override_reason) == (True, "Stuck in the lift.")
    referral.refresh_from_db()
    assert referral.state == "visited"


def test_override_needs_a_reason_and_a_manager(cast: Cast, enter: Any) -> None:
    referral = cast.file(CLIENT)
    assert list(complaints(do(enter("marketing_manager"), referral, "override"))) == ["reason"]
    assert do(enter("marketing"), referral, "override", reason="Please.").status_code == 403
    assert not Visit.objects.exists()


def test_override_tells_what_still_stands_in_the_way(cast: Cast, enter: Any) -> None:
    referral = cast.file(CLIENT)
    client = enter("marketing_manager")
    do(client, referral, "override", reason="First.")
    response = client.post(address(Referral, "act", referral.pk, "override"), {"reason": "Again."}, follow=True)
    assert "confirmed today already" in said(response)
    assert Visit.objects.filter(confirmed=True).count() == 1


def test_masked_filing_brings_its_full_number_to_the_visit(cast: Cast, enter: Any) -> None:
    set_policy(project=cast.here, actor=cast.manager, exclusive_from="visit", phone_mode="masked")
    referral = cast.file("138****0001")
    client = enter("marketing_manager")
    response = do(client, referral, "override", reason="Here early.", phones="13900000001")
    assert response.status_code == 302
    assert Visit.objects.get().reason == "phone_mismatch"
    assert do(client, referral, "override", reason="Here early.", phones=CLIENT).status_code == 302
    assert Visit.objects.filter(confirmed=True).count() == 1


def test_there_is_nothing_to_reveal_of_a_mask(cast: Cast, enter: Any) -> None:
    set_policy(project=cast.here, actor=cast.manager, exclusive_from="visit", phone_mode="masked")
    referral = cast.file("138****0001")
    client = enter("marketing_manager")
    assert "Show the full phone" not in said(client.get(address(Referral, "change", referral.pk)))
    response = client.post(address(Referral, "act", referral.pk, "reveal"), {"reason": "Why not."}, follow=True)
    assert "no longer possible" in said(response)


def test_withdrawn_referral_frees_the_phone(cast: Cast, enter: Any) -> None:
    referral = cast.file(CLIENT)
    assert do(enter("marketing_manager"), referral, "withdraw", reason="Filed by mistake.").status_code == 302
    assert cast.file(CLIENT, broker=cast.rival).state == "filed"


def test_consultant_is_changed_with_a_reason(cast: Cast, enter: Any, consultant: Consultant) -> None:
    referral = cast.file(CLIENT)
    client = enter("marketing_manager")
    response = do(client, referral, "consultant", consultant=consultant.pk, reason="Speaks Cantonese.")
    assert response.status_code == 302, complaints(response)
    referral.refresh_from_db()
    assert (referral.consultant, referral.broker) == (consultant, cast.owner)


def test_consultant_of_another_project_is_not_offered(cast: Cast, enter: Any, consultant: Consultant) -> None:
    elsewhere = place_consultant(actor=cast.manager, user=consultant.user, project=cast.elsewhere)
    referral = cast.file(CLIENT)
    response = do(enter("marketing_manager"), referral, "consultant", consultant=elsewhere.pk, reason="Move.")
    assert list(complaints(response)) == ["consultant"]


def test_consultant_goes_off_duty_and_hands_over(cast: Cast, enter: Any, consultant: Consultant) -> None:
    second = User.objects.create_user("zhou", role="consultant", name="Zhou")
    client = enter("marketing")
    data = {"user": second.pk, "project": cast.here.pk, "on_duty": "on"}
    assert client.post(address(Consultant, "add"), data).status_code == 302
    successor = Consultant.objects.get(user=second)
    referral = cast.file(CLIENT)
    Referral.objects.filter(pk=referral.pk).update(consultant=consultant)
    response = do(client, consultant, "handover", successor=successor.pk, reason="Leaves.")
    assert response.status_code == 302, complaints(response)
    referral.refresh_from_db()
    consultant.refresh_from_db()
    assert (referral.consultant, consultant.on_duty) == (successor, False)
    assert client.post(address(Consultant, "change", successor.pk), {}).status_code == 302
    assert Event.objects.filter(action="consultant.off_duty").count() == 1


def test_only_consultants_receive_clients(cast: Cast, enter: Any) -> None:
    data = {"user": cast.author.pk, "project": cast.here.pk, "on_duty": "on"}
    response = enter("marketing").post(address(Consultant, "add"), data)
    assert list(complaints(response)) == ["user"]
    assert not Consultant.objects.exists()
