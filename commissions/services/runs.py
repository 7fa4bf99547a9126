"""The commission run: what the facts entitle to, and the ledger moved by the difference (domain 6.1, 6.6)."""

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

import structlog
from django.db import connection

from channels_platform.db import transactional
from channels_platform.lib import clock
from commissions import locks
from commissions.deal_facts import deal_stream
from commissions.engine.calculate import Calculator
from commissions.engine.types import Entitlement, Series
from commissions.models import CommissionRun
from commissions.plan_facts import approved_series
from commissions.services.advances import settle_advances
from commissions.services.postings import Posting
from leads.models import DealOutbox
from projects.models import Project

log = structlog.get_logger(__name__)

LATER = "later"


@transactional
def run_commissions(*, project: Project, as_of: datetime | None = None) -> CommissionRun:
    """Bring a project's commission lines and ledger to what its facts entitle to at `as_of` (None: now).

    All or nothing: a run that is killed leaves no trace, and a second one finds nothing to do. One at a time per
    project; another waits.
    Locks:  the project's run; its company, where something was advanced.
    Writes: CommissionRun, Accrual, LedgerTransaction, LedgerEntry, Payee; takes the project's DealOutbox rows.
    """
    locks.lock_run(project.pk)
    return _run(project, as_of or clock.now())


@transactional
def run_if_due(*, project_id: UUID, wait: bool = True) -> CommissionRun | None:
    """Run a project whose deals or plans changed since its last run; None where nothing did.

    `wait=False` also returns None while another run is at work: what it does not take is left for the next.
    Locks:  the project's run.
    Writes: as `run_commissions`.
    """
    if wait:
        locks.lock_run(project_id)
    elif not locks.try_lock_run(project_id):
        return None
    if not DealOutbox.objects.filter(project_id=project_id).exists():
        return None
    return _run(Project.objects.get(pk=project_id), clock.now())


def something_due() -> bool:
    """Whether some deal or plan changed since its project's last run."""
    return DealOutbox.objects.exclude(what=LATER).exists()


def bring_up_to_date(*, projects: Iterable[UUID] | None = None, wait: bool = False) -> dict[str, int]:
    """Run every project (of those given) that has something new, each in its own transaction.

    Shape:  {"projects", "deals", "changed", "failed"}; a project whose run fails holds up no other.
    Writes: as `run_commissions`.
    """
    counts = {"projects": 0, "deals": 0, "changed": 0, "failed": 0}
    due = DealOutbox.objects.order_by("project_id").values_list("project_id", flat=True).distinct()
    if projects is not None:
        due = due.filter(project_id__in=list(projects))
    for project_id in list(due):
        try:
            run = run_if_due(project_id=project_id, wait=wait)
        except Exception:
            log.exception("commission_run_failed", project_id=str(project_id))
            counts["failed"] += 1
            continue
        if run is not None:
            counts["projects"] += 1
            counts["deals"] += run.deals
            counts["changed"] += run.changed
    return counts


def _run(project: Project, as_of: datetime) -> CommissionRun:
    with connection.cursor() as cursor:
        # a page out of its turn costs no more than the next: without this, one deal's news reads everybody's shares
        cursor.execute("SET LOCAL random_page_cost = 1.1")
    # taken before the facts are read: a fact told of later is read again, one read early is read for nothing
    DealOutbox.objects.filter(project=project).delete()
    run = CommissionRun.objects.create(project=project, as_of=as_of, started_at=clock.now())
    series = approved_series(project)
    posting = Posting(run=run, project=project)
    with posting.targets() as add:
        run.deals, later = _entitle(project, series, as_of, add)
    run.changed = posting.apply()
    settle_advances([project], posted_at=run.started_at)
    if later:
        DealOutbox.objects.create(project=project, what=LATER, written_at=clock.now())
    run.finished_at = max(clock.now(), run.started_at)
    run.save(update_fields=["deals", "changed", "finished_at"])
    return run


def _entitle(
    project: Project, series: list[Series], as_of: datetime, add: Callable[[Entitlement], None]
) -> tuple[int, bool]:
    """Hand every entitlement on; return how many deals there are, and whether some fact lies after `as_of`."""
    calculator = Calculator(series, zone=project.zone, currency=project.currency, as_of=as_of)
    deals = 0
    adds_up = series if calculator.needs_totals else ()
    stream_of = deal_stream(project, as_of=as_of, adds_up=adds_up, units=calculator.needs_units)
    with stream_of as stream, _collector_resting():
        for lump in stream.lumps:
            calculator.observe(lump)
        for deal in stream:
            deals += 1
            for entitlement in calculator.entitle(deal):
                add(entitlement)
        return deals, stream.later


@contextmanager
def _collector_resting() -> Iterator[None]:
    """Look for no cycles meanwhile: what a run makes has none, and looking took an eighth of its time."""
    resting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if resting:
            gc.enable()
