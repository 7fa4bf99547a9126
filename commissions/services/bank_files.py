"""Bank files: the company's template, and each file made, with its checksum."""

import hashlib
from dataclasses import replace
from decimal import Decimal
from typing import Any, BinaryIO

from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require, require_person
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import Invalid, NotAllowed
from channels_platform.lib.names import clean_text
from commissions import locks
from commissions.engine.bank_files import FileColumn, Layout, Occasion, check_layout, laid_out
from commissions.exports.bank import layout_from, layout_of, transfers_of
from commissions.models import BankFile, BankTemplate, PayoutBatch
from commissions.services.giving_up import refuse_said_paid
from commissions.states import BatchState
from projects.models import PayingCompany

MOST_COLUMNS = 24


@transactional
def keep_template(*, actor: Any, company: PayingCompany, name: str, layout: Layout) -> BankTemplate:
    """Keep how a company's bank wants its files; files made before stay as they were.

    Raises: Forbidden; Invalid `required`, `too_many`, and as `check_layout`.
    Locks:  the company.
    Writes: BankTemplate, audit event `bank_template.kept`.
    """
    require_person(actor, Can.KEEP_BANK_FILES)
    name = clean_text(name)
    if not name or len(name) > 80:
        raise Invalid("a template has a name", code="required", field="name")
    if len(layout.columns) > MOST_COLUMNS:
        raise Invalid("too many columns", code="too_many", field="columns")
    columns = tuple(FileColumn(c.field, clean_text(c.heading), clean_text(c.text)) for c in layout.columns)
    layout = replace(layout, columns=columns)
    check_layout(layout)
    locks.lock_company(company.pk)
    known = BankTemplate.objects.filter(company=company).first()
    before = {"name": known.name, **layout_from(known).as_facts()} if known else {}
    facts = layout.as_facts()
    kept = BankTemplate(company=company, name=name, **facts, changed_by=actor, changed_at=clock.now())
    kept.save(force_insert=known is None)
    record("bank_template.kept", actor=actor, target=company, before=before, after={"name": name, **facts})
    return kept


def check_bank_file(batch: PayoutBatch) -> None:
    """Refuse a file of a batch that is not to be paid, that the bank says it paid, or whose lines have nowhere to go.

    Raises: NotAllowed `not_approved`, `results_waiting`; Invalid `accounts_missing` with the `payees`.
    """
    if batch.state not in (BatchState.APPROVED, BatchState.PAID):
        raise NotAllowed("only an approved batch is paid", code="not_approved")
    refuse_said_paid(batch)
    lacking = transfers_of(batch).lacking
    if lacking:
        raise Invalid("payees without an account", code="accounts_missing", payees=lacking)


@transactional
def write_bank_file(*, actor: Any, batch: PayoutBatch, target: BinaryIO) -> BankFile:
    """Write the transfers of an approved batch as its company's bank wants them, and keep the file's checksum.

    Raises: Forbidden; as `check_bank_file`; Invalid `not_in_encoding` with the `payee` and the `characters`.
    Locks:  the company, the batch: while a file of it is written, nobody lets it go.
    Writes: BankFile, audit event `batch.bank_file`.
    """
    require(actor, Can.PREPARE_PAYOUT, Can.APPROVE_PAYOUT)
    batch = locks.lock_batch(batch.pk)
    check_bank_file(batch)
    transfers, layout, now = transfers_of(batch).found, layout_of(batch), clock.now()
    total = sum((one.amount for one in transfers), Decimal(0))
    occasion = Occasion(
        batch=batch.number,
        company=batch.company.name,
        currency=batch.currency,
        day=clock.local_date(now, batch.company.zone),
        count=len(transfers),
        total=total,
    )
    digest, size = hashlib.sha256(), 0
    for piece in laid_out(layout, transfers, occasion):
        target.write(piece)
        digest.update(piece)
        size += len(piece)
    made = BankFile(
        batch=batch, sha256=digest.hexdigest(), transfers=len(transfers), total=total, size=size,
        template=layout.as_facts(), made_by=actor, made_at=now,
    )  # fmt: skip
    made.save(force_insert=True)
    after = {"sha256": made.sha256, "transfers": made.transfers, "total": str(total)}
    record("batch.bank_file", actor=actor, target=batch, after=after)
    return made
