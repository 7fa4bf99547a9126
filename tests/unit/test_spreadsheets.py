"""Text in CSV stays the text that it is as a spreadsheet opens it, and comes back as it was."""

import csv
from io import StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels_platform.lib.sheets import read_rows
from channels_platform.lib.spreadsheets import BOM, _changes, kept_text, kept_texts, read_back

CHANGED = [
    *("1/2", "3-4", "12-31", "31-12", "3-2001", "1-12-3", "5/6/2026", "1.10", "１／２", " 1/2", "1900-3"),
    *("0301", "007", "6222020200012345678", "1E5", "12e3", "8:30", "10:15:00", "1 1/2", "3月", "3月12日"),
    *("MAR1", "sep-2", "1-Mar", "March 5", "2 Jan 2026", "=1+1", "@x", "+86 138", "－1"),
]
KEPT = [
    *("", "3-1201", "13-2001", "32-40", "3 - 4", "1-1-402", "2-A", "A1", "12", "1201", "12.", "888888888888888"),
    *("2026-03", "2026-03-05", "2026-03-05 10:00", "D-20260301-000042", "138****5678", "王=明", "Marina 5", "1/2 A1"),
]


@pytest.mark.parametrize("text", CHANGED)
def test_what_a_spreadsheet_would_change_is_kept_as_text(text):
    assert kept_text(text) == f"'{text}"


@pytest.mark.parametrize("text", KEPT)
def test_what_it_leaves_alone_is_written_as_it_is(text):
    assert kept_text(text) == text


@pytest.mark.parametrize("text", [*CHANGED, *KEPT, "'1/2", "''=x", "'", "'t Hof", "O'Hara"])
def test_what_is_kept_comes_back_as_it_was(text):
    assert read_back(kept_text(text)) == text


@given(st.lists(st.text(alphabet="0129/-.:=+' \t\n\u3000＝１marchMAYe"), max_size=6))
def test_a_column_is_kept_text_by_text(texts):
    assert list(kept_texts(texts)) == [kept_text(text) for text in texts]


@settings(max_examples=500)
@given(st.text(alphabet="0129/-.:=+' \t\n\u3000＝１marchMAYe", max_size=12))
def test_the_first_look_lets_nothing_by_that_changes(text):
    assert (kept_text(text) != text) == _changes(text.lstrip("'"))


def test_a_sheet_of_our_own_is_read_back_unchanged():
    target = StringIO()
    texts = ["1/2", "3-4", "0301", "3-1201", "=1+1", "'1/2"]
    csv.writer(target).writerows([["Unit"], *([kept_text(text)] for text in texts)])
    data = (BOM + target.getvalue()).encode()
    rows = read_rows(data, field_of={"Unit": "unit"}.get, needed=frozenset({"unit"}), most_rows=10)
    assert [row.cells["unit"][0][1] for row in rows] == texts
