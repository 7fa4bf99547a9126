"""When a deal's money is expected: kept by who moves deals, and it decides nothing."""

from datetime import date

import pytest

from channels_platform.audit.models import Event
from channels_platform.lib import clock
from channels_platform.lib.errors import Invalid, NotAllowed
from leads.models import DealOutbox
from leads.services.expected_dates import expect_dates
from tests.cast import LI, START, after, open_site

pytestmark = pytest.mark.django_db

MAY = date(2026, 5, 12)


@pytest.fixture
def site():
    return open_site()


def expect(site, deal, **dates):
    with clock.at(after(days=1)):
        return expect_dates(actor=site.manager, deal=deal, **dates)


def mortgage(site):
    return site.subscribe(LI, at=START, method="mortgage", first_payment_amount=400_000, price=1_000_000)


def test_expected_dates_are_kept_with_who_said_so_and_tell_commission_of_nothing(site):
    deal = mortgage(site)
    told = DealOutbox.objects.count()
    expect(site, deal, loan_expected_on=MAY, handover_expected_on=date(2027, 12, 1))
    expect(site, deal, loan_expected_on=None)
    deal.refresh_from_db()
    assert (deal.loan_expected_on, deal.handover_expected_on) == (None, date(2027, 12, 1))
    last = Event.objects.filter(action="deal.expected").order_by("-pk").first()
    assert (last.actor, last.before, last.after) == (
        site.manager,
        {"loan_expected_on": "2026-05-12"},
        {"loan_expected_on": ""},
    )
    assert DealOutbox.objects.count() == told


def test_saying_the_same_again_leaves_no_trace(site):
    deal = mortgage(site)
    for _ in range(2):
        expect(site, deal, loan_expected_on=MAY)
    assert Event.objects.filter(action="deal.expected").count() == 1


@pytest.mark.parametrize(
    ("dates", "code"),
    [
        ({"handover_expected_on": date(2026, 3, 1)}, "bad_day"),
        ({"handover_expected_on": date(2036, 3, 5)}, "bad_day"),
        ({"loan_expected_on": MAY}, "loan_without_mortgage"),
        ({"price": MAY}, "unknown_field"),
    ],
)
def test_a_day_that_cannot_be_is_refused_and_changes_nothing(site, dates, code):
    deal = site.subscribe(LI, at=START)
    with pytest.raises(Invalid) as refusal:
        expect(site, deal, **dates)
    assert (refusal.value.code, refusal.value.field) == (code, next(iter(dates)))
    assert not Event.objects.filter(action="deal.expected").exists()


def test_nothing_is_expected_of_a_cancelled_deal(site):
    deal = mortgage(site)
    site.cancel(deal, at=after(hours=2))
    with pytest.raises(NotAllowed):
        expect(site, deal, loan_expected_on=MAY)
