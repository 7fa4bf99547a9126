"""A history read anew comes to what the services came to: under its own rules, and under others.

Histories of REFERENCE_HISTORIES and REFERENCE_SEED, as in `tests/reference/test_against_reference.py`.
"""

import json
import os
from dataclasses import replace
from fractions import Fraction
from functools import partial
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from random import Random
from typing import Any

import pytest

from channels_platform.lib import clock
from commissions.replay.reader import read_scenario
from commissions.replay.runner import Cast, replay
from leads.models import Deal, Referral
from leads.services.judging import rules_of
from leads.whatif.compare import Comparer, Comparison
from leads.whatif.facts import read_history
from projects.models import Policy
from projects.selectors import current_policy
from tests.reference.draws import policy_of
from tests.reference.histories import history

HISTORIES = int(os.environ.get("REFERENCE_HISTORIES", "20"))
FIRST = int(os.environ.get("REFERENCE_SEED", "1"))
BLOCK = 20


def _read(cast: Cast, other: Any = None) -> Comparison:
    """Read the history knot by knot, as if each were a chunk's worth."""
    rules = {str(policy.pk): rules_of(policy, cast.project) for policy in Policy.objects.filter(project=cast.project)}
    whole = Comparison()
    for _knot, facts in groupby(read_history(cast.project.pk, cast.project.zone), key=attrgetter("knot")):
        comparer = Comparer(rules=rules, other=other, first=None, last=None, now=clock.now())
        comparer.take(facts)
        part = comparer.result()
        whole.before.update(part.before)
        whole.after.update(part.after)
        whole.referrals += part.referrals
        whole.deals += part.deals
        whole.unclear += part.unclear
    return whole


@pytest.mark.django_db
@pytest.mark.parametrize("first", range(FIRST, FIRST + HISTORIES, BLOCK))
def test_own_rules_change_nothing_of_a_random_history(first: int, tmp_path: Path) -> None:
    for seed in range(first, min(first + BLOCK, FIRST + HISTORIES)):
        drawn = history(Random(seed), most=20) | {"name": f"seed {seed}"}
        path = tmp_path / f"{seed}.json"
        path.write_text(json.dumps(drawn), encoding="utf-8")
        found: list[Comparison] = []
        replay(read_scenario(path), lambda cast, outcomes, found=found: found.append(_read(cast)) or {})
        (result,) = found
        assert result.unclear == [], json.dumps(drawn)
        assert result.referrals == result.deals == []
        assert result.before == result.after


# What was refused leaves no fact to judge anew, and a policy changed half-way is no one policy.
_LEAVES_NOTHING = ("add_phone", "withdraw", "policy", "payout", "payment", "contract", "handover")


def _stood(cast: Cast) -> tuple[dict[str, str], dict[str, dict[str, Fraction]]]:
    """Return where all stands: referrals by state or refusal, live deals by shares, under the scenario's names."""
    now = clock.now()
    names = {referral.pk: name for name, referral in cast.referrals.items()}
    states = {}
    for referral in Referral.objects.filter(pk__in=names):
        state = str(referral.state_at(now))
        states[names[referral.pk]] = f"{state}:{referral.reason}" if state == "rejected" else state
    live = Deal.objects.exclude(state="cancelled").in_bulk([deal.pk for deal in cast.deals.values()])
    shares = {
        name: {names[share.referral_id]: share.fraction for share in live[deal.pk].shares.filter(ended_at=None)}
        for name, deal in cast.deals.items()
        if deal.pk in live
    }
    return states, shares


def _would_stand(cast: Cast, changes: dict[str, Any]) -> tuple[dict[str, str], dict[str, dict[str, Fraction]]]:
    """Return where all would stand by what is read anew under the changed rules."""
    other = replace(rules_of(current_policy(cast.project), cast.project), **changes)
    result = _read(cast, other)
    assert result.unclear == []
    states, shares = _stood(cast)
    referrals = {referral.number: name for name, referral in cast.referrals.items()}
    deals = {deal.number: name for name, deal in cast.deals.items()}
    states |= {referrals[one.number]: one.after.code for one in result.referrals}
    shares |= {deals[one.number]: {referrals[r]: part for r, part in one.after.items()} for one in result.deals}
    return states, shares


@pytest.mark.django_db
@pytest.mark.parametrize("first", range(FIRST, FIRST + HISTORIES, BLOCK))
def test_a_history_read_under_other_rules_is_the_history_that_services_make_of_it(first: int, tmp_path: Path) -> None:
    for seed in range(first, min(first + BLOCK, FIRST + HISTORIES)):
        random = Random(seed)
        drawn = history(random, most=25) | {"name": f"seed {seed}", "plans": []}
        drawn["events"] = [event for event in drawn["events"] if event["type"] not in _LEAVES_NOTHING]
        drawn["project"]["policy"]["phone_mode"] = "full"
        others = policy_of(random, easy=False) | {"phone_mode": "full"}
        changes = {name: value for name, value in others.items() if name != "phone_mode"}
        found: list[Any] = []
        for policy, look in ((drawn["project"]["policy"], partial(_would_stand, changes=changes)), (others, _stood)):
            path = tmp_path / f"{seed}.json"
            path.write_text(json.dumps(drawn | {"project": drawn["project"] | {"policy": policy}}), encoding="utf-8")
            replay(read_scenario(path), lambda cast, outcomes, do=look, to=found: to.append(do(cast)) or {})
        read, made = found
        assert read == made, (changes, json.dumps(drawn))
