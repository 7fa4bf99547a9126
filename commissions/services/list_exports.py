"""That a list of money left the product as a file."""

from typing import Any

from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require
from channels_platform.audit.services import record
from channels_platform.db import transactional


@transactional
def note_list_export(*, actor: Any, name: str, rows: int) -> None:
    """Record who took how many rows of which list: `balances` or `payments`.

    Raises: Forbidden.
    Writes: audit event `balances.exported` or `payments.exported`.
    """
    require(actor, Can.SEE_MONEY)
    record(f"{name}.exported", actor=actor, after={"rows": rows})
