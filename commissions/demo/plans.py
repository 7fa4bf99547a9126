"""Commission plans of the common forms, drafted by one manager and approved by the other."""

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from brokers.states import AgencyKind
from commissions.demo.cast import HOME_AGENCY, AgencySpec, AgreementSpec, Cast
from commissions.services.plans import approve_plan_version, draft_plan_version

if TYPE_CHECKING:
    from commissions.demo.staging import Stage

USUAL_RELEASE = {
    "lump_sum": [{"when": "fully_collected", "fraction": "1"}],
    "instalment": [{"when": "first_payment", "fraction": "0.5"}, {"when": "fully_collected", "fraction": "0.5"}],
    "mortgage": [{"when": "first_payment", "fraction": "0.5"}, {"when": "loan_released", "fraction": "0.5"}],
}
USUAL_RETENTION = {"fraction": "0.1", "until": "handover"}
CASH = {"name": "现金奖 cash award", "amount": "3000", "to": "broker", "release": "contracted"}
# what the checks warn of: paid before the contract
EARLY = CASH | {"release": "subscribed"}
DEARER = {"price": {"from": "1000000"}}
SIGNING = {"name": "签约奖 signing award", "amount": "5000", "to": "agency", "release": "first_payment"}


def _tiers(*steps: tuple[str, str], pay: str = "rate") -> list[dict[str, str]]:
    return [{"from": start, pay: value} for start, value in steps]


_PLAN: dict[str, Any] = {
    "payee": "agency", "applies_to": "referred", "basis": "price", "measure": "units", "period": "month",
    "scope": "agency", "mode": "marginal", "release": USUAL_RELEASE, "bonuses": [], "retention": None,
}  # fmt: skip

# the common form of domain 6.3, at a referral agency's rates: more for every few units
MARGINAL = _PLAN | {
    "period": "plan",
    "tiers": _tiers(("0", "0.018"), ("5", "0.02"), ("10", "0.022"), ("15", "0.024"), ("20", "0.026")),
    "retention": USUAL_RETENTION,
}
RETROACTIVE = _PLAN | {
    "mode": "retroactive",
    "tiers": _tiers(("0", "0.018"), ("2", "0.021"), ("4", "0.025")),
    "retention": USUAL_RETENTION,
    "bonuses": [SIGNING],
}
BY_AMOUNT = _PLAN | {
    "measure": "amount",
    "period": "quarter",
    "tiers": _tiers(("0", "0.017"), ("5000000", "0.02"), ("12000000", "0.023")),
    "bonuses": [CASH],
    "grades": ["A", "B"],
}
FIXED = _PLAN | {"basis": "fixed", "period": "quarter", "tiers": _tiers(("0", "20000"), ("3", "26000"), pay="amount")}
IN_PERSON = _PLAN | {
    "payee": "broker",
    "scope": "broker",
    "basis": "fixed",
    "period": "year",
    "tiers": _tiers(("0", "8000"), ("2", "12000"), pay="amount"),
}
ON_SITE = _PLAN | {
    "applies_to": "all",
    "scope": "project",
    "mode": "retroactive",
    "tiers": _tiers(("0", "0.006"), ("8", "0.007"), ("16", "0.008")),
    "retention": USUAL_RETENTION,
}
HOME = MARGINAL | {"bonuses": [CASH, SIGNING]}
FORMS = (MARGINAL, RETROACTIVE, BY_AMOUNT, FIXED)


def form_for(spec: AgencySpec, place: int) -> dict[str, Any]:
    """Return the plan an agency has in its projects."""
    if spec.code == HOME_AGENCY:
        return HOME
    if spec.kind == AgencyKind.ONSITE:
        return ON_SITE
    if spec.kind == AgencyKind.COMMUNITY:
        return IN_PERSON
    return FORMS[place % len(FORMS)]


def put_plan_in_force(
    stage: "Stage", cast: Cast, spec: AgencySpec, place: int, agreement: AgreementSpec, *, today: date
) -> None:
    """Give an agency its plan in a project; one that is to be followed by another ends with this month.

    Writes: through the services.
    """
    ends = (spec.code, agreement.project) in _to_be_followed(cast)
    version = draft_plan_version(
        actor=stage.staff["second_manager"],
        project=stage.projects[agreement.project],
        agency=stage.agencies[spec.code],
        from_on=agreement.from_on,
        to_on=_next_month(today) - timedelta(days=1) if ends else None,
        **form_for(spec, place),
    )
    approve_plan_version(actor=stage.staff["manager"], version=version, reason="与渠道约定 as agreed with the agency")


def leave_drafts(stage: "Stage", cast: Cast, *, today: date) -> None:
    """Draft what the demo's manager may approve: other rates from next month.

    Writes: through the services.
    """
    for agency, project in _to_be_followed(cast):
        draft_plan_version(
            actor=stage.staff["second_manager"],
            project=stage.projects[project],
            agency=stage.agencies[agency],
            from_on=_next_month(today),
            **(RETROACTIVE | {"bonuses": [EARLY], "grades": ["A"], "conditions": DEARER, "caps": {"deal": "60000"}}),
        )


def _to_be_followed(cast: Cast) -> list[tuple[str, str]]:
    """The plans, by agency and project, whose next version waits for approval."""
    referral = [spec for spec in cast.agencies if spec.kind == AgencyKind.REFERRAL and spec.code != HOME_AGENCY]
    return [(spec.code, spec.agreements[0].project) for spec in referral[:2]]


def _next_month(today: date) -> date:
    return (today.replace(day=1) + timedelta(days=32)).replace(day=1)
