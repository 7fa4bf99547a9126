"""What one person of finance asks for and another decides: adjustments, advances and their limits."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, TypeVar

from django.db import connection

from channels_platform.accounts.permissions import Can, roles_that
from channels_platform.accounts.selectors import staff_of
from channels_platform.accounts.services.access import require_person
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from channels_platform.lib.money import format_amount
from channels_platform.lib.names import clean_text
from channels_platform.notices.services import tell
from commissions.models.adjustments import Asked
from commissions.selectors import visible_companies
from commissions.states import RequestState
from projects.models import Project

A = TypeVar("A", bound=Asked)


def tell_deciders(
    asked: Asked, *, projects: Iterable[Project], place: str, amount: str, path: str, company: Any = None
) -> None:
    """Tell who may decide what was asked for, but who asked; of a whole company, who sees all of it.

    Writes: Notice, Delivery.
    """
    roles = roles_that(Can.APPROVE_PAYOUT)
    tell(
        kind="money.asked",
        recipients=[
            one
            for one in staff_of(projects, roles)
            if one.pk != asked.asked_by_id and (company is None or company in visible_companies(one))
        ],
        target=asked,
        facts={"place": place, "amount": amount},
        path=path,
        once=str(asked.pk),
    )


def held_request(stored: A, *, actor: Any) -> A:
    """Return what is to be decided, held and read anew, where this person may decide it.

    Raises: Forbidden, also `own_request`; NotAllowed when it is decided.
    Locks:  the request.
    """
    require_person(actor, Can.APPROVE_PAYOUT)
    held: A = type(stored)._default_manager.select_for_update(of=("self",)).get(pk=stored.pk)
    if held.state != RequestState.ASKED:
        raise NotAllowed("it is decided")
    if held.asked_by_id == actor.pk:
        raise Forbidden("who asked cannot decide", code="own_request")
    return held


def decide_request(held: Asked, *, actor: Any, approve: bool, answer: str, transaction: Any = None) -> None:
    """Write the decision down, with the posting it led to; who asked reads why something was declined.

    Raises: Invalid `reason_required` at `answer`.
    Writes: the request.
    """
    answer = clean_text(answer)
    if not approve and not answer:
        raise Invalid("say why", code="reason_required", field="answer")
    fields = ["state", "decided_by", "decided_at", "answer"]
    held.state = RequestState.APPROVED if approve else RequestState.DECLINED
    held.decided_by, held.decided_at, held.answer = actor, clock.now(), answer
    if transaction is not None:
        held.transaction = transaction  # type: ignore[attr-defined]
        fields.append("transaction")
    held.save(update_fields=fields)


def figure(amount: Decimal, currency: str) -> str:
    return f"{format_amount(amount, currency)} {currency}"


def next_number(prefix: str, sequence: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(%s)", [sequence])
        return f"{prefix}-{cursor.fetchone()[0]:06d}"
