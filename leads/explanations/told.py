"""The words of explanations: what each check asks, and what would have to be otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from channels_platform.presentation import formats
from leads.attribution.explain import FAILED, NOT_ASKED, NOT_REACHED, PASSED, TICK
from leads.states import UNAVAILABLE, Reason


@dataclass(frozen=True, slots=True)
class Line:
    """One check: `verdict` as the engine gave it, what it asks, and what was found (for staff)."""

    verdict: str
    text: str
    evidence: str = ""

    @property
    def icon(self) -> str:
        return {PASSED: "check", FAILED: "x-circle", NOT_ASKED: "dash-circle", NOT_REACHED: "dash-circle"}[self.verdict]

    @property
    def tone(self) -> str:
        return {PASSED: "good", FAILED: "bad"}.get(self.verdict, "past")

    @property
    def word(self) -> str:
        words = {
            PASSED: _("passed"),
            FAILED: _("failed"),
            NOT_ASKED: _("not asked by these rules"),
            NOT_REACHED: _("not judged any more"),
        }
        return words[self.verdict]


@dataclass(frozen=True, slots=True)
class Told:
    """An explanation for one reader. `flip` names the one fact that turns the outcome; '' where there is none."""

    title: str
    outcome: str
    version: int | None
    lines: tuple[Line, ...]
    flip: str
    note: str = ""


ASKS: dict[str, str | Promise] = {
    Reason.PROJECT_NOT_OPEN: gettext_lazy("The project is open."),
    Reason.NO_AGREEMENT: gettext_lazy("The agency has an agreement in force."),
    Reason.BROKER_INACTIVE: gettext_lazy("The broker and the agency are active."),
    Reason.INVALID_PHONE: gettext_lazy("Every phone exists and is filed as the rules ask."),
    Reason.OWN_PHONE: gettext_lazy("No phone is that of staff or of a broker."),
    Reason.LIMIT_REACHED: gettext_lazy("The broker's filings of the day are not used up."),
    Reason.KNOWN_TO_SITE: gettext_lazy("The client had not walked in before."),
    Reason.ALREADY_REFERRED: gettext_lazy("The broker has no live filing of the phone here."),
    Reason.PROTECTED: gettext_lazy("No other referral holds the phone."),
    UNAVAILABLE: gettext_lazy("The client can be accepted."),
    Reason.LAPSED: gettext_lazy("The filing had not lapsed."),
    Reason.EXPIRED: gettext_lazy("The protection had not ended."),
    Reason.NOT_LIVE: gettext_lazy("The referral was open."),
    Reason.ALREADY_TODAY: gettext_lazy("No visit of it was confirmed on that day before."),
    Reason.TOO_EARLY: gettext_lazy("It was filed long enough before the arrival."),
    Reason.PHONE_MISMATCH: gettext_lazy("The full numbers fit what was filed."),
}

# What a fact would be: (as it would have to be to pass, as it would be to fail).
_YES_OR_NO: dict[str, tuple[str | Promise, str | Promise]] = {
    "project_open": (gettext_lazy("the project being open"), gettext_lazy("the project not being open")),
    "agreement_in_force": (
        gettext_lazy("an agreement in force on that day"),
        gettext_lazy("no agreement in force on that day"),
    ),
    "broker_active": (
        gettext_lazy("the broker and the agency being active"),
        gettext_lazy("the broker or the agency being disabled"),
    ),
    "phones_valid": (gettext_lazy("phones that exist"), gettext_lazy("a phone that does not exist")),
    "fits_mask": (gettext_lazy("full numbers that fit the filing"), gettext_lazy("full numbers that do not fit")),
    "proxy_purchase": (
        gettext_lazy("rules that credit purchases in another name"),
        gettext_lazy("rules that credit no purchase in another name"),
    ),
    "visited": (gettext_lazy("a visit of its client before the subscription"), gettext_lazy("no visit of its client")),
}
_FOUND_OR_NOT: dict[str, tuple[str | Promise, str | Promise]] = {
    "own": (gettext_lazy("a phone of staff or of a broker"), gettext_lazy("a phone of nobody on staff and no broker")),
    "known_to_site": (gettext_lazy("a walk-in of the client before"), gettext_lazy("no walk-in of the client before")),
    "already_referred": (
        gettext_lazy("a live filing of the phone by the same broker"),
        gettext_lazy("no live filing of the phone by the same broker"),
    ),
    "held_by_another": (
        gettext_lazy("another referral holding the phone"),
        gettext_lazy("no other referral holding the phone"),
    ),
    "visited_today": (
        gettext_lazy("a visit confirmed earlier on that day"),
        gettext_lazy("no visit confirmed earlier on that day"),
    ),
}


def fact_in_words(fact: str, was: Any, becomes: Any, zone: Any) -> str:
    """Return what would have to be otherwise, as a noun phrase."""
    if fact in _YES_OR_NO:
        return str(_YES_OR_NO[fact][0 if becomes else 1])
    if fact in _FOUND_OR_NOT:
        return str(_FOUND_OR_NOT[fact][0 if becomes else 1])
    if fact == "filed_today":
        words = ngettext("%(n)s filing counted that day instead of %(was)s",
                         "%(n)s filings counted that day instead of %(was)s", becomes)  # fmt: skip
        return words % {"n": becomes, "was": was}
    if fact == "state":
        return _("the referral being withdrawn") if str(becomes) == "withdrawn" else _("the referral being open")
    return _moment(was, becomes, zone)


def _moment(was: datetime, becomes: datetime, zone: Any) -> str:
    """Return an arrival's other instant: an end is half-open, so the last moment before it is said by the end."""
    if becomes < was:
        return _("an arrival before %(at)s") % {"at": formats.instant(becomes + TICK, zone)}
    return _("an arrival from %(at)s on") % {"at": formats.instant(becomes, zone)}


def deal_fact_in_words(flip: Any, referral_id: Any, masks: Mapping[Any, str], zone: Any) -> str:
    """Return what would have to be otherwise of a deal; a phone that the reader may not know is `a buyer's phone`."""
    phone = masks.get(flip.phone) or _("a buyer's phone")
    if flip.fact == "holder":
        if flip.becomes == referral_id:
            return _("its protection holding %(phone)s at the subscription") % {"phone": phone}
        if flip.was == referral_id:
            return _("no protection of it on %(phone)s at the subscription") % {"phone": phone}
        return _("no other referral's protection on %(phone)s") % {"phone": phone}
    if flip.fact == "visited_at":
        if flip.becomes is None:
            return _("no visit of its client that counts")
        return _("its visit as the latest one before the subscription")
    if flip.fact == "natural_visit":
        at = formats.instant(flip.was, zone)
        return _("no walk-in of the client after its visit (there was one on %(at)s)") % {"at": at}
    if flip.fact == "credit_days":
        return _("a visit that counts for more than %(n)s days") % {"n": flip.was}
    if flip.fact == "other_visit":
        at = formats.instant(flip.was, zone)
        return _("no later visit under another referral (there was one on %(at)s)") % {"at": at}
    if flip.fact == "subscribed_at":
        return _("a subscription before %(at)s") % {"at": formats.instant(flip.becomes + TICK, zone)}
    return fact_in_words(flip.fact, flip.was, flip.becomes, zone)
