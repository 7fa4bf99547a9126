"""Scenarios: dated facts fed through the real services and rolled back (domain 8)."""
