"""A closing of a month: killed at any moment it leaves the month open; it waits for postings, and they for it."""

import random
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.db.models import Count, Sum

from channels_platform.lib import clock
from commissions.models import ClosedMonth, LedgerEntry, LedgerTransaction, Statement, StatementLine
from commissions.services.closing import close_month
from commissions.services.runs import bring_up_to_date
from tests.jobs.killing import killed_after, took
from tests.processes import until
from tests.services.commissions.bulk import many_deals
from tests.services.commissions.cast import Cast, at

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.serial]

DEALS = 800
KILLS = 4


def earned(tag: str, *, deals: int = DEALS) -> Cast:
    cast = Cast()
    cast.agency("A1", brokers=["B1", "B2"])
    cast.plan("A1", bonuses=[{"name": "cash", "amount": "500.00", "to": "broker", "release": "contracted"}])
    many_deals(project=cast.project, brokers=list(cast.brokers.values()), deals=deals, tag=tag)
    with clock.at(at("03-31 23:00")):
        bring_up_to_date(projects=[cast.project.pk], wait=True)
    return cast


def post(cast: Cast, *, held_back: Event) -> None:
    """Post one unit beside any deal, as of March, and commit once told to; no lock of ours is asked for."""
    try:
        with clock.at(at("03-31 23:59")), transaction.atomic():
            posted = LedgerTransaction.objects.create(
                project=cast.project, kind="repayment", currency="CNY", posted_at=clock.now()
            )
            LedgerEntry.objects.bulk_create(
                LedgerEntry(
                    transaction=posted, project=cast.project, payee=cast.payee("A1"), account=account, amount=amount,
                    kind="repayment",
                )
                for account, amount in (("payable", 1), ("paid", -1))
            )  # fmt: skip
            held_back.wait(20)
    finally:
        connections.close_all()


def test_a_closing_waits_for_what_is_being_posted_and_nothing_is_posted_after_it():
    cast, go = earned("waits", deals=3), Event()
    before = LedgerEntry.objects.filter(payee=cast.payee("A1"), account="paid").count()
    with ThreadPoolExecutor(2) as pool:
        posting = pool.submit(post, cast, held_back=go)
        until(lambda: _locks() > 0, what="the posting")
        closing = pool.submit(_closed, cast)
        until(lambda: _waiting() > 0, what="the closing to wait")
        go.set()
        posting.result(30)
        closing.result(30)
    assert LedgerEntry.objects.filter(payee=cast.payee("A1"), account="paid").count() == before + 1
    assert Statement.objects.get(payee=cast.payee("A1")).paid == -1
    with pytest.raises(IntegrityError, match="closed month"):
        post(cast, held_back=go)


def _closed(cast: Cast) -> None:
    try:
        with clock.at(at("04-02 09:00")):
            close_month(actor=cast.finance, company=cast.company, month=at("03-01 00:00").date())
    finally:
        connections.close_all()


def _locks() -> int:
    return _count("locktype = 'advisory' AND classid = 7403 AND granted")


def _waiting() -> int:
    return _count("locktype = 'advisory' AND classid = 7403 AND NOT granted")


def _count(condition: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM pg_locks WHERE {condition} "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        return int(cursor.fetchone()[0])


def figures(cast: Cast) -> list[tuple[object, ...]]:
    rows = Statement.objects.filter(closing_of__company=cast.company).order_by()
    found = rows.values_list("payee_name", "closing_of__month").annotate(Sum("lines__earned"), Count("lines"))
    return sorted(map(tuple, found), key=str)


def test_killed_at_any_moment_the_month_is_open_or_closed_whole():
    dice = random.Random(20261127)
    calm, troubled = earned("calm"), earned("troubled")

    def close(cast: Cast) -> None:
        with clock.at(at("04-02 09:00")):
            close_month(actor=cast.finance, company=cast.company, month=at("03-01 00:00").date())

    time = took(lambda: close(calm))
    whole = Statement.objects.count(), StatementLine.objects.count()
    assert whole == (3, 2 * DEALS)
    at_work = 0
    for place in range(1, KILLS + 1):
        at_work += killed_after(dice.random() * time * place / KILLS, lambda: close(troubled))
        mine = Statement.objects.filter(closing_of__company=troubled.company)
        lines = StatementLine.objects.filter(statement__in=mine)
        months = ClosedMonth.objects.filter(company=troubled.company).count()
        assert (months, mine.count(), lines.count()) in ((0, 0, 0), (1, *whole))
    assert at_work, "no kill met a closing at work"
    close(troubled)
    close(troubled)
    assert figures(troubled) == figures(calm)
    assert ClosedMonth.objects.count() == 2
