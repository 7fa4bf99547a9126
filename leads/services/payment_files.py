"""Payments out of files: read and looked at first, taken over once by a worker, the rest settled by a person."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.jobs.kinds import name_kind
from channels_platform.jobs.models import Job
from channels_platform.jobs.services import create_job, job_at_work, report_progress
from channels_platform.lib import clock
from channels_platform.lib.errors import Invalid, NotAllowed, Refused
from channels_platform.lib.names import clean_text
from leads.locks import lock_deal
from leads.models import Deal, Payment, PaymentFile, PaymentRow, PaymentSource
from leads.payment_matching import FAULT, NEW, SAME, WAITING, Judged, numbers_in
from leads.payment_reports import report_of, rows_file
from leads.payment_rows import Reading, read_payments
from leads.payment_selectors import judge_rows, taken_back
from leads.services.payment_sources import reading_of
from leads.services.payments import record_payment
from leads.states import PaymentRowState
from projects.models import Project
from projects.selectors import visible_projects

KIND = "payments-file"
_TASK = "leads.tasks.take_payments"
_REPORT_EVERY = 20
_CHUNK = 1_000
_STATES = {SAME: PaymentRowState.SAME, WAITING: PaymentRowState.WAITING, FAULT: PaymentRowState.FAULT}
name_kind(
    KIND,
    _("Payments out of a file"),
    readable=lambda job, starter: PaymentFile.objects.filter(
        pk=job.arguments["file"], project__in=visible_projects(starter)
    ).exists(),
)


@transactional
def read_file(
    *, actor: Any, project: Project, name: str, data: bytes, source: PaymentSource | None = None
) -> PaymentFile:
    """Read a file and keep its rows, recording no payment; a file read again and not taken over is the same one anew.

    Raises: Forbidden; Invalid `wrong_encoding`, `no_headings`, and as `read_rows`.
    Writes: PaymentFile, PaymentRow, audit event `payment_file.read`.
    """
    require(actor, Can.RECORD_PAYMENT)
    rows = read_payments(data, reading_of(project, source))
    kept = PaymentFile.objects.create(
        project=project,
        source=source,
        name=clean_text(name)[:120] or "–",
        digest=hashlib.sha256(data).hexdigest(),
        read_by=actor,
        read_at=clock.now(),
    )
    PaymentRow.objects.bulk_create((PaymentRow(file=kept, project=project, **row) for row in rows), batch_size=_CHUNK)
    record(
        "payment_file.read", actor=actor, target=kept, project=project,
        after={"digest": kept.digest, "rows": len(rows), "source": source.name if source else ""},
    )  # fmt: skip
    return kept


@transactional
def start_taking(*, actor: Any, file: PaymentFile, dry_run: bool = False) -> Job:
    """Have a worker take a read file over, or with `dry_run` only say what would become of its rows.

    A file is taken over once: asked again, it is the same job.
    Raises: Forbidden.
    Locks:  the file.
    Writes: Job, OutboxMessage, PaymentFile.
    """
    require(actor, Can.RECORD_PAYMENT)
    stored = PaymentFile.objects.select_for_update(of=("self",)).select_related("job").get(pk=file.pk)
    if stored.job is not None and not dry_run:
        return stored.job
    arguments = {"file": str(stored.pk), "dry_run": dry_run}
    job = create_job(kind=KIND, task=_TASK, starter=actor, arguments=arguments, total=stored.rows.count())
    if not dry_run:
        stored.job = job
        stored.save(update_fields=["job"])
    return job


def take_payments(*, job_id: UUID) -> None:
    """Record what a file says, row by row; run again, also after it was killed, it goes on where it stopped.

    Writes: as `record_payment` a row; PaymentRow; PaymentFile; audit event `payment_file.taken`; Job with its file.
    Raises: Settled as `job_at_work`.
    """
    with job_at_work(job_id) as job:
        file = PaymentFile.objects.select_related("project").get(pk=job.arguments["file"])
        if job.arguments["dry_run"]:
            judged = {row.pk: one for row, one in judge_rows(file)}
        else:
            judged = {}
            _take_rows(job, file)
            _close(file, job.starter)
        job.report = report_of(file, judged)
        job.result_file.save("payments.csv", rows_file(file, judged), save=False)
        job.result_url = reverse("finance:payment_import", args=[file.pk])
        job.done = job.total


def _take_rows(job: Job, file: PaymentFile) -> None:
    done = file.rows.exclude(state=PaymentRowState.READ).count()
    for row, judged in judge_rows(file):
        _take_row(row=row, judged=judged, actor=job.starter)
        done += 1
        if done % _REPORT_EVERY == 0:
            report_progress(job, done=done)


@transactional
def _take_row(*, row: PaymentRow, judged: Judged, actor: Any) -> None:
    """Do with one row what was judged of it, once.

    Locks:  the row, then its deal.
    Writes: PaymentRow; where it is new, as `record_payment`.
    """
    stored = PaymentRow.objects.select_for_update(of=("self",)).select_related("project").get(pk=row.pk)
    if stored.state != PaymentRowState.READ:
        return
    stored.fault = judged.reason
    if judged.becomes == NEW:
        _record(stored, Deal.objects.select_related("project").get(pk=judged.deal), judged, actor)
    else:
        stored.state = _STATES[judged.becomes]
    try:
        with transaction.atomic():
            stored.save(update_fields=["state", "fault", "payment"])
    except IntegrityError:
        # Another file brought the same row to wait a moment ago.
        stored.state, stored.fault = PaymentRowState.SAME, "waits_already"
        stored.save(update_fields=["state", "fault"])


def _record(row: PaymentRow, deal: Deal, judged: Judged, actor: Any) -> None:
    try:
        _refuse_beyond_original(row, judged.amount)
        row.payment = record_payment(
            actor=actor,
            deal=deal,
            amount=judged.amount,
            reference=row.reference,
            received_at=moment_of(row, deal),
            source=row.kind,
            within_collected=True,
        )
        row.state = PaymentRowState.RECORDED
    except Refused as refused:
        row.state, row.fault = PaymentRowState.FAULT, refused.code[:24]


def moment_of(row: PaymentRow, deal: Deal) -> datetime:
    """Return when a row's money came: a day without its hour begins at midnight, or with the subscription of that
    day."""
    moment = datetime.fromisoformat(row.received).replace(tzinfo=deal.project.zone)
    if (
        len(row.received) <= 16
        and row.received == deal.subscribed_at.astimezone(deal.project.zone).isoformat()[: len(row.received)]
    ):
        return max(moment, deal.subscribed_at)
    return moment


@transactional
def _close(file: PaymentFile, actor: Any) -> None:
    if file.taken_at is not None:
        return
    file.counts = dict(Counter(file.rows.order_by().values_list("state", flat=True)))
    file.taken_by, file.taken_at = actor, clock.now()
    file.save(update_fields=["counts", "taken_by", "taken_at"])
    record(
        "payment_file.taken", actor=actor, target=file, project=file.project_id,
        after={"digest": file.digest, **file.counts},
    )  # fmt: skip


@transactional
def assign_row(*, actor: Any, row: PaymentRow, deal: Deal) -> PaymentRow:
    """Record a waiting row as a payment of the deal that a person found for it; done once.

    Raises: Forbidden; NotAllowed `settled_already`; Invalid `other_project`, `other_deal`,
            `more_than_original`, `no_amount`, and as `record_payment`; Duplicate.
    Locks:  the row, the deal, and that of the payment it takes back.
    Writes: as `record_payment`; PaymentRow, audit event `payment_row.assigned`.
    """
    require(actor, Can.RECORD_PAYMENT)
    stored = _waiting(row)
    if deal.project_id != stored.project_id:
        raise Invalid("the deal is of another project", code="other_project", field="deal")
    original = _original(stored)
    if original is not None and original.deal_id != deal.pk:
        raise Invalid("the payment that it takes back is another deal's", code="other_deal", field="deal")
    amount = signed_amount(stored)
    _refuse_beyond_original(stored, amount)
    stored.payment = record_payment(
        actor=actor,
        deal=deal,
        amount=amount,
        reference=stored.reference,
        received_at=moment_of(stored, deal),
        source=stored.kind,
        within_collected=True,
    )
    return _settle(stored, PaymentRowState.ASSIGNED, actor, deal=deal.number)


@transactional
def set_row_aside(*, actor: Any, row: PaymentRow, reason: str) -> PaymentRow:
    """Say of a waiting row that it is no payment of a deal here, and why; done once.

    Raises: Forbidden; NotAllowed `settled_already`; Invalid `reason_required`.
    Locks:  the row.
    Writes: PaymentRow, audit event `payment_row.set_aside`.
    """
    require(actor, Can.RECORD_PAYMENT)
    stored = _waiting(row)
    stored.note = clean_text(reason)
    if not stored.note:
        raise Invalid("a reason is needed", code="reason_required", field="reason")
    return _settle(stored, PaymentRowState.ASIDE, actor, reason=stored.note)


def signed_amount(row: PaymentRow) -> Any:
    """Return what a waiting row is recorded with; without an amount it takes back all of the payment it names.

    Raises: Invalid `no_amount` where that is not known.
    """
    if row.amount is None:
        original = _original(row)
        if original is None:
            raise Invalid("the row says no amount", code="no_amount")
        return -original.amount
    return -abs(row.amount) if row.reverses else row.amount


def _original(row: PaymentRow) -> Payment | None:
    found = Payment.objects.filter(project=row.project_id, reference=row.reverses) if row.reverses else None
    return found.select_related("deal__project").first() if found is not None else None


def _refuse_beyond_original(row: PaymentRow, amount: Any) -> None:
    """Hold the payment that a row takes back, of which its reversals leave at least nothing, however they come in.

    Raises: Invalid `more_than_original`.
    Locks:  that payment's deal.
    """
    original = _original(row)
    if original is None:
        return
    lock_deal(original.deal)
    if -amount > original.amount - taken_back(row.project, [row.reverses]).get(row.reverses, 0):
        raise Invalid("it takes back more than is left", code="more_than_original")


def _waiting(row: PaymentRow) -> PaymentRow:
    rows: Any = PaymentRow.objects.select_for_update(of=("self",)).select_related("project")
    stored: PaymentRow = rows.get(pk=row.pk)
    if stored.state != PaymentRowState.WAITING:
        raise NotAllowed("the row does not wait any more", code="settled_already")
    return stored


def _settle(row: PaymentRow, state: PaymentRowState, actor: Any, *, deal: str = "", reason: str = "") -> PaymentRow:
    row.state, row.settled_by, row.settled_at = state, actor, clock.now()
    row.save(update_fields=["state", "payment", "note", "settled_by", "settled_at"])
    action = "payment_row.assigned" if state == PaymentRowState.ASSIGNED else "payment_row.set_aside"
    record(
        action, actor=actor, target=row, project=row.project_id,
        after={"reference": row.reference, "deal": deal}, reason=reason,
    )  # fmt: skip
    return row


def project_of_file(*, data: bytes, projects: Sequence[Project]) -> Project:
    """Return the project that a file is of which names none: the only one, or the one that all its deals are of.

    Raises: Invalid `project_required`, and as `read_rows`.
    """
    if len(projects) == 1:
        return projects[0]
    rows = read_payments(data, Reading(currency="CNY"))
    numbers = {number for row in rows for number in numbers_in(row["deal_text"])}
    found = set(Deal.objects.filter(number__in=numbers, project__in=projects).values_list("project_id", flat=True))
    project = next((one for one in projects if found == {one.pk}), None)
    if project is None:
        raise Invalid("say of which project the file is", code="project_required", field="project")
    return project
