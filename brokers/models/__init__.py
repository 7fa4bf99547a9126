from brokers.models.agency import Agency, Agreement, Broker, Store
from brokers.models.application import AgencyApplication, ApplicationFile
from brokers.models.individual import Individual, Programme, Recruiter, RecruitingLink

__all__ = [
    "Agency",
    "AgencyApplication",
    "Agreement",
    "ApplicationFile",
    "Broker",
    "Individual",
    "Programme",
    "Recruiter",
    "RecruitingLink",
    "Store",
]
