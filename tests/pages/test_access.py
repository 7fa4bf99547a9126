"""Who may enter which page: the role's own (200), not the role's (403), not one's object (404), unknown (sign in)."""

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from brokers.models import Store
from brokers.services.accounts import ask_account
from channels_platform.accounts.permissions import Role
from channels_platform.jobs.models import Job
from channels_platform.lib import clock
from commissions.models import ObjectionFile, PayoutLine
from commissions.services.invoices import attach_invoice
from commissions.services.statements import contest_lines
from leads.models import ClientSheet
from leads.services.disputes import ask_side, raise_dispute
from leads.services.visits import confirm_visit
from tests.pages.money import compared_by, draft_payout, give_plan, own_month, sell
from tests.pages.papers import paper_of
from tests.pages.world import make_world, staff
from tests.services.leads.disputed import photo

pytestmark = pytest.mark.django_db

AGENCY, MANAGER = {"broker", "agency_admin"}, {"agency_admin"}
FRONT, SALES = {"reception", "marketing_manager"}, {"marketing", "marketing_manager", "consultant"}
PAGES = {
    "portal:home": AGENCY,
    "portal:referrals": AGENCY,
    "portal:clients_export": AGENCY,
    "portal:file": AGENCY,
    "portal:read_chat": AGENCY,
    "portal:kept": AGENCY,
    "portal:kept_who": AGENCY,
    "portal:sheet_new": AGENCY,
    "portal:sheet_template": AGENCY,
    "portal:sheet": AGENCY,
    "portal:sheet_csv": AGENCY,
    "portal:sheet_xlsx": AGENCY,
    "portal:ranking": AGENCY,
    "portal:contest_standings": AGENCY,
    "portal:referral": AGENCY,
    "portal:client_now": AGENCY,
    "portal:filed": AGENCY,
    "portal:slip": AGENCY,
    "portal:slip_pdf": AGENCY,
    "portal:arrived": AGENCY,
    "portal:phone": AGENCY,
    "portal:withdraw": AGENCY,
    "portal:contest": AGENCY,
    "portal:dispute": AGENCY,
    "portal:dispute_answer": AGENCY,
    "portal:dispute_appeal": AGENCY,
    "portal:dispute_file": AGENCY,
    "portal:brokers": MANAGER,
    "portal:broker_new": MANAGER,
    "portal:broker": MANAGER,
    "portal:broker_invitation": MANAGER,
    "portal:broker_switch": MANAGER,
    "portal:broker_store": MANAGER,
    "portal:broker_sheet": MANAGER,
    "portal:broker_sheet_template": MANAGER,
    "portal:broker_successor": MANAGER,
    "portal:stores": MANAGER,
    "portal:store_new": MANAGER,
    "portal:store": MANAGER,
    "portal:store_close": MANAGER,
    "portal:money": AGENCY,
    "portal:advances": MANAGER,
    "portal:account": AGENCY,
    "portal:agency_account": MANAGER,
    "portal:identity": AGENCY,
    "portal:account_stop": AGENCY,
    "portal:statements": AGENCY,
    "portal:statement": AGENCY,
    "portal:statement_file": AGENCY,
    "portal:invoices": MANAGER,
    "portal:credit_note": MANAGER,
    "portal:invoice_file": MANAGER,
    "portal:reconciliations": MANAGER,
    "portal:reconciliation_new": MANAGER,
    "portal:reconciliation": MANAGER,
    "portal:reconciliation_xlsx": MANAGER,
    "portal:months": AGENCY,
    "portal:month": AGENCY,
    "portal:month_pdf": AGENCY,
    "portal:month_xlsx": AGENCY,
    "portal:month_contest": AGENCY,
    "portal:month_evidence": AGENCY,
    "desk:today": FRONT | SALES,
    "desk:board": FRONT | SALES,
    "desk:find": FRONT,
    "desk:scan": FRONT,
    "desk:slip": FRONT | SALES,
    "desk:natural_visit": FRONT,
    "desk:duty": FRONT | SALES,
    "desk:duty_switch": FRONT | SALES,
    "desk:roster": FRONT | SALES,
    "desk:care": SALES,
    "desk:leave": {"marketing", "marketing_manager"},
    "desk:take": {"consultant"},
    "desk:follow_up": SALES,
    "desk:referral": FRONT | SALES,
    "desk:confirm": FRONT,
    "desk:code": FRONT,
    "desk:assign": FRONT,
    "desk:slip_pdf": FRONT | SALES,
    "desk:visit": FRONT,
    "desk:sign": FRONT,
    "desk:sheet": FRONT,
    "desk:paper": FRONT | SALES,
    "desk:deals": SALES,
    "desk:deal_new": SALES,
    "desk:deal": SALES,
}
WITHOUT_OBJECT = {
    "portal:home",
    "portal:referrals",
    "portal:clients_export",
    "portal:file",
    "portal:read_chat",
    "portal:kept",
    "portal:kept_who",
    "portal:sheet_new",
    "portal:sheet_template",
    "portal:ranking",
    "portal:contest_standings",
    "portal:brokers",
    "portal:broker_new",
    "portal:broker_sheet",
    "portal:broker_sheet_template",
    "portal:stores",
    "portal:store_new",
    "portal:money",
    "portal:advances",
    "portal:account",
    "portal:agency_account",
    "portal:identity",
    "portal:statements",
    "portal:invoices",
    "portal:reconciliations",
    "portal:reconciliation_new",
    "portal:months",
    "desk:today",
    "desk:board",
    "desk:find",
    "desk:scan",
    "desk:natural_visit",
    "desk:duty",
    "desk:roster",
    "desk:care",
    "desk:deals",
    "desk:deal_new",
}
# What here is the broker's own, not the agency manager's.
BROKERS_OWN = {
    "portal:account_stop",
    "portal:statement",
    "portal:statement_file",
    "portal:sheet",
    "portal:sheet_csv",
    "portal:sheet_xlsx",
    "portal:month",
    "portal:month_pdf",
    "portal:month_xlsx",
    "portal:month_contest",
    "portal:month_evidence",
}
# Sent empty, these say what is missing.
OPENED = {"desk:sign": (422,), "desk:sheet": (422,)}
POST_ONLY = {
    "portal:arrived",
    "portal:broker_invitation",
    "portal:read_chat",
    "desk:duty_switch",
    "desk:sign",
    "desk:sheet",
    "desk:take",
}
# What managers don't do themselves.
CONSULTANTS_ACT = {"desk:take"}


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
    payout = PayoutLine.objects.get(payee__broker=world.owner)
    line = PayoutLine.objects.get(payee__agency=world.agency)
    invoice = attach_invoice(
        actor=None, line=line, number="INV-1", amount=line.gross, vat_rate="0.06", attachment=photo()
    )
    compared = compared_by(world.manager.user, world.project.company)
    job = Job.objects.create(kind="client-sheet", starter=world.owner.user, created_at=clock.now(), state="done")
    sheet = ClientSheet.objects.create(broker=world.owner, job=job, uploaded_at=clock.now())
    refused = world.file(phone="1")
    dispute = raise_dispute(
        actor=world.owner.user, agency=world.agency, referral=refused, claim_text="Ours.", files=[photo()]
    )
    question = ask_side(actor=world.site_manager, dispute=dispute, referral=refused, text="Since when?", days=3)
    month = own_month(world)
    line = month.lines.first()
    contest_lines(actor=world.owner.user, statement=month, lines=[line.pk], text="No.", files=[photo()])
    evidence = ObjectionFile.objects.get().attachment_id
    store = Store.objects.create(agency=world.agency, name="West Gate")
    keys = {
        "portal:dispute": dispute.pk,
        "portal:dispute_answer": (dispute.pk, question.pk),
        "portal:dispute_appeal": dispute.pk,
        "portal:dispute_file": (dispute.pk, dispute.files.get().pk),
        "portal:sheet": sheet.pk,
        "portal:sheet_csv": sheet.pk,
        "portal:sheet_xlsx": sheet.pk,
        "portal:broker": world.owner.pk,
        "portal:broker_invitation": world.owner.pk,
        "portal:broker_switch": world.owner.pk,
        "portal:broker_store": world.owner.pk,
        "portal:broker_successor": world.owner.pk,
        "portal:store": store.pk,
        "portal:store_close": store.pk,
        "portal:account_stop": ask_account(
            actor=world.owner.user, party=world.owner, holder="Lin", bank_name="Bank", account="6222020200012345"
        ).pk,
        "portal:statement": payout.pk,
        "portal:statement_file": payout.pk,
        **dict.fromkeys(("portal:reconciliation", "portal:reconciliation_xlsx"), compared.pk),
        "portal:credit_note": invoice.pk,
        "portal:invoice_file": (invoice.pk, invoice.attachment_id),
        "portal:month": month.pk,
        "portal:month_pdf": month.pk,
        "portal:month_xlsx": month.pk,
        "portal:month_contest": (month.pk, line.pk),
        "portal:month_evidence": (month.pk, evidence),
        "desk:slip": sign_slip(referral),
        "desk:visit": visit.pk,
        "desk:sign": visit.pk,
        "desk:sheet": visit.pk,
        "desk:paper": paper_of(visit).pk,
        "desk:duty_switch": world.consultant.pk,
        "desk:leave": world.consultant.pk,
        "desk:deal": deal.pk,
    }
    found = {name: reverse(name, args=_args(keys.get(name, referral.pk), name)) for name in PAGES}
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


def _args(key, name):
    if name in WITHOUT_OBJECT:
        return []
    return list(key) if isinstance(key, tuple) else [key]


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
            own = name not in BROKERS_OWN or role != "agency_admin"
            expected = ((200, 302, *OPENED.get(name, ())) if own else (404,)) if allowed else (403,)
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
            if name.startswith(face) and name not in WITHOUT_OBJECT | CONSULTANTS_ACT:
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
        on_site = "consultant" if name in CONSULTANTS_ACT else "marketing_manager"
        client.force_login(people["agency_admin" if name.startswith("portal:") else on_site])
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
