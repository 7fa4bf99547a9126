"""The roster, the follow-ups and the pool at the desk, on both screens and in both languages."""

import pytest
from playwright.sync_api import expect

from leads.models import DutyShift, FollowUp, Referral
from leads.services.duty import place_consultant
from leads.services.visits import confirm_visit
from tests.pages.world import make_world, staff

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def _fits(page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize(("screen", "language"), [("phone", "zh-hans"), ("desk", "en")])
def test_a_week_of_duty_is_written_down_and_copied(visitor, transactional_db, screen, language):
    world = make_world()
    at = visitor(screen, language)
    page = at.sign_in("reception")
    at.open("/desk/roster/?week=2026-12-07")
    page.click("section.panel >> nth=0 >> summary")
    page.select_option("section.panel >> nth=0 >> select", "early")
    assert _fits(page)
    at.look("desk-roster")
    page.click("section.panel >> nth=0 >> button[type=submit]")
    expect(page.locator("section.panel").first).to_contain_text("Zhao")
    at.open("/desk/roster/?week=2026-12-14")
    page.click("button[name=copy]")
    expect(page.locator("section.panel").first).to_contain_text("Zhao")
    assert DutyShift.objects.filter(consultant=world.consultant, shift="early").count() == 2


@pytest.mark.parametrize(("screen", "language"), [("phone", "en"), ("desk", "zh-hans")])
def test_a_consultant_follows_up_and_takes_from_the_pool(visitor, transactional_db, screen, language):
    world = make_world()
    referral = world.file()
    confirm_visit(actor=world.reception, referral=referral)
    type(world.consultant).objects.update(on_duty=False)
    alone = world.file(phone="13900001212")
    confirm_visit(actor=world.reception, referral=alone)
    at = visitor(screen, language)
    page = at.sign_in("consultant")
    at.open("/desk/care/")
    assert _fits(page)
    at.look("desk-care")
    at.open(f"/desk/referrals/{referral.pk}/follow-up/")
    page.click("main button[type=submit].btn-primary")
    expect(page.locator("main .invalid-feedback").first).to_be_visible()
    page.check("[name=grade][value=A]")
    page.fill("[name=note]", "Wants the corner flat")
    assert _fits(page)
    at.look("desk-follow-up")
    page.click("main button[type=submit].btn-primary")
    page.click("main form[action$='/take/'] button")
    expect(page.locator("main")).to_contain_text("Zhao")
    at.look("desk-taken")
    assert FollowUp.objects.get().note == "Wants the corner flat"
    assert Referral.objects.get(pk=alone.pk).consultant == world.consultant


@pytest.mark.parametrize(("screen", "language"), [("phone", "zh-hans"), ("desk", "en")])
def test_a_manager_hands_over_after_seeing_who_gets_how_many(visitor, transactional_db, screen, language):
    world = make_world()
    referral = world.file()
    confirm_visit(actor=world.reception, referral=referral)
    feng = staff("colleague-on-site", "consultant", world.project, name="Feng")
    place_consultant(actor=world.site_manager, user=feng, project=world.project)
    at = visitor(screen, language)
    page = at.sign_in("site-manager")
    at.open("/desk/care/")
    assert _fits(page)
    at.look("desk-care-manager")
    at.open(f"/desk/consultants/{world.consultant.pk}/leave/")
    page.check("[name=receivers]")
    page.fill("[name=reason]", "Moves to another site")
    at.look("desk-leave")
    page.click("main button[type=submit].btn-primary")
    expect(page.locator("main dl")).to_contain_text("Feng")
    assert Referral.objects.get().consultant == world.consultant
    at.look("desk-leave-preview")
    page.click("main button[name=confirm]")
    page.wait_for_load_state()
    assert Referral.objects.get().consultant.user == feng
