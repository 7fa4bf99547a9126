"""The reports there are, in the order in which finance looks for them."""

from commissions.reports.of_deals import CHANNELS, COLLECTION, COST, DISPUTES
from commissions.reports.of_ledger import COMMISSION, ENTRIES, RETENTION, TAX
from commissions.reports.of_payouts import PAYOUTS
from commissions.reports.types import Report

REPORTS: dict[str, Report] = {
    report.name: report
    for report in (PAYOUTS, COMMISSION, COST, CHANNELS, COLLECTION, RETENTION, TAX, DISPUTES, ENTRIES)
}
