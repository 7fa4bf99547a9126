"""Payments of deals: the latest, and a page to record one or a refund."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from channels_platform.accounts.permissions import Can
from channels_platform.http.amounts import in_currency
from channels_platform.http.once import sent
from channels_platform.http.screens import needs, page_by_cursor
from channels_platform.lib.errors import Duplicate, Refused
from channels_platform.lib.names import clean_text
from channels_platform.presentation import formats
from commissions.forms import PaymentForm
from commissions.views.common import attempt, in_words, show, status_of
from leads.models import Deal, Payment
from leads.selectors import visible_deals
from leads.services.payments import record_payment
from projects.models import Project
from projects.selectors import visible_projects


@dataclass(frozen=True)
class Asked:
    """What the address asks for, and the payments that it finds."""

    rows: QuerySet[Payment]
    words: dict[str, str]
    projects: list[Project]


def asked_payments(request: HttpRequest) -> Asked:
    """Return the payments of the person's projects that the address's filters leave."""
    projects = list(visible_projects(request.user).order_by("name"))
    words = {name: clean_text(request.GET.get(name, "")) for name in ("project", "source", "q")}
    rows = Payment.objects.filter(project__in=[one.pk for one in projects])
    rows = rows.select_related("project", "deal__unit", "recorded_by")
    if words["project"]:
        rows = rows.filter(project__code=words["project"])
    if words["source"] in Payment.Source.values:
        rows = rows.filter(source=words["source"])
    if words["q"]:
        rows = rows.filter(Q(deal__number__iexact=words["q"]) | Q(reference__icontains=words["q"]))
    return Asked(rows, words, projects)


@require_safe
@needs(Can.SEE_MONEY)
def payments(request: HttpRequest) -> HttpResponse:
    """What was received and refunded, as it was recorded, newest first."""
    asked = asked_payments(request)
    context = {
        "page": page_by_cursor(asked.rows, by="-recorded_at", cursor=request.GET.get("cursor", "")),
        "asked": asked.words,
        "narrowed": any(asked.words.values()),
        "projects": asked.projects,
        "sources": Payment.Source.choices,
    }
    return show(request, "finance/payments.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.RECORD_PAYMENT)
def payment_new(request: HttpRequest) -> HttpResponse:
    """Find the deal by its number, see what was collected, record money in or back."""
    number = clean_text(request.GET.get("deal", ""))
    deal = visible_deals(request.user).filter(number=number.upper()).first() if number else None
    if deal is None:
        status = 404 if number else 200
        return show(request, "finance/payment_find.html", {"number": number, "missed": bool(number)}, status=status)
    form = in_currency(PaymentForm(sent(request)), deal.project.currency)

    def work() -> str:
        received_at = form.cleaned_data["received_at"]
        payment = record_payment(
            actor=request.user,
            deal=deal,
            amount=form.signed_amount,
            source=form.cleaned_data["source"],
            received_at=received_at.replace(tzinfo=deal.project.zone) if received_at else None,
            reference=form.cleaned_data["reference"],
            within_collected=True,
        )
        figure = f"{formats.money(payment.amount, deal.project.currency)} {deal.project.currency}"
        messages.success(
            request,
            _("%(amount)s is recorded for %(deal)s. Commission follows in a moment.")
            % {"amount": figure, "deal": deal.number},
        )
        return reverse("finance:payments")

    if (answer := attempt(request, form, work, said=lambda refused: _said(refused, deal, form))) is not None:
        return answer
    context = {"deal": deal, "form": form, "zone": deal.project.timezone, **_collected(deal)}
    return show(request, "finance/payment_new.html", context, status=status_of(form))


def _said(refused: Refused, deal: Deal, form: PaymentForm) -> Any:
    """Say which payment has the reference already: then nobody wonders whether it was lost."""
    if isinstance(refused, Duplicate):
        reference = clean_text(form.cleaned_data["reference"])
        known = Payment.objects.filter(project=deal.project_id, reference=reference).select_related("deal").first()
        if known is not None:
            return _(
                "This reference was recorded on %(day)s for %(deal)s with %(amount)s. Nothing was recorded twice."
            ) % {
                "day": formats.instant(known.recorded_at, deal.project.timezone),
                "deal": known.deal.number,
                "amount": formats.money(known.amount, deal.project.currency),
            }
    return in_words(refused)


def _collected(deal: Deal) -> dict[str, Any]:
    sums = dict(deal.payments.order_by().values_list("source").annotate(Sum("amount")))
    collected = sum(sums.values(), Decimal(0))
    return {
        "own": sums.get(Payment.Source.OWN, Decimal(0)),
        "lent": sums.get(Payment.Source.LOAN, Decimal(0)) + sums.get(Payment.Source.PROVIDENT_FUND, Decimal(0)),
        "collected": collected,
        "left": deal.price - collected,
        "latest": deal.payments.select_related("recorded_by").order_by("-received_at", "-sequence")[:10],
    }
