"""Contests in the admin: drafted, approved by a second person, and their rounds' prizes posted once."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextareaWidget

from channels_platform.accounts.permissions import Can
from channels_platform.adminkit import cells
from channels_platform.adminkit.acts import Act
from channels_platform.adminkit.base import Admin, ReadOnlyAdmin
from channels_platform.adminkit.filters import DaysFilter, RelatedFilter
from channels_platform.adminkit.forms import ActForm, ReasonForm
from channels_platform.adminkit.refusals import words_for
from channels_platform.http.amounts import read_amount
from channels_platform.lib.errors import Invalid
from channels_platform.lib.money import minor_digits
from commissions.engine.contests import Days
from commissions.models import Contest, ContestRound
from commissions.services.contest_rounds import approve_round, decline_round
from commissions.services.contests import approve_contest, change_contest, draft_contest, end_contest
from commissions.standings import Row, explanation, fingerprint, round_now, standings
from commissions.states import ContestState, RoundState
from commissions.words import explain_row, round_words
from projects.models import Project


class ContestForm(forms.ModelForm):
    """Prizes are typed one a line, of the first place first."""

    prizes = forms.CharField(
        label=gettext_lazy("Prizes"),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
        max_length=1000,
        help_text=gettext_lazy("One amount a line, of the first place first, in the project's currency."),
    )

    class Meta:
        model = Contest
        fields = ("project", "name", "measure", "period", "from_on", "to_on", "agency_kind", "prizes")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.prizes:
            self.initial["prizes"] = "\n".join(self.instance.prizes)

    def clean_prizes(self) -> list[str]:
        project: Project | None = self.cleaned_data.get("project") or getattr(self.instance, "project", None)
        digits = minor_digits(project.currency) if project else 2
        lines = [line for line in self.cleaned_data["prizes"].splitlines() if line.strip()]
        try:
            return [f"{read_amount(line, digits=digits):f}" for line in lines]
        except Invalid as fault:
            raise forms.ValidationError(gettext_lazy("Write an amount like 1280000.00."), code=fault.code) from fault

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        first, last = data.get("from_on"), data.get("to_on")
        if first and last and last < first:
            self.add_error("to_on", words_for("span_reversed"))
        return data


class EndForm(ActForm):
    to_on = forms.DateField(label=gettext_lazy("Last day"), help_text=gettext_lazy("Included; today or later."))

    def prepare(self) -> None:
        self.fields["to_on"].initial = self.target.to_on


def _approve(request: HttpRequest, contest: Contest, data: dict[str, Any]) -> str:
    approve_contest(actor=request.user, contest=contest)
    return _("Approved: brokers see their standing in the portal.")


def _end(request: HttpRequest, contest: Contest, data: dict[str, Any]) -> str:
    end_contest(actor=request.user, contest=contest, to_on=data["to_on"])
    return _("The last day is set.")


def contest_in_words(contest: Contest) -> list[str]:
    """Return a contest's rules, a sentence each."""
    weekly, visits = contest.period == Contest.Period.WEEKLY, contest.measure == Contest.Measure.VISITS
    prizes = " + ".join(cells.money_with(Decimal(prize), contest.project.currency) for prize in contest.prizes)
    if contest.agency_kind:
        kind = contest.get_agency_kind_display()
        who = _("Brokers take part whose agency is of the kind “%(kind)s” and has an agreement.") % {"kind": kind}
    else:
        who = _("Brokers of every agency with an agreement take part.")
    return [
        _("A round each week, from Monday.") if weekly else _("A round each calendar month."),
        _("Counted are confirmed visits.")
        if visits
        else _("Counted are deals subscribed and not cancelled, by shares."),
        who,
        _("Prizes from the first place on: %(prizes)s. Equal figures share theirs equally.") % {"prizes": prizes},
        _("When a round is over, a manager who did not draft the contest approves its prizes; what is posted stays."),
    ]


def _standings_table(title: str, contest: Contest, rows: list[Row]) -> cells.Section:
    currency = contest.project.currency
    shown = [
        (
            row.place,
            cells.link(row.broker),
            cells.link(row.broker.agency),
            row.figure,
            cells.money(row.amount, currency) if row.amount else cells.DASH,
        )
        for row in rows[:100]
    ]
    head = (_("#Place"), _("Broker"), _("Agency"), f"#{contest.get_measure_display()}", _("#Prize") + f" ({currency})")
    return cells.table(title, head, shown, empty=_("Nobody has done anything in it yet."))


@admin.register(Contest)
class ContestAdmin(Admin):
    project_path = "project"
    form = ContestForm
    list_display = ("name", "project", "measure", "period", "from_on", "to_on", "badge", "author", "approved_by")
    list_select_related = ("project", "author", "approved_by")
    list_filter = (("project", RelatedFilter), "state", "measure", ("from_on", DaysFilter))
    search_fields = ("name", "project__code", "project__name")
    search_help_text = gettext_lazy("Name or project")
    ordering = ("-created_at", "-id")
    acts = (
        Act(
            name="approve",
            label=gettext_lazy("Approve"),
            icon="verified",
            can=Can.APPROVE_CONTEST,
            when=lambda contest: contest.state == ContestState.DRAFT,
            run=_approve,
            happens=lambda contest: " ".join(contest_in_words(contest)),
            undo=gettext_lazy("An approved contest is fixed but for its last day. Who drafted it can't approve it."),
            binding=True,
        ),
        Act(
            name="end",
            label=gettext_lazy("Set the last day"),
            icon="event_busy",
            can=Can.APPROVE_CONTEST,
            form=EndForm,
            when=lambda contest: contest.state == ContestState.APPROVED,
            run=_end,
            happens=gettext_lazy("The round of that day ends with it; later days count for nothing."),
        ),
    )

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        rules = ContestForm.Meta.fields
        if obj is None:
            return rules
        prizes = () if obj.state == ContestState.DRAFT and self.has_change_permission(request, obj) else ("prize_list",)
        kept = tuple(name for name in rules if name != "prizes" or not prizes)
        return (*kept, *prizes, "badge", "author", "approved_by", "approved_at")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("project", "prize_list", "badge", "author", "approved_by", "approved_at") if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed = super().has_change_permission(request, obj)
        return allowed and (not isinstance(obj, Contest) or obj.state == ContestState.DRAFT)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def badge(self, contest: Contest) -> Any:
        return cells.state("agreement", contest.state)

    @admin.display(description=gettext_lazy("prizes"))
    def prize_list(self, contest: Contest) -> str:
        return " · ".join(cells.money_with(Decimal(prize), contest.project.currency) for prize in contest.prizes)

    def create(self, request: HttpRequest, data: dict[str, Any]) -> Contest:
        return draft_contest(actor=request.user, **data)

    def amend(self, request: HttpRequest, stored: Contest, data: dict[str, Any]) -> Contest:
        return change_contest(actor=request.user, contest=stored, **data)

    def about(self, request: HttpRequest, obj: Contest) -> list[cells.Section]:
        sections = [cells.words(_("In words"), contest_in_words(obj))]
        days = round_now(obj)
        if obj.state == ContestState.APPROVED and days is not None:
            sections.append(
                _standings_table(_("Standings now: %(days)s") % {"days": _days(days)}, obj, standings(obj, days))
            )
        rounds = [
            (cells.link(one, _days(one.days)), cells.state("round", one.state), one.decided_by or cells.DASH)
            for one in obj.rounds.select_related("contest", "decided_by")[:60]
        ]
        head = (_("Round"), _("State"), _("Decided by"))
        return [*sections, cells.table(_("Rounds that are over"), head, rows=rounds, empty=_("None is over yet."))]


class SeenForm(ActForm):
    """Approves the standings that this page showed, and no others."""

    seen = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def prepare(self) -> None:
        self.fields["seen"].initial = fingerprint(standings(self.target.contest, self.target.days))


def _what_it_posts(one: ContestRound) -> str:
    rows = [row for row in standings(one.contest, one.days) if row.amount]
    if not rows:
        return _("Nobody won anything: the round is closed without prizes.")
    currency = one.contest.project.currency
    lines = [f"{row.place}. {row.broker} – {cells.money_with(row.amount, currency)}" for row in rows]
    return _("Posted as payable to the brokers in person: %(lines)s.") % {"lines": "; ".join(lines)}


def _post(request: HttpRequest, one: ContestRound, data: dict[str, Any]) -> str:
    approve_round(actor=request.user, contest_round=one, seen=data["seen"])
    return _("Posted. The winners are told; the next payout takes their prizes in.")


def _decline(request: HttpRequest, one: ContestRound, data: dict[str, Any]) -> str:
    decline_round(actor=request.user, contest_round=one, reason=data["reason"])
    return _("The round is closed without prizes.")


def _proposed(one: ContestRound) -> bool:
    return one.state == RoundState.PROPOSED


@admin.register(ContestRound)
class ContestRoundAdmin(ReadOnlyAdmin):
    project_path = "contest__project"
    list_display = ("name", "project", "from_on", "to_on", "badge", "decided_by", "decided_at")
    list_select_related = ("contest__project", "decided_by")
    list_filter = (("contest__project", RelatedFilter), ("contest", RelatedFilter), "state", ("to_on", DaysFilter))
    ordering = ("-to_on", "-id")
    fields = ("name", "project", "from_on", "to_on", "badge", "decided_by", "decided_at", "reason", "transaction")
    acts = (
        Act(
            name="approve",
            label=gettext_lazy("Approve and post"),
            icon="verified",
            can=Can.APPROVE_CONTEST,
            form=SeenForm,
            when=_proposed,
            run=_post,
            happens=_what_it_posts,
            undo=gettext_lazy("This can't be undone; a deal cancelled later takes no prize back."),
            binding=True,
        ),
        Act(
            name="decline",
            label=gettext_lazy("Give no prizes"),
            icon="block",
            can=Can.APPROVE_CONTEST,
            form=ReasonForm,
            when=_proposed,
            run=_decline,
            happens=gettext_lazy("The round is closed and nothing is posted."),
            undo=gettext_lazy("This can't be undone."),
            binding=True,
            ends=True,
        ),
    )

    @admin.display(description=gettext_lazy("contest"), ordering="contest__name")
    def name(self, one: ContestRound) -> str:
        return f"{one.contest.name}, {round_words(one.label)}"

    @admin.display(description=gettext_lazy("project"), ordering="contest__project__name")
    def project(self, one: ContestRound) -> str:
        return str(one.contest.project)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def badge(self, one: ContestRound) -> Any:
        return cells.state("round", one.state)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ContestRound]:
        return super().get_queryset(request).select_related("transaction")

    def about(self, request: HttpRequest, obj: ContestRound) -> list[cells.Section]:
        contest = obj.contest
        if obj.state == RoundState.POSTED:
            results = obj.results.select_related("broker__user", "broker__agency")
            rows = [Row(one.broker, one.place, one.sharing, one.figure, one.amount) for one in results]
            title = _("Results")
        else:
            rows, title = standings(contest, obj.days), _("Standings as the facts are now")
        said = [
            f"{row.broker}: {explain_row(explanation(contest, obj.days, row))} = "
            f"{cells.money_with(row.amount, contest.project.currency)}"
            for row in rows
            if row.amount
        ]
        return [
            cells.words(_("What each gets, and why"), said, empty=_("Nobody won anything.")),
            _standings_table(title, contest, rows),
        ]


def _days(days: Days) -> str:
    return f"{days.first:%Y-%m-%d} – {days.last:%Y-%m-%d}"
