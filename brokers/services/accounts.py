"""Accounts at banks: asked for by one person, confirmed by another, used a day after that; and identity numbers."""

import re
from typing import Any
from unicodedata import normalize

from django.urls import reverse

from brokers.locks import lock_party
from brokers.models import Agency, Broker, Identity, PayoutAccount
from brokers.selectors import account_in_force, managers_of, visible_accounts
from brokers.states import ACCOUNT_WAIT, AccountState, IdentityKind
from channels_platform.accounts.models import User
from channels_platform.accounts.permissions import Can, Role, roles_that
from channels_platform.accounts.services.access import require, require_person
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from channels_platform.lib.names import clean_text, needed_reason
from channels_platform.notices.services import tell

_ACCOUNT = re.compile(r"[0-9A-Z]{6,34}", re.ASCII)
_ID_CARD = re.compile(r"[0-9]{17}[0-9X]", re.ASCII)
_DOCUMENT = re.compile(r"[0-9A-Z]{5,20}", re.ASCII)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def bare(number: str) -> str:
    """Return a number of an account or document as it is kept: without blanks and dashes, in plain capitals."""
    return re.sub(r"[\s\-–]", "", normalize("NFKC", number)).upper()


@transactional
def ask_account(
    *, actor: Any, party: Agency | Broker, holder: str, bank_name: str, account: str, branch_code: str = ""
) -> PayoutAccount:
    """Ask that money go to this account; an earlier one that waits for confirmation is given up for it.

    Raises: Forbidden, also for another's account; Invalid `required`, `account_number`, `account_same`.
    Locks:  the party.
    Writes: PayoutAccount, audit event `account.asked`; tells the party's people, and who may confirm it.
    """
    require(actor, Can.ASK_ACCOUNT)
    require_own(actor, party)
    return propose_account(
        actor=actor, party=party, holder=holder, bank_name=bank_name, account=account, branch_code=branch_code
    )


@transactional
def propose_account(
    *, actor: Any, party: Agency | Broker, holder: str, bank_name: str, account: str, branch_code: str = ""
) -> PayoutAccount:
    """Keep an account for a second person to confirm, for a caller who has asked who may.

    Raises, Locks, Writes: as `ask_account`.
    """
    holder, bank_name, branch_code = clean_text(holder), clean_text(bank_name), bare(branch_code)
    number = bare(account)
    for name, value, most in (("holder", holder, 120), ("bank_name", bank_name, 120)):
        if not value or len(value) > most:
            raise Invalid("this is needed", code="required", field=name)
    if not _ACCOUNT.fullmatch(number):
        raise Invalid("6 to 34 digits and letters", code="account_number", field="account")
    if branch_code and not re.fullmatch(r"[0-9A-Z]{3,20}", branch_code, re.ASCII):
        raise Invalid("3 to 20 digits and letters", code="branch_code", field="branch_code")
    lock_party(party)
    used = account_in_force(party)
    if used is not None and (used.account, used.holder, used.bank_name, used.branch_code) == (
        number, holder, bank_name, branch_code,
    ):  # fmt: skip
        raise Invalid("money goes there already", code="account_same", field="account")
    asked = PayoutAccount(
        **_of(party), holder=holder, bank_name=bank_name, branch_code=branch_code, account=number, last4=number[-4:],
        asked_by=actor, asked_at=clock.now(),
    )  # fmt: skip
    for waiting in PayoutAccount.objects.filter(**_of(party), state=AccountState.ASKED):
        _close(waiting, AccountState.STOPPED, actor=actor, reason="")
    asked.save(force_insert=True)
    _record(asked, "account.asked", actor)
    _tell_confirmers(asked)
    return asked


@transactional
def confirm_account(*, actor: Any, account: PayoutAccount, number: str) -> PayoutAccount:
    """Confirm an account by its number as the party's own papers show it; money goes there a day later.

    Raises: Forbidden, also `own_request` for who asked; NotAllowed unless it waits; Invalid `account_differs`.
    Locks:  the party, the account.
    Writes: PayoutAccount, audit event `account.confirmed`; tells the party's people.
    """
    require_person(actor, Can.CONFIRM_ACCOUNT)
    stored = _locked(account)
    if stored.state != AccountState.ASKED:
        raise NotAllowed("it is decided")
    if stored.asked_by_id == actor.pk:
        raise Forbidden("who asked cannot confirm", code="own_request")
    if bare(number) != stored.account:
        raise Invalid("the number is not the one asked for", code="account_differs", field="number")
    now = clock.now()
    stored.state, stored.confirmed_by, stored.confirmed_at = AccountState.CONFIRMED, actor, now
    stored.effective_at = now + ACCOUNT_WAIT
    stored.save(update_fields=["state", "confirmed_by", "confirmed_at", "effective_at"])
    _record(stored, "account.confirmed", actor)
    return stored


@transactional
def decline_account(*, actor: Any, account: PayoutAccount, reason: str) -> PayoutAccount:
    """Decline an account that waits, with a reason that its party reads.

    Raises: Forbidden; Invalid `reason_required`; NotAllowed unless it waits.
    Locks:  the party, the account.
    Writes: PayoutAccount, audit event `account.declined`; tells the party's people.
    """
    require_person(actor, Can.CONFIRM_ACCOUNT)
    reason = needed_reason(reason)
    stored = _locked(account)
    if stored.state != AccountState.ASKED:
        raise NotAllowed("it is decided")
    _close(stored, AccountState.DECLINED, actor=actor, reason=reason)
    _record(stored, "account.declined", actor, reason)
    return stored


@transactional
def stop_account(*, actor: Any, account: PayoutAccount, reason: str) -> PayoutAccount:
    """Let no money go to an account, at once; its own party may, and who confirms accounts.

    Before it was used, the one before it stays in use. After that its party has none until another is confirmed.
    Raises: Forbidden; Invalid `reason_required`; NotAllowed where it is declined or stopped.
    Locks:  the party, the account.
    Writes: PayoutAccount, audit event `account.stopped`; tells the party's people.
    """
    require(actor, Can.ASK_ACCOUNT, Can.CONFIRM_ACCOUNT)
    require_own(actor, account.party)
    reason = needed_reason(reason)
    stored = _locked(account)
    if stored.state not in (AccountState.ASKED, AccountState.CONFIRMED):
        raise NotAllowed("it is closed")
    _close(stored, AccountState.STOPPED, actor=actor, reason=reason)
    _record(stored, "account.stopped", actor, reason)
    return stored


@transactional
def keep_identity(*, actor: Any, broker: Broker, kind: str, number: str) -> Identity:
    """Keep the number by which the tax office knows a broker: entered in person, or by finance.

    Raises: Forbidden, also for another's; Invalid `unknown_choice`, `identity_number`.
    Locks:  the broker.
    Writes: Identity, audit event `identity.kept`.
    Source: issue 4, section 4.
    """
    require(actor, Can.KEEP_IDENTITY)
    if actor is not None and actor.is_agency_side and actor.broker.pk != broker.pk:
        raise Forbidden("it is another person's")
    if kind not in set(IdentityKind):
        raise Invalid("no such document", code="unknown_choice", field="kind")
    number = bare(number)
    if not (is_id_card(number) if kind == IdentityKind.ID_CARD else _DOCUMENT.fullmatch(number)):
        raise Invalid("no number of such a document", code="identity_number", field="number")
    lock_party(broker)
    known = Identity.objects.filter(broker=broker).first()
    if known is not None and (known.kind, known.number) == (kind, number):
        return known
    kept = Identity(
        broker=broker, kind=kind, number=number, last4=number[-4:], entered_by=actor, entered_at=clock.now()
    )
    kept.save(force_insert=known is None)
    before = {"number": known.masked} if known else {}
    record(
        "identity.kept", actor=actor, target=broker, agency=broker.agency_id, before=before,
        after={"kind": kind, "number": kept.masked},
    )  # fmt: skip
    return kept


def is_id_card(number: str) -> bool:
    """Whether these are the 18 characters of an identity card, the last the check on the others (GB 11643)."""
    if not _ID_CARD.fullmatch(number):
        return False
    check = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, number, strict=False)) % 11
    return "10X98765432"[check] == number[-1]


def require_own(actor: Any, party: Agency | Broker) -> None:
    """Refuse a person of the agency side what is another's: an agency's is its managers', a broker's their own.

    Raises: Forbidden.
    """
    if actor is None or not actor.is_agency_side:
        return
    own = actor.broker
    if isinstance(party, Broker):
        if own.pk != party.pk:
            raise Forbidden("the account is another person's")
    elif actor.role != Role.AGENCY_ADMIN or own.agency_id != party.pk:
        raise Forbidden("the account is another agency's")


def _of(party: Agency | Broker) -> dict[str, Any]:
    return {"agency": party} if isinstance(party, Agency) else {"broker": party}


def _locked(account: PayoutAccount) -> PayoutAccount:
    lock_party(account.party)
    rows = PayoutAccount.objects.select_for_update(of=("self",)).select_related("agency", "broker__user")
    return rows.get(pk=account.pk)


def _close(account: PayoutAccount, state: AccountState, *, actor: Any, reason: str) -> None:
    account.state, account.closed_by, account.closed_at, account.reason = state, actor, clock.now(), reason
    account.save(update_fields=["state", "closed_by", "closed_at", "reason"])


def _tell_confirmers(account: PayoutAccount) -> None:
    """Tell who may confirm an account that it waits; who asked for it can't."""
    roles = roles_that(Can.CONFIRM_ACCOUNT)
    staff = [one for one in User.objects.filter(role__in=roles, is_active=True) if one.pk != account.asked_by_id]
    tell(
        kind="account.waits",
        recipients=[one for one in staff if visible_accounts(one).filter(pk=account.pk).exists()],
        target=account,
        path=reverse("finance:account", args=[account.pk]),
    )


def _record(account: PayoutAccount, action: str, actor: Any, reason: str = "") -> None:
    """Record a step, of the number only its end; the party's people hear of it, so that a stranger's is noticed."""
    party = account.party
    own = isinstance(party, Broker)
    record(
        action, actor=actor, target=account, agency=getattr(party, "agency_id", party.pk), reason=reason,
        after={"state": str(account.state), "account": account.masked},
    )  # fmt: skip
    tell(
        kind=action,
        recipients=[party.user] if isinstance(party, Broker) else managers_of(party),
        target=account,
        path=reverse("portal:account" if own else "portal:agency_account"),
    )
