"""A contested deal, from the broker's phone over the managers' desks to the appeal, in a real browser."""

from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import expect

from channels_platform.accounts.models import User
from leads.models import Dispute, Referral
from leads.services.deals import Buyer, subscribe_deal
from leads.services.visits import confirm_visit
from tests.browser.conftest import CROSSED_FACES, FACES
from tests.pages.world import CLIENT_PHONE, make_world, staff
from tests.services.leads.disputed import photo

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture
def picture(tmp_path: Path) -> str:
    path = tmp_path / "chat.png"
    path.write_bytes(photo().read())
    return str(path)


def _world():
    world = make_world(lead_time_minutes=0)
    mine = world.file(client_name="欧阳明珠")
    theirs = world.file(world.outsider, client_name="诸葛可兰")
    confirm_visit(actor=world.reception, referral=mine)
    deal = subscribe_deal(
        actor=None, project=world.project, price=Decimal(9_000_000), method="lump_sum",
        first_payment_amount=Decimal(0), buyers=[Buyer("欧阳明珠", CLIENT_PHONE)],
    )  # fmt: skip
    judges = [staff(f"judge-{n}", "marketing_manager", world.project, name=f"Judge {n}") for n in (1, 2)]
    return world, Referral.objects.get(pk=mine.pk), Referral.objects.get(pk=theirs.pk), deal, judges


@pytest.mark.parametrize(("screen", "language"), FACES)
def test_a_dispute_from_contest_to_appeal(visitor, transactional_db, picture, screen, language):
    _people, mine, theirs, _deal, (judge, second) = _world()
    User.objects.filter(pk__in=[judge.pk, second.pk]).update(language=language)
    rival = visitor(screen, language)
    page = rival.sign_in("outsider")
    rival.open(f"/portal/clients/{theirs.pk}/")
    rival.look("dispute-lost")
    page.click("a[href$='/contest/']")
    page.fill("[name=claim_text]", "We brought her on Sunday.")
    page.set_input_files("[name=files]", picture)
    rival.look("dispute-contest")
    page.click("main button[type=submit].btn-primary")
    expect(page.locator("main")).to_contain_text("chat.png")
    rival.look("dispute-case")

    dispute = Dispute.objects.get()
    desk = visitor(screen, language)
    page = desk.sign_in(judge.username)
    desk.open("/admin/leads/dispute/")
    desk.look("dispute-queue")
    desk.open(f"/admin/leads/dispute/{dispute.pk}/change/")
    expect(page.locator("main, #main, body").first).to_contain_text(mine.number)
    desk.look("dispute-admin-case")
    desk.open(f"/admin/leads/dispute/{dispute.pk}/do/ask/")
    page.check(f"input[name=referral][value='{mine.pk}']")
    page.fill("[name=text]", "Since when do you know the client?")
    desk.look("dispute-admin-ask")
    page.click("form button[type=submit]:visible >> nth=-1")
    page.wait_for_url("**/change/")

    owner = visitor(screen, language)
    page = owner.sign_in("owner")
    owner.open(f"/portal/clients/{mine.pk}/")
    owner.look("dispute-asked")
    page.click(f"a[href='/portal/disputes/{dispute.pk}/']")
    owner.look("dispute-question")
    page.click("main a.btn-primary")
    page.fill("[name=text]", "Since March.")
    page.set_input_files("[name=files]", picture)
    owner.look("dispute-answer")
    page.click("main button[type=submit].btn-primary")
    expect(page.locator("main")).to_contain_text("Since March.")

    page = desk.page
    desk.open(f"/admin/leads/dispute/{dispute.pk}/do/decide/")
    page.fill("[name=referral_0]", theirs.number)
    page.fill("[name=fraction_0]", "1")
    page.fill("[name=reason]", "The chat shows it.")
    desk.look("dispute-admin-decide")
    page.click("form button[type=submit]:visible >> nth=-1")
    page.wait_for_url("**/change/")
    desk.look("dispute-admin-proposed")
    dispute.refresh_from_db()
    assert dispute.state == "proposed"

    other = visitor(screen, language)
    page = other.sign_in(second.username)
    other.open(f"/admin/leads/dispute/{dispute.pk}/do/approve/")
    page.click("form button[type=submit]:visible >> nth=-1")
    page.wait_for_url("**/change/")
    dispute.refresh_from_db()
    assert (dispute.state, dispute.approved_by_id) == ("decided", second.pk)

    page = owner.page
    owner.open(f"/portal/disputes/{dispute.pk}/")
    expect(page.locator("main")).to_contain_text("The chat shows it.")
    owner.look("dispute-decided")
    page.click("a[href$='/appeal/']")
    page.fill("[name=claim_text]", "The slip was overlooked.")
    owner.look("dispute-appeal")
    page.click("main button[type=submit].btn-primary")
    expect(page.locator("main")).to_contain_text("The slip was overlooked.")
    assert Dispute.objects.filter(appeal_of=dispute).count() == 1


@pytest.mark.parametrize(("screen", "language"), CROSSED_FACES)
def test_why_is_shown_check_by_check(visitor, transactional_db, screen, language):
    _people, _mine, theirs, deal, _judges = _world()
    for person, path in (
        ("outsider", f"/portal/clients/{theirs.pk}/"),
        ("site-manager", f"/desk/referrals/{theirs.pk}/"),
    ):
        at = visitor(screen, language)
        page = at.sign_in(person)
        at.open(path)
        for summary in page.locator("details.why > summary").all():
            summary.click()
        expect(page.locator("ol.checks").first).to_be_visible()
        at.look(f"why-{person}")
    at = visitor(screen, language)
    User.objects.filter(username="site-manager").update(language=language)
    at.sign_in("site-manager")
    at.open(f"/admin/leads/referral/{theirs.pk}/change/")
    at.look("why-admin-referral")
    at.open(f"/admin/leads/deal/{deal.pk}/change/")
    at.look("why-admin-deal")
