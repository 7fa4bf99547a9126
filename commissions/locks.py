"""What commission locks, in one place and always in this order: run, plans, company, batch, lines, agreements, papers,
ledger.

Advisory locks last until the transaction ends. They stand for work on a whole project, so that a run of seconds holds
up neither an edit of the project nor a new deal.
"""

from collections.abc import Iterable
from uuid import UUID

from django.db import connection

from commissions.models import LedgerSeal, PayoutBatch
from commissions.models.ledger import POSTING_LOCK
from projects.models import PayingCompany

_RUN = 7_401
_PLANS = 7_402
_SEALS = 7_404
_PAPERS = 7_405

_AGREEMENTS = """
WITH behind AS MATERIALIZED (
    SELECT DISTINCT coalesce(p.agency_id, b.agency_id) AS agency_id, e.project_id
    FROM commissions_payoutline l
    JOIN commissions_payee p ON p.id = l.payee_id
    LEFT JOIN brokers_broker b ON b.id = p.broker_id
    JOIN commissions_payoutentry i ON i.line_id = l.id AND i.live
    JOIN commissions_ledgerentry e ON e.id = i.entry_id
    WHERE l.batch_id = %s
)
SELECT a.id FROM brokers_agreement a JOIN behind USING (agency_id, project_id) ORDER BY a.id FOR SHARE OF a
"""


def lock_run(project_id: UUID) -> None:
    """Wait until no other run works on the project: longer than statements usually may, as runs take their time."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '10min'")
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_RUN, str(project_id)])
        cursor.execute("SET LOCAL lock_timeout TO DEFAULT")


def try_lock_run(project_id: UUID) -> bool:
    """Take the project's run if nobody has it; say whether it was taken."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, hashtext(%s))", [_RUN, str(project_id)])
        return bool(cursor.fetchone()[0])


def lock_plans(project_id: UUID, agency_id: UUID) -> None:
    """Let one approval at a time decide which series an agency has in a project."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_PLANS, f"{project_id}:{agency_id}"])


def lock_company(company_id: UUID) -> PayingCompany:
    """Hold a paying company: its drafts, and what decides a month's tax, one at a time."""
    return PayingCompany.objects.select_for_update(no_key=True).get(pk=company_id)


def lock_batch(batch_id: UUID) -> PayoutBatch:
    """Hold a batch, after its company.

    Raises: PayoutBatch.DoesNotExist.
    """
    company_id = PayoutBatch.objects.values_list("company_id", flat=True).get(pk=batch_id)
    lock_company(company_id)
    return PayoutBatch.objects.select_for_update(no_key=True, of=("self",)).select_related("company").get(pk=batch_id)


def lock_agreements(batch_id: UUID) -> None:
    """Let no agreement behind a batch's lines end before the transaction does: who ends one waits."""
    with connection.cursor() as cursor:
        cursor.execute(_AGREEMENTS, [batch_id])


def lock_papers(issuers: Iterable[UUID]) -> None:
    """Let one at a time number an issuer's invoices and credit notes, whichever company they are for."""
    with connection.cursor() as cursor:
        for agency_id in sorted(issuers):
            cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_PAPERS, str(agency_id)])


def join_posting() -> None:
    """Hold the ledger as who posts does, before ids are drawn: its own triggers do so only as rows come."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s, %s)", POSTING_LOCK)


def lock_posting() -> None:
    """Wait until nobody is posting, ten seconds at most; who comes next waits for us.

    Raises: OperationalError where somebody posts longer than that.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '10s'")
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", POSTING_LOCK)
        cursor.execute("SET LOCAL lock_timeout TO DEFAULT")


def lock_last_seal() -> LedgerSeal | None:
    """Make one seal at a time; return the last, None before the first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", [_SEALS])
    return LedgerSeal.objects.order_by("-number").first()
