"""Lines break between words: Chinese anywhere but before closing signs, other words at blanks and behind hyphens."""

import pytest

from channels_platform.presentation.line_breaks import broken_lines


def cut(text: str, room: int) -> list[str]:
    """Cut by characters: Chinese ones are two wide."""
    return broken_lines(text, lambda _line: room, lambda piece: sum(1 if sign < "\u2e80" else 2 for sign in piece))


@pytest.mark.parametrize(
    ("text", "room", "lines"),
    [
        ("Kept until handover", 12, ["Kept until", "handover"]),
        ("Kept until handover", 8, ["Kept", "until", "handover"]),
        ("units 20-21 of March at 6.2 %", 12, ["units 20-21", "of March at", "6.2 %"]),
        ("D-20260301-000042", 12, ["D-20260301-", "000042"]),
        ("handover", 5, ["hando", "ver"]),
        ("交楼前保留的佣金", 8, ["交楼前保", "留的佣金"]),
        ("三月第20套，按6.2%", 8, ["三月第20", "套，按", "6.2%"]),
        ("本月应付（含税）", 8, ["本月应付", "（含税）"]),
        ("共计应付。", 8, ["共计应", "付。"]),
        ("佣金 commission 结清", 10, ["佣金", "commission", "结清"]),
        ("-34,560.00", 20, ["-34,560.00"]),
        ("", 5, [""]),
        ("   ", 5, [""]),
        ("a\nb", 5, ["a b"]),
    ],
)
def test_lines_break_between_words(text, room, lines):
    assert cut(text, room) == lines


@pytest.mark.parametrize("text", ["R-1/2-x", "（《a》）b", "x，y。z", "1/2", "/path/-x-", "“q”…", "--", "ab cd  ef"])
@pytest.mark.parametrize("room", [2, 3, 4, 7, 50])
def test_nothing_of_a_text_is_lost(text, room):
    assert "".join(cut(text, room)).replace(" ", "") == text.replace(" ", "")
