"""Names and notes that people type: cleaned by a stated rule, masked for showing."""

import unicodedata

from channels_platform.lib.errors import Invalid

# Control marks (NUL among them), format marks, and what no encoding can write.
_DROPPED = frozenset({"Cc", "Cf", "Cs"})


def clean_text(raw: str) -> str:
    """Drop control marks (but line breaks), invisible direction marks and lone surrogates; trim; NFC."""
    kept = (c for c in unicodedata.normalize("NFC", raw) if c in "\n\t" or unicodedata.category(c) not in _DROPPED)
    return "".join(kept).strip()


def needed_reason(reason: str) -> str:
    """Return a reason that people will read: what only looks like one, of marks that nobody sees, is none.

    Raises: Invalid `reason_required`.
    """
    text = clean_text(reason)
    if not text:
        raise Invalid("a reason is needed", code="reason_required", field="reason")
    return text


def mask_name(name: str) -> str:
    """Return the shown form: the first character and stars (张**), or the first letter (J**)."""
    return f"{name[0]}**" if name else ""
