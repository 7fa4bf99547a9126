from leads.models.bulk import BulkAct, BulkItem
from leads.models.care import ClientCare, DutyShift, FollowUp
from leads.models.deal import (
    Amendment,
    AttributionDecision,
    Deal,
    DealBuyer,
    DealOutbox,
    DealShare,
    Payment,
)
from leads.models.desk import ArrivalCode, ToldArrival, VisitPaper
from leads.models.dispute import Dispute, DisputeFile, DisputeQuestion, DisputeSide
from leads.models.filing import ClientSheet, FilingKey, FilingOrigin
from leads.models.handover import Handover
from leads.models.payment_file import PaymentFile, PaymentRow, PaymentSource
from leads.models.referral import Claim, Consultant, Referral, ReferralPhone
from leads.models.signal import RiskSignal
from leads.models.visit import NaturalVisit, Visit

__all__ = [
    "Amendment",
    "ArrivalCode",
    "AttributionDecision",
    "BulkAct",
    "BulkItem",
    "Claim",
    "ClientCare",
    "ClientSheet",
    "Consultant",
    "Deal",
    "DealBuyer",
    "DealOutbox",
    "DealShare",
    "Dispute",
    "DisputeFile",
    "DisputeQuestion",
    "DisputeSide",
    "DutyShift",
    "FilingKey",
    "FilingOrigin",
    "FollowUp",
    "Handover",
    "NaturalVisit",
    "Payment",
    "PaymentFile",
    "PaymentRow",
    "PaymentSource",
    "Referral",
    "ReferralPhone",
    "RiskSignal",
    "ToldArrival",
    "Visit",
    "VisitPaper",
]
