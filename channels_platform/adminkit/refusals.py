"""Refusals in words for staff: by code; who wrote the code does not matter."""

from collections.abc import Mapping
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
    "files_required": _("Add a photo or PDF."),
    "answer_required": _("Say something, or add a file."),
    "licence_known": _("An agency with this licence number is here already, or has applied."),
    "own_draft": _("You drafted this yourself: somebody else has to approve it."),
    "own_ending": _("You ended this agreement yourself: somebody else has to lift the hold."),
    "own_signal": _("This signal is about yourself: somebody else has to judge it."),
    "unknown_number": _("No referral or deal has this number."),
    "reason_required": _("Give a reason; it is kept with the decision."),
    "span_reversed": _("The last day is before the first."),
    "fixed_by_use": _("This stays as it is: clients, deals or money were recorded under it."),
    "bad_policy": _("These rules can't stand together."),
    "no_policy": _("The project has no protection rules yet."),
    "unknown_field": _("This can't be changed here."),
    "unknown_choice": _("Choose one of the options."),
    "out_of_range": _("That number is out of range."),
    "must_sum_to_one": _("These parts must sum to exactly 100 %."),
    "bad_day": _("Choose a day from the subscription on, within ten years."),
    "not_yes_or_no": _("Say yes or no."),
    "masked_claims_nothing_at_filing": _(
        "Masked numbers claim nothing when filed: choose protection from the visit, or full numbers."
    ),
    "not_taken_in": _("They signed up alone: the developer's staff confirm or decline them first."),
    "barred": _("The developer's staff disabled this broker: only they can enable them again."),
    "bad_role": _("An agency has brokers and managers only."),
    "bad_store": _("That store belongs to another agency."),
    "store_gone": _("That store was closed meanwhile. Choose another."),
    "store_in_use": _("Brokers are in this store: choose where they go first."),
    "bad_successor": _("Choose an active broker of the same agency."),
    "still_active": _("This broker is active: disable the broker first."),
    "bad_receiver": _("Choose an active broker of the same agency."),
    "nothing_to_extend": _("It protects nothing yet: there is no window to extend."),
    "at_cap": _("Its protection has reached the longest that its rules allow."),
    "other_agency": _("The client is another agency's: the agency never changes."),
    "already_theirs": _("The receiver has this client already."),
    "had_deal": _("The client had a deal: commission was reckoned to this broker."),
    "receiver_has_it": _("The receiver has a live filing of this phone."),
    "too_many_chosen": _("So many are not done at once: narrow the choice."),
    "nothing_to_hand_over": _("There is no client to hand over any more."),
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
    "sms_off": _("No text messages are sent here."),
    "no_full_phone": _("The full number isn't known yet."),
    "code_too_soon": _("A code was sent less than a minute ago."),
    "code_limit": _("This phone got enough codes for a day."),
    "not_confirmed": _("This arrival was not confirmed."),
    "signed_already": _("The client has signed already."),
    "signature_empty": _("Nothing is signed yet."),
    "enough_sheets": _("No more photos are kept of this visit."),
    "file_too_large": _("The file is too large."),
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
    "more_than_collected": _("More than was collected: a refund is at most that."),
    "reference_required": _("Give the bank's reference, up to 80 characters."),
    "text_required": _("Say what is contested, and why."),
    "nothing_to_contest": _("There is nothing to contest: only a refused or lost filing, or a deal."),
    "phone_taken": _("The phone belongs to another account already."),
    "detail_required": _("Say which home or company."),
    "link_closed": _("Nobody signs up by this link any more."),
    "code_over": _("This code is over: too old, or tried too often."),
    "phone_not_proven": _("The phone is not proven."),
    "not_community": _("Individuals refer under an agency of the kind “Individuals”."),
    "programme_closed": _("The programme is closed."),
    "bad_recruiter": _("This person doesn't recruit for this programme."),
    "already_open": _("A dispute about this is open already."),
    "too_late": _("The time to contest is over."),
    "already_decided": _("A dispute about this is decided; a side can appeal."),
    "belongs_to_case": _(
        "You took part in this case (filed, recruited, received, consulted): somebody else judges it."
    ),
    "first_judge": _("An appeal is judged by another manager than the first decision."),
    "contested": _("This deal is contested: decide it in its dispute."),
    "needs_two": _("So much changes hands that two managers decide it, in a dispute."),
    "no_deal": _("No deal is bound up with this dispute: decide it in words."),
    "not_open": _("It is decided, or waits for a second manager: nothing more is asked."),
    "names_phone": _("A phone number stands in the text; others read it. Take it out."),
    "names_client": _(
        "The text names a client, filing, broker or agency of a side; others read it. Say it without names."
    ),
    "not_asked": _("Another agency was asked."),
    "not_yours": _("A colleague's client is asked about: they or the agency's manager answer."),
    "answered_already": _("This was answered already; an answer is given once."),
    "appealed_already": _("This decision was appealed already."),
    "is_appeal": _("This was the appeal: its decision is final."),
    "not_decided": _("There is no decision yet."),
    "past": _("That day is past."),
    "wrong_way_round": _("The last day is before the first."),
    "required": _("This is needed."),
    "name_required": _("Enter the client's name."),
    "unit_taken": _("The unit has another live deal."),
    "in_pool": _("The client went back to the pool: take it again first."),
    "not_in_pool": _("A colleague looks after this client now."),
    "nothing_to_copy": _("Last week has no roster to copy."),
    "receivers_required": _("Choose at least one colleague."),
    "not_in_project": _("That belongs to another project."),
    "other_project": _("That belongs to another project."),
    "other_deal": _("That is about another deal."),
    "own_contest": _("You drafted this contest yourself: somebody else decides its rounds."),
    "standings_changed": _("The standings are others meanwhile: open this page again and look at them."),
    "must_not_rise": _("A lower place can't get more than the one above it."),
    "not_positive": _("This has to be above 0."),
    "too_many": _("That is more than fits."),
    "plan_overlaps": _("Another approved plan covers some of these days for the same payee and deals."),
    "overlap": _("Another approved plan covers some of these days for the same payee and deals."),
    "plan_has_errors": _("The checks find errors: they have to be mended before anybody can approve it."),
    "warnings_need_reason": _("The checks warn of something: say why it is approved all the same."),
    "shares_not_one": _("The shares must sum to exactly 1; leave all out for a natural deal."),
    "bad_shares": _("The shares must be above 0 and sum to exactly 1; leave all out for a natural deal."),
}


def words_for(code: str, detail: str = "") -> str:
    """Return a refusal's sentence; its own English detail where the code has none yet."""
    known = WORDS.get(code)
    return str(known) if known is not None else detail or str(WORDS["refused"])


def add_refusal(
    form: Any,
    refusal: Refused | ValidationError,
    *,
    said: Mapping[str, str | Promise] | None = None,
    other: str | None = None,
) -> None:
    """Put a service's refusal beside the field at fault; what is no field's beside `other`, or above the form.

    `said`: a page's own sentences, by code, in place of the common ones.
    """
    own = said or {}
    if isinstance(refusal, ValidationError):
        found = refusal.error_dict if hasattr(refusal, "error_dict") else {NON_FIELD_ERRORS: refusal.error_list}
        for field, errors in found.items():
            for error in errors:
                form.add_error(_field(form, field) or other, own.get(error.code or "", error))
        return
    codes = refusal.facts.get("faults") or {refusal.field: refusal.code}
    for field, code in codes.items():
        words = own.get(code) or words_for(code, refusal.detail if code == refusal.code else "")
        form.add_error(_field(form, field) or other, ValidationError(words, code=code))


def _field(form: forms.BaseForm, name: str | None) -> str | None:
    for known in (name, f"{name}_on"):
        if known in form.fields:
            return known
    return None
