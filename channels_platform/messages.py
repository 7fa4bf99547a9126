"""Compile the translation catalogues with Babel, for a machine without GNU gettext."""

from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALE = Path(__file__).resolve().parent.parent / "locale"


def compile_all(locale: Path = LOCALE) -> list[Path]:
    """Write a `.mo` beside each `.po` whose source is newer; return those written."""
    written = []
    for source in sorted(locale.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        with source.open("rb") as handle:
            catalogue = read_po(handle, locale=source.parts[-3])
        draft = target.with_suffix(".mo.new")
        with draft.open("wb") as handle:
            write_mo(handle, catalogue)
        draft.rename(target)
        written.append(target)
    return written


if __name__ == "__main__":
    compile_all()
