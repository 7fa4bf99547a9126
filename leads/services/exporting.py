"""That a list of clients left the product as a file."""

from typing import Any

from brokers.models import Agency
from channels_platform.audit.services import record
from channels_platform.db import transactional


@transactional
def note_export(*, actor: Any, agency: Agency, tab: str, rows: int) -> None:
    """Record who took how many clients of which list.

    Writes: audit event `referrals.exported`.
    """
    record("referrals.exported", actor=actor, target=agency, agency=agency, after={"list": tab, "rows": rows})
