"""My clients in the portal: found, followed, added to, let go, contested; never another's."""

import re
from datetime import timedelta

import pytest
from django.utils.html import escape

from channels_platform.lib import clock
from channels_platform.presentation import formats
from leads import listing
from leads.models import Dispute, Referral
from leads.services.visits import confirm_visit
from tests.pages.world import CLIENT_PHONE

pytestmark = pytest.mark.django_db
CLIENTS = "/portal/clients/"


def numbers_on(response):
    return {r.number for r in Referral.objects.all() if f"/portal/clients/{r.pk}/" in response.content.decode()}


def test_broker_sees_own_clients_and_manager_the_agencys(world, as_person):
    own, colleagues, rivals = world.file(), world.file(world.colleague, "13900001212"), world.file(world.outsider)
    assert numbers_on(as_person(world.owner).get(CLIENTS)) == {own.number}
    assert numbers_on(as_person(world.manager).get(CLIENTS)) == {own.number, colleagues.number}
    assert numbers_on(as_person(world.outsider).get(CLIENTS)) == {rivals.number}


def test_manager_narrows_to_one_broker(world, as_person):
    world.file()
    colleagues = world.file(world.colleague, "13900001212")
    found = as_person(world.manager).get(CLIENTS, {"broker": str(world.colleague.pk)})
    assert numbers_on(found) == {colleagues.number}


def test_search_by_phone_is_exact_and_leaves_no_phone_in_the_address(world, as_person):
    own = world.file()
    world.file(phone="13800005679")
    client = as_person(world.owner)
    answer = client.post(CLIENTS, {"q": "138 0000 5678"})
    assert CLIENT_PHONE not in answer["Location"]
    found = client.get(answer["Location"])
    assert numbers_on(found) == {own.number}
    assert "138****5678" in found.content.decode()


def test_search_looks_the_same_for_a_phone_known_elsewhere_and_a_new_one(world, as_person):
    world.file(world.outsider)
    client = as_person(world.owner)
    known = client.post(CLIENTS, {"q": CLIENT_PHONE})["Location"]
    unknown = client.post(CLIENTS, {"q": "13800009999"})["Location"]
    assert len(known) == len(unknown)
    assert numbers_on(client.get(known)) == numbers_on(client.get(unknown)) == set()


@pytest.mark.parametrize("typed", ["number", "last four"])
def test_search_by_number_and_last_four(world, as_person, typed):
    own = world.file()
    world.file(phone="13900001212")
    client = as_person(world.owner)
    answer = client.post(CLIENTS, {"q": own.number if typed == "number" else "5678"}, follow=True)
    assert numbers_on(answer) == {own.number}


@pytest.mark.parametrize("sealed", ["~", "~broken", "~" + "A" * 300, "%00"])
def test_broken_search_in_the_address_finds_nothing_and_breaks_nothing(world, as_person, sealed):
    world.file()
    assert as_person(world.owner).get(f"{CLIENTS}?q={sealed}").status_code == 200


@pytest.mark.parametrize("cursor", ["x", "Zm9v", "8J-YgA", "~~~~"])
def test_broken_cursor_begins_at_the_start(world, as_person, cursor):
    own = world.file()
    assert numbers_on(as_person(world.owner).get(f"{CLIENTS}?cursor={cursor}")) == {own.number}


def test_tabs_go_by_the_clock_and_not_by_the_sweep(world, as_person):
    own = world.file()
    client = as_person(world.owner)
    assert numbers_on(client.get(f"{CLIENTS}?tab=active")) == {own.number}
    with clock.at(clock.now() + timedelta(hours=60)):
        assert numbers_on(client.get(f"{CLIENTS}?tab=running")) == {own.number}
    with clock.at(clock.now() + timedelta(hours=72)):
        assert numbers_on(client.get(f"{CLIENTS}?tab=active")) == set()
        assert numbers_on(client.get(f"{CLIENTS}?tab=past")) == {own.number}
        assert "Lapsed" in client.get(f"{CLIENTS}{own.pk}/").content.decode()


def test_pages_by_cursor_show_everyone_once(world, as_person):
    filed = [world.file(phone=f"138000{n:05d}") for n in range(60)]
    client, address, seen = as_person(world.owner), f"{CLIENTS}?tab=all", []
    for _ in range(3):
        response = client.get(address)
        seen += [row.number for row in response.context["rows"]]
        address = f"{CLIENTS}?tab=all&cursor={response.context['page'].following}"
    assert seen == [one.number for one in reversed(filed)]
    back = client.get(f"{CLIENTS}?tab=all&cursor={response.context['page'].previous}")
    assert [row.number for row in back.context["rows"]] == seen[25:50]


def test_counts_beside_a_list_end_at_the_cap(world, as_person, monkeypatch):
    for n in range(5):
        world.file(phone=f"1380000{n:04d}")
    Referral.objects.filter(number=Referral.objects.earliest("filed_at").number).update(state="lapsed")
    due = Referral.objects.filter(state="filed").latest("filed_at")
    Referral.objects.filter(pk=due.pk).update(lapse_at=clock.now())
    client = as_person(world.owner)
    counts = {name: count for name, _label, count in client.get(CLIENTS).context["tabs"]}
    assert counts == {"running": 0, "active": 3, "won": 0, "rejected": 0, "past": 2, "all": 5}
    monkeypatch.setattr(formats, "MOST_COUNTED", 2)
    monkeypatch.setattr(listing, "MOST_COUNTED", 2)
    page = client.get(CLIENTS).content.decode()
    assert re.findall(r'<span class="count">(.+?)</span>', page) == ["0", "2+", "0", "0", "2", "2+"]


def test_list_makes_no_query_per_row(world, as_person, django_assert_max_num_queries):
    for n in range(20):
        world.file(phone=f"138000{n:05d}")
    client = as_person(world.owner)
    client.get(CLIENTS)
    with django_assert_max_num_queries(12):
        client.get(CLIENTS)


def test_phone_is_added_and_judged(world, as_person):
    own = world.file()
    client, address = as_person(world.owner), f"{CLIENTS}{own.pk}/phone/"
    assert client.post(address, {"phone": "13900001212"}).status_code == 302
    assert own.phones.count() == 2
    again = client.post(address, {"phone": "13900001212"})
    assert again.status_code == 422
    assert "already" in again.content.decode()


def test_added_phone_held_by_a_rival_reads_as_unavailable(world, as_person):
    rivals = world.file(world.outsider, "13900001212")
    confirm_visit(actor=world.reception, referral=rivals)
    own = world.file()
    answer = as_person(world.owner).post(f"{CLIENTS}{own.pk}/phone/", {"phone": "13900001212"})
    assert answer.status_code == 422
    assert "protected" not in answer.content.decode().split("<main")[1].split("A second number")[0]
    assert "This number can&#x27;t be accepted" in answer.content.decode()
    assert own.phones.count() == 1


def test_withdrawing_says_what_happens_and_happens_once(world, as_person):
    own = world.file()
    client, address = as_person(world.owner), f"{CLIENTS}{own.pk}/withdraw/"
    assert "cannot be undone" in client.get(address).content.decode()
    assert client.post(address, {}).status_code == 302
    own.refresh_from_db()
    assert own.state == "withdrawn"
    assert client.post(address, {}).status_code == 422


def test_refused_filing_is_contested_once(world, as_person):
    world.policy(exclusive_from="filing")
    world.file(world.outsider)
    refused = world.file()
    client, address = as_person(world.owner), f"{CLIENTS}{refused.pk}/contest/"
    assert client.post(address, {"claim_text": "We met on Monday."}).status_code == 302
    assert Dispute.objects.get().agency == world.agency
    assert client.post(address, {"claim_text": "Again."}).status_code == 422
    with clock.at(clock.now() + timedelta(days=8)):
        other = client.get(f"{CLIENTS}{refused.pk}/").content.decode()
    assert "We met on Monday." in other


def test_what_is_too_late_to_contest_is_not_offered(world, as_person):
    """A refusal counts from the filing, a lost client from the loss; half-open like every span."""
    lost, winner = world.file(), world.file(world.outsider)
    confirm_visit(actor=world.reception, referral=winner)
    world.policy(exclusive_from="filing")
    refused = world.file(world.colleague)
    since = clock.now()
    for days, offered in ((6, True), (8, False)):
        with clock.at(since + timedelta(days=days)):
            for owner, own in ((world.owner, lost), (world.colleague, refused)):
                page = as_person(owner).get(f"{CLIENTS}{own.pk}/").content.decode()
                assert (f"{own.pk}/contest/" in page) == offered
            answer = as_person(world.colleague).get(f"{CLIENTS}{refused.pk}/filed/").content.decode()
            assert (f"{refused.pk}/contest/" in answer) == offered


def test_accepted_filing_has_nothing_to_contest(world, as_person):
    own = world.file()
    answer = as_person(world.owner).post(f"{CLIENTS}{own.pk}/contest/", {"claim_text": "Why not."})
    assert answer.status_code == 422
    assert not Dispute.objects.exists()


def test_slip_names_the_filing_and_not_the_client(world, as_person):
    own = world.file()
    client = as_person(world.owner)
    page = client.get(f"{CLIENTS}{own.pk}/slip/").content.decode()
    assert "<svg" in page and "style=" not in page
    pdf = client.get(f"{CLIENTS}{own.pk}/slip.pdf")
    assert pdf["Content-Type"] == "application/pdf"
    assert pdf.content.startswith(b"%PDF")


def test_history_for_the_agency_names_no_staff_and_no_rival(world, as_person):
    world.policy(exclusive_from="visit")
    own, rivals = world.file(), world.file(world.outsider)
    confirm_visit(actor=world.reception, referral=rivals)
    text = as_person(world.owner).get(f"{CLIENTS}{own.pk}/").content.decode()
    main = text.split("<main")[1]
    assert "Lost" in main
    for secret in ("River", "Qian", "visited_first", ">Li<", "Protected until"):
        assert secret not in main


def test_reminder_stands_on_the_home_page_until_read(world, as_person):
    from leads.services.reminders import write_reminders

    own = world.file()
    client = as_person(world.owner)
    line = f'client of <span class="nowrap">{own.number}</span> should visit soon'
    with clock.at(own.lapse_at - timedelta(hours=1)):
        write_reminders()
        home = client.get("/portal/").content.decode()
        assert line in home
        # beside it a phone has no room for the time left: it stood across the number
        assert 'class="row-end"' not in home.split(line)[1].split("</li>")[0]
        assert line not in as_person(world.outsider).get("/portal/").content.decode()
        client.post("/notices/read/")
        assert line not in client.get("/portal/").content.decode()
        assert line in client.get("/notices/").content.decode()


def test_a_notice_leads_to_its_client_and_is_read_by_it(world, as_person):
    from channels_platform.notices.models import Notice
    from leads.services.reminders import write_reminders

    own = world.file()
    client = as_person(world.owner)
    with clock.at(own.lapse_at - timedelta(hours=1)):
        write_reminders()
        notice = Notice.objects.get()
        assert as_person(world.outsider).get(f"/notices/{notice.pk}/").status_code == 404
        assert client.get(f"/notices/{notice.pk}/").headers["Location"] == f"/portal/clients/{own.pk}/"
    notice.refresh_from_db()
    assert notice.read_at is not None


def test_what_one_wants_to_hear_is_kept_and_half_quiet_hours_are_refused(world, as_person):
    client = as_person(world.owner)
    half = client.post("/notices/choices/", {"mailed": ["referral.won"], "quiet_from": "22:00"})
    assert half.status_code == 422
    assert "Quiet hours need both ends." in half.content.decode()
    whole = {"mailed": ["referral.won"], "quiet_from": "22:00", "quiet_until": "07:30"}
    assert client.post("/notices/choices/", whole).status_code == 302
    page = client.get("/notices/choices/").content.decode()
    assert page.count("checked") == 1
    assert 'value="07:30"' in page


@pytest.mark.parametrize(("buyers", "contested"), [(1, False), (2, True)])
def test_half_a_deal_can_be_contested_and_a_whole_one_not(world, as_person, buyers, contested):
    from decimal import Decimal

    from leads.services.deals import Buyer, subscribe_deal

    own, rivals = world.file(), world.file(world.outsider, "13900001212")
    for referral in (own, rivals):
        confirm_visit(actor=world.reception, referral=referral)
    people = [Buyer("张伟", CLIENT_PHONE), Buyer("李娜", "13900001212")][:buyers]
    deal = subscribe_deal(
        actor=None,
        project=world.project,
        price=Decimal(1000000),
        method="lump_sum",
        first_payment_amount=Decimal(0),
        buyers=people,
    )
    page = as_person(world.owner).get(f"{CLIENTS}{own.pk}/").content.decode()
    assert (f"{own.pk}/contest/" in page) == contested
    if contested:
        as_person(world.owner).post(f"{CLIENTS}{own.pk}/contest/", {"claim_text": "All of it is mine."})
        assert Dispute.objects.get().deal == deal


def test_export_holds_what_the_list_shows_masked_and_defused_and_is_recorded(world, as_person):
    from channels_platform.audit.models import Event

    own = world.file(client_name="=cmd|calc")
    world.file(world.colleague, "13900001212")
    client = as_person(world.owner)
    answer = client.get("/portal/clients/export.csv?tab=active")
    text = b"".join(answer.streaming_content).decode()
    lines = text.strip().splitlines()
    assert text.startswith("\ufeff")
    assert len(lines) == 2
    assert lines[1].startswith(f"{own.number},Golden Lake,'=**,138****5678,Lin,Filed,")
    event = Event.objects.get(action="referrals.exported")
    assert (event.actor_id, event.after) == (world.owner.user.pk, {"list": "active", "rows": 1})


@pytest.mark.parametrize(
    ("mode", "visited", "said"),
    [
        ("filing", False, "Decided by the filing: yours of"),
        ("visit", False, "Not decided yet: it goes by the visit."),
        ("visit", True, "Decided by the visit: yours of"),
        ("never", True, "Goes by the latest visit before the deal"),
    ],
)
def test_clients_page_says_which_rule_decided(world, as_person, mode, visited, said):
    world.policy(exclusive_from=mode)
    own = world.file()
    if visited:
        confirm_visit(actor=world.reception, referral=own)
    text = as_person(world.owner).get(f"{CLIENTS}{own.pk}/").content.decode()
    assert said in text
    assert f"Rules version {own.policy.version}" in text


def test_a_page_left_open_learns_of_each_step_and_is_told_nothing_between(world, as_person):
    client = as_person(world.owner.user)
    referral = world.file()
    assert (
        f'data-board="/portal/clients/{referral.pk}/now/"'
        in client.get(f"/portal/clients/{referral.pk}/").content.decode()
    )
    address = f"/portal/clients/{referral.pk}/now/"
    first = client.get(address)
    etag = escape(first["ETag"])
    assert f'data-etag="{etag}"' in client.get(f"/portal/clients/{referral.pk}/").content.decode()
    assert "<main" not in first.content.decode() and "My client has arrived" in first.content.decode()
    again = client.get(address, headers={"if-none-match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    confirm_visit(actor=world.reception, referral=referral)
    visited = client.get(address, headers={"if-none-match": first["ETag"]})
    assert visited.status_code == 200 and "Reception confirmed the arrival today." in visited.content.decode()
