"""Where money goes: asked by one person, confirmed by another, used a day later; and identity numbers."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from brokers.models import Identity, PayoutAccount
from brokers.selectors import account_in_force, accounts_of, visible_accounts
from brokers.services.accounts import ask_account, confirm_account, decline_account, keep_identity, stop_account
from channels_platform.accounts.permissions import Role
from channels_platform.audit.models import Event
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from channels_platform.notices.models import Notice
from tests.cast import START, agency_with_broker, broker_of, person

pytestmark = pytest.mark.django_db

NUMBER, OTHER = "6222020200012345678", "6217000011112222"
BANK = {"holder": "Bright Homes", "bank_name": "Lake Bank"}
DAY = timedelta(hours=24)


@pytest.fixture
def owner():
    return agency_with_broker("A1")


@pytest.fixture
def boss(owner):
    return broker_of(owner.agency, "boss", role=Role.AGENCY_ADMIN).user


@pytest.fixture
def finance():
    return person(Role.FINANCE)


def asked(actor, party, number=NUMBER):
    return ask_account(actor=actor, party=party, account=number, **BANK)


def test_a_number_in_full_width_signs_is_the_same_number(boss, owner):
    assert asked(boss, owner.agency, "６２２２ ０２０２ ０００１ ２３４５ ６７８").account == NUMBER


def given(party, number, *, at=START):
    """An account asked for and confirmed at an instant."""
    with clock.at(at):
        account = asked(None, party, number)
        return confirm_account(actor=person(Role.FINANCE_APPROVER), account=account, number=number)


def number_at(party, instant):
    with clock.at(instant):
        used = account_in_force(party)
        return used.account if used else None


def test_a_new_account_gets_no_money_for_a_day_and_the_old_one_does(owner):
    given(owner.agency, OTHER)
    changed = START + 10 * DAY
    given(owner.agency, NUMBER, at=changed)
    assert number_at(owner.agency, START + DAY - timedelta(seconds=1)) is None
    assert number_at(owner.agency, START + DAY) == OTHER
    assert number_at(owner.agency, changed + DAY - timedelta(seconds=1)) == OTHER
    assert number_at(owner.agency, changed + DAY) == NUMBER
    with clock.at(changed + DAY):
        assert [one.shown_state for one in accounts_of(owner.agency)] == ["used", "past"]


def test_who_may_confirm_an_account_hears_that_it_waits_but_not_who_asked(owner, boss, finance):
    approver = person(Role.FINANCE_APPROVER)
    person(Role.FINANCE, all_projects=False)  # sees no project of this agency
    person(Role.MARKETING)
    account = asked(finance, owner.agency)
    waits = Notice.objects.filter(kind="account.waits")
    assert [(one.recipient, one.path) for one in waits] == [(approver, f"/finance/accounts/{account.pk}/")]
    assert NUMBER not in str(waits.values_list())
    asked(boss, owner.agency, OTHER)
    assert {one.recipient for one in waits.filter(target_label__contains=OTHER[-4:])} == {finance, approver}


def test_who_asked_cannot_confirm(owner, finance):
    account = asked(finance, owner.agency)
    with pytest.raises(Forbidden) as refused:
        confirm_account(actor=finance, account=account, number=NUMBER)
    assert refused.value.code == "own_request"
    account.refresh_from_db()
    assert account.state == "asked"
    assert confirm_account(actor=person(Role.FINANCE), account=account, number=NUMBER).state == "confirmed"
    with pytest.raises(NotAllowed):
        confirm_account(actor=person(Role.FINANCE), account=account, number=NUMBER)


def test_it_is_confirmed_by_its_number_as_the_papers_show_it(owner, boss, finance):
    account = asked(boss, owner.agency, "6222 0202-0001 2345 678")
    with pytest.raises(Invalid) as refused:
        confirm_account(actor=finance, account=account, number="6222020200012345679")
    assert refused.value.code == "account_differs"
    assert confirm_account(actor=finance, account=account, number="6222 0202 0001 2345 678").account == NUMBER


def test_an_agencys_account_is_its_managers_and_a_brokers_their_own(owner, boss):
    rival = agency_with_broker("A2")
    rivals_boss = broker_of(rival.agency, "boss2", role=Role.AGENCY_ADMIN).user
    for actor, party in ((owner.user, owner.agency), (rivals_boss, owner.agency), (boss, owner), (rival.user, owner)):
        with pytest.raises(Forbidden):
            asked(actor, party)
    assert not PayoutAccount.objects.exists()
    assert asked(boss, owner.agency).asked_by == boss
    assert asked(owner.user, owner).asked_by == owner.user
    account = owner.agency.accounts.get()
    for stranger in (owner.user, rivals_boss):
        with pytest.raises(Forbidden):
            stop_account(actor=stranger, account=account, reason="x")
    for role in (Role.MARKETING, Role.MARKETING_MANAGER, Role.AUDITOR, Role.FINANCE_APPROVER):
        with pytest.raises(Forbidden):
            asked(person(role), owner.agency)
    assert set(visible_accounts(boss)) == {account}
    assert not visible_accounts(rivals_boss).exists()


def test_a_later_wish_takes_the_place_of_the_one_that_waits(owner, boss):
    first, second = asked(boss, owner.agency, OTHER), asked(boss, owner.agency)
    first.refresh_from_db()
    assert (first.state, second.state) == ("stopped", "asked")


def test_stopped_before_it_is_used_it_changes_nothing_and_after_that_leaves_none(owner, boss):
    given(owner.agency, OTHER)
    taken = given(owner.agency, NUMBER, at=START + 2 * DAY)
    with clock.at(START + 2 * DAY + timedelta(hours=23)):
        stop_account(actor=boss, account=taken, reason="not ours")
    assert number_at(owner.agency, START + 9 * DAY) == OTHER
    used = PayoutAccount.objects.get(state="confirmed")
    with clock.at(START + 10 * DAY):
        stop_account(actor=person(Role.FINANCE), account=used, reason="the bank says it is closed")
    assert number_at(owner.agency, START + 11 * DAY) is None


def test_the_number_is_kept_encrypted_and_told_by_its_end(owner, boss, finance):
    account = asked(boss, owner.agency)
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(a)::text, account FROM brokers_payoutaccount a")
        row, token = cursor.fetchone()
    assert NUMBER not in row and NUMBER.encode() not in bytes(token)
    decline_account(actor=finance, account=account, reason="another name on it")
    kept = "".join(str(list(model.objects.values())) for model in (Event, Notice))
    assert NUMBER not in kept and "···· 5678" in kept
    assert set(Notice.objects.values_list("kind", flat=True)) == {
        "account.asked", "account.waits", "account.declined",
    }  # fmt: skip
    assert Notice.objects.filter(recipient=boss).count() == 2


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"account": "12345"}, "account_number", "account"),
        ({"account": "6222;DROP"}, "account_number", "account"),
        ({"holder": "  "}, "required", "holder"),
        ({"branch_code": "?"}, "branch_code", "branch_code"),
    ],
)
def test_what_is_no_account_is_refused(owner, boss, fields, code, field):
    with pytest.raises(Invalid) as refused:
        ask_account(actor=boss, party=owner.agency, **{**BANK, "account": NUMBER, **fields})
    assert (refused.value.code, refused.value.field) == (code, field)
    assert not PayoutAccount.objects.exists()


def test_the_account_in_use_is_not_asked_for_again(owner, boss):
    given(owner.agency, NUMBER)
    with clock.at(START + 2 * DAY), pytest.raises(Invalid) as refused:
        asked(boss, owner.agency)
    assert refused.value.code == "account_same"


@pytest.mark.parametrize(
    "change",
    [
        "confirmed_by_id = asked_by_id, confirmed_at = now(), effective_at = now() + interval '24 hours'",
        "confirmed_by_id = {other}, confirmed_at = now(), effective_at = now() + interval '23 hours'",
        "state = 'confirmed'",
        "holder = 'Thief'",
        "last4 = '0000'",
    ],
)
def test_the_database_itself_refuses(owner, boss, finance, change):
    asked(boss, owner.agency)
    sql = "UPDATE brokers_payoutaccount SET " + change.replace("{other}", f"'{finance.pk}'")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


def test_a_confirmed_account_is_not_used_sooner_by_a_change_behind_the_service(owner):
    given(owner.agency, NUMBER)
    with pytest.raises(DatabaseError), transaction.atomic():
        PayoutAccount.objects.update(effective_at=START)


ID = "11010519491231002X"


def test_an_identity_number_is_checked_kept_encrypted_and_ones_own(owner, boss, finance):
    for kind, number in (("id_card", "110105194912310021"), ("passport", "??"), ("id_card", "12")):
        with pytest.raises(Invalid) as refused:
            keep_identity(actor=owner.user, broker=owner, kind=kind, number=number)
        assert (refused.value.code, refused.value.field) == ("identity_number", "number")
    with pytest.raises(Forbidden):
        keep_identity(actor=boss, broker=owner, kind="id_card", number=ID)
    kept = keep_identity(actor=owner.user, broker=owner, kind="id_card", number=" 110105 19491231 002x")
    assert (kept.number, kept.masked) == (ID, "···· 002X")
    assert keep_identity(actor=finance, broker=owner, kind="passport", number="E12345678").number == "E12345678"
    events = list(Event.objects.filter(action="identity.kept").order_by("id"))
    assert [event.after["number"] for event in events] == ["···· 002X", "···· 5678"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(i)::text FROM brokers_identity i")
        assert "12345678" not in cursor.fetchone()[0]
    assert Identity.objects.get().entered_by == finance
