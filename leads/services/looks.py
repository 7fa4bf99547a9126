"""What every look for risk signals shares: how far back it goes, what it hands on, its own SQL."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from leads.models import RiskSignal
from leads.states import SignalKind

LOOKS_BACK = timedelta(hours=48)
SHARE_SPAN = timedelta(days=90)
FEWEST, TIMES_THE_NORM = 3, 3


def raised(
    kind: SignalKind,
    broker_id: Any,
    project_id: Any,
    now: datetime,
    *,
    once: str,
    person_id: Any = None,
    referral_id: Any = None,
    **facts: Any,
) -> RiskSignal:
    """Return a signal yet to be kept: about a broker, a person of the site, or both. `facts` are its evidence."""
    return RiskSignal(
        kind=kind,
        broker_id=broker_id,
        person_id=person_id,
        project_id=project_id,
        referral_id=referral_id,
        evidence=facts,
        once=f"{kind}:{once}",
        found_at=now,
    )


def week(now: datetime) -> str:
    """Return what stands for the week in `once`: what goes on is told again each week, not each hour."""
    return f"{now:%G-%V}"


def rows_of(sql: str, values: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        yield from cursor.fetchall()
