"""Reading agencies, brokers and agreements, within what a person may see."""

from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Replace, Upper
from django.urls import reverse

from brokers.models import (
    Agency,
    AgencyGrade,
    Agreement,
    Broker,
    HeldGrade,
    Individual,
    PayoutAccount,
    Programme,
    RecruitingLink,
    Store,
)
from brokers.states import AccountState, AgencyKind, AgencyStatus, AgreementState, Ending, IndividualState
from channels_platform.accounts.models import User
from channels_platform.accounts.permissions import Can, Role
from channels_platform.lib import clock
from projects.models import Project
from projects.selectors import visible_projects
from projects.states import ProjectStatus


def in_force_on(day: date) -> Q:
    """Return the condition that an agreement is in force on a local date of its project."""
    return Q(state=AgreementState.APPROVED, from_on__lte=day) & (
        Q(to_on__isnull=True) | Q(to_on__gte=day) | Q(auto_renew=True)
    )


def spelt(licence_no: str) -> str:
    """Return a licence number as it is kept: without blanks, in capitals."""
    return "".join(licence_no.split()).upper()


def agencies_with_licence(licence_no: str) -> QuerySet[Agency]:
    """Return the agencies of this licence number, however it was once spelt."""
    bare = Upper(Replace("licence_no", Value(" "), Value("")))
    return Agency.objects.alias(bare=bare).filter(bare=spelt(licence_no))


def grade_term(agency: Agency, on: date) -> HeldGrade | None:
    """Return the entry by which an agency holds its grade, or none any more, on a local day; None before the first."""
    return _held_on(on).filter(agency=agency).select_related("agency", "grade").first()


def grade_held(agency: Agency, on: date) -> AgencyGrade | None:
    """Return the grade that an agency holds on a local day."""
    term = grade_term(agency, on)
    return term.grade if term else None


def with_grade(agencies: QuerySet[Agency], on: date) -> QuerySet[Agency]:
    """Return agencies with `grade_code` and `grade_rank`, those of the grade held on a local day, None for none."""
    held = _held_on(on).filter(agency=OuterRef("pk"))
    return agencies.annotate(
        grade_code=Subquery(held.values("grade__code")[:1]), grade_rank=Subquery(held.values("grade__rank")[:1])
    )


def _held_on(day: date) -> QuerySet[HeldGrade]:
    return HeldGrade.objects.filter(from_on__lte=day).order_by("-from_on", "-pk")


def agency_of(user: Any) -> Agency | None:
    """Return the agency that a person of the agency side works for."""
    broker = broker_of(user)
    return broker.agency if broker else None


def broker_of(user: Any) -> Broker | None:
    """Return the person's broker record, or None."""
    return Broker.objects.select_related("agency", "user").filter(user=user).first()


def managers_of(agency: Agency) -> QuerySet[User]:
    """Return the people who manage an agency."""
    return User.objects.filter(role=Role.AGENCY_ADMIN, is_active=True, broker__agency=agency)


def visible_agencies(user: Any) -> QuerySet[Agency]:
    """Return all agencies for staff; one's own for agency people."""
    if getattr(user, "is_agency_side", False):
        return Agency.objects.filter(brokers__user=user)
    return Agency.objects.all()


def visible_brokers(user: Any) -> QuerySet[Broker]:
    """Return all brokers for staff; those of one's own agency for its manager; oneself for a broker."""
    brokers = Broker.objects.select_related("agency", "user", "store")
    if getattr(user, "role", "") == "broker":
        return brokers.filter(user=user)
    if getattr(user, "is_agency_side", False):
        return brokers.filter(agency__brokers__user=user)
    return brokers


def visible_stores(user: Any) -> QuerySet[Store]:
    """Return the stores of the agencies that a person sees."""
    return Store.objects.filter(agency__in=visible_agencies(user).order_by())


def agreements_in_force(*, agency: Agency, on: date) -> QuerySet[Agreement]:
    """Return the agency's agreements in force on `on`."""
    return Agreement.objects.filter(in_force_on(on), agency=agency).select_related("project")


def recruiting_programmes(user: Any) -> QuerySet[Programme]:
    """Return the programmes that a person may recruit for.

    Staff: those of the projects they are assigned to; a confirmed individual: those of the own roof.
    """
    programmes = Programme.objects.select_related("agency", "project")
    if not getattr(user, "is_agency_side", False):
        return programmes.filter(project__in=visible_projects(user))
    broker = broker_of(user)
    if broker is None or not broker.is_active or broker.agency.kind != AgencyKind.COMMUNITY:
        return programmes.none()
    return programmes.filter(agency=broker.agency)


def link_is_open(link: RecruitingLink) -> bool:
    """Whether individuals can sign up by a link now."""
    programme = link.programme
    return (
        link.closed_at is None
        and programme.is_open
        and programme.agency.status == AgencyStatus.ACTIVE
        and programme.project.status in (ProjectStatus.OPEN, ProjectStatus.PAUSED)
    )


def link_address(link: RecruitingLink) -> str:
    """Return the whole address that a link's QR code opens."""
    return f"{settings.SITE_URL}{reverse('sign_up', args=[link.code])}"


def recruits_of(user: Any) -> QuerySet[Individual]:
    """Return those whom a person recruited, the latest first, with how many clients each filed."""
    people = Individual.objects.filter(broker__recruited_by=user).select_related("broker__user", "link__programme")
    filed = Count("broker__referrals", filter=~Q(broker__referrals__state="rejected"))
    return people.annotate(clients=filed).order_by("-signed_up_at", "-pk")


def individual_of(user: Any) -> Individual | None:
    """Return how a person signed up, for one who signed up alone."""
    people = Individual.objects.select_related("broker__user", "link__programme__project", "link__recruiter", "phone")
    return people.filter(broker__user=user).first()


def recruiters(people: QuerySet[Any], projects: QuerySet[Project] | None) -> QuerySet[Any]:
    """Return those of `people` who recruited anybody for the projects (None: all), with what came of it.

    Shape: each with `signed_up_count`, `waiting_count`, `confirmed_count`, and of the clients whom those filed
           `clients_count` (accepted) and `won_count`.
    """
    theirs = Q(recruits__individual__isnull=False)
    if projects is not None:
        theirs &= Q(recruits__individual__link__programme__project__in=projects)
    state, filing = "recruits__individual__state", "recruits__referrals__state"
    counted: QuerySet[Any] = people.annotate(
        signed_up_count=Count("recruits", filter=theirs, distinct=True),
        waiting_count=Count("recruits", filter=theirs & Q(**{state: IndividualState.WAITING}), distinct=True),
        confirmed_count=Count("recruits", filter=theirs & Q(**{state: IndividualState.CONFIRMED}), distinct=True),
        clients_count=Count("recruits__referrals", filter=theirs & ~Q(**{filing: "rejected"}), distinct=True),
        won_count=Count("recruits__referrals", filter=theirs & Q(**{filing: "won"}), distinct=True),
    )
    return counted.filter(signed_up_count__gt=0)


def agreements_holding() -> QuerySet[Agreement]:
    """Return the agreements that hold what their agency has unpaid in their project: ended for interception."""
    return Agreement.objects.filter(ending=Ending.INTERCEPTION, lifted_at__isnull=True)


def agencies_within(user: Any) -> QuerySet[Agency]:
    """Return the agencies that sell, or sold, a project of a member of staff; all where all projects are theirs."""
    if getattr(user, "is_superuser", False) or getattr(user, "all_projects", False):
        return Agency.objects.order_by()
    return Agency.objects.filter(agreements__project__in=visible_projects(user).order_by()).order_by()


def used_by(instant: datetime) -> Q:
    """Return the condition that an account had come into use by an instant, whether stopped since or not."""
    return Q(effective_at__lte=instant) & (Q(state=AccountState.CONFIRMED) | Q(closed_at__gte=F("effective_at")))


def account_in_force(party: Agency | Broker) -> PayoutAccount | None:
    """Return the account that a party's money goes to now; None where there is none, or the last one was stopped."""
    of: dict[str, Any] = {"agency": party} if isinstance(party, Agency) else {"broker": party}
    latest = PayoutAccount.objects.filter(used_by(clock.now()), **of).order_by("-effective_at", "-pk").first()
    return latest if latest is not None and latest.state == AccountState.CONFIRMED else None


def accounts_of(party: Agency | Broker) -> list[Any]:
    """Return a party's accounts, the latest asked first, each with its `shown_state`."""
    of: dict[str, Any] = {"agency": party} if isinstance(party, Agency) else {"broker": party}
    return with_shown_states(PayoutAccount.objects.filter(**of).select_related("agency", "broker__user"))


def with_shown_states(accounts: QuerySet[PayoutAccount]) -> list[Any]:
    """Return accounts with `shown_state`: a confirmed one is `coming`, `used`, or `past` once another is used."""
    now = clock.now()
    later = PayoutAccount.objects.filter(used_by(now), effective_at__gt=OuterRef("effective_at")).filter(
        Q(agency=OuterRef("agency")) | Q(broker=OuterRef("broker"))
    )
    found: list[Any] = list(accounts.annotate(succeeded=Exists(later)))
    for one in found:
        one.shown_state = one.state
        if one.state == AccountState.CONFIRMED:
            one.shown_state = "coming" if one.effective_at > now else "past" if one.succeeded else "used"
    return found


def visible_accounts(user: Any) -> QuerySet[PayoutAccount]:
    """Return payout accounts: one's own, a manager's agency's; for staff with money those of their projects' agencies.

    An agency's are those of its brokers, too, for staff.
    """
    accounts = PayoutAccount.objects.select_related(
        "agency", "broker__user", "broker__agency", "asked_by", "confirmed_by", "closed_by"
    )
    if not getattr(user, "is_agency_side", False):
        if not user.can(Can.SEE_MONEY):
            return accounts.none()
        theirs = agencies_within(user)
        return accounts.filter(Q(agency__in=theirs) | Q(broker__agency__in=theirs))
    broker = broker_of(user)
    if broker is None or not user.can(Can.SEE_OWN_MONEY):
        return accounts.none()
    mine = Q(broker=broker)
    return accounts.filter(mine | Q(agency=broker.agency_id) if user.role == Role.AGENCY_ADMIN else mine)
