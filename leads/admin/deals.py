"""Deals and payments in the admin: a deal's moves are its acts, its facts are read-only."""

from typing import Any

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_platform.accounts.permissions import Can
from channels_platform.adminkit import cells
from channels_platform.adminkit.acts import Act
from channels_platform.adminkit.base import Admin, ReadOnlyAdmin
from channels_platform.adminkit.filters import DaysFilter, RelatedFilter
from channels_platform.adminkit.phone_search import PhoneFilter, PhoneSearch
from leads.admin.deal_forms import (
    MOST_BUYERS,
    AmendForm,
    CancelForm,
    ExpectedForm,
    MoveForm,
    PaymentForm,
    SharesForm,
    SubscribeForm,
    read_buyers,
)
from leads.admin.evidence import EVIDENCE
from leads.admin.filters import DealAgencyFilter
from leads.admin.told import deal_section
from leads.models import Deal, DealShare, Payment
from leads.services.deals import amend_deal, cancel_deal, contract_deal, hand_over_deal, subscribe_deal
from leads.services.disputes import override_deal
from leads.services.expected_dates import FIELDS, expect_dates
from leads.services.payments import record_payment
from leads.states import DealState
from projects.models import Unit
from projects.states import UnitState

_OPEN = (DealState.SUBSCRIBED, DealState.CONTRACTED)


def _contract(request: HttpRequest, deal: Deal, data: dict[str, Any]) -> str:
    contract_deal(actor=request.user, deal=deal, at=data["at"])
    return _("The contract of %(deal)s is recorded.") % {"deal": deal}


def _hand_over(request: HttpRequest, deal: Deal, data: dict[str, Any]) -> str:
    hand_over_deal(actor=request.user, deal=deal, at=data["at"])
    return _("The handover of %(deal)s is recorded.") % {"deal": deal}


def _cancel(request: HttpRequest, deal: Deal, data: dict[str, Any]) -> str:
    cancel_deal(actor=request.user, deal=deal, reason=data["reason"], at=data["at"])
    return _("%(deal)s is cancelled; commission follows by itself.") % {"deal": deal}


def _amend(request: HttpRequest, deal: Deal, data: dict[str, Any]) -> str:
    buyers = read_buyers(data)
    terms = {name: data.get(name) for name in ("price", "first_payment_amount", "loan_amount", "unit")}
    amend_deal(actor=request.user, deal=deal, reason=data["reason"], buyers=buyers or None, **terms)
    return _("%(deal)s is amended; what it was before stays on record.") % {"deal": deal}


def _expect(request: HttpRequest, deal: Deal, data: dict[str, Any]) -> str:
    expect_dates(actor=request.user, deal=deal, **data)
    return _("The expected dates of %(deal)s are kept.") % {"deal": deal}


def _decide(request: HttpRequest, deal: Deal, data: dict[str, Any]) -> str:
    override_deal(actor=request.user, deal=deal, shares=data["shares"], reason=data["reason"])
    return _("Decided: %(shares)s.") % {"shares": shares_in_words(data["shares"])}


def shares_in_words(shares: list[tuple[Any, Any]]) -> str:
    if not shares:
        return _("nobody, a natural deal")
    return ", ".join(f"{referral} {fraction}" for referral, fraction in shares)


def _pay(request: HttpRequest, deal: Deal, data: dict[str, Any]) -> str:
    payment = record_payment(
        actor=request.user,
        deal=deal,
        amount=data["amount"],
        reference=data["reference"],
        received_at=data["received_at"],
        source=data["source"],
        within_collected=True,
    )
    return _("Recorded: %(amount)s, reference %(reference)s.") % {
        "amount": cells.money_with(payment.amount, deal.project.currency),
        "reference": payment.reference,
    }


@admin.register(Deal)
class DealAdmin(PhoneSearch, Admin):
    form = SubscribeForm
    phone_path = "buyers__phone"
    project_path = "project"
    list_display = ("number", "project", "unit", "figure", "method", "badge", "brought_by", "subscribed", "signed")
    list_select_related = ("project", "unit", "consultant__user")
    list_filter = (
        PhoneFilter,
        "state",
        ("project", RelatedFilter),
        DealAgencyFilter,
        "method",
        ("subscribed_at", DaysFilter),
        ("contracted_at", DaysFilter),
    )
    search_fields = ("number",)
    search_help_text = gettext_lazy("Number, or a buyer's full phone")
    ordering = ("-subscribed_at", "-id")
    acts = (
        Act(
            name="contract",
            label=gettext_lazy("Record the contract"),
            icon="contract_edit",
            can=Can.MOVE_DEAL,
            form=MoveForm,
            when=lambda deal: deal.state == DealState.SUBSCRIBED,
            run=_contract,
            happens=gettext_lazy("The deal is contracted: it takes its place in the period of that day."),
            undo=gettext_lazy("This can't be undone; a contracted deal can be cancelled."),
        ),
        Act(
            name="handover",
            label=gettext_lazy("Record the handover"),
            icon="key",
            can=Can.MOVE_DEAL,
            form=MoveForm,
            when=lambda deal: deal.state == DealState.CONTRACTED,
            run=_hand_over,
            happens=gettext_lazy("What was reached stays reached: the retention is released and refunds undo nothing."),
            undo=gettext_lazy("This can't be undone, and the deal can't be cancelled any more."),
            binding=True,
        ),
        Act(
            name="payment",
            label=gettext_lazy("Record a payment"),
            icon="payments",
            can=Can.RECORD_PAYMENT,
            form=PaymentForm,
            run=_pay,
            happens=gettext_lazy("Commission that waited for this money is released at the next run."),
            undo=gettext_lazy("A payment can't be changed; a wrong one is answered by one of the opposite sign."),
        ),
        Act(
            name="amend",
            label=gettext_lazy("Amend"),
            icon="edit_note",
            can=Can.MOVE_DEAL,
            form=AmendForm,
            when=lambda deal: deal.state in _OPEN,
            run=_amend,
            happens=gettext_lazy("A new price, unit or buyers; who brought the deal stays as it was decided."),
            undo=gettext_lazy("Both the old and the new stay on record."),
        ),
        Act(
            name="expected",
            label=gettext_lazy("Say when money is expected"),
            icon="event_upcoming",
            can=Can.MOVE_DEAL,
            form=ExpectedForm,
            when=lambda deal: deal.state != DealState.CANCELLED,
            run=_expect,
            happens=gettext_lazy(
                "Who waits for commission sees these days, and they forecast what has to be paid in which month. "
                "They decide nothing."
            ),
            undo=gettext_lazy("They can be changed at any time; without one, the project's usual time stands in."),
        ),
        Act(
            name="decide",
            label=gettext_lazy("Decide who brought it"),
            icon="gavel",
            can=Can.DECIDE_DISPUTE,
            form=SharesForm,
            when=lambda deal: deal.state in _OPEN,
            run=_decide,
            happens=gettext_lazy(
                "Who is put in has won; who is taken out has lost, and their claims on the buyers' phones end now."
            ),
            undo=gettext_lazy("The decision is kept for ever; another one can replace it."),
            binding=True,
        ),
        Act(
            name="cancel",
            label=gettext_lazy("Cancel the deal"),
            icon="cancel",
            can=Can.MOVE_DEAL,
            form=CancelForm,
            when=lambda deal: deal.state in _OPEN,
            run=_cancel,
            happens=gettext_lazy(
                "Nothing is earned of it any more; what was paid is owed back. Referrals get back the state they had."
            ),
            undo=gettext_lazy("This can't be undone."),
            binding=True,
            ends=True,
        ),
        EVIDENCE,
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Deal]:
        held = DealShare.objects.filter(ended_at__isnull=True).select_related("referral__agency").order_by("pk")
        rows = super().get_queryset(request)
        return rows.prefetch_related(Prefetch("shares", queryset=held, to_attr="held"))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            buyers = [(f"buyer_{n}_name", f"buyer_{n}_phone") for n in range(MOST_BUYERS)]
            terms = ("price", "method", "first_payment_amount", "loan_amount", "at")
            return (
                (None, {"fields": ("project", "unit", "consultant", "visitor_number")}),
                (_("Terms"), {"fields": terms}),
                (_("Buyers of record"), {"fields": buyers}),
            )
        return (
            (None, {"fields": ("number", "project", "unit", "badge", "consultant", "visitor")}),
            (_("Terms"), {"fields": ("figure", "method", "first_payment", "loan")}),
            (_("Expected"), {"fields": FIELDS}),
            (
                _("Course of the deal"),
                {"fields": ("subscribed", "signed", "handed_over", "cancelled", "cancel_reason")},
            ),
        )

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        # The buyers' fields are made by the form itself: the model knows nothing of them.
        names = [name for name in kwargs.pop("fields", None) or () if not str(name).startswith("buyer_")]
        return super().get_form(request, obj, change=change, fields=names or None, **kwargs)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "unit":
            free = self.reach(request, Unit).filter(state__in=[UnitState.AVAILABLE, UnitState.RESERVED])
            kwargs["queryset"] = free.select_related("project").order_by("project", "building", "number")
            field = super().formfield_for_foreignkey(db_field, request, **kwargs)
            field.label_from_instance = lambda unit: f"{unit.project} · {unit}"
            return field
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "consultant":
            field.label_from_instance = lambda consultant: f"{consultant.project} · {consultant}"
        return field

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def create(self, request: HttpRequest, data: dict[str, Any]) -> Deal:
        terms = ("project", "unit", "price", "method", "first_payment_amount", "loan_amount", "consultant")
        return subscribe_deal(
            actor=request.user,
            buyers=read_buyers(data),
            visitor=data["visitor"],
            at=data["at"],
            **{name: data[name] for name in terms},
        )

    @admin.display(description=gettext_lazy("price"), ordering="price")
    def figure(self, deal: Deal) -> Any:
        return format_html('<span class="cp-num">{}</span>', cells.money_with(deal.price, deal.project.currency))

    @admin.display(description=gettext_lazy("first payment"))
    def first_payment(self, deal: Deal) -> str:
        return cells.money_with(deal.first_payment_amount, deal.project.currency)

    @admin.display(description=gettext_lazy("loan"))
    def loan(self, deal: Deal) -> str:
        return cells.money_with(deal.loan_amount, deal.project.currency)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def badge(self, deal: Deal) -> Any:
        return cells.state("deal", deal.state)

    @admin.display(description=gettext_lazy("brought by"))
    def brought_by(self, deal: Any) -> str:
        if not deal.held:
            return _("nobody (natural)")
        whole = len(deal.held) == 1
        return ", ".join(
            str(share.referral.agency) if whole else f"{share.referral.agency} {share.fraction}" for share in deal.held
        )

    @admin.display(description=gettext_lazy("subscribed"), ordering="subscribed_at")
    def subscribed(self, deal: Deal) -> Any:
        return cells.when(deal.subscribed_at, deal.project.timezone)

    @admin.display(description=gettext_lazy("contracted"), ordering="contracted_at")
    def signed(self, deal: Deal) -> Any:
        return cells.when(deal.contracted_at, deal.project.timezone)

    @admin.display(description=gettext_lazy("handed over"))
    def handed_over(self, deal: Deal) -> Any:
        return cells.when(deal.handed_over_at, deal.project.timezone)

    @admin.display(description=gettext_lazy("cancelled"))
    def cancelled(self, deal: Deal) -> Any:
        return cells.when(deal.cancelled_at, deal.project.timezone)

    def about(self, request: HttpRequest, obj: Deal) -> list[cells.Section]:
        why = deal_section(obj)
        return [*_people(obj), *([why] if why else []), *_money(request, obj), *_history(obj)]


def _people(deal: Any) -> list[cells.Section]:
    buyers = [(buyer.name_masked or cells.DASH, str(buyer.phone)) for buyer in deal.buyers.select_related("phone")]
    shares = deal.shares.filter(ended_at__isnull=True).select_related("referral__agency", "referral__broker__user")
    rows = [
        (
            cells.link(share.referral),
            share.referral.agency,
            share.referral.broker,
            str(share.fraction),
            _("decided") if share.decision_id else _("by the rules"),
        )
        for share in shares.order_by("referral__filed_at")
    ]
    return [
        cells.table(_("Buyers of record"), (_("Name"), _("Phone")), buyers),
        cells.table(
            _("Who brought it"),
            (_("Referral"), _("Agency"), _("Broker"), _("#Share"), _("How")),
            rows,
            empty=_("Nobody: a natural deal. Only the on-site agency is paid."),
        ),
    ]


def _money(request: HttpRequest, deal: Deal) -> list[cells.Section]:
    currency, zone = deal.project.currency, deal.project.timezone
    payments = list(deal.payments.select_related("recorded_by"))
    total = sum(payment.amount for payment in payments)
    rows = [
        (
            cells.when(payment.received_at, zone),
            payment.get_source_display(),
            cells.money(payment.amount, currency),
            payment.reference,
            payment.recorded_by or cells.DASH,
        )
        for payment in payments
    ]
    note = _("Collected: %(total)s of %(price)s.") % {
        "total": cells.money_with(total, currency),
        "price": cells.money_with(deal.price, currency),
    }
    head = (_("Received"), _("Source"), _("#Amount") + f" ({currency})", _("Reference"), _("Recorded by"))
    sections = [cells.table(_("Payments"), head, rows, empty=_("No payment yet."), note=note)]
    if request.user.has_perm("commissions.view_accrual"):  # type: ignore[union-attr]
        url = cells.address("commissions.accrual", deal=deal.pk)
        link = format_html('<a class="text-link" href="{}">{}</a>', url, _("What this deal earns, and for whom"))
        sections.append(cells.words(_("Commission"), [link]))
    return sections


def _history(deal: Deal) -> list[cells.Section]:
    items = [
        {
            "at": one.at,
            "what": _("Amended"),
            "who": str(one.amended_by or ""),
            "note": f"{one.reason} ({_changes(one.before, one.after)})",
        }
        for one in deal.amendments.select_related("amended_by")
    ] + [
        {
            "at": one.decided_at,
            "what": _("Decided who brought it"),
            "who": str(one.decided_by or ""),
            "note": f"{one.reason} ({_changes(one.before, one.after)})",
        }
        for one in deal.decisions.select_related("decided_by")
    ]
    disputes = [(cells.link(one), one.agency, cells.state("dispute", one.state)) for one in deal.disputes.all()]
    sections = []
    if items:
        items.sort(key=lambda item: item["at"], reverse=True)
        sections.append(cells.timeline(_("Amendments and decisions"), items, deal.project.timezone))
    if disputes:
        sections.append(cells.table(_("Disputes"), (_("Dispute"), _("Agency"), _("State")), disputes))
    return sections


def _changes(before: dict[str, Any], after: dict[str, Any]) -> str:
    names = sorted({*before, *after})
    return "; ".join(f"{name}: {before.get(name, cells.DASH)} → {after.get(name, cells.DASH)}" for name in names)


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    project_path = "project"
    list_display = ("received", "project", "deal", "source", "figure", "reference", "recorded_by")
    list_select_related = ("project", "deal", "recorded_by")
    list_filter = (("project", RelatedFilter), "source", ("received_at", DaysFilter))
    search_fields = ("reference", "deal__number")
    search_help_text = gettext_lazy("Bank reference or deal number, exactly")
    ordering = ("-received_at", "-id")
    fields = ("received", "project", "deal", "source", "figure", "reference", "recorded_by", "recorded_at")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        found = queryset.filter(reference=term)
        return found if found.exists() else queryset.filter(deal__number=term.upper()), False

    @admin.display(description=gettext_lazy("received"), ordering="received_at")
    def received(self, payment: Payment) -> Any:
        return cells.when(payment.received_at, payment.project.timezone)

    @admin.display(description=gettext_lazy("amount"), ordering="amount")
    def figure(self, payment: Payment) -> Any:
        return format_html('<span class="cp-num">{}</span>', cells.money_with(payment.amount, payment.project.currency))
