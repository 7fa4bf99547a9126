"""Taking in many brokers at once, each judged alone."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from brokers.models import Agency
from brokers.services.agencies import create_broker, require_theirs
from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require_person
from channels_platform.accounts.services.invitations import issue_invitation
from channels_platform.db import transactional
from channels_platform.lib.errors import Refused


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


def _invited(actor: Any, agency: Agency, entry: Mapping[str, Any]) -> str | ValidationError | Refused:
    try:
        with transaction.atomic():
            made = create_broker(actor=actor, agency=agency, recruited_by=actor, **entry)
            return issue_invitation(user=made.user, actor=actor)
    except (ValidationError, Refused) as wrong:
        return wrong
