"""States of what is sold."""

from enum import StrEnum


class ProjectStatus(StrEnum):
    PREPARING = "preparing"
    OPEN = "open"
    PAUSED = "paused"
    CLOSED = "closed"


class UnitState(StrEnum):
    AVAILABLE = "available"
    RESERVED = "reserved"
    SUBSCRIBED = "subscribed"
    CONTRACTED = "contracted"
    HANDED_OVER = "handed_over"


class ExclusiveFrom(StrEnum):
    NEVER = "never"
    VISIT = "visit"
    FILING = "filing"


class PhoneMode(StrEnum):
    FULL = "full"
    MASKED = "masked"
