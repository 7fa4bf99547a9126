"""Tax of individuals: on the month's total per person and paying company, less what the month already withheld."""

import pytest
from django.db import connection

from channels_platform.lib import clock
from channels_platform.lib.errors import NotAllowed
from commissions.proof.verify import verify
from commissions.services.payouts import approve_batch, draft_batch, pay_batch, return_batch, submit_batch
from tests.services.commissions.cast import AT_CONTRACT, Cast, at


@pytest.fixture
def cast(db) -> Cast:
    made = Cast(now=at("03-05 09:00"))
    made.agency("Q1", kind="community", brokers=["I1"])
    made.plan("Q1", payee="broker", tiers=(("0", "0.003"),), release=AT_CONTRACT)
    return made


def earn(cast: Cast, price: str) -> None:
    cast.contracted("I1", price=price)
    cast.run()


def test_tax_grows_with_the_month_and_begins_anew_with_the_next(cast):
    withheld = []
    for price in ("1000000.00", "1666666.67", "20000000.00"):
        earn(cast, price)
        withheld.append(f"{cast.paid().lines.get().tax:.2f}")
    cast.now = at("04-01 09:00")
    earn(cast, "250000.00")
    withheld.append(f"{cast.paid().lines.get().tax:.2f}")
    # on 3,000, 8,000, 68,000 and 750
    assert withheld == ["440.00", "840.00", "13480.00", "0.00"]


def test_a_cutoff_in_the_month_before_is_taxed_there(cast):
    earn(cast, "1000000.00")
    cutoff = cast.now
    cast.now = at("04-03 09:00")
    with clock.at(cast.now):
        batch = draft_batch(actor=cast.finance, company=cast.company, cutoff_at=cutoff)
    assert f"{batch.tax_month:%Y-%m}" == "2026-03"


def test_a_failed_line_is_no_income(cast):
    earn(cast, "1000000.00")
    cast.paid(failing=[cast.payee("I1")])
    assert f"{cast.paid().lines.get().tax:.2f}" == "440.00"


def test_the_proof_works_the_month_out_as_it_stood_at_each_approval(cast):
    earn(cast, "1000000.00")
    first = cast.approved()
    earn(cast, "1666666.67")
    second = cast.approved()
    assert f"{second.lines.get().tax:.2f}" == "840.00", "beside the first's 3,000"
    with clock.at(cast.later()):
        pay_batch(actor=cast.finance, batch=first, results=[{"line": first.lines.get().pk, "failed": True}])
    assert verify().differences == [], "what failed later counted then"
    third = cast.approved()
    assert f"{third.lines.get().tax:.2f}" == "440.00"
    assert verify().differences == []
    with clock.at(cast.later()):
        return_batch(actor=cast.approver, batch=third, reason="another account")
    earn(cast, "20000000.00")
    fourth = cast.approved()
    assert f"{fourth.lines.get().tax:.2f}" == "12960.00", "beside the second's 5,000 and its 840 alone"
    assert verify().differences == []
    with clock.at(cast.later()):
        submit_batch(actor=cast.finance, batch=third)
        approve_batch(actor=cast.approver, batch=third)
    assert verify().differences == []


def test_the_proof_names_a_line_whose_tax_the_month_does_not_give(cast):
    earn(cast, "1000000.00")
    cast.paid()
    earn(cast, "1666666.67")
    line = cast.approved().lines.get()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE commissions_payoutline DISABLE TRIGGER USER")
        cursor.execute("UPDATE commissions_payoutline SET tax = 800, net = gross - 800 WHERE id = %s", [line.pk])
    told = {one.check: one for one in verify().differences}["withheld"]
    assert (told.name, told.expected, told.found) == (f"{line.batch.number} {line.pk}", "840.0000", "800.0000")
    assert told.payee == str(cast.payee("I1").pk)


def test_another_company_taxes_for_itself(cast):
    earn(cast, "1000000.00")
    cast.paid()
    other = Cast(now=cast.now)
    other.agencies, other.brokers = cast.agencies, cast.brokers
    other.agree("Q1")
    other.plan("Q1", payee="broker", tiers=(("0", "0.003"),), release=AT_CONTRACT)
    other.contracted("I1", price="1000000.00")
    other.run()
    assert f"{other.drafted().lines.get().tax:.2f}" == "440.00"


def test_figures_that_changed_since_submission_are_refused_and_worked_out_on_return(cast):
    earn(cast, "1000000.00")
    first = cast.submitted()
    earn(cast, "1666666.67")
    second = cast.submitted()
    assert f"{second.lines.get().tax:.2f}" == "800.00"
    with clock.at(cast.later()):
        approve_batch(actor=cast.approver, batch=first)
        with pytest.raises(NotAllowed) as refusal:
            approve_batch(actor=cast.approver, batch=second)
    assert refusal.value.code == "figures_changed"
    second.refresh_from_db()
    assert second.state == "submitted"
    with clock.at(cast.later()):
        returned = return_batch(actor=cast.approver, batch=second, reason="taxes changed")
        assert f"{returned.lines.get().tax:.2f}" == "840.00"
        submit_batch(actor=cast.finance, batch=returned)
        assert approve_batch(actor=cast.approver, batch=returned).state == "approved"
