"""Filing through the API against the framework's floor, and with a million referrals in the table."""

import json
import secrets
import statistics

from benchmarks.databases import analyse, environment
from benchmarks.load import Load, burst, request, server
from benchmarks.measures import ROUNDS, Results, Target
from benchmarks.world import KEY

REQUESTS = 400
BURSTS = 3  # of one round, each over new connections: how two servers share eight of them is luck
WARM_UP = 600


def measure(results: Results, small: str, middle: str, large: str) -> None:
    """Compare the bare view, and filing on tables of 1,000, 10,000 and 1,000,000 referrals, in turn.

    The bare view is measured twice: behind the product's middleware (what a view can change), and with none at all.
    """
    with (
        server("benchmarks.bare_wsgi:application", environment(small)) as bare,
        server("benchmarks.bare_wsgi:application", environment(small, BENCH_MIDDLEWARE="off")) as floor,
        server("channels_platform.wsgi:application", environment(small)) as few,
        server("channels_platform.wsgi:application", environment(middle)) as some,
        server("channels_platform.wsgi:application", environment(large)) as many,
    ):
        targets = {
            "bare": (bare, "/bare/"),
            "floor": (floor, "/bare/"),
            "few": (few, "/api/v1/referrals/"),
            "some": (some, "/api/v1/referrals/"),
            "many": (many, "/api/v1/referrals/"),
        }
        for port, path in targets.values():
            burst(port, WARM_UP, lambda n, port=port, path=path: _file(port, path), 201)  # type: ignore[misc]
        for url in (small, middle, large):
            analyse(
                url
            )  # as autovacuum will within its minute: tables that were empty are planned for as such till then
        loads: dict[str, list[Load]] = {name: [] for name in targets}
        for _ in range(ROUNDS):
            for name, (port, path) in targets.items():
                loads[name].append(
                    burst(port, REQUESTS, lambda n, port=port, path=path: _file(port, path), 201, times=BURSTS)  # type: ignore[misc]
                )
    rate = {name: statistics.median(load.rate for load in of) for name, of in loads.items()}
    p95 = {name: statistics.median(load.p95 for load in of) for name, of in loads.items()}
    print(f"     requests/s: { {name: round(value) for name, value in rate.items()} }")
    print(f"     p95 ms: { {name: round(value * 1000, 1) for name, value in p95.items()} }")
    results.add(
        "filing: requests/s against a bare view behind the same middleware",
        rate["few"] / rate["bare"],
        Target(at_least=0.5),
    )
    results.add(
        "filing: requests/s against a bare view without any middleware",
        rate["few"] / rate["floor"],
        Target(at_least=0.5),
    )
    results.add(
        "filing: p95 against a bare view behind the same middleware", p95["few"] / p95["bare"], Target(at_most=2)
    )
    results.add("filing: p95 against a bare view without any middleware", p95["few"] / p95["floor"], Target(at_most=2))
    results.add(
        "filing: requests/s at 1,000,000 referrals against 1,000", rate["many"] / rate["few"], Target(at_least=0.9)
    )
    results.add("filing: p95 at 1,000,000 referrals against 10,000", p95["many"] / p95["some"], Target(at_most=1.2))


def _file(port: int, path: str) -> bytes:
    body = {
        "project": "BENCH",
        "client_name": "张三",
        "phones": [f"1{3 + secrets.randbelow(2) * 5}{secrets.randbelow(10**9):09d}"],
        "party_size": 2,
    }
    headers = {"Authorization": f"Token {KEY}", "Idempotency-Key": secrets.token_hex(16)}
    return request("POST", path, port, json.dumps(body).encode(), headers)
