"""Fill one benchmark database: `python -m benchmarks.fill world|more|due FIRST LAST`."""

import sys
import time
from datetime import timedelta
from typing import Any

import django


def main() -> None:
    django.setup()
    from django.db import connection

    from benchmarks import bare, seed, today, world
    from brokers.models import Broker
    from channels_platform.lib import clock
    from channels_platform.privacy.keys import cipher
    from projects.models import Project

    what, first, last = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    begun = time.perf_counter()
    if what == "world":
        facts = world.build()
        bare.make_table()
    else:
        project = Project.objects.get(code="BENCH")
        brokers: Any = Broker.objects.filter(agency__code__startswith="BA").order_by("pk")
        facts = {
            "project": project.pk,
            "policy": project.policies.get().pk,
            "agencies": list(brokers.values_list("agency", flat=True)),
            "brokers": list(brokers.values_list("pk", flat=True)),
            "token": cipher().encrypt("张三"),
        }
    state, age = {"world": ("lapsed", 4), "more": ("lived", 2), "due": ("filed", 4)}[what]
    with connection.cursor() as cursor:
        until = clock.now() - timedelta(days=age)
        seed.seed_referrals(cursor, facts=facts, first=first, last=last, state=state, until=until)
        if what == "more":
            today.build()
        seed.analyse(cursor)
    print(f"     seeded {last - first + 1:,} referrals ({what}) in {time.perf_counter() - begun:.0f} s", flush=True)


if __name__ == "__main__":
    main()
