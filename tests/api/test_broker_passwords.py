"""A password given with a new broker is as good as one chosen by the person."""

import pytest

from channels_platform.accounts.models import User


@pytest.mark.parametrize("password", ["1234567890", "password123", "qwertyuiop", "short"])
def test_a_password_anybody_guesses_is_refused_at_its_field(cast, password):
    body = {"username": "newcomer", "name": "New", "password": password}
    answer = cast.client(cast.manager_of_agency).post("/api/v1/agencies/A1/brokers/", body, format="json")
    assert answer.status_code == 422
    assert {error["field"] for error in answer.json()["errors"]} == {"password"}
    assert password not in answer.content.decode()
    assert not User.objects.filter(username="newcomer").exists()


def test_a_good_password_lets_the_broker_in_at_once(cast):
    body = {"username": "newcomer", "name": "New", "password": "Lark-7-sings-at-dawn"}
    answer = cast.client(cast.manager_of_agency).post("/api/v1/agencies/A1/brokers/", body, format="json")
    assert (answer.status_code, answer.json()["invitation_url"]) == (201, None)
    assert User.objects.get(username="newcomer").check_password("Lark-7-sings-at-dawn")
