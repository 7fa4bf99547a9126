"""Explanations of many rows say what each says when it is worded alone."""

import json

import pytest
from django.utils.translation import override
from hypothesis import given, settings

from commissions.engine.calculate import entitlements
from commissions.words import RowExplainer, explain_row
from tests.unit.engine.facts import ZONE
from tests.unit.engine.histories import INSTANTS, projects


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_worded_once_for_all_prices_a_row_reads_as_it_does_alone(language):
    @settings(max_examples=60, deadline=None)
    @given(project=projects(), as_of=INSTANTS)
    def reads_alike(project, as_of):
        plans, deals = project
        explained = RowExplainer()
        for row in entitlements(plans, deals, zone=ZONE, currency="CNY", as_of=as_of):
            facts = dict(row.explanation)
            price = facts.pop("price", None)
            assert explained(json.dumps(facts), price) == explain_row(row.explanation)

    with override(language):
        reads_alike()


def test_nothing_recorded_says_nothing():
    assert RowExplainer()("{}", None) == ""


def test_what_is_no_deals_commission_reads_as_it_does_alone():
    facts = {"adjustment": 1, "reason": "a fair", "asked_by": "Fan", "approved_by": "Guo"}
    assert RowExplainer()(json.dumps(facts), None) == explain_row(facts)
