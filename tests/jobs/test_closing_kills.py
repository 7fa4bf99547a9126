"""A process killed at any moment of closing a month leaves the month open; the next closes it as if untouched."""

import random

import pytest
from django.db.models import Count, Sum

from channels_platform.lib import clock
from commissions.models import ClosedMonth, Statement, StatementLine
from commissions.services.closing import close_month
from commissions.services.runs import bring_up_to_date
from tests.jobs.test_commission_kills import killed_after, took
from tests.services.commissions.bulk import many_deals
from tests.services.commissions.cast import Cast, at

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.serial]

DEALS = 800
KILLS = 4


def earned(tag: str) -> Cast:
    cast = Cast()
    cast.agency("A1", brokers=["B1", "B2"])
    cast.plan("A1", bonuses=[{"name": "cash", "amount": "500.00", "to": "broker", "release": "contracted"}])
    many_deals(project=cast.project, brokers=list(cast.brokers.values()), deals=DEALS, tag=tag)
    with clock.at(at("03-31 23:00")):
        bring_up_to_date(projects=[cast.project.pk], wait=True)
    return cast


def figures(cast: Cast) -> list[tuple[object, ...]]:
    rows = Statement.objects.filter(closing_of__company=cast.company).order_by()
    found = rows.values_list("payee_name", "closing_of__month").annotate(Sum("lines__earned"), Count("lines"))
    return sorted(map(tuple, found), key=str)


def test_killed_at_any_moment_the_month_is_open_or_closed_whole():
    dice = random.Random(20261127)
    calm, troubled = earned("calm"), earned("troubled")

    def close(cast: Cast) -> None:
        with clock.at(at("04-02 09:00")):
            close_month(actor=cast.finance, company=cast.company, month=at("03-01 00:00").date())

    time = took(lambda: close(calm))
    whole = Statement.objects.count(), StatementLine.objects.count()
    assert whole == (3, 2 * DEALS)
    at_work = 0
    for place in range(1, KILLS + 1):
        at_work += killed_after(dice.random() * time * place / KILLS, lambda: close(troubled))
        mine = Statement.objects.filter(closing_of__company=troubled.company)
        lines = StatementLine.objects.filter(statement__in=mine)
        months = ClosedMonth.objects.filter(company=troubled.company).count()
        assert (months, mine.count(), lines.count()) in ((0, 0, 0), (1, *whole))
    assert at_work, "no kill met a closing at work"
    close(troubled)
    close(troubled)
    assert figures(troubled) == figures(calm)
    assert ClosedMonth.objects.count() == 2
