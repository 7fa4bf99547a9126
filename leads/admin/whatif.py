"""What if, in the admin: asked on a project's page, answered on a page of its own."""

from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from channels_platform.accounts.permissions import Can, may
from channels_platform.adminkit import cells
from channels_platform.adminkit.acts import Act
from channels_platform.jobs.models import Job
from channels_platform.jobs.selectors import get_job
from channels_platform.presentation import formats
from leads.services.whatif import KIND, RULES, SHOWN, start_what_if
from leads.whatif.compare import Outcome
from leads.whatif.told import kept_words, outcome_words, rules_words, shares_words, why
from projects.admin import PolicyForm, ProjectAdmin
from projects.models import Policy, Project


class WhatIfForm(PolicyForm):
    """The rules in force, to be changed for a try; and what was filed when is judged by them."""

    first = forms.DateField(label=gettext_lazy("Filed from"), required=False)
    last = forms.DateField(
        label=gettext_lazy("Filed until"),
        required=False,
        help_text=gettext_lazy("Both days are included; empty: all there is. What was filed outside keeps its rules."),
    )
    half = frozenset({"first", "last"})
    field_order = ("first", "last", *RULES)

    class Meta:
        model = Policy
        fields = RULES


def _ask(request: HttpRequest, project: Project, data: dict[str, Any]) -> HttpResponse:
    rules = {name: data[name] for name in RULES}
    job = start_what_if(actor=request.user, project=project, rules=rules, first=data["first"], last=data["last"])
    return HttpResponseRedirect(reverse("jobs:detail", args=[job.pk]))


WHAT_IF = Act(
    name="what-if",
    label=gettext_lazy("What if other rules had held"),
    icon="science",
    can=Can.DECIDE_DISPUTE,
    form=WhatIfForm,
    run=_ask,
    happens=gettext_lazy(
        "The real history is judged anew by these rules: filings, visits, walk-ins and deals in the order they came."
        " You see which outcomes and which deals would be others. Nothing is changed, and nobody is told."
    ),
)
ProjectAdmin.offer(WHAT_IF)


class WhatIfPage:
    """The page of a result, beside the referrals it is about."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(partial(_result_page, self.admin_site))  # type: ignore[attr-defined]
        return [path("what-if/<uuid:job_id>/", view, name="leads_referral_what_if"), *super().get_urls()]  # type: ignore[misc]


def _result_page(site: Any, request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Show what came of a try to the one who asked for it."""
    if not may(request.user, Can.DECIDE_DISPUTE):
        raise PermissionDenied
    job = get_job(viewer=request.user, job_id=job_id)
    if job is None or job.kind != KIND or not job.report:
        raise Http404
    project = Project.objects.get(pk=job.arguments["project"])
    context = {
        **site.each_context(request),
        "title": _("What if other rules had held"),
        "job": job,
        "project": project,
        "back": reverse("admin:projects_project_change", args=[project.pk]),
        "again": reverse("admin:projects_project_act", args=[project.pk, WHAT_IF.name]),
        "sections": _sections(job, project),
    }
    response = TemplateResponse(request, "admin/what_if.html", context)
    response["Cache-Control"] = "no-store"
    return response


def _sections(job: Job, project: Project) -> list[cells.Section]:
    report = job.report
    kept = [
        *kept_words(report["kept"]),
        _("An arrival counts for the filing it was made under: nobody knows with whom the client would have come."),
    ]
    return [
        cells.words(_("Asked"), _asked(job), empty=""),
        cells.words(_("In short"), _in_short(report, project)),
        _counts(report),
        _deals(report, project),
        _agencies(report, project),
        _referrals(report),
        cells.words(_("What stays as it was decided"), kept),
    ]


def _asked(job: Job) -> list[str]:
    asked = job.arguments
    period = _("Filed from %(first)s until %(last)s.") % {
        "first": asked["first"] or _("the beginning"),
        "last": asked["last"] or _("today"),
    }
    changed = rules_words(asked["rules"])
    return [period, *(changed or [_("The rules in force, unchanged.")])]


def _in_short(report: dict[str, Any], project: Project) -> list[str]:
    changed, deals = report["referrals_changed"], report["deals_changed"]
    moved = formats.money(Decimal(report["moved"]), project.currency)
    return [
        ngettext("%(n)s filing judged anew.", "%(n)s filings judged anew.", report["filings"])
        % {"n": report["filings"]},
        ngettext("%(n)s outcome would be another.", "%(n)s outcomes would be others.", changed) % {"n": changed},
        ngettext(
            "%(n)s deal would go to others: %(money)s %(currency)s (price × share) would change hands.",
            "%(n)s deals would go to others: %(money)s %(currency)s (price × share) would change hands.",
            deals,
        )
        % {
            "n": deals,
            "money": moved,
            "currency": project.currency,
        },
    ]


def _counts(report: dict[str, Any]) -> cells.Section:
    before, after = report["before"], report["after"]
    rows = [
        (
            outcome_words(code),
            before.get(code, 0),
            after.get(code, 0),
            _signed(after.get(code, 0) - before.get(code, 0)),
        )
        for code in sorted({*before, *after})
    ]
    head = (_("Outcome"), "#" + _("On record"), "#" + _("By these rules"), "#" + _("Difference"))
    return cells.table(_("Outcomes of the filings"), head, rows, empty=_("Nothing was filed in that time."))


def _deals(report: dict[str, Any], project: Project) -> cells.Section:
    rows = [
        (
            _linked("deal", key, number),
            shares_words(before),
            shares_words(after),
            _figure(price, project),
            _figure(moved, project),
        )
        for number, before, after, price, moved, key in report["deals"]
    ]
    head = (_("Deal"), _("On record"), _("By these rules"), "#" + _("Price"), "#" + _("Price × part that moves"))
    note = _more(report["deals_changed"])
    return cells.table(_("Deals that would go to others"), head, rows, empty=_("None."), note=note)


def _agencies(report: dict[str, Any], project: Project) -> cells.Section:
    rows = [(name, _figure(amount, project)) for name, amount in report["agencies"]]
    note = _("Price × share of live deals, in %(currency)s. What commission that is depends on each agency's plan.") % {
        "currency": project.currency
    }
    head = (_("Agency"), "#" + _("Gained or lost"))
    return cells.table(_("By agency"), head, rows, empty=_("No agency gains or loses."), note=note)


def _referrals(report: dict[str, Any]) -> cells.Section:
    rows = []
    for number, agency, before, after, key in report["referrals"]:
        was, would = Outcome(*before), Outcome(*after)
        outcomes = (outcome_words(was.code), outcome_words(would.code))
        rows.append((_linked("referral", key, number), agency, *outcomes, why(would)))
    head = (_("Number"), _("Agency"), _("On record"), _("By these rules"), _("Why, by these rules"))
    note = _more(report["referrals_changed"])
    return cells.table(_("Filings with another outcome"), head, rows, empty=_("None."), note=note)


def _signed(number: int) -> str:
    return f"{number:+d}" if number else "0"


def _linked(kind: str, key: str, number: str) -> Any:
    return format_html(
        '<a class="text-link" href="{}">{}</a>', reverse(f"admin:leads_{kind}_change", args=[key]), number
    )


def _more(changed: int) -> str:
    return _("The first %(n)s; all are in the file.") % {"n": SHOWN} if changed > SHOWN else ""


def _figure(amount: str, project: Project) -> Any:
    return cells.money(Decimal(amount), project.currency)
