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
