"""Production refuses to start unsafe, and the documented example is clean."""

import os
import re
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from channels_platform import checks
from channels_platform.lib import evidence

PROJECT = Path(__file__).resolve().parents[2]


def _example() -> dict[str, str]:
    lines = (PROJECT / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def _own_keys() -> dict[str, str]:
    names = ("SECRET_KEY", "PII_ENCRYPTION_KEYS", "PHONE_INDEX_KEYS")
    return {name: secrets.token_urlsafe(64) for name in names} | {"EVIDENCE_KEY": evidence.new_key()}


def _run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, *command],
        cwd=PROJECT,
        env={**clean, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_example_passes_the_deployment_checks_without_a_warning():
    found = _run("manage.py", "check", "--deploy", "--fail-level", "WARNING", **_example())
    assert found.returncode == 0, found.stderr
    assert "no issues" in found.stdout


def test_every_variable_is_documented_and_every_documented_one_is_read():
    source = "".join(path.read_text() for path in sorted((PROJECT / "channels_platform").rglob("*.py")))
    mentioned = set(re.findall(r'"([A-Z_]+)"', source))
    read = set(re.findall(r'env\.(?:text|flag|choice|integer|listing|secret|keys|required)\(\s*"([A-Z_]+)"', source))
    documented = set(re.findall(r"^#?([A-Z][A-Z_]+)=", (PROJECT / ".env.example").read_text(), re.MULTILINE))
    assert read - documented == set()
    assert documented - mentioned == set()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"DEBUG": "on"}, "DEBUG must be off"),
        ({"DEBUG": "perhaps"}, "DEBUG must be on or off"),
        ({"SECRET_KEY": ""}, "SECRET_KEY must be set"),
        ({"PII_ENCRYPTION_KEYS": ""}, "PII_ENCRYPTION_KEYS must be set"),
        ({"PHONE_INDEX_KEYS": "short"}, "needs 32 characters"),
        ({"EVIDENCE_KEY": ""}, "EVIDENCE_KEY must be set"),
        ({"EVIDENCE_KEY": "c2hvcnQ="}, "an evidence key has 32 bytes"),
        ({"TRUSTED_PROXY_COUNT": "one"}, "TRUSTED_PROXY_COUNT must be a whole number"),
        ({"CHANNELS_ENV": "staging"}, "CHANNELS_ENV must be one of"),
        ({"DATABASE_URL": ""}, "DATABASE_URL must be set"),
        ({"REDIS_URL": ""}, "REDIS_URL must be set"),
        ({"SMS_BACKEND": "pigeon"}, "SMS_BACKEND must be one of off, file, http"),
        ({"SMS_BACKEND": "file"}, "not in production"),
        ({"SMS_BACKEND": "http"}, "SMS_URL must be set"),
        ({"SMS_BACKEND": "http", "SMS_TOKEN": "x", "SMS_URL": "http://sms.example.com"}, "SMS_URL must be https"),
        ({"SMS_LANGUAGE": "tlh"}, "SMS_LANGUAGE must be one of en, zh-hans"),
    ],
)
def test_unsafe_or_malformed_setting_stops_the_process_by_name(change, said):
    found = _run("manage.py", "check", **{**_example(), **_own_keys(), **change})
    assert found.returncode != 0
    assert said in found.stderr


def _database_url() -> str:
    given = connection.settings_dict
    return f"postgres://{given['USER']}:{given['PASSWORD']}@{given['HOST']}:{given['PORT']}/{given['NAME']}"


def _start(**change: str) -> subprocess.CompletedProcess[str]:
    real = {"DATABASE_URL": _database_url(), "REDIS_URL": settings.REDIS_URL}
    return _run("-c", "import channels_platform.wsgi", **{**_example(), **real, **_own_keys(), **change})


@pytest.mark.django_db(transaction=True)
def test_server_starts_with_keys_of_its_own_and_refuses_those_of_the_example():
    assert _start().returncode == 0
    refused = _start(SECRET_KEY=_example()["SECRET_KEY"])
    assert refused.returncode != 0
    assert "SECRET_KEY is the one from a document" in refused.stderr


def test_one_key_for_two_purposes_is_refused():
    keys = {**_own_keys(), "PHONE_INDEX_KEYS": "k" * 40, "PII_ENCRYPTION_KEYS": "k" * 40}
    assert "One key serves two purposes" in _run("manage.py", "check", **{**_example(), **keys}).stderr


@pytest.mark.django_db(transaction=True)
def test_server_refuses_a_database_with_demo_accounts():
    get_user_model().objects.create_user("demo", is_demo=True)
    refused = _start()
    assert refused.returncode != 0
    assert "demo accounts" in refused.stderr


@pytest.mark.django_db
def test_demo_accounts_are_fine_outside_production():
    get_user_model().objects.create_user("demo", is_demo=True)
    checks.refuse_unsafe_start()


@pytest.mark.django_db
def test_refusal_names_everything_at_once(settings):
    settings.PRODUCTION = True
    settings.SECRET_KEY = "sample-" + "x" * 60
    settings.PHONE_INDEX_KEYS = ["change-me" * 5]
    with pytest.raises(ImproperlyConfigured, match=r"SECRET_KEY.*PHONE_INDEX_KEYS"):
        checks.refuse_unsafe_start()
