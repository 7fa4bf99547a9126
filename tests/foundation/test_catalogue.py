"""The Chinese catalogue is complete: every text marked in code or template has its translation."""

import re
from collections import Counter
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po
from django.conf import settings
from django.template.base import Lexer, TokenType

ROOT = Path(settings.BASE_DIR)
APPS = ("channels_platform", "projects", "brokers", "leads", "commissions")
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
_TRANSLATE = re.compile(r"""^(?:translate|trans)\s+(?P<quote>["'])(?P<text>.*?)(?P=quote)(?P<rest>.*)$""", re.S)
_CONTEXT = re.compile(r"""context\s+["'](?P<context>[^"']*)["']""")
_BLOCK = re.compile(r"^(?:blocktranslate|blocktrans)\b(?P<rest>.*)$", re.S)
_BLOCK_END = re.compile(r"^end(?:blocktranslate|blocktrans)$")

_ENTRY = re.compile(r"""^(?:msgctxt (?P<context>".*")\n)?msgid (?P<text>(?:".*"\n)+)""", re.M)

Text = tuple[str, str]


CATALOGUE = ROOT / "locale/zh_Hans/LC_MESSAGES/django.po"


@pytest.fixture(scope="module")
def translated() -> set[Text]:
    with CATALOGUE.open("rb") as source:
        catalogue = read_po(source, locale="zh_Hans")
    found = set()
    for message in catalogue:
        text = message.string if isinstance(message.string, str) else message.string[0]
        if message.id and text and not message.fuzzy:
            found.add((message.context or "", message.id if isinstance(message.id, str) else message.id[0]))
    return found


def texts_in_code() -> set[Text]:
    found = set()
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            if "migrations" in path.parts:
                continue
            for _, message, _, context in extract_from_file("python", path, keywords=KEYWORDS):
                found.add((context or "", message if isinstance(message, str) else message[0]))
    return found


def texts_in_template(source: str) -> set[Text]:
    found: set[Text] = set()
    block: list[str] | None = None
    context = ""
    for token in Lexer(source).tokenize():
        if block is not None:
            if token.token_type is TokenType.BLOCK and _BLOCK_END.match(token.contents):
                found.add((context, "".join(block)))
                block = None
            elif token.token_type is TokenType.BLOCK and token.contents == "plural":
                found.add((context, "".join(block)))
                block = []
                context = "\x00plural"
            elif token.token_type is TokenType.TEXT:
                block.append(token.contents.replace("%", "%%"))
            elif token.token_type is TokenType.VAR:
                block.append(f"%({token.contents.split('|')[0]})s")
        elif token.token_type is TokenType.BLOCK:
            if given := _TRANSLATE.match(token.contents):
                named = _CONTEXT.search(given["rest"])
                found.add((named["context"] if named else "", given["text"].replace("%", "%%")))
            elif opened := _BLOCK.match(token.contents):
                named = _CONTEXT.search(opened["rest"])
                block, context = [], named["context"] if named else ""
                assert "trimmed" not in opened["rest"], "say a block's text in one line instead of `trimmed`"
    return {text for text in found if text[0] != "\x00plural"}


def texts_in_templates() -> set[Text]:
    return {
        text
        for path in sorted((ROOT / "templates").rglob("*"))
        if path.suffix in (".html", ".txt")
        for text in texts_in_template(path.read_text(encoding="utf-8"))
    }


@pytest.mark.parametrize("texts", [texts_in_code, texts_in_templates])
def test_every_marked_text_is_translated(texts, translated):
    missing = sorted(text for text in texts() if text[1] and text not in translated)
    assert not missing


def test_an_untranslated_text_would_be_found(translated):
    planted = texts_in_template(
        '{% translate "Nobody translated this." %}{% blocktranslate %}Nor {{ this }}.{% endblocktranslate %}'
    )
    assert planted == {("", "Nobody translated this."), ("", "Nor %(this)s.")}
    assert not planted & translated


def test_each_text_is_translated_once():
    found = Counter(one.groups() for one in _ENTRY.finditer(CATALOGUE.read_text(encoding="utf-8")))
    assert len(found) > 1000
    assert [text for text, times in found.items() if times > 1] == []
