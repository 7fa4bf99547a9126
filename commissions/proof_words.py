"""What the proof of the ledger says to people: its checks, what it counted, and what differs."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from commissions.models import LedgerCheck, Payee
from projects.models import Project

_NOTHING_BEHIND = re.compile(r"(\.\d\d)00\b")
_FIGURES = _("earned / pending / retained / payable, paid and tax")

# Of each check: what it found, and what its two figures are, where that does not go without saying.
CHECKS: dict[str, tuple[str | Promise, str | Promise]] = {
    "entitlement": (_("The ledger differs from what the facts entitle to"), _FIGURES),
    "line": (_("A commission line differs from the ledger"), _FIGURES),
    "explanation": (_("A commission line is missing, or explained otherwise than its facts explain it"), ""),
    "run_overdue": (_("A commission run is overdue"), ""),
    "computable": (_("The commission of a project can't be computed"), ""),
    "unbalanced": (_("A transaction does not sum to zero"), ""),
    "astray": (_("An entry without its transaction, or of another project"), ""),
    "empty": (_("A transaction without entries"), ""),
    "currency": (_("A transaction in another currency than its project's"), ""),
    "misplaced": (_("A transaction without what its kind needs, or with what it may not have"), ""),
    "settling": (_("An entry that is marked as settling others and should not be, or the other way round"), ""),
    "source": (_("What is posted beside deals differs from the record it comes from"), ""),
    "oversettled": (_("An advance was settled beyond what is outstanding, or on other accounts"), ""),
    "unknown_kind": (_("A transaction of an unknown kind"), ""),
    "two_lines": (_("An entry in two live payout lines"), ""),
    "gross": (_("A payout line differs from the sum of its entries"), ""),
    "foreign": (_("A payout line took an entry it may not take"), ""),
    "held": (_("A payout line holds entries it has let go of, or lost some it holds"), ""),
    "posted": (_("Paying a line posted other amounts than its own"), _("payable / paid / tax")),
    "laid": (_("Paying a line settled other deals than it took"), ""),
    "untaxed": (_("Tax on a line that bears none"), ""),
    "withheld": (_("The tax withheld on a line is not what the month to date gives"), ""),
    "states": (_("A batch in a state its lines are not in"), ""),
    "totals": (_("A batch differs from what was approved or paid"), _("lines / gross / tax / net")),
    "statement": (
        _("An issued statement differs from the ledger's entries of its month"),
        _("opening pending / retained / payable, earned / taken back / released / paid / tax, closing"),
    ),
    "statement_lines": (
        _("A statement differs from its lines"),
        _("earned / taken back / released / retained / paid / tax"),
    ),
    "unstated": (_("A payee moved in a closed month and has no statement of it"), ""),
    "seal": (_("The ledger differs from its seal"), _("transactions / entries / digest")),
    "chain": (_("The chain of seals is broken"), ""),
    "trail": (_("A seal differs from the audit trail"), ""),
}

COUNTS: dict[str, str | Promise] = {
    "projects": _("Projects"),
    "deals": _("Deals"),
    "entitlements": pgettext_lazy("proof", "Entitlements recomputed"),
    "transactions": _("Ledger transactions"),
    "entries": _("Ledger entries"),
    "batches": _("Payout batches"),
    "payout_lines": _("Payout lines"),
    "statements": _("Statements"),
    "seals": pgettext_lazy("proof", "Seals"),
    "run_due": pgettext_lazy("proof", "Projects waiting for a run"),
}

_THINGS: dict[str, str | Promise] = {
    "deal": _("Deal"),
    "project": _("Project"),
    "transaction": _("Ledger transaction"),
    "entry": _("Ledger entry"),
    "line": _("Payout line"),
    "batch": _("Payout batch"),
    "statement": _("Statement"),
    "month": _("Month"),
    "adjustment": _("Adjustment"),
    "advance": _("Advance"),
    "seal": pgettext_lazy("proof", "Seal"),
    "repayment": _("Repayment"),
    "write_off": _("Write-off"),
    "contest": _("Contest prizes"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """One difference as a person reads it."""

    title: str | Promise
    figures: str | Promise
    thing: str | Promise
    name: str
    project: Project | None
    payee: Payee | None
    expected: str
    found: str


def counted(check: LedgerCheck) -> list[tuple[str | Promise, str]]:
    """Return what a check looked at, in one order."""
    return [(word, f"{check.counts[name]:,}") for name, word in COUNTS.items() if name in check.counts]


def told(differences: Iterable[dict[str, Any]]) -> list[Told]:
    """Return differences in words, with the projects and payees they are about."""
    given = list(differences)
    projects = Project.objects.in_bulk({one["project"] for one in given if one["project"]})
    payees = Payee.objects.select_related("agency", "broker__user", "broker__agency").in_bulk(
        {one["payee"] for one in given if one["payee"]}
    )
    projects_by_text = {str(pk): project for pk, project in projects.items()}
    payees_by_text = {str(pk): payee for pk, payee in payees.items()}
    words = [CHECKS.get(one["check"], (one["check"], "")) for one in given]
    return [
        Told(
            title=title,
            figures=figures,
            thing=_THINGS.get(one["what"], one["what"]),
            name=one["name"],
            project=projects_by_text.get(one["project"]),
            payee=payees_by_text.get(one["payee"]),
            expected=_tidy(one["expected"]),
            found=_tidy(one["found"]),
        )
        for one, (title, figures) in zip(given, words, strict=True)
    ]


def _tidy(figures: str) -> str:
    """Leave out the ledger's third and fourth decimals where they are nothing."""
    return _NOTHING_BEHIND.sub(r"\1", figures)
