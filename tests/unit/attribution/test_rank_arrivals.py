"""Several filings of one client at the desk: the rule says whose arrival is confirmed."""

from datetime import timedelta

from leads.attribution.rank_arrivals import Because, Candidate, first_by_rule
from leads.states import Reason
from tests.unit.attribution.rules import NOW


def one(key, *, ago=1, reason=None, holds=False, told=None):
    told_at = None if told is None else NOW - timedelta(minutes=told)
    return Candidate(key, NOW - timedelta(hours=ago), reason, holds, told_at)


def test_who_holds_the_client_comes_first_however_late_filed():
    held = one("held", ago=1, holds=True)
    assert first_by_rule([one("older", ago=9, told=5), held]) == ("held", Because.HOLDS)


def test_who_holds_the_client_and_was_confirmed_today_leaves_none():
    held = one("held", holds=True, reason=Reason.ALREADY_TODAY)
    assert first_by_rule([held, one("rival", reason=Reason.PROTECTED)]) is None


def test_the_only_one_that_would_pass_is_alone():
    assert first_by_rule([one("early", ago=9, reason=Reason.TOO_EARLY), one("b")]) == ("b", Because.ALONE)


def test_among_equals_the_broker_who_came_with_the_client_first():
    rivals = [one("older", ago=9), one("late", ago=2, told=3), one("soon", ago=3, told=8)]
    assert first_by_rule(rivals) == ("soon", Because.CAME_WITH)


def test_a_word_that_would_not_pass_counts_for_nothing():
    rivals = [one("told", told=8, reason=Reason.TOO_EARLY), one("b", ago=2), one("a", ago=5)]
    assert first_by_rule(rivals) == ("a", Because.FILED_FIRST)


def test_else_the_one_filed_first_whatever_the_order_given():
    rivals = [one("b", ago=2), one("a", ago=5), one("c", ago=1)]
    assert {first_by_rule(order) for order in (tuple(rivals), tuple(rivals[::-1]))} == {("a", Because.FILED_FIRST)}
    assert first_by_rule([]) is None
