from brokers.models.account import Identity, PayoutAccount
from brokers.models.agency import Agency, Agreement, Broker, Store
from brokers.models.application import AgencyApplication, ApplicationFile
from brokers.models.grade import AgencyGrade, HeldGrade
from brokers.models.individual import Individual, Programme, Recruiter, RecruitingLink

__all__ = [
    "Agency",
    "AgencyApplication",
    "AgencyGrade",
    "Agreement",
    "ApplicationFile",
    "Broker",
    "HeldGrade",
    "Identity",
    "Individual",
    "PayoutAccount",
    "Programme",
    "Recruiter",
    "RecruitingLink",
    "Store",
]
