"""Phones of a filing: one spelling each, or masks."""

from collections.abc import Sequence

from channels_platform.lib.phones import InvalidPhone, fits_mask, parse_mask, parse_phone


def read_phones(raw: Sequence[str], *, masked: bool) -> tuple[str, ...] | None:
    """Return the phones of a filing, or None where one of them is no phone here.

    Full mode: E.164, each number once. Masked mode: masks as filed, in order, repeats kept
    (two people may share a mask).
    Source: domain 3.
    """
    try:
        if masked:
            phones = tuple(parse_mask(one) for one in raw)
        else:
            phones = tuple(dict.fromkeys(parse_phone(one) for one in raw))
    except InvalidPhone:
        return None
    return phones or None


def resolve_masks(masks: Sequence[str], raw: Sequence[str]) -> tuple[str, ...] | None:
    """Return the full numbers that reception entered, if they fit the masks in the order filed."""
    if len(raw) != len(masks):
        return None
    try:
        numbers = tuple(parse_phone(one) for one in raw)
    except InvalidPhone:
        return None
    fitting = all(fits_mask(number, mask) for number, mask in zip(numbers, masks, strict=True))
    return numbers if fitting and len(set(numbers)) == len(numbers) else None
