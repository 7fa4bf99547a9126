"""Free text kept for ever, or seen by many, without anybody's phone number."""

import re

# A mainland mobile in the spellings people type, and any other number in international form.
_MOBILE = re.compile(r"(?<!\d)((?:\+?86[ -]?)?1[3-9]\d)[ -]?\d{4}[ -]?(\d{4})(?!\d)")
_INTERNATIONAL = re.compile(r"(\+\d{1,3})[ -]?(?:\d[ -]?){3,9}(\d{4})(?!\d)")
# An account at a bank, or an identity number, in the groups that people write it in.
_ACCOUNT = re.compile(r"(?<![\dA-Za-z])\d(?: ?\d){12,28}(?: ?[Xx])?(?![\dA-Za-z])")


def redact(text: str) -> str:
    """Return the text with everything that looks like a phone masked."""
    return _INTERNATIONAL.sub(r"\1****\2", _MOBILE.sub(r"\1****\2", text))


def redact_numbers(text: str) -> str:
    """Return the text with phones masked, and of accounts and identity numbers all but the end."""
    return _ACCOUNT.sub(lambda found: f"****{found.group().replace(' ', '')[-4:]}", redact(text))
