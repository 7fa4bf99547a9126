"""Rows of an agency's own ledger as its file has them: those of deals, and those that are none. Names only as masks."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from channels_platform.http.amounts import read_amount
from channels_platform.lib.errors import Invalid
from channels_platform.lib.money import NotANumber, minor_digits
from channels_platform.lib.names import mask_name
from channels_platform.lib.redaction import redact
from channels_platform.lib.sheets import SheetRow, plain_heading, read_rows
from commissions.engine.matching import Theirs
from leads.payment_rows import read_day

MOST_ROWS = 5_000
READ_FIELDS = ("deal", "unit", "client", "date", "amount")
_NAMES = frozenset({"deal", "unit", "client"})
_BESIDE = "beside"
_SUM = "Σ"
_LONGEST_WORDS = 100
_HEADINGS = {
    "deal": "deal dealnumber 成交编号 成交号 成交单号 合同编号 合同号 订单号",
    "unit": "unit home room 房号 房源 单元 房间号",
    "client": "client customer buyer name 客户 客户姓名 姓名 购房人",
    "date": "date contracted contractdate 日期 签约日期 签约日 成交日期",
    "amount": "amount commission due earned 金额 佣金 应收佣金 佣金金额 应结佣金",
}
_DASHES = re.compile(r"[-\u2010-\u2015\u2212/\s]*")
_SUMS = "合计|总计|小计|累计|共计|总额"
_TAIL = r"(?:\W*\(.*\)|[\W\d]*)"
# 合计：3套, 本页小计, 2026年3月合计; not the company 小计划科技
_TOTAL = re.compile(rf"({_SUMS})(?:[\W\d].*|(?:金额|佣金|人民币|大写|套|数).*)?|.{{0,16}}({_SUMS}){_TAIL}")
_TOTAL_BESIDE = re.compile(rf"(?:本[页月期季年次])?({_SUMS}){_TAIL}")
_TOTAL_ENGLISH = re.compile(
    r"(?:(?:grand|sub|page|month(?:ly)?|overall|running)[- ]?)?(totals?|sum)"
    r"(?: ?:.*| (?:of|for|in|amount|due|payable|earned|commission|cny|rmb)\b.*)?" + _TAIL
)
# only where there is no amount: of whoever signed, of the bank, of what is to be noted
_NOTED = re.compile(
    r".{0,24}(?<!已)(签字|签名|签章|盖章|公章|制表|填表|审核|复核|核对|经办|审批|负责人|大写|开户行|户名|账号)"
    r"(?:人|日期|栏|处|部门)?\W*(?::.*)?"
    r"|(注|备注|说明|日期|date|notes?|remarks?):.*"
    r"|.{0,20}\b(signature|stamp|(?:signed|prepared|checked|approved|reviewed) by)\b.*"
)


@dataclass(frozen=True, slots=True)
class Ledger:
    """`rows`: what is compared; `left_out`: rows of totals and signatures, each with the word that says so as its deal.

    `undated`: numbers of rows whose date could not be read.
    """

    rows: tuple[Theirs, ...]
    left_out: tuple[Theirs, ...]
    undated: tuple[int, ...]


def read_ledger(data: bytes, told: Mapping[str, str], currency: str) -> Ledger:
    """Read a file in which `told` names the headings of fields that are not called as usual.

    Raises: Invalid `row_unread` with its `row` and `what` for an amount, `no_headings`, and as `read_rows`.
    """
    fields = {plain_heading(word): name for name, listed in _HEADINGS.items() for word in listed.split()}
    fields = {heading: name for heading, name in fields.items() if name not in told}
    fields |= {plain_heading(heading): name for name, heading in told.items()}
    sheet = read_rows(
        data, field_of=lambda heading: fields.get(plain_heading(heading), ""), needed=frozenset({"amount"}),
        one_of=_NAMES, spread=_NAMES | {"date"}, beside=_BESIDE, most_rows=MOST_ROWS,
    )  # fmt: skip
    rows: list[Theirs] = []
    left_out: list[Theirs] = []
    undated = []
    for row in sheet:
        typed = _typed(row)
        if word := _no_deal(typed, row):
            left_out.append(Theirs(row.number, deal=word))
            continue
        read = _theirs(typed, row.number, currency)
        if not _is_named(read) and _is_sum(read, rows, left_out):
            left_out.append(Theirs(row.number, deal=_SUM))
        elif _is_named(read) or read.amount:
            rows.append(read)
            undated += [row.number] if read.on is None and "date" in typed else []
    if not any(map(_is_named, rows)):
        raise Invalid("nothing names a deal", code="no_headings")
    return Ledger(tuple(rows), tuple(left_out), tuple(undated))


def _is_named(row: Theirs) -> bool:
    return bool(row.deal or row.unit or row.client)


def _is_sum(row: Theirs, rows: Sequence[Theirs], left_out: Sequence[Theirs]) -> bool:
    """Whether its amount is that of all rows above, or of those since the last that was left out; of two at least."""
    if row.amount is None:
        return False
    last = left_out[-1].number if left_out else 0
    for above in (rows, [one for one in rows if one.number > last]):
        if len(above) > 1 and sum(one.amount or 0 for one in above) == row.amount:
            return True
    return False


def _typed(row: SheetRow) -> dict[str, str]:
    """Return what stands in the row by field; dashes are nothing."""
    found = {}
    for name, cells in row.cells.items():
        texts = [text.removeprefix("'").strip() for _column, text in cells]
        if name != _BESIDE and (said := next((text for text in texts if not _is_nothing(text)), "")):
            found[name] = said
    return found


def _is_nothing(text: str) -> bool:
    return _DASHES.fullmatch(unicodedata.normalize("NFKC", text)) is not None


def _no_deal(typed: Mapping[str, str], row: SheetRow) -> str:
    """Return the word by which a row is a total or a signature, or ''.

    Where no field says so, another column may, unless the row has a deal's number: there it may be a remark.
    """
    for name, text in typed.items():
        if name != "amount" and (found := _matched(text, _TOTAL, _TOTAL_ENGLISH)):
            return found
    beside = [] if "deal" in typed else [text for _column, text in row.cells.get(_BESIDE, ())]
    if found := next((word for text in beside if (word := _matched(text, _TOTAL_BESIDE, _TOTAL_ENGLISH))), ""):
        return found
    if re.search(r"\d", typed.get("amount", "")) and not _matched(typed["amount"], _NOTED):
        return ""
    return next((word for text in typed.values() if (word := _matched(text, _NOTED))), "")


def _matched(text: str, *patterns: re.Pattern[str]) -> str:
    plain = " ".join(unicodedata.normalize("NFKC", text[:_LONGEST_WORDS]).casefold().split())
    joined = re.sub(r"(?<=[^\x00-\x7f]) (?=[^\x00-\x7f])", "", plain)  # 合 计
    for pattern in patterns:
        if found := pattern.fullmatch(joined):
            return next((word for word in found.groups() if word), "")
    return ""


def _theirs(typed: Mapping[str, str], number: int, currency: str) -> Theirs:
    return Theirs(
        number=number,
        deal=redact(typed.get("deal", ""))[:60],
        unit=redact(typed.get("unit", ""))[:80],
        client=mask_name(typed.get("client", "")),
        on=_day(typed.get("date", "")),
        amount=_amount(typed.get("amount", ""), currency, number),
    )


def _day(text: str) -> date | None:
    """Return a day that can be read in one way only; a deal is found without it, too."""
    found = set()
    for order in ("dmy", "mdy"):
        try:
            found.add(read_day(text.replace(".", "-"), order)[:10])
        except Invalid:
            continue
    return date.fromisoformat(found.pop()) if len(found) == 1 else None


def _amount(text: str, currency: str, row: int) -> Decimal | None:
    if not text:
        return None
    digits = minor_digits(currency)
    try:
        amount = read_amount(text, digits=digits)
    except NotANumber:
        amount = None
    if amount is None or abs(amount) >= 10**12 or amount != round(amount, digits):
        raise Invalid("an amount cannot be read", code="row_unread", field="file", row=row, what=text[:40])
    return amount
