"""States of referrals, deals and disputes, the moves between them, and the reasons for refusing."""

from datetime import datetime, time
from enum import StrEnum


class ReferralState(StrEnum):
    FILED = "filed"
    VISITED = "visited"
    WON = "won"
    REJECTED = "rejected"
    LAPSED = "lapsed"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    LOST = "lost"


LIVE = frozenset({ReferralState.FILED, ReferralState.VISITED})

_S = ReferralState
# A move to `won` comes from a deal or a decision; a move out of it from a cancellation or a decision.
REFERRAL_MOVES: frozenset[tuple[ReferralState, ReferralState]] = frozenset(
    {(_S.FILED, to) for to in (_S.VISITED, _S.WON, _S.LAPSED, _S.EXPIRED, _S.WITHDRAWN, _S.LOST)}
    | {(_S.VISITED, to) for to in (_S.WON, _S.EXPIRED, _S.WITHDRAWN, _S.LOST)}
    | {(_S.LAPSED, _S.VISITED)}
    | {(was, _S.WON) for was in (_S.REJECTED, _S.LAPSED, _S.EXPIRED, _S.WITHDRAWN, _S.LOST)}
    | {(_S.WON, to) for to in _S if to is not _S.WON}
)


class DealState(StrEnum):
    SUBSCRIBED = "subscribed"
    CONTRACTED = "contracted"
    HANDED_OVER = "handed_over"
    CANCELLED = "cancelled"


DEAL_MOVES: frozenset[tuple[DealState, DealState]] = frozenset(
    {
        (DealState.SUBSCRIBED, DealState.CONTRACTED),
        (DealState.CONTRACTED, DealState.HANDED_OVER),
        (DealState.SUBSCRIBED, DealState.CANCELLED),
        (DealState.CONTRACTED, DealState.CANCELLED),
    }
)


class PaymentRowState(StrEnum):
    """What became of a row of a payments file; `waiting` for a person to say which deal it is of."""

    READ = "read"
    RECORDED = "recorded"
    SAME = "same"
    WAITING = "waiting"
    FAULT = "fault"
    ASSIGNED = "assigned"
    ASIDE = "aside"


PAYMENT_ROW_MOVES: frozenset[tuple[PaymentRowState, PaymentRowState]] = frozenset(
    {
        (PaymentRowState.READ, PaymentRowState.RECORDED),
        (PaymentRowState.READ, PaymentRowState.SAME),
        (PaymentRowState.READ, PaymentRowState.WAITING),
        (PaymentRowState.READ, PaymentRowState.FAULT),
        (PaymentRowState.WAITING, PaymentRowState.ASSIGNED),
        (PaymentRowState.WAITING, PaymentRowState.ASIDE),
        (PaymentRowState.WAITING, PaymentRowState.SAME),
    }
)


class DisputeState(StrEnum):
    """`proposed`: a decision is written and waits for a second manager."""

    OPEN = "open"
    PROPOSED = "proposed"
    DECIDED = "decided"


class SignalKind(StrEnum):
    """What is noticed of filings, of walk-ins and of what was entered late."""

    FILED_AT_ARRIVAL = "filed_at_arrival"
    FILED_AFTER_WALK_IN = "filed_after_walk_in"
    WALK_INS_TURNED = "walk_ins_turned"
    WALK_INS_GIVEN = "walk_ins_given"
    WALK_INS_PAIR = "walk_ins_pair"
    SHARED_DEVICE = "shared_device"
    SHARED_ADDRESS = "shared_address"
    OWN_CIRCLE = "own_circle"
    ADDED_BEFORE_DEAL = "added_before_deal"
    DEAL_BACKDATED = "deal_backdated"
    BUYERS_CHANGED = "buyers_changed"
    WALK_IN_BACKDATED = "walk_in_backdated"
    PROBING = "probing"


class SignalState(StrEnum):
    OPEN = "open"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"


class Reason(StrEnum):
    """Why a filing, an added phone or a visit was refused (domain 4.2, 4.3)."""

    PROJECT_NOT_OPEN = "project_not_open"
    NO_AGREEMENT = "no_agreement"
    BROKER_INACTIVE = "broker_inactive"
    INVALID_PHONE = "invalid_phone"
    OWN_PHONE = "own_phone"
    LIMIT_REACHED = "limit_reached"
    KNOWN_TO_SITE = "known_to_site"
    ALREADY_REFERRED = "already_referred"
    PROTECTED = "protected"
    LAPSED = "lapsed"
    EXPIRED = "expired"
    NOT_LIVE = "not_live"
    ALREADY_TODAY = "already_today"
    TOO_EARLY = "too_early"
    PHONE_MISMATCH = "phone_mismatch"


# What an agency is told in place of the reasons that would give another's client away (domain 4.5).
UNAVAILABLE = "unavailable"
HIDDEN_FROM_AGENCIES = frozenset({Reason.KNOWN_TO_SITE, Reason.PROTECTED})
# Refusals that do not use up the daily limit: checks 1-5 (domain 4.1).
NOT_COUNTED = frozenset(
    {Reason.PROJECT_NOT_OPEN, Reason.NO_AGREEMENT, Reason.BROKER_INACTIVE, Reason.INVALID_PHONE, Reason.OWN_PHONE}
)


def reason_for_agency(reason: str) -> str:
    """Return the reason as an agency may read it."""
    return UNAVAILABLE if reason in HIDDEN_FROM_AGENCIES else reason


def state_by_clock(
    *, state: str, lapse_at: datetime | None, window_ends_at: datetime | None, now: datetime
) -> ReferralState:
    """Return the state at `now` of a referral whose stored state may be behind the clock.

    A filed referral lapses without a visit; a live one expires with its window. Where both are
    past, the earlier happened; at one instant, the lapse.
    Source: domain 4.1, 4.2.
    """
    current = ReferralState(state)
    lapsed = current is ReferralState.FILED and lapse_at is not None and lapse_at <= now
    expired = current in LIVE and window_ends_at is not None and window_ends_at <= now
    if lapsed and not (expired and window_ends_at < lapse_at):  # type: ignore[operator]
        return ReferralState.LAPSED
    return ReferralState.EXPIRED if expired else current


class BulkKind(StrEnum):
    """What is done to many clients in one act."""

    TRANSFER = "transfer"
    EXTEND = "extend"
    RELEASE = "release"


class Shift(StrEnum):
    """A consultant's part of a day, on the project's local clock."""

    WHOLE = "whole"
    EARLY = "early"
    LATE = "late"


SHIFTS_CHANGE_AT = time(14, 0)


def shifts_at(local: time) -> tuple[Shift, ...]:
    """Return the shifts that are on duty at a local time: the early one ends where the late one begins."""
    return (Shift.WHOLE, Shift.EARLY if local < SHIFTS_CHANGE_AT else Shift.LATE)


class Because(StrEnum):
    """Why a consultant receives an arriving client (domain 4.3)."""

    OWN = "own"
    PREFERRED = "preferred"
    FEWEST = "fewest"
    LONGEST_WITHOUT = "longest_without"
    NOBODY = "nobody"
