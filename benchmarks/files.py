"""Exports of 100,000 lines x 20 columns: XLSX against XlsxWriter alone, CSV against COPY.

`python -m benchmarks.files` measures in a process of its own and prints JSON.
"""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.databases import ROOT, environment
from benchmarks.measures import Results, Target, interleaved

LINES = 100_000
ROUNDS = 5
# Come with requirements-dev.txt, and others import them where they are; a server has neither.
_DEVELOPMENT_ONLY = ("pygments", "requests", "rich")


def measure(results: Results, url: str) -> None:
    """Time the product's files and their floors in turn; then the memory of writing each alone."""
    timed = _part(url, "time")
    writing, streaming = _part(url, "xlsx"), _part(url, "csv")
    xlsx, csv = writing["memory"], streaming["memory"]
    print(f"     MB of the process before it writes: xlsx {writing['idle']:.0f}, csv {streaming['idle']:.0f}")
    print(
        f"     seconds: { {name: round(value, 2) for name, value in timed.items()} }; MB: xlsx {xlsx:.0f}, csv {csv:.0f}"
    )
    results.add(
        "xlsx of 100,000 lines x 20, against XlsxWriter alone", timed["floor_xlsx"] / timed["xlsx"], Target(0.8)
    )
    results.add("csv of 100,000 lines x 20, against COPY", timed["floor_csv"] / timed["csv"], Target(at_least=0.7))
    results.add("xlsx: peak memory of the process, MB", xlsx, Target(at_most=100))
    results.add("csv: peak memory of the process, MB", csv, Target(at_most=100))


def _part(url: str, part: str) -> dict[str, float]:
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.files", part],
        cwd=ROOT, env=environment(url), check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    answer: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    return answer


def _main(part: str) -> None:
    import resource

    for name in _DEVELOPMENT_ONLY:
        sys.modules[name] = None  # type: ignore[assignment]
    import django

    django.setup()
    from commissions.models import PayoutBatch

    batch = PayoutBatch.objects.select_related("company").filter(company__code="files").first() or _batch()
    with TemporaryDirectory() as folder:
        place = Path(folder)
        if part == "time":
            answer = interleaved(
                {
                    "csv": lambda: _csv(batch, place / "a.csv"),
                    "floor_csv": lambda: _floor_csv(batch, place / "b.csv"),
                },
                ROUNDS,
            )
            # only now: a process that holds all the cells is a slower one
            cells = _cells(batch)
            answer |= interleaved(
                {
                    "xlsx": lambda: _xlsx(batch, place / "a.xlsx"),
                    "floor_xlsx": lambda: _floor_xlsx(cells, place / "b.xlsx"),
                },
                ROUNDS,
            )
        else:
            idle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            (_xlsx if part == "xlsx" else _csv)(batch, place / "file")
            answer = {"memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "idle": idle}
    print(json.dumps(answer))


def _batch() -> Any:
    from benchmarks.commission import make_project
    from commissions.services.payouts import draft_batch
    from commissions.services.runs import run_commissions

    project = make_project("files", LINES)
    run_commissions(project=project)
    return draft_batch(actor=None, company=project.company, currency=project.currency)


def _timed(work: Any) -> float:
    import time

    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _xlsx(batch: Any, path: Path) -> float:
    from commissions.exports.workbook import write_workbook

    def work() -> None:
        with path.open("wb") as target:
            write_workbook(batch, target)

    return _timed(work)


def _csv(batch: Any, path: Path) -> float:
    from commissions.exports.tables import deals_csv

    def work() -> None:
        with path.open("wb") as target:
            for piece in deals_csv(batch):
                target.write(piece.encode())

    return _timed(work)


def _cells(batch: Any) -> list[tuple[Any, ...]]:
    """The deals sheet's values, worked out beforehand: the floor only writes them."""
    from commissions.exports.cells import CellKind
    from commissions.exports.rows import deal_columns, deal_rows

    columns = deal_columns()
    with deal_rows(batch) as rows:
        return [
            tuple(
                float(value) if column.kind is CellKind.MONEY and value is not None else value
                for column in columns
                for value in [column.take(row)]
            )
            for row in rows
        ]


def _floor_xlsx(cells: list[tuple[Any, ...]], path: Path) -> float:
    import xlsxwriter

    def work() -> None:
        book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
        sheet = book.add_worksheet()
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for number, row in enumerate(cells):
            for place, value in enumerate(row):
                if isinstance(value, str):
                    sheet.write_string(number, place, value)
                elif isinstance(value, float):
                    sheet.write_number(number, place, value)
                elif value is not None:
                    sheet.write_datetime(number, place, value, day)
        book.close()

    return _timed(work)


def _floor_csv(batch: Any, path: Path) -> float:
    from django.db import connection

    from commissions.exports import rows

    def work() -> None:
        with connection.cursor() as cursor, path.open("wb") as target:
            query = cursor.mogrify(rows._DEALS, rows._values(batch, rows._counted(batch))).decode()
            cursor.cursor.copy_expert(f"COPY ({query}) TO STDOUT WITH (FORMAT csv)", target)

    return _timed(work)


if __name__ == "__main__":
    _main(sys.argv[1])
