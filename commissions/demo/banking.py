"""Where the demo's money goes: accounts confirmed by two people, one that waits, one about to be used."""

from datetime import timedelta

from brokers.models import Agency, Broker
from brokers.services.accounts import ask_account, confirm_account, keep_identity
from channels_platform.lib import clock
from commissions.demo.cast import HOME_AGENCY, AgencySpec, Cast
from commissions.demo.staging import Stage

_BANK = "示例银行 Example Bank"
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def open_bank_accounts(stage: Stage, cast: Cast) -> None:
    """Have an account of each agency and broker asked for and confirmed; the home agency's last broker has none yet.

    Writes: through the services.
    """
    for spec in cast.agencies:
        _open(stage, spec)


def _open(stage: Stage, spec: AgencySpec) -> None:
    finance, second = stage.staff["finance"], stage.staff["finance_approver"]
    agency = stage.agencies[spec.code]
    parties: list[tuple[Agency | Broker, str, str]] = [(agency, spec.bank, spec.account)]
    brokers = spec.brokers[:-1] if spec.code == HOME_AGENCY else spec.brokers
    for place, one in enumerate(brokers):
        broker = stage.brokers[one.key]
        parties.append((broker, _BANK, f"{spec.account[:-3]}{place:03d}"))
        keep_identity(actor=finance, broker=broker, kind="id_card", number=_identity(place, spec.code))
    for party, bank, number in parties:
        holder = str(party) if isinstance(party, Broker) else party.name
        account = ask_account(actor=finance, party=party, holder=holder, bank_name=bank, account=number)
        confirm_account(actor=second, account=account, number=number)


def leave_accounts(stage: Stage) -> None:
    """What waits today: an agency's new account for its confirmation, another's for the day to pass."""
    finance, second = stage.staff["finance"], stage.staff["finance_approver"]
    codes = sorted(stage.agencies)
    for place, code in enumerate(codes[:2]):
        agency, number = stage.agencies[code], f"0000111122223{place:03d}"
        with clock.at(clock.now() - timedelta(hours=7 + place)):
            account = ask_account(actor=finance, party=agency, holder=agency.name, bank_name=_BANK, account=number)
        if place:
            with clock.at(clock.now() - timedelta(hours=3)):
                confirm_account(actor=second, account=account, number=number)


def _identity(place: int, code: str) -> str:
    """Return a number of no living person: an area that does not exist, with a right check."""
    body = f"999999{1970 + place % 30:04d}0101{sum(map(ord, code)) % 1000:03d}"
    check = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, body, strict=True)) % 11
    return body + "10X98765432"[check]
