"""Reading agencies, brokers and agreements, within what a person may see."""

from datetime import date
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Replace, Upper

from brokers.models import Agency, AgencyGrade, Agreement, Broker, HeldGrade, Store
from brokers.states import AgreementState


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
