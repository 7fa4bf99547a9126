"""A job in a process of its own: says `ready`, begins when told, prints what it counted.

`python -m tests.concurrency.job {runs,run,payouts} INSTANT [PROJECT] [--unguarded]`
"""

import json
import sys
from datetime import datetime

import django

django.setup()

from channels_platform.lib import clock  # noqa: E402 - needs the apps
from commissions.services.runs import bring_up_to_date, run_commissions  # noqa: E402
from commissions.services.schedule import schedule_payouts  # noqa: E402
from projects.models import Project  # noqa: E402
from tests.concurrency.guards import take_locks_away  # noqa: E402

TIMES = 25


def main(job: str, instant: str, project: str = "") -> dict[str, int]:
    if job == "runs":
        counts = [bring_up_to_date() for _ in range(TIMES)]
        return {name: sum(count[name] for count in counts) for name in counts[0]}
    with clock.at(datetime.fromisoformat(instant)):
        if job == "run":
            return {"changed": run_commissions(project=Project.objects.get(pk=project)).changed}
        return schedule_payouts()


if __name__ == "__main__":
    given = [word for word in sys.argv[1:] if word != "--unguarded"]
    if len(given) < len(sys.argv) - 1:
        take_locks_away(dwell=1)
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(main(*given)), flush=True)
