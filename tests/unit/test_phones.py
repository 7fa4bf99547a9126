import pytest

from channels_platform.lib.phones import InvalidPhone, fits_mask, mask, parse_mask, parse_phone


@pytest.mark.parametrize(
    "spelling",
    [
        "13800000001",
        " 138 0000 0001 ",
        "138-0000-0001",
        "+86 138 0000 0001",
        "0086 13800000001",
        "１３８００００００01",
        "138\u200b0000\u200e0001",
        "+86(138)00000001",
    ],
)
def test_spellings_of_one_number_are_one_phone(spelling):
    assert parse_phone(spelling) == "+8613800000001"


def test_a_plus_prefix_says_the_country():
    assert parse_phone("+852 5123 4567") == "+85251234567"
    assert parse_phone("+1 212 555 0100") == "+12125550100"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "12345",
        "1380000000",
        "138000000012345",
        "13800000001x2",
        "138****0001",
        "13800000001;ext=5",
        "+999 123456789",
        "10086\x00",
        "1 OR 1=1",
        "\ud800",
        "1" * 500,
    ],
)
def test_what_is_no_possible_and_valid_number_is_refused(text):
    with pytest.raises(InvalidPhone) as refusal:
        parse_phone(text)
    assert refusal.value.code == "invalid_phone"


@pytest.mark.parametrize("value", [None, 13800000001, 1.5, ["13800000001"]])
def test_what_is_no_text_is_refused(value):
    for read in (parse_phone, parse_mask):
        with pytest.raises(InvalidPhone):
            read(value)


def test_a_mask_is_three_digits_four_stars_four_digits():
    assert parse_mask(" 138****5678 ") == "138****5678"
    assert parse_mask("１３８＊＊＊＊５６７８") == "138****5678"


@pytest.mark.parametrize(
    "text", ["13800005678", "138***5678", "138*****5678", "1380****5678", "****5678", "138****567"]
)
def test_anything_else_is_no_mask(text):
    with pytest.raises(InvalidPhone):
        parse_mask(text)


def test_a_phone_is_shown_by_its_first_three_and_last_four_digits():
    assert mask("+8613812345678") == "138****5678"
    assert mask("+85251234567") == "852****4567"


def test_a_number_fits_its_own_mask_only():
    assert fits_mask("+8613812345678", "138****5678")
    assert not fits_mask("+8613812345678", "138****5679")
    assert not fits_mask("+8613912345678", "138****5678")
