"""The desk: who is expected, found and confirmed; the answer with its reason."""

from datetime import timedelta

import pytest

from channels_platform.accounts.permissions import Role
from channels_platform.audit.models import Event
from channels_platform.lib import clock
from leads.models import Deal, NaturalVisit, Referral, Visit
from leads.services.duty import place_consultant, set_duty
from leads.services.visits import confirm_visit
from leads.slips import BadSlip, read_slip, sign_slip
from tests.pages.world import CLIENT_PHONE, make_project, staff

pytestmark = pytest.mark.django_db


def confirm_address(referral):
    return f"/desk/referrals/{referral.pk}/confirm/"


def test_reception_confirms_once_however_often_the_form_is_sent(world, as_person):
    own = world.file()
    client = as_person(world.reception)
    first = client.post(confirm_address(own), {"once": "1" * 32}, follow=True)
    again = client.post(confirm_address(own), {"once": "1" * 32}, follow=True)
    assert "Received by Zhao." in first.content.decode()
    assert "Received by Zhao." in again.content.decode()
    assert Visit.objects.count() == 1


def test_second_confirmation_of_the_day_is_refused_with_the_reason(world, as_person):
    own = world.file()
    client = as_person(world.reception)
    client.post(confirm_address(own), {"once": "1" * 32})
    answer = client.post(confirm_address(own), {"once": "2" * 32}, follow=True)
    assert "confirmed today already" in answer.content.decode()


def test_too_early_says_how_long_and_whom_to_ask(world, as_person):
    world.policy(lead_time_minutes=60)
    own = world.file()
    with clock.at(own.filed_at + timedelta(minutes=42)):
        text = as_person(world.reception).post(confirm_address(own), follow=True).content.decode()
    assert "Filed 42 minutes ago; this project needs 60." in text
    assert "Ask the manager if the client is already here." in text
    assert "?override=1" not in text


def test_manager_overrides_with_a_reason_and_reception_cannot(world, as_person):
    world.policy(lead_time_minutes=60)
    own = world.file()
    address = confirm_address(own) + "?override=1"
    as_person(world.reception).post(address, {"override_reason": "Let me."})
    assert not Visit.objects.filter(confirmed=True).exists()
    assert as_person(world.site_manager).post(address, {"override_reason": "\u200b"}).status_code == 422
    assert not Visit.objects.exclude(confirmed=False).exists()
    as_person(world.site_manager).post(address, {"override_reason": "Met at the door."})
    assert Visit.objects.get(confirmed=True).override_reason == "Met at the door."


def test_setting_a_check_aside_without_a_reason_records_nothing(world, as_person):
    world.policy(lead_time_minutes=60)
    own = world.file()
    answer = as_person(world.site_manager).post(confirm_address(own) + "?override=1", {"override_reason": " "})
    assert answer.status_code == 422
    assert "Write down why the check is set aside." in answer.content.decode()
    assert not Visit.objects.exists()


def test_an_arrival_with_nobody_on_duty_says_to_choose_who_receives(world, as_person):
    set_duty(actor=world.reception, consultant=world.consultant, on_duty=False)
    own = world.file()
    text = as_person(world.reception).post(confirm_address(own), follow=True).content.decode()
    assert "Nobody is on duty: choose who receives the client." in text
    assert f"/desk/referrals/{own.pk}/consultant/" in text


def test_reception_puts_a_consultant_off_duty_and_on_again(world, as_person):
    client, address = as_person(world.reception), f"/desk/duty/{world.consultant.pk}/"
    off = client.post(address, {"on_duty": "0"}, follow=True).content.decode()
    assert "Zhao is off duty" in off and "Nobody is on duty" in off
    client.post(address, {"on_duty": "0"})
    client.post(address, {"on_duty": "1"})
    world.consultant.refresh_from_db()
    assert world.consultant.on_duty
    actions = Event.objects.filter(action__startswith="consultant.o").order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["consultant.off_duty", "consultant.on_duty"]


def test_a_consultant_sees_and_switches_the_own_duty_only(world, as_person):
    host = staff("colleague-on-site", Role.CONSULTANT, world.project, name="Feng")
    other = place_consultant(actor=world.site_manager, user=host, project=world.project)
    client = as_person(world.consultant.user)
    text = client.get("/desk/duty/").content.decode()
    assert "Zhao" in text and "Feng" not in text
    assert client.post(f"/desk/duty/{other.pk}/", {"on_duty": "0"}).status_code == 404
    client.post(f"/desk/duty/{world.consultant.pk}/", {"on_duty": "0"})
    world.consultant.refresh_from_db()
    other.refresh_from_db()
    assert (world.consultant.on_duty, other.on_duty) == (False, True)


def test_a_refused_filing_offers_the_natural_visit_and_no_slip(world, as_person):
    world.file()
    again = world.file()
    text = as_person(world.reception).get(f"/desk/referrals/{again.pk}/").content.decode()
    assert "/desk/natural/?project=GL" in text
    assert "slip.pdf" not in text


def test_staff_read_the_real_reason(world, as_person):
    own, rivals = world.file(), world.file(world.outsider)
    confirm_visit(actor=world.reception, referral=rivals)
    text = as_person(world.reception).post(confirm_address(own), follow=True).content.decode()
    assert "no longer open" in text


def test_masked_filing_takes_the_full_number_that_fits(world, as_person):
    world.policy(phone_mode="masked")
    own = world.file(phones=["138****5678"])
    client = as_person(world.reception)
    assert client.post(confirm_address(own), {"phones": [""]}).status_code == 422
    wrong = client.post(confirm_address(own), {"phones": ["13800009999"]}, follow=True)
    assert "does not fit" in wrong.content.decode()
    right = client.post(confirm_address(own), {"phones": [CLIENT_PHONE]}, follow=True)
    assert "Arrival confirmed." in right.content.decode()
    assert CLIENT_PHONE not in right.content.decode()


def test_today_lists_expected_missed_and_arrived_of_the_chosen_project(world, as_person):
    now = clock.now().astimezone(world.project.zone).replace(hour=12, minute=0)
    with clock.at(now - timedelta(hours=4)):
        coming = world.file(expected_arrival=now + timedelta(hours=2))
        late = world.file(phone="13900001212", expected_arrival=now - timedelta(hours=2))
        came = world.file(phone="13900001213", expected_arrival=now - timedelta(hours=3))
        confirm_visit(actor=world.reception, referral=came)
        world.file(phone="13900001214", expected_arrival=now + timedelta(days=1))
    with clock.at(now):
        seen = as_person(world.reception).get("/desk/").context["board"]
    assert [(hour, [one.pk for one in rows]) for hour, rows in seen.hours] == [("14:00", [coming.pk])]
    assert [one.pk for one in seen.missed] == [late.pk]
    assert [visit.referral_id for visit in seen.arrived] == [came.pk]


def test_other_projects_arrivals_are_not_found(world, as_person):
    hill = make_project(world.project.company, code="HILL", name="Green Hill")
    elsewhere = staff("elsewhere", "reception", hill)
    own = world.file()
    client = as_person(elsewhere)
    assert client.get(f"/desk/referrals/{own.pk}/").status_code == 404
    assert client.post(confirm_address(own)).status_code == 404
    assert client.get("/desk/?project=GL").status_code == 404
    assert client.get(f"/desk/q/{sign_slip(own)}/").status_code == 404
    assert not Visit.objects.exists()


def test_slip_opens_its_referral_and_a_forged_one_nothing(world, as_person):
    own, client = world.file(), as_person(world.reception)
    token = sign_slip(own)
    assert read_slip(token) == own.pk
    assert client.get(f"/desk/q/{token}/")["Location"] == f"/desk/referrals/{own.pk}/"
    forged = ("B" if token[0] == "A" else "A") + token[1:]
    with pytest.raises(BadSlip):
        read_slip(forged)
    assert client.get(f"/desk/q/{forged}/").status_code == 404
    assert client.get("/desk/q/nonsense/").status_code == 404


def test_last_four_digits_find_and_one_hit_opens(world, as_person):
    own = world.file()
    client = as_person(world.reception)
    found = client.post("/desk/find/?project=GL", {"q": "5678"}, follow=True)
    assert found.redirect_chain[-1][0] == f"/desk/referrals/{own.pk}/"
    second = world.file(world.outsider)
    listed = client.post("/desk/find/?project=GL", {"q": CLIENT_PHONE}, follow=True)
    assert {side.referral.pk for side in listed.context["sides"]} == {own.pk, second.pk}
    assert CLIENT_PHONE not in listed.content.decode()


def test_natural_visit_in_two_fields(world, as_person):
    client = as_person(world.reception)
    done = client.post("/desk/natural/?project=GL", {"phone": "13700003333", "name": "王芳"}, follow=True)
    assert "137****3333" in done.content.decode()
    assert "13700003333" not in done.content.decode()
    assert NaturalVisit.objects.get().project == world.project
    assert client.post("/desk/natural/?project=GL", {"phone": "1"}).status_code == 422


def test_slip_pdf_holds_chinese_in_both_languages(world, as_person):
    from django.utils.translation import override

    from leads.slips import slip_pdf

    confirm_visit(actor=world.reception, referral=world.file(note="一家三口"))
    own = Referral.objects.select_related("project", "policy", "agency", "broker__user", "consultant__user").get()
    for language in ("en", "zh-hans"):
        with override(language):
            pdf = slip_pdf(own)
        assert pdf.startswith(b"%PDF")
        assert b"WenQuanYi" in pdf


def test_another_consultant_is_given_with_a_reason(world, as_person):
    from leads.models import Consultant

    own = world.file()
    confirm_visit(actor=world.reception, referral=own)
    second = staff("second", "consultant", world.project, name="He")
    other = Consultant.objects.create(user=second, project=world.project)
    client, address = as_person(world.reception), f"/desk/referrals/{own.pk}/consultant/"
    assert client.post(address, {"consultant": other.pk, "reason": ""}).status_code == 422
    client.post(address, {"consultant": other.pk, "reason": "Asked for her."})
    own.refresh_from_db()
    assert own.consultant == other


def test_consultant_sees_own_clients_only(world, as_person):
    own, other = world.file(), world.file(phone="13900001212")
    confirm_visit(actor=world.reception, referral=own)
    client = as_person(world.consultant.user)
    assert client.get(f"/desk/referrals/{own.pk}/").status_code == 200
    assert client.get(f"/desk/referrals/{other.pk}/").status_code == 404
    assert client.get(confirm_address(own)).status_code == 403


def test_staff_read_why_a_filing_was_refused_and_the_agency_does_not(world, as_person):
    world.policy(exclusive_from="filing")
    world.file(world.outsider)
    refused = world.file()
    at_desk = as_person(world.reception).get(f"/desk/referrals/{refused.pk}/").content.decode()
    assert at_desk.count("This client is protected for another referral at Golden Lake.") == 2
    in_portal = as_person(world.owner).get(f"/portal/clients/{refused.pk}/").content.decode()
    assert "protected for another" not in in_portal


def test_a_refused_filing_has_no_confirmation_slip(world, as_person):
    refused = world.file(phone="1")
    assert refused.state == "rejected"
    desk = as_person(world.reception)
    assert desk.get(f"/desk/referrals/{refused.pk}/slip.pdf").status_code == 404
    assert f"/desk/referrals/{refused.pk}/slip.pdf" not in desk.get(f"/desk/referrals/{refused.pk}/").content.decode()
    assert as_person(world.owner).get(f"/portal/clients/{refused.pk}/slip.pdf").status_code == 404


def test_a_consultant_who_is_not_placed_on_the_site_is_told_so_and_sells_nothing(world, as_person):
    seller = staff("not-placed", Role.CONSULTANT, world.project)
    terms = {"price": "1000000", "method": "lump_sum", "first_payment_amount": "0"}
    sent = {**terms, "names": "Li", "phones": "13800000001"}
    answer = as_person(seller).post(f"/desk/deals/new/?project={world.project.code}", sent)
    assert answer.status_code == 422
    assert "You are not placed on this site as a property consultant." in answer.content.decode()
    assert not Deal.objects.exists()


@pytest.mark.parametrize("price", ["9" * 24 + "万", "9" * 13 + "9.99", "1e30", "-" + "9" * 20])
def test_a_price_beyond_any_home_is_refused_beside_its_field(world, as_person, price):
    terms = {"price": price, "method": "lump_sum", "first_payment_amount": "0"}
    sent = {**terms, "names": "Li", "phones": "13800000001"}
    answer = as_person(world.site_manager).post(f"/desk/deals/new/?project={world.project.code}", sent)
    assert answer.status_code == 422
    assert answer.context["form"].errors["price"]
    assert not Deal.objects.exists()
