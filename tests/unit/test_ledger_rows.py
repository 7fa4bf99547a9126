"""An agency's own ledger: which rows are of deals, which are totals or signatures, and what headings it may have."""

import zipfile
from datetime import date
from decimal import Decimal
from io import BytesIO

import pytest
import xlsxwriter

from channels_platform.lib.errors import Invalid
from commissions.ledger_rows import Ledger, read_ledger

HEAD = "序号,成交编号,房号,客户,日期,佣金,备注"
DEAL = "1,D-1,3-1201,张伟,2026-03-05,1000,"


def read(*rows: str, head: str = HEAD, told: dict[str, str] | None = None) -> Ledger:
    return read_ledger("\n".join([head, DEAL, *rows]).encode(), told or {}, "CNY")


def workbook(rows: list[list[object]], *merged: tuple[int, int, int, int]) -> bytes:
    """Return a workbook in which each range of `merged` shows what its first cell does."""
    target = BytesIO()
    book = xlsxwriter.Workbook(target)
    sheet = book.add_worksheet()
    for place, row in enumerate(rows):
        sheet.write_row(place, 0, row)
    for first, left, last, right in merged:
        sheet.merge_range(first, left, last, right, "")
        sheet.write(first, left, rows[first][left])
    book.close()
    return target.getvalue()


@pytest.mark.parametrize(
    "row",
    [
        ",合计,,,,1000,", "合计,,,,,1000,", ",总计：,,,,1000,", ",,小 计,,,1000,", ",,,累计,,1000,",
        ",,,,合计,1000,", ",2026年3月合计,,,,1000,", ",本页小计,12套,,,1000,", "合计（元）,,12套,,,1000,",
        ",合计：12套,,,,约一千,", ",共计12套,,,,1000,", ",Total,,,,1000,", "Total:,,,,,1000,",
        ",Grand total (CNY),,,,1000,", ",,Sub-total,,,1000,", ",SUM,,,,1000,", ",,Total for March,,,1000,",
        ",Totals: 3 deals,,,,1000,", ",签字：,,,,,", ",甲方（盖章）,,乙方（盖章）：,,,", "制表：张伟,,,,,审核：李四,",
        ",制表人：张伟 审核：李四,,,,,", ",,财务负责人,,,,", ",Signature,,,,,",
        ",Prepared by: Ann,,Checked by,,,", ",备注：以上含税,,,,,", ",,,,日期：2026-03-31,,",
        ",,,,,日期：2026-03-31,",
    ],
)  # fmt: skip
def test_totals_and_signatures_are_no_deals_and_are_named(row):
    found = read(row)
    assert [one.number for one in found.rows] == [2]
    assert [one.number for one in found.left_out] == [3]
    said = found.left_out[0]
    assert said.deal
    assert "张" not in said.deal
    assert (said.unit, said.client, said.amount) == ("", "", None)


@pytest.mark.parametrize(
    "row",
    [
        "2,D-2,3-1202,李四,,1000,合计", "2,D-2,,小计划科技有限公司,,1000,",
        "2,D-2,,上海合计贸易有限公司,,1000,", "2,,3-1202,Total Energies,,1000,", "2,,3-1202,Summers,,1000,",
        "2,,3-1202,李四,,1000,合计两套，首付已付", "2,D-2,,李四（已审核）,,,",
        "2,D-2,,李四,,1000,财务审核：王五", "2,D-签字,3-1202,李四,,1000,",
    ],
)  # fmt: skip
def test_deals_with_such_words_in_other_places_stay_deals(row):
    found = read(row)
    assert [one.number for one in found.rows] == [2, 3]
    assert not found.left_out


def test_what_names_nothing_and_is_the_sum_of_those_above_is_a_total_too():
    found = read("2,D-2,,,,500,", ",,,,,1500,", "3,D-3,,,,700,", "4,D-4,,,,300,", ",,,,,1000,", ",,,,,2500,", ",,,,,7,")
    assert [(one.number, one.deal) for one in found.left_out] == [(4, "Σ"), (7, "Σ"), (8, "Σ")]
    assert [(one.number, one.amount) for one in found.rows][-1] == (9, 7)
    assert not read(",,,,,1000,").left_out, "of one row alone it may be its second part"


@pytest.mark.parametrize("nothing", ["-", "–", "—", "——", "/", "－", " - "])
def test_a_dash_is_nothing_in_any_column(nothing):
    [_first, row] = read(f"2,{nothing},3-1202,{nothing},{nothing},{nothing},").rows
    assert (row.deal, row.unit, row.client, row.on, row.amount) == ("", "3-1202", "", None, None)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2026-3-5", date(2026, 3, 5)), ("2026.03.05", date(2026, 3, 5)), ("2026年3月5日", date(2026, 3, 5)),
        ("20260305", date(2026, 3, 5)), ("2026/3/5 00:00:00", date(2026, 3, 5)), ("25/03/2026", date(2026, 3, 25)),
        ("3/25/2026", date(2026, 3, 25)), ("03/03/2026", date(2026, 3, 3)), ("03/04/2026", None), ("2026-13-01", None),
        ("三月初", None),
    ],
)  # fmt: skip
def test_a_day_is_read_where_it_can_be_read_in_one_way_only(written, day):
    found = read(f"2,D-2,,,{written},1000,")
    assert found.rows[1].on == day
    assert found.undated == (() if day else (3,))


def test_only_an_amount_that_cannot_be_read_refuses_the_file():
    with pytest.raises(Invalid) as refused:
        read("2,D-2,,,,待定,")
    assert (refused.value.code, refused.value.facts) == ("row_unread", {"row": 3, "what": "待定"})


def test_a_merged_deal_stands_for_each_row_that_it_covers_and_an_amount_only_for_its_own():
    rows = [
        ["成交编号", "客户", "佣金", "期次"], ["D-1", "张伟", 500, "一"], ["", "", 500, "二"], ["", "", "", ""],
        ["D-2", "李四", 900, ""], ["D-3", "王五", "", ""],
    ]  # fmt: skip
    data = workbook(rows, (1, 0, 3, 0), (1, 1, 3, 1), (4, 2, 5, 2))
    assert [(one.number, one.deal, one.client, one.amount) for one in read_ledger(data, {}, "CNY").rows] == [
        (2, "D-1", "张**", 500), (3, "D-1", "张**", 500), (5, "D-2", "李**", 900), (6, "D-3", "王**", None),
    ]  # fmt: skip


def test_more_merged_than_there_are_cells_is_refused():
    cells = [["成交编号", "佣金"], ["D-1", 1], *([["", 1]] * 19_000)]
    data = workbook(cells, (1, 0, 18_999, 0))
    once = b'<mergeCell ref="A2:A19000"/>'
    target = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as before, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            after.writestr(name, before.read(name).replace(once, once * 200))
    with pytest.raises(Invalid) as refused:
        read_ledger(target.getvalue(), {}, "CNY")
    assert refused.value.code == "sheet_broken"


TWO_ROWS = [
    ["某公司佣金结算表", "", "", "", ""],
    ["成交单号", "客户", "佣金", "", "备注"],
    ["", "", "应收佣金", "已收佣金", ""],
    ["D-1", "张伟", 1000, 400, "x"],
]


def test_headings_over_two_rows_are_read_together():
    data = workbook(TWO_ROWS, (0, 0, 0, 4), (1, 0, 2, 0), (1, 1, 2, 1), (1, 2, 1, 3), (1, 4, 2, 4))
    for told in ({}, {"deal": "成交单号", "amount": "应收佣金"}):
        [row] = read_ledger(data, told, "CNY").rows
        assert (row.number, row.deal, row.client, row.amount) == (4, "D-1", "张**", Decimal(1000))
    [row] = read_ledger(data, {"amount": "已收佣金"}, "CNY").rows
    assert row.amount == 400


@pytest.mark.parametrize(
    ("upper", "lower", "amount"),
    [
        ("成交编号,客户,佣金信息,", ",,费率,应收佣金", 400),
        ("成交编号,,佣金信息,", ",客户,费率,应收佣金", 400),
        ("成交编号,客户,佣金,", ",,费率,应收佣金", 400),
        ("成交编号,客户,佣金,日期", "D-9,李四,7,", 1000),
        ("成交编号,客户,佣金,费用类型", ",李四,7,佣金", 1000),
    ],
)
def test_of_two_rows_the_lower_says_what_its_columns_are(upper, lower, amount):
    found = read_ledger(f"{upper}\n{lower}\nD-1,张伟,1000,400\n".encode(), {}, "CNY")
    assert (found.rows[-1].deal, found.rows[-1].client, found.rows[-1].amount) == ("D-1", "张**", amount)
