"""Payments and refunds (domain 5)."""

from decimal import Decimal

import pytest

from channels_platform.lib import clock
from channels_platform.lib.errors import Duplicate, Invalid
from leads.models import DealOutbox, Payment
from leads.services.payments import record_payment
from tests.cast import LI, START, WANG, after, open_site

pytestmark = pytest.mark.django_db


def _pay(site, deal, amount, *, at=None, reference="B-1", **fields):
    with clock.at(at or after(days=5)):
        return record_payment(actor=None, deal=deal, amount=Decimal(amount), reference=reference, **fields)


def test_a_person_refunds_no_more_than_was_collected():
    site = open_site()
    deal = site.subscribe(LI, at=START)
    _pay(site, deal, "1000.00", reference="B-1")
    with pytest.raises(Invalid) as refused:
        _pay(site, deal, "-1000.01", reference="B-2", within_collected=True)
    assert (refused.value.code, refused.value.field) == ("more_than_collected", "amount")
    _pay(site, deal, "-1000.00", reference="B-2", within_collected=True)
    # told out of their order, facts are taken as they come
    _pay(site, deal, "-5.00", reference="B-3")
    assert Payment.objects.count() == 3


def test_payments_and_refunds_are_kept_in_order_and_tell_commission():
    site = open_site()
    deal = site.subscribe(LI, at=START)
    one = _pay(site, deal, "1000.50", reference="B-1")
    two = _pay(site, deal, "-200.00", reference="B-2", source="loan")
    assert [p.amount for p in Payment.objects.all()] == [Decimal("1000.50"), Decimal("-200")]
    assert one.sequence < two.sequence
    assert DealOutbox.objects.filter(what="payment").count() == 2


def test_a_known_reference_of_the_project_changes_nothing():
    site = open_site()
    first, second = site.subscribe(LI, at=START), site.subscribe(WANG, at=START)
    _pay(site, first, "1000.00")
    for deal in (first, second):
        with pytest.raises(Duplicate):
            _pay(site, deal, "2000.00")
    assert Payment.objects.count() == 1
    assert DealOutbox.objects.filter(what="payment").count() == 1


def test_another_project_may_have_the_same_reference():
    for site in (open_site(), open_site()):
        _pay(site, site.subscribe(LI, at=START), "1000.00")
    assert Payment.objects.count() == 2


@pytest.mark.parametrize("end", ["handed over", "cancelled"])
def test_money_moves_after_the_end_too(end):
    site = open_site()
    deal = site.subscribe(LI, at=START)
    if end == "cancelled":
        site.cancel(deal, at=after(days=1))
    else:
        site.contract(deal, at=after(days=1))
        site.hand_over(deal, at=after(days=2))
    assert _pay(site, deal, "-1000.00").amount == Decimal(-1000)


@pytest.mark.parametrize(
    ("amount", "fields", "field"),
    [
        ("0", {}, "amount"),
        ("0.001", {}, "amount"),
        ("10000000000000", {}, "amount"),
        ("1", {"source": "gold"}, "source"),
        ("1", {"reference": " \u200b "}, "reference"),
        ("1", {"reference": "x" * 81}, "reference"),
        ("1", {"received_at": after(days=6)}, "received_at"),
        ("1", {"received_at": after(days=-1)}, "received_at"),
    ],
)
def test_a_payment_that_cannot_be_is_refused(amount, fields, field):
    site = open_site()
    deal = site.subscribe(LI, at=START)
    with pytest.raises(Invalid) as refusal:
        _pay(site, deal, amount, **fields)
    assert refusal.value.field == field
    assert not Payment.objects.exists()
