from brokers.models.agency import Agency, Agreement, Broker, Store

__all__ = ["Agency", "Agreement", "Broker", "Store"]
