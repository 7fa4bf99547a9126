import pytest

from tests.services.commissions.cast import Cast


@pytest.fixture
def cast(db) -> Cast:
    """An owner (A1 with B1 and B2), a rival (A2 with C1), an on-site agency (S1); nobody has a plan yet."""
    made = Cast()
    made.agency("S1", kind="onsite")
    made.agency("A1", brokers=["B1", "B2"])
    made.agency("A2", brokers=["C1"])
    return made
