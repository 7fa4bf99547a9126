"""Sealing what was posted, and keeping what each proof of the ledger found."""

from typing import Any
from uuid import UUID

from django.db import OperationalError
from django.db.models import Max
from django.urls import reverse
from django.utils.translation import gettext_lazy

from channels_platform.accounts.permissions import Can, roles_that
from channels_platform.accounts.selectors import staff_of
from channels_platform.accounts.services.access import require
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.jobs.kinds import name_kind
from channels_platform.jobs.models import Job
from channels_platform.jobs.services import create_job, job_at_work
from channels_platform.lib import clock
from channels_platform.notices.services import tell
from commissions import locks
from commissions.models import LedgerCheck, LedgerSeal, LedgerTransaction
from commissions.proof.differences import TOLD, Report
from commissions.proof.seals import SEALED, draw
from commissions.proof.verify import verify
from projects.models import Project

KIND = "ledger-check"
_TASK = "commissions.tasks.check_ledger_now"
_LOCK_NOT_AVAILABLE = "55P03"

name_kind(KIND, gettext_lazy("Proof of the ledger"))


def seal_ledger() -> LedgerSeal | None:
    """Seal what was posted since the last seal; None where there is nothing, or somebody posts for longer than we wait.

    Locks:  the ledger, for the moment in which its last transaction is looked up.
    Writes: LedgerSeal, audit event `ledger.sealed`.
    """
    upto = _settled_upto()
    return _seal(upto=upto) if upto else None


def check_ledger(*, asked_by: Any = None) -> LedgerCheck:
    """Seal the ledger, prove it, keep what was found, and tell who may have it checked if something differs.

    Writes: LedgerCheck, Notice, Delivery, and as `seal_ledger`.
    """
    started_at = clock.now()
    seal_ledger()
    check = LedgerCheck.objects.create(started_at=started_at, asked_by=asked_by)
    return _keep(check, verify())


def start_check(*, actor: Any) -> Job:
    """Have a worker prove the ledger now; its starter follows the job.

    Raises: Forbidden.
    Writes: Job, OutboxMessage.
    """
    require(actor, Can.CHECK_LEDGER)
    return create_job(kind=KIND, task=_TASK, starter=actor)


def check_for_job(*, job_id: UUID) -> None:
    """Do what a job asks for.

    Writes: as `check_ledger`; Job.
    Raises: Settled as `job_at_work`.
    """
    with job_at_work(job_id) as job:
        check = check_ledger(asked_by=job.starter)
        job.report = {"differences": check.found}
        job.result_url = reverse("finance:proof_check", args=[check.pk])


@transactional
def _keep(check: LedgerCheck, report: Report) -> LedgerCheck:
    check.ok, check.found, check.counts = report.ok, report.total, report.counts
    check.differences = [difference.as_json() for difference in report.differences[:TOLD]]
    check.finished_at = max(clock.now(), check.started_at)
    check.save()
    if not check.ok:
        roles = roles_that(Can.CHECK_LEDGER)
        tell(
            kind="ledger.differs",
            recipients=staff_of(Project.objects.all(), roles),
            target=check,
            facts={"found": check.found},
            path=reverse("finance:proof_check", args=[check.pk]),
            once=str(check.pk),
        )
    return check


def _settled_upto() -> int:
    """Return the last transaction below which none is still to come; 0 where there is none, or no time to tell."""
    try:
        return _last_posted()
    except OperationalError as error:
        if getattr(error.__cause__, "pgcode", None) != _LOCK_NOT_AVAILABLE:
            raise
        return 0


@transactional
def _last_posted() -> int:
    locks.lock_posting()
    return LedgerTransaction.objects.aggregate(last=Max("pk"))["last"] or 0


@transactional
def _seal(*, upto: int) -> LedgerSeal | None:
    last = locks.lock_last_seal()
    after = last.upto if last else 0
    if upto <= after:
        return None
    previous = last.digest if last else ""
    drawn = draw(after=after, upto=upto, previous=previous)
    seal = LedgerSeal.objects.create(
        number=last.number + 1 if last else 1,
        after=after,
        upto=upto,
        previous=previous,
        transactions=drawn.transactions,
        entries=drawn.entries,
        digest=drawn.digest,
        sealed_at=clock.now(),
    )
    record(SEALED, actor=None, target=seal, after={"number": seal.number, "upto": upto, "digest": seal.digest})
    return seal
