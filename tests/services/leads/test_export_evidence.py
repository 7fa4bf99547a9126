"""Evidence packs: complete, without clients' data, and any altered byte is found without a database."""

import json
import os
import random
import subprocess
import sys
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from channels_platform.audit.models import Event
from channels_platform.lib import clock, evidence
from leads.services.disputes import raise_dispute
from leads.services.evidence import export_evidence, find_subject
from tests.cast import LI, WANG, after, fresh, open_site

pytestmark = pytest.mark.django_db
ROOT = Path(settings.BASE_DIR)


@pytest.fixture
def case():
    """A deal of two, decided over a dispute."""
    site = open_site(lead_time_minutes=0)
    mine, theirs = site.file(site.owner, LI), site.file(site.rival, WANG)
    site.visit(mine, at=after(hours=1))
    site.visit(theirs, at=after(hours=2))
    deal = site.subscribe(LI, at=after(hours=3))
    with clock.at(after(hours=4)):
        raise_dispute(actor=site.rival.user, agency=site.rival.agency, claim_text="We brought them.", deal=deal)
    site.decide(deal, (fresh(mine), Fraction(1, 2)), (fresh(theirs), Fraction(1, 2)), at=after(hours=5))
    return site, deal


def packed(subject, actor=None):
    with clock.at(after(days=1)):
        return export_evidence(actor=actor, subject=subject)


def trusted():
    return [evidence.public_key(settings.EVIDENCE_KEY)]


def test_a_deals_pack_holds_every_event_slip_and_decision(case):
    site, deal = case
    pack = json.loads(packed(deal, site.manager).json)
    actions = [event["action"] for event in pack["events"]]
    assert {"referral.filed", "referral.visited", "deal.subscribed", "deal.decided", "dispute.raised"} <= set(actions)
    assert [len(referral["slips"]) for referral in pack["referrals"]] == [1, 1]
    assert [decision["reason"] for decision in pack["deals"][0]["decisions"]] == ["evidence heard"]
    assert [share["fraction"] for share in pack["deals"][0]["shares"]] == ["1", "1/2", "1/2"]
    assert pack["disputes"][0]["claim"] == "We brought them."
    assert evidence.faults_of(packed(deal).json, trusted=trusted()) == []


def test_a_pack_shows_clients_by_their_masks_only(case):
    _site, deal = case
    pack = packed(deal)
    text = pack.json.decode()
    assert "138****0001" in text
    for personal in (LI, WANG, "+86138", "Li Ming"):
        assert personal not in text
    assert pack.pdf.startswith(b"%PDF-")


def test_taking_a_pack_is_recorded_and_is_no_part_of_the_next(case):
    site, deal = case
    first = packed(deal, site.manager)
    event = Event.objects.get(action="evidence.exported")
    assert (event.actor, event.after["sha256"]) == (site.manager, evidence.file_hash(first.json))
    assert json.loads(packed(deal).json)["events"] == json.loads(first.json)["events"]


def test_a_referrals_pack_reaches_its_deal(case):
    _site, deal = case
    referral = deal.shares.filter(ended_at__isnull=True).order_by("pk")[0].referral
    pack = json.loads(packed(find_subject(referral.number)).json)
    assert [row["number"] for row in pack["referrals"]] == [referral.number]
    assert [row["number"] for row in pack["deals"]] == [deal.number]


def test_any_altered_byte_is_found(case):
    data, dice = packed(case[1]).json, random.Random(7)
    assert evidence.faults_of(data, trusted=trusted()) == []
    for _ in range(400):
        place, bit = dice.randrange(len(data)), 1 << dice.randrange(8)
        altered = data[:place] + bytes([data[place] ^ bit]) + data[place + 1 :]
        assert evidence.faults_of(altered, trusted=trusted()), (place, bit)
    for altered in (data[:-1], data + b" ", data.replace(b"\n", b"\r\n", 1), b"", b"[]", b"{}", b"[" * 100_000):
        assert evidence.faults_of(altered, trusted=trusted())


def test_the_event_that_was_changed_is_named(case):
    pack = json.loads(packed(case[1]).json)
    pack["events"][2]["reason"] = "something else"
    faults = evidence.faults_of(evidence.spell(pack), trusted=trusted())
    assert "Event 3 was changed." in faults
    left_out = {**pack, "events": pack["events"][:1] + pack["events"][2:]}
    assert any("Event 2 does not follow" in fault for fault in evidence.faults_of(evidence.spell(left_out), trusted=[]))


def test_a_pack_signed_anew_by_somebody_else_is_not_ours(case):
    pack = json.loads(packed(case[1]).json)
    pack["made_by"] = "somebody"
    forged = evidence.seal({k: v for k, v in pack.items() if k not in ("signature", "key")}, evidence.new_key())
    assert evidence.faults_of(forged, trusted=trusted()) == ["It is signed with a key that is not ours."]
    assert evidence.faults_of(forged, trusted=[json.loads(forged)["key"]]) == []


def verify(path, *more):
    """Run the command in a process of its own that has no database to ask."""
    env = {**os.environ, "EVIDENCE_KEY": settings.EVIDENCE_KEY, "DATABASE_URL": "postgres://nobody@127.0.0.1:9/none"}
    command = [sys.executable, "manage.py", "verify_evidence", str(path), *more]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)


def test_the_commands_write_a_pack_and_verify_it_without_a_database(case, tmp_path, capsys):
    deal = case[1]
    call_command("export_evidence", deal.number, out=str(tmp_path / "packs"))
    written, printed = (tmp_path / "packs" / f"{deal.number}.{ending}" for ending in ("json", "pdf"))
    passed = verify(written)
    assert (passed.returncode, passed.stderr) == (0, "")
    assert "as signed" in passed.stdout

    printed.write_bytes(printed.read_bytes() + b"%")
    for path in (written, printed):
        failed = verify(path)
        assert failed.returncode == 1
        assert "is not the PDF" in failed.stderr
    printed.unlink()
    assert verify(written).returncode == 0
    written.write_bytes(written.read_bytes().replace(b"evidence heard", b"evidence heart"))
    failed = verify(written)
    assert failed.returncode == 1
    assert "was changed" in failed.stderr


def test_the_zip_that_is_taken_away_is_verified_as_it_is(case, tmp_path):
    pack, dice = packed(case[1]), random.Random(11)
    folder = evidence.packed(pack.number, pack.json, pack.pdf)
    assert evidence.unpacked(folder) == (pack.json, pack.pdf)
    for _ in range(200):
        place, bit = dice.randrange(len(folder)), 1 << dice.randrange(8)
        altered = folder[:place] + bytes([folder[place] ^ bit]) + folder[place + 1 :]
        with pytest.raises(ValueError, match="ZIP"):
            evidence.unpacked(altered)
    path = tmp_path / f"{pack.number}.zip"
    path.write_bytes(folder)
    assert verify(path).returncode == 0
    other = evidence.packed(pack.number, pack.json, pack.pdf + b"%")
    for altered, said in ((folder + b" ", "the ZIP is not as it was written"), (other, "is not the PDF")):
        path.write_bytes(altered)
        failed = verify(path)
        assert failed.returncode == 1
        assert said in failed.stderr


def test_what_people_wrote_stands_in_the_pack_without_clients_names_and_phones(case):
    site, deal = case
    said = f"Li Ming ({WANG}, +86 138 0000 0001) is ours."
    with clock.at(after(hours=6)):
        third = site.file(site.rival, WANG, at=after(hours=6))
        raise_dispute(
            actor=site.rival.user, agency=site.rival.agency, claim_text=said, referral=fresh(third), deal=deal
        )
    site.decide(deal, (fresh(third), Fraction(1)), at=after(hours=7))
    pack = packed(deal)
    claims = [one["claim"] for one in json.loads(pack.json)["disputes"]]
    assert "L** (138****0002, +86 138****0001) is ours." in claims


def test_an_unknown_number_is_an_error_of_one_line(tmp_path):
    with pytest.raises(CommandError, match="R-1: no referral or deal"):
        call_command("export_evidence", "R-1", out=str(tmp_path))


def test_times_are_those_of_the_project(case):
    pack = json.loads(packed(case[1]).json)
    assert pack["made_at"] == (after(days=1) + timedelta(hours=0)).astimezone(case[0].project.zone).isoformat()
