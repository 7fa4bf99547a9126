"""Short words for advances in the money tests."""

from decimal import Decimal
from typing import Any

from channels_platform.lib import clock
from commissions.advances import outstanding_of
from commissions.models import Advance, AdvanceLimit
from commissions.services.advance_limits import ask_advance_limit, decide_advance_limit
from commissions.services.advances import ask_advance, decide_advance
from tests.services.commissions.cast import Cast


def give_limit(cast: Cast, amount: str, *, agency: str = "A1", fee_rate: str = "0.01", **more: Any) -> AdvanceLimit:
    """Set a limit of an agency in the cast's project (`project=None`: in all of its company)."""
    with clock.at(cast.later()):
        limit = ask_advance_limit(
            actor=cast.finance,
            agency=cast.agencies[agency],
            company=cast.company,
            project=more.pop("project", cast.project),
            currency=cast.currency,
            amount=Decimal(amount),
            fee_rate=Decimal(fee_rate),
            reason="opening months",
            **more,
        )
        return decide_advance_limit(actor=cast.approver, limit=limit, approve=True)


def ask(cast: Cast, amount: str, *, agency: str = "A1", actor: Any = None) -> Advance:
    with clock.at(cast.later()):
        return ask_advance(
            actor=actor or cast.finance,
            agency=cast.agencies[agency],
            project=cast.project,
            amount=Decimal(amount),
            reason="staff wages",
        )


def decide(cast: Cast, asked: Advance, *, approve: bool = True, **more: Any) -> Advance:
    with clock.at(cast.later()):
        return decide_advance(actor=more.pop("actor", cast.approver), advance=asked, approve=approve, **more)


def advanced(cast: Cast, amount: str, **more: Any) -> Advance:
    return decide(cast, ask(cast, amount, **more))


def outstanding(cast: Cast, agency: str = "A1") -> str:
    return f"{outstanding_of(cast.payee(agency), cast.project):.2f}"
