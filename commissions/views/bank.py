"""How a company's bank wants its files, and the bank's results: looked at row by row, then taken over."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from channels_platform.accounts.permissions import Can
from channels_platform.http.once import sent
from channels_platform.http.screens import needs
from channels_platform.http.sheet_forms import FAULTS
from channels_platform.lib import clock
from channels_platform.lib.errors import Invalid, Refused
from commissions.bank_forms import FIELD_WORDS, AnswerForm, ResultsForm, TemplateForm, template_fault
from commissions.batch_sheets import currencies_of, lines_of
from commissions.engine.bank_files import Layout, Occasion, Transfer, laid_out
from commissions.engine.bank_results import FAULT, SAME
from commissions.exports.bank import layout_from, standard_layout
from commissions.forms import SeenForm
from commissions.models import BankResult, BankTemplate, PayoutLine, ResultMapping
from commissions.selectors import visible_batches, visible_companies
from commissions.services.bank_files import keep_template
from commissions.services.bank_results import (
    answer_line,
    fingerprint,
    has_results,
    judge_rows,
    keep_mapping,
    read_results,
    take_results,
)
from commissions.states import BatchState, LineState
from commissions.views.common import attempt, in_words, show, slice_at, status_of
from projects.models import PayingCompany

_PAYING = (Can.PREPARE_PAYOUT, Can.APPROVE_PAYOUT)
_ANSWERS = {LineState.UNKNOWN: ("paid", "failed"), LineState.PAID: ("returned",), LineState.OPEN: ("unknown",)}
FAULT_WORDS = {
    "no_line": gettext_lazy("It is about no line of this batch, or about several."),
    "named_twice": gettext_lazy("Another row is about the same line."),
    "no_outcome": gettext_lazy("Its result is a word that is not known: say what it means where files are sent."),
    "amount_differs": gettext_lazy("The amount is not the line's."),
    "no_reference": gettext_lazy("It says paid, without a bank reference."),
    "not_open": gettext_lazy("The line left the batch."),
    "not_approved": gettext_lazy(
        "The batch is not approved now. Where the bank did pay, have it approved again, then take this over."
    ),
    "paid_otherwise": gettext_lazy("The line was recorded as paid under another reference."),
    "paid_after_all": gettext_lazy(
        "It was to be paid no more, and may be paid elsewhere: ask the bank, then look into it."
    ),
    "paid_before": gettext_lazy("The line was recorded as paid. Money that came back is said as returned."),
    "settled_before": gettext_lazy("The line was dealt with already."),
}
_READ_FAULTS = {
    **FAULTS,
    "no_headings": gettext_lazy("No column of results was found. Say below under which heading it stands."),
    "no_rows": gettext_lazy("No rows stand below the headings."),
    "too_many_rows": gettext_lazy("At most 10,000 rows."),
    "heading_twice": gettext_lazy("One heading was named for two things."),
    "word_twice": gettext_lazy("One word was named for two results."),
    "result_changed": gettext_lazy(
        "The file was read anew, or lines changed, since you opened this page. Look at the rows again, then take them "
        "over."
    ),
    "not_approved_yet": gettext_lazy("The bank has results of approved batches only."),
}


def _said(refused: Refused) -> Any:
    return _READ_FAULTS.get(refused.code) or in_words(refused)


@require_safe
@needs(Can.SEE_MONEY)
def bank(request: HttpRequest) -> HttpResponse:
    """The companies and how their banks' files look."""
    companies = list(visible_companies(request.user).select_related("bank_template__changed_by").order_by("name"))
    for one in companies:
        one.template = getattr(one, "bank_template", None)  # type: ignore[attr-defined]
    return show(
        request, "finance/bank.html", {"companies": companies, "may_keep": request.user.can(Can.KEEP_BANK_FILES)}
    )


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.KEEP_BANK_FILES)
def bank_template(request: HttpRequest, company_id: UUID) -> HttpResponse:
    """Say how a company's bank wants its files, with a look at one before it is kept."""
    company = get_object_or_404(visible_companies(request.user), pk=company_id)
    known = BankTemplate.objects.filter(company=company).first()
    layout = layout_from(known) if known else standard_layout()
    form = TemplateForm(sent(request), layout=layout, name=known.name if known else "")

    def work() -> str:
        keep_template(actor=request.user, company=company, name=form.cleaned_data["name"], layout=form.layout())
        messages.success(request, _("Kept. The next bank files look like this."))
        return reverse("finance:bank")

    only_look = "look" in request.POST
    if not only_look and (answer := attempt(request, form, work, said=_template_said)) is not None:
        return answer
    if request.method == "POST" and form.is_valid():
        layout = form.layout()
    sample, fault = _sample(layout, company)
    if only_look and fault:
        form.add_error(None, fault)
    context = {
        "company": company,
        "form": form,
        "fields": FIELD_WORDS.items(),
        "sample": sample,
    }
    return show(request, "finance/bank_template.html", context, status=status_of(form))


def _template_said(refused: Refused) -> Any:
    return (template_fault(refused) if isinstance(refused, Invalid) else "") or in_words(refused)


def _sample(layout: Layout, company: PayingCompany) -> tuple[str, str]:
    """Return a file of two invented transfers, or what is wrong."""
    currency = (currencies_of(company) or ["CNY"])[0]
    people = (
        (_("Example Realty"), "6222020200012345678", Decimal(34560)),
        (_("Li Ming"), "6217000011112222", Decimal(2560)),
    )
    transfers = [
        Transfer(f"0192-{place}", holder, holder, _("Example Bank"), "102100099996", account, amount)
        for place, (holder, account, amount) in enumerate(people, start=1)
    ]
    day = clock.local_date(clock.now(), company.zone)
    occasion = Occasion("P-202603-000001", company.name, currency, day, 2, Decimal(37120))
    try:
        data = b"".join(laid_out(layout, transfers, occasion))
    except Invalid as refused:
        return "", template_fault(refused)
    return data.decode(layout.encoding, errors="replace"), ""


@require_http_methods(["GET", "HEAD", "POST"])
@needs(*_PAYING)
def results(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """Send the bank's result file; it is only read here."""
    batch = get_object_or_404(visible_batches(request.user), pk=batch_id)
    mapping = ResultMapping.objects.filter(company=batch.company_id).first()
    form = ResultsForm(
        sent(request),
        request.FILES or None,
        headings=mapping.headings if mapping else {},
        words=mapping.words if mapping else {},
    )

    def work() -> str:
        headings, words = form.reading()
        keep_mapping(actor=request.user, batch=batch, headings=headings, words=words)
        file = form.cleaned_data["file"]
        file.seek(0)
        result = read_results(actor=request.user, batch=batch, name=file.name, data=file.read())
        return reverse("finance:result", args=[batch.pk, result.pk])

    if (answer := attempt(request, form, work, said=_said)) is not None:
        return answer
    context = {
        "batch": batch,
        "zone": batch.company.timezone,
        "form": form,
        "earlier": batch.bank_results.select_related("read_by", "taken_by"),
        "ready": has_results(batch),
        "told": bool(mapping) or bool(form.errors),
    }
    return show(request, "finance/results.html", context, status=status_of(form))


@require_http_methods(["GET", "HEAD", "POST"])
@needs(*_PAYING)
def result(request: HttpRequest, batch_id: UUID, result_id: UUID) -> HttpResponse:
    """What a result file says, row by row, and what it does to each line; taken over by a person."""
    batch = get_object_or_404(visible_batches(request.user), pk=batch_id)
    found = get_object_or_404(batch.bank_results.select_related("read_by", "taken_by"), pk=result_id)
    form = SeenForm(sent(request))

    def work() -> str:
        taken = take_results(actor=request.user, result=found, seen=form.cleaned_data["seen"])
        done = sum(number for name, number in taken.counts.items() if name not in (SAME, FAULT))
        messages.success(request, ngettext("%(n)s line changed.", "%(n)s lines changed.", done) % {"n": done})
        return reverse("finance:result", args=[batch.pk, found.pk])

    if (answer := attempt(request, form, work, said=_said)) is not None:
        return answer
    if form.is_bound:
        found.refresh_from_db()
    rows, seen = _rows(found)
    page = slice_at(rows, request.GET.get("cursor", ""), size=100)
    context = {
        "batch": batch,
        "zone": batch.company.timezone,
        "result": found,
        "page": page,
        "counts": [(name, sum(row["becomes"] == name for row in rows)) for name in _ORDER],
        "left_out": sum(row["becomes"] == FAULT for row in rows),
        "changes": sum(row["becomes"] not in (SAME, FAULT) for row in rows),
        "form": form,
        "seen": seen,
    }
    return show(request, "finance/result.html", context, status=status_of(form))


_ORDER = ("paid", "failed", "returned", "unknown", "same", "fault")


def _rows(found: BankResult) -> tuple[list[dict[str, Any]], str]:
    """Return the rows with what became of them, or would now; and the fingerprint of the latter."""
    if found.taken_at is not None:
        became, seen = [(row["became"], row["fault"]) for row in found.rows], ""
    else:
        judged = judge_rows(found)
        became, seen = [(one.becomes, one.fault) for one in judged], fingerprint(found, judged)
    lines = PayoutLine.objects.select_related("payee__agency", "payee__broker__user").filter(batch=found.batch_id)
    named = {str(one.pk): one for one in lines}
    shown = [
        {
            **row,
            "one": named.get(row["line"]),
            "becomes": becomes,
            "fault": FAULT_WORDS.get(fault, fault),
            "said": _said_amount(row["amount"]) if fault == "amount_differs" else "",
        }
        for row, (becomes, fault) in zip(found.rows, became, strict=True)
    ]
    return shown, seen


def _said_amount(amount: str) -> str:
    """Return a row's amount in words; what could not be read was kept as -1."""
    if amount == "-1":
        return _("It can't be read.")
    return _("The file says %(amount)s.") % {"amount": f"{Decimal(amount):,f}"}


@require_http_methods(["GET", "HEAD", "POST"])
@needs(*_PAYING)
def line_answer(request: HttpRequest, batch_id: UUID, line_id: UUID) -> HttpResponse:
    """Record by hand what the bank says of one line."""
    batch = get_object_or_404(visible_batches(request.user), pk=batch_id)
    line = get_object_or_404(lines_of(batch), pk=line_id)
    back = reverse("finance:line", args=[batch.pk, line.pk])
    outcomes = _ANSWERS.get(LineState(line.state), ()) if batch.state in (BatchState.APPROVED, BatchState.PAID) else ()
    form = AnswerForm(sent(request), outcomes=outcomes)

    def work() -> str:
        entered = form.cleaned_data
        answer_line(
            actor=request.user,
            line=line,
            outcome=entered["outcome"],
            reference=entered.get("reference", ""),
            reason=entered["reason"],
        )
        messages.success(request, _("The bank's answer is recorded."))
        return back

    if outcomes and (answer := attempt(request, form, work, said=_said)) is not None:
        return answer
    context = {"batch": batch, "line": line, "form": form, "outcomes": outcomes, "back": back}
    return show(request, "finance/line_answer.html", context, status=status_of(form) if outcomes else 409)
