"""Rotating the keys of personal data without losing a match (domain 3)."""

from io import StringIO

import pytest
from cryptography.fernet import Fernet, InvalidToken
from django.core.management import call_command
from django.db import IntegrityError, transaction

from channels_platform.privacy.models import Phone
from channels_platform.privacy.rotation import encrypted_columns, rotate_phones
from channels_platform.privacy.services import find_phones, keep_phones
from leads.models import DealBuyer, NaturalVisit, Referral
from tests.cast import LI, START, WANG, ZHAO, after, open_site

pytestmark = pytest.mark.django_db
OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def _keys(settings, *pairs):
    settings.PII_ENCRYPTION_KEYS = [encryption for encryption, _ in pairs]
    settings.PHONE_INDEX_KEYS = [index for _, index in pairs]


OLD_PAIR, NEW_PAIR = (OLD, "old index"), (NEW, "new index")


def _rotate():
    out = StringIO()
    call_command("rotate_keys", stdout=out)
    return out.getvalue()


def test_the_rules_hold_before_during_and_after_a_rotation(settings):
    _keys(settings, OLD_PAIR)
    site = open_site(exclusive_from="filing", visit_within_hours=None)
    referral = site.file(site.owner, LI, client_name="Zhang Wei", note="south side")
    site.walk_in(WANG, at=START)

    _keys(settings, NEW_PAIR, OLD_PAIR)
    assert site.file(site.rival, LI, at=after(hours=1)).reason == "protected"
    assert site.file(site.rival, WANG, at=after(hours=1)).reason == "known_to_site"
    fresh_number = site.file(site.rival, ZHAO, at=after(hours=1))
    assert fresh_number.reason == ""
    assert Phone.objects.count() == 3
    site.subscribe(LI, at=after(hours=2))

    _rotate()
    _keys(settings, NEW_PAIR)
    assert site.file(site.rival, LI, at=after(hours=3)).reason == "protected"
    assert site.file(site.rival, WANG, at=after(hours=3)).reason == "known_to_site"
    assert site.file(site.rival, ZHAO, at=after(hours=3)).reason == "already_referred"
    stored = Referral.objects.get(pk=referral.pk)
    assert (stored.client_name, stored.note) == ("Zhang Wei", "south side")
    assert DealBuyer.objects.get().name == "Li Ming"
    assert [phone.reveal() for phone in Phone.objects.order_by("id")] == [
        "+8613800000001",
        "+8613800000002",
        "+8613800000003",
    ]


def test_without_the_rotation_the_old_rows_cannot_be_read(settings):
    _keys(settings, OLD_PAIR)
    site = open_site()
    site.file(site.owner, LI, client_name="Zhang Wei")
    _keys(settings, NEW_PAIR)
    with pytest.raises(InvalidToken):
        Referral.objects.get()
    assert find_phones(["+8613800000001"]) == {}


def test_a_rotation_that_was_stopped_goes_on(settings):
    _keys(settings, OLD_PAIR)
    keep_phones([f"+861380000{n:04d}" for n in range(10)])
    _keys(settings, NEW_PAIR, OLD_PAIR)

    class Stopped(Exception):
        pass

    def stop(done):
        if done >= 4:
            raise Stopped

    with pytest.raises(Stopped):
        rotate_phones(batch=2, after=stop)
    assert rotate_phones(batch=2) == 6
    assert rotate_phones(batch=2) == 0


def test_running_it_twice_changes_nothing_more(settings):
    _keys(settings, OLD_PAIR)
    site = open_site()
    site.file(site.owner, LI, client_name="Zhang Wei")
    _keys(settings, NEW_PAIR, OLD_PAIR)
    assert "phones: 1 re-written" in _rotate()
    before = list(Phone.objects.values_list("digest", "ciphertext"))
    second = _rotate()
    assert [line for line in second.splitlines() if " 0 re-written" not in line] == [second.splitlines()[-1]]
    assert list(Phone.objects.values_list("digest", "ciphertext")) == before


def test_one_number_stays_one_row_during_a_rotation(settings):
    _keys(settings, OLD_PAIR)
    keep_phones(["+8613800000001"])
    _keys(settings, NEW_PAIR, OLD_PAIR)
    keep_phones(["+8613800000001"])
    _rotate()
    keep_phones(["+8613800000001"])
    assert Phone.objects.count() == 1
    digest = Phone.objects.get().digest
    with pytest.raises(IntegrityError), transaction.atomic():
        Phone.objects.create(digest=digest, ciphertext=b"x", masked="x", last4="x")


def test_erased_rows_are_passed_over(settings):
    _keys(settings, OLD_PAIR)
    phone = keep_phones(["+8613800000001"])["+8613800000001"]
    Phone.objects.filter(pk=phone.pk).update(ciphertext=b"", erased_at=START)
    _keys(settings, NEW_PAIR, OLD_PAIR)
    assert rotate_phones() == 0


def test_every_encrypted_column_is_known_to_the_rotation():
    found = {(model.__name__, column) for model, column in encrypted_columns()}
    assert {("Referral", "client_name"), ("Referral", "note"), ("DealBuyer", "name"), ("NaturalVisit", "name")} <= found
    assert NaturalVisit._meta.get_field("name").get_internal_type() == "BinaryField"
