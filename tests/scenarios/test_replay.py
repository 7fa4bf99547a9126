"""The rules' executable examples: every scenario replays to what its `.expected.json` says."""

import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from tests.processes import PROJECT, environment

CASES = Path(__file__).parent / "cases"
# Scenarios kept beside the checkout, or wherever SCENARIOS_DIR says, are held to as well.
GIVEN = Path(os.environ.get("SCENARIOS_DIR") or Path(settings.BASE_DIR).parent / "shared" / "scenarios")
EXPECTED = ".expected.json"


def scenarios() -> list[Path]:
    found = [path for folder in (CASES, GIVEN) if folder.is_dir() for path in sorted(folder.glob("*.json"))]
    return [path for path in found if not path.name.endswith(EXPECTED)]


def test_own_scenarios_are_there():
    assert len([path for path in scenarios() if path.parent == CASES]) >= 25


@pytest.mark.django_db
@pytest.mark.parametrize("path", scenarios(), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_scenario_comes_out_as_expected(path):
    out = StringIO()
    call_command("replay", str(path), stdout=out)
    lines = out.getvalue().splitlines()
    assert len(lines) == 1
    assert json.loads(lines[0]) == json.loads(path.with_name(path.stem + EXPECTED).read_text(encoding="utf-8"))


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_on_a_database_that_nothing_was_migrated_on_it_replays_too():
    path, fresh = CASES / "01-lapse-and-window-end-at-one-instant.json", f"{connection.settings_dict['NAME']}_fresh"
    given = environment()
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{fresh}"')
        cursor.execute(f'CREATE DATABASE "{fresh}"')
        try:
            address = f"{given['DATABASE_URL'].rsplit('/', 1)[0]}/{fresh}"
            command = [sys.executable, "manage.py", "replay", str(path)]
            told = subprocess.run(
                command, cwd=PROJECT, env=given | {"DATABASE_URL": address}, capture_output=True, check=True
            )
        finally:
            cursor.execute(f'DROP DATABASE "{fresh}"')
    assert json.loads(told.stdout) == json.loads(path.with_name(path.stem + EXPECTED).read_text(encoding="utf-8"))
