"""Keyset pages: each row once, whatever is filed meanwhile, and a deep page costs what the first does."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from channels_platform.lib import clock
from leads.models import Referral
from leads.services.filing import file_referral
from tests.api.cast import filing

URL = "/api/v1/referrals/"


@pytest.fixture
def twelve(cast):
    now = clock.now()
    for n in range(12):
        # pairs share an instant, so that the id has to break ties
        with clock.at(now - timedelta(hours=1) + timedelta(minutes=n // 2)):
            file_referral(
                actor=cast.owner.user, broker=cast.owner, project=cast.project, client_name="x",
                phones=[f"1380000{n:04d}"],
            )  # fmt: skip
    return [str(pk) for pk in Referral.objects.order_by("-filed_at", "-id").values_list("pk", flat=True)]


def walk(client, url, way="next"):
    pages = []
    while url:
        body = client.get(url).json()
        pages.append([row["id"] for row in body["results"]])
        url = body[way]
    return pages


def flat(pages):
    return [row for page in pages for row in page]


def test_pages_forward_hold_each_row_once(cast, twelve):
    pages = walk(cast.client(cast.owner), f"{URL}?page_size=5")
    assert [len(page) for page in pages] == [5, 5, 2]
    assert flat(pages) == twelve


def test_and_back_again(cast, twelve):
    client = cast.client(cast.owner)
    url = f"{URL}?page_size=5"
    while (body := client.get(url).json())["next"]:
        url = body["next"]
    pages = walk(client, url, "previous")
    assert [len(page) for page in pages] == [2, 5, 5]
    assert pages[1] == twelve[5:10] and pages[2] == twelve[:5]


def test_the_other_order(cast, twelve):
    pages = walk(cast.client(cast.owner), f"{URL}?page_size=5&ordering=filed_at")
    assert flat(pages) == twelve[::-1]


@pytest.mark.parametrize("ordering", ["-filed_at", "filed_at"])
def test_what_lapsed_is_one_list_whether_the_sweep_wrote_it_down_or_not(cast, twelve, ordering):
    ids = twelve if ordering == "-filed_at" else twelve[::-1]
    live, swept = (3, 7), (0, 1, 5, 10)
    now = clock.now()
    Referral.objects.exclude(pk__in=[ids[n] for n in live]).update(lapse_at=now - timedelta(minutes=1))
    Referral.objects.filter(pk__in=[ids[n] for n in swept]).update(state="lapsed")
    lapsed = [ids[n] for n in range(12) if n not in live]
    client, url = cast.client(cast.owner), f"{URL}?page_size=3&state=lapsed&ordering={ordering}"
    pages = walk(client, url)
    assert ([len(page) for page in pages], flat(pages)) == ([3, 3, 3, 1], lapsed)
    while (body := client.get(url).json())["next"]:
        url = body["next"]
    assert flat(walk(client, url, "previous")[::-1]) == lapsed
    assert flat(walk(client, f"{URL}?state=filed&ordering={ordering}")) == [ids[n] for n in live]


def test_a_row_filed_meanwhile_moves_nothing(cast, twelve):
    client = cast.client(cast.owner)
    first = client.get(f"{URL}?page_size=5").json()
    client.post(URL, filing("13899990000"), format="json")
    assert [row["id"] for row in client.get(first["next"]).json()["results"]] == twelve[5:10]


def test_a_page_takes_as_many_statements_as_rows_allow(cast, twelve):
    client = cast.client("marketing")
    client.get(URL)
    counts = []
    for size in (1, 12):
        with CaptureQueriesContext(connection) as statements:
            client.get(f"{URL}?page_size={size}")
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 4


def test_two_hundred_is_the_most(cast, twelve):
    assert len(cast.client(cast.owner).get(f"{URL}?page_size=100000").json()["results"]) == 12


def test_an_empty_list(cast):
    assert cast.client(cast.owner).get(URL).json() == {"results": [], "next": None, "previous": None}


def test_filters_stay_in_the_addresses(cast, twelve):
    body = cast.client(cast.owner).get(f"{URL}?page_size=5&state=filed").json()
    assert "state=filed" in body["next"] and "page_size=5" in body["next"]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("project=P1", 12), ("project=P9", 0), ("agency=A1", 12), ("agency=A2", 0), ("broker=owner", 12),
        ("broker=rival", 0), ("state=filed", 12), ("state=lapsed", 0), ("number=R-1", 0),
    ],
)  # fmt: skip
def test_filters(cast, twelve, query, count):
    assert len(cast.client("marketing").get(f"{URL}?{query}").json()["results"]) == count


def test_filter_by_time_is_half_open(cast, twelve):
    middle = Referral.objects.order_by("filed_at")[6].filed_at.isoformat().replace("+00:00", "Z")
    client = cast.client("marketing")
    assert len(client.get(f"{URL}?filed_from={middle}").json()["results"]) == 6
    assert len(client.get(f"{URL}?filed_to={middle}").json()["results"]) == 6


def test_filter_by_state_goes_by_the_clock(cast, twelve):
    client = cast.client("marketing")
    with clock.at(clock.now() + timedelta(hours=72)):
        assert client.get(f"{URL}?state=filed").json()["results"] == []
        lapsed = client.get(f"{URL}?state=lapsed").json()["results"]
    assert [row["state"] for row in lapsed] == ["lapsed"] * 12


def test_a_deep_page_is_one_index_scan(cast, twelve):
    client = cast.client("auditor")
    cast.staff["auditor"].projects.clear()
    type(cast.staff["auditor"]).objects.filter(pk=cast.staff["auditor"].pk).update(all_projects=True)
    link = client.get(f"{URL}?page_size=5").json()["next"]
    with CaptureQueriesContext(connection) as statements:
        client.get(link)
    [listing] = [q["sql"] for q in statements if 'FROM "leads_referral"' in q["sql"] and "ROW" in q["sql"]]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off")
        cursor.execute(f"EXPLAIN {listing}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "referral_newest" in plan and "Index Cond: (ROW(" in plan
