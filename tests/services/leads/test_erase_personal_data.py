"""Retention of personal data (domain 7)."""

import pytest

from channels_platform.lib import clock
from channels_platform.privacy.models import Phone
from leads.models import Claim, NaturalVisit, Referral
from leads.services.erasure import erase_personal_data
from tests.cast import LI, START, SUN, WANG, ZHAO, after, broker_of, open_site
from tests.services.brokers.test_joining import applied

pytestmark = pytest.mark.django_db
NONE = {"referrals": 0, "natural_visits": 0, "phones": 0, "origins": 0}


@pytest.fixture(autouse=True)
def _a_year(settings):
    settings.PERSONAL_DATA_DAYS = 365


def _erase(at, **batch):
    with clock.at(at):
        return erase_personal_data(**batch)


def test_what_ended_long_ago_is_made_unreadable_and_keeps_number_and_state():
    site = open_site(exclusive_from="filing")
    referral = site.file(site.owner, LI, client_name="Zhang Wei", note="south side")
    assert _erase(after(days=365)) == NONE
    # No sweep has run: it is over by the clock alone.
    assert _erase(after(days=396)) == {"referrals": 1, "natural_visits": 0, "phones": 1, "origins": 0}
    gone = Referral.objects.get(pk=referral.pk)
    assert (gone.client_name, gone.client_masked, gone.note, gone.number) == ("", "", "", referral.number)
    phone = Phone.objects.get()
    assert (bytes(phone.ciphertext), phone.masked, phone.last4, phone.reveal()) == (b"", "***", "", "***")
    assert Claim.objects.get().phone == phone
    assert _erase(after(days=397)) == NONE


def test_an_erased_number_filed_again_is_a_new_phone():
    site = open_site()
    site.file(site.owner, LI)
    _erase(after(days=400))
    again = site.file(site.owner, LI, at=after(days=400))
    assert (again.reason, Phone.objects.count()) == ("", 2)
    assert again.phones.get().phone.reveal() == "+8613800000001"


def test_what_is_live_or_won_or_bought_stays():
    site = open_site(exclusive_from="filing", visit_within_hours=None, protection_days=3000, proxy_purchase=True)
    site.file(site.owner, LI, client_name="Li")
    site.file(site.rival, WANG, client_name="Wang")
    cancelled = site.subscribe(WANG, at=after(days=1))
    site.cancel(cancelled, at=after(days=2))
    site.withdraw(Referral.objects.get(broker=site.rival), at=after(days=3))
    assert _erase(after(days=1000)) == NONE


def test_a_natural_visit_is_erased_with_its_phone_unless_somebody_needs_it():
    site = open_site(lookback_days=0)
    broker_of(site.owner.agency, "insider", phone=SUN)
    for phone in (LI, WANG, ZHAO, SUN):
        site.walk_in(phone, at=START)
    site.subscribe(WANG, at=after(days=1))
    site.file(site.owner, ZHAO, at=after(days=399))
    assert _erase(after(days=400)) == {"referrals": 0, "natural_visits": 4, "phones": 1, "origins": 0}
    assert set(Phone.objects.filter(erased_at__isnull=True).values_list("last4", flat=True)) == {"0002", "0003", "0004"}
    assert NaturalVisit.objects.filter(erased_at__isnull=False).count() == 4


def test_it_works_in_batches():
    site = open_site()
    for n in range(5):
        site.file(site.owner, f"1380000002{n}")
    assert _erase(after(days=400), batch=2) == {"referrals": 5, "natural_visits": 0, "phones": 5, "origins": 0}


def test_the_number_of_an_agencys_contact_stays_readable():
    site = open_site(exclusive_from="filing")
    site.file(site.owner, LI)
    application = applied(contact_phone=LI)
    assert _erase(after(days=400))["phones"] == 0
    application.refresh_from_db()
    assert application.contact_phone.reveal() == "+8613800000001"
