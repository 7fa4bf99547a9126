"""Domain 6.2: for one deal and payee at most one series may apply."""

from datetime import date

import pytest

from commissions.engine.terms import PlanTerm, overlaps


def term(agency="A1", payee="agency", applies_to="referred", start=None, end=None):
    return PlanTerm(agency, payee, applies_to, start and date.fromisoformat(start), end and date.fromisoformat(end))


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        (term(), term(), True),
        (term(), term(agency="A2"), False),
        (term(), term(payee="broker"), False),
        (term(), term(applies_to="walk_in"), False),
        (term(), term(applies_to="all"), True),
        (term(applies_to="walk_in"), term(applies_to="all"), True),
        (term(end="2026-03-31"), term(start="2026-04-01"), False),
        (term(end="2026-04-01"), term(start="2026-04-01"), True),
        (term(start="2026-01-01", end="2026-12-31"), term(start="2026-05-01", end="2026-05-01"), True),
        (term(start="2026-01-01", end="2026-01-31"), term(start="2026-03-01", end="2026-03-31"), False),
        (term(start="2026-01-01"), term(end="2025-12-31"), False),
    ],
)
def test_versions_overlap_where_one_deal_could_fall_under_both(one, other, clash):
    assert overlaps(one, other) == clash
    assert overlaps(other, one) == clash
