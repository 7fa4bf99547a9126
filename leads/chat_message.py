"""A chat message that reports a client, read into the fields of a filing. Pure; knows no Django.

What is certain fills a field; all the rest goes to the note, so nothing that was written is lost. A day without an
hour is no arrival yet: it stays in the note for the broker to complete.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from leads.chat_times import NUMBER, find_arrival, number

LONGEST = 2_000
MOST_PHONES = 5
_LONGEST_NAME = 80
_LONGEST_NOTE = 500
_SHORTEST_PART = 3
# Stands where something understood was taken out: nothing reads across it.
_GAP = "\ue000"


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """What a message says. `project` is a key of the projects given, '' where none was recognised."""

    project: str = ""
    client_name: str = ""
    phones: tuple[str, ...] = ()
    arrival: datetime | None = None
    party_size: int | None = None
    note: str = ""


_LABELS = {
    "note": "备注 说明 留言 客户需求 需求 意向户型 意向 remark remarks note notes comment comments",
    "agent": "经纪人电话 经纪人姓名 经纪人 报备人电话 报备人 业务员电话 业务员 置业顾问"
    " 中介公司 渠道公司 报备公司 所属公司 公司 门店 分行 agent agent_phone broker broker_phone agency store from",
    "project": "报备楼盘名称 报备楼盘 报备项目 楼盘名称 项目名称 意向楼盘 意向项目 楼盘 项目 project property site",
    "name": "客户姓名 客户名称 客户称呼 客人姓名 客户 客人 姓名 称呼"
    " client client_name customer customer_name buyer name",
    "phone": "客户电话 客户手机 客户号码 联系电话 联系方式 手机号码 电话号码 手机号 手机 电话 号码"
    " phone phones phone_number mobile tel cell number",
    "time": "预计到访时间 预计到访 预约到访时间 预计到场时间 到访时间 到访日期 到场时间 看房时间 带看时间 来访时间"
    " 预约时间 日期 时间 到访 expected_arrival visit_time visiting arrival arriving visit date time when",
    "party": "到访人数 看房人数 来访人数 同行人数 人数 number_of_people party party_size people guest guests pax",
}
_KINDS = {word.replace("_", " "): kind for kind, words in _LABELS.items() for word in words.split()}
_LABEL = re.compile(
    r"(?<![^\W\d_])(?:[\[【(][ \t]*)?(?P<word>"
    + "|".join(sorted(_KINDS, key=len, reverse=True))
    + r")(?:[ \t]*[\]】)])?(?P<mark>\s*[:=]\s*|\s+|(?=[^\sA-Za-z:=])|$)",
    re.I,
)
_PHONE = re.compile(
    r"(?<![\d*+])(?:"
    r"(?P<mask>(?:\+?86[\s-]?)?1\d\d[\s-]?[*xX×•·.]{3,8}[\s-]?\d{4})"
    r"|(?P<mobile>(?:(?:\+|00)?86[\s-]?)?1[3-9]\d(?:[\s-]?\d{4}){2})"
    r"|(?P<abroad>\+\d(?:[\s-]?\d){6,14})"
    r"|(?P<land>0\d{2,3}[\s-]?\d{7,8})"
    r")(?![\d*])"
)
_TYPED_PHONE = re.compile(r"\+?[\d*][\d* \-]{3,22}[\d*]")
_PARTY = re.compile(
    rf"(?:一共|共|总共|party of\s*|一行)?\s*(?P<two>(?P<big>{NUMBER})\s*大\s*(?P<small>{NUMBER})\s*小)"
    rf"|一家(?P<home>{NUMBER})口"
    rf"|(?:一共|共|总共|一行|约|大概)?\s*(?<![\d.])(?<!\d:)(?P<n>{NUMBER})(?:\s*[-~到、]\s*(?P<upto>{NUMBER}))?\s*"
    r"(?:个人|个大人|口人|人|位|pax\b|people\b|persons?\b|ppl\b|guests?\b|visitors?\b|adults?\b)"
    rf"|\bparty of\s+(?P<of>{NUMBER})\b",
    re.I,
)
_SURNAMES = (
    "欧阳上官司马诸葛东方皇甫尉迟公孙慕容令狐",
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚"
    "谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛伍韦申尤毕聂丛焦"
    "向柳邢路岳齐梅莫庄辛管祝左涂谷祁时舒耿牟卜詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍位覃霍翁隋植甘景薄单包司柏宁柯阮桂闵解",
)
_DOUBLE = "|".join(_SURNAMES[0][place : place + 2] for place in range(0, len(_SURNAMES[0]), 2))
_TITLE = "先生|女士|小姐|太太|夫人|老师|医生|经理|阿姨|大姐|大哥|叔叔|总|姐|哥|生|姨|叔"
_ONE_NAME = re.compile(
    rf"(?:{_DOUBLE}|[{_SURNAMES[1]}])(?:[一-鿿]{{0,2}}?(?:{_TITLE})|[一-鿿]{{1,2}})(?![一-鿿])"
    rf"|[一-鿿]{{1,3}}(?:先生|女士|小姐|太太)"
)
_ENGLISH_NAME = re.compile(
    r"\b(?:(?:Mr|Mrs|Ms|Miss|Mdm|Madam|Dr)\b\.?(?:\s+[A-Z][\w'\-]*){1,3}|[A-Z][a-z'\-]+(?:\s+[A-Z][\w'\-]*){1,2})"
)
_FILLER = re.compile(
    r"(?:报备一下|报备|新报|客户报备|推荐|带看|带客|预计|预约|大概|大约|到访|来访|到场|过来|过去|看房|看一下|看看|来看|"
    r"左右|同行|麻烦|谢谢|收到请回复|"
    r"请确认|您好|你好|大家好|hi|hello|thanks?|thank you|please|pls|to visit|will visit|visiting|visits?|"
    r"will come|coming|arriving|arrives?|for|at|on|with|and|the|new client|filing|register|[~!?#*+=_\-.])+",
    re.I,
)
_PIECES = re.compile(rf"[\n,;。、|/{_GAP}]+")


def read_message(text: str, *, projects: Mapping[str, str], now: datetime, zone: tzinfo) -> ChatMessage:
    """Return what a chat message says of a client.

    Shape:  `projects` maps keys to names; arrival is an instant in `zone`.
    """
    rest = _plain(text)
    rest, said = _set_aside(rest)
    rest, phones = _phones(rest)
    rest, project = _project(rest, projects)
    rest, party = _party(rest)
    rest, arrival = _arrival(rest, now, zone)
    rest, name = _labelled_name(rest)
    pieces = _rest(rest)
    if not name:
        name, pieces = _unlabelled_name(pieces)
    note = _joined([*pieces, *said], text)
    return ChatMessage(project, name[:_LONGEST_NAME], phones, arrival, party, note[:_LONGEST_NOTE])


def _plain(text: str) -> str:
    """Fold width and spelling: full-width digits and colons, invisible marks, kinds of blanks and commas."""
    folded = unicodedata.normalize("NFKC", text[:LONGEST])
    kept = "".join(c for c in folded if c == "\n" or unicodedata.category(c) not in ("Cf", "Cc", "Cs", "Co", "So"))
    return kept.replace("，", ",").replace("；", ";").replace("：", ":").strip()


def _without(text: str, *spans: tuple[int, int]) -> str:
    for start, end in sorted(spans, reverse=True):
        text = text[:start] + _GAP + text[end:]
    return text


def _set_aside(text: str) -> tuple[str, list[str]]:
    """Take notes out as they are, and what is said of the broker: that phone is not the client's."""
    labels = list(_LABEL.finditer(text))
    said: list[str] = []
    spans: list[tuple[int, int]] = []
    for place, label in enumerate(labels):
        if _kind(label) not in ("note", "agent"):
            continue
        if any(start <= label.start() < end for start, end in spans):
            continue
        line_end = text.find("\n", label.end())
        ends = [len(text) if line_end < 0 else line_end]
        ends += [other.start() for other in labels[place + 1 :] if _strong(other) and other.start() >= label.end()][:1]
        end = min(ends)
        value = text[label.end() : end].strip(" ,;。:")
        if value:
            said.append(value if _kind(label) == "note" else f"{label['word']} {value}")
        spans.append((label.start(), end))
    return _without(text, *spans), said


def _kind(label: re.Match[str]) -> str:
    return _KINDS[label["word"].lower()]


def _strong(label: re.Match[str]) -> bool:
    """Whether a word is surely a label: with a colon, or at the beginning of a line."""
    return (
        ":" in label["mark"]
        or "=" in label["mark"]
        or bool(re.search(r"(?:^|[\n ,】])$", label.string[: label.start()]))
    )


def _phones(text: str) -> tuple[str, tuple[str, ...]]:
    found: list[str] = []
    spans = []
    for m in _PHONE.finditer(text):
        digits = re.sub(r"[\s\-]", "", m[0])
        if m["mask"]:
            digits = re.sub(r"^\+?86(?=1\d\d\D)", "", digits)
            digits = digits[:3] + "****" + digits[-4:]
        elif m["mobile"]:
            digits = digits[-11:]
        if digits not in found:
            found.append(digits)
        spans.append((m.start(), m.end()))
    text = _without(text, *spans)
    # A labelled number that is none: the form shows it beside its field.
    for label in _LABEL.finditer(text):
        if _kind(label) == "phone" and not found and (typed := _TYPED_PHONE.match(text, label.end())):
            return _without(text, typed.span()), (typed[0].strip(),)
    return text, tuple(found[:MOST_PHONES])


def spellings(projects: Mapping[str, str]) -> dict[str, str]:
    """Return what people call projects, each with its key: the name, and its Chinese and its Latin part.

    A part that two projects share names neither.
    """
    whole = {name: key for key, name in projects.items()}
    parts: dict[str, set[str]] = {}
    for key, name in projects.items():
        for part in (re.sub(r"[^一-鿿]+", "", name), re.sub(r"[^!-~ ]+", " ", name).strip()):
            if len(part) >= _SHORTEST_PART and part != name:
                parts.setdefault(part, set()).add(key)
    return {part: keys.pop() for part, keys in parts.items() if len(keys) == 1} | whole


def _project(text: str, projects: Mapping[str, str]) -> tuple[str, str]:
    named = sorted(spellings(projects).items(), key=lambda item: len(item[0]), reverse=True)
    for name, key in named:
        spelled = r"\s*".join(re.escape(one) for one in unicodedata.normalize("NFKC", name) if not one.isspace())
        if spelled and (m := re.search(rf"[「『《“\"']?{spelled}[」』》”\"']?(?:项目|楼盘)?", text, re.I)):
            return _without(text, m.span()), key
    for label in _LABEL.finditer(text):
        if _kind(label) != "project" or not (m := re.compile(r"[^\s,;。\n\ue000:]{2,}").match(text, label.end())):
            continue
        said = m[0].casefold()
        alike = {key for name, key in named if said in name.casefold() or name.casefold() in said}
        if len(alike) == 1:
            return _without(text, m.span()), alike.pop()
    return text, ""


def _party(text: str) -> tuple[str, int | None]:
    for m in _PARTY.finditer(text):
        if m["two"]:
            people = number(m["big"]) + number(m["small"])
        else:
            people = number(m["upto"] or m["home"] or m["of"] or m["n"])
        if 1 <= people <= 50:
            return _without(text, m.span()), people
    for label in _LABEL.finditer(text):
        if _kind(label) == "party" and (said := re.compile(rf"{NUMBER}(?!\d)").match(text, label.end())):
            people = number(said[0])
            if 1 <= people <= 50:
                return _without(text, (label.start(), said.end())), people
    return text, None


def _arrival(text: str, now: datetime, zone: tzinfo) -> tuple[str, datetime | None]:
    found = find_arrival(text, now=now, zone=zone)
    if found is None:
        return text, None
    at, spans = found
    return _without(text, *spans), at


def _labelled_name(text: str) -> tuple[str, str]:
    for label in _LABEL.finditer(text):
        if _kind(label) != "name":
            continue
        value = re.compile(rf"[^,;。、|\n{_GAP}:()]+").match(text, label.end())
        if value is None:
            continue
        end = next(
            (m.start() for m in _LABEL.finditer(text, value.start() + 1) if m.start() < value.end()), value.end()
        )
        said = text[value.start() : end]
        close = _ONE_NAME.match(said) or re.match(r"[一-鿿·]{1,6}(?=\s)", said)
        name = close[0] if close else said.strip()
        if name:
            return _without(text, (label.start(), value.start() + (close.end() if close else len(said)))), name
    return text, ""


def _rest(text: str) -> list[str]:
    """Return what is left in pieces, labels with nothing behind them and words of courtesy dropped."""
    bare = _LABEL.sub(lambda m: m[0] if _kind(m) not in ("name", "project") and _says(m) else _GAP, text)
    pieces = (re.sub(r"\s+", " ", piece).strip(" :=()[]【】<>\"'") for piece in _PIECES.split(bare))
    return [piece for piece in pieces if piece and not _FILLER.fullmatch(piece.replace(" ", "")) and not _idle(piece)]


def _says(label: re.Match[str]) -> bool:
    """Whether a label's word is part of a sentence: something follows it at once without any mark."""
    return label["mark"] == "" and label.end() < len(label.string) and label.string[label.end()] not in f"{_GAP}\n,;。"


def _idle(piece: str) -> bool:
    return all(_FILLER.fullmatch(word) for word in piece.split())


def _unlabelled_name(pieces: list[str]) -> tuple[str, list[str]]:
    for pattern in (_ONE_NAME, _ENGLISH_NAME):
        for place, piece in enumerate(pieces):
            m = next((m for m in pattern.finditer(piece) if m.start() == 0 or not _cjk(piece[m.start() - 1])), None)
            if m is None:
                continue
            left = [part.strip(" :-()") for part in (piece[: m.start()], piece[m.end() :])]
            return m[0], [*pieces[:place], *(one for one in left if one and not _idle(one)), *pieces[place + 1 :]]
    return "", pieces


def _cjk(sign: str) -> bool:
    return "一" <= sign <= "鿿"


def _joined(pieces: list[str], text: str) -> str:
    chinese = any(_cjk(sign) for sign in text)
    return ("，" if chinese else ", ").join(dict.fromkeys(pieces))
