"""What lists of plans, commissions and payouts can be narrowed by."""

import re
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import CharField, F, Func, QuerySet, Value
from django.utils.translation import gettext_lazy as _

from brokers.models import PayoutAccount
from channels_platform.http.filters import WordFilter
from commissions.models import Accrual, Adjustment, PayoutBatch, PayoutLine, PlanVersion, ReconciliationRow


class PlanFilter(django_filters.FilterSet):
    project = WordFilter(field_name="plan__project__code")
    agency = WordFilter(field_name="plan__agency__code")
    state = django_filters.ChoiceFilter(choices=PlanVersion.State.choices)


class _MonthField(forms.CharField):
    def clean(self, value: Any) -> str:
        text = str(super().clean(value))
        if text and not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text, re.ASCII):
            raise ValidationError(_("Write a month like 2026-03."), code="invalid")
        return text


class _MonthFilter(django_filters.Filter):
    field_class = _MonthField


class CommissionFilter(django_filters.FilterSet):
    """`month`: that of the deal's contract, on the project's calendar."""

    project = WordFilter(field_name="project__code")
    deal = WordFilter(field_name="deal__number")
    agency = WordFilter(method="of_agency")
    broker = WordFilter(field_name="payee__broker__user__username")
    month = _MonthFilter(method="of_month")

    def of_agency(self, accruals: QuerySet[Accrual], name: str, code: str) -> QuerySet[Accrual]:
        return accruals.filter(payee__agency__code=code) | accruals.filter(payee__broker__agency__code=code)

    def of_month(self, accruals: QuerySet[Accrual], name: str, month: str) -> QuerySet[Accrual]:
        local = Func(F("deal__project__timezone"), F("deal__contracted_at"), function="timezone")
        written = Func(local, Value("YYYY-MM"), function="to_char", output_field=CharField())
        return accruals.annotate(contract_month=written).filter(contract_month=month)


class BalanceFilter(django_filters.FilterSet):
    """`project` narrows the figures, the others the payees."""

    project = WordFilter(method="asked_elsewhere")
    agency = WordFilter(field_name="agency__code")
    broker = WordFilter(field_name="broker__user__username")

    def asked_elsewhere(self, payees: QuerySet[Any], name: str, code: str) -> QuerySet[Any]:
        return payees


class BatchFilter(django_filters.FilterSet):
    company = WordFilter(field_name="company__code")
    number = WordFilter()
    state = django_filters.ChoiceFilter(choices=PayoutBatch.State.choices)


class StatementFilter(django_filters.FilterSet):
    """`month`: on the company's calendar."""

    month = _MonthFilter(method="of_month")
    company = WordFilter(field_name="closing_of__company__code")
    agency = WordFilter(field_name="payee__agency__code")
    number = WordFilter()

    def of_month(self, statements: QuerySet[Any], name: str, month: str) -> QuerySet[Any]:
        return statements.filter(closing_of__month=f"{month}-01")


class LineFilter(django_filters.FilterSet):
    batch = WordFilter(field_name="batch__number")
    state = django_filters.ChoiceFilter(choices=PayoutLine.State.choices)


class RequestFilter(django_filters.FilterSet):
    """Adjustments and advances."""

    project = WordFilter(field_name="project__code")
    agency = WordFilter(field_name="payee__agency__code")
    broker = WordFilter(field_name="payee__broker__user__username")
    number = WordFilter()
    state = django_filters.ChoiceFilter(choices=Adjustment.State.choices)


class AccountFilter(django_filters.FilterSet):
    """`state`: as it was decided; what is confirmed may be coming, used or past."""

    agency = WordFilter(field_name="agency__code")
    broker = WordFilter(field_name="broker__user__username")
    state = django_filters.ChoiceFilter(choices=PayoutAccount.State.choices)


class ReconciliationFilter(django_filters.FilterSet):
    agency = WordFilter(field_name="agency__code")
    company = WordFilter(field_name="company__code")
    number = WordFilter()


class ReconciliationRowFilter(django_filters.FilterSet):
    reason = django_filters.ChoiceFilter(choices=[(str(code), word) for code, word in ReconciliationRow.REASONS])
