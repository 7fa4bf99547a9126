"""Figures in the admin: lines, ledger, batches and runs; read-only, each with its explanation in words."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_platform.adminkit import cells
from channels_platform.adminkit.base import ReadOnlyAdmin
from channels_platform.adminkit.filters import ChoiceFilter, DaysFilter, ExactFilter, ManyRelatedFilter, RelatedFilter
from commissions.models import Accrual, CommissionRun, LedgerEntry, LedgerTransaction, PayoutBatch
from commissions.selectors import visible_batches
from commissions.waiting import with_waits
from commissions.words import component, explain_row
from leads.models import Deal


class DealFilter(ExactFilter):
    title = gettext_lazy("deal")
    parameter_name = "deal"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        deal = self._deal()
        if self.value() is None:
            return queryset
        return queryset.filter(deal=deal) if deal else queryset.none()

    def says(self) -> str:
        return str(self._deal() or cells.DASH)

    def _deal(self) -> Deal | None:
        try:
            return Deal.objects.filter(pk=str(self.value())).first()
        except (ValueError, TypeError):
            return None


class PayeeFilter(ChoiceFilter):
    title = gettext_lazy("payee")
    parameter_name = "payee_kind"
    options = (("agency", gettext_lazy("Agencies")), ("broker", gettext_lazy("Brokers in person")))

    def narrow(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        return queryset.filter(payee__agency__isnull=value != "agency")


_PAYEE = ("payee__agency", "payee__broker__user")


@admin.register(Accrual)
class AccrualAdmin(ReadOnlyAdmin):
    project_path = "project"
    list_display = ("deal", "payee", "referral", "what", "earned_", "pending_", "retained_", "payable_", "why")
    list_select_related = ("project", "deal", "referral", *_PAYEE)
    list_filter = (
        DealFilter,
        ("project", RelatedFilter),
        PayeeFilter,
        ("payee__agency", ManyRelatedFilter),
        ("deal__subscribed_at", DaysFilter),
    )
    search_fields = ("deal__number", "referral__number")
    search_help_text = gettext_lazy("Number of the deal or referral")
    ordering = ("-id",)
    fields = ("project", "deal", "payee", "referral", "what", "version",
              "earned_", "released_", "retained_", "pending_", "payable_")  # fmt: skip

    @admin.display(description=gettext_lazy("what"))
    def what(self, accrual: Accrual) -> str:
        return component(accrual.kind)

    @admin.display(description=gettext_lazy("earned"), ordering="earned")
    def earned_(self, accrual: Accrual) -> Any:
        return cells.money(accrual.earned, accrual.project.currency)

    @admin.display(description=gettext_lazy("released"), ordering="released")
    def released_(self, accrual: Accrual) -> Any:
        return cells.money(accrual.released, accrual.project.currency)

    @admin.display(description=gettext_lazy("retained"), ordering="retained")
    def retained_(self, accrual: Accrual) -> Any:
        return cells.money(accrual.retained, accrual.project.currency)

    @admin.display(description=gettext_lazy("pending"), ordering="pending")
    def pending_(self, accrual: Accrual) -> Any:
        return cells.money(accrual.pending, accrual.project.currency)

    @admin.display(description=gettext_lazy("payable"))
    def payable_(self, accrual: Accrual) -> Any:
        return cells.money(accrual.payable, accrual.project.currency)

    @admin.display(description=gettext_lazy("why"))
    def why(self, accrual: Accrual) -> str:
        return explain_row(accrual.explanation) or cells.DASH

    def about(self, request: HttpRequest, obj: Accrual) -> list[cells.Section]:
        currency = obj.project.currency
        entries = (
            LedgerEntry.objects.filter(project=obj.project, deal=obj.deal, payee=obj.payee, kind=obj.kind)
            .filter(referral=obj.referral)
            .select_related("transaction")
            .order_by("-id")[:100]
        )
        rows = [
            (
                cells.when(entry.transaction.posted_at, obj.project.timezone),
                entry.transaction.get_kind_display(),
                entry.get_account_display(),
                cells.money(entry.amount, currency),
            )
            for entry in entries
        ]
        head = (_("Posted"), _("Kind"), _("Account"), _("#Amount") + f" ({currency})")
        return [
            cells.words(_("Why"), [explain_row(obj.explanation)]),
            _waits(obj),
            cells.table(_("Ledger entries"), head, rows, empty=_("Nothing is posted yet.")),
        ]


def _waits(accrual: Accrual) -> cells.Section:
    (line,), currency = with_waits([accrual]), accrual.project.currency
    rows = [(wait.sentence, wait.whose, cells.money(wait.amount, currency)) for wait in line.waits]
    head = (_("What it waits for"), _("Whose move"), _("#Amount") + f" ({currency})")
    return cells.table(_("Waiting"), head, rows, empty=_("Nothing waits."))


@admin.register(LedgerEntry)
class LedgerEntryAdmin(ReadOnlyAdmin):
    project_path = "project"
    list_display = ("id", "posted", "of", "account", "payee", "project", "deal", "what", "figure")
    list_display_links = ("id", "posted")
    list_select_related = ("transaction", "project", "deal", *_PAYEE)
    list_filter = (
        DealFilter,
        "account",
        ("project", RelatedFilter),
        PayeeFilter,
        ("payee__agency", ManyRelatedFilter),
        "transaction__kind",
        ("transaction__posted_at", DaysFilter),
    )
    search_fields = ("deal__number", "referral__number")
    search_help_text = gettext_lazy("Number of the deal or referral")
    ordering = ("-id",)
    fields = ("transaction", "posted", "account", "figure", "payee", "project", "deal", "referral", "what", "version")

    @admin.display(description=gettext_lazy("posted"), ordering="id")
    def posted(self, entry: LedgerEntry) -> Any:
        return cells.when(entry.transaction.posted_at, entry.project.timezone)

    @admin.display(description=gettext_lazy("kind"))
    def of(self, entry: LedgerEntry) -> str:
        return str(entry.transaction.get_kind_display())

    @admin.display(description=gettext_lazy("what"))
    def what(self, entry: LedgerEntry) -> str:
        return component(entry.kind) if entry.kind else cells.DASH

    @admin.display(description=gettext_lazy("amount"), ordering="amount")
    def figure(self, entry: LedgerEntry) -> Any:
        tone = " cp-negative" if entry.amount < 0 else ""
        text = cells.money_with(entry.amount, entry.transaction.currency)
        return format_html('<span class="cp-num{}">{}</span>', tone, text)

    def about(self, request: HttpRequest, obj: LedgerEntry) -> list[cells.Section]:
        said = explain_row(obj.explanation)
        empty = _("Posted without an explanation of its own.")
        return [cells.words(_("Why"), [said] if said else [], empty=empty)]


@admin.register(LedgerTransaction)
class LedgerTransactionAdmin(ReadOnlyAdmin):
    project_path = "project"
    list_display = ("id", "posted", "kind", "project", "currency", "actor")
    list_display_links = ("id", "posted")
    list_select_related = ("project", "actor", "run__project")
    list_filter = (("project", RelatedFilter), "kind", ("posted_at", DaysFilter))
    ordering = ("-id",)
    fields = ("posted", "kind", "project", "currency", "run", "actor")

    @admin.display(description=gettext_lazy("posted"), ordering="id")
    def posted(self, transaction: LedgerTransaction) -> Any:
        return cells.when(transaction.posted_at, transaction.project.timezone)

    def about(self, request: HttpRequest, obj: LedgerTransaction) -> list[cells.Section]:
        entries = obj.entries.select_related("deal", *_PAYEE).order_by("id")[:200]
        rows = [
            (
                cells.link(entry, entry.get_account_display()),
                entry.payee,
                entry.deal or cells.DASH,
                component(entry.kind) if entry.kind else cells.DASH,
                cells.money(entry.amount, obj.currency),
            )
            for entry in entries
        ]
        head = (_("Account"), _("Payee"), _("Deal"), _("What"), _("#Amount") + f" ({obj.currency})")
        return [cells.table(_("Entries, which sum to zero"), head, rows)]


@admin.register(PayoutBatch)
class PayoutBatchAdmin(ReadOnlyAdmin):
    list_display = ("number", "company", "currency", "badge", "cutoff_at", "prepared_by", "approved_by", "closed_at")
    list_select_related = ("company", "prepared_by", "approved_by")
    list_filter = ("state", ("company", RelatedFilter), ("cutoff_at", DaysFilter))
    search_fields = ("number",)
    search_help_text = gettext_lazy("Number")
    ordering = ("-prepared_at", "-id")
    fields = ("number", "company", "currency", "badge", "cutoff_at", "tax_month", "prepared_by", "prepared_at",
              "submitted_by", "submitted_at", "approvals_needed", "approved_by", "approved_at", "closed_by",
              "closed_at", "reissue_of")  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[PayoutBatch]:
        return visible_batches(request.user).order_by(*self.ordering)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def badge(self, batch: PayoutBatch) -> Any:
        return cells.state("batch", batch.state)

    def about(self, request: HttpRequest, obj: PayoutBatch) -> list[cells.Section]:
        rows = [
            (
                line.payee,
                cells.money(line.gross, obj.currency),
                cells.money(line.tax, obj.currency),
                cells.money(line.net, obj.currency),
                _("Left the batch") if line.left_at else line.get_state_display(),
                line.bank_reference or cells.DASH,
            )
            for line in obj.lines.select_related(*_PAYEE).order_by("-gross")[:500]
        ]
        head = (_("Payee"), _("#Gross"), _("#Tax"), _("#Net"), _("State"), _("Bank reference"))
        lines = cells.table(_("Lines (%(currency)s)") % {"currency": obj.currency}, head, rows, empty=_("No line."))
        zone = obj.company.timezone
        given = [
            (
                one.approver,
                cells.when(one.given_at, zone),
                cells.when(one.voided_at, zone) if one.voided_at else cells.DASH,
            )
            for one in obj.approvals.select_related("approver")
        ]
        head = (_("Approver"), _("Approved"), _("Counts no more since"))
        return [lines, cells.table(_("Approvals"), head, given, empty=_("None yet."))]


@admin.register(CommissionRun)
class CommissionRunAdmin(ReadOnlyAdmin):
    project_path = "project"
    list_display = ("project", "as_of", "started_at", "finished_at", "deals", "changed")
    list_select_related = ("project",)
    list_filter = (("project", RelatedFilter), ("started_at", DaysFilter))
    ordering = ("-started_at", "-id")
    fields = ("project", "as_of", "started_at", "finished_at", "deals", "changed")
