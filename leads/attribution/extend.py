"""Until when may a manager extend a window of protection?"""

from datetime import datetime

from channels_platform.lib.spans import WindowEnd, window_end
from leads.attribution.types import Rules, Span


def extended_end(*, rules: Rules, window: Span, days: int) -> datetime | None:
    """Return the window's end `days` later, at most its cap; None where it has reached that.

    Where windows end with a day, the extended one does too. The cap is that of re-visits: `max_protection_days`
    counted from the window's first start.
    Source: domain 4.1.
    """
    whole_days = WindowEnd(rules.window_end) is WindowEnd.END_OF_DAY
    end = window_end(
        start=window.ends_at,
        # The end of a day is the midnight that begins the next: it lies one date further already.
        days=days - 1 if whole_days else days,
        end=WindowEnd(rules.window_end),
        zone=rules.zone,
    )
    if rules.max_protection_days is not None:
        end = min(end, rules.window_from(window.starts_at, rules.max_protection_days))
    return end if end > window.ends_at else None
