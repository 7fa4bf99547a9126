"""Approval chains: as many people as the amount asks for, each once, of the same thing; a change voids those given."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, InternalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from brokers.models import Agency, Broker
from channels_platform.accounts.models import User
from channels_platform.accounts.permissions import Role
from channels_platform.audit.models import Event
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed, Refused
from channels_platform.notices.models import Notice
from commissions.batch_facts import changed_since_approval, digest_of, facts_of
from commissions.models import ApprovalRule, ApprovedLine, BatchApproval, Invoice, PayoutBatch, PayoutLine
from commissions.services.approvals import keep_rule
from commissions.services.payouts import (
    approve_batch,
    attach_invoice,
    pay_batch,
    return_batch,
    submit_batch,
    void_batch,
)
from commissions.services.reissue import reissue_failed
from tests.accounts_at_banks import open_account
from tests.services.commissions.bulk import many_deals
from tests.services.commissions.cast import AT_CONTRACT, Cast, at, figures, person


@pytest.fixture
def paying(cast) -> Cast:
    """10,000.00 is payable to A1, and 3,000.00 to its broker B1."""
    cast.plan("A1", bonuses=[{"name": "cash", "amount": "3000.00", "to": "broker", "release": "contracted"}])
    cast.collected("B1")
    cast.run()
    return cast


def need(cast: Cast, approvals: int, *, from_amount: str = "0") -> ApprovalRule:
    rule = ApprovalRule(
        company=cast.company, currency=cast.currency, from_amount=Decimal(from_amount), approvals=approvals
    )
    return keep_rule(actor=cast.manager, rule=rule)


def approve(cast: Cast, batch: PayoutBatch, actor: Any, **given: Any) -> PayoutBatch:
    with clock.at(cast.later()):
        return approve_batch(actor=actor, batch=batch, **given)


def refused(call, *args: Any, kind: type[Refused] = NotAllowed, **given: Any) -> str:
    with pytest.raises(kind) as refusal:
        call(*args, **given)
    return refusal.value.code


def test_a_batch_is_approved_with_the_last_approval_that_its_amount_asks_for(paying):
    need(paying, 2, from_amount="13000.00")
    need(paying, 3, from_amount="13000.01")
    batch, second = paying.submitted(), person(Role.FINANCE_APPROVER)
    assert batch.approvals_needed == 2
    assert approve(paying, batch, paying.approver).state == "submitted"
    assert refused(approve, paying, batch, paying.approver) == "approved_already"
    approved = approve(paying, batch, second)
    assert (approved.state, approved.approved_by) == ("approved", second)
    given = BatchApproval.objects.filter(batch=batch, voided_at=None)
    assert [one.approver for one in given] == [paying.approver, second]
    assert len(set(given.values_list("digest", flat=True))) == 1
    kept = {str(one.line.payee): (f"{one.gross:.2f}", f"{one.net:.2f}") for one in ApprovedLine.objects.all()}
    assert kept == {"A1": ("10000.00", "10000.00"), "B1": ("3000.00", "2560.00")}
    actions = Event.objects.filter(target_id=str(batch.pk)).order_by("id").values_list("action", flat=True)
    assert list(actions)[-2:] == ["batch.approval_given", "batch.approved"]


def test_a_batch_keeps_the_rule_it_was_submitted_under(paying):
    rule = need(paying, 1)
    batch = paying.submitted()
    rule.approvals = 3
    keep_rule(actor=paying.manager, rule=rule)
    assert approve(paying, batch, paying.approver).state == "approved"
    returned = return_batch(actor=paying.approver, batch=batch, reason="once more")
    assert submit_batch(actor=paying.finance, batch=returned).approvals_needed == 3


def test_nobody_has_two_roles_in_one_batch_whatever_they_may_do(paying):
    need(paying, 2)
    both = person(Role.FINANCE, is_superuser=True)
    batch = paying.invoiced(paying.drafted())
    submit_batch(actor=both, batch=batch)
    assert refused(approve, paying, batch, both, kind=Forbidden) == "own_batch"
    approve(paying, batch, paying.approver)
    returned = return_batch(actor=paying.approver, batch=batch, reason="no")
    assert refused(approve, paying, returned, paying.approver) == "not_allowed"


@pytest.mark.parametrize("role", ["prepared_by", "submitted_by"])
def test_the_database_takes_no_approval_by_who_prepared_or_submitted(paying, role):
    batch = paying.submitted()
    PayoutBatch.objects.filter(pk=batch.pk).update(prepared_by=paying.finance, submitted_by=person(Role.FINANCE))
    batch.refresh_from_db()
    with pytest.raises(IntegrityError, match="neither prepared nor submitted"), transaction.atomic():
        BatchApproval.objects.create(batch=batch, approver=getattr(batch, role), given_at=clock.now())


def test_the_database_holds_the_chain_itself(paying):
    need(paying, 2)
    batch = paying.submitted()
    approve(paying, batch, paying.approver)
    batches, lines, given = PayoutBatch.objects, PayoutLine.objects.filter(batch=batch), BatchApproval.objects
    attempts = {
        "as many as it needs": lambda: batches.update(state="approved", approved_by=person(Role.FINANCE_APPROVER)),
        "is fixed when it is submitted": lambda: batches.update(approvals_needed=1),
        "two roles": lambda: batches.update(submitted_by=paying.approver),
        "approvals given are void": lambda: lines.update(tax=0, net=1, gross=1),
        "once_by_each": lambda: given.create(batch=batch, approver=paying.approver, given_at=paying.now),
        "Cannot update": lambda: given.update(digest="x"),
        "Cannot delete": lambda: given.all().delete(),
        "Cannot update or delete": lambda: ApprovedLine.objects.update(gross=1),
    }
    for said, attempt in attempts.items():
        with pytest.raises((IntegrityError, InternalError), match=said), transaction.atomic():
            attempt()
    return_batch(actor=paying.approver, batch=batch, reason="x")
    with pytest.raises(InternalError, match="Cannot update"), transaction.atomic():
        given.update(voided_at=None, voided_because="")


def test_a_change_to_a_line_voids_the_approvals_given_and_tells_who_gave_them(paying):
    need(paying, 2)
    batch = paying.submitted()
    approve(paying, batch, paying.approver)
    line = batch.lines.get(payee=paying.payee("A1"))
    attach_invoice(actor=paying.finance, line=line, number="INV-NEW", amount=line.gross, vat_rate=Decimal("0.06"))
    given = BatchApproval.objects.get()
    assert (given.voided_because, batch.approvals.filter(voided_at=None).count()) == ("line_changed", 0)
    event = Event.objects.get(action="batch.approvals_voided")
    assert (event.actor, event.after["approvers"]) == (paying.finance, [str(paying.approver.pk)])
    assert Notice.objects.get(kind="batch.approvals_voided").recipient == paying.approver
    assert approve(paying, batch, person(Role.FINANCE_APPROVER)).state == "submitted"
    assert approve(paying, batch, paying.approver).state == "approved"


def test_approvals_are_all_of_the_same_an_account_changed_between_them_asks_the_first_again(paying):
    need(paying, 2)
    batch, second = paying.submitted(), person(Role.FINANCE_APPROVER)
    approve(paying, batch, paying.approver)
    open_account(paying.agencies["A1"], "6222020200112233", at=paying.now - timedelta(days=2))
    assert approve(paying, batch, second).state == "submitted"
    assert [one.approver for one in batch.approvals.filter(voided_at=None)] == [second]
    assert approve(paying, batch, paying.approver).state == "approved"


@pytest.mark.parametrize("move", [return_batch, void_batch])
def test_what_is_returned_or_given_up_has_no_approval(paying, move):
    need(paying, 2)
    batch = paying.submitted()
    approve(paying, batch, paying.approver)
    with clock.at(paying.later()):
        move(actor=paying.approver, batch=batch, reason="no")
    assert not batch.approvals.filter(voided_at=None).exists()


def test_nothing_is_approved_that_changed_since_it_was_seen(paying):
    batch = paying.submitted()
    seen = digest_of(facts_of(batch))
    line = batch.lines.get(payee=paying.payee("A1"))
    attach_invoice(actor=paying.finance, line=line, number="INV-NEW", amount=line.gross, vat_rate=Decimal("0.06"))
    assert refused(approve, paying, batch, paying.approver, seen=seen) == "batch_changed"
    assert not BatchApproval.objects.exists()
    assert approve(paying, batch, paying.approver, seen=digest_of(facts_of(batch))).state == "approved"


def test_what_was_approved_is_kept_and_shown_against_what_is_true_now(paying):
    batch = paying.approved()
    assert changed_since_approval(batch) == []
    open_account(paying.agencies["A1"], "6222020200112233", at=paying.now - timedelta(days=2))
    [changed] = changed_since_approval(batch)
    assert str(changed.payee) == "A1"
    assert [(one.what, one.was, one.now) for one in changed.changes] == [("Bank account", "–", "Lake Bank ****2233")]
    results = [{"line": line.pk, "bank_reference": "B1"} for line in batch.lines.all()]
    with clock.at(paying.later()):
        pay_batch(actor=paying.finance, batch=batch, results=results)
    assert changed_since_approval(batch) == [], "a paid line is past"


def test_a_digest_is_of_every_fact_of_every_line(paying):
    facts = facts_of(paying.submitted())
    whole = {digest_of(facts), digest_of(facts[:1]), digest_of(reversed(facts))}
    for name, value in (("gross", Decimal(1)), ("net", Decimal(1)), ("tax", Decimal(1)), ("entries", "x"),
                        ("invoice", "x"), ("account_key", "x")):  # fmt: skip
        whole.add(digest_of([replace(facts[0], **{name: value}), *facts[1:]]))
    assert len(whole) == 9


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"approvals": 4}, ValidationError),
        ({"approvals": 0}, ValidationError),
        ({"from_amount": Decimal(-1)}, ValidationError),
        ({"from_amount": Decimal("0.001")}, Invalid),
        ({"currency": "XQX"}, Invalid),
    ],
)
def test_a_rule_is_one_to_three_from_an_amount_of_its_currency(paying, change, kind):
    fields = {"company": paying.company, "currency": "CNY", "from_amount": Decimal(1), "approvals": 2, **change}
    with pytest.raises(kind):
        keep_rule(actor=paying.manager, rule=ApprovalRule(**fields))
    with pytest.raises(Forbidden):
        keep_rule(actor=paying.finance, rule=ApprovalRule(**fields))
    assert not ApprovalRule.objects.exists()


@pytest.mark.parametrize(("currency", "amount"), [("BHD", "100.001"), ("CNY", "100.01")])
def test_a_rules_change_by_the_least_its_currency_has_is_kept_and_recorded(db, currency, amount):
    cast = Cast(currency=currency)
    rule = need(cast, 2, from_amount="100")
    rule.from_amount = Decimal(amount)
    keep_rule(actor=cast.manager, rule=rule)
    assert ApprovalRule.objects.get().from_amount == Decimal(amount)
    assert Event.objects.get(action="approval_rule.changed").after["from_amount"] == amount
    keep_rule(actor=cast.manager, rule=rule)
    assert Event.objects.filter(action="approval_rule.changed").count() == 1, "the same again is no change"


def test_failed_lines_are_reissued_in_one_step_with_their_invoices_and_no_others(paying):
    batch = paying.paid(failing=[paying.payee("A1")])
    paying.plan("A2")
    paying.collected("C1")
    paying.run()
    with clock.at(paying.later()):
        again = reissue_failed(actor=paying.finance, batch=batch)
        assert [(str(line.payee), line.gross) for line in again.lines.all()] == [("A1", 10000)]
        assert (again.reissue_of, again.state) == (batch, "draft")
        number = Invoice.objects.get(line__batch=again).number
        assert number == Invoice.objects.get(line__batch=batch, line__payee=paying.payee("A1")).number
        assert refused(reissue_failed, actor=paying.finance, batch=batch) == "nothing_failed", "it is in that batch"
        submit_batch(actor=paying.finance, batch=again)
    assert approve(paying, again, paying.approver).state == "approved"
    with clock.at(paying.later()):
        pay_batch(
            actor=paying.finance,
            batch=again,
            results=[{"line": line.pk, "bank_reference": "R"} for line in again.lines.all()],
        )
    assert paying.figures("A1") == figures(earned="10000.00", paid="10000.00")
    assert paying.figures("A2")["payable"] == "10000.00"
    assert refused(reissue_failed, actor=paying.finance, batch=again) == "nothing_failed"


def test_what_is_owed_back_meanwhile_is_netted_from_a_reissue(paying):
    first = paying.collected("B1", price="400000.00")
    paying.run()
    batch = paying.paid(failing=[paying.payee("A1")])
    paying.cancel(first)
    paying.run()
    with clock.at(paying.later()):
        again = reissue_failed(actor=paying.finance, batch=batch)
    assert [f"{line.gross:.2f}" for line in again.lines.all()] == ["10000.00"]
    assert not Invoice.objects.filter(line__batch=again).exists(), "its invoice was of 14,000.00"


def many_brokers(cast: Cast, agency: Agency, size: int) -> list[Broker]:
    users = User.objects.bulk_create(
        User(username=f"{agency.code}-{n}", name=f"B{n}", role=Role.BROKER) for n in range(size)
    )
    return Broker.objects.bulk_create(Broker(user=user, agency=agency, created_at=cast.now) for user in users)


def test_a_batch_is_approved_in_as_many_statements_whatever_its_length(db):
    """A broker a line: 10 lines and 500."""
    counts = []
    for size in (10, 500):
        cast = Cast(now=at("09-01 09:00"))
        brokers = many_brokers(cast, cast.agency("A1"), size)
        cast.plan("A1", payee="broker", release=AT_CONTRACT)
        many_deals(project=cast.project, brokers=brokers, deals=size, tag=f"t{size}")
        cast.run()
        need(cast, 2)
        batch = cast.submitted()
        assert batch.lines.count() == size
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        for actor in (cast.approver, person(Role.FINANCE_APPROVER)):
            with CaptureQueriesContext(connection) as asked:
                approved = approve(cast, batch, actor)
            counts.append(len(asked))
        assert approved.state == "approved"
    assert counts[:2] == counts[2:]
    assert max(counts) < 40
