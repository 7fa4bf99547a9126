"""Who may enter which page: the role's own (200), not the role's (403), not one's object (404), unknown (sign in)."""

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from channels_platform.accounts.permissions import Role
from commissions.models import PayoutLine
from leads.services.visits import confirm_visit
from tests.pages.money import draft_payout, give_plan, sell
from tests.pages.world import make_world, staff

pytestmark = pytest.mark.django_db

AGENCY, MANAGER = {"broker", "agency_admin"}, {"agency_admin"}
FRONT, SALES = {"reception", "marketing_manager"}, {"marketing", "marketing_manager", "consultant"}
PAGES = {
    "portal:home": AGENCY,
    "portal:read_notices": AGENCY,
    "portal:referrals": AGENCY,
    "portal:clients_export": AGENCY,
    "portal:file": AGENCY,
    "portal:referral": AGENCY,
    "portal:filed": AGENCY,
    "portal:slip": AGENCY,
    "portal:slip_pdf": AGENCY,
    "portal:phone": AGENCY,
    "portal:withdraw": AGENCY,
    "portal:contest": AGENCY,
    "portal:brokers": MANAGER,
    "portal:broker_new": MANAGER,
    "portal:broker": MANAGER,
    "portal:broker_invitation": MANAGER,
    "portal:broker_switch": MANAGER,
    "portal:money": AGENCY,
    "portal:statements": AGENCY,
    "portal:statement": AGENCY,
    "portal:statement_file": AGENCY,
    "desk:today": FRONT | SALES,
    "desk:find": FRONT,
    "desk:slip": FRONT | SALES,
    "desk:natural_visit": FRONT,
    "desk:referral": FRONT | SALES,
    "desk:confirm": FRONT,
    "desk:assign": FRONT,
    "desk:slip_pdf": FRONT | SALES,
    "desk:visit": FRONT,
    "desk:deals": SALES,
    "desk:deal_new": SALES,
    "desk:deal": SALES,
}
WITHOUT_OBJECT = {
    "portal:home",
    "portal:read_notices",
    "portal:referrals",
    "portal:clients_export",
    "portal:file",
    "portal:brokers",
    "portal:broker_new",
    "portal:money",
    "portal:statements",
    "desk:today",
    "desk:find",
    "desk:natural_visit",
    "desk:deals",
    "desk:deal_new",
}
POST_ONLY = {"portal:broker_invitation", "portal:read_notices"}


def names(patterns, prefix=""):
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix
            yield from names(pattern.url_patterns, inner)
        elif isinstance(pattern, URLPattern) and pattern.name:
            yield f"{prefix}{pattern.name}"


def test_every_portal_and_desk_address_is_in_the_table():
    ours = {name for name in names(get_resolver().url_patterns) if name.startswith(("portal:", "desk:"))}
    assert ours == set(PAGES)


@pytest.fixture
def addresses(db):
    from django.urls import reverse

    from leads.slips import sign_slip

    world = make_world()
    give_plan(world)
    give_plan(world, "broker")
    deal = sell(world)
    draft_payout(world)
    referral = world.file(phone="13900001212")
    visit = confirm_visit(actor=world.reception, referral=referral)
    Deal = type(deal)
    Deal.objects.filter(pk=deal.pk).update(consultant=world.consultant)
    line = PayoutLine.objects.get(payee__broker=world.owner)
    keys = {
        "portal:broker": world.owner.pk,
        "portal:broker_invitation": world.owner.pk,
        "portal:broker_switch": world.owner.pk,
        "portal:statement": line.pk,
        "portal:statement_file": line.pk,
        "desk:slip": sign_slip(referral),
        "desk:visit": visit.pk,
        "desk:deal": deal.pk,
    }
    found = {
        name: reverse(name, args=[] if name in WITHOUT_OBJECT else [keys.get(name, referral.pk)]) for name in PAGES
    }
    people = {
        "broker": world.owner.user,
        "agency_admin": world.manager.user,
        "reception": world.reception,
        "consultant": world.consultant.user,
        "marketing_manager": world.site_manager,
        **{
            role: staff(f"the-{role}", role, world.project)
            for role in (Role.MARKETING, Role.FINANCE, Role.FINANCE_APPROVER, Role.AUDITOR)
        },
    }
    return world, found, people


def ask(client, name, address):
    return client.post(address) if name in POST_ONLY else client.get(address)


def test_each_role_enters_its_own_pages_and_no_other(addresses):
    _world, found, people = addresses
    wrong = []
    for role, user in people.items():
        client = Client()
        client.force_login(user)
        for name, address in found.items():
            status = ask(client, name, address).status_code
            allowed = role in PAGES[name]
            own_line = name not in ("portal:statement", "portal:statement_file") or role != "agency_admin"
            expected = ((200, 302) if own_line else (404,)) if allowed else (403,)
            if status not in expected:
                wrong.append((role, name, status))
    assert wrong == []


def test_another_agency_and_another_site_find_nothing(addresses):
    from tests.pages.world import broker, make_project

    world, found, _people = addresses
    rival_manager = broker(world.rival, "rival-manager", "Zhou", Role.AGENCY_ADMIN)
    hill = make_project(world.project.company, code="HILL", name="Green Hill")
    other_site = staff("elsewhere", Role.MARKETING_MANAGER, hill)
    wrong = []
    for user, face in ((rival_manager.user, "portal:"), (other_site, "desk:")):
        client = Client()
        client.force_login(user)
        for name, address in found.items():
            if name.startswith(face) and name not in WITHOUT_OBJECT:
                status = ask(client, name, address).status_code
                if status != 404:
                    wrong.append((name, status))
    assert wrong == []


def test_missing_objects_are_not_found(addresses):
    from uuid import uuid4

    _world, found, people = addresses
    pages = {name: a for name, a in found.items() if name not in WITHOUT_OBJECT and name != "desk:slip"}
    for name, address in pages.items():
        parts = address.split("/")
        place = next(i for i, part in enumerate(parts) if part.count("-") == 4)
        parts[place] = str(uuid4())
        client = Client()
        client.force_login(people["agency_admin" if name.startswith("portal:") else "marketing_manager"])
        assert ask(client, name, "/".join(parts)).status_code == 404, name


def test_strangers_are_asked_to_sign_in(addresses):
    _world, found, _people = addresses
    for name, address in found.items():
        answer = ask(Client(), name, address)
        assert answer.status_code == 302, name
        assert answer["Location"].startswith("/accounts/login/"), name


def test_broker_without_a_record_has_no_portal(db):
    client = Client()
    client.force_login(staff("nobody", Role.BROKER))
    assert client.get("/portal/").status_code == 403
