"""A usual policy as the pure rules read it, and the instant of judging."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from leads.attribution.types import Rules

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def rules(**differing):
    """Return the usual rules with some fields differing."""
    usual = {
        "exclusive_from": "visit",
        "protection_days": 30,
        "window_end": "exact",
        "visit_within_hours": 72,
        "lead_time_minutes": 60,
        "lookback_days": 90,
        "revisit_extends": False,
        "max_protection_days": None,
        "masked": False,
        "daily_filing_limit": None,
        "credit_days": None,
        "proxy_purchase": False,
        "zone": ZoneInfo("Asia/Shanghai"),
    }
    return Rules(**usual | differing)
