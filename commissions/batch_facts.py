"""What a batch says, line by line, now and when it was approved: for the digest of an approval, and what changed."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from channels_platform.audit.selectors import events_of
from channels_platform.lib import clock
from commissions.exports.bank import ACCOUNT_IN_USE
from commissions.models import ApprovedLine, BankFile, Payee, PayoutBatch
from commissions.states import LineState

LEFT_OUT = "batch.line_left_out"

# A line that left is no part of the batch; one that the bank failed is, as it was approved.
_FACTS = f"""
SELECT l.id, l.payee_id, l.gross, l.tax, l.net, coalesce(x.entries, ''), coalesce(i.number, ''),
       coalesce(c.id::text, ''), coalesce(c.bank_name, ''), coalesce(c.last4, ''), l.state
FROM commissions_payoutline l
JOIN commissions_payee p ON p.id = l.payee_id
LEFT JOIN LATERAL ({ACCOUNT_IN_USE}) c ON c.state = 'confirmed'
LEFT JOIN commissions_invoice i ON i.line_id = l.id AND i.live
LEFT JOIN (
    SELECT t.line_id, encode(sha256(convert_to(
        string_agg(t.entry_id || ':' || e.amount, ',' ORDER BY t.entry_id), 'UTF8')), 'hex') AS entries
    FROM commissions_payoutentry t
    JOIN commissions_payoutline o ON o.id = t.line_id
    JOIN commissions_ledgerentry e ON e.id = t.entry_id
    WHERE o.batch_id = %(batch)s
    GROUP BY t.line_id
) x ON x.line_id = l.id
WHERE l.batch_id = %(batch)s AND l.left_at IS NULL
ORDER BY l.id
"""  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class LineFacts:
    """One line as it is now: whom it pays how much, out of which entries, with which invoice, to which account."""

    line_id: UUID
    payee_id: UUID
    gross: Decimal
    tax: Decimal
    net: Decimal
    entries: str
    invoice: str
    account_key: str
    bank: str
    last4: str
    state: str

    @property
    def account(self) -> str:
        """The account as it may be shown: the bank and the last digits."""
        return f"{self.bank} ****{self.last4}" if self.account_key else ""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Whose line was left out of a batch, and why."""

    payee: Payee
    gross: Decimal
    reason: str
    by: Any
    at: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """What of a line is another than was approved: its name, then and now."""

    what: str
    was: Any
    now: Any
    is_money: bool = False


@dataclass(frozen=True, slots=True)
class Changed:
    """A line that is no longer what was approved."""

    line_id: UUID
    payee: Payee
    changes: tuple[Change, ...]


def facts_of(batch: PayoutBatch) -> list[LineFacts]:
    """Return what each line of the batch says now, in one order."""
    with connection.cursor() as cursor:
        cursor.execute(_FACTS, {"batch": batch.pk, "now": clock.now()})
        return [LineFacts(*row) for row in cursor.fetchall()]


def digest_of(facts: Iterable[LineFacts]) -> str:
    """Return one digest of all that an approver approves."""
    whole = hashlib.sha256()
    for one in facts:
        row = (one.line_id, one.payee_id, one.gross, one.tax, one.net, one.entries, one.invoice, one.account_key)
        whole.update("\x1f".join(map(str, row)).encode() + b"\x1e")
    return whole.hexdigest()


def approved_lines(batch: PayoutBatch) -> dict[UUID, ApprovedLine]:
    """Return what was approved, by line: that of the approvals that count."""
    kept = ApprovedLine.objects.filter(approval__batch=batch, approval__voided_at__isnull=True)
    return {one.line_id: one for one in kept}


def changed_since_approval(batch: PayoutBatch) -> list[Changed]:
    """Return which lines are no longer what was approved, and how; nothing where no snapshot was kept."""
    kept = approved_lines(batch)
    if not kept:
        return []
    now = {one.line_id: one for one in facts_of(batch)}
    found: dict[UUID, tuple[UUID, tuple[Change, ...]]] = {}
    for line_id, was in kept.items():
        is_now = now.get(line_id)
        changes = (Change(_("in the batch"), _("yes"), _("no")),) if is_now is None else _changes(was, is_now)
        if changes:
            found[line_id] = (was.payee_id, changes)
    for line_id in now.keys() - kept.keys():
        found[line_id] = (now[line_id].payee_id, (Change(_("in the batch"), _("no"), _("yes")),))
    payees = Payee.objects.select_related("agency", "broker__user", "broker__agency").in_bulk(
        {payee_id for payee_id, _changes in found.values()}
    )
    rows = [Changed(line_id, payees[payee_id], changes) for line_id, (payee_id, changes) in found.items()]
    return sorted(rows, key=lambda one: (str(one.payee), str(one.line_id)))


def _changes(was: ApprovedLine, now: LineFacts) -> tuple[Change, ...]:
    found = [
        Change(label, getattr(was, name), getattr(now, name), is_money=True)
        for name, label in (("gross", _("Gross")), ("tax", _("Tax withheld")), ("net", _("Net")))
        if getattr(was, name) != getattr(now, name)
    ]
    if was.entries != now.entries:
        found.append(Change(_("Ledger entries"), was.entries[:8], now.entries[:8]))
    if was.invoice != now.invoice and now.invoice:
        found.append(Change(_("Invoice"), was.invoice or "–", now.invoice))
    if now.state == LineState.OPEN and now.account_key != was.account_key:
        found.append(Change(_("Bank account"), was.account or "–", now.account or "–"))
    return tuple(found)


def left_out_of(batch: PayoutBatch) -> list[LeftOut]:
    """Return what was left out of a batch by hand, in order."""
    events = list(events_of(batch).filter(action=LEFT_OUT).select_related("actor").order_by("id"))
    payees = Payee.objects.select_related("agency", "broker__user", "broker__agency")
    by_id = {str(one.pk): one for one in payees.filter(pk__in=[event.after["payee"] for event in events])}
    return [
        LeftOut(by_id[event.after["payee"]], Decimal(event.after["gross"]), event.reason, event.actor, event.at)
        for event in events
    ]


def files_out(batch: PayoutBatch) -> QuerySet[BankFile]:
    """Return the bank files made of a batch of which nobody said that they pay nothing: they may be at the bank."""
    return batch.bank_files.filter(unsent__isnull=True)
