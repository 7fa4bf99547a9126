"""A worker killed at any moment of a run or a monthly draft leaves nothing half done; the next ends as if untouched."""

import random

import pytest
from django.db import connection
from django.db.models import Count, Sum

from channels_platform.lib import clock
from commissions.models import Accrual, LedgerEntry, PayoutBatch, PayoutEntry, PayoutLine
from commissions.services.runs import bring_up_to_date
from commissions.services.schedule import schedule_payouts
from leads.models import DealOutbox
from tests.jobs.killing import killed_after, took
from tests.processes import until
from tests.services.commissions.bulk import many_deals
from tests.services.commissions.cast import Cast, at

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.serial]

DEALS = 5_000
KILLS = 6
RUN_AT, DRAFT_AT = at("04-01 09:00"), at("04-07 09:00")


def built(tag: str) -> Cast:
    cast = Cast()
    cast.agency("A1", brokers=["B1", "B2"])
    bonus = [{"name": "cash", "amount": "500.00", "to": "broker", "release": "contracted"}]
    tiers = (("0", "0.01"), ("1000", "0.012"), ("5000", "0.015"))
    cast.plan("A1", mode="retroactive", tiers=tiers, bonuses=bonus)
    many_deals(project=cast.project, brokers=list(cast.brokers.values()), deals=DEALS, tag=tag)
    return cast


def run_all() -> None:
    with clock.at(RUN_AT):
        bring_up_to_date(wait=True)


def draft_all() -> None:
    with clock.at(DRAFT_AT):
        schedule_payouts()


def ledger(cast: Cast) -> list[tuple[object, ...]]:
    rows = LedgerEntry.objects.filter(project=cast.project).order_by()
    found = rows.values_list("deal__number", "account", "kind").annotate(Sum("amount"), Count("pk"))
    return sorted((number.rpartition("-")[2], *rest) for number, *rest in found)


def lines(cast: Cast) -> list[tuple[object, ...]]:
    found = PayoutLine.objects.filter(batch__company=cast.company)
    return sorted(found.values_list("payee__broker__user__name", "gross", "tax"), key=str)


def test_killed_at_any_moment_it_ends_as_if_undisturbed(transactional_db):
    dice = random.Random(20261122)
    calm = built("calm")
    run_time, draft_time = took(run_all), took(draft_all)
    troubled = built("troubled")

    at_work = 0
    # early ones first: once a run got through there is nothing left to kill
    for place in range(1, KILLS + 1):
        at_work += killed_after(dice.random() * run_time * place / KILLS, run_all)
        posted = LedgerEntry.objects.filter(project=troubled.project).count()
        told = DealOutbox.objects.filter(project=troubled.project).exists()
        assert (posted, told) in ((0, True), (len(ledger(calm)), False))
        assert Accrual.objects.filter(project=troubled.project).count() in (0, 2 * DEALS)
    assert at_work, "no kill met a run at work"
    until(lambda: run_all() or not DealOutbox.objects.exists(), what="the run")
    assert ledger(troubled) == ledger(calm)

    for place in range(1, KILLS + 1):
        killed_after(dice.random() * draft_time * place / KILLS, draft_all)
        batches = PayoutBatch.objects.filter(company=troubled.company)
        entries = PayoutEntry.objects.filter(line__batch__in=batches).count()
        assert (batches.count(), entries) in ((0, 0), (1, 2 * DEALS))
    until(lambda: draft_all() or PayoutBatch.objects.filter(company=troubled.company).exists(), what="the draft")
    assert lines(troubled) == lines(calm)
    assert PayoutBatch.objects.count() == 2
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM commissions_ledgerentry GROUP BY transaction_id HAVING sum(amount) <> 0")
        assert cursor.fetchall() == []
