"""The rules' executable examples: every scenario replays to what its `.expected.json` says."""

import json
import os
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

CASES = Path(__file__).parent / "cases"
# Scenarios kept beside the checkout, or wherever SCENARIOS_DIR says, are held to as well.
GIVEN = Path(os.environ.get("SCENARIOS_DIR") or Path(settings.BASE_DIR).parent / "shared" / "scenarios")
EXPECTED = ".expected.json"


def _scenarios() -> list[Path]:
    found = [path for folder in (CASES, GIVEN) if folder.is_dir() for path in sorted(folder.glob("*.json"))]
    return [path for path in found if not path.name.endswith(EXPECTED)]


def test_own_scenarios_are_there():
    assert len([path for path in _scenarios() if path.parent == CASES]) >= 25


@pytest.mark.django_db
@pytest.mark.parametrize("path", _scenarios(), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_scenario_comes_out_as_expected(path):
    out = StringIO()
    call_command("replay", str(path), stdout=out)
    lines = out.getvalue().splitlines()
    assert len(lines) == 1
    assert json.loads(lines[0]) == json.loads(path.with_name(path.stem + EXPECTED).read_text(encoding="utf-8"))
