"""Books that hold a bit of everything, for who proves the ledger or looks at it with tools of their own."""

from datetime import date
from decimal import Decimal

from channels_platform.lib import clock
from commissions.models import PayoutLine
from commissions.services.adjustments import ask_adjustment, decide_adjustment
from commissions.services.closing import close_month
from commissions.services.debts import ask_write_off, decide_write_off, record_repayment
from commissions.services.ledger_checks import seal_ledger
from tests.services.commissions.advancing import advanced, give_limit
from tests.services.commissions.cast import Cast, at
from tests.services.commissions.test_contests import approve, contest, over, visited

BONUS = [{"name": "cash", "amount": "1000.01", "to": "broker", "release": "contracted"}]
RETROACTIVE = {"mode": "retroactive", "period": "month", "tiers": (("0", "0.01"), ("2", "0.0123"))}


def kept_books() -> Cast:
    """Return a project with prizes, a paid batch, a failed line, a cancellation, a debt repaid and given up.

    Also an adjustment by hand, an advance with its fee, and a closed month.
    """
    cast = Cast()
    cast.agency("S1", kind="onsite")
    cast.agency("A1", brokers=["B1", "B2"])
    cast.agency("A2", brokers=["C1"])
    contest(cast)
    cast.plan("A1", **RETROACTIVE, bonuses=BONUS, retention={"fraction": "0.1", "until": "handover"})
    cast.plan("A2", payee="broker")
    cast.plan("S1", applies_to="all", tiers=(("0", "0.001"),))
    cast.now = at("03-02 09:00")
    visited(cast, B1=1)
    approve(cast, over(cast))
    first = cast.collected("B1", "C1")
    cast.collected("B2", method="instalment", first="100000.00")
    cast.run()
    cast.paid(failing=[cast.payee("S1")])
    cast.cancel(first)
    cast.run()
    settle(cast)
    cast.contracted("B2")
    cast.run()
    move_by_hand(cast)
    seal_ledger()
    cast.collected("C1")
    cast.run()
    cast.submitted()
    cast.now = max(cast.now, at("04-01 09:00"))
    with clock.at(cast.now):
        close_month(actor=cast.finance, company=cast.company, month=date(2026, 3, 1))
    seal_ledger()
    assert {line.state for line in PayoutLine.objects.all()} == {"paid", "failed", "open"}
    return cast


def move_by_hand(cast: Cast) -> None:
    """A1 is given 20.00 by hand and has 100.00 of what is pending advanced."""
    give_limit(cast, "500.00")
    advanced(cast, "100.00")
    about = {"payee": cast.payee("A1"), "project": cast.project}
    with clock.at(cast.later()):
        asked = ask_adjustment(actor=cast.finance, amount=Decimal("20.00"), reason="a visit forgotten", **about)
        decide_adjustment(actor=cast.approver, adjustment=asked, approve=True)


def settle(cast: Cast) -> None:
    """C1 pays back 100.00; of the rest 50.01 are given up."""
    about = {"payee": cast.payee("C1"), "project": cast.project}
    with clock.at(cast.later()):
        record_repayment(actor=cast.finance, amount=Decimal("100.00"), reference="bank back", **about)
        asked = ask_write_off(actor=cast.finance, amount=Decimal("50.01"), reason="too little to follow", **about)
        decide_write_off(actor=cast.approver, write_off=asked, approve=True)
        ask_write_off(actor=cast.finance, amount=Decimal("1.00"), reason="not decided", **about)
