"""Who hears of a reconciliation: the other side of each step, and the actor's own colleagues of what was sent."""

from typing import Any

from django.urls import reverse

from brokers.selectors import managers_of
from channels_platform.accounts.models import User
from channels_platform.accounts.permissions import Can, roles_that
from channels_platform.accounts.selectors import staff_of
from channels_platform.notices.services import tell
from commissions.engine.matching import Reason
from commissions.models import Reconciliation
from commissions.reconciling import visible_reconciliations
from projects.models import Project


def tell_of_ledger(reconciliation: Reconciliation, *, actor: Any) -> None:
    """Tell finance, and the agency's other managers, that an agency's ledger was compared, and of how many differences.

    Writes: Notice, Delivery.
    """
    _tell("reconciliation.sent", reconciliation, actor=actor, sides=("finance", "portal"))


def tell_of_comparison(reconciliation: Reconciliation, *, actor: Any) -> None:
    """Tell the side that did not ask for it that a reconciliation says something else now.

    Writes: Notice, Delivery.
    """
    _tell("reconciliation.changed", reconciliation, actor=actor, sides=(_other(actor),))


def tell_of_signature(reconciliation: Reconciliation, *, actor: Any) -> None:
    """Tell the other side that this one signed: it is to answer, or, where both have, it is over.

    Writes: Notice, Delivery.
    """
    both = bool(reconciliation.agency_signed_at and reconciliation.finance_signed_at)
    kind = "reconciliation.agreed" if both else "reconciliation.signed"
    _tell(kind, reconciliation, actor=actor, sides=(_other(actor),))


def _other(actor: Any) -> str:
    return "finance" if actor.is_agency_side else "portal"


def _tell(kind: str, about: Reconciliation, *, actor: Any, sides: tuple[str, ...]) -> None:
    differing = sum(count for reason, count in about.counts.items() if Reason(reason).differs)
    facts = {"agency": about.agency.name, "company": about.company.name, "differing": differing}
    for side in sides:
        tell(
            kind=kind,
            recipients=[one for one in _people(side, about) if one.pk != actor.pk],
            target=about,
            facts=facts,
            path=reverse(f"{side}:reconciliation", args=[about.pk]),
        )


def _people(side: str, about: Reconciliation) -> list[User]:
    if side == "portal":
        return list(managers_of(about.agency))
    roles = roles_that(Can.RECONCILE)
    staff = staff_of(Project.objects.filter(company=about.company_id), roles)
    return [one for one in staff if visible_reconciliations(one).filter(pk=about.pk).exists()]
