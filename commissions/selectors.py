"""Reading money, within what a person may see: own money for agency people, their projects' for staff."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import DateField, DecimalField, Exists, F, Func, OuterRef, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce

from channels_platform.accounts.permissions import Can, Role
from commissions.holds import Hold, hold_of, holds_in_force
from commissions.models import (
    Accrual,
    Adjustment,
    Advance,
    AdvanceLimit,
    Invoice,
    LedgerCheck,
    LedgerEntry,
    Payee,
    PayeeHold,
    PayoutBatch,
    PayoutLine,
    PlanVersion,
    Repayment,
    WriteOff,
)
from commissions.states import Account, BatchState, LineState
from projects.models import PayingCompany, Project
from projects.selectors import visible_projects

_MONEY = DecimalField(max_digits=18, decimal_places=4)
_REQUEST = ("payee__agency", "payee__broker__user", "payee__broker__agency", "project", "asked_by", "decided_by")
_NOTHING = Value(Decimal(0), output_field=_MONEY)


@dataclass(frozen=True, slots=True)
class Balance:
    """A payee's six figures in a project: earned = pending + retained + payable + paid + tax.

    `hold`: what keeps `payable` from being paid, where it is above 0.
    Units: amounts in the project's currency.
    """

    payee: Payee
    project: Project
    earned: Decimal
    pending: Decimal
    retained: Decimal
    payable: Decimal
    paid: Decimal
    tax: Decimal
    hold: Hold | None = None

    @property
    def held(self) -> Decimal:
        """What of `payable` waits for the hold to be lifted."""
        return self.payable if self.hold is not None and self.payable > 0 else Decimal(0)


def visible_payees(user: Any) -> QuerySet[Payee]:
    """Return whose money a person may see: one's own, a manager one's agency's, staff with money everybody's."""
    payees = Payee.objects.select_related("agency", "broker__user", "broker__agency")
    if getattr(user, "is_agency_side", False):
        broker = getattr(user, "broker", None)
        if broker is None or not user.can(Can.SEE_OWN_MONEY):
            return payees.none()
        mine = Q(broker=broker)
        return payees.filter(mine | Q(agency=broker.agency_id) if user.role == Role.AGENCY_ADMIN else mine)
    return payees if user.can(Can.SEE_MONEY) else payees.none()


def commissions(
    user: Any,
    *,
    project: Project | None = None,
    deal: UUID | None = None,
    agency: UUID | None = None,
    broker: UUID | None = None,
    month: date | None = None,
) -> QuerySet[Accrual]:
    """Return commission lines. `month` (its first day) is the contract's local month; `agency` takes in its brokers."""
    lines = Accrual.objects.select_related(
        "project", "deal", "payee__agency", "payee__broker__user", "referral", "version__plan"
    )
    lines = _mine(lines, user)
    if project is not None:
        lines = lines.filter(project=project)
    if deal is not None:
        lines = lines.filter(deal=deal)
    if agency is not None:
        lines = lines.filter(Q(payee__agency=agency) | Q(payee__broker__agency=agency))
    if broker is not None:
        lines = lines.filter(payee__broker=broker)
    if month is not None:
        local_day = Func(
            F("project__timezone"),
            F("deal__contracted_at"),
            template="timezone(%(expressions)s)::date",
            output_field=DateField(),
        )
        lines = lines.annotate(contracted_on=local_day).filter(
            contracted_on__gte=month.replace(day=1), contracted_on__lt=_next_month(month)
        )
    return lines


def entries(user: Any, *, payee: Payee | None = None, project: Project | None = None) -> QuerySet[LedgerEntry]:
    """Return ledger entries, newest first, with what explains them."""
    found = LedgerEntry.objects.select_related(
        "transaction", "transaction__line__batch", "project", "payee", "deal", "referral", "version__plan"
    )
    found = _mine(found, user)
    if payee is not None:
        found = found.filter(payee=payee)
    if project is not None:
        found = found.filter(project=project)
    return found


def balances(
    user: Any,
    *,
    project: Project | None = None,
    company: PayingCompany | None = None,
    agency: UUID | None = None,
    payee: Payee | None = None,
) -> list[Balance]:
    """Return what each payee has in each project, from the ledger; those with nothing but zeros are left out.

    Shape: by project code, then payee.
    """
    found = entries(user, payee=payee, project=project)
    if company is not None:
        found = found.filter(project__company=company)
    if agency is not None:
        found = found.filter(Q(payee__agency=agency) | Q(payee__broker__agency=agency))
    sums: list[Any] = list(found.select_related(None).order_by().values("payee", "project").annotate(**_six_figures()))
    sums = [row for row in sums if any(row[account.value] for account in Account)]
    payees = Payee.objects.select_related("agency", "broker__user", "broker__agency").in_bulk(
        {row["payee"] for row in sums}
    )
    projects = Project.objects.in_bulk({row["project"] for row in sums})
    holds = holds_in_force()
    rows = [
        Balance(
            payee=payees[row["payee"]],
            project=projects[row["project"]],
            earned=-row["expense"],
            pending=row["pending"],
            retained=row["retained"],
            payable=row["payable"],
            paid=row["paid"],
            tax=row["tax"],
            hold=hold_of(payees[row["payee"]], projects[row["project"]], holds),
        )
        for row in sums
    ]
    return sorted(rows, key=lambda row: (row.project.code, str(row.payee), str(row.payee.pk)))


def visible_plan_versions(user: Any) -> QuerySet[PlanVersion]:
    """Return plan versions of a member of staff's projects; none for agency people."""
    versions = PlanVersion.objects.select_related("plan__project", "plan__agency", "author", "approved_by")
    if getattr(user, "is_agency_side", False) or not user.can(Can.SEE_MONEY):
        return versions.none()
    return _in_projects(versions, user, "plan__project")


def visible_companies(user: Any) -> QuerySet[PayingCompany]:
    """Return the paying companies whose projects the person may all see: a batch pays for all of them."""
    companies = PayingCompany.objects.all()
    if getattr(user, "is_agency_side", False) or not user.can(Can.SEE_MONEY):
        return companies.none()
    if _sees_all(user):
        return companies
    others = Project.objects.exclude(pk__in=visible_projects(user).order_by().values("pk"))
    mine = visible_projects(user).order_by().values("company")
    return companies.filter(pk__in=mine).exclude(pk__in=others.order_by().values("company"))


def visible_batches(user: Any) -> QuerySet[PayoutBatch]:
    """Return payout batches of the companies a member of staff sees; none for agency people."""
    batches = PayoutBatch.objects.select_related(
        "company", "prepared_by", "submitted_by", "approved_by", "closed_by", "reissue_of"
    )
    return batches.filter(company__in=visible_companies(user).order_by())


def visible_lines(user: Any) -> QuerySet[PayoutLine]:
    """Return payout lines: one's own, or those of the batches a member of staff sees."""
    lines = PayoutLine.objects.select_related("batch__company", "payee__agency", "payee__broker__user")
    if getattr(user, "is_agency_side", False):
        return lines.filter(payee__in=visible_payees(user).order_by()).exclude(state=LineState.VOID)
    return lines.filter(batch__in=visible_batches(user).order_by())


def counted_lines() -> Q:
    """Return the condition that a line counts in its batch: those that left it, held or left out, do not."""
    return Q(left_at__isnull=True)


def lines_that_count(batch: PayoutBatch) -> QuerySet[PayoutLine]:
    """Return the lines that a batch pays, or would have paid."""
    return PayoutLine.objects.filter(counted_lines(), batch=batch)


def line_entries(line: PayoutLine) -> QuerySet[LedgerEntry]:
    """Return the payable entries that a line took: the deals behind it."""
    return (
        LedgerEntry.objects.filter(payouts__line=line)
        .select_related("project", "deal", "referral", "version__plan", "transaction")
        .order_by("project__code", "deal__number", "id")
    )


def lacking_invoices(lines: QuerySet[PayoutLine]) -> QuerySet[PayoutLine]:
    """Narrow to agencies' open lines without an invoice of their amount, in batches that still wait for one."""
    waiting = lines.filter(
        state=LineState.OPEN,
        payee__agency__isnull=False,
        batch__state__in=[BatchState.DRAFT, BatchState.SUBMITTED],
    )
    invoiced = Invoice.objects.filter(line=OuterRef("pk"), live=True, amount=OuterRef("gross"))
    return waiting.filter(~Exists(invoiced))


def live_invoices(batch: PayoutBatch) -> dict[UUID, Invoice]:
    """Return the batch's invoices by line."""
    return {invoice.line_id: invoice for invoice in Invoice.objects.filter(line__batch=batch, live=True)}


def visible_repayments(user: Any) -> QuerySet[Repayment]:
    return _mine(Repayment.objects.select_related("payee", "project", "recorded_by"), user)


def visible_write_offs(user: Any) -> QuerySet[WriteOff]:
    return _mine(WriteOff.objects.select_related("payee", "project", "asked_by", "decided_by"), user)


def visible_adjustments(user: Any) -> QuerySet[Adjustment]:
    return _mine(Adjustment.objects.select_related(*_REQUEST, "attachment"), user)


def visible_advances(user: Any) -> QuerySet[Advance]:
    return _mine(Advance.objects.select_related(*_REQUEST, "limit"), user)


def visible_advance_limits(user: Any) -> QuerySet[AdvanceLimit]:
    """Return limits of projects that a member of staff sees, and those of whole companies that they do; else none."""
    limits = AdvanceLimit.objects.select_related("agency", "company", "project", "asked_by", "decided_by")
    if getattr(user, "is_agency_side", False) or not user.can(Can.SEE_MONEY):
        return limits.none()
    of_company = Q(project__isnull=True, company__in=visible_companies(user).order_by())
    return limits.filter(of_company | Q(project__in=visible_projects(user).order_by()))


def visible_checks(user: Any) -> QuerySet[LedgerCheck]:
    """Return the proofs of the ledger; none for agency people."""
    checks = LedgerCheck.objects.select_related("asked_by")
    return checks if user.can(Can.SEE_MONEY) else checks.none()


def visible_differences(user: Any, check: LedgerCheck) -> list[dict[str, Any]]:
    """Return what a check found in the projects a person sees; what is of no one project, to who sees all."""
    if _sees_all(user):
        return list(check.differences)
    mine = {str(pk) for pk in visible_projects(user).order_by().values_list("pk", flat=True)}
    return [one for one in check.differences if one["project"] in mine]


def visible_holds(user: Any) -> QuerySet[PayeeHold]:
    """Return the holds by hand in a member of staff's projects, and those in all projects; none for agency people."""
    holds = PayeeHold.objects.select_related(
        "project", "payee__agency", "payee__broker__user", "payee__broker__agency", "set_by", "lifted_by"
    )
    if getattr(user, "is_agency_side", False) or not user.can(Can.SEE_MONEY):
        return holds.none()
    if _sees_all(user):
        return holds
    return holds.filter(Q(project__isnull=True) | Q(project__in=visible_projects(user).order_by()))


def _mine(rows: QuerySet[Any], user: Any) -> QuerySet[Any]:
    if getattr(user, "is_agency_side", False):
        return rows.filter(payee__in=visible_payees(user).order_by())
    if not user.can(Can.SEE_MONEY):
        return rows.none()
    return _in_projects(rows, user, "project")


def _in_projects(rows: QuerySet[Any], user: Any, path: str) -> QuerySet[Any]:
    return rows if _sees_all(user) else rows.filter(**{f"{path}__in": visible_projects(user).order_by()})


def _sees_all(user: Any) -> bool:
    return bool(getattr(user, "is_superuser", False) or getattr(user, "all_projects", False))


def _six_figures() -> dict[str, Coalesce]:
    return {
        account.value: Coalesce(Sum("amount", filter=Q(account=account)), _NOTHING, output_field=_MONEY)
        for account in Account
    }


def _next_month(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
