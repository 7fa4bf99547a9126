"""Handing a month's statement out as a file; each leaves an event."""

from enum import StrEnum
from typing import Any

from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.files.content import PDF, XLSX
from channels_platform.lib.errors import Forbidden
from commissions.models import Statement
from commissions.services.exporting import ExportedFile
from commissions.statement_sheets import visible_statements


class StatementForm(StrEnum):
    PDF = "pdf"
    XLSX = "xlsx"


@transactional
def export_month(*, actor: Any, statement: Statement, form: StatementForm) -> ExportedFile:
    """Return a statement as a file in the language active now: for finance, and for its own payee.

    Raises: Forbidden.
    Writes: audit event `statement.exported`.
    """
    require(actor, Can.SEE_MONEY, Can.SEE_OWN_MONEY)
    if not visible_statements(actor).filter(pk=statement.pk).exists():
        raise Forbidden("the statement is not yours")
    record("statement.exported", actor=actor, target=statement, after={"form": str(form)})
    # their library is large: most processes write none
    from commissions.exports.monthly import monthly_pdf, monthly_workbook

    if form is StatementForm.PDF:
        return ExportedFile(f"{statement.number}.pdf", PDF.media_type, iter([monthly_pdf(statement)]))
    return ExportedFile(f"{statement.number}.xlsx", XLSX.media_type, iter([monthly_workbook(statement)]))
