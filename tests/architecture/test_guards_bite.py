"""The machine-checked rules of architecture.md: they hold, and a planted violation breaks each."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
PACKAGES = ("channels_platform", "projects", "brokers", "leads", "commissions")
TOOLS = Path(sys.executable).parent


@pytest.fixture
def copy(tmp_path) -> Path:
    """The source, in a place where it may be spoiled."""
    for package in PACKAGES:
        shutil.copytree(PROJECT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "*.mo"))
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    return tmp_path


def _lint_imports(folder: Path, contract: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [TOOLS / "lint-imports", "--no-cache", "--config", "pyproject.toml", "--contract", contract],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
    )


def _plant(folder: Path, module: str, statement: str) -> None:
    path = folder / module
    path.write_text(f"{path.read_text()}\n{statement}\n")


PLANTS = [
    ("apps", "leads/states.py", "import commissions.states"),
    ("apps", "projects/states.py", "import brokers.states"),
    ("apps", "channels_platform/lib/clock.py", "import channels_platform.audit"),
    ("rooms", "leads/states.py", "import leads.services"),
    ("rooms", "channels_platform/jobs/services/outbox.py", "import channels_platform.jobs.tasks"),
    ("pure", "channels_platform/lib/clock.py", "import django.utils.timezone"),
    ("pure", "commissions/engine/__init__.py", "import commissions.models"),
    ("pure", "leads/attribution/__init__.py", "import celery"),
]


@pytest.mark.parametrize("contract", ["apps", "rooms", "pure"])
def test_contract_holds(copy, contract):
    found = _lint_imports(copy, contract)
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize(("contract", "module", "statement"), PLANTS)
def test_planted_import_breaks_its_contract(copy, contract, module, statement):
    _plant(copy, module, statement)
    found = _lint_imports(copy, contract)
    assert found.returncode == 1
    assert "BROKEN" in found.stdout


def _ruff(code: str, name: str) -> str:
    """Return what ruff says of the code, as if it stood in the file of that name."""
    return subprocess.run(
        [TOOLS / "ruff", "check", "--select", "TID251", "--output-format", "concise", "--stdin-filename", name, "-"],
        cwd=PROJECT,
        input=code,
        capture_output=True,
        text=True,
    ).stdout


BANNED = [
    "from django.utils import timezone\ntimezone.now()\n",
    "from datetime import datetime\ndatetime.now()\n",
    "from datetime import datetime\ndatetime.utcnow()\n",
    "from datetime import date\ndate.today()\n",
    "from django.dispatch import receiver\nreceiver\n",
    "from django.db.models.signals import post_save\npost_save\n",
]


@pytest.mark.parametrize("code", BANNED)
def test_second_clock_or_signal_is_refused(code):
    assert "TID251" in _ruff(code, "leads/services/planted.py")


def test_the_one_clock_may_read_the_time():
    assert "TID251" not in _ruff(BANNED[1], "channels_platform/lib/clock.py")


def test_no_assert_guards_product_code():
    """`python -O` drops asserts: what must hold is raised."""
    found = subprocess.run(
        [TOOLS / "ruff", "check", "--select", "S101", "--output-format", "concise", *PACKAGES],
        cwd=PROJECT,
        capture_output=True,
        text=True,
    )
    assert found.returncode == 0, found.stdout


def test_type_checker_bites(tmp_path):
    """mypy covers the pure packages: a wrong return type is found there."""
    planted = tmp_path / "planted.py"
    planted.write_text("from channels_platform.lib import clock\n\n\ndef wrong() -> int:\n    return clock.now()\n")
    found = subprocess.run(
        [TOOLS / "mypy", "--config-file", str(PROJECT / "pyproject.toml"), str(planted)],
        cwd=PROJECT,
        env={**os.environ, "CHANNELS_EMBEDDED": "off"},
        capture_output=True,
        text=True,
    )
    assert found.returncode == 1
    assert "return-value" in found.stdout
