"""The whole proof, in one snapshot. What else is to be proven is one line in `CHECKS`."""

from collections.abc import Callable

from django.db.models import Model

from channels_platform.lib import clock
from commissions.models import LedgerEntry, LedgerTransaction, PayoutBatch, PayoutLine, Statement
from commissions.proof.differences import Report, one_moment
from commissions.proof.entitlements import check_entitlements
from commissions.proof.ledger import check_ledger
from commissions.proof.payouts import check_payouts
from commissions.proof.seals import check_seals
from commissions.proof.sources import check_sources
from commissions.proof.statements import check_statements
from commissions.proof.taxes import check_taxes

CHECKS: tuple[Callable[[Report], None], ...] = (
    check_ledger,
    check_sources,
    check_payouts,
    check_taxes,
    check_statements,
    check_seals,
)

_COUNTED: dict[str, type[Model]] = {
    "transactions": LedgerTransaction,
    "entries": LedgerEntry,
    "batches": PayoutBatch,
    "payout_lines": PayoutLine,
    "statements": Statement,
}


def verify() -> Report:
    """Return what of the ledger does not agree with the facts, with itself, or with what was paid and sealed.

    Locks: none: everything is seen as it was at one moment, whatever is written meanwhile.
    """
    report = Report()
    with one_moment():
        for name, model in _COUNTED.items():
            report.count(name, model._default_manager.count())
        check_entitlements(report, now=clock.now())
        for check in CHECKS:
            check(report)
    return report
