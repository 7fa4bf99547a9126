"""A full number that fits several filings: shown side by side, and the rule's own to confirm."""

from datetime import timedelta

import pytest

from channels_platform.lib import clock
from leads.models import Referral, ReferralPhone, Visit
from leads.services.arrivals import tell_arrival
from leads.services.visits import confirm_visit
from tests.pages.world import CLIENT_PHONE

pytestmark = pytest.mark.django_db


def look(client, phone=CLIENT_PHONE):
    return client.post("/desk/find/?project=GL", {"q": phone}, follow=True)


def sides(answer):
    return [(side.referral.pk, side.first) for side in answer.context["sides"]]


def test_the_one_filed_first_is_the_rules_where_nobody_holds_or_came(world, as_person):
    first, second = world.file(), world.file(world.outsider)
    answer = look(as_person(world.reception))
    text = answer.content.decode()
    assert sides(answer) == [(first.pk, True), (second.pk, False)]
    assert f"/desk/referrals/{first.pk}/confirm/" in text
    assert f"/desk/referrals/{second.pk}/confirm/" not in text
    assert "Bright Homes" in text and "River Realty" in text and "not protected" in text
    assert CLIENT_PHONE not in text


def test_the_broker_who_came_with_the_client_goes_before_the_one_who_filed_first(world, as_person):
    first, second = world.file(), world.file(world.outsider)
    tell_arrival(actor=world.outsider.user, referral=second)
    assert sides(look(as_person(world.reception))) == [(second.pk, True), (first.pk, False)]


def test_yesterdays_word_counts_for_nothing_today(world, as_person):
    with clock.at(clock.now() - timedelta(days=1)):
        first, second = world.file(), world.file(world.outsider)
        tell_arrival(actor=world.outsider.user, referral=second)
    assert sides(look(as_person(world.reception))) == [(first.pk, True), (second.pk, False)]


def test_who_is_protected_wins_whoever_came(world, as_person):
    world.policy(phone_mode="masked")
    with clock.at(clock.now() - timedelta(days=2)):
        held = world.file(world.outsider, phones=["138****5678"])
        confirm_visit(actor=world.reception, referral=held, phones=[CLIENT_PHONE])
    came = world.file(phones=["138****5678"])
    tell_arrival(actor=world.owner.user, referral=came)
    answer = look(as_person(world.reception))
    assert sides(answer) == [(held.pk, True), (came.pk, False)]
    assert "Another referral&#x27;s protection holds this client now." in answer.content.decode()


def test_what_is_foreseen_is_what_happens_and_foreseeing_writes_nothing(world, as_person):
    world.policy(phone_mode="masked")
    first = world.file(phones=["138****5678"])
    second = world.file(world.outsider, phones=["138****5678"])
    client = as_person(world.reception)
    assert sides(look(client)) == [(first.pk, True), (second.pk, False)]
    assert not Visit.objects.exists()
    assert not ReferralPhone.objects.filter(phone__isnull=False).exists()
    assert confirm_visit(actor=world.reception, referral=first, phones=[CLIENT_PHONE]).confirmed
    refused = confirm_visit(actor=world.reception, referral=second, phones=[CLIENT_PHONE])
    assert (refused.confirmed, refused.reason) == (False, "protected")


def test_a_full_number_finds_the_masked_filing_it_fits_and_is_typed_once(world, as_person):
    world.policy(phone_mode="masked")
    own = world.file(phones=["138****5678"])
    world.file(phones=["138****5679"])
    client = as_person(world.reception)
    found = look(client)
    (address, _status) = found.redirect_chain[-1]
    assert address.startswith(f"/desk/referrals/{own.pk}/?q=~") and CLIENT_PHONE not in address
    form = client.get(address.replace("/?", "/confirm/?")).content.decode()
    assert f'value="{CLIENT_PHONE}"' in form


def test_another_mask_is_not_filled_with_a_number_that_does_not_fit(world, as_person):
    from leads.listing import seal

    world.policy(phone_mode="masked")
    own = world.file(phones=["139****0001"])
    form = as_person(world.reception).get(f"/desk/referrals/{own.pk}/confirm/", {"q": seal(CLIENT_PHONE)})
    assert CLIENT_PHONE not in form.content.decode()


def test_one_live_filing_among_past_ones_is_a_plain_list(world, as_person):
    own = world.file()
    Referral.objects.filter(pk=world.file(world.outsider).pk).update(state="withdrawn")
    answer = look(as_person(world.reception))
    assert answer.context["sides"] == []
    assert {row.pk for row in answer.context["rows"]} >= {own.pk}
