"""The referral list: its first page, its thousandth, on a small table and a large one."""

import json
import statistics
import time
import urllib.request
from collections.abc import Callable

from benchmarks.databases import environment
from benchmarks.load import server
from benchmarks.measures import ROUNDS, Results, Target
from benchmarks.world import KEY

PAGE = 1_000
REPEATS = 15


def measure(results: Results, small: str, large: str) -> None:
    """Compare page one at 1,000 rows, page one and page 1,000 at 1,000,000."""
    with (
        server("channels_platform.wsgi:application", environment(small)) as few,
        server("channels_platform.wsgi:application", environment(large)) as many,
    ):
        deep = _walk(many)
        pages = {
            "first_of_few": _reader(few, "/api/v1/referrals/"),
            "first_of_many": _reader(many, "/api/v1/referrals/"),
            "thousandth_of_many": _reader(many, deep),
        }
        for read in pages.values():
            read()
        figures: dict[str, list[float]] = {name: [] for name in pages}
        for _ in range(ROUNDS):
            for name, read in pages.items():
                figures[name].append(statistics.median(read() for _ in range(REPEATS)))
    took = {name: statistics.median(values) for name, values in figures.items()}
    print(f"     ms: { {name: round(value * 1000, 2) for name, value in took.items()} }")
    most = Target(at_most=1.5)
    results.add(
        "list: page one at 1,000,000 against page one at 1,000", took["first_of_many"] / took["first_of_few"], most
    )
    results.add(
        "list: page 1,000 against page one, at 1,000,000", took["thousandth_of_many"] / took["first_of_many"], most
    )


def _get(port: int, path: str) -> dict[str, object]:
    call = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Authorization": f"Token {KEY}-staff"})
    with urllib.request.urlopen(call, timeout=60) as answer:
        page: dict[str, object] = json.load(answer)
        return page


def _reader(port: int, path: str) -> Callable[[], float]:
    def read() -> float:
        begun = time.perf_counter()
        _get(port, path)
        return time.perf_counter() - begun

    return read


def _walk(port: int) -> str:
    """Follow `next` to the thousandth page."""
    path = "/api/v1/referrals/"
    for _ in range(PAGE - 1):
        following = str(_get(port, path)["next"])
        path = following[following.index("/api/") :]
    return path
