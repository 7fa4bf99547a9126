"""Locks of agencies: who opens, renames or closes a store, or puts somebody into one, waits for the other.

So does who grades the agency.
"""

from uuid import UUID

from brokers.models import Agency, Broker


def lock_stores(agency_id: UUID) -> None:
    """Hold an agency's list of stores until the transaction ends; filings do not wait for it."""
    Agency.objects.select_for_update(no_key=True).get(pk=agency_id)


def lock_grades(agency_id: UUID) -> None:
    """Hold an agency's history of grades until the transaction ends: what is entered later, stands later."""
    Agency.objects.select_for_update(no_key=True).get(pk=agency_id)


def lock_party(party: Agency | Broker) -> None:
    """Hold who is paid: one change of where their money goes at a time."""
    type(party).objects.select_for_update(no_key=True).get(pk=party.pk)
