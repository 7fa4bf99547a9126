"""A project's protection rules in words, for staff, agencies and the confirmation slip."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from projects.models import Policy
from projects.states import ExclusiveFrom, PhoneMode


def policy_in_words(policy: Policy) -> list[str]:
    """Return what the rules say, a sentence each, the most important first.

    Source: domain 4.1.
    """
    return [sentence for sentence in (*_protection(policy), *_visit(policy), *_filing(policy)) if sentence]


def _protection(policy: Policy) -> list[str]:
    if policy.exclusive_from == ExclusiveFrom.NEVER:
        credit = _("A visit counts for a deal for ever.")
        if policy.credit_days is not None:
            credit = ngettext(
                "A visit counts for a deal within %(n)s day after it.",
                "A visit counts for a deal within %(n)s days after it.",
                policy.credit_days,
            ) % {"n": policy.credit_days}
        return [_("Nobody is protected: the latest confirmed visit before the deal decides."), credit]
    if policy.exclusive_from == ExclusiveFrom.VISIT:
        start = _("Several agencies may file one client; whoever visits first is protected from that visit on.")
    else:
        start = _("The client is protected from the filing on; nobody else can file them meanwhile.")
    length = ngettext("Protection lasts %(n)s day", "Protection lasts %(n)s days", policy.protection_days)
    length %= {"n": policy.protection_days}
    end = _("to the minute.") if policy.window_end == Policy.WindowEndChoice.EXACT else _("to the end of the last day.")
    sentences = [start, _("%(length)s, %(end)s") % {"length": length, "end": end}]
    if policy.revisit_extends and policy.max_protection_days is not None:
        again = ngettext(
            "A later visit starts it anew, up to %(n)s day in all.",
            "A later visit starts it anew, up to %(n)s days in all.",
            policy.max_protection_days,
        )
        sentences.append(again % {"n": policy.max_protection_days})
    elif policy.revisit_extends:
        sentences.append(_("A later visit starts it anew."))
    return sentences


def _visit(policy: Policy) -> list[str]:
    sentences = []
    if policy.visit_within_hours is not None:
        by = ngettext(
            "A filing lapses without a visit within %(n)s hour.",
            "A filing lapses without a visit within %(n)s hours.",
            policy.visit_within_hours,
        )
        sentences.append(by % {"n": policy.visit_within_hours})
    else:
        sentences.append(_("A filing does not lapse for want of a visit."))
    if policy.lead_time_minutes:
        lead = ngettext(
            "A client is to be filed at least %(n)s minute before the visit.",
            "A client is to be filed at least %(n)s minutes before the visit.",
            policy.lead_time_minutes,
        )
        sentences.append(lead % {"n": policy.lead_time_minutes})
    return sentences


def _filing(policy: Policy) -> list[str]:
    sentences = []
    if policy.lookback_days:
        known = ngettext(
            "A client who walked in within %(n)s day before the filing is not accepted.",
            "A client who walked in within %(n)s days before the filing is not accepted.",
            policy.lookback_days,
        )
        sentences.append(known % {"n": policy.lookback_days})
    if policy.phone_mode == PhoneMode.MASKED:
        sentences.append(
            _("Phones are filed as first three and last four digits; the full number is given at the visit.")
        )
    if policy.daily_filing_limit is not None:
        limit = ngettext(
            "A broker may file %(n)s client a day.",
            "A broker may file %(n)s clients a day.",
            policy.daily_filing_limit,
        )
        sentences.append(limit % {"n": policy.daily_filing_limit})
    if policy.proxy_purchase:
        sentences.append(_("A purchase in another name counts for the referral under which the buyers came."))
    contest = ngettext(
        "An outcome may be contested within %(n)s day.",
        "An outcome may be contested within %(n)s days.",
        policy.dispute_days,
    )
    sentences.append(contest % {"n": policy.dispute_days})
    return sentences
