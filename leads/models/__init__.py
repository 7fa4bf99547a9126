from leads.models.deal import (
    Amendment,
    AttributionDecision,
    Deal,
    DealBuyer,
    DealOutbox,
    DealShare,
    Payment,
)
from leads.models.dispute import Dispute
from leads.models.notice import Notice
from leads.models.referral import Claim, Consultant, Referral, ReferralPhone
from leads.models.visit import NaturalVisit, Visit

__all__ = [
    "Amendment",
    "AttributionDecision",
    "Claim",
    "Consultant",
    "Deal",
    "DealBuyer",
    "DealOutbox",
    "DealShare",
    "Dispute",
    "NaturalVisit",
    "Notice",
    "Payment",
    "Referral",
    "ReferralPhone",
    "Visit",
]
