"""Filing a client in the portal: the answer at once, once, and nothing given away."""

import re
from datetime import timedelta

import pytest

from channels_platform.accounts.permissions import Role
from channels_platform.lib import clock
from leads.models import Referral
from leads.services.duty import place_consultant
from projects.models import Project
from tests.pages.world import CLIENT_PHONE, agree, make_project, staff

pytestmark = pytest.mark.django_db
FORM = "/portal/clients/new/"


def entered(world, **changes):
    return {"project": world.project.pk, "client_name": "张伟", "phones": [CLIENT_PHONE], "once": "0" * 32, **changes}


def test_owner_files_and_reads_what_to_do_next(world, as_person):
    response = as_person(world.owner).post(FORM, entered(world), follow=True)
    referral = Referral.objects.get()
    assert referral.state == "filed"
    text = response.content.decode()
    assert "Whoever visits first is protected." in text
    assert referral.number in text


def test_same_form_sent_again_files_once_and_answers_the_same(world, as_person):
    client = as_person(world.owner)
    first = client.post(FORM, entered(world))
    again = client.post(FORM, entered(world))
    assert (first.status_code, again.status_code) == (302, 302)
    assert first["Location"] == again["Location"]
    assert Referral.objects.count() == 1


def test_changed_form_under_an_old_key_is_not_filed_and_says_so(world, as_person):
    client = as_person(world.owner)
    client.post(FORM, entered(world))
    response = client.post(FORM, entered(world, client_name="李娜"), follow=True)
    assert Referral.objects.count() == 1
    assert "had arrived before" in response.content.decode()


def test_one_persons_key_does_not_answer_another(world, as_person):
    as_person(world.owner).post(FORM, entered(world))
    as_person(world.outsider).post(FORM, entered(world))
    assert Referral.objects.count() == 2


def test_preferred_consultant_is_kept_with_the_filing(world, as_person):
    client = as_person(world.owner)
    assert "Zhao" in client.get(FORM).content.decode()
    client.post(FORM, entered(world, preferred_consultant=world.consultant.pk))
    assert Referral.objects.get().preferred_consultant == world.consultant


def test_consultant_of_another_project_is_refused_beside_the_field(world, as_person):
    hill = make_project(world.project.company, code="HILL", name="Green Hill")
    agree(world.agency, hill, staff("author", Role.MARKETING, hill), world.site_manager)
    elsewhere = place_consultant(
        actor=world.site_manager, user=staff("hill-host", Role.CONSULTANT, hill, name="Feng"), project=hill
    )
    response = as_person(world.owner).post(FORM, entered(world, preferred_consultant=elsewhere.pk))
    assert response.status_code == 422
    assert "This consultant works on another project." in response.content.decode()
    assert not Referral.objects.exists()


def test_filing_again_leads_to_the_filing_that_is_there(world, as_person):
    first = world.file()
    text = as_person(world.owner).post(FORM, entered(world), follow=True).content.decode()
    assert "Open that filing" in text
    assert f"/portal/clients/{first.pk}/" in text


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Shanghai"])
def test_an_arrival_beyond_a_year_is_refused_beside_the_field(world, as_person, zone):
    Project.objects.filter(pk=world.project.pk).update(timezone=zone)
    client = as_person(world.owner)
    for far in ("9999-12-31T23:59", f"{clock.now() + timedelta(days=368):%Y-%m-%dT%H:%M}"):
        refused = client.post(FORM, entered(world, expected_arrival=far))
        assert refused.status_code == 422
        assert "more than a year ahead" in refused.context["form"].errors["expected_arrival"][0]
    within = f"{clock.now() + timedelta(days=364):%Y-%m-%dT%H:%M}"
    assert client.post(FORM, entered(world, expected_arrival=within)).status_code == 302


def test_empty_form_says_what_to_enter(world, as_person):
    text = as_person(world.owner).post(FORM, {"once": "0" * 32}).content.decode()
    for words in ("Choose the project.", "Enter the client&#x27;s name.", "Enter a phone number."):
        assert words in text


def test_a_name_that_nobody_sees_is_none(world, as_person):
    response = as_person(world.owner).post(FORM, entered(world, client_name="\u200b"))
    assert response.status_code == 422 and "Enter the client&#x27;s name." in response.content.decode()
    assert not Referral.objects.exists()


def test_a_form_is_not_kept_for_the_back_button(world, as_person):
    assert "no-store" in as_person(world.owner).get(FORM)["Cache-Control"]


def test_wrong_digits_stand_beside_the_field_and_nothing_is_filed(world, as_person):
    response = as_person(world.owner).post(FORM, entered(world, phones=["12345"]))
    assert response.status_code == 422
    assert "not a phone number that exists" in response.content.decode()
    assert 'value="12345"' in response.content.decode()
    assert not Referral.objects.exists()


def test_five_phones_are_filed_as_one_client(world, as_person):
    phones = [f"1380000567{n}" for n in range(5)]
    as_person(world.owner).post(FORM, entered(world, phones=phones))
    assert Referral.objects.get().phones.count() == 5


def test_masked_project_takes_masks_only(world, as_person):
    world.policy(phone_mode="masked")
    client = as_person(world.owner)
    refused = client.post(FORM, entered(world))
    assert refused.status_code == 422
    assert "first three and last four" in refused.content.decode()
    client.post(FORM, entered(world, phones=["138****5678"]))
    assert Referral.objects.get().phones.get().masked == "138****5678"


@pytest.mark.parametrize("cause", ["protected", "known_to_site"])
def test_held_and_known_clients_read_the_same(world, as_person, cause):
    from leads.services.visits import record_natural_visit

    world.policy(exclusive_from="filing")
    if cause == "protected":
        world.file(world.outsider)
    else:
        record_natural_visit(actor=world.reception, project=world.project, phone=CLIENT_PHONE)
    response = as_person(world.owner).post(FORM, entered(world), follow=True)
    referral = Referral.objects.get(broker=world.owner)
    assert referral.reason == cause
    text = response.content.decode()
    assert "This client can&#x27;t be accepted for Golden Lake. If you think that&#x27;s wrong, contest it" in text
    assert cause not in text
    assert "River" not in text


def test_only_open_projects_with_an_agreement_in_force_are_offered(world, as_person):
    make_project(world.project.company, code="HILL", name="Green Hill")
    text = as_person(world.owner).get(FORM).content.decode()
    assert "Golden Lake" in text
    assert "Green Hill" not in text
    response = as_person(world.owner).post(FORM, entered(world, project=make_project_id("HILL")))
    assert response.status_code == 422
    assert not Referral.objects.exists()


def make_project_id(code):
    return Project.objects.get(code=code).pk


def test_expected_arrival_is_the_projects_wall_clock(world, as_person):
    tomorrow = (clock.now() + timedelta(days=1)).astimezone(world.project.zone).replace(hour=14, minute=30, second=0)
    as_person(world.owner).post(FORM, entered(world, expected_arrival=f"{tomorrow:%Y-%m-%dT%H:%M}"))
    arrival = Referral.objects.get().expected_arrival
    assert f"{arrival.astimezone(world.project.zone):%H:%M}" == "14:30"


def test_past_arrival_is_refused(world, as_person):
    response = as_person(world.owner).post(FORM, entered(world, expected_arrival="2020-01-01T10:00"))
    assert response.status_code == 422
    assert not Referral.objects.exists()


def test_no_page_holds_the_full_phone(world, as_person):
    client = as_person(world.owner)
    outcome = client.post(FORM, entered(world), follow=True)
    pk = Referral.objects.get().pk
    pages = [outcome] + [client.get(path) for path in ("/portal/", "/portal/clients/", f"/portal/clients/{pk}/")]
    for page in pages:
        assert page.status_code == 200
        assert not re.search(r"138\s?0000\s?5678", page.content.decode())


def test_form_makes_no_query_per_project(world, as_person, django_assert_max_num_queries):
    from tests.pages.world import agree, staff

    approver, author = world.site_manager, staff("author", "marketing")
    for n in range(6):
        agree(world.agency, make_project(world.project.company, code=f"P{n}", name=f"Project {n}"), author, approver)
    client = as_person(world.owner)
    client.get(FORM)
    with django_assert_max_num_queries(10):
        client.get(FORM)
