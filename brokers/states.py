"""States of those who sell."""

from datetime import timedelta
from enum import StrEnum


class AgencyKind(StrEnum):
    ONSITE = "onsite"
    REFERRAL = "referral"
    COMMUNITY = "community"
    PLATFORM = "platform"


class AgencyStatus(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"


class AgreementState(StrEnum):
    DRAFT = "draft"
    APPROVED = "approved"
    ENDED = "ended"


class Ending(StrEnum):
    """Why an agreement ended; interception (拦客截客) holds what is unpaid."""

    EXPIRED = "expired"
    AGREED = "agreed"
    INTERCEPTION = "interception"


class ApplicationState(StrEnum):
    SUBMITTED = "submitted"
    MORE_NEEDED = "more_needed"
    APPROVED = "approved"
    DECLINED = "declined"


WAITING = frozenset({ApplicationState.SUBMITTED, ApplicationState.MORE_NEEDED})


class Relation(StrEnum):
    """What an individual has to do with the developer."""

    OWNER = "owner"
    FAMILY = "family"
    STAFF = "staff"
    PARTNER_STAFF = "partner_staff"


class IndividualState(StrEnum):
    WAITING = "waiting"
    CONFIRMED = "confirmed"
    DECLINED = "declined"


class AccountState(StrEnum):
    """An account at a bank that money is to go to: asked for, confirmed by a second person, or given up."""

    ASKED = "asked"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    STOPPED = "stopped"


ACCOUNT_MOVES: frozenset[tuple[AccountState, AccountState]] = frozenset(
    {
        (AccountState.ASKED, AccountState.CONFIRMED),
        (AccountState.ASKED, AccountState.DECLINED),
        (AccountState.ASKED, AccountState.STOPPED),
        (AccountState.CONFIRMED, AccountState.STOPPED),
    }
)

# No money goes to a new account before this long after its confirmation: time for who it is taken from to object.
ACCOUNT_WAIT = timedelta(hours=24)


class IdentityKind(StrEnum):
    ID_CARD = "id_card"
    PASSPORT = "passport"
    OTHER = "other"
