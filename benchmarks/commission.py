"""Commission runs and settlement: speed against one SQL statement, memory, independence of other projects.

`python -m benchmarks.commission PART` measures one part in a process of its own and prints JSON.
"""

import json
import subprocess
import sys
from typing import Any

from benchmarks.databases import ROOT, environment
from benchmarks.measures import Results, Target

MANY, FEW, SETTLED = 100_000, 10_000, 10_000
_FLOOR_TABLE = "CREATE TABLE IF NOT EXISTS floor_figures (deal_id uuid, rate numeric, earned numeric)"
# The tier figures alone: every deal of the period at the tier its total reaches.
_FLOOR = """
INSERT INTO floor_figures
SELECT id, rate, round(price * rate, 2)
FROM (
    SELECT d.id, d.price, r.agency_id, count(*) OVER (PARTITION BY r.agency_id, date_trunc('month', d.contracted_at)) AS total
    FROM leads_deal AS d JOIN leads_dealshare AS s ON s.deal_id = d.id AND s.ended_at IS NULL
    JOIN leads_referral AS r ON r.id = s.referral_id
    WHERE d.project_id = %s AND d.contracted_at IS NOT NULL AND d.cancelled_at IS NULL
) AS laid
JOIN (VALUES (0, 20, 0.06), (20, 40, 0.062), (40, 60, 0.064), (60, 80, 0.066), (80, 100, 0.068), (100, 1e9, 0.07))
    AS tier (low, high, rate) ON total >= low AND total < high
"""


def measure(results: Results, url: str, wanted: set[str]) -> None:
    """Run each part in turn on one database."""
    if "commission" in wanted:
        alone = _part(url, "alone", 1_000)
        few, many = _part(url, "run", FEW), _part(url, "run", MANY)
        print(
            f"     {many['seconds']:.1f} s for {MANY:,} deals ({MANY / many['seconds']:,.0f}/s); floor {many['floor']:.2f} s"
        )
        print(f"     peak memory: {few['memory']:.0f} MB at {FEW:,}, {many['memory']:.0f} MB at {MANY:,}")
        results.add(
            "commission run of 100,000 deals against the tier figures in SQL",
            many["floor"] / many["seconds"],
            Target(at_least=0.1),
        )
        results.add(
            "commission run: memory at 100,000 against 10,000", many["memory"] / few["memory"], Target(at_most=1.25)
        )
        beside = _part(url, "beside", 1_000)
        results.add(
            "commission run after one payment, beside 110,000 deals of others against alone",
            beside["seconds"] / alone["seconds"],
            Target(at_most=1.3),
        )
    if "settlement" in wanted:
        settled = _part(url, "settle", SETTLED)
        results.add(
            "settlement into payout lines: deals a second", SETTLED / settled["seconds"], Target(at_least=10_000)
        )


def _part(url: str, part: str, deals: int) -> dict[str, float]:
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.commission", part, str(deals)],
        cwd=ROOT, env=environment(url), check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    answer: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    return answer


def _main(part: str, deals: int) -> None:
    import resource
    import statistics
    import time

    import django

    django.setup()
    from django.db import connection

    from commissions.services.payouts import draft_batch
    from commissions.services.runs import run_commissions

    project = make_project(f"{part}-{deals}", deals)
    answer: dict[str, float] = {}
    begun = time.perf_counter()
    run_commissions(project=project)
    answer["seconds"] = time.perf_counter() - begun
    answer["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if part == "run":
        with connection.cursor() as cursor:
            cursor.execute(_FLOOR_TABLE)
            times = []
            for _ in range(5):
                cursor.execute("TRUNCATE floor_figures")
                begun = time.perf_counter()
                cursor.execute(_FLOOR, [project.pk])
                times.append(time.perf_counter() - begun)
        answer["floor"] = statistics.median(times)
    elif part in ("alone", "beside"):
        answer["seconds"] = statistics.median(_run_after_payment(project) for _ in range(5))
    elif part == "settle":
        begun = time.perf_counter()
        draft_batch(actor=None, company=project.company, currency=project.currency)
        answer["seconds"] = time.perf_counter() - begun
    print(json.dumps(answer))


def _run_after_payment(project: Any) -> float:
    import secrets
    import time
    from decimal import Decimal

    from commissions.services.runs import bring_up_to_date
    from leads.models import Deal
    from leads.services.payments import record_payment

    deal = Deal.objects.filter(project=project).order_by("?").first()
    assert deal is not None
    record_payment(actor=None, deal=deal, amount=Decimal(1), reference=secrets.token_hex(8))
    begun = time.perf_counter()
    bring_up_to_date(wait=True)
    return time.perf_counter() - begun


def make_project(code: str, deals: int) -> Any:
    """Make a project with a retroactive monthly plan for each of four agencies, and its deals."""
    from datetime import date
    from decimal import Decimal

    from django.db import connection

    from benchmarks.deals import seed_deals
    from brokers.models import Agency, Broker
    from channels_platform.accounts.models import User
    from channels_platform.privacy.keys import cipher
    from commissions.services.plans import approve_plan_version, draft_plan_version
    from projects.models import PayingCompany, Project
    from projects.services.projects import create_project

    author, approver = User.objects.filter(username__in=["bench-0", "bench-1"]).order_by("username")
    company = PayingCompany.objects.create(code=code, name=code, minimum_amount=Decimal(0))
    project = create_project(actor=author, code=code, name=code, company=company, status=Project.Status.OPEN)
    rates = ["0.06", "0.062", "0.064", "0.066", "0.068", "0.07"]
    everything = [{"when": "fully_collected", "fraction": "1"}]
    for agency in Agency.objects.filter(code__startswith="BA"):
        version = draft_plan_version(
            actor=author,
            project=project,
            agency=agency,
            payee="agency",
            applies_to="referred",
            basis="price",
            measure="units",
            period="month",
            scope="agency",
            mode="retroactive",
            from_on=date(2026, 1, 1),
            tiers=[{"from": str(20 * n), "rate": rate} for n, rate in enumerate(rates)],
            release={"lump_sum": everything, "instalment": everything, "mortgage": everything},
        )
        approve_plan_version(actor=approver, version=version, reason="a benchmark")
    facts = {
        "project": project.pk,
        "policy": project.policies.get().pk,
        "brokers": list(
            Broker.objects.filter(agency__code__startswith="BA").order_by("pk").values_list("pk", flat=True)
        ),
        "token": cipher().encrypt("张三"),
        "prefix": f"{code}-referral-",
    }
    with connection.cursor() as cursor:
        seed_deals(cursor, facts=facts, deals=deals)
    return project


if __name__ == "__main__":
    _main(sys.argv[1], int(sys.argv[2]))
