"""A broker who adds phones to learn whom the site knows is noticed like one who files them (domain 4.5)."""

import pytest
from django.db import transaction

from channels_platform.audit.models import Event
from channels_platform.db import one_transaction
from channels_platform.lib import clock
from leads.models import ReferralPhone
from leads.services.phones import PhoneRefused, add_phone
from tests.cast import LI, START, Site, after, fresh, open_site

pytestmark = pytest.mark.django_db


def _ask(site: Site, referral, phone: str, *, at, actor=None) -> None:
    with clock.at(at), pytest.raises(PhoneRefused):
        add_phone(actor=actor or referral.broker.user, referral=fresh(referral), phone=phone)


def _known(site: Site, count: int) -> list[str]:
    """Return phones of people who walked in before any broker filed them."""
    phones = [f"138000001{digit:02}" for digit in range(count)]
    for phone in phones:
        site.walk_in(phone, at=START)
    return phones


def test_a_refused_phone_leaves_an_event_without_the_number_and_nothing_else():
    site = open_site()
    (phone,) = _known(site, 1)
    referral = site.file(site.owner, LI)
    _ask(site, referral, phone, at=after(hours=1))
    event = Event.objects.get(action="phone.refused")
    assert (event.actor, event.target_id) == (site.owner.user, str(site.owner.pk))
    assert event.after == {"referral": referral.number, "reason": "known_to_site"}
    assert phone not in str(event.after)
    assert ReferralPhone.objects.filter(referral=referral).count() == 1


def test_phones_refused_as_unavailable_count_as_probing():
    site = open_site()
    referral = site.file(site.owner, LI)
    phones = _known(site, 9)
    for minute, phone in enumerate(phones[:8]):
        _ask(site, referral, phone, at=after(hours=1, minutes=minute))
    site.owner.refresh_from_db()
    assert site.owner.probing_flagged_at is None  # 8 of 9
    _ask(site, referral, phones[8], at=after(hours=2))
    site.owner.refresh_from_db()
    assert site.owner.probing_flagged_at == after(hours=2)
    assert Event.objects.get(action="broker.probing").after == {"filed": 10, "unavailable": 9}


def test_phones_that_joined_count_as_asked_for_too():
    site = open_site()
    referral, other = site.file(site.owner, LI), site.file(site.owner, "13800000299")
    for digit in range(8):
        site.add(referral, f"1380000020{digit}", at=after(minutes=digit + 1))
    for minute, phone in enumerate(_known(site, 9)):
        _ask(site, other, phone, at=after(hours=1, minutes=minute))
    site.owner.refresh_from_db()
    assert site.owner.probing_flagged_at is None  # 9 of 19


def test_a_manager_who_adds_to_a_brokers_referral_is_the_one_who_asked():
    site = open_site()
    referral = site.file(site.colleague, LI)
    _ask(site, referral, _known(site, 1)[0], at=after(hours=1), actor=site.owner.user)
    assert Event.objects.get(action="phone.refused").target_id == str(site.owner.pk)


def test_what_a_refusal_leaves_behind_outlives_the_work_that_was_rolled_back():
    site = open_site()
    (phone,) = _known(site, 1)
    referral = site.file(site.owner, LI)

    def work() -> None:
        Event.objects.create(at=after(hours=1), action="work.begun")
        add_phone(actor=site.owner.user, referral=fresh(referral), phone=phone)

    with clock.at(after(hours=1)), pytest.raises(PhoneRefused):
        one_transaction(work)
    assert not Event.objects.filter(action="work.begun").exists()
    assert Event.objects.filter(action="phone.refused").count() == 1


def test_a_rehearsal_leaves_nothing_behind():
    site = open_site()
    (phone,) = _known(site, 1)
    referral = site.file(site.owner, LI)
    with clock.at(after(hours=1)), pytest.raises(PhoneRefused), transaction.atomic():
        add_phone(actor=site.owner.user, referral=fresh(referral), phone=phone)
    assert not Event.objects.filter(action="phone.refused").exists()
