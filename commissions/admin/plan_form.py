"""A plan as a form: rows for tiers and bonuses, a table for the release; every fault beside its field."""

import re
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any
from unicodedata import normalize

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from brokers.models import Agency, AgencyGrade
from channels_platform.adminkit.base import within_reach
from channels_platform.adminkit.forms import dress
from channels_platform.http.amounts import AmountField, read_amount
from channels_platform.lib.errors import Invalid
from channels_platform.lib.money import exact_text, minor_digits, parse_fraction
from commissions.engine.fields import MAX_ENTRIES, PlanFault
from commissions.engine.plans import validate_plan
from commissions.engine.starts import STARTS
from commissions.engine.types import Method, Milestone
from commissions.models import Plan, PlanVersion
from commissions.plan_facts import version_fields
from commissions.plan_words import METHODS, MOMENTS
from projects.models import Project

TIERS, BONUSES = 10, 4
_FAULTS = {
    "required": gettext_lazy("This is needed."),
    "invalid_choice": gettext_lazy("That can't be chosen here."),
    "invalid_date": gettext_lazy("That is no date."),
    "invalid_number": gettext_lazy("Write a plain number, such as 6.2, or a ratio such as 1/3."),
    "invalid_amount": gettext_lazy("The currency has fewer digits after the point."),
    "must_start_at_zero": gettext_lazy("The first tier begins at 0."),
    "must_rise": gettext_lazy("Each tier begins above the one before."),
    "out_of_range": gettext_lazy("That is out of range."),
    "not_positive": gettext_lazy("This has to be above 0."),
    "must_sum_to_one": gettext_lazy("These parts must sum to exactly 100 %."),
    "duplicate": gettext_lazy("This is named twice."),
    "wrong_way_round": gettext_lazy("The last day is before the first."),
    "onsite_pays_agency": gettext_lazy("An on-site agency is paid as an agency, not its brokers."),
    "unknown_grade": gettext_lazy("There is no such grade."),
    "too_many": gettext_lazy("That is more than fits."),
}


_CONDITIONS = ("unit_types", "buildings", "area_from", "area_below", "price_from", "price_below")
_FIELDS = {
    "from": "from_on",
    "to": "to_on",
    "retention.fraction": "retention",
    "caps.deal": "cap_deal",
    "caps.period": "cap_period",
    **{f"conditions.{name}": f"{name}_from" for name in ("area", "price")},
    **{f"conditions.{name}.{end}": f"{name}_{end}" for name in ("area", "price") for end in ("from", "below")},
}
_COMMAS = re.compile("[,，、;；\\n]")


def percent_text(value: str | Fraction) -> str:
    """Return a fraction as people type it: `0.062` is `6.2`."""
    return exact_text((parse_fraction(value) if isinstance(value, str) else value) * 100)


def _fraction_text(typed: str) -> str:
    """Return percent as typed as the engine's fraction; what is no number is passed on to be named a fault."""
    text = normalize("NFKC", typed).strip().removesuffix("%").strip()
    try:
        return exact_text(parse_fraction(text) / 100)
    except Invalid:
        return text or typed


class PlanForm(forms.Form):
    # those that stand on top, before the tables
    plain = frozenset(
        (
            *("project", "agency", "payee", "applies_to", "from_on", "to_on"),
            *("basis", "measure", "period", "scope", "mode", "retention"),
        )
    )
    half = frozenset(
        (
            *plain,
            *("unit_types", "buildings", "area_from", "area_below", "price_from", "price_below"),
            *("cap_deal", "cap_period"),
            *("preview_price", "preview_nth", "preview_on"),
        )
    )
    project = forms.ModelChoiceField(label=gettext_lazy("Project"), queryset=Project.objects.none())
    agency = forms.ModelChoiceField(label=gettext_lazy("Agency"), queryset=Agency.objects.none())
    payee = forms.ChoiceField(label=gettext_lazy("Paid to"), choices=Plan.PayeeKind.choices)
    applies_to = forms.ChoiceField(label=gettext_lazy("Applies to"), choices=Plan.AppliesTo.choices)
    from_on = forms.DateField(label=gettext_lazy("From"), required=False, help_text=gettext_lazy("Empty: open."))
    to_on = forms.DateField(label=gettext_lazy("To"), required=False, help_text=gettext_lazy("Included; empty: open."))
    basis = forms.ChoiceField(label=gettext_lazy("Basis"), choices=PlanVersion.Basis.choices)
    measure = forms.ChoiceField(label=gettext_lazy("Measured in"), choices=PlanVersion.Measure.choices)
    period = forms.ChoiceField(label=gettext_lazy("Counted per"), choices=PlanVersion.Period.choices, initial="plan")
    scope = forms.ChoiceField(label=gettext_lazy("Counts"), choices=PlanVersion.Scope.choices)
    mode = forms.ChoiceField(label=gettext_lazy("Tier mode"), choices=PlanVersion.Mode.choices)
    retention = forms.CharField(
        label=gettext_lazy("Retention (%)"),
        required=False,
        max_length=20,
        help_text=gettext_lazy("Part of what is released that is kept until handover; empty: none."),
    )
    grades = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Agency grades it pays"),
        queryset=AgencyGrade.objects.all(),
        required=False,
        to_field_name="code",
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("The grade held on the day of subscription; none chosen: whatever the grade."),
    )
    unit_types = forms.CharField(
        label=gettext_lazy("Unit types it pays"),
        required=False,
        max_length=400,
        help_text=gettext_lazy("Several with commas between them; empty: all."),
    )
    buildings = forms.CharField(
        label=gettext_lazy("Buildings it pays"),
        required=False,
        max_length=400,
        help_text=gettext_lazy("Several with commas between them; empty: all."),
    )
    area_from = forms.CharField(label=gettext_lazy("Area from (m²)"), required=False, max_length=20)
    area_below = forms.CharField(
        label=gettext_lazy("Area below (m²)"),
        required=False,
        max_length=20,
        help_text=gettext_lazy("A unit of exactly this area is outside."),
    )
    price_from = forms.CharField(label=gettext_lazy("Price from"), required=False, max_length=24)
    price_below = forms.CharField(
        label=gettext_lazy("Price below"),
        required=False,
        max_length=24,
        help_text=gettext_lazy("The deal's price; exactly this one is outside."),
    )
    cap_deal = forms.CharField(
        label=gettext_lazy("At most for a deal"),
        required=False,
        max_length=24,
        help_text=gettext_lazy("Commission of a whole deal, bonuses aside; empty: no cap."),
    )
    cap_period = forms.CharField(
        label=gettext_lazy("At most for a period"),
        required=False,
        max_length=24,
        help_text=gettext_lazy("Of what is counted together; used up in the order of contracts; empty: no cap."),
    )
    preview_price = AmountField(
        label=gettext_lazy("At the price"), required=False, min_value=Decimal("0.01"), max_digits=16, decimal_places=2
    )
    preview_nth = forms.IntegerField(
        label=gettext_lazy("For deal number"), required=False, min_value=1, max_value=100_000
    )
    preview_on = forms.DateField(label=gettext_lazy("Contracted on"), required=False)

    def __init__(self, *args: Any, request: HttpRequest, site: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["project"].queryset = within_reach(site, request, Project)
        self.fields["agency"].queryset = Agency.objects.order_by("name")
        short = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        self.tier_count = self._tier_count()
        for n in range(self.tier_count):
            self.fields[f"tier_{n}_from"] = forms.CharField(
                label=_("From"), required=False, widget=short, max_length=20
            )
            self.fields[f"tier_{n}_pay"] = forms.CharField(label=_("Pays"), required=False, widget=short, max_length=20)
        payees, moments = [("", "–"), *Plan.PayeeKind.choices], [("", "–"), *MOMENTS.items()]
        for n in range(BONUSES):
            self.fields[f"bonus_{n}_name"] = forms.CharField(
                label=pgettext("of a thing", "Name"), required=False, max_length=60
            )
            self.fields[f"bonus_{n}_amount"] = forms.CharField(
                label=_("Amount"), required=False, widget=short, max_length=24
            )
            self.fields[f"bonus_{n}_to"] = forms.ChoiceField(label=_("Paid to"), required=False, choices=payees)
            self.fields[f"bonus_{n}_release"] = forms.ChoiceField(
                label=_("Released when"), required=False, choices=moments
            )
        for method in Method:
            for moment in Milestone:
                self.fields[f"release_{method}_{moment}"] = forms.CharField(
                    label=f"{METHODS[method]}, {MOMENTS[moment]} (%)", required=False, widget=short, max_length=20
                )
        dress(self)

    # --- as tables ------------------------------------------------------------------------------------------

    def tier_rows(self) -> list[tuple[Any, Any]]:
        return [(self[f"tier_{n}_from"], self[f"tier_{n}_pay"]) for n in range(self.tier_count)]

    def _tier_count(self) -> int:
        """As many rows as are filled in already, and some to spare."""
        given = self.data if self.is_bound else self.initial
        filled = [n for n in range(MAX_ENTRIES) if given.get(f"tier_{n}_from") or given.get(f"tier_{n}_pay")]
        return max(TIERS, min(max(filled, default=0) + 3, MAX_ENTRIES))

    def condition_fields(self) -> list[Any]:
        return [self[name] for name in ("grades", *_CONDITIONS)]

    def cap_fields(self) -> list[Any]:
        return [self["cap_deal"], self["cap_period"]]

    def bonus_rows(self) -> list[list[Any]]:
        return [[self[f"bonus_{n}_{part}"] for part in ("name", "amount", "to", "release")] for n in range(BONUSES)]

    def release_rows(self) -> list[tuple[Any, list[Any]]]:
        return [(METHODS[method], [self[f"release_{method}_{moment}"] for moment in Milestone]) for method in Method]

    def moments(self) -> list[Any]:
        return list(MOMENTS.values())

    # --- reading --------------------------------------------------------------------------------------------

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        self._place: dict[str, str] = {}
        data["rules"] = self._rules(data)
        project, agency = data.get("project"), data.get("agency")
        if project is None or agency is None or self.errors:
            return data
        faults = validate_plan(data["rules"], currency=project.currency, onsite=agency.is_onsite)
        self.add_faults(faults)
        return data

    def add_faults(self, faults: list[PlanFault] | tuple[PlanFault, ...]) -> None:
        """Put each fault of the engine beside the field it is about."""
        for fault in faults:
            self.add_error(self._field_of(fault.field), str(_FAULTS.get(fault.code, _FAULTS["invalid_choice"])))

    def _field_of(self, path: str) -> str | None:
        known = self._place.get(path) or _FIELDS.get(path)
        if known:
            return known
        if path.startswith("conditions.") and path.split(".")[1] in self.fields:
            return path.split(".")[1]
        if path in self.fields:
            return path
        parts = path.split(".")
        if parts[0] in self.fields:
            return parts[0]
        if parts[0] == "tiers":
            return "tier_0_from"
        if parts[0] == "release" and len(parts) > 1 and parts[1] in set(Method):
            return f"release_{parts[1]}_{Milestone.CONTRACTED}"
        return None

    def _rules(self, data: Mapping[str, Any]) -> dict[str, Any]:
        words = ("payee", "applies_to", "basis", "measure", "period", "scope", "mode")
        kept = (data.get("retention") or "").strip()
        return {
            **{name: data.get(name) for name in words},
            "from": data.get("from_on"),
            "to": data.get("to_on"),
            "tiers": self._tiers(data),
            "bonuses": self._bonuses(data),
            "release": {method.value: self._steps(data, method) for method in Method},
            "retention": {"fraction": _fraction_text(kept), "until": "handover"} if kept else None,
            "grades": [grade.code for grade in data.get("grades") or ()],
            "conditions": self._conditions(data),
            "caps": {name: self._plain(data[f"cap_{name}"]) for name in ("deal", "period") if data.get(f"cap_{name}")},
        }

    def _conditions(self, data: Mapping[str, Any]) -> dict[str, Any]:
        asked: dict[str, Any] = {}
        for name in ("unit_types", "buildings"):
            named = [text.strip() for text in _COMMAS.split(data.get(name) or "") if text.strip()]
            if named:
                asked[name] = named
        for name, read in (("area", str.strip), ("price", self._plain)):
            band = {end: read(data[f"{name}_{end}"]) for end in ("from", "below") if data.get(f"{name}_{end}")}
            if band:
                asked[name] = band
        return asked

    def _tiers(self, data: Mapping[str, Any]) -> list[dict[str, str]]:
        fixed, tiers = data.get("basis") == PlanVersion.Basis.FIXED, []
        for n in range(self.tier_count):
            start, pay = (data.get(f"tier_{n}_{part}") or "" for part in ("from", "pay"))
            if not start.strip() and not pay.strip():
                continue
            path = f"tiers.{len(tiers)}"
            name = "amount" if fixed else "rate"
            self._place |= {f"{path}.from": f"tier_{n}_from", f"{path}.{name}": f"tier_{n}_pay"}
            tiers.append({"from": self._plain(start), name: self._plain(pay) if fixed else _fraction_text(pay)})
        return tiers

    def _bonuses(self, data: Mapping[str, Any]) -> list[dict[str, str]]:
        bonuses = []
        for n in range(BONUSES):
            row = {part: (data.get(f"bonus_{n}_{part}") or "").strip() for part in ("name", "amount", "to", "release")}
            if not row["name"] and not row["amount"]:
                continue
            row["amount"] = self._plain(row["amount"])
            self._place |= {f"bonuses.{len(bonuses)}.{part}": f"bonus_{n}_{part}" for part in row}
            bonuses.append(row)
        return bonuses

    def _plain(self, typed: str) -> str:
        """Return an amount as the rules write it; what cannot be read here is no number to them either: they say so."""
        project = self.cleaned_data.get("project")
        try:
            return f"{read_amount(typed, digits=minor_digits(project.currency) if project else 2):f}"
        except Invalid:
            return typed.strip() and f"? {typed.strip()}"

    def _steps(self, data: Mapping[str, Any], method: Method) -> list[dict[str, str]]:
        steps = []
        for moment in Milestone:
            field = f"release_{method}_{moment}"
            typed = (data.get(field) or "").strip()
            if typed and typed != "0":
                self._place[f"release.{method}.{len(steps)}.fraction"] = field
                self._place.setdefault(f"release.{method}", field)
                steps.append({"when": moment.value, "fraction": _fraction_text(typed)})
        return steps


def first_values(version: PlanVersion | None, *, start: str = "usual", copied: bool = False) -> dict[str, Any]:
    """Return what the form starts with: a version's own rules, or a common form; a copy is for another agency."""
    if version is None:
        return typed_values(STARTS.get(start, STARTS["usual"]))
    first = typed_values(version_fields(version))
    return first if copied else first | {"project": version.plan.project_id, "agency": version.plan.agency_id}


def typed_values(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return a plan's fields as people would type them into the form."""
    first: dict[str, Any] = {name: str(value) for name, value in fields.items() if isinstance(value, str)}
    first |= {"from_on": fields.get("from"), "to_on": fields.get("to"), "grades": fields.get("grades") or []}
    for n, tier in enumerate(fields["tiers"]):
        first[f"tier_{n}_from"] = tier["from"]
        if len(tier) > 1:
            first[f"tier_{n}_pay"] = tier["amount"] if "amount" in tier else percent_text(tier["rate"])
    for n, bonus in enumerate(fields["bonuses"][:BONUSES]):
        first |= {f"bonus_{n}_{part}": bonus[part] for part in ("name", "amount", "to", "release")}
    for method, steps in fields["release"].items():
        first |= {f"release_{method}_{step['when']}": percent_text(step["fraction"]) for step in steps}
    if fields.get("retention"):
        first["retention"] = percent_text(fields["retention"]["fraction"])
    for name, asked in (fields.get("conditions") or {}).items():
        if isinstance(asked, list):
            first[name] = ", ".join(asked)
        else:
            first |= {f"{name}_{end}": value for end, value in asked.items()}
    return first | {f"cap_{name}": amount for name, amount in (fields.get("caps") or {}).items()}
