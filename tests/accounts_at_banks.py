"""Accounts at banks that have long been confirmed, so that money can go there."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from brokers.models import PayoutAccount
from brokers.services.accounts import ask_account, confirm_account
from channels_platform.accounts.permissions import Role
from channels_platform.lib import clock
from tests.cast import person

_numbers = count(1)


def open_account(party: Any, number: str = "", *, holder: str = "", at: datetime | None = None) -> PayoutAccount:
    """Have a party's account asked for and confirmed, a week ago unless said otherwise."""
    number = number or f"62220202{next(_numbers):011d}"
    with clock.at(at or clock.now() - timedelta(days=7)):
        account = ask_account(
            actor=None, party=party, holder=holder or str(party), bank_name="Lake Bank", account=number
        )
        return confirm_account(actor=person(Role.FINANCE_APPROVER), account=account, number=number)


def open_accounts(batch: Any, *, at: datetime | None = None) -> None:
    """Give every payee of a batch an account."""
    for line in batch.lines.select_related("payee__agency", "payee__broker__user"):
        open_account(line.payee.agency or line.payee.broker, at=at)
