"""Handing a reconciliation out as a workbook; it leaves an event."""

from typing import Any

from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.lib.errors import Forbidden
from commissions.models import Reconciliation
from commissions.reconciling import visible_reconciliations


@transactional
def export_reconciliation(*, actor: Any, reconciliation: Reconciliation) -> bytes:
    """Return a result as a workbook in the language active now, to either side.

    Raises: Forbidden.
    Writes: audit event `reconciliation.exported`.
    """
    require(actor, Can.SEE_MONEY, Can.RECONCILE_OWN)
    if not visible_reconciliations(actor).filter(pk=reconciliation.pk).exists():
        raise Forbidden("the reconciliation is not yours")
    record("reconciliation.exported", actor=actor, target=reconciliation, agency=reconciliation.agency_id)
    # their library is large: most processes write none
    from commissions.exports.reconciliation import reconciliation_workbook

    return reconciliation_workbook(reconciliation)
