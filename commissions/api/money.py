"""What was earned, and what each payee has, over HTTP."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, Sum
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from channels_platform.accounts.permissions import Can
from channels_platform.http.fields import Money, money_text
from channels_platform.http.pages import page_of
from channels_platform.http.schema import lists
from channels_platform.http.views import ApiView, filtered
from commissions.engine.types import Milestone
from commissions.engine.waiting import Mover, Step
from commissions.filters import BalanceFilter, CommissionFilter
from commissions.holds import Holds, hold_of, holds_in_force
from commissions.models import Accrual, LedgerEntry, Payee
from commissions.selectors import commissions, entries, visible_payees
from commissions.states import Account
from commissions.waiting import with_waits
from commissions.words import explain_row
from projects.models import Project

FIGURES = (Account.PENDING, Account.RETAINED, Account.PAYABLE, Account.PAID, Account.TAX)
OWN_OR_ALL = (Can.SEE_MONEY, Can.SEE_OWN_MONEY)


def payee_code(payee: Payee) -> str:
    return payee.agency.code if payee.agency else payee.broker.user.username  # type: ignore[union-attr]


class PayeeFields(serializers.Serializer[Any]):
    payee = serializers.SerializerMethodField(help_text=_("Code of the agency, or user name of the broker."))
    payee_kind = serializers.SerializerMethodField()

    def get_payee(self, row: Any) -> str:
        return payee_code(row.payee)

    @extend_schema_field(serializers.ChoiceField(choices=["agency", "broker"]))
    def get_payee_kind(self, row: Any) -> str:
        return "broker" if row.payee.is_individual else "agency"


class WaitOut(serializers.Serializer[Any]):
    """A part of a line, and what it waits for; below zero: owed back."""

    step = serializers.ChoiceField([step.value for step in Step], source="wait.step")
    milestone = serializers.ChoiceField(
        [one.value for one in Milestone], source="wait.when", allow_null=True, help_text=_("Of a deal's own steps.")
    )
    amount = serializers.CharField(source="text")
    whose_move = serializers.ChoiceField([mover.value for mover in Mover], source="wait.whose")
    expected_on = serializers.DateField(source="wait.expected_on", allow_null=True)
    batch = serializers.CharField(source="wait.batch", help_text=_("The payout batch it is in, if any."))
    words = serializers.CharField(source="sentence")


class CommissionOut(PayeeFields):
    deal = serializers.UUIDField(source="deal_id")
    deal_number = serializers.CharField(source="deal.number")
    project = serializers.CharField(source="project.code")
    referral = serializers.UUIDField(source="referral_id", allow_null=True)
    kind = serializers.CharField(help_text=_("commission, or bonus:NAME."))
    earned = Money()
    released = Money()
    retained = Money()
    payable = Money(help_text=_("Released and not retained, whatever was paid since."))
    pending = Money()
    explanation = serializers.SerializerMethodField()
    waits_for = serializers.SerializerMethodField(help_text=_("What is not paid yet waits for, in words."))
    waits = WaitOut(many=True, help_text=_("The same, part by part; empty: nothing waits."))

    def get_explanation(self, row: Accrual) -> str:
        return explain_row(row.explanation)

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_waits_for(self, row: Any) -> list[str]:
        return [wait.sentence for wait in row.waits]


class CommissionsView(ApiView):
    needs = {"GET": OWN_OR_ALL}
    orderings = ("-id", "id")

    @lists(CommissionOut, orderings=orderings, filters=CommissionFilter)
    def get(self, request: Request) -> Response:
        """What each deal has earned each payee, as of the last run, and why."""
        rows = filtered(request, commissions(request.user), CommissionFilter)
        page = page_of(rows, request, orderings=self.orderings)
        return Response(page.with_rows(list(CommissionOut(with_waits(page.rows), many=True).data)))


class BalanceOut(serializers.Serializer[Any]):
    """`earned` is the sum of the figures down to `tax`; a negative `payable` is owed back.

    `held`: what of `payable` waits, by hand or since the agency's agreement was ended for interception; `held_since`:
    since when.
    """

    payee = serializers.CharField()
    payee_kind = serializers.ChoiceField(["agency", "broker"])
    project = serializers.CharField()
    currency = serializers.CharField()
    earned = serializers.CharField()
    pending = serializers.CharField()
    retained = serializers.CharField()
    payable = serializers.CharField()
    paid = serializers.CharField()
    tax = serializers.CharField()
    held = serializers.CharField()
    held_since = serializers.DateTimeField(allow_null=True)


class BalancesView(ApiView):
    needs = {"GET": OWN_OR_ALL}
    orderings = ("id", "-id")

    @lists(BalanceOut, orderings=orderings, filters=BalanceFilter)
    def get(self, request: Request) -> Response:
        """What each payee has in each project, summed from the ledger; a page counts payees."""
        found = entries(request.user).select_related(None).order_by()
        if code := request.query_params.get("project"):
            filtered(request, Payee.objects.none(), BalanceFilter)
            found = found.filter(project__code=code)
        payees = visible_payees(request.user).filter(Exists(found.filter(payee=OuterRef("pk"))))
        payees = filtered(request, payees, BalanceFilter)
        page = page_of(payees, request, orderings=self.orderings)
        return Response(page.with_rows(_balances(page.rows, found)))


def _balances(payees: list[Payee], found: QuerySet[LedgerEntry]) -> list[dict[str, Any]]:
    """Return the balances of these payees, in their order, by project code."""
    sums: dict[tuple[Any, Any], dict[str, Decimal]] = defaultdict(dict)
    grouped = found.filter(payee__in=payees, account__in=list(FIGURES)).values("payee_id", "project_id", "account")
    for row in grouped.annotate(amount=Sum("amount")):
        sums[row["payee_id"], row["project_id"]][row["account"]] = row["amount"]
    projects = Project.objects.in_bulk({project for _payee, project in sums})
    holds = holds_in_force()
    place = {payee.pk: number for number, payee in enumerate(payees)}
    by_pk = {payee.pk: payee for payee in payees}
    ordered = sorted(sums.items(), key=lambda item: (place[item[0][0]], projects[item[0][1]].code))
    return [
        _balance(by_pk[payee_id], projects[project_id], figures, holds)
        for (payee_id, project_id), figures in ordered
        if any(figures.values())
    ]


def _balance(payee: Payee, project: Project, figures: dict[str, Decimal], holds: Holds) -> dict[str, Any]:
    amounts = {str(account): figures.get(account, Decimal(0)) for account in FIGURES}
    written = {name: money_text(amount, project.currency) for name, amount in amounts.items()}
    hold = hold_of(payee, project, holds) if figures.get(Account.PAYABLE, Decimal(0)) > 0 else None
    return {
        "payee": payee_code(payee),
        "payee_kind": "broker" if payee.is_individual else "agency",
        "project": project.code,
        "currency": project.currency,
        "earned": money_text(sum(amounts.values(), Decimal(0)), project.currency),
        **written,
        "held": written[Account.PAYABLE] if hold else money_text(Decimal(0), project.currency),
        "held_since": hold.since if hold else None,
    }
