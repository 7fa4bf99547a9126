"""The ledger's own guards: what the database refuses, whoever asks."""

import pytest
from django.db import DatabaseError, IntegrityError, InternalError, connection, transaction
from django.db.models import ProtectedError

from channels_platform.lib import clock
from channels_platform.lib.ids import uuid7
from commissions.models import Accrual, CommissionRun, LedgerEntry, LedgerTransaction, PayoutBatch, PayoutLine
from tests.services.commissions.cast import AT_CONTRACT, Cast


@pytest.fixture
def cast(db) -> Cast:
    made = Cast()
    made.agency("A1", brokers=["B1"])
    made.plan("A1", release=AT_CONTRACT)
    made.contracted("B1")
    made.run()
    return made


def execute(statement: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def post(cast: Cast, *amounts: str) -> None:
    posted = LedgerTransaction.objects.create(
        project=cast.project, kind="accrual", currency="CNY", posted_at=clock.now()
    )
    LedgerEntry.objects.bulk_create(
        LedgerEntry(
            transaction=posted, project=cast.project, payee=cast.payee("A1"), account="pending", amount=amount, kind="x"
        )
        for amount in amounts
    )


@pytest.mark.parametrize("model", [LedgerEntry, LedgerTransaction])
def test_nothing_posted_is_changed_or_deleted(cast, model):
    table = model._meta.db_table
    before = list(model.objects.values())
    for statement in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}"):
        with pytest.raises(InternalError, match="Cannot update or delete"), transaction.atomic():
            execute(statement)
    with pytest.raises((DatabaseError, ProtectedError)), transaction.atomic():
        model.objects.all().delete()
    assert list(model.objects.values()) == before


@pytest.mark.parametrize("amounts", [("1",), ("1", "-0.9999"), ("1", "1", "-1")])
def test_a_transaction_that_does_not_balance_is_refused(cast, amounts):
    before = LedgerEntry.objects.count()
    with pytest.raises(IntegrityError, match="must sum to zero"), transaction.atomic():
        post(cast, *amounts)
    assert LedgerEntry.objects.count() == before
    post(cast, "1", "0.5", "-1.5")
    assert LedgerEntry.objects.count() == before + 3


def test_a_second_helping_cannot_unbalance_a_transaction(cast):
    posted = LedgerTransaction.objects.get()
    with pytest.raises(IntegrityError, match="must sum to zero"), transaction.atomic():
        LedgerEntry.objects.create(
            transaction=posted,
            project=cast.project,
            payee=cast.payee("A1"),
            account="paid",
            amount="1",
            kind="x",
        )


def test_an_entry_needs_its_transaction_of_its_project(cast):
    posted = LedgerTransaction.objects.get()
    for transaction_id, project in ((posted.pk + 1, cast.project), (posted.pk, Cast().project)):
        with pytest.raises(IntegrityError, match="needs its transaction"), transaction.atomic():
            LedgerEntry.objects.bulk_create(
                LedgerEntry(
                    transaction_id=transaction_id,
                    project=project,
                    payee=cast.payee("A1"),
                    account=account,
                    amount=amount,
                    kind="x",
                )
                for account, amount in (("paid", 1), ("payable", -1))
            )


def test_a_transaction_needs_its_project_and_a_run_of_that_project(cast):
    run = CommissionRun.objects.get()
    for project_id, run_id in ((uuid7(), None), (cast.project.pk, uuid7()), (Cast().project.pk, run.pk)):
        with pytest.raises(IntegrityError, match="needs its project"), transaction.atomic():
            LedgerTransaction.objects.create(
                project_id=project_id, run_id=run_id, kind="accrual", currency="CNY", posted_at=clock.now()
            )


def test_runs_are_kept_for_ever(cast):
    with pytest.raises(InternalError, match="Cannot delete"), transaction.atomic():
        execute("DELETE FROM commissions_commissionrun")


def test_an_entry_of_nothing_is_refused(cast):
    with pytest.raises(IntegrityError, match="ledger_entry_not_zero"), transaction.atomic():
        post(cast, "0", "0")


def test_a_lines_key_is_there_once(cast):
    line = Accrual.objects.get()
    line.pk = None
    with pytest.raises(IntegrityError, match="accrual_key"), transaction.atomic():
        line.save(force_insert=True)


def test_batches_and_lines_are_kept_for_ever(cast):
    batch = cast.drafted()
    for rows in (PayoutLine.objects.filter(batch=batch), PayoutBatch.objects.filter(pk=batch.pk)):
        with pytest.raises((DatabaseError, ProtectedError)), transaction.atomic():
            rows.delete()
    for table in ("commissions_payoutline", "commissions_payoutbatch"):
        with pytest.raises(InternalError, match="Cannot delete"), transaction.atomic():
            execute(f"DELETE FROM {table}")


def test_what_was_approved_is_what_is_paid(cast):
    batch = cast.approved()
    before = list(PayoutLine.objects.order_by("pk").values())
    for change in ("gross = gross + 1, net = net + 1", "tax = tax + 1, net = net - 1", "payee_id = gen_random_uuid()"):
        with pytest.raises(IntegrityError, match="an approved payout line is fixed"), transaction.atomic():
            execute(f"UPDATE commissions_payoutline SET {change}")
    for change in ("DELETE FROM commissions_payoutentry", "UPDATE commissions_payoutentry SET entry_id = entry_id + 1"):
        with pytest.raises(InternalError, match="Cannot"), transaction.atomic():
            execute(change)
    assert list(PayoutLine.objects.order_by("pk").values()) == before
    assert batch.lines.count() == len(before)


def test_a_line_is_above_zero_and_its_net_is_gross_less_tax(cast):
    line = cast.drafted().lines.get()
    for fault in ({"gross": 0, "net": 0}, {"tax": -1, "net": 10001}, {"net": 9999}):
        with pytest.raises(IntegrityError, match="payout_line"), transaction.atomic():
            PayoutLine.objects.filter(pk=line.pk).update(**fault)


def test_the_facts_behind_the_ledger_cannot_go(cast):
    entry = LedgerEntry.objects.first()
    for table, pk in (
        ("leads_deal", entry.deal_id),
        ("leads_referral", entry.referral_id),
        ("commissions_planversion", entry.version_id),
        ("projects_project", entry.project_id),
        ("commissions_payee", entry.payee_id),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            execute(f"DELETE FROM {table} WHERE id = %s", pk)
            execute("SET CONSTRAINTS ALL IMMEDIATE")
