"""Statements compiled, planned and written together say the same as the ORM's own."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import CharField
from django.test.utils import CaptureQueriesContext

from channels_platform.audit.models import Event
from channels_platform.audit.services import build_event
from channels_platform.inserts import insert_together
from channels_platform.lookups import Lookup, Slot
from channels_platform.prepared import Prepared
from projects.models import PayingCompany, Project

BY_CODE = Lookup(lambda: Project.objects.select_related("company").filter(code=Slot(0, CharField())))


@pytest.fixture
def lake(db):
    company = PayingCompany.objects.create(code="C1", name="Lake Co.")
    event = build_event("project.created", actor=None)
    project = Project(code="P1", name="100 % Lake", company=company, created_at=event.at)
    insert_together([project, event])
    return project


@pytest.mark.parametrize("prepare", [True, False])
def test_rows_of_several_models_are_one_statement(db, settings, prepare):
    settings.DATABASE_PREPARE = prepare

    def rows(number):
        company = PayingCompany(code=f"C{number}", name="Lake Co.")
        event = build_event("project.created", actor=None, after={"name": "湖"})
        projects = [Project(code=f"P{number}{n}", company=company, created_at=event.at) for n in (1, 2)]
        return [company, *projects, event]

    with transaction.atomic():  # planned at the first use
        insert_together(rows(0))
        transaction.set_rollback(True)
    with CaptureQueriesContext(connection) as statements:
        insert_together(rows(1))
    assert len(statements) == 1
    assert list(Project.objects.values_list("code", "company__code")) == [("P11", "C1"), ("P12", "C1")]
    assert Event.objects.get().after == {"name": "湖"}


def test_all_of_them_or_none(lake):
    another = PayingCompany(code="C2", name="Other Co.")
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_together([another, Project(code="P1", company=another, created_at=lake.created_at)])
    assert not PayingCompany.objects.filter(code="C2").exists()


@pytest.mark.parametrize("prepare", [True, False])
def test_a_lookup_finds_what_the_queryset_finds(lake, settings, prepare, django_assert_num_queries):
    settings.DATABASE_PREPARE = prepare
    BY_CODE.first("warm")
    with django_assert_num_queries(1):
        found = BY_CODE.first("P1")
        assert (found, found.name, found.company.name) == (lake, "100 % Lake", "Lake Co.")
    assert BY_CODE.first("P2") is None


def test_a_prepared_statement_outlives_a_rollback(lake):
    statement = Prepared("SELECT count(*), %(word)s::text FROM projects_project WHERE name LIKE '100 %%'")
    with transaction.atomic():
        assert statement.fetch({"word": "x"}) == (1, "x")
        transaction.set_rollback(True)
    assert statement.fetch({"word": "y"}) == (1, "y")


@pytest.mark.django_db(transaction=True)
def test_a_new_connection_prepares_anew():
    statement = Prepared("SELECT %(n)s::int + 1")
    assert statement.fetch({"n": 1}) == (2,)
    connection.close()
    assert statement.fetch({"n": 2}) == (3,)
