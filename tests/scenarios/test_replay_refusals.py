"""A file that is no scenario gets a message naming file, place and fault; a replay leaves nothing behind."""

import copy
import json
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection

from leads.models import Claim
from tests.cast import LI, START, after, open_site
from tests.scenarios.test_replay import CASES

pytestmark = pytest.mark.django_db

PLAN = {
    "agency": "A1",
    "payee": "agency",
    "applies_to": "referred",
    "from": "2026-01-01",
    "to": None,
    "basis": "price",
    "measure": "units",
    "period": "plan",
    "scope": "agency",
    "mode": "marginal",
    "tiers": [{"from": "0", "rate": "0.01"}],
    "release": {method: [{"when": "contracted", "fraction": "1"}] for method in ("lump_sum", "instalment", "mortgage")},
}
GOOD = {
    "name": "good",
    "project": {"code": "P1", "timezone": "Asia/Shanghai", "currency": "CNY", "policy": {"exclusive_from": "filing"}},
    "agencies": [{"code": "A1", "kind": "referral", "brokers": ["B1"]}],
    "plans": [PLAN],
    "events": [
        {"at": "2026-03-02T09:00:00+08:00", "type": "file", "referral": "R1", "broker": "B1", "phones": [LI]},
        {
            "at": "2026-03-02T10:00:00+08:00",
            "type": "subscribe",
            "deal": "D1",
            "price": "100.00",
            "method": "lump_sum",
            "first_payment_amount": "100.00",
            "buyers": [LI],
        },
    ],
    "as_of": "2026-04-01T00:00:00+08:00",
}


def _run(*paths):
    out, err, code = StringIO(), StringIO(), 0
    try:
        call_command("replay", *map(str, paths), stdout=out, stderr=err)
    except SystemExit as end:
        code = end.code
    return code, out.getvalue(), err.getvalue()


def _rows():
    """Return how many rows every table holds, without what migrations keep."""
    counts = {}
    with connection.cursor() as cursor:
        for table in sorted({model._meta.db_table for model in apps.get_models(include_auto_created=True)}):
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")
            counts[table] = cursor.fetchone()[0]
    return counts


@pytest.fixture
def written(tmp_path):
    """Return a function that writes a scenario changed at a place, and gives its path."""

    def write(value, *place, name="case.json"):
        scenario = copy.deepcopy(GOOD)
        if place:
            holder = scenario
            for step in place[:-1]:
                holder = holder[step]
            if value is ...:
                del holder[place[-1]]
            else:
                holder[place[-1]] = value
        else:
            scenario = value
        path = tmp_path / name
        path.write_text(scenario if isinstance(scenario, str) else json.dumps(scenario), encoding="utf-8")
        return path

    return write


FAULTS = [
    ("", (), "file"),
    ("{", (), "file"),
    ("[1, 2", (), "file"),
    ('{"name": "a", "name": "b"}', (), "file"),
    ('{"n": ' + "9" * 5000 + "}", (), "file"),
    ("[" * 100_000, (), "file"),
    ([], (), "scenario"),
    (..., ("events",), "scenario"),
    (1, ("surprise",), "scenario"),
    ("", ("name",), "name"),
    (5, ("name",), "name"),
    ("half \ud83d", ("name",), "name"),
    (..., ("project", "timezone"), "project"),
    ("Moon/Sea", ("project", "timezone"), "project.timezone"),
    ("Yuan", ("project", "currency"), "project.currency"),
    ([], ("project", "policy"), "project.policy"),
    ({"protection_days": 0}, ("project", "policy"), "setup"),
    ({"phone_mode": "masked", "exclusive_from": "filing"}, ("project", "policy"), "setup"),
    ({"protection_weeks": 1}, ("project", "policy"), "setup"),
    ("guild", ("agencies", 0, "kind"), "agencies[0].kind"),
    (["B1", "B1"], ("agencies", 0, "brokers"), "agencies[0]"),
    ({"from": "2026-02-01", "to": "2026-01-01"}, ("agencies", 0, "agreement"), "agencies[0].agreement"),
    ({"from": "1 March"}, ("agencies", 0, "agreement"), "agencies[0].agreement.from"),
    ({"B9": LI}, ("broker_phones",), "broker_phones"),
    ("A9", ("plans", 0, "agency"), "plans[0].agency"),
    ([{"from": "1", "rate": "0.01"}], ("plans", 0, "tiers"), "plans[0]"),
    ([{"from": "0", "rate": 0.01}], ("plans", 0, "tiers"), "plans[0]"),
    ("both", ("plans", 0, "mode"), "plans[0]"),
    (..., ("plans", 0, "release"), "plans[0]"),
    ([PLAN, PLAN], ("plans",), "plans[1]"),
    ([PLAN, PLAN | {"from": "2026-02-01"}], ("plans",), "plans[1]"),
    ("2026-03-02T09:00:00", ("events", 0, "at"), "events[0].at"),
    ("yesterday", ("events", 0, "at"), "events[0].at"),
    ("2026-03-02T11:00:00+08:00", ("events", 0, "at"), "events[1].at"),
    ("0001-01-01T00:00:00+08:00", ("events", 0, "at"), "events[0].at"),
    ("2026-03-01T00:00:00+08:00", ("as_of",), "events[0].at"),
    ("9999-12-31T23:59:59-08:00", ("as_of",), "as_of"),
    ("dance", ("events", 0, "type"), "events[0].type"),
    (["file"], ("events", 0, "type"), "events[0].type"),
    (..., ("events", 0, "phones"), "events[0]"),
    (LI, ("events", 0, "phones"), "events[0].phones"),
    ([138], ("events", 0, "phones"), "events[0].phones[0]"),
    ("now", ("events", 0, "when"), "events[0]"),
    (100.0, ("events", 1, "price"), "events[1].price"),
    (100, ("events", 1, "price"), "events[1].price"),
    ("1e2", ("events", 1, "price"), "events[1].price"),
    ("１００", ("events", 1, "price"), "events[1].price"),
    ("NaN", ("events", 1, "price"), "events[1].price"),
]


@pytest.mark.parametrize(("value", "where", "place"), FAULTS, ids=[f"{i}-{fault[2]}" for i, fault in enumerate(FAULTS)])
def test_a_fault_is_told_with_file_and_place_and_leaves_nothing(written, value, where, place):
    before = _rows()
    path = written(value, *where)
    code, out, err = _run(path)
    assert (code, out) == (2, "")
    assert err.startswith(f"{path}: {place}: ")
    assert len(err.splitlines()) == 1
    assert len(err.partition(f"{place}: ")[2].strip()) > 5
    assert _rows() == before


def test_a_file_that_is_not_there_or_no_text_is_told_too(tmp_path):
    binary = tmp_path / "binary.json"
    binary.write_bytes(b"\xff\xfe{}")
    for path in (tmp_path / "missing.json", tmp_path, binary):
        code, out, err = _run(path)
        assert (code, out) == (2, "")
        assert err.startswith(f"{path}: file: cannot be read")


def test_the_good_one_is_good(written):
    code, out, err = _run(written(GOOD))
    assert (code, err) == (0, "")
    assert json.loads(out)["outcomes"] == ["ok", "ok"]


def test_of_several_files_the_good_ones_are_answered_and_the_bad_one_told(written):
    paths = [written(GOOD, name="a.json"), written("{", name="b.json"), written(GOOD, name="c.json")]
    code, out, err = _run(*paths)
    assert code == 2
    assert [json.loads(line)["name"] for line in out.splitlines()] == ["good", "good"]
    assert err.startswith(str(paths[1]))
    assert len(err.splitlines()) == 1


def test_an_event_about_nobody_known_is_not_allowed_and_the_rest_goes_on(written):
    unknown = GOOD["events"][0] | {"broker": "B9", "referral": "R9"}
    code, out, _ = _run(written([unknown, *GOOD["events"]], "events"))
    result = json.loads(out)
    assert (code, result["outcomes"], list(result["referrals"])) == (0, ["not_allowed", "ok", "ok"], ["R1"])


def test_names_of_any_length_and_kind_stay_apart_and_in_order(written):
    names = ["x" * 90 + end for end in ("b", "a")] + ["成交甲", "D-１"]
    deals = [GOOD["events"][1] | {"deal": name} for name in names]
    code, out, err = _run(written([GOOD["events"][0], *deals], "events"))
    assert (code, err) == (0, "")
    assert json.loads(out)["outcomes"] == ["ok"] * 5
    assert set(json.loads(out)["deals"]) == set(names)


def test_a_replay_changes_no_row_and_is_not_disturbed_by_real_clients():
    site = open_site(exclusive_from="filing", lookback_days=90)
    for n in range(1, 5):
        site.file(site.owner, f"1380000000{n}")
        site.walk_in(f"1380000000{n}", at=after(hours=1))
    claims = list(Claim.objects.order_by("pk").values())
    before = _rows()
    for case in ("18-decided-in-and-out-again", "41-owed-back-is-netted-over-two-payouts", "42-tax-of-two-brokers"):
        code, out, _ = _run(CASES / f"{case}.json")
        expected = json.loads((CASES / f"{case}.expected.json").read_text(encoding="utf-8"))
        assert (code, json.loads(out)) == (0, expected)
    assert _rows() == before
    assert list(Claim.objects.order_by("pk").values()) == claims
    assert site.file(site.rival, LI, at=START).reason == "protected"
