"""Keeping, finding and showing phones (domain 3)."""

import pytest

from channels_platform.audit.models import Event
from channels_platform.lib.errors import Invalid
from channels_platform.privacy.models import Phone
from channels_platform.privacy.services import find_phones, keep_phones, reveal_phone
from tests.cast import LI, open_site

pytestmark = pytest.mark.django_db
NUMBER, OTHER = "+8613800000001", "+8613800000002"


def test_a_number_is_kept_once():
    first = keep_phones([NUMBER, OTHER, NUMBER])
    assert set(first) == {NUMBER, OTHER}
    assert keep_phones([NUMBER])[NUMBER].pk == first[NUMBER].pk
    assert Phone.objects.count() == 2


def test_phones_come_in_the_order_they_were_asked_for():
    numbers = [f"+861380000{n:04d}" for n in (7, 3, 9, 1, 8, 2, 6)]
    keep_phones(sorted(numbers))
    assert list(keep_phones(numbers)) == numbers
    assert list(keep_phones(reversed(numbers))) == numbers[::-1]


def test_finding_makes_nothing():
    assert find_phones([NUMBER]) == {}
    assert find_phones([]) == {}
    assert not Phone.objects.exists()


def test_showing_a_full_phone_leaves_a_record_of_who_whose_and_why():
    site = open_site()
    referral = site.file(site.owner, LI)
    phone = referral.phones.get().phone
    for nothing in (" ", "\u200b"):
        with pytest.raises(Invalid):
            reveal_phone(phone=phone, actor=site.manager, reason=nothing, target=referral)
    assert not Event.objects.filter(action="phone.revealed").exists()
    shown = reveal_phone(phone=phone, actor=site.manager, reason="call back", target=referral, project=site.project)
    assert shown == NUMBER
    event = Event.objects.get(action="phone.revealed")
    assert (event.actor, event.target_id, event.reason, event.after) == (
        site.manager,
        str(referral.pk),
        "call back",
        {"phone": "138****0001"},
    )
