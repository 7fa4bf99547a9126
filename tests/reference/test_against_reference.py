"""The product's replay and a second, independent reading of the rules come to the same, to the cent.

REFERENCE_HISTORIES says how many random histories (default 40); REFERENCE_SEED from which on, to look at others.
"""

import json
import os
from io import StringIO
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pytest
from django.core.management import call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commissions.replay import runner
from commissions.services.runs import run_commissions
from tests.reference.histories import history
from tests.reference.reference import calculate
from tests.scenarios.test_replay import EXPECTED, scenarios

HISTORIES = int(os.environ.get("REFERENCE_HISTORIES", "40"))
FIRST = int(os.environ.get("REFERENCE_SEED", "1"))
BLOCK = 20


@pytest.mark.parametrize("path", scenarios(), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_reference_agrees_with_every_given_scenario(path):
    scenario = json.loads(path.read_text(encoding="utf-8"))
    assert calculate(scenario) == json.loads(path.with_name(path.stem + EXPECTED).read_text(encoding="utf-8"))


@pytest.mark.django_db
@pytest.mark.parametrize("first", range(FIRST, FIRST + HISTORIES, BLOCK))
def test_a_random_history_replays_to_what_the_reference_says(first):
    seeds = range(first, min(first + BLOCK, FIRST + HISTORIES))
    drawn = [history(Random(seed), most=20) | {"name": f"seed {seed}"} for seed in seeds]
    for scenario, result in zip(drawn, _replayed(drawn), strict=True):
        assert result == calculate(scenario), json.dumps(scenario)


def _replayed(drawn):
    """Return what `manage.py replay` prints for these scenarios."""
    with TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{place}.json" for place in range(len(drawn))]
        for path, scenario in zip(paths, drawn, strict=True):
            path.write_text(json.dumps(scenario), encoding="utf-8")
        out = StringIO()
        call_command("replay", *map(str, paths), stdout=out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def _then_run(play):
    """Return the event with two commission runs after it: the ledger is moved at once, then there is nothing to do."""

    def played(cast, event, prefix):
        outcome = play(cast, event, prefix)
        run_commissions(project=cast.project)
        run_commissions(project=cast.project)
        return outcome

    return played


@pytest.mark.django_db
@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], database=None)
@given(st.randoms(use_true_random=False))
def test_a_run_after_each_event_of_a_history_ends_as_one_run_at_the_end(random):
    drawn = history(random, most=15)
    with patch.object(runner, "_EVENTS", {kind: _then_run(play) for kind, play in runner._EVENTS.items()}):
        assert _replayed([drawn]) == [calculate(drawn)]
