"""Closing a month, its payout's draft, approval and bank results: killed at any moment, then asked for again.

Two companies live through the same months. In one every step is killed with SIGKILL at a random moment, and asked for
once more, as whoever asked would; the other is left alone. After each kill the books are as before it or as after the
whole step, and after the second asking they are those of the undisturbed company, each thing once.

`KILLS=100` in the environment kills each kind so often, `KILLS_SEED` at other moments.
"""

import os
import random
from collections import Counter
from typing import Any

import pytest

from channels_platform.lib import clock
from commissions.proof.verify import verify
from commissions.services import closing, payouts
from commissions.services.ledger_checks import seal_ledger
from tests.jobs.killing import killed_after, killed_half_way, took_in_a_process, wait_for_the_database
from tests.jobs.payout_months import STEPS, Months, State

KILLS = int(os.environ.get("KILLS", "3"))
SEED = int(os.environ.get("KILLS_SEED", "20261127"))

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.serial, pytest.mark.timeout(300 + 20 * KILLS)]


def same(found: State, expected: State, told: str) -> None:
    """Compare part by part: what differs is small beside all that is alike."""
    for part, rows in expected.items():
        lost, more = set(rows) - set(found[part]), set(found[part]) - set(rows)
        assert found[part] == rows, f"{part}, {told}: lost {sorted(lost, key=str)}, more {sorted(more, key=str)}"


def whole(found: State, before: State, after: State, told: str) -> str:
    """Return whether a kill left nothing or everything; it may have left no part."""
    # a result file is read in one transaction and taken over in another: read only, it has changed nothing yet
    found = {**found, "results": [row for row in found["results"] if row[1]], "events": _but_reading(found)}
    for name, state in (("nothing", before), ("everything", after)):
        if all(found[part] == rows for part, rows in {**state, "events": _but_reading(state)}.items()):
            return name
    raise AssertionError(f"half done, {told}")


def _but_reading(state: State) -> list[tuple[Any, ...]]:
    return [row for row in state["events"] if row[0] != "batch.results_read"]


def test_killed_at_any_moment_and_asked_for_again_the_books_are_those_of_the_undisturbed():
    dice, came_to = random.Random(SEED), Counter()
    calm, troubled = Months("c", alone=True), Months("t")
    for _ in range(KILLS):
        calm.earn()
        troubled.earn()
        for step in STEPS:
            if step == "approval":
                calm.hand_on()
                troubled.hand_on()
            before = troubled.state()
            seconds = took_in_a_process(calm.steps[step])
            moment = dice.uniform(0, seconds)
            told = f"seed {SEED}, {step} of {troubled.month:%Y-%m} killed after {moment:.4f} of {seconds:.4f} s"
            killed = killed_after(moment, troubled.steps[step])
            wait_for_the_database()
            after = calm.state()
            left = whole(troubled.state(), before, after, told)
            came_to[step, left if killed else "ended before"] += 1
            troubled.steps[step]()
            same(troubled.state(), after, told)
        with clock.at(troubled.over):
            seal_ledger()
    print(f"\nseed {SEED}: " + ", ".join(f"{step} {what} {many}" for (step, what), many in sorted(came_to.items())))
    with clock.at(troubled.over):
        assert verify().differences == []
    assert any(left == "nothing" for _, left in came_to), "no kill met a step at work"


@pytest.mark.parametrize(
    ("step", "module", "name", "part"),
    [
        ("closing", closing, "issue_statements", "statements"),
        ("scheduling", payouts, "withhold_taxes", "scheduled"),
        ("approval", payouts, "_move", "batches"),
        ("bank results", payouts, "release_lines", "results"),
    ],
    ids=STEPS,
)
def test_the_same_checks_notice_a_step_that_commits_half_way(step, module, name, part):
    calm, troubled = Months("c", brokers=3, alone=True), Months("t", brokers=3)
    for months in (calm, troubled):
        months.earn()
        for earlier in STEPS[: STEPS.index(step)]:
            months.steps[earlier]()
            if earlier == "scheduling":
                months.hand_on()
    before = troubled.state()
    calm.steps[step]()
    killed_half_way(troubled.steps[step], module, name)
    wait_for_the_database()
    with pytest.raises(AssertionError, match="half done"):
        whole(troubled.state(), before, calm.state(), step)
    troubled.steps[step]()
    with pytest.raises(AssertionError, match=f"^{part}, "):
        same(troubled.state(), calm.state(), step)
