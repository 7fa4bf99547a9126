"""Common forms of plans, as starting points: fields as engine.plans reads them, to be changed and drafted."""

from typing import Any

from commissions.engine.types import Basis, Measure, Method, Milestone, Mode

USUAL_RELEASE: dict[str, list[dict[str, str]]] = {
    Method.LUMP_SUM: [{"when": Milestone.FULLY_COLLECTED, "fraction": "1"}],
    Method.INSTALMENT: [
        {"when": Milestone.FIRST_PAYMENT, "fraction": "0.5"},
        {"when": Milestone.FULLY_COLLECTED, "fraction": "0.5"},
    ],
    Method.MORTGAGE: [
        {"when": Milestone.FIRST_PAYMENT, "fraction": "0.5"},
        {"when": Milestone.LOAN_RELEASED, "fraction": "0.5"},
    ],
}
_USUAL: dict[str, Any] = {
    "payee": "agency",
    "applies_to": "referred",
    "basis": Basis.PRICE,
    "measure": Measure.UNITS,
    "period": "plan",
    "scope": "agency",
    "mode": Mode.MARGINAL,
    "tiers": [{"from": "0"}],
    "bonuses": [],
    "release": USUAL_RELEASE,
    "retention": {"fraction": "0.1", "until": "handover"},
}


def _rates(*steps: tuple[str, str]) -> list[dict[str, str]]:
    return [{"from": start, "rate": rate} for start, rate in steps]


_RISING = _rates(("0", "0.06"), ("20", "0.062"), ("40", "0.064"), ("60", "0.066"), ("80", "0.068"), ("100", "0.07"))

STARTS: dict[str, dict[str, Any]] = {
    "usual": _USUAL,
    "rising": _USUAL | {"tiers": _RISING},
    "rising_for_all": _USUAL | {"tiers": _RISING, "mode": Mode.RETROACTIVE},
    "flat": _USUAL | {"tiers": _rates(("0", "0.03"))},
    "per_unit": _USUAL | {"basis": Basis.FIXED, "tiers": [{"from": "0", "amount": "20000"}]},
    "first_millions": _USUAL | {"measure": Measure.AMOUNT, "tiers": _rates(("0", "0.05"), ("10000000", "0.06"))},
}
