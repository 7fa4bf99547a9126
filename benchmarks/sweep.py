"""The expiry sweep of 200,000 due rows against the same two writes in one statement per 5,000."""

import subprocess
import sys

from benchmarks.databases import ROOT, environment
from benchmarks.measures import Results, Target, interleaved

ROWS = 200_000
BATCH = 5_000

_FLOOR = """
WITH due AS (
    SELECT id FROM leads_referral WHERE state = 'filed' AND lapse_at <= now() LIMIT 5000 FOR UPDATE SKIP LOCKED
), moved AS (
    UPDATE leads_referral SET state = 'lapsed' FROM due WHERE leads_referral.id = due.id
    RETURNING leads_referral.id, number, project_id, agency_id
)
INSERT INTO audit_event (at, action, target_kind, target_id, target_label, project_id, agency_id, before, after, reason, request_id)
SELECT now(), 'referral.lapsed', 'leads.referral', id::text, number, project_id, agency_id,
    '{"state": "filed"}', '{"state": "lapsed"}', '', ''
FROM moved
"""


def measure(results: Results, url: str) -> None:
    """Time both over half of the due rows each, in turn, in a process of their own."""
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.sweep"],
        cwd=ROOT,
        env=environment(url),
        check=True,
        capture_output=True,
        text=True,
    )
    sweep, floor = (float(word) for word in ran.stdout.split())
    print(f"     rows/s: sweep {sweep:,.0f}, floor {floor:,.0f}")
    results.add(f"sweep: {ROWS:,} due rows with events, against bare statements", sweep / floor, Target(at_least=0.5))


def _main() -> None:
    import time

    import django

    django.setup()
    from django.db import connection, transaction

    from leads.services import sweep as service

    rounds, share = 5, ROWS // 10

    def product() -> float:
        begun, done = time.perf_counter(), 0
        while done < share:
            done += sum(service._sweep_batch(service._LAPSE_DUE, BATCH))
        return share / (time.perf_counter() - begun)

    def floor() -> float:
        begun, done = time.perf_counter(), 0
        while done < share:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(_FLOOR)
                done += cursor.rowcount
        return share / (time.perf_counter() - begun)

    took = interleaved({"product": product, "floor": floor}, rounds)
    print(took["product"], took["floor"])


if __name__ == "__main__":
    _main()
