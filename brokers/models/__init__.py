from brokers.models.agency import Agency, Agreement, Broker, Store
from brokers.models.application import AgencyApplication, ApplicationFile

__all__ = ["Agency", "AgencyApplication", "Agreement", "ApplicationFile", "Broker", "Store"]
