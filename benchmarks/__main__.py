"""`python -m benchmarks [NAME...]`: measure, print a table, write benchmarks/latest.json."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from benchmarks import databases
from benchmarks.measures import Results

SMALL, MIDDLE, LARGE = "channels_bench_small", "channels_bench_middle", "channels_bench_large"
HISTORY = "channels_bench_history"
SWEEP = "channels_bench_sweep"
DEALS = "channels_bench_deals"
NAMES = ("filing", "lists", "statements", "whatif", "pages", "sweep", "commission", "settlement", "files")
LATEST = Path(__file__).with_name("latest.json")
FEW, SOME, MANY = 1_000, 10_000, 1_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=[], help=" ".join(NAMES))
    parser.add_argument("--rows", type=int, default=MANY, help="referrals in the large table")
    chosen = parser.parse_args()
    wanted = set(chosen.names or NAMES)
    if unknown := wanted - set(NAMES):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "channels_platform.settings")
    results = Results()
    base = databases.server_url()
    made: list[str] = []
    try:
        if wanted & {"filing", "lists", "statements", "whatif", "pages", "sweep"}:
            _referrals(results, base, wanted, made, chosen.rows)
        if wanted & {"commission", "settlement", "files"}:
            _commission(results, base, wanted, made)
    finally:
        results.write(LATEST)
        for name in made:
            databases.drop(name, base)
    print(f"written: {LATEST.relative_to(Path.cwd())}")
    sys.exit(0 if all(row["holds"] for row in results.rows.values()) else 1)


def _referrals(results: Results, base: str, wanted: set[str], made: list[str], rows: int) -> None:
    """Make tables of three sizes, and measure what is asked of them."""
    from benchmarks import filing, lists, pages, statements, sweep, whatif

    small = databases.recreate(SMALL, base)
    made.append(SMALL)
    databases.migrate(small)
    _seed(small, "world", 1, FEW)
    if "sweep" in wanted:
        due = databases.recreate(SWEEP, base, SMALL)
        made.append(SWEEP)
        _seed(due, "due", FEW + 1, FEW + sweep.ROWS)
        sweep.measure(results, due)
    if wanted & {"filing", "lists", "statements", "whatif", "pages"}:
        middle = databases.recreate(MIDDLE, base, SMALL)
        made.append(MIDDLE)
        _seed(middle, "more", FEW + 1, SOME)
    if "pages" in wanted:
        pages.measure(results, middle)
    if "whatif" in wanted:
        history = databases.recreate(HISTORY, base, SMALL)
        made.append(HISTORY)
        _seed(history, "more", FEW + 1, whatif.REFERRALS)
        whatif.measure(results, middle, history)
    if wanted & {"filing", "lists", "statements"}:
        large = databases.recreate(LARGE, base, SMALL)
        made.append(LARGE)
        _seed(large, "more", FEW + 1, rows)
        if "statements" in wanted:
            statements.measure(results, middle, large)
        if "lists" in wanted:
            lists.measure(results, small, large)
        if "filing" in wanted:
            filing.measure(results, small, middle, large)


def _commission(results: Results, base: str, wanted: set[str], made: list[str]) -> None:
    from benchmarks import commission, files

    url = databases.recreate(DEALS, base)
    made.append(DEALS)
    databases.migrate(url)
    _seed(url, "world", 1, 1)
    commission.measure(results, url, wanted)
    if "files" in wanted:
        files.measure(results, url)


def _seed(url: str, what: str, first: int, last: int) -> None:
    """Fill a database in a process of its own: settings hold one database."""
    command = [sys.executable, "-m", "benchmarks.fill", what, str(first), str(last)]
    subprocess.run(command, cwd=databases.ROOT, env=databases.environment(url), check=True)


if __name__ == "__main__":
    main()
