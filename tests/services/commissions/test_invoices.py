"""Invoices: of the line's amount, of its agency, once per number."""

from decimal import Decimal

import pytest

from channels_platform.accounts.permissions import Role
from channels_platform.lib import clock
from channels_platform.lib.errors import Duplicate, Forbidden, Invalid, NotAllowed
from commissions.models import Invoice
from commissions.services.payouts import approve_batch, attach_invoice, submit_batch
from tests.services.commissions.cast import Cast


@pytest.fixture
def drafted(cast) -> Cast:
    cast.plan("A1", bonuses=[{"name": "cash", "amount": "3000.00", "to": "broker", "release": "contracted"}])
    cast.plan("A2")
    cast.collected("B1")
    cast.collected("C1")
    cast.run()
    cast.batch = cast.drafted()
    return cast


def line_of(cast: Cast, name: str):
    return cast.batch.lines.get(payee=cast.payee(name))


def attach(cast: Cast, name: str = "A1", **changed):
    given = {
        "actor": cast.finance,
        "line": line_of(cast, name),
        "number": "24312000000001",
        "amount": Decimal("10000.00"),
        "vat_rate": Decimal("0.06"),
    }
    return attach_invoice(**{**given, **changed})


def agency_admin(cast: Cast, broker: str):
    user = cast.brokers[broker].user
    user.role = Role.AGENCY_ADMIN
    user.save()
    return user


def test_the_agencys_manager_hands_in_its_invoice(drafted):
    invoice = attach(drafted, actor=agency_admin(drafted, "B1"))
    assert (invoice.agency, invoice.amount, invoice.live) == (drafted.agencies["A1"], 10000, True)


def test_a_rival_and_a_broker_cannot(drafted):
    for actor in (agency_admin(drafted, "C1"), drafted.brokers["B2"].user, drafted.approver):
        with pytest.raises(Forbidden):
            attach(drafted, actor=actor)
    assert not Invoice.objects.exists()


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"amount": Decimal("9999.99")}, "invoice_amount"),
        ({"number": "  "}, "required"),
        ({"number": "9" * 61}, "required"),
        ({"vat_rate": Decimal("1")}, "out_of_range"),
        ({"vat_rate": Decimal("-0.01")}, "out_of_range"),
    ],
)
def test_what_is_no_invoice_of_the_line_is_refused(drafted, changed, code):
    with pytest.raises(Invalid) as refusal:
        attach(drafted, **changed)
    assert refusal.value.code == code
    assert not Invoice.objects.exists()


def test_an_individual_needs_none(drafted):
    with pytest.raises(NotAllowed) as refusal:
        attach(drafted, "B1", amount=Decimal("3000.00"))
    assert refusal.value.code == "no_invoice_needed"


def test_a_number_is_used_once_by_its_issuer_and_another_issuer_may_have_it_too(drafted):
    attach(drafted)
    attach(drafted, "A2")
    drafted.collected("B1")
    drafted.run()
    drafted.batch = drafted.drafted()
    with pytest.raises(Duplicate) as refusal:
        attach(drafted)
    assert refusal.value.code == "invoice_known"
    assert Invoice.objects.filter(live=True).count() == 2


def test_a_second_invoice_takes_the_firsts_place(drafted):
    attach(drafted)
    attach(drafted, number="24312000000002")
    attach(drafted)
    assert list(Invoice.objects.filter(live=True).values_list("number", flat=True)) == ["24312000000001"]


def test_an_approved_line_takes_no_invoice_any_more(drafted):
    drafted.invoiced(drafted.batch)
    with clock.at(drafted.later()):
        submit_batch(actor=drafted.finance, batch=drafted.batch)
        approve_batch(actor=drafted.approver, batch=drafted.batch)
    with pytest.raises(NotAllowed):
        attach(drafted)
