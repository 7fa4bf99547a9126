"""Spreadsheets of clients: taken once, judged row by row by a worker, each row filed at most once."""

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from brokers.models import Broker
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.jobs.kinds import name_kind
from channels_platform.jobs.models import Job
from channels_platform.jobs.services import create_job, job_at_work, report_progress
from channels_platform.lib import clock
from channels_platform.lib.errors import Refused
from channels_platform.lib.sheets import SheetRow
from leads.listing import projects_to_file
from leads.models import ClientSheet
from leads.origin import Origin
from leads.services.filing_once import file_once
from leads.sheet_rows import Fault, Offered, read_row
from projects.models import Project
from projects.selectors import masked_projects

KIND = "client-sheet"
_TASK = "leads.tasks.judge_clients"
_REPORT_EVERY = 5
KEEP_UNJUDGED = timedelta(days=7)
name_kind(KIND, _("Clients out of a spreadsheet"))


@transactional
def take_sheet(
    *, actor: Any, broker: Broker, rows: Sequence[SheetRow], project: Project | None, origin: Origin | None = None
) -> ClientSheet:
    """Keep a spreadsheet's rows, encrypted, and have a worker judge them.

    `project` is that of rows which name none; `origin` is that of all its filings.
    Writes: ClientSheet, Job, OutboxMessage, audit event `clients.sheet_sent`.
    """
    sheet = ClientSheet.objects.create(
        broker=broker,
        numbers=[row.number for row in rows],
        content=json.dumps([[row.number, row.cells] for row in rows], ensure_ascii=False),
        device=origin.device if origin else None,
        address=origin.address if origin else None,
        uploaded_at=clock.now(),
    )
    arguments = {"sheet": str(sheet.pk), "project": project and str(project.pk)}
    sheet.job = create_job(kind=KIND, task=_TASK, starter=actor, arguments=arguments, total=len(rows))
    sheet.save(update_fields=["job"])
    record("clients.sheet_sent", actor=actor, target=sheet, agency=broker.agency_id, after={"rows": len(rows)})
    return sheet


def judge_sheet(*, job_id: UUID) -> None:
    """File the rows that are not filed yet, and write the result; what is judged is no longer kept.

    Run again, also after it was killed, it goes on where it stopped: each row has a key of its own.
    Writes: as `file_once` a row; ClientSheet; Job with its file and progress.
    Raises: Settled as `job_at_work`.
    """
    with job_at_work(job_id) as job:
        sheet = ClientSheet.objects.select_related("broker__user", "broker__agency").get(pk=job.arguments["sheet"])
        if sheet.judged_at is None:
            faults = _file_rows(job, sheet)
            ClientSheet.objects.filter(pk=sheet.pk).update(
                content="", device=None, address=None, faults=faults, judged_at=clock.now()
            )
            sheet.refresh_from_db()
        job.result_url = reverse("portal:sheet", args=[sheet.pk])
        job.done = job.total


def _file_rows(job: Job, sheet: ClientSheet) -> list[dict[str, Any]]:
    offered = offered_to(sheet.broker, job.arguments["project"])
    faults: list[dict[str, Any]] = []
    for done, row in enumerate(_rows_of(sheet), start=1):
        faults += [
            {"row": row.number, "field": fault.field, "column": fault.column, "code": fault.code}
            for fault in _file_row(job.starter, sheet, row, offered)
        ]
        if done % _REPORT_EVERY == 0:
            report_progress(job, done=done)
    return faults


def _file_row(actor: Any, sheet: ClientSheet, row: SheetRow, offered: Offered) -> list[Fault]:
    filing, faults = read_row(row, offered, clock.now())
    if faults:
        return faults
    try:
        origin = Origin(device=_bytes(sheet.device), address=_bytes(sheet.address))
        file_once(actor=actor, key=sheet.key_of(row.number), broker=sheet.broker, origin=origin, **filing)
    except Refused as refused:
        return [Fault(refused.field or "", "", refused.code)]
    return []


def _bytes(kept: Any) -> bytes | None:
    return None if kept is None else bytes(kept)


def _rows_of(sheet: ClientSheet) -> Iterator[SheetRow]:
    for number, cells in json.loads(str(sheet.content)):
        yield SheetRow(number, {field: [(column, text) for column, text in found] for field, found in cells.items()})


def offered_to(broker: Broker, chosen: str | None) -> Offered:
    """Return what the broker may file for now; `chosen` is the key of the project of rows that name none."""
    projects = list(projects_to_file(broker.agency, clock.now()))
    alone = projects[0] if len(projects) == 1 else None
    named = next((project for project in projects if str(project.pk) == chosen), alone)
    return Offered(projects, frozenset(masked_projects(projects)), named)


def forget_sheets() -> int:
    """Empty what was never judged within a week; return how many.

    Writes: ClientSheet.
    """
    old = ClientSheet.objects.exclude(content=b"").filter(uploaded_at__lt=clock.now() - KEEP_UNJUDGED)
    return old.update(content="", device=None, address=None)
