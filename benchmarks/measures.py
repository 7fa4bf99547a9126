"""What is measured, what it should reach, and how the table and the file say it."""

import json
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Target:
    """A bound: `at_least` or `at_most`."""

    at_least: float | None = None
    at_most: float | None = None

    def holds(self, value: float) -> bool:
        return (self.at_least is None or value >= self.at_least) and (self.at_most is None or value <= self.at_most)

    def __str__(self) -> str:
        return f">= {self.at_least:g}" if self.at_least is not None else f"<= {self.at_most:g}"


@dataclass
class Results:
    """Figures as they come in."""

    rows: dict[str, dict[str, object]] = field(default_factory=dict)

    def add(self, measure: str, value: float, target: Target) -> None:
        self.rows[measure] = {"value": round(value, 4), "target": str(target), "holds": target.holds(value)}
        mark = "ok  " if target.holds(value) else "MISS"
        print(f"{mark} {measure:<78} {value:>12.3f}   {target}", flush=True)

    def write(self, path: Path) -> None:
        known = json.loads(path.read_text()) if path.exists() else {}
        path.write_text(json.dumps(known | self.rows, indent=1, ensure_ascii=False) + "\n")


def interleaved(works: dict[str, Callable[[], float]], rounds: int = ROUNDS) -> dict[str, float]:
    """Run each work once per round, in turn, and return the median figure of each."""
    figures: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            figures[name].append(work())
    return {name: statistics.median(values) for name, values in figures.items()}
