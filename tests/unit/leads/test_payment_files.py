"""Rows of payments files: how they are read, which deal each is of, and which it might be."""

from decimal import Decimal

import pytest

from channels_platform.lib.errors import Invalid
from leads.payment_matching import Candidate, Known, RowSaid, goes_back, judge, suggest
from leads.payment_rows import Reading, read_day, read_payments

CNY = Reading(currency="CNY")


def read(text, reading=CNY, encoding="utf-8"):
    return read_payments(text.encode(encoding), reading)


def test_usual_headings_of_both_languages_are_known():
    (row,) = read(
        '流水号,交易日期,贷方金额,摘要,房号,对方户名,款项类型\nB1,20260331,"1,280.50",D-1 首付,1-201,张伟明,按揭\n'
    )
    assert (row["reference"], row["received"], row["amount"], row["unit_text"]) == (
        "B1", "2026-03-31", Decimal("1280.50"), "1-201",
    )  # fmt: skip
    assert (row["deal_text"], row["payer_masked"], row["kind"], row["fault"]) == ("D-1 首付", "张**", "loan", "")


def test_a_source_says_its_headings_words_days_encoding_and_sign():
    reading = Reading(
        "CNY", {"reference": "Nr", "received": "Tag"}, {"provident_fund": ["GJJ"]}, "gb18030", "dmy", opposite=True
    )
    (row,) = read("Nr,Tag,金额,来源\nX9,01/02/2026 09:30,-5000,gjj\n", reading, "gb18030")
    assert (row["received"], row["amount"], row["kind"]) == ("2026-02-01T09:30", Decimal(5000), "provident_fund")
    with pytest.raises(Invalid, match="encoding"):
        read("流水号,交易日期\n1,2\n", Reading("CNY", encoding="utf-8-sig"), "gb18030")


def test_what_went_out_and_what_is_called_a_reversal_is_below_0():
    rows = read("reference,date,amount,debit,type\nA,2026-03-01,,200,\nB,2026-03-01,300,,冲正\nC,2026-03-01,-4,,\n")
    assert [row["amount"] for row in rows] == [Decimal(-200), Decimal(-300), Decimal(-4)]


def test_a_reversal_without_a_reference_of_its_own_has_that_of_its_payment():
    (row,) = read("reference,date,amount,reversal of\n,2026-03-01,,B-1\n")
    assert (row["reference"], row["reverses"], row["amount"], row["fault"]) == ("R-B-1", "B-1", None, "")


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (",2026-03-01,5", "no_reference"),
        ("x" * 81 + ",2026-03-01,5", "long_reference"),
        ("A,2026-03-01,", "no_amount"),
        ("A,2026-03-01,0", "no_amount"),
        ("A,2026-03-01,5.001", "amount_unclear"),
        ("A,2026-03-01,1e3", "amount_unclear"),
        ("A,2026-03-01,1" + "0" * 13, "amount_unclear"),
        ("A,,5", "no_day"),
        ("A,2026-02-30,5", "day_unclear"),
        ("A,01/02/2026,5", "day_unclear"),
    ],
)
def test_what_cannot_be_read_is_said_and_guessed_by_nobody(line, fault):
    (row,) = read(f"reference,date,amount\n{line}\n")
    assert row["fault"] == fault


def test_days_are_read_as_the_source_writes_them():
    assert read_day("03/04/2026", "dmy") == "2026-04-03"
    assert read_day("03/04/2026", "mdy") == "2026-03-04"
    assert read_day("2026年3月4日", "ymd") == "2026-03-04"
    assert read_day("20260304 0915", "ymd") == "2026-03-04T09:15"
    assert read_day("2026-03-04 09:15", "dmy") == "2026-03-04T09:15"


def said(reference="N", amount=100, **fields):
    return RowSaid(1, Decimal(amount), reference, received=fields.pop("received", "2026-03-10"), **fields)


def judged(*rows, known=None, left=(), taken_back=None):
    return judge(
        rows,
        deals={"D-20260302-000001": "one", "D-20260302-000002": "two"},
        units={"1201": "one"},
        known=known or {"B": Known("two", Decimal(100))},
        taken_back=taken_back or {},
        collected={"one": Decimal(1000), "two": Decimal(1000)},
        left=frozenset(left),
        since={"one": "2026-03-02T09:30:00+08:00", "two": "2026-03-02T09:30:00+08:00"},
        now="2026-03-20T12:00:00+08:00",
    )


def told(*rows, **facts):
    return [(one.becomes, one.deal, one.amount, one.reason) for one in judged(*rows, **facts)]


def test_a_deal_is_found_by_its_number_also_in_a_remark_else_by_its_unit():
    for text in ("d-20260302-000001", "首付 D-20260302-000001 张"):
        assert told(said(deal=text))[0][:2] == ("new", "one")
    assert told(said(unit="77")) == [("waiting", "", 100, "no_deal")]
    assert told(said(unit="12-01"))[0][:2] == ("new", "one")
    assert told(said(deal="D-20260302-000002", unit="1201")) == [("waiting", "", 100, "no_deal")]
    assert told(said(deal="D-20260302-000001 D-20260302-000002"))[0][0] == "waiting"


def test_the_same_again_changes_nothing_and_another_figure_is_a_fault():
    two = "D-20260302-000002"
    assert told(said("B", deal=two)) == [("same", "two", 100, "")]
    assert told(said("B")) == [("same", "two", 100, "")]
    assert told(said("B", 101, deal=two))[0][3] == "known_otherwise"
    assert told(said("B", deal="D-20260302-000001"))[0][3] == "known_otherwise"
    assert [one[0] for one in told(said("N", deal=two), said("N", deal=two))] == ["new", "same"]
    assert told(said("W"), left=["W"])[0] == ("same", "", 0, "waits_already")


def test_a_reversal_is_of_its_payments_deal_and_takes_back_at_most_that():
    assert told(said("R", 40, reverses="B")) == [("new", "two", -40, "")]
    whole = RowSaid(1, None, "R-B", reverses="B", received="2026-03-10")
    assert told(whole) == [("new", "two", -100, "")]
    assert told(said("R", 101, reverses="B"))[0][3] == "more_than_original"
    assert told(said("R", reverses="X")) == [("waiting", "", -100, "original_unknown")]
    parts = told(said("R1", 40, reverses="B"), said("R2", 60, reverses="B"), said("R3", 1, reverses="B"))
    assert [one[0] for one in parts] == ["new", "new", "fault"]
    earlier = {"B": Known("two", Decimal(100), taken_back=Decimal(40))}
    assert told(said("R", 61, reverses="B"), known=earlier)[0][3] == "more_than_original"
    assert told(said("R", 60, reverses="B"), known=earlier)[0][0] == "new"
    both = told(said("N", 70, deal="D-20260302-000001"), said("R", 70, reverses="N"))
    assert both == [("new", "one", 70, ""), ("new", "one", -70, "")]


def test_no_more_goes_back_than_was_collected_with_what_the_rows_before_bring():
    one, two = (f"D-20260302-00000{n}" for n in (1, 2))
    assert told(said("N", -1001, deal=one))[0][3] == "more_than_collected"
    assert [found[0] for found in told(said("M", 1, deal=one), said("N", -1001, deal=one))] == ["new", "new"]
    assert [found[0] for found in told(said("M", -1, deal=one), said("N", -1000, deal=two))] == ["new", "new"]


def test_what_comes_in_is_judged_before_what_goes_back():
    rows = [said("R", 5, reverses="N"), said("F", -5), said("N", 5), said("B")]
    assert [row.reference for row in sorted(rows, key=goes_back)] == ["N", "B", "F", "R"]


def test_a_day_is_early_or_late_as_a_day_and_an_hour_as_an_hour():
    one = "D-20260302-000001"
    for received, reason in (
        ("2026-03-02", ""), ("2026-03-01", "before_subscription"), ("2026-03-02T09:29", "before_subscription"),
        ("2026-03-02T09:30", ""), ("2026-03-20", ""), ("2026-03-21", "in_the_future"),
        ("2026-03-20T12:01", "in_the_future"),
    ):  # fmt: skip
        assert told(said(deal=one, received=received))[0][3] == reason, received


def test_suggestions_are_ordered_by_what_speaks_for_them():
    deals = [
        Candidate("a", "D-20260302-000001", "1-1201", frozenset({"张**"}), frozenset({Decimal(384000)})),
        Candidate("b", "D-20260302-000002", "1-1202", frozenset({"李**"}), frozenset({Decimal(384000)})),
        Candidate("c", "D-20260302-000003", "9-77", frozenset({"王**"}), frozenset(), ("ICBC-2026-0001",)),
    ]
    row = RowSaid(1, Decimal(384000), "ICBC-2026-0002", unit="1-1210", payer="张**")
    found = [(one.deal, one.reasons) for one in suggest(row, deals)]
    assert found == [("a", ("unit", "amount", "buyer")), ("b", ("amount",)), ("c", ("reference",))]
    swapped = suggest(RowSaid(1, None, "", unit="1-1021"), deals)
    assert [(one.deal, one.reasons) for one in swapped] == [
        ("a", ("unit",)),
    ]
    assert [one.deal for one in suggest(RowSaid(1, None, "", deal="D-20260302-00003"), deals)][:1] == ["c"]
    remark = suggest(RowSaid(1, None, "", deal="购房款 1-1202 首付"), deals)
    assert [(one.deal, one.reasons) for one in remark] == [("b", ("unit",))]
    assert suggest(RowSaid(1, Decimal(1), "Z"), deals) == []
