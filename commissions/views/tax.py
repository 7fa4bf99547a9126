"""Tax withheld from individuals: a month's certificate figures, and the numbers the tax office knows them by."""

from contextlib import suppress
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from brokers.account_forms import IdentityForm
from brokers.models import Broker, Identity
from brokers.selectors import agencies_within
from brokers.services.accounts import keep_identity
from channels_platform.accounts.permissions import Can
from channels_platform.files.content import XLSX
from channels_platform.http.downloads import send_file
from channels_platform.http.once import sent
from channels_platform.http.screens import needs
from channels_platform.lib import clock
from channels_platform.lib.names import clean_text
from commissions.engine.tax import TAXED_CURRENCY
from commissions.models import PayoutLine
from commissions.selectors import visible_companies
from commissions.services.certificates import export_certificates
from commissions.tax_sheets import certificates
from commissions.views.accounts import said
from commissions.views.common import attempt, show, slice_at, status_of
from projects.models import PayingCompany


def _asked(request: HttpRequest) -> tuple[list[PayingCompany], PayingCompany | None, date]:
    """Return the companies, the one asked for (else the first), and the month asked for (else this one)."""
    companies = list(visible_companies(request.user).order_by("name"))
    code = clean_text(request.GET.get("company", ""))
    company = next((one for one in companies if one.code == code), companies[0] if companies else None)
    month = clock.local_date(clock.now(), company.zone if company else get_current_timezone()).replace(day=1)
    with suppress(ValueError):
        month = date.fromisoformat(f"{request.GET.get('month', '')}-01")
    return companies, company, month


@require_safe
@needs(Can.SEE_MONEY)
def tax(request: HttpRequest) -> HttpResponse:
    """Each person's month with a company: income, what of it is taxable, at which rate, what was withheld."""
    companies, company, month = _asked(request)
    rows = certificates(company=company, month=month) if company else []
    months = PayoutLine.objects.filter(
        batch__company=company, batch__currency=TAXED_CURRENCY, payee__broker__isnull=False
    )
    context = {
        "companies": companies,
        "company": company,
        "month": month,
        "months": sorted(
            {month, *months.order_by().values_list("batch__tax_month", flat=True).distinct()}, reverse=True
        ),
        "page": slice_at(rows, request.GET.get("cursor", "")),
        "currency": TAXED_CURRENCY,
        "totals": {
            "income": sum((row.income for row in rows), Decimal(0)),
            "taxable": sum((row.figures.taxable for row in rows), Decimal(0)),
            "withheld": sum((row.withheld for row in rows), Decimal(0)),
            "waiting": sum((row.waiting for row in rows), Decimal(0)),
        },
        "count": len(rows),
        "unknown": sum(row.identity is None for row in rows),
        "may_export": request.user.can(Can.EXPORT_IDENTITIES),
        "may_keep": request.user.can(Can.KEEP_IDENTITY),
    }
    return show(request, "finance/tax.html", context)


@require_POST
@needs(Can.SEE_MONEY)
def tax_xlsx(request: HttpRequest) -> HttpResponseBase:
    """The month's figures as a workbook; with whole identity numbers only for who may."""
    _companies, company, month = _asked(request)
    full = "full" in request.POST
    if company is None or (full and not request.user.can(Can.EXPORT_IDENTITIES)):
        raise PermissionDenied
    data = export_certificates(actor=request.user, company=company, month=month, full=full)
    return send_file(data, f"tax-{company.code}-{month:%Y-%m}.xlsx", content_type=XLSX.media_type)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.KEEP_IDENTITY)
def tax_identity(request: HttpRequest, broker_id: UUID) -> HttpResponse:
    """Enter the number by which the tax office knows a person."""
    if request.user.is_agency_side:
        raise PermissionDenied
    people = Broker.objects.select_related("user", "agency").filter(agency__in=agencies_within(request.user))
    broker = get_object_or_404(people, pk=broker_id)
    form = IdentityForm(sent(request))

    def work() -> str:
        keep_identity(actor=request.user, broker=broker, **form.entered())
        messages.success(request, _("The identity number is kept."))
        return reverse("finance:tax")

    if (answer := attempt(request, form, work, said=said)) is not None:
        return answer
    context = {"broker": broker, "known": Identity.objects.filter(broker=broker).first(), "form": form}
    return show(request, "finance/tax_identity.html", context, status=status_of(form))
