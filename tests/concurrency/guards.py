"""Guards taken away, one layer at a time, to show that a race is seen where nothing guards against it.

The locks go in a process of its own (`take_locks_away`), the database's own guards for a test (`without`).
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection


def take_locks_away(*, dwell: float) -> None:
    """Let this process judge without locks, and dwell so many seconds between judging and writing."""

    def dwelling(work: Callable[..., Any]) -> Callable[..., Any]:
        def slow(*args: Any, **kwargs: Any) -> Any:
            result = work(*args, **kwargs)
            time.sleep(dwell)
            return result

        return slow

    from commissions import locks
    from commissions.models import PayoutBatch
    from commissions.services import payouts, runs, schedule
    from leads.models import Dispute, Referral
    from leads.services import deals, filing, visits
    from leads.services.disputes import judging
    from projects.models import PayingCompany

    filing._lock_and_keep = _keep_only
    filing.decide_filing = dwelling(filing.decide_filing)

    visits.lock_keys = visits.lock_phones = _nothing
    visits.lock_referrals = lambda ids: Referral.objects.select_related("policy", "project").in_bulk(ids)
    # whoever makes its rivals lost waits for their rows, which is a lock by another name
    visits._rival_ids = lambda *_: []
    visits.decide_visit = dwelling(visits.decide_visit)

    deals.lock_unit = _nothing

    judging.lock_dispute = lambda one: Dispute.objects.select_related("project", "referral", "deal").get(pk=one.pk)
    judging.require_discreet = dwelling(judging.require_discreet)

    locks.lock_run = _nothing
    locks.try_lock_run = lambda _: True
    locks.lock_company = lambda pk: PayingCompany.objects.get(pk=pk)
    locks.lock_batch = lambda pk: PayoutBatch.objects.select_related("company").get(pk=pk)
    payouts.changed_taxes = dwelling(payouts.changed_taxes)
    schedule.last_due = dwelling(schedule.last_due)
    payouts.withhold_taxes = dwelling(payouts.withhold_taxes)
    runs.Posting.apply = dwelling(runs.Posting.apply)


def _nothing(*_: Any, **__: Any) -> None:
    return None


def _keep_only(project: Any, numbers: Any, limit_key: Any) -> tuple[int, list[int]]:
    """Keep the phones and draw a number, under no lock."""
    from channels_platform.privacy.services import keep_phones
    from leads.services.filing import next_number

    kept = keep_phones(numbers)
    return next_number("referral_number"), [kept[number].pk for number in numbers]


@contextmanager
def without(**guards: str) -> Iterator[None]:
    """Drop unique indexes or constraints, given as name=table; at the end empty the tables and put the guards back."""
    with connection.cursor() as cursor:
        made = [_drop(cursor, name, table) for name, table in guards.items()]
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {', '.join(guards.values())} CASCADE")
            for statement in made:
                cursor.execute(statement)


def _drop(cursor: Any, name: str, table: str) -> str:
    """Drop one guard; return the statement that makes it again."""
    cursor.execute("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", [name])
    if (row := cursor.fetchone()) is not None:
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        return f"ALTER TABLE {table} ADD CONSTRAINT {name} {row[0]}"
    cursor.execute("SELECT pg_get_indexdef(%s::regclass)", [name])
    statement = str(cursor.fetchone()[0])
    cursor.execute(f"DROP INDEX {name}")
    return statement
