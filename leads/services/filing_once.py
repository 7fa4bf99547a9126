"""A filing that came with a key of its own is made once, however often and however late it is sent again."""

from typing import Any

from channels_platform.db import transactional
from leads.locks import lock_filing_key
from leads.models import FilingKey, Referral
from leads.services.filing import file_referral


@transactional
def file_once(*, actor: Any, key: str, **filing: Any) -> Referral:
    """File a client as `file_referral`, or return the filing made under this key of the actor's before.

    A refusal by input makes nothing, and the key may be used again.
    Locks:  the key, then as `file_referral`.
    Writes: FilingKey, and as `file_referral`.
    """
    lock_filing_key(actor.pk, key)
    known = filed_under(actor=actor, key=key)
    if known is not None:
        return known
    referral = file_referral(actor=actor, **filing)
    FilingKey.objects.create(caller=actor, key=key, referral=referral)
    return referral


def filed_under(*, actor: Any, key: str) -> Referral | None:
    """Return the filing an actor made under a key."""
    known = FilingKey.objects.filter(caller=actor, key=key).select_related("referral__project", "referral__policy")
    found = known.first()
    return found.referral if found else None
