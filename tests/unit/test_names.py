import pytest

from channels_platform.lib.errors import Invalid
from channels_platform.lib.names import clean_text, mask_name, needed_reason


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("  张三 ", "张三"),
        ("Zo\u0065\u0301", "Zo\u00e9"),
        ("a\x00b\x07c", "abc"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("\u202eevil\u2066\u200b", "evil"),
        ("half \ud83d of a mark", "half  of a mark"),
        ("\u3000王五\u3000", "王五"),
        ("", ""),
    ],
)
def test_text_is_cleaned_by_the_stated_rule(raw, clean):
    assert clean_text(raw) == clean
    clean_text(raw).encode()


@pytest.mark.parametrize(("name", "shown"), [("张三丰", "张**"), ("John Smith", "J**"), ("A", "A**"), ("", "")])
def test_a_name_is_shown_by_its_first_character(name, shown):
    assert mask_name(name) == shown


def test_a_reason_is_what_can_be_read():
    assert needed_reason(" call\u200b back ") == "call back"
    for nothing in ("", " \n", "\u200b", "\u2060\u202e"):
        with pytest.raises(Invalid) as refusal:
            needed_reason(nothing)
        assert (refusal.value.code, refusal.value.field) == ("reason_required", "reason")
