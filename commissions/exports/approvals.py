"""How a batch came to be approved, step by step: who did what when, and of which amount."""

from collections.abc import Iterator
from decimal import Decimal
from operator import itemgetter
from typing import Any

from django.db.models import Sum
from django.utils.translation import gettext

from channels_platform.audit.models import Event
from channels_platform.audit.selectors import events_of
from channels_platform.presentation import formats
from commissions.batch_facts import left_out_of
from commissions.exports.cells import Column, money_column, text_column
from commissions.models import ApprovalRule, ApprovedLine, BatchApproval, PayoutBatch

_Step = tuple[Any, ...]


def approval_columns() -> list[Column]:
    """Return the columns of `approval_rows`, headed in the active language."""
    return [
        text_column(gettext("Step"), 24, 0),
        text_column(gettext("Who"), 20, 1),
        text_column(gettext("Role"), 18, 2),
        text_column(gettext("When"), 26, 3),
        text_column(gettext("Amount band"), 30, 4),
        money_column(gettext("Gross"), 5),
        money_column(gettext("Net"), 6),
        text_column(gettext("Reason"), 50, 7),
    ]


def approval_rows(batch: PayoutBatch) -> Iterator[_Step]:
    """Yield the batch's steps in order; an approval with the amounts that were approved, and why it counts no more."""
    steps = [*_moves(batch), *_approvals(batch)]
    for at, label, who, band, gross, net, reason in sorted(steps, key=itemgetter(0)):
        role = str(who.get_role_display()) if who is not None else ""
        yield (
            label,
            str(who) if who is not None else gettext("the schedule"),
            role,
            formats.exact_instant(at, batch.company.timezone),
            band,
            gross,
            net,
            reason,
        )


def _moves(batch: PayoutBatch) -> Iterator[_Step]:
    for one in left_out_of(batch):
        step = gettext("%(payee)s left out") % {"payee": one.payee}
        yield (one.at, step, one.by, "", one.gross, None, one.reason)
    words = {
        "batch.drafted": gettext("Prepared"),
        "batch.submitted": gettext("Submitted"),
        "batch.draft": gettext("Returned to draft"),
        "batch.void": gettext("Void"),
    }
    moves = events_of(batch).filter(action__in=words).select_related("actor")
    for move in moves.order_by("id"):
        yield (move.at, words[move.action], move.actor, "", _figure(move, "gross"), _figure(move, "net"), move.reason)


def _figure(move: Event, name: str) -> Decimal | None:
    return Decimal(move.after[name]) if name in move.after else None


def _approvals(batch: PayoutBatch) -> Iterator[_Step]:
    given = list(batch.approvals.select_related("approver").order_by("given_at", "pk"))
    # the lines are kept with the first approval of a round; the others are of the same digest
    sums = {
        row["approval__digest"]: (row["gross"], row["net"])
        for row in ApprovedLine.objects.filter(approval__batch=batch)
        .values("approval", "approval__digest")
        .annotate(gross=Sum("gross"), net=Sum("net"))
    }
    for one in given:
        gross, net = sums.get(one.digest, (None, None))
        yield (
            one.given_at, gettext("Approved"), one.approver, _band(batch, gross), gross, net, _voided(one, batch),
        )  # fmt: skip


def _band(batch: PayoutBatch, gross: Decimal | None) -> str:
    """Return from which amount on so many have to approve: by the rule there is, where it still asks for as many."""
    needed = gettext("%(n)s to approve") % {"n": batch.approvals_needed}
    rules = ApprovalRule.objects.filter(company=batch.company_id, currency=batch.currency)
    rule = rules.filter(from_amount__lte=gross or 0).order_by("-from_amount").first()
    if rule is None or rule.approvals != batch.approvals_needed:
        return needed
    start = formats.money(rule.from_amount, batch.currency)
    return gettext("from %(amount)s %(currency)s: %(needed)s") % {
        "amount": start, "currency": batch.currency, "needed": needed,
    }  # fmt: skip


def _voided(approval: BatchApproval, batch: PayoutBatch) -> str:
    if approval.voided_at is None:
        return ""
    because = {
        "line_changed": gettext("a line changed"),
        "returned": gettext("the batch was returned"),
        "voided": gettext("the batch was given up"),
    }.get(approval.voided_because, approval.voided_because)
    at = formats.exact_instant(approval.voided_at, batch.company.timezone)
    return gettext("counts no more since %(at)s: %(because)s") % {"at": at, "because": because}
