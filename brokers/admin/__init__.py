"""Agencies in the admin: those that want to join, those that sell, their people, and what was agreed with them."""

from brokers.admin import agencies, agreements, applications, brokers, grades, individuals, recruiting

__all__ = ["agencies", "agreements", "applications", "brokers", "grades", "individuals", "recruiting"]
