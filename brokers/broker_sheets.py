"""A spreadsheet of brokers to invite: its headings in either language, and what became of its rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from channels_platform.accounts.permissions import Role
from channels_platform.lib.sheets import SheetRow, plain_heading, read_rows, text_workbook

MOST_ROWS = 200
_HEADINGS = {
    "name": "姓名 名字 经纪人 经纪人姓名 name broker brokername",
    "username": "用户名 登录名 账号 账户 登录账号 username user login account",
    "phone": "电话 手机 手机号 手机号码 电话号码 联系电话 phone mobile tel phonenumber",
    "email": "邮箱 电子邮箱 电子邮件 邮件 email mail emailaddress",
    "store": "门店 店 所属门店 店铺 store shop branch",
    "role": "角色 职务 身份 role position",
}
_FIELD_OF = {word: field for field, words in _HEADINGS.items() for word in words.split()}
_MANAGERS = frozenset(["负责人", "渠道公司负责人", "渠道负责人", "管理员", "agencymanager", "manager", "agencyadmin"])
_BROKERS = frozenset(["经纪人", "broker"])


@dataclass(frozen=True, slots=True)
class Invited:
    """What became of a row; `link` where an account was made, to be seen by nobody but who sent the sheet."""

    number: int
    name: str
    username: str
    done: bool
    text: str
    link: str = ""


def read_sheet(data: bytes) -> list[SheetRow]:
    """Return the rows of the first sheet that has headings for name and user name.

    Raises: as `read_rows`.
    """
    needed = frozenset({"name", "username"})
    return read_rows(data, field_of=_field_of, needed=needed, most_rows=MOST_ROWS)


def _field_of(heading: str) -> str:
    return _FIELD_OF.get(plain_heading(heading), "")


def as_entered(row: SheetRow) -> dict[str, str]:
    """Return a row as if it had been typed into the form for one broker."""
    typed = {field: cells[0][1] for field, cells in row.cells.items()}
    role = plain_heading(typed.get("role", ""))
    if not role or role in _BROKERS:
        typed["role"] = Role.BROKER
    elif role in _MANAGERS:
        typed["role"] = Role.AGENCY_ADMIN
    return typed


def faults(row: SheetRow, form: forms.Form) -> str:
    """Say what is wrong with a row, naming the column as the spreadsheet shows it."""
    said = []
    for name, errors in form.errors.items():
        words = " ".join(str(error) for error in errors)
        label = str(form.fields[name].label) if name in form.fields else ""
        cells = row.cells.get(name)
        if cells:
            words = _("Column %(column)s (%(field)s): %(said)s") % {
                "column": cells[0][0],
                "field": label,
                "said": words,
            }
        elif label:
            words = f"{label}: {words}"
        said.append(words)
    return " ".join(said)


def result_file(rows: Sequence[Invited]) -> bytes:
    """Return the results with the links, as a workbook; nothing in it is a formula."""
    table = [[_("Row"), _("Name"), _("User name"), _("Outcome"), _("What to do"), _("Invitation link")]]
    for row in rows:
        outcome = _("Invited") if row.done else _("Not invited")
        table.append([str(row.number), row.name, row.username, outcome, row.text, row.link])
    return text_workbook([(_("Results"), table, (8, 20, 20, 14, 60, 90))])


def template_file(form: type[forms.Form]) -> bytes:
    """Return an empty sheet with the headings of the form for one broker, and a second one that says how to fill it."""
    headings = [str(form.base_fields[name].label) for name in _HEADINGS]
    told = [
        [_("Headings may stand in English or Chinese, in any order; name and user name are needed. At most 200 rows.")],
        [_("Store: its name. A store that is not there yet is opened.")],
        [_("Role: Broker or Agency manager. Left out, it is Broker.")],
    ]
    widths: tuple[Any, ...] = (20, 20, 20, 28, 20, 20)
    return text_workbook([(_("Brokers"), [headings], widths), (_("How to fill it in"), told, (100,))])
