"""Lists and searches come by what they show, not by what the table holds: whatever is asked, for whom, of any state."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client

from benchmarks.statements import ask, explain
from channels_platform.accounts.models import User
from channels_platform.accounts.permissions import Role
from channels_platform.lib import clock
from channels_platform.privacy.services import keep_phones
from leads.listing import TABS, seal
from leads.models import Referral, ReferralPhone, Visit
from leads.states import ReferralState as State
from tests.pages.world import World, make_world

ROWS = 3_000
MOST = ROWS // 3  # whoever goes deeper than the newest third walks the table to find what lies there
PHONE = "13812340042"
TABLES = (
    *("leads_referral", "leads_referralphone", "leads_visit", "leads_consultant", "projects_project"),
    *("projects_policy", "brokers_agency", "brokers_broker", "accounts_user"),
)


def state_of(n: int) -> State:
    """Half of the newest third live, and none of it expired or withdrawn: that lies deep; of the rest none lives."""
    draw = n * 7919 % 10_007 % 100
    newest = ((25, State.FILED), (50, State.VISITED), (52, State.WON), (55, State.LOST), (60, State.REJECTED))
    older = ((2, State.WON), (4, State.LOST), (6, State.REJECTED), (8, State.WITHDRAWN), (45, State.EXPIRED))
    return next((state for below, state in (newest if n < ROWS // 3 else older) if draw < below), State.LAPSED)


def sweep() -> None:
    """Store the tables and their indexes anew: what earlier tests left dead in them would sway the planner."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in TABLES:
            cursor.execute(f"CLUSTER {table} USING {table}_pkey")


def fill(world: World) -> None:
    """File `ROWS` clients, half of them the owner's, half a colleague's; every tenth came."""
    now, sample = clock.now(), world.file(client_name="欧阳修")
    fixed = {"project": world.project, "policy": sample.policy, "agency": world.agency, "client_masked": "欧阳**"}
    sweep()
    rows = []
    for n in range(ROWS):
        at = now - timedelta(minutes=n + 1)
        state = state_of(n)
        live = state in (State.FILED, State.VISITED)
        rows.append(
            Referral(
                number=f"R-B-{n:06}", state=state, reason="protected" if state == State.REJECTED else "",
                broker=(world.owner, world.colleague)[n // 2 % 2], filed_at=at, filed_on=at.date(),
                lapse_at=now + timedelta(minutes=n * 9) if live else at,
                window_starts_at=at, window_ends_at=now + timedelta(days=30) if live else at + timedelta(seconds=1),
                **fixed,
            )
        )  # fmt: skip
    Referral.objects.bulk_create(rows)
    kept = keep_phones([f"+86{PHONE}"])[f"+86{PHONE}"]
    ReferralPhone.objects.bulk_create(
        ReferralPhone(
            referral=row, masked=f"1{n % 90 + 10}****{n:04}", phone=kept if n % 1000 == 42 else None, position=0,
            added_at=now,
        )
        for n, row in enumerate(rows)
    )  # fmt: skip
    Visit.objects.bulk_create(
        Visit(referral=row, project=world.project, arrived_at=row.filed_at - timedelta(days=2), confirmed=True,
              local_on=(row.filed_at - timedelta(days=2)).date())
        for row in rows[::10]
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(TABLES)}")


def portal(world: World) -> list[str]:
    number = Referral.objects.filter(broker=world.owner, state=State.EXPIRED)[5].number
    return [
        "/portal/",
        *(f"/portal/clients/?tab={tab}" for tab in TABS),
        f"/portal/clients/?q={seal(PHONE)}",
        "/portal/clients/?q=0042",
        f"/portal/clients/?q={number.lower()}",
    ]


@pytest.mark.serial
@pytest.mark.django_db
def test_nobody_reads_more_than_is_shown() -> None:
    world = make_world()
    fill(world)
    staff = User.objects.create(username="staff", role=Role.MARKETING_MANAGER, all_projects=True, is_staff=True)
    api = "/api/v1/referrals/"
    narrowed = [f"{api}?state={state}" for state in State] + [f"{api}?number=R-B-000007", f"{api}?project=GL"]
    named = [f"{api}?agency={world.agency.code}&state=won", f"{api}?broker={world.owner.user.username}&state=lost"]
    since = (clock.now() - timedelta(days=1)).isoformat().replace("+", "%2B")
    phone = ReferralPhone.objects.filter(phone__isnull=False)[0].phone_id
    looked_at = {
        world.owner.user: [*portal(world), *narrowed],
        world.manager.user: [*portal(world), f"/portal/clients/?tab=won&broker={world.owner.pk}"],
        world.reception: ["/desk/", *(f"/desk/find/?project=GL&q={seal(q)}" for q in (PHONE, "0042", "r-b-000007"))],
        staff: [f"/admin/leads/referral/?phone={phone}", "/admin/leads/referral/?q=r-b-000007", *narrowed, *named,
                f"{api}?filed_from={since}&state=won"],
    }  # fmt: skip
    found = {}
    for person, addresses in looked_at.items():
        client = Client()
        client.force_login(person)
        for address in addresses:
            found |= explain(f"{person.username} {address}", ask(client, address, {}))
    assert len(found) > 200
    assert {key: one["read"] for key, one in found.items() if one["read"] > MOST} == {}
