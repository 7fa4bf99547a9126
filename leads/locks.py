"""Locks of clients and deals, always in one order: phones, then dispute, deal, referrals, unit.

Phones are locked by advisory locks on (project, digest), sorted, so that whoever judges a phone
sees all that was decided of it before. The partial unique index on claims stands behind them.
"""

import hashlib
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import connection

from channels_platform.db import TryAgain
from channels_platform.privacy.keys import phone_index
from channels_platform.privacy.models import Phone
from leads.models import Deal, Dispute, Referral, ReferralPhone
from projects.models import Unit


def _key(*parts: bytes) -> int:
    """Fold parts into the signed 64-bit key of an advisory lock."""
    return int.from_bytes(hashlib.blake2b(b"|".join(parts), digest_size=8).digest(), "big", signed=True)


def phone_lock_keys(project_id: UUID, numbers: Iterable[str]) -> list[int]:
    """Return the sorted lock keys of E.164 `numbers` in a project."""
    index = phone_index()
    return sorted({_key(project_id.bytes, index.digest(number)) for number in numbers})


def lock_keys(keys: Iterable[int]) -> None:
    """Take advisory locks until the transaction ends, in ascending order."""
    ordered = sorted(set(keys))
    if ordered:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(key) FROM unnest(%s::bigint[]) AS key", [ordered])


def lock_phones(project_id: UUID, phones: Iterable[Phone]) -> None:
    """Lock known phones in a project."""
    lock_keys(phone_lock_keys(project_id, (phone.reveal() for phone in phones)))


def daily_limit_key(broker_id: UUID, project_id: UUID) -> int:
    """Return the lock key under which a broker's filings of a project are counted."""
    return _key(b"daily", broker_id.bytes, project_id.bytes)


def lock_code_phone(phone_id: int) -> None:
    """Take the lock under which one-time codes of a phone are counted."""
    lock_keys([_key(b"code", str(phone_id).encode())])


def lock_filing_key(caller_id: UUID, key: str) -> None:
    """Take the lock under which filings of one key are made, one after the other."""
    lock_keys([_key(b"filing", caller_id.bytes, key.encode())])


def lock_referrals(ids: Iterable[Any]) -> dict[UUID, Referral]:
    """Lock referral rows in order of id and return them by id."""
    rows = Referral.objects.select_for_update(of=("self",)).select_related("policy", "project")
    return {row.pk: row for row in rows.filter(pk__in=set(ids)).order_by("pk")}


def lock_clients(referrals: Iterable[Referral]) -> dict[UUID, Referral]:
    """Lock the phones of referrals in their projects, then the referrals, and return these by id as they are now.

    Raises: TryAgain where a phone joined one of them meanwhile, which is not held.
    """
    ids = [referral.pk for referral in referrals]
    phones = ReferralPhone.objects.filter(referral__in=ids, phone__isnull=False)
    keys = {
        one.pk: phone_lock_keys(one.referral.project_id, [one.phone.reveal()])
        for one in phones.select_related("referral", "phone")
        if one.phone is not None
    }
    lock_keys(key for of_phone in keys.values() for key in of_phone)
    locked = lock_referrals(ids)
    if set(phones.values_list("pk", flat=True)) - set(keys):
        raise TryAgain
    return locked


def lock_deal(deal: Deal) -> Deal:
    """Lock and return the deal as it is now."""
    return Deal.objects.select_for_update(of=("self",)).select_related("project", "unit").get(pk=deal.pk)


def lock_dispute(dispute: Dispute) -> Dispute:
    """Lock and return the dispute as it is now."""
    rows = Dispute.objects.select_for_update(of=("self",)).select_related(
        "project", "agency", "referral__agency", "referral__broker__user", "deal__project", "raised_by"
    )
    return rows.get(pk=dispute.pk)


def lock_unit(unit: Unit | None) -> Unit | None:
    """Lock and return the unit as it is now."""
    return None if unit is None else Unit.objects.select_for_update().get(pk=unit.pk)
