"""`make demo-reset` empties a development database, and never one of production."""

import pytest
from django.contrib.auth import get_user_model
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection


@pytest.mark.django_db
def test_production_is_never_emptied(settings):
    settings.PRODUCTION = True
    get_user_model().objects.create_user("chen")
    with pytest.raises(CommandError):
        call_command("reset_database")
    assert get_user_model().objects.count() == 1


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_everything_is_gone_and_every_table_there():
    get_user_model().objects.create_user("chen")
    default_storage.save("jobs/2026/03/batch.csv", ContentFile(b"a,b\n"))
    before = connection.introspection.table_names()
    call_command("reset_database")
    assert not get_user_model().objects.exists()
    assert sorted(connection.introspection.table_names()) == sorted(before)
    assert not default_storage.exists("jobs/2026/03/batch.csv")
