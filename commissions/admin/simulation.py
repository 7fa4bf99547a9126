"""Simulation in the admin: asked of a plan version or of rules just typed, answered on a page of its own."""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from brokers.models import Agency
from channels_platform.accounts.permissions import Can, may
from channels_platform.adminkit.forms import ActForm
from channels_platform.adminkit.refusals import add_refusal
from channels_platform.http.amounts import AmountField, in_currency
from channels_platform.jobs.models import Job
from channels_platform.jobs.selectors import get_job
from channels_platform.lib.errors import Refused
from commissions.admin.simulation_show import shown
from commissions.engine.types import Method
from commissions.models import PlanVersion
from commissions.plan_words import METHODS
from commissions.services.simulations import (
    KIND,
    MOST_MONTHS,
    MOST_UNITS,
    last_months,
    month_after,
    start_simulation,
)
from commissions.words import ReaderWords
from projects.models import Project

DEALS, CURVE = "deals", "curve"
_BETWEEN = re.compile(r"[,，、;；\s]+")


@dataclass(frozen=True)
class Subject:
    """The plan that is tried: a version, or rules that were typed; `before` is an earlier try of it."""

    project: Project
    agency: Agency
    rules: dict[str, Any]
    version: PlanVersion | None = None
    before: Job | None = None

    def __str__(self) -> str:
        return str(self.version or f"{self.agency} · {self.project}")


class SimulateForm(ActForm):
    """Over which deals a plan is tried, and beside which other."""

    half = frozenset({"first", "last", "price", "units", *(f"method_{method}" for method in Method)})
    other = forms.ModelChoiceField(
        label=gettext_lazy("Compare with another version"),
        queryset=PlanVersion.objects.none(),
        required=False,
        help_text=gettext_lazy("Today's plans always stand beside it."),
    )
    over = forms.ChoiceField(
        label=gettext_lazy("Tried over"),
        choices=((DEALS, gettext_lazy("The project's own deals")), (CURVE, gettext_lazy("Made-up sales"))),
        initial=DEALS,
        widget=forms.RadioSelect,
    )
    first = forms.ChoiceField(
        label=gettext_lazy("Contracted from"), help_text=gettext_lazy("For the project's own deals.")
    )
    last = forms.ChoiceField(label=gettext_lazy("Contracted until"), help_text=gettext_lazy("The whole month."))
    units = forms.CharField(
        label=gettext_lazy("Made-up sales: units by month"),
        required=False,
        max_length=400,
        help_text=gettext_lazy("From next month on, such as 10, 12, 15."),
    )
    price = AmountField(
        label=gettext_lazy("Made-up sales: price of a unit"),
        required=False,
        min_value=Decimal("0.01"),
        max_digits=15,
        decimal_places=2,
    )

    def prepare(self) -> None:
        subject: Subject = self.target
        in_currency(self, subject.project.currency)
        stored = PlanVersion.objects.filter(
            plan__project=subject.project,
            plan__agency=subject.agency,
            plan__payee=subject.rules["payee"],
            plan__applies_to=subject.rules["applies_to"],
        )
        self.fields["other"].queryset = (
            stored.exclude(pk=subject.version.pk if subject.version else None)
            .select_related("plan__agency", "plan__project")
            .order_by("-number")
        )
        months, words = _months(subject.project), ReaderWords()
        choices = [(f"{day:%Y-%m}", words.month(day.year, day.month)) for day in reversed(months)]
        first, last = last_months(subject.project)
        for name, day in (("first", first), ("last", last)):
            self.fields[name].choices = choices
            self.fields[name].initial = f"{day:%Y-%m}"
        usual = {Method.LUMP_SUM: 20, Method.INSTALMENT: 20, Method.MORTGAGE: 60}
        for method, part in usual.items():
            self.fields[f"method_{method}"] = forms.IntegerField(
                label=_("%(method)s (%%)") % {"method": METHODS[method]},
                required=False,
                min_value=0,
                max_value=100,
                initial=part,
            )

    def clean_units(self) -> list[int]:
        typed = [part for part in _BETWEEN.split(self.cleaned_data["units"]) if part]
        if not all(part.isascii() and part.isdigit() and int(part) <= MOST_UNITS for part in typed):
            raise ValidationError(_("Write whole numbers up to %(most)s, with commas.") % {"most": MOST_UNITS})
        if len(typed) > MOST_MONTHS:
            raise ValidationError(_("At most %(most)s months.") % {"most": MOST_MONTHS})
        return [int(part) for part in typed]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("over") == CURVE:
            if not any(data.get("units") or ()) and "units" not in self.errors:
                self.add_error("units", _("Write how many units are sold in each month."))
            if not data.get("price") and "price" not in self.errors:
                self.add_error("price", _("This is needed."))
            parts = [data.get(f"method_{method}") or 0 for method in Method]
            if sum(parts) != 100:
                self.add_error(f"method_{Method.MORTGAGE}", _("These parts must sum to exactly 100 %."))
        return data

    def asked(self) -> dict[str, Any]:
        """Return what the service is asked."""
        data = self.cleaned_data
        first, last = (date.fromisoformat(f"{data[name]}-01") for name in ("first", "last"))
        if data["over"] == DEALS:
            return {"other": data["other"], "first": first, "last": last}
        first = month_after(self.target.project)
        methods = {method: Fraction(data.get(f"method_{method}") or 0, 100) for method in Method}
        curve = {"units": data["units"], "price": data["price"], "methods": methods}
        return {"other": data["other"], "first": first, "last": first, "curve": curve}


def _months(project: Project) -> list[date]:
    first, _last = last_months(project, MOST_MONTHS)
    found = [first]
    while found[-1] < _last:
        found.append(date(found[-1].year + found[-1].month // 12, found[-1].month % 12 + 1, 1))
    return found


class SimulationPages:
    """The pages of a simulation, beside the plans it is about."""

    def get_urls(self) -> list[URLPattern]:
        ask, result = (self.admin_site.admin_view(partial(view, self)) for view in (_ask_page, _result_page))  # type: ignore[attr-defined]
        return [
            path("simulate/", ask, name="commissions_planversion_simulate"),
            path("simulation/<uuid:job_id>/", result, name="commissions_planversion_simulation"),
            *super().get_urls(),  # type: ignore[misc]
        ]


def simulate_typed(request: HttpRequest, data: dict[str, Any]) -> HttpResponse:
    """Try what stands in the plan form over the last twelve months."""
    first, last = last_months(data["project"])
    job = start_simulation(
        actor=request.user,
        project=data["project"],
        agency=data["agency"],
        rules=data["rules"],
        first=first,
        last=last,
    )
    return HttpResponseRedirect(reverse("jobs:detail", args=[job.pk]))


def tried_rules(request: HttpRequest, job_id: str) -> dict[str, Any]:
    """Return the first plan of a try, with its project and agency, for the plan form to begin with.

    Raises: Http404.
    """
    asked = _job(request, job_id).arguments
    return {**asked["tries"][0]["rules"], "project": asked["project"], "agency": asked["agency"]}


def _job(request: HttpRequest, job_id: Any) -> Job:
    try:
        job = get_job(viewer=request.user, job_id=UUID(str(job_id)))
    except ValueError:
        job = None
    if job is None or job.kind != KIND:
        raise Http404
    return job


def _subject(page: Any, request: HttpRequest) -> Subject:
    if request.GET.get("job"):
        job = _job(request, request.GET["job"])
        tried = job.arguments["tries"][0]
        version = page.get_object(request, tried["version"]) if tried["version"] else None
        project, agency = (
            model.objects.get(pk=job.arguments[name]) for model, name in ((Project, "project"), (Agency, "agency"))
        )
        return Subject(project, agency, tried["rules"], version, job)
    version = page.get_object(request, request.GET.get("version", ""))
    if version is None:
        raise Http404
    plan = version.plan
    rules = {"payee": plan.payee, "applies_to": plan.applies_to}
    return Subject(plan.project, plan.agency, rules, version)


def _ask_page(page: Any, request: HttpRequest) -> HttpResponse:
    """Ask over which deals, then have a worker answer."""
    if not may(request.user, Can.DRAFT_PLAN):
        raise PermissionDenied
    subject = _subject(page, request)
    given = (request.POST,) if request.method == "POST" else ()
    form = SimulateForm(*given, target=subject, request=request, site=page.admin_site)
    if request.method == "POST" and form.is_valid():
        try:
            job = start_simulation(
                actor=request.user,
                project=subject.project,
                agency=subject.agency,
                rules=None if subject.version else subject.rules,
                version=subject.version,
                **form.asked(),
            )
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            return HttpResponseRedirect(reverse("jobs:detail", args=[job.pk]))
    context = {
        **page.admin_site.each_context(request),
        "title": _("What it would cost"),
        "opts": page.opts,
        "subject": subject,
        "form": form,
        "back": page.object_url(subject.version)
        if subject.version
        else reverse("admin:commissions_planversion_simulation", args=[subject.before.pk if subject.before else ""]),
        "media": page.media + form.media,
    }
    return TemplateResponse(request, "admin/simulate.html", context, status=422 if form.errors else 200)


def _result_page(page: Any, request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Show what came of a try to the one who asked for it."""
    if not may(request.user, Can.DRAFT_PLAN):
        raise PermissionDenied
    job = _job(request, job_id)
    if not job.report:
        raise Http404
    project = Project.objects.get(pk=job.arguments["project"])
    tried = job.arguments["tries"][0]
    version = page.get_object(request, tried["version"]) if tried["version"] else None
    context = {
        **page.admin_site.each_context(request),
        "title": _("What it would cost"),
        "job": job,
        "version": version,
        "back": page.object_url(version) if version else reverse("admin:commissions_planversion_changelist"),
        "again": f"{reverse('admin:commissions_planversion_simulate')}?job={job.pk}",
        "draft": f"{reverse('admin:commissions_planversion_add')}?tried={job.pk}",
        **shown(job, project),
    }
    response = TemplateResponse(request, "admin/simulation.html", context)
    response["Cache-Control"] = "no-store"
    return response
