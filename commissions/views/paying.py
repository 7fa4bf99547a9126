"""Marking a batch paid: a reference per line or a failed tick, looked at once more before it is final."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from channels_platform.accounts.permissions import Can
from channels_platform.http.once import OnceForm, sent
from channels_platform.http.screens import needs
from channels_platform.lib.names import clean_text
from commissions.batch_facts import files_out
from commissions.batch_sheets import lines_of, with_states
from commissions.holds import Held
from commissions.models import PayoutBatch
from commissions.models.payout import LONGEST_ANSWER
from commissions.selectors import visible_batches
from commissions.services.payouts import pay_batch
from commissions.states import BatchState, LineState
from commissions.views.common import attempt, show, status_of

AT_ONCE = 400


@dataclass
class Row:
    """A line with what was entered for it."""

    line: Any
    reference: str = ""
    failed: bool = False
    fault: str = ""

    @property
    def hold(self) -> Held | None:
        held: Held | None = self.line.hold
        return held

    @property
    def outcome(self) -> str:
        return "failed" if self.failed else "paid" if self.reference else "open"


def _rows(batch: PayoutBatch, data: Any) -> list[Row]:
    """Return the batch's open lines, as many as one form takes, filled from what was sent."""
    lines = with_states(lines_of(batch, show=LineState.OPEN)[:AT_ONCE])
    if data is None:
        return [Row(line) for line in lines]
    failed = set(data.getlist("failed"))
    common = clean_text(data.get("common", ""))
    rows = []
    for line in lines:
        row = Row(line, clean_text(data.get(f"reference-{line.pk}", "")), str(line.pk) in failed)
        if row.failed and row.reference:
            row.fault = _("Either a reference or failed, not both.")
        elif len(row.reference or common) > 80:
            row.fault = _("At most 80 characters.")
        elif not row.failed and not row.reference and row.hold is None and f"reference-{line.pk}" in data:
            row.reference = common
        rows.append(row)
    return rows


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.PREPARE_PAYOUT, Can.APPROVE_PAYOUT)
def batch_pay(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """Enter what the bank did with each line; see it summed up; make it final."""
    batch = get_object_or_404(visible_batches(request.user), pk=batch_id)
    address = reverse("finance:batch", args=[batch.pk])
    if request.method != "POST" and batch.state != BatchState.APPROVED:
        messages.warning(request, _("This can't be done in the state the batch is in."))
        return HttpResponseRedirect(address)
    form = OnceForm(sent(request))
    rows = _rows(batch, sent(request))
    told = [row for row in rows if row.outcome != "open"]
    final = "final" in request.POST and not any(row.fault for row in rows)
    # what failed while a bank file is out may still be paid: the bank's answer is asked for
    answer_text = clean_text(request.POST.get("answer", ""))
    asks_answer = any(row.failed for row in told) and files_out(batch).exists()
    unsaid = final and asks_answer and not answer_text

    def work() -> str:
        results = _results(request.POST)
        paid = pay_batch(actor=request.user, batch=batch, results=results, answer=answer_text)
        left = paid.lines.filter(state=LineState.OPEN).count()
        failed = sum(result["failed"] for result in results)
        said = _("%(paid)s paid, %(failed)s failed, %(open)s still open.")
        messages.success(request, said % {"paid": len(results) - failed, "failed": failed, "open": left})
        return f"{address}?recorded=1"

    if final and not unsaid and (answer := attempt(request, form, work)) is not None:
        return answer
    context: dict[str, Any] = {
        "batch": batch,
        "rows": rows,
        "form": form,
        "common": request.POST.get("common", ""),
        "more": max(0, batch.lines.filter(state=LineState.OPEN).count() - len(rows)),
    }
    if request.method == "POST" and not form.errors and told and not any(row.fault for row in rows):
        return show(
            request,
            "finance/batch_pay_check.html",
            {
                **context,
                **_summary(told),
                "left": len(rows) - len(told) + context["more"],
                "asks_answer": asks_answer,
                "unsaid": unsaid,
                "longest": LONGEST_ANSWER,
            },
            status=422 if unsaid else 200,
        )
    if request.method == "POST" and not told and not form.errors:
        form.add_error(None, _("Enter a bank reference, or tick what failed, for at least one line."))
    status = 422 if any(row.fault for row in rows) else status_of(form)
    return show(request, "finance/batch_pay.html", context, status=status)


def _results(data: Any) -> list[dict[str, Any]]:
    """Return what was sent, whatever lines are open now: the service says what no longer goes."""
    results: list[dict[str, Any]] = [{"line": line, "failed": True} for line in data.getlist("failed")]
    for name in data:
        reference = clean_text(data[name])
        if name.startswith("reference-") and reference:
            results.append({"line": name.removeprefix("reference-"), "bank_reference": reference, "failed": False})
    return results


def _summary(told: list[Row]) -> dict[str, Any]:
    paid, failed = [row for row in told if not row.failed], [row for row in told if row.failed]
    return {
        "told": told,
        "paid_count": len(paid),
        "paid_sum": sum((row.line.net for row in paid), Decimal(0)),
        "failed_count": len(failed),
        "failed_sum": sum((row.line.net for row in failed), Decimal(0)),
    }
