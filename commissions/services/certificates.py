"""Handing out what was withheld from individuals; whole identity numbers only to who may, and on record."""

from datetime import date
from tempfile import TemporaryFile
from typing import Any

from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require, require_person
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.lib.errors import Forbidden
from commissions.selectors import visible_companies
from commissions.tax_sheets import certificates, write_certificates
from projects.models import PayingCompany


@transactional
def export_certificates(*, actor: Any, company: PayingCompany, month: date, full: bool) -> bytes:
    """Return the month's certificate figures as a workbook, in the language active now.

    Raises: Forbidden.
    Writes: audit event `tax.exported`.
    """
    require(actor, Can.SEE_MONEY)
    if full:
        require_person(actor, Can.EXPORT_IDENTITIES)
    if actor is not None and not visible_companies(actor).filter(pk=company.pk).exists():
        raise Forbidden("the company is not yours")
    rows = certificates(company=company, month=month)
    after = {"month": f"{month:%Y-%m}", "rows": len(rows), "identity_numbers": full}
    record("tax.exported", actor=actor, target=company, after=after)
    with TemporaryFile() as target:
        write_certificates(target, rows, full=full)
        target.seek(0)
        return target.read()
