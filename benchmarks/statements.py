"""What lists and searches ask of the database: each statement's cost at 1,000,000 referrals against 10,000.

`python -m benchmarks.statements` opens the pages through the real views, in a process of its own, has PostgreSQL
explain and run every statement they made, and prints JSON. What is compared does not depend on how busy the machine
is: buffers touched, and the planner's own estimate.
"""

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from benchmarks.databases import ROOT, environment
from benchmarks.measures import Results, Target

# What a page of 25 rows costs whose statement looks each of them up four times: a statement that costs less counts as so
# much, or a page that is full in one table and not in the other would be told of.
FLOOR = {"buffers": 100, "cost": 400}
# A table is read through where a sequential scan of it comes by more rows than that.
MOST_SCANNED = 5_000
SHOWN = 5
_PLACES = re.compile(r"\((?:%s(?:::\w+)?, )*%s(?:::\w+)?\)")
_COLUMNS = re.compile(r"^SELECT (?:DISTINCT )?\"\w+\".*? FROM(?= \")")
_SLICE = re.compile(r"( LIMIT \d+)?( OFFSET \d+)?$")
_CURSOR = re.compile(r"cursor=([\w-]+)")


def measure(results: Results, small: str, large: str) -> None:
    """Compare the statements of each page in the two databases."""
    few, many = _explained(small), _explained(large)
    ratios = [(_ratio(few[key], many[key]), key) for key in few if key in many]
    scans = [key for key in many if many[key]["scanned"] > MOST_SCANNED]
    unlike = sorted(set(few) ^ set(many))
    print(f"     {len(ratios)} statements of {len({_page(key) for _ratio, key in ratios})} pages")
    for ratio, key in sorted(ratios, reverse=True)[:SHOWN]:
        print(f"     {ratio:6.1f}  {few[key]['buffers']:>5} > {many[key]['buffers']:>5} buffers  {key[:150]}")
    for key in scans:
        print(f"     reads {many[key]['scanned']:,} rows of a table through: {key[:150]}")
    for key in unlike:
        print(f"     asked in one of the two only: {key[:150]}")
    results.add(
        "statements of lists and searches: the worst at 1,000,000 against 10,000", max(ratios)[0], Target(at_most=10)
    )
    results.add("statements of lists and searches: that read a table through", len(scans), Target(at_most=0))


def _ratio(few: dict[str, float], many: dict[str, float]) -> float:
    return max(many[what] / max(few[what], least) for what, least in FLOOR.items())


def _page(key: str) -> str:
    return key.partition(" | ")[0]


def _explained(url: str) -> dict[str, dict[str, float]]:
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.statements"],
        cwd=ROOT, env=environment(url), check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    answer: dict[str, dict[str, float]] = json.loads(ran.stdout.splitlines()[-1])
    return answer


def _main() -> None:
    import django

    django.setup()
    answer: dict[str, dict[str, float]] = {}
    named: Counter[str] = Counter()
    for name, client, address, headers in _pages():
        named[name] += 1
        page = f"{name} ({named[name]})" if named[name] > 1 else name
        ask(client, address, headers)  # what is cached or prepared once, is
        answer |= explain(page, ask(client, address, headers))
    print(json.dumps(answer))


def _pages() -> Iterator[tuple[str, Any, str, dict[str, str]]]:
    """Yield (name, browser, address, headers) of all that is looked at."""
    for name, person, addresses in (
        ("broker", "BROKER", _portal),
        ("manager", "MANAGER", _portal),
        ("desk", "DESK", _desk),
        ("admin", "STAFF", _admin),
    ):
        from benchmarks import today

        client = _browser(getattr(today, person))
        for address in addresses(client):
            yield f"{name} {_readable(address)}", client, address, {}
    from benchmarks.world import KEY

    for name, key in (("api staff", f"{KEY}-staff"), ("api broker", KEY)):
        client = _browser(None)
        for address in _api(client, key):
            yield f"{name} {_readable(address)}", client, address, {"Authorization": f"Token {key}"}


def _browser(username: str | None) -> Any:
    from django.test import Client

    from channels_platform.accounts.models import User

    client = Client()
    if username:
        client.force_login(User.objects.get(username=username))
    return client


def _portal(client: Any) -> Iterator[str]:
    from benchmarks.today import LAST_FOUR, SHARED_PHONE
    from leads.listing import TABS, seal
    from leads.models import Referral

    own = Referral.objects.filter(broker__user__username="bench-0-0").order_by("-filed_at")
    yield "/portal/"
    for tab in TABS:
        yield f"/portal/clients/?tab={tab}"
    yield from _further(client, "/portal/clients/?tab=all")
    yield from _further(client, "/portal/clients/?tab=past")
    if client.get("/portal/clients/").content.count(b'name="broker"'):
        for tab in ("active", "won", "all"):
            yield f"/portal/clients/?tab={tab}&broker={own[0].broker_id}"
    yield f"/portal/clients/?q={seal(SHARED_PHONE)}"
    yield f"/portal/clients/?q={LAST_FOUR}"
    yield f"/portal/clients/?q={own.filter(number__startswith='S-')[0].number.lower()}"
    for state in ("filed", "visited", "won", "rejected", "lapsed"):
        yield f"/portal/clients/{own.filter(state=state, number__startswith='S-')[0].pk}/"


def _further(client: Any, address: str) -> Iterator[str]:
    """Yield the addresses of the second page and the third."""
    for _ in range(2):
        following = _CURSOR.findall(client.get(address).content.decode())[-1]
        address = f"{address.partition('&cursor')[0]}&cursor={following}"
        yield address


def _desk(client: Any) -> Iterator[str]:
    from benchmarks.today import LAST_FOUR, SHARED_PHONE
    from leads.listing import seal
    from leads.models import Referral

    lived = Referral.objects.filter(number__startswith="S-").order_by("-filed_at")
    yield "/desk/?project=BENCH"
    yield "/desk/board/?project=BENCH"
    for text in (LAST_FOUR, SHARED_PHONE, "13700300030", "R-20990101-000001"):
        yield f"/desk/find/?project=BENCH&q={seal(text)}"
    for state in ("filed", "visited", "won"):
        yield f"/desk/referrals/{lived.filter(state=state)[0].pk}/"
    yield f"/desk/referrals/{Referral.objects.filter(number='T-000000').get().pk}/"


def _admin(client: Any) -> Iterator[str]:
    from benchmarks.today import LAST_FOUR
    from brokers.models import Agency, Broker
    from leads.models import Referral, ReferralPhone

    phone = ReferralPhone.objects.get(referral__number="T-000000").phone_id
    rows = "/admin/leads/referral/"
    yield rows
    yield f"{rows}?p=2"
    yield f"{rows}?p=100"
    yield f"{rows}?phone={phone}"
    yield f"{rows}?q={LAST_FOUR}"
    yield f"{rows}?q=t-000007"
    for state in ("won", "rejected", "lost", "withdrawn"):
        yield f"{rows}?state={state}"
    yield f"{rows}?project__id__exact={Referral.objects.get(number='T-000000').project_id}"
    yield f"{rows}?agency__id__exact={Agency.objects.get(code='BA0').pk}"
    yield f"{rows}?broker__id__exact={Broker.objects.get(user__username='bench-0-0').pk}"
    yield f"/admin/leads/claim/?phone={phone}"
    yield f"{rows}{Referral.objects.get(number='T-000000').pk}/change/"


def _api(client: Any, key: str) -> Iterator[str]:
    from channels_platform.lib import clock
    from leads.models import Referral

    rows = "/api/v1/referrals/"
    newest = Referral.objects.filter(number__startswith="S-", broker__user__username="bench-0-0").order_by("-filed_at")
    yield rows
    yield f"{rows}?ordering=filed_at"
    for _ in range(2):
        following = client.get(rows, headers={"Authorization": f"Token {key}"}).json()["next"]
        rows = following[following.index("/api/") :]
        yield rows
    rows = "/api/v1/referrals/"
    yield f"{rows}?number={newest[0].number}"
    for state in Referral.State.values:
        yield f"{rows}?state={state}"
    yield f"{rows}?agency=BA0"
    yield f"{rows}?broker=bench-0-0"
    yield f"{rows}?project=BENCH"
    yield f"{rows}?agency=BA0&state=won"
    yield f"{rows}?broker=bench-0-0&state=won"
    instant = clock.now().replace(microsecond=0)
    for days in (3, 30, 90):
        at = (instant - timedelta(days=days)).isoformat().replace("+", "%2B")
        yield f"{rows}?filed_from={at}"
        yield f"{rows}?filed_from={at}&state=won&broker=bench-0-0"
        yield f"{rows}?filed_to={at}"
    yield f"{rows}{newest[0].pk}/"
    yield f"{rows}{newest[0].pk}/history/"


def _readable(address: str) -> str:
    """Return an address without what differs between two databases."""
    address = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", address)
    address = re.sub(r"cursor=[^&]+", "cursor", address)
    address = re.sub(r"filed_(from|to)=[^&]+", r"filed_\1", address)
    return re.sub(r"~[\w%-]+|[sS]-\d{9}|phone=\d+", "ONE", address)


def ask(client: Any, address: str, headers: dict[str, str]) -> list[tuple[str, Any]]:
    """Open a page and return its statements with their values.

    Raises: RuntimeError where the page is not there.
    """
    from django.db import connection

    asked: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        asked.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        answer = client.get(address, headers=headers)
        _ = answer.content
    if answer.status_code not in (200, 302):
        raise RuntimeError(f"{answer.status_code}: {address}")
    return asked


def explain(page: str, asked: list[tuple[str, Any]]) -> dict[str, dict[str, float]]:
    """Have each reading statement explained and run once more, and return its figures under the page and its text."""
    from django.db import connection

    found: dict[str, dict[str, float]] = {}
    times: Counter[str] = Counter()
    with connection.cursor() as cursor:
        for sql, params in asked:
            if not sql.lstrip().upper().startswith(("SELECT", "WITH", "EXECUTE")):
                continue
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", params)
            answer = cursor.fetchone()[0]
            plan = (json.loads(answer) if isinstance(answer, str) else answer)[0]["Plan"]
            text = _SLICE.sub("", _COLUMNS.sub("SELECT ... FROM", _PLACES.sub("(...)", " ".join(sql.split()))))
            times[text] += 1
            found[f"{page} | {times[text]} {text}"] = {
                "buffers": plan["Shared Hit Blocks"] + plan["Shared Read Blocks"],
                "cost": plan["Total Cost"],
                "scanned": max(_came_by(plan, ("Seq Scan",)), default=0),
                "read": max(_came_by(plan), default=0),
            }
    return found


def _came_by(plan: dict[str, Any], nodes: tuple[str, ...] = ()) -> Iterator[float]:
    """Yield how many rows each scan of a plan came by, whether they fitted or not; `nodes`: of these kinds only."""
    if "Relation Name" in plan and (not nodes or plan["Node Type"] in nodes):
        removed = plan.get("Rows Removed by Filter", 0) + plan.get("Rows Removed by Index Recheck", 0)
        yield (plan["Actual Rows"] + removed) * plan["Actual Loops"]
    for child in plan.get("Plans", ()):
        yield from _came_by(child, nodes)


if __name__ == "__main__":
    _main()
