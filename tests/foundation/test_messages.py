"""Catalogues are compiled without GNU gettext, and only when they changed."""

import gettext
import os

import pytest
from babel.messages.pofile import read_po

from channels_platform.messages import LOCALE, compile_all

SOURCE = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

msgid "Filed"
msgstr "已报备"

#, fuzzy
msgid "Guess"
msgstr "猜测"
"""


@pytest.fixture
def catalogue(tmp_path):
    folder = tmp_path / "zh_Hans" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").write_text(SOURCE, encoding="utf-8")
    return folder / "django.po"


def test_compiled_catalogue_translates_and_leaves_guesses_out(catalogue, tmp_path):
    (compiled,) = compile_all(tmp_path)
    with compiled.open("rb") as handle:
        words = gettext.GNUTranslations(handle)
    assert (words.gettext("Filed"), words.gettext("Guess")) == ("已报备", "Guess")


def test_only_what_changed_is_compiled_again(catalogue, tmp_path):
    (compiled,) = compile_all(tmp_path)
    assert compile_all(tmp_path) == []
    later = compiled.stat().st_mtime + 10
    os.utime(catalogue, (later, later))
    assert compile_all(tmp_path) == [compiled]


def test_our_own_catalogues_are_well_formed():
    sources = list(LOCALE.glob("*/LC_MESSAGES/*.po"))
    assert sources
    for source in sources:
        with source.open("rb") as handle:
            assert read_po(handle, locale=source.parts[-3], abort_invalid=True)
