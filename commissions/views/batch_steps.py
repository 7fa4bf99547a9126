"""The steps of a batch: each on a page that says what will happen, offered only where it can be done."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.http import require_http_methods

from channels_platform.accounts.permissions import Can
from channels_platform.http.once import OnceForm, sent
from channels_platform.http.screens import needs
from channels_platform.lib.errors import Refused
from channels_platform.presentation import formats
from commissions.batch_facts import digest_of, facts_of, files_out
from commissions.batch_sheets import held_of, totals_of
from commissions.forms import CallBackForm, ReasonForm, SeenForm
from commissions.holds import Held
from commissions.models import PayoutBatch
from commissions.selectors import visible_batches
from commissions.services.payouts import approve_batch, return_batch, submit_batch, void_batch
from commissions.services.reissue import reissue_failed, sent_back
from commissions.states import BEGUN, BatchState
from commissions.views.common import attempt, in_words, show, status_of


@dataclass(frozen=True)
class Step:
    """One move of a batch: who may, from which states, and how its page speaks of it."""

    name: str
    acts: tuple[Can, ...]
    states: frozenset[BatchState]
    work: Callable[..., Any] | None
    label: str | Promise
    heading: str | Promise
    happens: str | Promise
    undo: str | Promise
    done: str | Promise
    icon: str
    look: str = "quiet"
    asks_reason: bool = False


_BOTH = (Can.PREPARE_PAYOUT, Can.APPROVE_PAYOUT)
STEPS = {
    step.name: step
    for step in (
        Step(
            name="submit",
            acts=(Can.PREPARE_PAYOUT,),
            states=frozenset({BatchState.DRAFT}),
            work=submit_batch,
            label=gettext_lazy("Submit"),
            heading=gettext_lazy("Submit for approval?"),
            happens=gettext_lazy("Batch %(number)s with %(lines)s, net %(net)s, goes to another person for approval."),
            undo=gettext_lazy("Individuals' tax is worked out anew. It can be returned to draft until it is paid."),
            done=gettext_lazy("Batch %(number)s is submitted."),
            icon="send",
            look="primary",
        ),
        Step(
            name="approve",
            acts=(Can.APPROVE_PAYOUT,),
            states=frozenset({BatchState.SUBMITTED}),
            work=approve_batch,
            label=gettext_lazy("Approve"),
            heading=gettext_lazy("Approve for payment?"),
            happens=gettext_lazy("Batch %(number)s with %(lines)s, net %(net)s, may be paid: the bank file opens."),
            undo=gettext_lazy("It can be returned to draft until the bank has dealt with a line."),
            done=gettext_lazy("Batch %(number)s is approved."),
            icon="shield-check",
            look="primary",
        ),
        Step(
            name="pay",
            acts=_BOTH,
            states=frozenset({BatchState.APPROVED}),
            work=None,
            label=gettext_lazy("Mark paid"),
            heading=gettext_lazy("What did the bank do?"),
            happens="",
            undo="",
            done="",
            icon="cash-coin",
            look="primary",
        ),
        Step(
            name="reissue",
            acts=(Can.PREPARE_PAYOUT,),
            states=frozenset({BatchState.APPROVED, BatchState.PAID, BatchState.VOID}),
            work=reissue_failed,
            label=gettext_lazy("Re-issue failed lines"),
            heading=gettext_lazy("Re-issue the failed lines?"),
            happens=gettext_lazy(
                "A new draft takes what the payees of the failed lines of %(number)s have payable now, and no one "
                "else's. What they owe back meanwhile is netted."
            ),
            undo=gettext_lazy("An invoice goes along where the amount is the same. The draft can be voided."),
            done=gettext_lazy("Batch %(number)s is drafted."),
            icon="arrow-clockwise",
        ),
        Step(
            name="return",
            acts=_BOTH,
            states=frozenset({BatchState.SUBMITTED, BatchState.APPROVED}),
            work=return_batch,
            label=gettext_lazy("Return to draft"),
            heading=gettext_lazy("Return to draft?"),
            happens=gettext_lazy(
                "Batch %(number)s with %(lines)s becomes a draft again; what is not held stays in it."
            ),
            undo=gettext_lazy("It has to be submitted and approved anew."),
            done=gettext_lazy("Batch %(number)s is a draft again."),
            icon="arrow-counterclockwise",
            asks_reason=True,
        ),
        Step(
            name="void",
            acts=_BOTH,
            states=frozenset({BatchState.DRAFT, BatchState.SUBMITTED, BatchState.APPROVED}),
            work=void_batch,
            label=pgettext_lazy("verb", "Void"),
            heading=gettext_lazy("Void this batch?"),
            happens=gettext_lazy(
                "Batch %(number)s is given up: its %(lines)s, gross %(gross)s, go back to payable, and another "
                "batch can take them. Their invoices are let go."
            ),
            undo=gettext_lazy("This cannot be undone."),
            done=gettext_lazy("Batch %(number)s is void."),
            icon="slash-circle",
            look="danger",
            asks_reason=True,
        ),
    )
}


@dataclass(frozen=True)
class Offer:
    """A step as the batch's page shows it; `obstacle` says why it cannot be taken now."""

    step: Step
    url: str
    obstacle: str = ""


def steps_for(user: Any, batch: PayoutBatch, *, lacking: int, holds: Sequence[Held] = ()) -> list[Offer]:
    """Return the steps that the person's role has in the batch's state; `holds` are those on its lines."""
    begun = batch.state == BatchState.APPROVED and batch.lines.filter(state__in=BEGUN).exists()
    own = batch.state == BatchState.SUBMITTED and batch.approvals.filter(approver=user, voided_at__isnull=True).exists()
    return [
        Offer(
            step,
            reverse(f"finance:batch_{step.name}", args=[batch.pk]),
            _obstacle(step, user, batch, lacking, begun=begun, own=own, holds=holds),
        )
        for step in STEPS.values()
        if batch.state in step.states
        and any(user.can(act) for act in step.acts)
        and (step.name != "reissue" or _to_reissue(batch))
    ]


def _to_reissue(batch: PayoutBatch) -> bool:
    """Whether lines came back and no batch took them on yet."""
    return sent_back(batch).exists()


def _obstacle(
    step: Step, user: Any, batch: PayoutBatch, lacking: int, *, begun: bool, own: bool, holds: Sequence[Held]
) -> str:
    if step.name == "approve":
        if own:
            return _("You approved this batch; another person has to as well.")
        if user.pk in (batch.prepared_by_id, batch.submitted_by_id):
            return _("You prepared or submitted this batch; another person has to approve it.")
        if holds:
            return _held_in_words(holds)
        if lacking:
            return ngettext(
                "%(n)s line still needs an invoice of its amount.",
                "%(n)s lines still need an invoice of their amount.",
                lacking,
            ) % {"n": lacking}
    if begun and step.name in ("return", "void"):
        return _("The bank has already dealt with some of its lines, so it stays as it is.")
    return ""


@require_http_methods(["GET", "HEAD", "POST"])
@needs(*_BOTH)
def batch_step(request: HttpRequest, batch_id: UUID, name: str) -> HttpResponse:
    """Say what the step does, and do it."""
    step = STEPS[name]
    if not any(request.user.can(act) for act in step.acts):
        raise PermissionDenied
    batch = get_object_or_404(visible_batches(request.user), pk=batch_id)
    totals = totals_of([batch])[batch.pk]
    if request.method != "POST":
        found = steps_for(request.user, batch, lacking=totals.lacking, holds=held_of(batch))
        offers = {offer.step.name: offer for offer in found}
        obstacle = offers[name].obstacle if name in offers else _("This can't be done in the state the batch is in.")
        if obstacle:
            messages.warning(request, obstacle)
            return HttpResponseRedirect(reverse("finance:batch", args=[batch.pk]))
    form = _form(step, request, batch)
    facts = {
        "number": batch.number,
        "lines": ngettext("%(n)s line", "%(n)s lines", totals.lines) % {"n": totals.lines},
        "gross": f"{formats.money(totals.gross, batch.currency)} {batch.currency}",
        "net": f"{formats.money(totals.net, batch.currency)} {batch.currency}",
    }

    def work() -> str:
        more = {name: value for name, value in form.cleaned_data.items() if name not in ("once", "unsent")}
        result = step.work(actor=request.user, batch=batch, **more)  # type: ignore[misc]
        messages.success(request, _done(step, result) % {**facts, "number": result.number})
        return reverse("finance:batch", args=[result.pk])

    if (answer := attempt(request, form, work, said=lambda refused: _said(refused, batch))) is not None:
        return answer
    context = {
        "batch": batch,
        "step": step,
        "form": form,
        "happens": str(step.happens) % facts,
        "undo": step.undo,
        "leaves": held_of(batch) if step.name in ("submit", "return") else [],
        "danger": step.look == "danger",
    }
    return show(request, "finance/batch_step.html", context, status=status_of(form))


def _form(step: Step, request: HttpRequest, batch: PayoutBatch) -> OnceForm:
    """Return the step's form; that of an approval knows what was shown with it."""
    if step.asks_reason:
        return (CallBackForm if files_out(batch).exists() else ReasonForm)(sent(request))
    if step.name != "approve":
        return OnceForm(sent(request))
    shown = request.method != "POST"
    return SeenForm(sent(request), initial={"seen": digest_of(facts_of(batch))} if shown else None)


def _done(step: Step, batch: PayoutBatch) -> str:
    if step.name == "approve" and batch.state == BatchState.SUBMITTED:
        left = batch.approvals_needed - batch.approvals.filter(voided_at__isnull=True).count()
        return ngettext(
            "Your approval of batch %(number)s is kept; it needs one more.",
            "Your approval of batch %(number)s is kept; it needs more of them.",
            left,
        )
    return str(step.done)


def _held_in_words(holds: Sequence[Held]) -> str:
    return " ".join([*map(str, holds), _("Return the batch to draft: these lines leave it, the others go on.")])


def _said(refused: Refused, batch: PayoutBatch) -> Any:
    if refused.code == "lines_held":
        return _held_in_words(held_of(batch))
    if refused.code == "invoice_needed":
        lacking = len(refused.facts.get("lines", ()))
        text = ngettext(
            "%(n)s line still needs an invoice of its amount.",
            "%(n)s lines still need an invoice of their amount.",
            lacking,
        )
        return text % {"n": lacking}
    return in_words(refused)
