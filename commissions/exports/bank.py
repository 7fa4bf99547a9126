"""What a batch still has to transfer, and where to: the accounts in use now, read when the file is made."""

from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils.translation import gettext

from channels_platform.lib import clock
from channels_platform.privacy.keys import cipher
from commissions.engine.bank_files import FileColumn, Layout, Transfer
from commissions.holds import held_lines
from commissions.models import BankTemplate, PayoutBatch

# Of a payee `p` the account used last, good only while nobody stopped it; as brokers.selectors.account_in_force.
ACCOUNT_IN_USE = """
SELECT * FROM brokers_payoutaccount o
WHERE (o.agency_id = p.agency_id OR o.broker_id = p.broker_id) AND o.effective_at <= %(now)s
  AND (o.state = 'confirmed' OR o.closed_at >= o.effective_at)
ORDER BY o.effective_at DESC, o.id DESC LIMIT 1
"""

_TRANSFERS = f"""
SELECT l.id, coalesce(a.name, u.name, ''), x.holder, x.bank_name, x.branch_code,
       CASE WHEN x.state = 'confirmed' THEN x.account END, l.net
FROM commissions_payoutline l
JOIN commissions_payee p ON p.id = l.payee_id
LEFT JOIN brokers_agency a ON a.id = p.agency_id
LEFT JOIN brokers_broker b ON b.id = p.broker_id
LEFT JOIN accounts_user u ON u.id = b.user_id
LEFT JOIN LATERAL ({ACCOUNT_IN_USE}) x ON true
WHERE l.batch_id = %(batch)s AND l.state = 'open'
ORDER BY 2, l.id
"""  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class Transfers:
    """The transfers of a file; `lacking` names the payees whose lines have no account to go to."""

    found: list[Transfer]
    lacking: list[str]


def transfers_of(batch: PayoutBatch) -> Transfers:
    """Return one transfer per line that is still to be paid: what is held or unknown at the bank is left out."""
    with connection.cursor() as cursor:
        cursor.execute(_TRANSFERS, {"batch": batch.pk, "now": clock.now()})
        rows: list[Any] = cursor.fetchall()
    held, box = held_lines(row[0] for row in rows), cipher()
    found, lacking = [], []
    for line_id, payee, holder, bank, branch, account, net in rows:
        if line_id in held:
            continue
        if account is None:
            lacking.append(payee)
            continue
        found.append(Transfer(str(line_id), payee, holder, bank, branch, box.decrypt(account), net))
    return Transfers(found, lacking)


def layout_of(batch: PayoutBatch) -> Layout:
    """Return how the company's bank wants the file; without a template, a CSV headed in the active language."""
    template = BankTemplate.objects.filter(company=batch.company_id).first()
    return standard_layout() if template is None else layout_from(template)


def layout_from(template: BankTemplate) -> Layout:
    return Layout(
        columns=tuple(FileColumn(c["field"], c["heading"], c.get("text", "")) for c in template.columns),
        headings=template.headings,
        first_line=template.first_line,
        last_line=template.last_line,
        delimiter=template.delimiter,
        encoding=template.encoding,
        amounts=template.amounts,
        line_end=template.line_end,
    )


def standard_layout() -> Layout:
    """Return the layout where a company has none of its own: opens in Excel, in the active language."""
    headings = {
        "line": gettext("Line"),
        "holder": gettext("Account holder"),
        "bank": gettext("Bank"),
        "account": gettext("Account number"),
        "amount": gettext("Amount"),
        "currency": gettext("Currency"),
        "purpose": gettext("Purpose"),
    }
    return Layout(columns=tuple(FileColumn(field, heading) for field, heading in headings.items()))
