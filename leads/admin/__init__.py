"""Clients and deals in the admin: read by everyone who may, moved only through the services."""

from leads.admin import deals, disputes, referrals, signals, visits, whatif

__all__ = ["deals", "disputes", "referrals", "signals", "visits", "whatif"]
