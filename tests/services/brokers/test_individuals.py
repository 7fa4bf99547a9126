"""Individuals: signing up by a link, proving the phone, being confirmed by staff or by rule."""

import json
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Thread

import pytest
from django.conf import settings
from django.db import IntegrityError, connections, transaction

from brokers.models import Individual, RecruitingLink
from brokers.selectors import recruiters, recruiting_programmes, recruits_of
from brokers.services.agencies import create_agency, set_broker_active
from brokers.services.changes import change_broker
from brokers.services.individuals import confirm_individuals, decline_individuals, forget_individuals, sign_up
from brokers.services.recruiting import change_programme, close_link, open_link, open_programme
from brokers.services.signup_codes import ask_signup_code, prove_phone, send_signup_code, who_signs_in_with
from brokers.states import IndividualState, Relation
from channels_platform.accounts.models import User
from channels_platform.accounts.permissions import Role
from channels_platform.audit.models import Event
from channels_platform.jobs.models import OutboxMessage
from channels_platform.jobs.services import Settled
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from channels_platform.lib.phones import InvalidPhone, parse_phone
from channels_platform.notices.models import Notice
from channels_platform.privacy.models import Phone
from leads.services.erasure import erase_personal_data
from leads.services.individuals import confirm_individuals as confirm_whom_the_rule_knows
from projects.states import ProjectStatus
from tests.cast import LI, START, SUN, WANG, ZHAO, Site, after, open_site, person, project_of

pytestmark = pytest.mark.django_db
PASSWORD = "long enough to keep"


def programme_at(site: Site, *by_rule: str, name: str = "neighbours"):
    roof = create_agency(actor=site.manager, code=name, name=name, kind="community")
    return open_programme(actor=site.manager, agency=roof, project=site.project, by_rule=by_rule)


@pytest.fixture
def site() -> Site:
    return open_site()


@pytest.fixture
def link(site) -> RecruitingLink:
    return open_link(actor=site.manager, programme=programme_at(site), place="Sales office")


def signed_up(link, phone=LI, *, relation=Relation.OWNER, at=START, **more) -> Individual:
    with clock.at(at):
        fields = {"name": "Wu Lan", "detail": "3-1203", "password": PASSWORD} | more
        return sign_up(link=link, phone=phone, relation=relation, **fields)


def proven(individual: Individual, *, at=START) -> Individual:
    with clock.at(at):
        ask_signup_code(individual=individual)
        send()
        assert prove_phone(individual=individual, digits=texted()["values"]["code"])
    return again(individual)


def send() -> None:
    message = OutboxMessage.objects.filter(task="brokers.tasks.send_signup_code").latest("pk")
    send_signup_code(**message.arguments)


def texted() -> dict:
    return json.loads(Path(settings.SMS_FILE).read_text().splitlines()[-1])


def again(individual: Individual) -> Individual:
    return Individual.objects.select_related("broker__user", "link__programme").get(pk=individual.pk)


@pytest.fixture(autouse=True)
def _texts_of_its_own(settings, tmp_path) -> None:
    settings.SMS_BACKEND, settings.SMS_FILE = "file", str(tmp_path / "sent.jsonl")


# --- signing up -----------------------------------------------------------------------------------------------


def test_who_signs_up_may_look_and_not_file(site, link):
    individual = signed_up(link)
    broker = individual.broker
    assert (broker.user.is_active, broker.is_active, individual.state) == (True, False, IndividualState.WAITING)
    assert broker.user.check_password(PASSWORD) and broker.agency == link.programme.agency
    site.agree(broker)
    filing = site.file(broker, WANG, at=after(hours=1))
    assert (filing.state, filing.reason) == ("rejected", "broker_inactive")


def test_a_strangers_number_is_not_kept_from_being_filed(site, link):
    """Whoever signs up with a client's number must not make it an own phone of the product's people."""
    signed_up(link, WANG)
    assert site.file(site.owner, WANG, at=after(hours=1)).state == "filed"


def test_what_cannot_be_leaves_nothing(site, link):
    people = User.objects.count()
    for wrong, kind in (
        ({"phone": "12"}, InvalidPhone),
        ({"relation": "neighbour"}, Invalid),
        ({"detail": "  "}, Invalid),
    ):
        with pytest.raises(kind):
            signed_up(link, **({"phone": LI} | wrong))
    assert (User.objects.count(), Individual.objects.count()) == (people, 0)
    assert signed_up(link, relation=Relation.STAFF, detail="").detail == ""


def test_a_second_tap_is_the_same_person_another_password_is_not(link):
    first = signed_up(link)
    assert signed_up(link, at=after(minutes=29)) == first
    assert signed_up(link, at=after(minutes=1), password="another long one") != first
    assert signed_up(link, at=after(minutes=31)) != first


@pytest.mark.parametrize("what", ["link", "programme", "project", "agency"])
def test_nobody_signs_up_where_it_is_closed(site, link, what):
    if what == "link":
        close_link(actor=site.manager, link=link)
    elif what == "programme":
        change_programme(actor=site.manager, programme=link.programme, is_open=False)
    elif what == "project":
        type(site.project).objects.filter(pk=site.project.pk).update(status=ProjectStatus.CLOSED)
    else:
        type(link.programme.agency).objects.update(status="suspended")
    stored = RecruitingLink.objects.select_related("programme__project", "programme__agency").get(pk=link.pk)
    with pytest.raises(NotAllowed) as refused:
        signed_up(stored)
    assert refused.value.code == "link_closed"


def test_events_and_user_names_say_nothing_of_the_person(link):
    individual = signed_up(link)
    proven(individual)
    text = " ".join(
        f"{event.target_label} {event.before} {event.after} {event.reason}"
        for event in Event.objects.filter(action__startswith="individual.")
    )
    assert "Lan" not in text and "138" not in text and "1203" not in text
    assert "138" not in individual.broker.user.username
    raw = Individual.objects.extra(select={"raw": "detail"}).values_list("raw", flat=True).get()
    assert b"1203" not in bytes(raw)


# --- the phone ------------------------------------------------------------------------------------------------


def test_the_code_of_the_message_proves_the_phone_which_then_signs_in(link):
    individual = proven(signed_up(link))
    assert individual.phone_proven_at == START
    assert individual.broker.user.sign_in_phone.reveal() == f"+86{LI}"
    assert individual.broker.user.phone is None
    assert texted()["to"] == f"+86{LI}" and texted()["template"] == "signup_code"
    assert LI not in json.dumps([message.arguments for message in OutboxMessage.objects.all()])


def test_a_code_is_over_after_ten_minutes_five_tries_or_a_newer_one(link):
    individual = signed_up(link)
    with clock.at(START):
        ask_signup_code(individual=individual)
        send()
        first = texted()["values"]["code"]
        wrong = f"{(int(first) + 1) % 10**6:06d}"
        assert [prove_phone(individual=individual, digits=wrong) for _try in range(5)] == [False] * 5
        with pytest.raises(NotAllowed, match="no code"):
            prove_phone(individual=individual, digits=first)
    with clock.at(after(minutes=2)):
        ask_signup_code(individual=individual)
        assert prove_phone(individual=individual, digits=first) is False
    with clock.at(after(minutes=12)), pytest.raises(NotAllowed, match="no code"):
        prove_phone(individual=individual, digits=first)
    with clock.at(after(minutes=13)), pytest.raises(Settled):
        send()


def test_a_phone_gets_one_code_a_minute_and_five_a_day_whoever_asks(link):
    one = signed_up(link)
    other = signed_up(link, password="another long one")
    for minute, who in enumerate((one, other, one, other, one)):
        with clock.at(after(minutes=minute)):
            ask_signup_code(individual=who)
            with pytest.raises(NotAllowed, match="a moment ago"):
                ask_signup_code(individual=other)
    with clock.at(after(hours=23)), pytest.raises(NotAllowed, match="enough codes"):
        ask_signup_code(individual=other)
    with clock.at(after(hours=25)):
        ask_signup_code(individual=other)


def test_a_phone_signs_one_account_in(link):
    proven(signed_up(link))
    second = signed_up(link, password="another long one")
    with pytest.raises(Invalid) as refused:
        proven(second, at=after(hours=1))
    assert refused.value.code == "phone_taken"
    assert again(second).phone_proven_at is None
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=second.broker.user_id).update(sign_in_phone=second.phone)


# --- being confirmed ------------------------------------------------------------------------------------------


def test_staff_confirm_in_bulk_and_hear_who_could_not_be(site, link):
    people = [signed_up(link, LI), signed_up(link, LI, password="another long one"), signed_up(link, WANG)]
    with clock.at(after(hours=1)):
        outcomes = confirm_individuals(actor=site.manager, individuals=people)
    assert sorted(outcomes.values()) == ["", "", "phone_taken"]
    first = again(people[0])
    assert (first.state, first.decided_by, first.by_rule) == (IndividualState.CONFIRMED, site.manager, False)
    assert first.broker.is_active and first.broker.user.phone == first.broker.user.sign_in_phone == people[0].phone
    assert set(confirm_individuals(actor=site.manager, individuals=[people[0]]).values()) == {"not_allowed"}
    told = Notice.objects.get(kind="individual.confirmed", recipient=first.broker.user)
    assert told.facts == {"project": "Golden Lake"}


def test_a_confirmed_individual_files_and_cannot_file_the_own_number(site, link):
    individual = signed_up(link, LI)
    confirm_individuals(actor=site.manager, individuals=[individual])
    site.agree(individual.broker)
    broker = again(individual).broker
    assert site.file(broker, WANG).state == "filed"
    assert site.file(broker, LI).reason == "own_phone"


def test_only_who_may_confirms(site, link):
    individual = signed_up(link)
    for who in (site.reception, individual.broker.user, person(Role.FINANCE)):
        with pytest.raises(Forbidden):
            confirm_individuals(actor=who, individuals=[individual])
        with pytest.raises(Forbidden):
            decline_individuals(actor=who, individuals=[individual], reason="no")
    with pytest.raises(Forbidden):
        confirm_individuals(actor=None, individuals=[individual])
    assert again(individual).state == IndividualState.WAITING


def test_who_is_declined_reads_why_and_may_come_again_with_the_phone(site, link):
    individual = proven(signed_up(link))
    with pytest.raises(Invalid):
        decline_individuals(actor=site.manager, individuals=[individual], reason=" ")
    decline_individuals(actor=site.manager, individuals=[individual], reason="No such home")
    declined = again(individual)
    assert (declined.state, declined.reason) == (IndividualState.DECLINED, "No such home")
    assert declined.broker.user.is_active and not declined.broker.is_active
    second = proven(signed_up(link, at=after(hours=2)), at=after(hours=2))
    assert set(confirm_individuals(actor=site.manager, individuals=[second]).values()) == {""}


def test_who_is_declined_signs_in_until_another_proves_the_phone(site, link):
    declined = proven(signed_up(link))
    decline_individuals(actor=site.manager, individuals=[declined], reason="No such home")
    assert again(declined).broker.user.sign_in_phone_id == declined.phone_id
    second = proven(signed_up(link, at=after(hours=2)), at=after(hours=2))
    assert again(declined).broker.user.sign_in_phone_id is None
    assert again(second).broker.user.sign_in_phone_id == declined.phone_id


@pytest.mark.parametrize("decided", ["waiting", "declined"])
def test_nobody_but_staff_takes_in_who_signed_up_alone(site, link, decided):
    individual = signed_up(link)
    if decided == "declined":
        decline_individuals(actor=site.manager, individuals=[individual], reason="No such home")
    for who in (site.manager, None):
        with pytest.raises(NotAllowed) as refused:
            set_broker_active(actor=who, broker=individual.broker, active=True)
        assert refused.value.code == "not_taken_in"
    assert not again(individual).broker.is_active


def test_a_new_phone_is_the_one_to_sign_in_with_and_to_get_codes(site, link):
    individual = proven(signed_up(link))
    confirm_individuals(actor=site.manager, individuals=[individual])
    change_broker(actor=site.manager, broker=individual.broker, phone=ZHAO)
    changed = again(individual)
    assert changed.phone.reveal() == changed.broker.user.sign_in_phone.reveal() == parse_phone(ZHAO)
    assert who_signs_in_with(phone=LI) is None
    assert who_signs_in_with(phone=ZHAO) == individual


def test_a_new_phone_is_not_one_that_another_signs_in_with(site, link):
    first, other = proven(signed_up(link)), proven(signed_up(link, ZHAO))
    with pytest.raises(Invalid) as refused:
        change_broker(actor=site.manager, broker=first.broker, phone=ZHAO)
    assert refused.value.code == "phone_taken"
    assert again(first).broker.user.sign_in_phone_id == first.phone_id != other.phone_id


def test_the_rule_confirms_whom_the_records_bear_out_and_nobody_else(site):
    programme = programme_at(site, *Relation)
    poster = open_link(actor=site.manager, programme=programme, place="Lobby")
    staffs = open_link(actor=site.reception, programme=programme, recruiter=site.reception)
    deal = site.subscribe(LI, at=after(hours=1))
    owner = proven(signed_up(poster, LI), at=START)
    unproven = signed_up(poster, WANG)
    stranger = proven(signed_up(poster, ZHAO), at=after(minutes=3))
    partner = proven(signed_up(staffs, SUN, relation=Relation.PARTNER_STAFF), at=after(minutes=6))

    def states():
        return [again(one).state for one in (owner, unproven, stranger, partner)]

    assert confirm_whom_the_rule_knows() == {"confirmed": 1}
    assert states() == ["waiting", "waiting", "waiting", "confirmed"]  # a subscription is no purchase yet
    site.contract(deal, at=after(hours=2))
    assert confirm_whom_the_rule_knows() == {"confirmed": 1}
    assert states() == ["confirmed", "waiting", "waiting", "confirmed"]
    assert again(owner).by_rule and again(owner).decided_by is None
    assert confirm_whom_the_rule_knows() == {"confirmed": 0}
    change_programme(actor=site.manager, programme=programme, by_rule=[])
    friends = open_link(actor=again(owner).broker.user, programme=programme, recruiter=again(owner).broker.user)
    friend = proven(signed_up(friends, "13800000077", relation=Relation.FAMILY), at=after(minutes=9))
    assert confirm_whom_the_rule_knows() == {"confirmed": 0}
    change_programme(actor=site.manager, programme=programme, by_rule=[Relation.FAMILY])
    assert confirm_whom_the_rule_knows() == {"confirmed": 1}
    assert again(friend).broker.recruited_by == again(owner).broker.user


def test_the_rule_knows_staff_by_their_phone_and_owners_of_the_same_company_only(site):
    programme = programme_at(site, *Relation)
    poster = open_link(actor=site.manager, programme=programme)
    worker = person(Role.CONSULTANT)
    individual = proven(signed_up(poster, LI, relation=Relation.STAFF, detail=""))
    assert confirm_whom_the_rule_knows() == {"confirmed": 0}
    worker.phone = individual.phone
    worker.save()
    assert confirm_whom_the_rule_knows() == {"confirmed": 1}
    elsewhere = open_site()
    elsewhere.contract(elsewhere.subscribe(WANG, at=START), at=after(hours=1))
    proven(signed_up(poster, WANG), at=after(minutes=5))
    assert confirm_whom_the_rule_knows() == {"confirmed": 0}


def test_a_cancelled_purchase_makes_no_owner(site):
    poster = open_link(actor=site.manager, programme=programme_at(site, Relation.OWNER))
    deal = site.subscribe(LI, at=START)
    site.contract(deal, at=after(hours=1))
    site.cancel(deal, at=after(hours=2))
    proven(signed_up(poster, LI, at=after(hours=3)), at=after(hours=3))
    assert confirm_whom_the_rule_knows() == {"confirmed": 0}


def test_the_database_lets_no_rule_confirm_an_unproven_phone(link):
    individual = signed_up(link)
    with pytest.raises(IntegrityError), transaction.atomic():
        Individual.objects.filter(pk=individual.pk).update(state="confirmed", by_rule=True, decided_at=START)
    with pytest.raises(IntegrityError), transaction.atomic():
        Individual.objects.filter(pk=individual.pk).update(state="confirmed")


# --- recruiting -----------------------------------------------------------------------------------------------


def test_who_recruited_whom_is_kept_and_counted(site):
    programme = programme_at(site)
    site.agree(type("Roof", (), {"agency": programme.agency})())
    mine = open_link(actor=site.reception, programme=programme, recruiter=site.reception)
    assert open_link(actor=site.reception, programme=programme, recruiter=site.reception) == mine
    one, two = signed_up(mine, LI), signed_up(mine, WANG)
    signed_up(open_link(actor=site.manager, programme=programme), ZHAO)
    confirm_individuals(actor=site.manager, individuals=[one])
    site.file(again(one).broker, SUN)
    site.file(again(one).broker, LI)  # refused: the own number
    counted = recruiters(User.objects.all(), None).get()
    assert counted == site.reception
    counts = ("signed_up", "waiting", "confirmed", "clients", "won")
    assert [getattr(counted, f"{name}_count") for name in counts] == [2, 1, 1, 1, 0]
    assert [found.clients for found in recruits_of(site.reception)] == [0, 1]
    assert recruits_of(site.reception)[0] == two
    elsewhere = project_of()
    assert not recruiters(User.objects.all(), type(elsewhere).objects.filter(pk=elsewhere.pk)).exists()
    assert Notice.objects.get(kind="individual.recruited").recipient == site.reception


def test_who_may_recruit_for_what(site):
    programme = programme_at(site)
    individual = signed_up(open_link(actor=site.manager, programme=programme))
    stranger = person(Role.CONSULTANT, all_projects=False)
    for who in (individual.broker.user, site.owner.user, stranger):
        assert not recruiting_programmes(who).exists()
        with pytest.raises(Forbidden):
            open_link(actor=who, programme=programme, recruiter=who)
    confirm_individuals(actor=site.manager, individuals=[individual])
    friend = again(individual).broker.user
    assert list(recruiting_programmes(friend)) == [programme]
    open_link(actor=friend, programme=programme, recruiter=friend)
    with pytest.raises(Forbidden):
        open_link(actor=friend, programme=programme, recruiter=site.reception)
    with pytest.raises(Forbidden):
        open_link(actor=site.reception, programme=programme)
    with pytest.raises(Invalid) as refused:
        open_link(actor=site.manager, programme=programme, recruiter=site.owner.user)
    assert refused.value.code == "bad_recruiter"


def test_individuals_refer_under_a_community_roof_only(site):
    with pytest.raises(Invalid) as refused:
        open_programme(actor=site.manager, agency=site.owner.agency, project=site.project)
    assert refused.value.code == "not_community"
    with pytest.raises(Invalid):
        programme_at(site, "neighbour")
    with pytest.raises(Forbidden):
        open_programme(actor=site.reception, agency=site.owner.agency, project=site.project)


# --- forgetting -----------------------------------------------------------------------------------------------


def test_who_was_declined_long_ago_is_forgotten_with_the_phone(site, link):
    individual, kept = signed_up(link, LI), signed_up(link, WANG)
    with clock.at(after(hours=1)):
        decline_individuals(actor=site.manager, individuals=[individual], reason="No such home")
    with clock.at(after(days=settings.PERSONAL_DATA_DAYS, hours=1)):
        assert forget_individuals() == 0
    with clock.at(after(days=settings.PERSONAL_DATA_DAYS, hours=1) + timedelta(seconds=1)):
        assert forget_individuals() == 1
        assert forget_individuals() == 0
        erase_personal_data()
    gone = again(individual)
    assert (gone.broker.user.name, gone.detail, gone.reason, gone.broker.user.is_active) == ("", "", "", False)
    assert Phone.objects.get(pk=individual.phone_id).erased_at is not None
    assert Phone.objects.get(pk=kept.phone_id).erased_at is None
    assert again(kept).detail == "3-1203"


@pytest.mark.django_db(transaction=True)
@pytest.mark.serial
def test_two_with_one_phone_confirmed_at_once_are_one():
    site = open_site()
    link = open_link(actor=site.manager, programme=programme_at(site))
    people = [signed_up(link), signed_up(link, password="another long one")]
    barrier, outcomes = Barrier(2), []

    def confirm(one: Individual) -> None:
        barrier.wait()
        outcomes.extend(confirm_individuals(actor=site.manager, individuals=[one]).values())
        connections.close_all()

    threads = [Thread(target=confirm, args=(one,)) for one in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["", "phone_taken"]
