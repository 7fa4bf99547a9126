"""Taking in many brokers at once, each judged alone; and one anew who forgot the password."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from brokers.models import Agency, Broker
from brokers.services.agencies import create_broker, require_theirs
from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require_person
from channels_platform.accounts.services.invitations import issue_invitation, withdraw_password
from channels_platform.db import transactional
from channels_platform.lib.errors import Forbidden, Refused


@transactional
def invite_brokers(
    *, actor: Any, agency: Agency, entries: Sequence[Mapping[str, Any]]
) -> list[str | ValidationError | Refused]:
    """Take in brokers; return for each the token of the invitation, or why this one was not taken in.

    The token is nowhere but in what is returned.
    Raises: Forbidden.
    Locks:  as `create_broker`, one after the other.
    Writes: as `create_broker` and `issue_invitation`, for each that can be.
    """
    require_person(actor, Can.EDIT_OWN_BROKERS)
    require_theirs(actor, agency.pk)
    return [_invited(actor, agency, entry) for entry in entries]


@transactional
def invite_again(*, actor: Any, broker: Broker) -> str:
    """Return the token of a link by which a broker who forgot the password sets another; the old one is void at once.

    Raises: Forbidden, also for one's own account; NotAllowed for a broker without a password, or not active.
    Locks, Writes: as `withdraw_password` and `issue_invitation`.
    """
    require_person(actor, Can.EDIT_OWN_BROKERS if actor.is_agency_side else Can.EDIT_AGENCIES)
    require_theirs(actor, broker.agency_id)
    if broker.user_id == actor.pk:
        raise Forbidden("one's own password is changed, not taken away", code="own_account")
    withdraw_password(user=broker.user, actor=actor)
    return issue_invitation(user=broker.user, actor=actor)


def _invited(actor: Any, agency: Agency, entry: Mapping[str, Any]) -> str | ValidationError | Refused:
    try:
        with transaction.atomic():
            made = create_broker(actor=actor, agency=agency, recruited_by=actor, **entry)
            return issue_invitation(user=made.user, actor=actor)
    except (ValidationError, Refused) as wrong:
        return wrong
