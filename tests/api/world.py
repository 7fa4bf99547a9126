"""Two of everything: a side where the people of the matrix work, and one where they do not."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from brokers.models import Agency, AgencyGrade, Broker, Store
from brokers.services.accounts import ask_account
from brokers.services.agencies import create_agency, create_broker
from brokers.services.agreements import approve_agreement, draft_agreement
from brokers.services.joining import application_path
from brokers.services.recruiting import open_link, open_programme
from channels_platform.accounts.models import User
from channels_platform.accounts.permissions import Role
from channels_platform.accounts.services.invitations import issue_invitation
from channels_platform.audit.models import Event
from channels_platform.files.services import keep_file
from channels_platform.jobs.models import Job, PeriodicRun
from channels_platform.lib import clock
from channels_platform.notices.models import Delivery, Notice, Robot
from commissions.models import (
    Accrual,
    Adjustment,
    Advance,
    AdvanceLimit,
    ApprovalRule,
    BankResult,
    ClosedMonth,
    CommissionRun,
    ContestRound,
    LedgerEntry,
    LedgerTransaction,
    Objection,
    ObjectionFile,
    Payee,
    PayeeHold,
    PayoutLine,
    Reconciliation,
    Statement,
    StatementLine,
    WriteOff,
)
from commissions.months import span_of
from commissions.services.contests import draft_contest
from commissions.services.invoices import attach_invoice
from commissions.services.payouts import draft_batch
from commissions.services.plans import approve_plan_version, draft_plan_version
from commissions.services.runs import run_commissions
from leads.models import Claim, ClientSheet, Consultant, PaymentFile, PaymentRow, PaymentSource, RiskSignal
from leads.services.deals import Buyer, contract_deal, subscribe_deal
from leads.services.disputes import ask_side, raise_dispute
from leads.services.filing import file_referral
from leads.services.payments import record_payment
from leads.services.visits import confirm_visit, record_natural_visit
from leads.slips import sign_slip
from projects.models import Holiday, Material, PayingCompany, Permit, Phase, Project
from projects.services.projects import create_project
from projects.services.units import create_unit
from tests.services.brokers.test_individuals import signed_up
from tests.services.brokers.test_joining import applied
from tests.services.leads.disputed import photo

_BANK = {"holder": "x", "bank_name": "Bank", "account": "6222020200012345678"}
STEPS = [{"when": "fully_collected", "fraction": "1"}]
STAFF = [role for role in Role if role not in (Role.AGENCY_ADMIN, Role.BROKER)]


@dataclass
class Side:
    """One project with its company, agency and history. `ids` says what a word in a path may name here."""

    project: Project
    agency: Agency
    owner: Broker
    boss: Broker
    people: dict[str, User]
    ids: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, Any] = field(default_factory=dict)


def build_side(tag: str, phone: str) -> Side:
    manager = User.objects.create_user(f"planner-{tag}", role=Role.MARKETING_MANAGER, all_projects=True)
    second = User.objects.create_user(f"second-{tag}", role=Role.MARKETING_MANAGER, all_projects=True)
    company = PayingCompany.objects.create(code=f"C-{tag}", name=f"Company {tag}")
    rules = {"exclusive_from": "filing", "lead_time_minutes": 0}
    project = create_project(
        actor=manager, code=f"P-{tag}", name=f"Project {tag}", status="open", company=company, policy=rules
    )
    agency = create_agency(actor=manager, code=f"A-{tag}", name=f"Agency {tag}", kind="referral")
    draft = draft_agreement(actor=manager, agency=agency, project=project, from_on=date(2020, 1, 1))
    agreement = approve_agreement(actor=second, agreement=draft)
    owner = create_broker(actor=manager, agency=agency, username=f"owner-{tag}", name="Owner", password="x", store="S")
    boss = create_broker(
        actor=manager, agency=agency, username=f"boss-{tag}", name="Boss", password="x", role=Role.AGENCY_ADMIN
    )
    people = {
        role.value: User.objects.create_user(f"{role.value}-{tag}", password="x", role=role, name=role.value)
        for role in STAFF
    }
    for user in people.values():
        user.projects.add(project)
    people |= {Role.BROKER.value: owner.user, Role.AGENCY_ADMIN.value: boss.user}
    side = Side(project, agency, owner, boss, people)
    _history(side, manager, second, phone)
    side.ids |= {"project": project.code, "project_id": project.pk, "agency": agency.code, "agreement": agreement.pk}
    side.rows |= {
        "projects.project": project.pk,
        "projects.policy": project.policies.get().pk,
        "projects.permit": Permit.objects.create(project=project, number=tag, issued_on=date(2026, 1, 1)).pk,
        "projects.material": Material.objects.create(project=project, name=tag, link="https://example.org/").pk,
        "projects.payingcompany": company.pk,
        "projects.holiday": Holiday.objects.create(company=company, day=date(2026, 10, 1)).pk,
        "commissions.approvalrule": ApprovalRule.objects.create(company=company, from_amount=10**9, approvals=2).pk,
        "notices.robot": Robot.objects.create(
            project=project, name=tag, kind="wecom", address="https://example.org/", created_at=clock.now()
        ).pk,
        "leads.risksignal": RiskSignal.objects.create(
            kind="probing", broker=owner, project=project, evidence={"hours": 24}, once=tag, found_at=clock.now()
        ).pk,
        "notices.delivery": _delivery(project).pk,
        "brokers.agency": agency.pk,
        "brokers.store": Store.objects.get(agency=agency).pk,
        "brokers.broker": owner.pk,
        "brokers.agreement": agreement.pk,
        "accounts.user": people["reception"].pk,
        "audit.event": Event.objects.filter(project_id=project.pk).earliest("pk").pk,
    }
    side.ids |= {"store": side.rows["brokers.store"]}
    _recruits(side, manager, phone)
    _contests(side, manager)
    _months(side, manager)
    return side


def _months(side: Side, manager: User) -> None:
    """Last month, closed; of each payee a statement with a contested line and its file."""
    company, now = side.project.company, clock.now()
    this_month = clock.local_date(now, company.zone).replace(day=1)
    month = (this_month - timedelta(days=1)).replace(day=1)
    starts_at, ends_at = span_of(company, month)
    closed = ClosedMonth.objects.create(
        company=company, month=month, starts_at=starts_at, ends_at=ends_at, answer_by=now + timedelta(days=1),
        issuer={"name": company.name, "address": "", "tax_number": "", "phone": "", "timezone": company.timezone},
        closed_by=manager, closed_at=now,
    )  # fmt: skip
    side.ids |= {"company_code": company.code, "month": closed.pk}
    for prefix, line in (("", side.ids["line"]), ("broker_", side.ids["broker_line"])):
        payee = PayoutLine.objects.get(pk=line).payee
        statement = Statement.objects.create(
            number=f"{prefix}{side.project.code}", closing_of=closed, payee=payee, payee_name=str(payee),
            currency="CNY", issued_at=now,
        )  # fmt: skip
        row = StatementLine.objects.create(
            statement=statement, place=1, project=side.project, deal_id=side.ids["deal"], kind="commission",
            nature="released", explanation={},
        )  # fmt: skip
        objection = Objection.objects.create(line=row, text="x", raised_by=manager, raised_at=now)
        file = keep_file(actor=manager, upload=photo())
        ObjectionFile.objects.create(objection=objection, attachment=file)
        side.ids |= {
            f"{prefix}statement": statement.pk,
            f"{prefix}statement_line": row.pk,
            f"{prefix}statement_file": file.pk,
        }


def _recruits(side: Side, manager: User, phone: str) -> None:
    """Somebody who signed up by a consultant's link and waits."""
    roof = create_agency(actor=manager, code=f"I-{phone}", name="Neighbours", kind="community")
    programme = open_programme(actor=manager, agency=roof, project=side.project)
    recruiter = side.people["consultant"]
    link = open_link(actor=recruiter, programme=programme, recruiter=recruiter)
    individual = signed_up(link, f"1390000{phone[-4:]}")
    side.rows |= {
        "brokers.programme": programme.pk,
        "brokers.recruitinglink": link.pk,
        "brokers.recruiter": recruiter.pk,
        "brokers.individual": individual.pk,
    }


def _by_hand(side: Side, payee: Payee, who: User) -> None:
    """An adjustment with its paper, a limit and an advance; all wait for a decision."""
    asked = {"reason": "x", "asked_by": who, "asked_at": clock.now()}
    of_payee = {"payee": payee, "project": side.project, **asked}
    paper = keep_file(actor=who, upload=photo())
    adjustment = Adjustment.objects.create(number=f"ADJ-{payee.pk}"[:20], amount=1, attachment=paper, **of_payee)
    limit = AdvanceLimit.objects.create(
        agency=side.agency, company=side.project.company, project=side.project, currency="CNY", amount=1, fee_rate=0,
        **asked,
    )  # fmt: skip
    advance = Advance.objects.create(number=f"ADV-{payee.pk}"[:20], amount=1, fee=0, limit=limit, **of_payee)
    side.ids |= {"adjustment": adjustment.pk, "advance": advance.pk, "advance_limit": limit.pk}
    side.rows |= {
        "commissions.adjustment": adjustment.pk,
        "commissions.advance": advance.pk,
        "commissions.advancelimit": limit.pk,
    }


def _contests(side: Side, manager: User) -> None:
    contest = draft_contest(
        actor=manager,
        project=side.project,
        name="Visits",
        measure="visits",
        period="weekly",
        from_on=date(2026, 2, 1),
        to_on=date(2026, 4, 1),
        prizes=["500"],
    )
    over = ContestRound.objects.create(
        contest=contest, from_on=date(2026, 2, 1), to_on=date(2026, 2, 1), proposed_at=clock.now()
    )
    grade, _made = AgencyGrade.objects.get_or_create(code="A", defaults={"name": "Gold", "rank": 1})
    side.rows |= {
        "commissions.contest": contest.pk,
        "commissions.contestround": over.pk,
        "brokers.agencygrade": grade.pk,
    }


def _history(side: Side, manager: User, second: User, phone: str) -> None:
    """A client filed, received, sold to and paid for; a batch drafted; a dispute, a walk-in, an amount owed back."""
    project = side.project
    unit = create_unit(
        actor=manager,
        project=project,
        phase="I",
        building="1",
        number="101",
        area=Decimal(90),
        list_price=Decimal(10**6),
    )
    consultant = Consultant.objects.create(user=side.people["consultant"], project=project)
    side.ids["consultant"] = consultant.pk
    for kind, sender in (("sheet", side.owner), ("boss_sheet", side.boss)):
        job = Job.objects.create(kind="client-sheet", starter=sender.user, created_at=clock.now(), state="done")
        side.ids[kind] = ClientSheet.objects.create(broker=sender, job=job, uploaded_at=clock.now()).pk
    version = draft_plan_version(
        actor=manager, project=project, agency=side.agency, payee="agency", applies_to="referred", basis="price",
        measure="units", period="plan", scope="agency", mode="marginal", tiers=[{"from": "0", "rate": "0.06"}],
        release=dict.fromkeys(("lump_sum", "instalment", "mortgage"), STEPS),
        bonuses=[{"name": "cash", "amount": "3000.00", "to": "broker", "release": "contracted"}],
    )  # fmt: skip
    approve_plan_version(actor=second, version=version, reason="as agreed")
    then = clock.now() - timedelta(days=3)
    with clock.at(then):
        referral = file_referral(actor=None, broker=side.owner, project=project, client_name="x", phones=[phone])
        visit = confirm_visit(actor=None, referral=referral)
    with clock.at(then + timedelta(hours=1)):
        deal = subscribe_deal(
            actor=None, project=project, unit=unit, price=Decimal(10**6), method="lump_sum",
            first_payment_amount=Decimal(0), buyers=[Buyer("x", phone)], consultant=consultant,
        )  # fmt: skip
        contract_deal(actor=None, deal=deal)
        payment = record_payment(actor=None, deal=deal, amount=Decimal(10**6), reference=phone)
    rejected = file_referral(actor=None, broker=side.owner, project=project, client_name="x", phones=["1"])
    dispute = raise_dispute(
        actor=side.boss.user, agency=side.agency, claim_text="ours", referral=rejected, files=[photo()]
    )
    question = ask_side(actor=second, dispute=dispute, referral=rejected, text="Since when?", days=3)
    walk_in = record_natural_visit(actor=None, project=project, phone=phone)
    run_commissions(project=project)
    batch = draft_batch(actor=None, company=project.company)
    payee = Payee.objects.get(agency=side.agency)
    line = batch.lines.get(payee=payee)
    write_off = WriteOff.objects.create(
        payee=payee, project=project, amount=1, reason="x", asked_by=second, asked_at=clock.now()
    )
    invoice = attach_invoice(
        actor=None, line=line, number=phone, amount=line.gross, vat_rate="0.06", attachment=photo()
    )
    _by_hand(side, payee, second)
    reconciliation = Reconciliation.objects.create(
        number=f"REC-{phone}", agency=side.agency, company=project.company, currency="CNY", from_on=then.date(),
        to_on=then.date(), file_name="x", file_digest="x", digest="x", sent_at=then, compared_at=then,
    )  # fmt: skip
    hold = PayeeHold.objects.create(
        payee=payee, project=project, reason="x", set_by=second, from_at=then, until_at=clock.now(), set_at=then
    )
    side.ids |= {
        "hold": hold.pk,
        "referral": referral.pk,
        "deal": deal.pk,
        "dispute": dispute.pk,
        "case": dispute.pk,
        "case_file": dispute.files.get().pk,
        "question": question.pk,
        "version": version.pk,
        "batch": batch.pk,
        "line": line.pk,
        "reconciliation": reconciliation.pk,
        "invoice": invoice.pk,
        "invoice_file": invoice.attachment_id,
        "broker_line": batch.lines.exclude(payee=payee).get().pk,
        "visit": visit.pk,
        "payee": payee.pk,
        "write_off": write_off.pk,
        "broker": side.owner.pk,
        "company": project.company_id,
        "account": ask_account(actor=side.boss.user, party=side.agency, **_BANK).pk,
        "broker_account": ask_account(actor=side.owner.user, party=side.owner, **_BANK).pk,
        "result": BankResult.objects.create(batch=batch, name="x", digest="x", read_at=clock.now()).pk,
        **_payment_file(side, project),
        "slip": sign_slip(referral),
    }
    side.rows |= {
        "projects.unit": unit.pk,
        "projects.phase": Phase.objects.get(project=project).pk,
        "leads.referral": referral.pk,
        "leads.claim": Claim.objects.filter(project=project).earliest("pk").pk,
        "leads.visit": visit.pk,
        "leads.naturalvisit": walk_in.pk,
        "leads.deal": deal.pk,
        "leads.payment": payment.pk,
        "leads.dispute": dispute.pk,
        "leads.consultant": consultant.pk,
        "commissions.plan": version.plan_id,
        "commissions.planversion": version.pk,
        "commissions.accrual": Accrual.objects.filter(project=project).earliest("pk").pk,
        "commissions.ledgertransaction": LedgerTransaction.objects.filter(project=project).earliest("pk").pk,
        "commissions.ledgerentry": LedgerEntry.objects.filter(project=project).earliest("pk").pk,
        "commissions.payoutbatch": batch.pk,
        "commissions.commissionrun": CommissionRun.objects.filter(project=project).earliest("started_at").pk,
    }


def _payment_file(side: Any, project: Project) -> dict[str, Any]:
    """A file of payments of which a row waits for a person."""
    source = PaymentSource.objects.create(project=project, name="Bank", changed_at=clock.now())
    file = PaymentFile.objects.create(project=project, source=source, name="x", digest="x", read_at=clock.now())
    row = PaymentRow.objects.create(
        file=file, project=project, number=2, amount=Decimal(7), kind="own", received="2026-03-02", reference="W-1",
        state="waiting", fault="no_deal",
    )  # fmt: skip
    return {"payment_source": source.pk, "payment_file": file.pk, "payment_row": row.pk}


@dataclass
class World:
    near: Side
    far: Side
    jobs: dict[str, Any]
    notices: dict[str, Any]
    invitation: str
    application: str

    def named(self, kind: str, *, role: str, where: str) -> Any:
        """Return what a path names: the caller's own, another's (`far`), or nothing at all (`missing`)."""
        if kind in ("line", "account", "statement", "statement_line", "statement_file") and role == Role.BROKER:
            kind = f"broker_{kind}"
        if kind == "sheet" and role == Role.AGENCY_ADMIN:
            kind = "boss_sheet"
        if kind == "job":
            other = Role.MARKETING if role != Role.MARKETING else Role.AUDITOR
            return {"near": self.jobs[role], "far": self.jobs[other.value], "missing": uuid4()}[where]
        if kind == "notice" and where != "missing":
            other = Role.MARKETING if role != Role.MARKETING else Role.AUDITOR
            return self.notices[role if where == "near" else other.value]
        if where == "missing":
            return "NONE" if kind in ("project", "agency", "slip", "company_code") else uuid4()
        return (self.near if where == "near" else self.far).ids[kind]


def _delivery(project: Project) -> Delivery:
    told = Notice.objects.create(
        recipient=User.objects.filter(is_active=True)[0],
        kind="referral.filed",
        project_id=project.pk,
        facts={"project": "x"},
        created_at=clock.now(),
    )
    return Delivery.objects.create(notice=told, channel="mail", due_at=clock.now())


def _applied(near: Side) -> str:
    """An agency that wants to join; return the token of its page."""
    application = applied()
    near.rows |= {"brokers.agencyapplication": application.pk}
    return application_path(application).split("/")[2]


def build_world() -> World:
    near, far = build_side("near", "13800000001"), build_side("far", "13800000002")
    jobs = {
        role: Job.objects.create(kind="x", starter=user, created_at=clock.now(), state="done").pk
        for role, user in near.people.items()
    }
    notices = {
        role: Notice.objects.create(
            recipient=user, kind="referral.filed", facts={"project": "x"}, created_at=clock.now()
        ).pk
        for role, user in near.people.items()
    }
    run = PeriodicRun.objects.create(job="x", period="x", started_at=clock.now())
    near.rows |= {"jobs.periodicrun": run.pk}
    invited = User.objects.create(username="invited", role=Role.BROKER)
    return World(near, far, jobs, notices, issue_invitation(user=invited, actor=None), _applied(near))
