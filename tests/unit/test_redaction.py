"""Words kept for long hold no phone; those of a bank no whole account or identity number either."""

import pytest

from channels_platform.lib.redaction import redact_numbers


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("closed: 6222020200012345678", "closed: ****5678"),
        ("6222 0202 0001 2345 678 is closed", "****5678 is closed"),
        ("id 11010519491231002X differs", "id ****002X differs"),
        ("call 13812345678", "call 138****5678"),
        ("P-202611-000012, 2026-11-27, 53,577.05", "P-202611-000012, 2026-11-27, 53,577.05"),
    ],
)
def test_of_an_account_or_identity_number_only_the_end_is_kept(said, kept):
    assert redact_numbers(said) == kept
