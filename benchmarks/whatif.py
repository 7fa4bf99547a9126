"""What if over 100,000 referrals against 10,000: memory, and progress that is seen to move.

`python -m benchmarks.whatif` judges one history anew in a process of its own, watched from beside, and prints JSON.
"""

import json
import subprocess
import sys
from typing import Any

from benchmarks.databases import ROOT, environment
from benchmarks.measures import Results, Target

REFERRALS = 100_000
STEPS = 20
_RULES = {"exclusive_from": "visit", "protection_days": 7, "visit_within_hours": 2, "lookback_days": 0}


def measure(results: Results, small: str, large: str) -> None:
    """Ask the same of two histories, one ten times the other."""
    few, many = _part(small), _part(large)
    for one in (few, many):
        print(
            f"     {one['filings']:,.0f} filings, {one['changed']:,.0f} would be others: {one['seconds']:.1f} s,"
            f" {one['memory']:.0f} MB (idle {one['idle']:.0f}), {one['steps']:.0f} steps seen"
        )
    results.add(
        "what if: memory at 100,000 referrals against 10,000", many["memory"] / few["memory"], Target(at_most=1.3)
    )
    results.add("what if: steps of its progress seen while it runs", many["steps"], Target(at_least=STEPS))


def _part(url: str) -> dict[str, float]:
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.whatif"],
        cwd=ROOT, env=environment(url), check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    answer: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    return answer


def _main() -> None:
    import resource
    import threading
    import time

    import django

    django.setup()
    from channels_platform.accounts.models import User
    from leads.services.whatif import run_what_if, start_what_if
    from projects.models import Project

    project, manager = Project.objects.get(code="BENCH"), User.objects.get(username="bench-0")
    job = start_what_if(actor=manager, project=project, rules=_RULES)
    idle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seen: set[int] = set()
    over = threading.Event()
    watcher = threading.Thread(target=_watch, args=(job.pk, seen, over))
    watcher.start()
    begun = time.perf_counter()
    run_what_if(job_id=job.pk)
    seconds = time.perf_counter() - begun
    over.set()
    watcher.join()
    job.refresh_from_db()
    job.result_file.delete(save=False)
    print(
        json.dumps({
            "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "idle": idle,
            "seconds": seconds,
            "steps": len([done for done in seen if 0 < done < job.total]),
            "filings": job.report["filings"],
            "changed": job.report["referrals_changed"],
        })
    )  # fmt: skip


def _watch(job_id: Any, seen: set[int], over: Any) -> None:
    """Look at the job's row as its page does, over a connection of its own."""
    from django.db import connection

    from channels_platform.jobs.models import Job

    while not over.wait(0.02):
        seen.add(Job.objects.values_list("done", flat=True).get(pk=job_id))
    connection.close()


if __name__ == "__main__":
    _main()
