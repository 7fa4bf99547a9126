"""Error pages: in the reader's language, with nothing about anyone."""

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.utils import translation


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "429", "500"])
def test_page_stands_without_request_or_database(name, language):
    with translation.override(language):
        page = render_to_string(f"{name}.html", {"exception": "secret 13800000001", "request_path": "/x/13800000001"})
    assert f'lang="{language}"' in page
    assert "13800000001" not in page


def test_missing_page_names_nothing(client, db):
    answer = client.get("/clients/13800000001/")
    assert answer.status_code == 404
    assert "13800000001" not in answer.content.decode()


def test_missing_token_gets_the_plain_page(db):
    answer = Client(enforce_csrf_checks=True).post("/accounts/login/", {})
    assert answer.status_code == 403
    assert b"Nothing was changed" in answer.content


def test_styleguide_is_for_development_only(client, settings, db):
    settings.DEBUG = False
    assert client.get("/styleguide/").status_code == 404
    settings.DEBUG = True
    assert client.get("/styleguide/").status_code == 200
