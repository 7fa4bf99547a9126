"""A spreadsheet of clients, read into rows: headings in either language. Knows no Django."""

import re

from channels_platform.lib.sheets import SheetRow, plain_heading, read_rows

MOST_ROWS = 500
FIELDS = ("project", "client_name", "phones", "expected_arrival", "party_size", "note")
_HEADINGS = {
    "project": "项目 楼盘 报备楼盘 报备项目 楼盘名称 项目名称 意向楼盘 意向项目 project property",
    "client_name": "客户 姓名 客户姓名 客户名称 客人 客人姓名 client clientname clientsname customer customername name",
    "phones": "电话 手机 手机号 手机号码 电话号码 联系电话 联系方式 客户电话 客户手机 号码"
    " phone phones phonenumber mobile tel",
    "expected_arrival": "到访时间 预计到访 预计到访时间 预约时间 看房时间 带看时间 来访时间 时间"
    " expectedarrival arrival visit visittime expected",
    "party_size": "人数 到访人数 看房人数 来访人数 party partysize people howmanypeople guests",
    "note": "备注 案场备注 接待备注 给案场的备注 给接待的备注 说明 留言"
    " note notes noteforreception remark remarks comment",
}
_FIELD_OF = {word: field for field, words in _HEADINGS.items() for word in words.split()}


def read_sheet(data: bytes) -> list[SheetRow]:
    """Return the rows of the first sheet that has headings for name and phone.

    Raises: as `read_rows`.
    """
    return read_rows(data, field_of=field_of, needed=frozenset({"client_name", "phones"}), most_rows=MOST_ROWS)


def field_of(heading: str) -> str:
    """Return the field that a heading names, or ''."""
    plain = plain_heading(heading)
    return _FIELD_OF.get(plain) or _FIELD_OF.get(re.sub(r"(?:一|二|三)$", "", plain), "")
