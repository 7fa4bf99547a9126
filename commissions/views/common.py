"""What the finance pages share: doing a step once, refusals in words, slices of lists."""

from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_platform.accounts.permissions import Can
from channels_platform.files.forms import WORDS as FILE_WORDS
from channels_platform.http.once import OnceForm, submit_once
from channels_platform.http.screens import Screenful
from channels_platform.lib.errors import Duplicate, Forbidden, Invalid, NotAllowed, Refused

PAGE = 50
_STATUS: tuple[tuple[type[Refused], int], ...] = ((Forbidden, 403), (NotAllowed, 409), (Invalid, 422), (Duplicate, 409))
_WORDS = {
    "own_batch": gettext_lazy("You prepared or submitted this batch; another person has to approve it."),
    "own_request": gettext_lazy("You asked for this; another person has to decide."),
    "invoice_needed": gettext_lazy("Some lines still need an invoice of their amount."),
    "approved_already": gettext_lazy("You approved this batch; another person has to as well."),
    "batch_changed": gettext_lazy("The batch changed since you opened this page. Look at it again, then decide."),
    "nothing_failed": gettext_lazy("No line of this batch waits to go out anew."),
    "own_hold": gettext_lazy("You set this hold; another person has to lift it."),
    "held_already": gettext_lazy("A hold covers some of these days already: lift it first, or choose others."),
    "beyond_reach": gettext_lazy("That is beyond your own projects."),
    "span_reversed": gettext_lazy("The last day is before the first."),
    "past": gettext_lazy("That day is past."),
    "figures_changed": gettext_lazy("Taxes changed since it was submitted. Return it to draft and submit it again."),
    "lines_held": gettext_lazy("Some lines are held. Return the batch to draft: they leave it, the others go on."),
    "last_line": gettext_lazy("No line would be left: void the batch instead."),
    "all_held": gettext_lazy("All its lines are held. Void it: another batch takes them once the hold is lifted."),
    "payment_begun": gettext_lazy("The bank has already dealt with some of its lines, so it stays as it is."),
    "file_may_be_sent": gettext_lazy(
        "A bank file of this batch was made and the bank has not answered: the money may go out. Say that the file "
        "was not sent, and how this is known, or record what the bank did."
    ),
    "nothing_payable": gettext_lazy("Nobody has enough payable at this cut-off. Nothing was drafted."),
    "in_the_future": gettext_lazy("This time is in the future."),
    "currency_required": gettext_lazy("The company's projects have several currencies: choose one."),
    "reason_required": gettext_lazy("Write a reason."),
    "reference_required": gettext_lazy("A bank reference of up to 80 characters is needed."),
    "bank_reference_required": gettext_lazy("A bank reference is needed for each paid line."),
    "unknown_line": gettext_lazy("A line is no longer open. Look at the batch again."),
    "not_positive": gettext_lazy("The amount must be above 0."),
    "invalid_amount": gettext_lazy("The currency has fewer digits after the point."),
    "too_many_decimals": gettext_lazy("The currency has fewer digits after the point."),
    "out_of_range": gettext_lazy("This value is out of range."),
    "more_than_owed": gettext_lazy("This is more than is owed back."),
    "not_zero": gettext_lazy("The amount must be above 0."),
    "no_limit": gettext_lazy("The agency has no limit for advances here. Set one first."),
    "held": gettext_lazy("What the agency has unpaid here is held: nothing of it is advanced."),
    "limit_asked": gettext_lazy("A limit of this agency already waits for a decision here."),
    "more_than_collected": gettext_lazy("More than was collected: a refund is at most that."),
    "before_subscription": gettext_lazy("A payment can't be earlier than the deal's subscription."),
    "invoice_known": gettext_lazy("This number is used already: each invoice and credit note has its own."),
    "signed_already": gettext_lazy("It is signed already."),
    "changed_since": gettext_lazy("It was compared anew meanwhile. Look at it again, then sign."),
    "replaced": gettext_lazy("A later file took its place."),
    "span_too_long": gettext_lazy("At most a year at a time."),
    "nothing_here": gettext_lazy("Your agency has no commission with this company."),
    "heading_twice": gettext_lazy("One heading was named for two things."),
    "not_paid": gettext_lazy("Only an invoice whose line is paid takes a credit note."),
    "nothing_repaid": gettext_lazy(
        "Nothing of this invoice's line was paid back and still lacks a credit note. "
        "What a next payout nets needs none: its invoice is smaller for it."
    ),
    "before_invoice": gettext_lazy("A credit note is not earlier than its invoice."),
    "no_invoice_needed": gettext_lazy("An individual's line takes no invoice."),
    "not_answered": gettext_lazy("The bank could not say what became of a line: record its answer on the line first."),
    "failure_unsaid": gettext_lazy(
        "A bank file of this batch was made, so a line that failed may still be paid: say what the bank answered."
    ),
    "accounts_missing": gettext_lazy("Some payees have no bank account in use."),
    "not_in_encoding": gettext_lazy("The file's encoding cannot write some of the characters."),
    "account_differs": gettext_lazy("This is not the number that was asked for. Compare it with the papers."),
    "month_not_over": gettext_lazy("This month is not over yet."),
    "out_of_order": gettext_lazy("Months close one after the other: another one is next."),
    "too_late": gettext_lazy("Its time is over: the statement is taken as confirmed."),
    "objections_open": gettext_lazy("Contested lines still wait for finance's answer."),
    "settles_advance": gettext_lazy("What settles an advance can't be contested; contest the deal or the advance."),
    "results_waiting": gettext_lazy(
        "A result file of the bank says that some of it is paid. Take that over first, once the batch is approved."
    ),
    "contested_already": gettext_lazy("This line is contested already; a line is contested once."),
    "names_phone": gettext_lazy("A phone number stands in the text. Take it out."),
    **FILE_WORDS,
    "not_approved": gettext_lazy("Only an approved batch has a bank file."),
    "bad_filter": gettext_lazy("One of the filters could not be read."),
    "name_required": gettext_lazy("A name of up to 60 characters is needed."),
    "name_taken": gettext_lazy("You have a view of this name. Choose another, or remove that one first."),
    "too_long": gettext_lazy("So many filters can't be kept."),
    "duplicate": gettext_lazy("This reference is known already. Nothing was changed."),
    "not_allowed": gettext_lazy("Its state has changed meanwhile, so this can't be done any more."),
    "forbidden": gettext_lazy("Your role does not allow this."),
}


# Refusals that say how much would do.
_WORDS_WITH_EXPECTED = {
    ("invoice_amount", True): gettext_lazy(
        "The amount must equal the line's amount: %(expected)s. This is %(difference)s over."
    ),
    ("invoice_amount", False): gettext_lazy(
        "The amount must equal the line's amount: %(expected)s. This is %(difference)s short."
    ),
    ("over_repaid", True): gettext_lazy(
        "At most %(expected)s of this invoice is paid back and not yet credited. This is %(difference)s over."
    ),
}
_WORDS_WITH_MOST = {
    "over_limit": gettext_lazy("This is more than the limit leaves: at most %(most)s can be advanced now."),
    "over_pending": gettext_lazy("This is more than is pending: at most %(most)s can be advanced now."),
}


def in_words(refused: Refused) -> Any:
    """Return a refusal as a person reads it, with the payees, characters or amounts that it is about."""
    if refused.code in _WORDS_WITH_MOST:
        return _WORDS_WITH_MOST[refused.code] % refused.facts
    if (words := _WORDS_WITH_EXPECTED.get((refused.code, bool(refused.facts.get("over"))))) is not None:
        return words % refused.facts
    if refused.code == "accounts_missing":
        return _(
            "No bank account in use: %(payees)s. Nothing was written; ask for accounts, or let the lines fail."
        ) % {"payees": _listed(refused.facts["payees"])}
    if refused.code == "not_in_encoding" and refused.facts["payee"]:
        said = _("%(payee)s: the encoding %(encoding)s cannot write “%(signs)s”. Nothing was written.")
        facts = refused.facts
        return said % {"payee": facts["payee"], "encoding": facts["encoding"], "signs": facts["characters"]}
    return _WORDS.get(refused.code) or FILE_WORDS.get(refused.code, refused.detail)


def _listed(names: Sequence[str], most: int = 10) -> str:
    shown = ", ".join(names[:most])
    return f"{shown} …" if len(names) > most else shown


def _field_of(refused: Refused, form: OnceForm) -> str | None:
    """Return the form's field at fault: the services name some otherwise, and an amount's digits not at all."""
    known = refused.field or ("amount" if refused.code == "invalid_amount" else "")
    name = {"at": "received_at", "until": "until_on"}.get(known, known)
    return name if name in form.fields else None


def attempt(
    request: HttpRequest, form: OnceForm, work: Callable[[], str], *, said: Callable[[Refused], Any] = in_words
) -> HttpResponse | None:
    """Do the form's work once and go where it says; None where the form is only shown, wrong, or refused."""
    if request.method != "POST" or not form.is_valid():
        return None
    try:
        return submit_once(request, form, work)
    except Refused as refused:
        form.refused = refused  # type: ignore[attr-defined]
        field = _field_of(refused, form)
        # what only looks filled in is told as what is left empty
        lacking = form.fields[field].error_messages["required"] if field and refused.code == "required" else ""
        form.add_error(field, lacking or said(refused))
    return None


def show(request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """Render a finance page, which offers each person only what their role may do."""
    offers = {
        "may_prepare": request.user.can(Can.PREPARE_PAYOUT),
        "may_pay": request.user.can(Can.PREPARE_PAYOUT) or request.user.can(Can.APPROVE_PAYOUT),
        "may_record": request.user.can(Can.RECORD_PAYMENT),
    }
    return render(request, template, {**offers, **context}, status=status)


def status_of(form: Any) -> int:
    """Return the status of a page that shows the form: that of its refusal, 422 for wrong input."""
    refused = getattr(form, "refused", None)
    if refused is not None:
        return next((status for kind, status in _STATUS if isinstance(refused, kind)), 422)
    return 422 if form is not None and form.errors else 200


def slice_at(rows: QuerySet[Any] | Sequence[Any], cursor: str, *, size: int = PAGE) -> Screenful:
    """Return a page of a list that is read whole or has a fixed end; a cursor that is not ours begins at the start."""
    start = int(cursor) if cursor.isascii() and cursor.isdigit() and len(cursor) < 7 else 0
    found = list(rows[start : start + size + 1])
    previous = str(max(0, start - size)) if start else ""
    return Screenful(found[:size], previous, str(start + size) if len(found) > size else "")
