"""Seals and proofs while others post: no seal has a gap that is filled later, and a proof sees one moment."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from django.db import connection, transaction

from channels_platform.lib import clock
from commissions.models import LedgerEntry, LedgerSeal, LedgerTransaction
from commissions.proof import verify as proof
from commissions.services.ledger_checks import seal_ledger
from commissions.services.runs import run_commissions
from tests.jobs.test_commission_races import at_once
from tests.services.commissions.cast import AT_CONTRACT, Cast

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.serial]


@pytest.fixture
def cast(transactional_db) -> Cast:
    made = Cast()
    made.agency("A1", brokers=["B1"])
    made.plan("A1", release=AT_CONTRACT)
    made.contracted("B1")
    return made


def posted(cast, *, then=lambda: None):
    """Post what a project has, do something else, and only then commit."""
    try:
        with clock.at(cast.now), transaction.atomic():
            run_commissions(project=cast.project)
            then()
    finally:
        connection.close()


def test_a_seal_waits_for_who_is_posting_below_what_is_posted_already(cast):
    other = Cast()
    other.agency("A1", brokers=["B1"])
    other.plan("A1", release=AT_CONTRACT)
    other.contracted("B1")
    begun, ended = Event(), Event()

    def slowly():
        begun.set()
        assert ended.wait(20)

    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(posted, cast, then=slowly)
        assert begun.wait(20)
        other.run()  # above what is not committed yet
        sealing = pool.submit(lambda: (seal_ledger(), connection.close())[0])
        with pytest.raises(TimeoutError):
            sealing.result(0.5)
        ended.set()
        slow.result(20)
        seal = sealing.result(20)
    assert (seal.transactions, seal.entries) == (LedgerTransaction.objects.count(), LedgerEntry.objects.count())
    assert seal.transactions == 2
    assert proof.verify().ok


def test_of_two_who_seal_at_once_one_makes_a_seal(cast):
    cast.run()
    assert sorted(map(str, at_once(seal_ledger, seal_ledger))) == ["#1", "None"]
    assert LedgerSeal.objects.get().upto == LedgerTransaction.objects.get().pk


def test_a_proof_sees_one_moment_whatever_is_posted_meanwhile(cast, monkeypatch):
    cast.run()
    cast.contracted("B1")
    seen = []

    def meanwhile(report):
        seen.append(LedgerEntry.objects.count())
        with ThreadPoolExecutor(1) as pool:
            pool.submit(posted, cast).result(20)
        seen.append(LedgerEntry.objects.count())

    monkeypatch.setattr(proof, "CHECKS", (meanwhile, *proof.CHECKS))
    assert proof.verify().counts["entries"] == seen[0] == seen[1] < LedgerEntry.objects.count()
