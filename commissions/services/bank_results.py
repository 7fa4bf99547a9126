"""The bank's result files: read and looked at first, then taken over once; and what it says of a single line."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from brokers.models import PayoutAccount
from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.http.amounts import read_amount
from channels_platform.lib import clock
from channels_platform.lib.errors import Invalid, NotAllowed
from channels_platform.lib.money import NotANumber, minor_digits
from channels_platform.lib.names import clean_text, needed_reason
from channels_platform.lib.redaction import redact_numbers
from channels_platform.lib.sheets import SheetRow, plain_heading, read_rows
from commissions import locks
from commissions.bank_readings import judge_rows, takes_results
from commissions.engine.bank_results import (
    FAILED,
    FAULT,
    OUTCOMES,
    PAID,
    RETURNED,
    SAME,
    UNKNOWN,
    Judged,
    LineFact,
    Said,
    find_line,
)
from commissions.models import BankResult, BankTemplate, PayoutBatch, PayoutLine, ResultMapping
from commissions.models.payout import LONGEST_ANSWER
from commissions.services.payouts import pay_batch
from commissions.services.settlement import post_return, release_lines
from commissions.states import BatchState, LineState

MOST_ROWS = 10_000
_JUDGED_BY = ("line", "amount", "outcome", "reference")
READ_FIELDS = ("line", "account", "amount", "outcome", "reference", "reason")
_HEADINGS = {
    "line": "line lineid 明细 行 行号 明细编号 业务编号",
    "account": "accountnumber account 账号 收款账号 收款人账号 对方账号",
    "amount": "amount 金额 交易金额 付款金额 转账金额",
    "outcome": "outcome result status state 状态 结果 交易状态 处理结果 处理状态 交易结果",
    "reference": "reference bankreference serial serialnumber 流水号 银行流水号 交易流水号 凭证号 银行回单号",
    "reason": "reason remark message 原因 失败原因 备注 返回信息 附言",
}
_WORDS = {
    PAID: "paid success successful succeeded ok done 成功 已付 已付款 交易成功 支付成功 付款成功 处理成功",
    FAILED: "failed failure rejected refused error 失败 拒绝 已拒绝 交易失败 支付失败 付款失败 处理失败",
    RETURNED: "returned refunded bounced 退票 退汇 退回 已退回 已退票",
    UNKNOWN: "unknown pending processing uncertain inprogress 未知 处理中 可疑 待确认 已受理 不确定",
}


@transactional
def keep_mapping(
    *, actor: Any, batch: PayoutBatch, headings: Mapping[str, str], words: Mapping[str, str]
) -> ResultMapping | None:
    """Remember how a company's bank names what we look for; nothing is kept where nothing is said.

    `headings`: the heading of each of READ_FIELDS; `words`: for each outcome the bank's words, set apart by commas.
    Raises: Forbidden; Invalid `heading_twice`, `word_twice`.
    Locks:  the company.
    Writes: ResultMapping, audit event `bank_reading.kept`.
    """
    require(actor, Can.PREPARE_PAYOUT, Can.APPROVE_PAYOUT)
    kept_headings = {name: clean_text(headings[name]) for name in READ_FIELDS if clean_text(headings.get(name, ""))}
    kept_words = {name: _apart(words.get(name, "")) for name in OUTCOMES if _apart(words.get(name, ""))}
    _refuse_twice([plain_heading(heading) for heading in kept_headings.values()], "heading_twice")
    _refuse_twice([plain_heading(word) for listed in kept_words.values() for word in listed], "word_twice")
    locks.lock_company(batch.company_id)
    known = ResultMapping.objects.filter(company=batch.company_id).first()
    before = {"headings": known.headings, "words": known.words} if known else {"headings": {}, "words": {}}
    after = {"headings": kept_headings, "words": kept_words}
    if before == after:
        return known
    kept = ResultMapping(company_id=batch.company_id, **after, changed_by=actor, changed_at=clock.now())
    kept.save(force_insert=known is None)
    record("bank_reading.kept", actor=actor, target=batch.company, before=before, after=after)
    return kept


@transactional
def read_results(*, actor: Any, batch: PayoutBatch, name: str, data: bytes) -> BankResult:
    """Read a result file and keep what it says, changing no line; the same file again is the same result.

    Of one that was taken over, what was left out is read anew, where by what was told since it says something else.
    Raises: Forbidden; NotAllowed `not_approved_yet` unless it `has_results`; Invalid `no_headings`, and as `read_rows`.
    Locks:  the company, the batch.
    Writes: BankResult, audit event `batch.results_read`.
    """
    require(actor, Can.PREPARE_PAYOUT, Can.APPROVE_PAYOUT)
    stored = locks.lock_batch(batch.pk)
    if not has_results(stored):
        raise NotAllowed(f"the batch is {stored.state}", code="not_approved_yet")
    digest = hashlib.sha256(data).hexdigest()
    taken, known = _readings(stored, digest)
    rows = _read(stored, data)
    if taken:
        rows = _left_out(rows, taken[-1])
        if known is None and not _says_otherwise(rows, taken[-1]):
            return taken[-1]
    result = known or BankResult(
        batch=stored, digest=digest, reading=len(taken) + 1, read_by=actor, read_at=clock.now()
    )
    result.name, result.rows = clean_text(name)[:120] or "–", rows
    result.save(force_insert=known is None)
    if known is None:
        after = {"digest": digest, "rows": len(rows)}
        record("batch.results_read", actor=actor, target=stored, after=after)
    return result


@transactional
def take_results(*, actor: Any, result: BankResult, seen: str) -> BankResult:
    """Take over what a read file says, as far as it can be: lines paid, failed, returned, or unknown to the bank.

    Taken over before, it changes nothing. What is at fault is left out, and said with its row.
    `seen`: the fingerprint of what the person was shown.
    Raises: Forbidden; NotAllowed `not_approved_yet` where the batch is a draft again, or handed in; `result_changed`
            where the file was read anew, or lines changed, so that it would do something else than was seen.
    Locks:  the company, the batch.
    Writes: BankResult, PayoutLine, PayoutEntry, Invoice, PayoutBatch, LedgerTransaction, LedgerEntry, audit events
            `batch.results_taken`, `batch.payment`, `batch.returned_by_bank`, `batch.unknown_at_bank`.
    """
    require(actor, Can.PREPARE_PAYOUT, Can.APPROVE_PAYOUT)
    batch = locks.lock_batch(result.batch_id)
    stored = BankResult.objects.select_for_update().get(pk=result.pk)
    if stored.taken_at is not None:
        return stored
    if not has_results(batch) or batch.state in (BatchState.DRAFT, BatchState.SUBMITTED):
        raise NotAllowed(f"the batch is {batch.state}", code="not_approved_yet")
    judged = judge_rows(stored)
    if seen != fingerprint(stored, judged):
        raise NotAllowed("it is no longer what was seen", code="result_changed")
    _carry_out(batch, judged, stored.rows, actor)
    for row, found in zip(stored.rows, judged, strict=True):
        row["became"], row["fault"] = found.becomes, found.fault
    stored.counts = dict(Counter(found.becomes for found in judged))
    stored.taken_by, stored.taken_at = actor, clock.now()
    stored.save(update_fields=["rows", "counts", "taken_by", "taken_at"])
    record("batch.results_taken", actor=actor, target=batch, after={"digest": stored.digest, **stored.counts})
    return stored


@transactional
def answer_line(*, actor: Any, line: PayoutLine, outcome: str, reference: str = "", reason: str = "") -> PayoutLine:
    """Record what the bank says of one line: of one it did not know, paid or failed; of a paid one, returned.

    Raises: Forbidden; NotAllowed where the line, or its batch, is in no such state; Invalid `reason_required`,
            `bank_reference_required`.
    Locks:  the company, the batch.
    Writes: as `take_results`.
    """
    require(actor, Can.PREPARE_PAYOUT, Can.APPROVE_PAYOUT)
    batch = locks.lock_batch(line.batch_id)
    if not takes_results(batch):
        raise NotAllowed(f"the batch is {batch.state}")
    stored = PayoutLine.objects.get(pk=line.pk)
    possible = {LineState.UNKNOWN: (PAID, FAILED), LineState.PAID: (RETURNED,), LineState.OPEN: (UNKNOWN,)}
    if outcome not in possible.get(LineState(stored.state), ()):
        raise NotAllowed(f"the line is {stored.state}")
    reference, reason = clean_text(reference), clean_text(reason) if outcome == PAID else needed_reason(reason)
    if outcome == PAID and not reference:
        raise Invalid("a bank reference is needed", code="bank_reference_required", field="reference")
    row = {"reference": reference, "reason": reason}
    _carry_out(batch, [Judged(0, str(stored.pk), outcome)], [row], actor)
    stored.refresh_from_db()
    return stored


def _readings(batch: PayoutBatch, digest: str) -> tuple[list[BankResult], BankResult | None]:
    """Return how a file was taken over, in order, and how it was read and not taken over yet."""
    found = list(batch.bank_results.filter(digest=digest).order_by("reading"))
    taken = [one for one in found if one.taken_at is not None]
    return taken, next((one for one in found if one.taken_at is None), None)


def _left_out(rows: list[dict[str, Any]], taken: BankResult) -> list[dict[str, Any]]:
    open_still = {row["n"] for row in taken.rows if row["became"] == FAULT}
    return [row for row in rows if row["n"] in open_still]


def _says_otherwise(rows: list[dict[str, Any]], taken: BankResult) -> bool:
    """Whether rows that were left out are read differently from then: what the bank means was told since."""
    before = {row["n"]: row for row in taken.rows}
    return any(row[name] != before[row["n"]][name] for row in rows for name in _JUDGED_BY)


def has_results(batch: PayoutBatch) -> bool:
    """Whether the bank may have results of a batch.

    To be warned, also of one whose bank file was said not to be sent, and of one that is void as all its lines failed.
    """
    if takes_results(batch) or batch.bank_files.exists():
        return True
    return batch.state == BatchState.VOID and batch.lines.filter(state=LineState.FAILED).exists()


def fingerprint(result: BankResult, judged: list[Judged]) -> str:
    """Return what tells a result's rows, and what would become of them, from others."""
    shown = [[row, one.becomes, one.fault] for row, one in zip(result.rows, judged, strict=True)]
    return hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()


def _carry_out(batch: PayoutBatch, judged: list[Judged], rows: list[Any], actor: Any) -> None:
    lines: dict[str, dict[UUID, Any]] = defaultdict(dict)
    for found, row in zip(judged, rows, strict=True):
        if found.becomes not in (SAME, FAULT):
            lines[found.becomes][UUID(found.line)] = row
    if lines[UNKNOWN]:
        PayoutLine.objects.filter(pk__in=lines[UNKNOWN], state=LineState.OPEN).update(state=LineState.UNKNOWN)
        _note("batch.unknown_at_bank", batch, lines[UNKNOWN], actor)
    results = [{"line": pk, "bank_reference": row["reference"], "failed": False} for pk, row in lines[PAID].items()]
    results += [{"line": pk, "failed": True, "answered": True} for pk in lines[FAILED]]
    if results:
        pay_batch(actor=actor, batch=batch, results=results)
    if lines[RETURNED]:
        post_return(batch, list(lines[RETURNED]), actor=actor, now=clock.now())
        release_lines(batch, list(lines[RETURNED]), LineState.RETURNED)
        _note("batch.returned_by_bank", batch, lines[RETURNED], actor)
    answers: dict[str, list[UUID]] = defaultdict(list)
    for outcome in (UNKNOWN, FAILED, RETURNED):
        for pk, row in lines[outcome].items():
            answers[redact_numbers(row.get("reason", ""))[:LONGEST_ANSWER]].append(pk)
    for answer, told in answers.items():
        PayoutLine.objects.filter(pk__in=told).update(bank_answer=answer)


def _note(action: str, batch: PayoutBatch, lines: Mapping[UUID, Any], actor: Any) -> None:
    told = {str(pk): redact_numbers(str(row.get("reason", "")))[:200] for pk, row in lines.items()}
    reason = next(iter(told.values())) if len(told) == 1 else ""
    record(action, actor=actor, target=batch, after={"lines": list(told)}, reason=reason)


def _read(batch: PayoutBatch, data: bytes) -> list[dict[str, Any]]:
    mapping = ResultMapping.objects.filter(company=batch.company_id).first()
    fields = _fields(batch, mapping)
    sheet = read_rows(
        data, field_of=lambda heading: fields.get(plain_heading(heading), ""), needed=frozenset({"outcome"}),
        most_rows=MOST_ROWS,
    )  # fmt: skip
    words = {plain_heading(word): outcome for outcome, listed in _WORDS.items() for word in listed.split()}
    words |= {
        plain_heading(word): name for name, listed in (mapping.words if mapping else {}).items() for word in listed
    }
    lines = _line_facts(batch)
    return [_row(row, words, lines, batch) for row in sheet]


def _fields(batch: PayoutBatch, mapping: ResultMapping | None) -> dict[str, str]:
    """Return which field each heading holds: the usual ones, those of the company's own file, those it was told."""
    fields = {plain_heading(word): name for name, listed in _HEADINGS.items() for word in listed.split()}
    template = BankTemplate.objects.filter(company=batch.company_id).first()
    for column in template.columns if template else ():
        if column["field"] in ("line", "account", "amount"):
            fields[plain_heading(column["heading"])] = column["field"]
    told = mapping.headings if mapping else {}
    fields = {heading: name for heading, name in fields.items() if name not in told}
    return fields | {plain_heading(heading): name for name, heading in told.items()}


def _row(row: SheetRow, words: Mapping[str, str], lines: list[LineFact], batch: PayoutBatch) -> dict[str, Any]:
    typed = {name: cells[0][1] for name, cells in row.cells.items()}
    said = Said(
        number=row.number,
        line=typed.get("line", "").removeprefix("'"),
        account="".join(typed.get("account", "").removeprefix("'").split()).upper(),
        amount=_amount(typed.get("amount", ""), batch.currency),
        outcome=words.get(plain_heading(typed.get("outcome", "")), ""),
    )
    return {
        "n": row.number,
        "line": find_line(said, lines),
        "end": said.account[-4:],
        "amount": "" if said.amount is None else str(said.amount),
        "outcome": said.outcome,
        "word": redact_numbers(typed.get("outcome", ""))[:40],
        "reference": typed.get("reference", "").removeprefix("'")[:100],
        "reason": redact_numbers(typed.get("reason", ""))[:200],
    }


def _amount(text: str, currency: str) -> Decimal | None:
    """Return the amount; one that cannot be read fits no line."""
    if not text:
        return None
    try:
        return read_amount(text, digits=minor_digits(currency))
    except NotANumber:
        return Decimal(-1)


def _line_facts(batch: PayoutBatch) -> list[LineFact]:
    """Return the batch's lines, with every account that their payees ever had: the bank speaks of the one it got."""
    accounts: dict[UUID, set[str]] = defaultdict(set)
    rows = batch.lines.select_related("payee")
    parties = {one.payee.agency_id or one.payee.broker_id for one in rows}
    known = PayoutAccount.objects.filter(effective_at__isnull=False)
    for one in known.filter(agency__in=parties) | known.filter(broker__in=parties):
        accounts[one.agency_id or one.broker_id].add(one.account)  # type: ignore[index]
    return [
        LineFact(
            str(one.pk), one.state, one.bank_reference, one.net,
            frozenset(accounts[one.payee.agency_id or one.payee.broker_id]),  # type: ignore[index]
        )
        for one in rows
    ]  # fmt: skip


def _apart(text: str) -> list[str]:
    return [word for part in text.replace("，", ",").replace("、", ",").split(",") if (word := clean_text(part))]


def _refuse_twice(words: list[str], code: str) -> None:
    if len(set(words)) != len(words):
        raise Invalid("one word stands for one thing", code=code, field="headings")
