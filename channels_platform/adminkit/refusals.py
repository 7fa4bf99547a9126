"""Refusals in words for staff: by code; who wrote the code does not matter."""

from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from channels_platform.lib.errors import Refused

WORDS: dict[str, str | Promise] = {
    "refused": _("This can't be done."),
    "not_allowed": _("That is no longer possible: it has moved on meanwhile. Reload and look again."),
    "forbidden": _("Your role doesn't allow this."),
    "invalid": _("That value can't be used."),
    "duplicate": _("That is known already; nothing was changed."),
    "own_draft": _("You drafted this yourself: somebody else has to approve it."),
    "reason_required": _("Give a reason; it is kept with the decision."),
    "span_reversed": _("The last day is before the first."),
    "fixed_by_use": _("This stays as it is: clients or deals were recorded under it."),
    "bad_policy": _("These rules can't stand together."),
    "no_policy": _("The project has no protection rules yet."),
    "unknown_field": _("This can't be changed here."),
    "unknown_choice": _("Choose one of the options."),
    "out_of_range": _("That number is out of range."),
    "not_yes_or_no": _("Say yes or no."),
    "masked_claims_nothing_at_filing": _(
        "Masked numbers claim nothing when filed: choose protection from the visit, or full numbers."
    ),
    "bad_role": _("An agency has brokers and managers only."),
    "bad_store": _("That store belongs to another agency."),
    "still_used": _("It is in use and stays."),
    "invalid_phone": _("That is no valid phone number."),
    "phones_required": _("At least one phone is needed."),
    "too_many_phones": _("That is more phones than one client can have."),
    "invalid_number": _("Write a plain number, such as 0.062."),
    "invalid_amount": _("The currency has fewer digits after the point."),
    "invitation_over": _("The invitation was used already, or is too old."),
    "project_not_open": _("The project isn't open for filing."),
    "no_agreement": _("The agency has no agreement in force for this project."),
    "broker_inactive": _("The broker or the agency is disabled."),
    "own_phone": _("The phone belongs to a member of staff or a broker."),
    "limit_reached": _("The broker's filings for the day are used up."),
    "known_to_site": _("The client walked in before on their own."),
    "already_referred": _("The same broker has filed this phone already."),
    "protected": _("Another referral holds this phone."),
    "lapsed": _("The filing lapsed: no visit came in time."),
    "expired": _("The protection has ended."),
    "not_live": _("The referral is no longer live."),
    "already_today": _("A visit was confirmed today already."),
    "too_early": _("It was filed too short a time before the visit."),
    "phone_mismatch": _("The full number doesn't fit what was filed."),
    "unavailable": _("The client can't be accepted."),
    "beyond_reach": _("That is beyond your own projects."),
    "own_account": _("Your own role, projects and account are for somebody else to change."),
    "not_a_consultant": _("Only a property consultant receives clients."),
    "before_subscription": _("That is before the deal's last step."),
    "before_contract": _("That is before the contract."),
    "in_the_future": _("That is in the future."),
    "buyers_required": _("A deal has at least one buyer."),
    "loan_without_mortgage": _("Only a mortgage has a loan."),
    "too_many_decimals": _("The currency has fewer digits after the point."),
    "nothing_changed": _("Nothing is changed."),
    "reference_required": _("Give the bank's reference, up to 80 characters."),
    "text_required": _("Say what is contested, and why."),
    "nothing_to_contest": _("There is nothing to contest: only a refused or lost filing, or a deal."),
    "already_open": _("A dispute about this is open already."),
    "too_late": _("The time to contest is over."),
    "past": _("That day is past."),
    "wrong_way_round": _("The last day is before the first."),
    "required": _("This is needed."),
    "unit_taken": _("The unit has another live deal."),
    "not_in_project": _("That belongs to another project."),
    "other_project": _("That belongs to another project."),
    "plan_overlaps": _("Another approved plan covers some of these days for the same payee and deals."),
    "overlap": _("Another approved plan covers some of these days for the same payee and deals."),
    "shares_not_one": _("The shares must sum to exactly 1; leave all out for a natural deal."),
    "bad_shares": _("The shares must be above 0 and sum to exactly 1; leave all out for a natural deal."),
}


def words_for(code: str, detail: str = "") -> str:
    """Return a refusal's sentence; its own English detail where the code has none yet."""
    known = WORDS.get(code)
    return str(known) if known is not None else detail or str(WORDS["refused"])


def add_refusal(form: Any, refusal: Refused | ValidationError) -> None:
    """Put a service's refusal beside the field at fault, or above the form."""
    if isinstance(refusal, ValidationError):
        faults = refusal.error_dict if hasattr(refusal, "error_dict") else {NON_FIELD_ERRORS: refusal.error_list}
        for field, errors in faults.items():
            form.add_error(_field(form, field), errors)
        return
    faults = refusal.facts.get("faults") or {}
    for field, code in faults.items():
        form.add_error(_field(form, field), ValidationError(words_for(code), code=code))
    if not faults:
        words = words_for(refusal.code, refusal.detail)
        form.add_error(_field(form, refusal.field), ValidationError(words, code=refusal.code))


def _field(form: forms.BaseForm, name: str | None) -> str | None:
    for known in (name, f"{name}_on"):
        if known in form.fields:
            return known
    return None
