"""One client, several filings: which of them does the rule put first at the desk?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from leads.states import Reason


class Because(StrEnum):
    """Why a filing comes first."""

    HOLDS = "holds"
    ALONE = "alone"
    CAME_WITH = "came_with"
    FILED_FIRST = "filed_first"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A live filing: what an arrival now would be answered, whether its claim holds the phone, the broker's word."""

    key: Any
    filed_at: datetime
    reason: Reason | None
    holds: bool
    told_at: datetime | None


def first_by_rule(candidates: Sequence[Candidate]) -> tuple[Any, Because] | None:
    """Return whose arrival is to be confirmed and why, or None where none would pass.

    Who holds the client's phone; else the only one that would pass; else the one whose broker said today that
    the client is here, the earliest; else the one filed first. Never whoever is liked best.
    Source: domain 4.3; guides, "several filings of one client".
    """
    passing = sorted((one for one in candidates if one.reason is None), key=lambda one: (one.filed_at, str(one.key)))
    if not passing:
        return None
    for one in passing:
        if one.holds:
            return one.key, Because.HOLDS
    if len(passing) == 1:
        return passing[0].key, Because.ALONE
    told = [(one.told_at, one.filed_at, str(one.key), one.key) for one in passing if one.told_at is not None]
    if told:
        return min(told)[3], Because.CAME_WITH
    return passing[0].key, Because.FILED_FIRST
