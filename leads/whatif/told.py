"""A comparison in words: outcomes, why they would be otherwise, and what stays as it was decided."""

from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels_platform.presentation import formats
from channels_platform.presentation.badges import badge_of
from leads.attribution.whatif import BOUGHT, CANCELLED, DECIDED, ELSEWHERE, FIRST, TAKEN_BACK
from leads.explanations.told import ASKS
from leads.states import ReferralState
from leads.whatif.compare import Outcome
from projects.models import Policy


def outcome_words(code: str) -> str:
    """Return a state, and of a refusal the check that was not passed; `code` as `Outcome.code`."""
    state, _colon, reason = code.partition(":")
    return _("Rejected at: %(check)s") % {"check": _check(reason)} if reason else str(badge_of("referral", state).word)


def _check(reason: str) -> str:
    return str(ASKS.get(reason, reason)).rstrip(".。")


def why(outcome: Outcome) -> str:
    """Return what brings a referral there."""
    sentences = {
        FIRST: _("%(by)s visited first."),
        ELSEWHERE: _("The buyers' phones lead %(by)s elsewhere."),
        BOUGHT: _("The buyers' phones lead %(by)s to it."),
        DECIDED: _("A manager decided %(by)s."),
        CANCELLED: _("%(by)s was cancelled."),
        TAKEN_BACK: _("It was taken back."),
    }
    if outcome.state == ReferralState.REJECTED and outcome.reason:
        return _("Check not passed: %(check)s.") % {"check": _check(outcome.reason)}
    if outcome.because in sentences:
        return sentences[outcome.because] % {"by": outcome.by}
    if outcome.turned_away:
        return _("Its last arrival does not count, for it did not pass: %(check)s.") % {
            "check": _check(outcome.turned_away),
        }
    words: dict[str, str] = {
        ReferralState.FILED: _("No check refuses it, and its time runs."),
        ReferralState.VISITED: _("Its visit counts, and nothing has ended it."),
        ReferralState.LAPSED: _("No visit came in time."),
        ReferralState.EXPIRED: _("Its protection ran out."),
    }
    return words.get(outcome.state, "")


def shares_words(shares: dict[str, str]) -> str:
    """Return who has which part of a deal."""
    if not shares:
        return _("nobody (natural)")
    return ", ".join(number if part == "1" else f"{number} {formats.fraction(part)}" for number, part in shares.items())


def kept_words(kept: dict[str, int]) -> list[str]:
    """Return what could not be judged anew and stays as it was decided."""
    words = {
        "unclear": lambda n: ngettext(
            "%(n)s filing does not come out of its recorded facts as it is on record: it stays as it is.",
            "%(n)s filings do not come out of their recorded facts as they are on record: they stay as they are.",
            n,
        ),
        "deal_unclear": lambda n: ngettext(
            "%(n)s deal does not come out of its recorded facts as it is on record: it stays as it is.",
            "%(n)s deals do not come out of their recorded facts as they are on record: they stay as they are.",
            n,
        ),
        "decided": lambda n: ngettext(
            "%(n)s deal was decided by managers: its shares stay as decided.",
            "%(n)s deals were decided by managers: their shares stay as decided.",
            n,
        ),
        "overridden": lambda n: ngettext(
            "%(n)s arrival was let count by a manager: it is let count here too.",
            "%(n)s arrivals were let count by a manager: they are let count here too.",
            n,
        ),
        "phone_refused": lambda n: ngettext(
            "%(n)s phone was refused to a filing and is not on record: it stays refused.",
            "%(n)s phones were refused to filings and are not on record: they stay refused.",
            n,
        ),
        "masked": lambda n: ngettext(
            "%(n)s filing was made with a masked phone, which nothing can protect: it keeps its own rules.",
            "%(n)s filings were made with masked phones, which nothing can protect: they keep their own rules.",
            n,
        ),
    }
    return [say(kept[name]) % {"n": kept[name]} for name, say in words.items() if kept.get(name)]


def rules_words(changed: dict[str, list[Any]]) -> list[str]:
    """Return which rules are otherwise: what each was, and what it would have been."""
    return [
        _("%(rule)s: %(becomes)s instead of %(was)s")
        % {"rule": _name(name), "was": _value(name, was), "becomes": _value(name, becomes)}
        for name, (was, becomes) in sorted(changed.items(), key=lambda rule: Policy.RULES.index(rule[0]))
    ]


def _name(rule: str) -> str:
    return capfirst(str(Policy._meta.get_field(rule).verbose_name))  # type: ignore[union-attr]


def _value(rule: str, value: Any) -> str:
    if value is None:
        return _("none")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    choices = dict(Policy._meta.get_field(rule).choices or ())  # type: ignore[union-attr]
    return str(choices.get(value, value))
