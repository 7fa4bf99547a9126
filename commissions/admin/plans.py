"""Plans in the admin: drafted in a form that shows what they pay, approved by a second person."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.functional import cached_property
from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_platform.accounts.permissions import Can, may
from channels_platform.adminkit import cells
from channels_platform.adminkit.acts import Act
from channels_platform.adminkit.base import ReadOnlyAdmin
from channels_platform.adminkit.filters import ChoiceFilter, DaysFilter, RelatedFilter
from channels_platform.adminkit.forms import ActForm
from channels_platform.adminkit.refusals import add_refusal
from channels_platform.lib import clock
from channels_platform.lib.errors import Refused
from channels_platform.lib.money import parse_fraction
from commissions.admin.plan_form import PlanForm, first_values, typed_values
from commissions.admin.plan_show import USUAL_PRICE, Checked, checked, curves, previews, sections
from commissions.admin.simulation import SimulationPages, simulate_typed, tried_rules
from commissions.engine.lint import Finding, Severity
from commissions.engine.plans import InvalidPlan, read_version
from commissions.linting import check_plan, findings_of, rules_of
from commissions.models import PlanVersion
from commissions.plan_words import plan_in_words
from commissions.services.plans import approve_plan_version, draft_plan_version, end_plan_version
from commissions.states import PlanState
from commissions.words import ReaderWords

_STARTS = {
    "rising": gettext_lazy("6 %, +0.2 for every 20 units to 7 %"),
    "rising_for_all": gettext_lazy("The same, for all units of the period"),
    "flat": gettext_lazy("One rate"),
    "per_unit": gettext_lazy("An amount per unit"),
    "first_millions": gettext_lazy("First 10 million, then the rest"),
}


class ApproveForm(ActForm):
    """What the checks find, and why it is approved all the same."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=2000,
        required=False,
        help_text=gettext_lazy("Needed where the checks warn of something; kept with the approval."),
    )

    def prepare(self) -> None:
        # an error bars the approval whatever the reason
        self.fields["reason"].required = {finding.severity for finding in self._findings} == {Severity.WARNING}

    def checks(self) -> list[Checked]:
        return checked(self._findings)

    @cached_property
    def _findings(self) -> list[Finding]:
        return findings_of(self.target)


class EndForm(ActForm):
    to_on = forms.DateField(
        label=gettext_lazy("Last day"), required=False, help_text=gettext_lazy("Included; empty: no last day.")
    )

    def prepare(self) -> None:
        self.fields["to_on"].initial = self.target.to_on


def _approve(request: HttpRequest, version: PlanVersion, data: dict[str, Any]) -> str:
    approve_plan_version(actor=request.user, version=version, reason=data["reason"])
    return _("Approved. The next commission run follows it.")


def _end(request: HttpRequest, version: PlanVersion, data: dict[str, Any]) -> str:
    end_plan_version(actor=request.user, version=version, to_on=data["to_on"])
    return _("The last day is set.")


class InForceFilter(ChoiceFilter):
    title = gettext_lazy("in force today")
    parameter_name = "in_force"
    options = (("yes", gettext_lazy("In force")),)

    def narrow(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        today = clock.local_date(clock.now(), get_current_timezone())
        rows = queryset.filter(state=PlanState.APPROVED).exclude(from_on__gt=today)
        return rows.exclude(to_on__lt=today)


@admin.register(PlanVersion)
class PlanVersionAdmin(SimulationPages, ReadOnlyAdmin):
    project_path = "plan__project"
    list_display = ("name", "number", "payee", "deals", "from_on", "to_on", "ladder", "badge", "author", "approved_by")
    list_select_related = ("plan__project", "plan__agency", "author", "approved_by")
    list_filter = (
        "state",
        InForceFilter,
        ("plan__project", RelatedFilter),
        ("plan__agency", RelatedFilter),
        ("created_at", DaysFilter),
    )
    search_fields = ("plan__agency__name", "plan__agency__code", "plan__project__name", "plan__project__code")
    search_help_text = gettext_lazy("Agency or project")
    ordering = ("-created_at", "-id")
    fields = ("name", "number", "badge", "payee", "deals", "from_on", "to_on", "author", "approved_by", "approved_at")
    acts = (
        Act(
            name="approve",
            label=gettext_lazy("Approve"),
            icon="verified",
            can=Can.APPROVE_PLAN,
            form=ApproveForm,
            template="admin/plan_approve.html",
            when=lambda version: version.state == PlanState.DRAFT,
            run=_approve,
            happens=gettext_lazy("Deals subscribed in its days are paid by it, those recorded already too."),
            undo=gettext_lazy("An approved plan is fixed but for its last day. Who drafted it can't approve it."),
            binding=True,
        ),
        Act(
            name="end",
            label=gettext_lazy("Set the last day"),
            icon="event_busy",
            can=Can.APPROVE_PLAN,
            form=EndForm,
            when=lambda version: version.state == PlanState.APPROVED,
            run=_end,
            happens=gettext_lazy("Deals subscribed later no longer fall under it; earlier ones do, as before."),
        ),
    )

    @admin.display(description=gettext_lazy("plan"), ordering="plan__agency__name")
    def name(self, version: PlanVersion) -> str:
        return str(version.plan)

    @admin.display(description=gettext_lazy("paid to"))
    def payee(self, version: PlanVersion) -> str:
        return str(version.plan.get_payee_display())

    @admin.display(description=gettext_lazy("deals"))
    def deals(self, version: PlanVersion) -> str:
        return str(version.plan.get_applies_to_display())

    @admin.display(description=gettext_lazy("tiers"))
    def ladder(self, version: PlanVersion) -> str:
        words = ReaderWords()
        pays = [
            words.percent(parse_fraction(tier["rate"])) if "rate" in tier else words.money(Decimal(tier["amount"]))
            for tier in version.tiers
        ]
        return pays[0] if len(pays) == 1 else f"{pays[0]} … {pays[-1]}"

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def badge(self, version: PlanVersion) -> Any:
        return cells.state("agreement", version.state)

    def act_links(self, request: HttpRequest, obj: PlanVersion) -> list[dict[str, Any]]:
        links = super().act_links(request, obj)
        if not may(request.user, Can.DRAFT_PLAN):
            return links
        add, simulate = (reverse(f"admin:commissions_planversion_{name}") for name in ("add", "simulate"))
        return [
            *links,
            cells.header_link(_("New version like this"), f"{add}?like={obj.pk}", "content_copy"),
            cells.header_link(_("Copy to another agency"), f"{add}?copy={obj.pk}", "move_up"),
            cells.header_link(_("What it would cost"), f"{simulate}?version={obj.pk}", "science"),
        ]

    def about(self, request: HttpRequest, obj: PlanVersion) -> list[cells.Section]:
        rules, project = rules_of(obj), obj.plan.project
        on = obj.from_on or clock.local_date(clock.now(), project.zone)
        shown = previews(rules, currency=project.currency, onsite=obj.plan.agency.is_onsite, price=USUAL_PRICE, on=on)
        drawn = curves(rules, price=USUAL_PRICE, currency=project.currency)
        figures = {"curves": drawn, "charts": _charts(drawn), "currency": project.currency, "price": USUAL_PRICE}
        return [
            cells.words(_("In words"), plan_in_words(rules)),
            cells.words(_("What it pays, for deals of one agency alone and all at one price"), shown),
            cells.Section(_("What the n-th unit and the n-th million earn"), "admin/plan_curves.html", figures),
            *sections(request, obj),
        ]

    # --- drafting -------------------------------------------------------------------------------------------

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may(request.user, Can.DRAFT_PLAN)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Draft a version: from nothing, or like another; `_preview` shows what it pays and keeps nothing."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        given = request.POST if request.method == "POST" else None
        form = PlanForm(given, request=request, site=self.admin_site, initial=self._first(request))
        shown: dict[str, Any] = {}
        if request.method == "POST" and form.is_valid():
            if "_preview" in request.POST:
                shown = self._shown(form)
            elif "_simulate" in request.POST:
                return simulate_typed(request, form.cleaned_data)
            else:
                version = self._draft(request, form)
                if version is not None:
                    messages.success(request, _("Drafted. Somebody else has to approve it before it counts."))
                    return HttpResponseRedirect(self.object_url(version))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Draft a commission plan"),
            "opts": self.opts,
            "form": form,
            **shown,
            "starts": [(f"?start={name}", words) for name, words in _STARTS.items()],
            "figures": reverse("admin:commissions_planversion_figures"),
            "back": reverse("admin:commissions_planversion_changelist"),
            "media": self.media + form.media,
        }
        status = 422 if form.errors else 200
        return TemplateResponse(request, "admin/plan_form.html", context, status=status)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.figures_view)
        return [path("add/figures/", view, name="commissions_planversion_figures"), *super().get_urls()]

    def figures_view(self, request: HttpRequest) -> HttpResponse:
        """Answer with what a half-filled form pays, in words and figures, while it is typed; nothing is kept."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        form = PlanForm(request.POST, request=request, site=self.admin_site)
        form.is_valid()
        return TemplateResponse(request, "admin/plan_shown.html", self._shown(form))

    def _first(self, request: HttpRequest) -> dict[str, Any]:
        """Return what the form starts with: another version's rules, or a common form."""
        for name in ("like", "copy"):
            if request.GET.get(name):
                version = self.get_object(request, unquote(request.GET[name]))
                if version is None:
                    raise Http404
                return first_values(version, copied=name == "copy")
        if request.GET.get("tried"):
            return typed_values(tried_rules(request, request.GET["tried"]))
        return first_values(None, start=request.GET.get("start", "usual"))

    def _draft(self, request: HttpRequest, form: PlanForm) -> PlanVersion | None:
        data = form.cleaned_data
        rules = dict(data["rules"])
        rules["from_on"], rules["to_on"] = rules.pop("from"), rules.pop("to")
        try:
            return draft_plan_version(actor=request.user, project=data["project"], agency=data["agency"], **rules)
        except InvalidPlan as refusal:
            form.add_faults(refusal.faults)
        except Refused as refusal:
            add_refusal(form, refusal)
        return None

    def _shown(self, form: PlanForm) -> dict[str, Any]:
        """Return what the form's rules pay; nothing where they can't be read yet."""
        data = form.cleaned_data
        project, agency = data.get("project"), data.get("agency")
        currency = project.currency if project else "CNY"
        onsite = bool(agency and agency.is_onsite)
        try:
            rules = read_version(data["rules"], version_id="", series_id="", currency=currency, onsite=onsite)
        except InvalidPlan:
            return {"unread": True}
        price = data.get("preview_price") or USUAL_PRICE
        zone = project.zone if project else get_current_timezone()
        on = data.get("preview_on") or data.get("from_on") or clock.local_date(clock.now(), zone)
        nth = data.get("preview_nth")
        drawn = curves(rules, price=price, currency=currency)
        return {
            "sentences": plan_in_words(rules),
            "previews": previews(rules, currency=currency, onsite=onsite, price=price, on=on, nth=nth),
            "checks": checked(check_plan(rules, project=project, agency=agency)) if project and agency else None,
            "curves": drawn,
            "charts": _charts(drawn),
            "currency": currency,
            "price": price,
        }


def _charts(drawn: list[dict[str, Any]]) -> dict[str, Any]:
    return {one["key"]: one["chart"] for one in drawn}
