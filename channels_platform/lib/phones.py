"""Phone numbers: one spelling (E.164), and the mask people are shown."""

import re
import unicodedata

import phonenumbers

from channels_platform.lib.errors import Invalid

MASK = re.compile(r"(\d{3})\*{4}(\d{4})")
_ALLOWED = re.compile(r"\+?[0-9 ().\-/]{3,40}")


class InvalidPhone(Invalid):
    """What was typed is no possible and valid number."""

    code = "invalid_phone"


def _plain(raw: str) -> str:
    """Fold width (full-width digits), drop invisible marks, trim."""
    folded = unicodedata.normalize("NFKC", raw)
    return "".join(c for c in folded if unicodedata.category(c) != "Cf").strip()


def parse_phone(raw: str, region: str = "CN") -> str:
    """Return the E.164 form of `raw`; region CN unless a + prefix says otherwise.

    Raises: InvalidPhone.
    Source: domain 3.
    """
    plain = _plain(raw) if isinstance(raw, str) else ""
    if not _ALLOWED.fullmatch(plain):
        raise InvalidPhone(field="phone")
    try:
        number = phonenumbers.parse(plain, region)
    except phonenumbers.NumberParseException as error:
        raise InvalidPhone(field="phone") from error
    if not (phonenumbers.is_possible_number(number) and phonenumbers.is_valid_number(number)):
        raise InvalidPhone(field="phone")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def parse_mask(raw: str) -> str:
    """Return the masked spelling `138****5678` of a masked filing.

    Raises: InvalidPhone for anything else, a full number included.
    """
    plain = _plain(raw) if isinstance(raw, str) else ""
    if not MASK.fullmatch(plain):
        raise InvalidPhone(field="phone")
    return plain


def national(e164: str) -> str:
    """Return the digits people say: without +86 for a mainland number."""
    return e164[3:] if e164.startswith("+86") else e164[1:]


def mask(e164: str) -> str:
    """Return `138****5678`: first three and last four digits of the national number."""
    digits = national(e164)
    return f"{digits[:3]}****{digits[-4:]}"


def fits_mask(e164: str, masked: str) -> bool:
    """Whether the full number has the mask's first three and last four digits."""
    return mask(e164) == masked
