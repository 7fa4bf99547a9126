"""Payees: an agency or a broker becomes one when something is first earned."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from commissions.engine.types import Payee as PayeeKind
from commissions.engine.types import PayeeKey
from commissions.models import Payee


class PayeeBook:
    """The ids of payees by the engine's keys, looked up once each; text, as the engine has them."""

    def __init__(self) -> None:
        self._ids: dict[PayeeKey, str] = {}

    def __getitem__(self, key: PayeeKey) -> str:
        return self._ids[key]

    def ensure(self, keys: Iterable[PayeeKey]) -> None:
        """Know all of these, making payees of those that are none yet.

        Writes: Payee.
        """
        missing = sorted({key for key in keys if key not in self._ids}, key=str)
        if not missing:
            return
        self._read(missing)
        new = [key for key in missing if key not in self._ids]
        if new:
            # in one order, so that two runs that meet the same people wait instead of locking each other out
            Payee.objects.bulk_create([_payee(*key) for key in new], ignore_conflicts=True)
            self._read(new)

    def _read(self, keys: list[PayeeKey]) -> None:
        agencies: list[Any] = [key[1] for key in keys if key[0] == PayeeKind.AGENCY]
        brokers: list[Any] = [key[1] for key in keys if key[0] == PayeeKind.BROKER]
        for pk, agency_id in Payee.objects.filter(agency__in=agencies).values_list("pk", "agency_id"):
            self._ids[(PayeeKind.AGENCY.value, str(agency_id))] = str(pk)
        for pk, broker_id in Payee.objects.filter(broker__in=brokers).values_list("pk", "broker_id"):
            self._ids[(PayeeKind.BROKER.value, str(broker_id))] = str(pk)


def _payee(kind: str, party_id: object) -> Payee:
    party = UUID(str(party_id))
    return Payee(agency_id=party) if kind == PayeeKind.AGENCY else Payee(broker_id=party)
