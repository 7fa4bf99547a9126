"""States of those who sell."""

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
