"""Keeping, finding and showing phones."""

from collections.abc import Iterable
from typing import Any

from channels_platform.audit.services import record
from channels_platform.lib.names import needed_reason
from channels_platform.lib.phones import mask
from channels_platform.privacy.keys import cipher, phone_index
from channels_platform.privacy.models import Phone


def find_phones(numbers: Iterable[str]) -> dict[str, Phone]:
    """Return the known phones among E.164 `numbers`, by number."""
    index = phone_index()
    by_digest = {digest: number for number in set(numbers) for digest in index.digests(number)}
    if not by_digest:
        return {}
    return {by_digest[bytes(p.digest)]: p for p in Phone.objects.filter(digest__in=list(by_digest))}


def keep_phones(numbers: Iterable[str]) -> dict[str, Phone]:
    """Return the phone rows of E.164 `numbers`, making those that are new.

    Shape:  {number: Phone}, every number answered, in the order asked for.
    Writes: Phone; safe when two callers bring one number at once.
    """
    wanted = list(dict.fromkeys(numbers))
    found = find_phones(wanted)
    missing = [number for number in wanted if number not in found]
    if missing:
        index, box = phone_index(), cipher()
        Phone.objects.bulk_create(
            [
                Phone(
                    digest=index.digest(number),
                    ciphertext=box.encrypt(number),
                    masked=mask(number),
                    last4=number[-4:],
                )
                for number in missing
            ],
            ignore_conflicts=True,
        )
        found |= find_phones(missing)
    return {number: found[number] for number in wanted}


def reveal_phone(*, phone: Phone, actor: Any, reason: str, target: Any, project: Any = None) -> str:
    """Return the full number to one who may see it, and leave a record of it.

    Raises: Invalid when no reason is given.
    Writes: audit event `phone.revealed`.
    Source: domain 3.
    """
    reason = needed_reason(reason)
    record("phone.revealed", actor=actor, target=target, reason=reason, project=project, after={"phone": phone.masked})
    return phone.reveal()
