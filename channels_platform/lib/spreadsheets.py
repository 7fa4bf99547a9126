"""Text for spreadsheets: what a person typed never becomes a formula."""

# Excel reads a CSV as UTF-8 only where it begins with this mark.
BOM = "\ufeff"
# Excel starts a formula at these; in East Asian settings also at their full-width forms. Blanks before are ignored.
_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_BLANKS = " \u00a0\u3000"


def starts_formula(text: str) -> bool:
    """Whether a spreadsheet might read the text as a formula."""
    return text.lstrip(_BLANKS).startswith(_STARTS)


def defused(text: str) -> str:
    """Return the text as CSV may hold it: an apostrophe before what would start a formula."""
    return f"'{text}" if starts_formula(text) else text
