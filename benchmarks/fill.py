"""Fill one benchmark database: `python -m benchmarks.fill world|more|due FIRST LAST`."""

import sys
import time
from datetime import timedelta

import django


def main() -> None:
    django.setup()
    from django.db import connection

    from benchmarks import bare, seed, world
    from channels_platform.lib import clock
    from channels_platform.privacy.keys import cipher
    from leads.models import Referral
    from projects.models import Project

    what, first, last = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    begun = time.perf_counter()
    if what == "world":
        facts = world.build()
        bare.make_table()
    else:
        project = Project.objects.get(code="BENCH")
        rows = Referral.objects.order_by()
        facts = {
            "project": project.pk,
            "policy": project.policies.get().pk,
            "agencies": sorted(set(rows.values_list("agency", flat=True))),
            "brokers": sorted(set(rows.values_list("broker", flat=True))),
            "token": cipher().encrypt("张三"),
        }
    state = "filed" if what == "due" else "lapsed"
    with connection.cursor() as cursor:
        until = clock.now() - timedelta(days=4)
        seed.seed_referrals(cursor, facts=facts, first=first, last=last, state=state, until=until)
        seed.analyse(cursor)
    print(f"     seeded {last - first + 1:,} referrals ({what}) in {time.perf_counter() - begun:.0f} s", flush=True)


if __name__ == "__main__":
    main()
