"""Plans in the admin: drafted in a form that shows what they pay, approved by a second person."""

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
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
from commissions.admin.plan_form import PlanForm, first_values
from commissions.engine.plans import InvalidPlan, read_version
from commissions.engine.preview import preview_deal, render_preview
from commissions.engine.types import Measure
from commissions.engine.types import PlanVersion as Rules
from commissions.facts import version_fields
from commissions.models import PlanVersion
from commissions.plan_words import plan_in_words
from commissions.services.plans import approve_plan_version, draft_plan_version, end_plan_version
from commissions.states import PlanState
from commissions.words import ReaderWords
from projects.models import Project

USUAL_PRICE = Decimal(1_280_000)
MOST_PREVIEWS = 12


def previews(
    rules: Rules, *, project: Project, onsite: bool, price: Decimal, on: date, nth: int | None = None
) -> list[str]:
    """Return what the plan pays for the deals on both sides of each tier, or for the one asked about."""
    words = ReaderWords()
    asked = [nth] if nth else _telling_deals(rules, price)
    return [
        render_preview(
            preview_deal(rules, nth=one, price=price, currency=project.currency, on=on, onsite=onsite), words
        )
        for one in asked
    ]


def _telling_deals(rules: Rules, price: Decimal) -> list[int]:
    """The first deal, and the last before and the first behind the start of each tier."""
    deals = {1}
    for tier in rules.tiers[1:]:
        behind = tier.start if rules.measure == Measure.UNITS else tier.start / int(max(price, 1))
        last = int(behind)
        deals |= {max(last, 1), last + 1}
    return sorted(deals)[:MOST_PREVIEWS]


def _rules_of(version: PlanVersion) -> Rules:
    plan = version.plan
    return read_version(
        version_fields(version),
        version_id=version.pk,
        series_id=plan.pk,
        currency=plan.project.currency,
        onsite=plan.agency.is_onsite,
    )


class EndForm(ActForm):
    to_on = forms.DateField(
        label=gettext_lazy("Last day"), required=False, help_text=gettext_lazy("Included; empty: no last day.")
    )

    def prepare(self) -> None:
        self.fields["to_on"].initial = self.target.to_on


def _approve(request: HttpRequest, version: PlanVersion, data: dict[str, Any]) -> str:
    approve_plan_version(actor=request.user, version=version)
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
class PlanVersionAdmin(ReadOnlyAdmin):
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
        url = f"{reverse('admin:commissions_planversion_add')}?like={obj.pk}"
        return [*links, cells.header_link(_("New version like this"), url, "content_copy")]

    def about(self, request: HttpRequest, obj: PlanVersion) -> list[cells.Section]:
        rules, project = _rules_of(obj), obj.plan.project
        on = obj.from_on or clock.local_date(clock.now(), project.zone)
        shown = previews(rules, project=project, onsite=obj.plan.agency.is_onsite, price=USUAL_PRICE, on=on)
        sections = [
            cells.words(_("In words"), plan_in_words(rules)),
            cells.words(_("What it pays, for deals of one agency alone and all at one price"), shown),
        ]
        others = obj.plan.versions.select_related("author").order_by("-number")
        rows = [(cells.link(one, f"v{one.number}"), one.from_on or cells.DASH, one.to_on or cells.DASH,
                 cells.state("agreement", one.state), str(one.author)) for one in others]  # fmt: skip
        head = (_("Version"), _("From"), _("To"), _("State"), _("Author"))
        return [*sections, cells.table(_("Versions of this plan"), head, rows)]

    # --- drafting -------------------------------------------------------------------------------------------

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may(request.user, Can.DRAFT_PLAN)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Draft a version: from nothing, or like another; `_preview` shows what it pays and keeps nothing."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        given = request.POST if request.method == "POST" else None
        form = PlanForm(given, request=request, site=self.admin_site, initial=first_values(self._like(request)))
        shown: list[str] = []
        sentences: list[str] = []
        if request.method == "POST" and form.is_valid():
            if "_preview" in request.POST:
                sentences, shown = self._rehearse(form.cleaned_data)
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
            "sentences": sentences,
            "previews": shown,
            "back": reverse("admin:commissions_planversion_changelist"),
            "media": self.media + form.media,
        }
        status = 422 if form.errors else 200
        return TemplateResponse(request, "admin/plan_form.html", context, status=status)

    def _like(self, request: HttpRequest) -> PlanVersion | None:
        like = request.GET.get("like")
        if not like:
            return None
        version = self.get_object(request, unquote(like))
        if version is None:
            raise Http404
        return version

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

    def _rehearse(self, data: dict[str, Any]) -> tuple[list[str], list[str]]:
        project, agency = data["project"], data["agency"]
        rules = read_version(
            data["rules"], version_id="", series_id="", currency=project.currency, onsite=agency.is_onsite
        )
        on = data.get("preview_on") or data.get("from_on") or clock.local_date(clock.now(), project.zone)
        shown = previews(
            rules,
            project=project,
            onsite=agency.is_onsite,
            price=data.get("preview_price") or USUAL_PRICE,
            on=on,
            nth=data.get("preview_nth"),
        )
        return plan_in_words(rules), shown
