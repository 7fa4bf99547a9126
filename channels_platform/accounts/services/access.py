"""Who may: the check that a service begins with, whatever face called it."""

from typing import Any

from channels_platform.accounts.permissions import Can
from channels_platform.lib.errors import Forbidden


def require(actor: Any, *acts: Can) -> None:
    """Refuse a person whose role has none of `acts`; None is the system itself.

    Raises: Forbidden.
    """
    if actor is not None and not any(actor.can(act) for act in acts):
        raise Forbidden("your role does not allow this")


def require_person(actor: Any, act: Can) -> None:
    """Refuse the system too: some acts are somebody's.

    Raises: Forbidden.
    """
    if actor is None:
        raise Forbidden("this needs a person")
    require(actor, act)
