"""What the plan pages show beside the fields: what it pays, the checks, and the version before."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from channels_platform.adminkit import cells
from channels_platform.presentation import formats
from commissions.engine.curve import Curve, million_curve, unit_curve
from commissions.engine.lint import Finding
from commissions.engine.preview import preview_deal, render_preview
from commissions.engine.types import Measure
from commissions.engine.types import PlanVersion as Rules
from commissions.linting import finding_words, findings_of, is_error, rules_of
from commissions.models import PlanVersion
from commissions.plan_diff import counted_from, differences, previous, tiers_alone, tiers_beside
from commissions.states import PlanState
from commissions.words import ReaderWords

USUAL_PRICE = Decimal(1_280_000)
MOST_PREVIEWS = 12


@dataclass(frozen=True)
class Checked:
    """A finding as pages show it."""

    words: str
    error: bool

    @property
    def mark(self) -> Any:
        return finding_mark(self.error)


def checked(findings: Iterable[Finding]) -> list[Checked]:
    return [Checked(finding_words(one), is_error(one)) for one in findings]


def previews(
    rules: Rules, *, currency: str, onsite: bool, price: Decimal, on: date, nth: int | None = None
) -> list[str]:
    """Return what the plan pays for the deals on both sides of each tier, or for the one asked about."""
    words = ReaderWords()
    asked = [nth] if nth else _telling_deals(rules, price)
    return [
        render_preview(preview_deal(rules, nth=one, price=price, currency=currency, on=on, onsite=onsite), words)
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


def curves(rules: Rules, *, price: Decimal, currency: str) -> list[dict[str, Any]]:
    """Return both charts with their tables: by unit and by million."""
    names = [_("Each tier pays its own part"), _("The tier reached pays for all")]
    drawn = []
    for key, title, counted, curve in (
        ("units", _("What the n-th unit earns"), _("n-th unit"), unit_curve(rules, price=price, currency=currency)),
        (
            "millions", _("What the n-th million earns"), _("n-th million of sales"),
            million_curve(rules, price=price, currency=currency),
        ),
    ):  # fmt: skip
        chart = {
            "kind": "line",
            "labels": [step.nth for step in curve.steps],
            "names": names,
            "axes": [counted, currency],
            # only drawn: the figures themselves stand in the table
            "series": [[float(step.marginal) for step in curve.steps], [float(step.each) for step in curve.steps]],
        }
        drawn.append({"key": key, "title": title, "chart": chart, "rows": _rows(curve, currency)})
    return drawn


def _rows(curve: Curve, currency: str) -> list[tuple[str, ...]]:
    steps = {step.nth: step for step in curve.steps}
    found = [steps[nth] for nth in curve.turns]
    return [
        (f"{one.nth:,}", *(formats.money(amount, currency) for amount in (one.marginal, one.each, one.adds)))
        for one in found
    ]


def sections(request: HttpRequest, version: PlanVersion) -> list[cells.Section]:
    """Return the checks of a version, and what it has otherwise than the one chosen, or the one before."""
    return [*_checks(version), *_versions(version, request.GET)]


def _checks(version: PlanVersion) -> list[cells.Section]:
    if version.state != PlanState.DRAFT:
        if not version.warnings:
            return []
        said = [finding_words(kept) for kept in version.warnings]
        why = _("Approved all the same: %(reason)s") % {"reason": version.approval_reason}
        return [cells.words(_("What the checks warned of"), [*said, why])]
    found = checked(findings_of(version))
    lines = [format_html("{} {}", one.mark, one.words) for one in found]
    return [cells.words(_("Checks"), lines, empty=_("The checks find nothing."))]


def finding_mark(error: bool) -> Any:
    return (
        cells.badge(_("Error"), "bad", "exclamation-circle")
        if error
        else cells.badge(_("Warning"), "wait", "exclamation-triangle")
    )


def _versions(version: PlanVersion, asked: Mapping[str, Any]) -> list[cells.Section]:
    others = list(version.plan.versions.select_related("author").order_by("-number"))
    rows = [
        (cells.link(one, f"v{one.number}"), one.from_on or cells.DASH, one.to_on or cells.DASH,
         cells.state("agreement", one.state), str(one.author), _compare(version, one))
        for one in others
    ]  # fmt: skip
    head = (_("Version"), _("From"), _("To"), _("State"), _("Author"), "")
    listed = cells.table(_("Versions of this plan"), head, rows)
    against = next((one for one in others if str(one.pk) == asked.get("against")), None) or previous(version)
    return [*(_against(against, version) if against is not None and against != version else []), listed]


def _compare(version: PlanVersion, other: PlanVersion) -> Any:
    if version == other:
        return ""
    url = reverse("admin:commissions_planversion_change", args=[version.pk])
    return format_html('<a class="text-link" href="{}?against={}">{}</a>', url, other.pk, _("Compare"))


def _against(before: PlanVersion, after: PlanVersion) -> list[cells.Section]:
    one, other = rules_of(before), rules_of(after)
    names = (f"v{before.number}", f"v{after.number}")
    fields = [(change.name, change.before, change.after) for change in differences(one, other)]
    title = _("Against version %(number)s") % {"number": before.number}
    found = [cells.table(title, (_("What"), *names), fields, empty=_("Nothing but its tiers, if those, is another."))]
    currency = after.plan.project.currency
    if one.measure != other.measure:
        for name, rules in zip(names, (one, other), strict=True):
            heads = (counted_from(rules, currency), _("Pays"))
            found.append(cells.table(_("Tiers of %(version)s") % {"version": name}, heads, tiers_alone(rules)))
    elif one.tiers != other.tiers:
        rows: Sequence[tuple[str, str, str]] = tiers_beside(one, other)
        sides = (counted_from(one, currency), *(f"#{name}" for name in names))
        found.append(cells.table(_("Tiers side by side"), sides, rows))
    return found
