import pytest

from tests.api.cast import Cast, make_cast


@pytest.fixture
def cast(db) -> Cast:
    return make_cast()
