"""Monthly statements over HTTP: read by month and line, contested, confirmed by their payee."""

from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from channels_platform.lib import clock
from commissions.models import Statement
from commissions.months import span_of
from commissions.services.closing import close_month
from tests.pages.finance import open_till
from tests.pages.world import make_world

pytestmark = pytest.mark.django_db


def caller(user) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


def test_an_agency_reads_contests_and_confirms_its_statement():
    world = make_world()
    till = open_till(world)
    till.pay()
    company = world.project.company
    month = clock.local_date(clock.now(), company.zone).replace(day=1)
    with clock.at(span_of(company, month)[1] + timedelta(hours=1)):
        close_month(actor=till.finance, company=company, month=month)
        boss = caller(world.manager.user)
        found = boss.get(f"/api/v1/statements/?month={month:%Y-%m}").json()["results"]
        assert [(one["payee"], one["month"], one["state"]) for one in found] == [("BRIGHT", f"{month:%Y-%m}", "issued")]
        figures = ("opening", "earned", "clawed_back", "paid", "tax", "closing", "released")
        assert [found[0][name] for name in figures] == [
            "0.00", "76800.00", "0.00", "34560.00", "0.00", "42240.00", "38400.00",
        ]  # fmt: skip
        assert boss.get("/api/v1/statements/?month=2020-01").json()["results"] == []
        assert boss.get("/api/v1/statements/?month=May").status_code == 400
        assert len(caller(till.auditor).get("/api/v1/statements/").json()["results"]) == 2

        at = f"/api/v1/statements/{found[0]['id']}/"
        lines = boss.get(f"{at}lines/").json()["results"]
        assert [(line["nature"], line["earned"], line["kept"], line["objection"]) for line in lines] == [
            ("new", "76800.00", "3840.00", None)
        ]
        refused = boss.post(f"{at}contest/", {"lines": [], "text": "x"}, format="json")
        assert refused.status_code == 422
        contested = boss.post(f"{at}contest/", {"lines": [lines[0]["id"]], "text": "It was whole."}, format="json")
        assert contested.json()["state"] == "contested"
        assert boss.get(f"{at}lines/").json()["results"][0]["objection"] == "open"
        again = boss.post(f"{at}confirm/", {}, format="json")
        assert (again.status_code, again.json()["code"]) == (409, "objections_open")

        own = Statement.objects.get(payee__broker=world.owner)
        assert boss.post(f"/api/v1/statements/{own.pk}/confirm/", {}, format="json").status_code == 404
        confirmed = caller(world.owner.user).post(f"/api/v1/statements/{own.pk}/confirm/", {}, format="json")
        assert confirmed.json()["state"] == "confirmed"
