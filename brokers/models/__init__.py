from brokers.models.agency import Agency, Agreement, Broker, Store
from brokers.models.application import AgencyApplication, ApplicationFile
from brokers.models.grade import AgencyGrade, HeldGrade

__all__ = ["Agency", "AgencyApplication", "AgencyGrade", "Agreement", "ApplicationFile", "Broker", "HeldGrade", "Store"]
