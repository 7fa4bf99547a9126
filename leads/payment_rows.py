"""Rows of a payments file read by what its source says of headings, days, signs and words."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from channels_platform.http.amounts import read_amount
from channels_platform.lib import clock
from channels_platform.lib.errors import Invalid
from channels_platform.lib.money import NotANumber, minor_digits
from channels_platform.lib.names import mask_name
from channels_platform.lib.sheets import SheetRow, plain_heading, read_rows
from leads.payment_matching import plain

MOST_ROWS = 20_000
LONGEST_REFERENCE = 80
FIELDS = ("reference", "amount", "out", "received", "deal", "unit", "payer", "kind", "reverses")
KINDS = ("own", "loan", "provident_fund", "reversal")
_LARGEST = Decimal(10) ** 13
_HEADINGS = {
    "reference": "reference bankreference serial serialnumber transactionid receipt receiptnumber "
    "流水号 银行流水号 交易流水号 凭证号 收据号 收款编号 参考号",
    "amount": "amount credit paidin 金额 收入 收入金额 贷方金额 贷方发生额 交易金额 收款金额 实收金额",
    "out": "debit paidout refund 支出 支出金额 借方金额 借方发生额 退款金额",
    "received": "receivedat received date day time transactiondate valuedate "
    "日期 交易日期 交易时间 收款日期 到账日期 入账日期 记账日期",
    "deal": "deal dealnumber contract contractnumber order remark memo purpose "
    "成交编号 成交号 订单号 合同号 认购书编号 摘要 附言 用途 备注",
    "unit": "unit room home 房号 房源 房间 单元 房间号",
    "payer": "payer buyer client name 付款人 付款方 对方户名 对方名称 客户 客户姓名 买方 业主",
    "kind": "source kind type 来源 款项类型 款项性质 资金来源 类型",
    "reverses": "reversalof reverses originalreference 原流水号 原交易流水号 冲正流水号 被冲正流水号 原参考号",
}
_WORDS = {
    "own": "own ownmoney cash selffunded 自有 自有资金 首付 首付款 房款 定金 全款",
    "loan": "loan mortgage bankloan 贷款 按揭 按揭款 银行贷款 商业贷款",
    "provident_fund": "providentfund providentfundloan 公积金 公积金贷款",
    "reversal": "reversal refund reversed chargeback 冲正 退款 退回 冲销 红冲",
}
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:\s*(\d{2}):?(\d{2})(?::?\d{2})?)?", re.ASCII)
_YEAR_LAST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(?:[ T]+(\d{1,2}):(\d{2})(?::\d{2})?)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file reads."""

    currency: str
    headings: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, list[str]] = field(default_factory=dict)
    encoding: str = "auto"
    days: str = "ymd"
    opposite: bool = False

    def fields(self) -> dict[str, str]:
        """Return which field each heading holds: those it was told, and the usual ones of the others."""
        usual = {plain_heading(word): name for name, listed in _HEADINGS.items() for word in listed.split()}
        usual = {heading: name for heading, name in usual.items() if name not in self.headings}
        return usual | {plain_heading(heading): name for name, heading in self.headings.items()}

    def meanings(self) -> dict[str, str]:
        usual = {plain(word): name for name, listed in _WORDS.items() for word in listed.split()}
        return usual | {plain(word): name for name, listed in self.words.items() for word in listed}


def read_payments(data: bytes, reading: Reading) -> list[dict[str, Any]]:
    """Return the rows as columns of a PaymentRow; one that cannot be read has its `fault`.

    Raises: Invalid `wrong_encoding`, and as `read_rows`.
    """
    fields, words = reading.fields(), reading.meanings()
    rows = read_rows(
        _in_utf8(data, reading.encoding),
        field_of=lambda heading: fields.get(plain_heading(heading), ""),
        needed=frozenset({"received"}),
        most_rows=MOST_ROWS,
    )
    return [_row(row, reading, words) for row in rows]


def _in_utf8(data: bytes, encoding: str) -> bytes:
    if encoding == "auto" or data.startswith(b"PK") or not data:
        return data
    try:
        return data.decode(encoding).encode()
    except UnicodeDecodeError as error:
        raise Invalid("the file is not in this encoding", code="wrong_encoding") from error


def _row(row: SheetRow, reading: Reading, words: Mapping[str, str]) -> dict[str, Any]:
    typed = {name: cells[0][1].removeprefix("'").strip() for name, cells in row.cells.items()}
    told = words.get(plain(typed.get("kind", "")), "")
    found: dict[str, Any] = {
        "number": row.number,
        "deal_text": " ".join(text for _column, text in row.cells.get("deal", ()))[:120],
        "unit_text": typed.get("unit", "")[:80],
        "payer_masked": mask_name(typed.get("payer", "")),
        "kind": told if told in ("loan", "provident_fund") else "own",
        "reverses": typed.get("reverses", "")[:LONGEST_REFERENCE],
        "reference": typed.get("reference", "")[:LONGEST_REFERENCE],
        "amount": None,
        "received": "",
        "fault": "",
    }
    if not found["reference"] and found["reverses"]:
        found["reference"] = f"R-{found['reverses']}"[:LONGEST_REFERENCE]
    try:
        found["amount"] = _signed(typed, reading, told == "reversal")
        found["received"] = read_day(typed.get("received", ""), reading.days)
        _refuse(found, typed)
    except Invalid as wrong:
        found["fault"] = wrong.code
    return found


def _refuse(found: Mapping[str, Any], typed: Mapping[str, str]) -> None:
    if not found["reference"]:
        raise Invalid(code="no_reference")
    if len(typed.get("reference", "")) > LONGEST_REFERENCE or len(typed.get("reverses", "")) > LONGEST_REFERENCE:
        raise Invalid(code="long_reference")
    if found["amount"] is None and not found["reverses"]:
        raise Invalid(code="no_amount")


def _signed(typed: Mapping[str, str], reading: Reading, reversal: bool) -> Decimal | None:
    """Return the amount, refunds below 0: of the column of what went out, or by its sign, or by its word."""
    came, went = (_amount(typed.get(name, ""), reading.currency) for name in ("amount", "out"))
    if came and went:
        raise Invalid(code="two_amounts")
    if went:
        return -abs(went)
    if came is None or came == 0:
        if came is None and went is None:
            return None
        raise Invalid(code="no_amount")
    if reading.opposite:
        came = -came
    return -abs(came) if reversal else came


def _amount(text: str, currency: str) -> Decimal | None:
    if not text or text in ("-", "–", "—"):
        return None
    digits = minor_digits(currency)
    try:
        amount = read_amount(text, digits=digits)
    except NotANumber as wrong:
        raise Invalid(code="amount_unclear") from wrong
    if amount != round(amount, digits) or abs(amount) >= _LARGEST:
        raise Invalid(code="amount_unclear")
    return amount


def read_day(text: str, order: str) -> str:
    """Return a day, or a day with its minute, as ISO writes them, local and naive.

    Raises: Invalid `day_unclear`.
    """
    if not text:
        raise Invalid(code="no_day")
    written = text.strip().replace("：", ":").replace("年", "-").replace("月", "-").replace("日", " ").strip()
    try:
        if (found := _COMPACT.fullmatch(written)) is not None:
            year, month, day, hour, minute = found.groups()
        elif order != "ymd" and (found := _YEAR_LAST.fullmatch(written)) is not None:
            first, second, year, hour, minute = found.groups()
            day, month = (first, second) if order == "dmy" else (second, first)
        else:
            at = clock.read_local(written).replace(tzinfo=None)
            return at.isoformat(timespec="minutes") if ":" in written else at.date().isoformat()
        at = clock.read_local(f"{year}-{month}-{day} {hour or 0}:{minute or '00'}")
    except ValueError as wrong:
        raise Invalid(code="day_unclear") from wrong
    return at.isoformat(timespec="minutes") if hour else at.date().isoformat()
