"""Agencies, units and walk-ins out of spreadsheets: looked at first, faults by row and column, all rows or none."""

import logging
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
import xlsxwriter
from django.conf import settings
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import NoReverseMatch
from django.utils.translation import override

from brokers.agency_files import AgencySheet
from brokers.models import Agency
from channels_platform.adminkit import imports
from channels_platform.audit.models import Event
from channels_platform.lib.sheets import read_rows
from channels_platform.privacy.models import Phone
from leads.models import NaturalVisit
from leads.walk_in_files import WalkInSheet
from projects.models import Holiday, Unit
from projects.services.projects import set_policy
from projects.services.units import create_unit
from projects.unit_files import UnitSheet
from tests.admin.conftest import CLIENT, SPOUSE, Cast, address, said

pytestmark = pytest.mark.django_db


def _workbook(*rows: list[Any]) -> bytes:
    target = BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    sheet = book.add_worksheet()
    for place, row in enumerate(rows):
        sheet.write_row(place, 0, row)
    book.close()
    return target.getvalue()


def _look(client: Any, model: Any, content: str | bytes, name: str = "rows.csv") -> Any:
    data = content.encode() if isinstance(content, str) else content
    file = SimpleUploadedFile(name, data)
    return client.post(address(model, "import"), {"import_file": file, "format": "0", "resource": "0"})


def _take(client: Any, model: Any, looked: Any) -> Any:
    return client.post(address(model, "process_import"), looked.context["confirm_form"].initial, follow=True)


def _faults(page: Any) -> list[tuple[Any, ...]]:
    assert page.status_code == 422 and not page.context.get("confirm_form")
    table = next(one for one in page.context["sections"] if one.template == "admin/about_table.html")
    return [tuple(cell for cell, _num in row) for row in table.data["rows"]]


def _kept() -> list[Any]:
    return list(cache._cache.get_client().scan_iter(match=f"{settings.REDIS_PREFIX}:*import:*", count=1000))


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    for key in _kept():
        cache._cache.get_client().delete(key)


AGENCIES = "code,name,kind,licence no,licence until\n"


def test_agencies_are_made_and_changed_by_code_and_an_empty_cell_leaves_what_is_there(cast: Cast, enter: Any) -> None:
    known = cast.owner.agency
    client = enter("marketing")
    text = AGENCIES + "NEW,New Homes,Referral agency,91 310000ma1k,2027-05-31\nOWN,Brighter,,,\n"
    looked = _look(client, Agency, text)
    page = said(looked)
    for words in ("1 new, 1 changed, 0 known already", "NEW · New Homes", "Agency name: Bright Homes → Brighter"):
        assert words in page, words
    assert not Agency.objects.filter(code="NEW").exists()
    done = said(_take(client, Agency, looked))
    assert "Rows: 1 new, 1 changed, 0 known already." in done
    new = Agency.objects.get(code="NEW")
    assert (new.kind, new.licence_no, str(new.licence_until)) == ("referral", "91310000MA1K", "2027-05-31")
    known.refresh_from_db()
    assert (known.name, known.licence_no) == ("Brighter", "")
    assert Event.objects.get(action="agency.created", target_id=str(new.pk)).actor.username == "a-marketing"
    assert Event.objects.get(action="agencies.imported").after == {"new": 1, "changed": 1, "same": 0}

    again = _look(client, Agency, text)
    assert "0 new, 0 changed, 2 known already" in said(again)
    before = Event.objects.exclude(action="agencies.imported").count()
    _take(client, Agency, again)
    assert Event.objects.exclude(action="agencies.imported").count() == before


def test_faults_are_told_by_row_and_column_in_both_languages_and_nothing_is_kept(cast: Cast, enter: Any) -> None:
    rows = [
        ["备注", "渠道编号", "渠道公司", "类型", "执照有效期至", "营业执照号"],
        ["", "OK", "Good Homes", "中介", "2027-01-01", "6222"],
        ["", "bad code!", "X", "中介", "", ""],
        ["", "A1", "Y", "cousin", "soon", ""],
        ["", "A2", "", "", "", 6222020200012345678],
        ["", "OK", "Twice", "中介", "", ""],
        ["x", "", "Nobody", "中介", "", ""],
    ]
    found = _faults(_look(enter("marketing"), Agency, _workbook(*rows), "agencies.xlsx"))
    assert [(row, column) for row, column, _said in found] == [
        (3, "B · Code"),
        (4, "D · Kind"),
        (4, "E · Licence valid until"),
        (5, "F · Licence number"),
        (6, "B · Code"),
        (7, "Code"),
    ]
    words = [text for _row, _column, text in found]
    assert words[2] == "Write a day like 2026-12-31." and words[4] == "Row 2 is about the same."
    assert "format Text" in words[3] and words[5] == "This is needed."
    assert not Agency.objects.filter(name="Good Homes").exists() and not _kept()
    page = said(_look(enter("marketing", language="zh-hans"), Agency, _workbook(*rows)))
    assert "第 2 行" in page and "Write a day" not in page and "What is wrong" not in page


def test_a_fault_found_only_when_confirmed_takes_nothing_at_all(cast: Cast, enter: Any) -> None:
    client = enter("marketing")
    looked = _look(client, Agency, AGENCIES + "NEW,New Homes,referral,,,,\nOWN,,platform,,,,\n")
    assert looked.context["confirm_form"] is not None
    cast.file()  # the kind stays once clients were filed
    answer = _take(client, Agency, looked)
    assert [row[:2] for row in _faults(answer)] == [(3, "C · Kind")]
    assert not Agency.objects.filter(code="NEW").exists()
    assert not Event.objects.filter(action__in=("agencies.imported", "agency.changed")).exists()


def test_units_speak_chinese_and_take_amounts_as_people_write_them(cast: Cast, enter: Any) -> None:
    old = create_unit(
        actor=None, project=cast.here, phase="One", building="1", number="101", area="80", list_price="1000000"
    )
    client = enter("marketing")
    rows = [["楼盘", "楼栋", "房号", "分期", "面积", "总价"], ["here", "1", "101", "", "", "110万"],
            ["HERE", "2", "201", "Two", 89.5, "1,300,000.00"]]  # fmt: skip
    looked = _look(client, Unit, _workbook(*rows), "units.xlsx")
    assert "List price: 1000000.0000 → 1100000" in said(looked) and "1 new, 1 changed" in said(looked)
    _take(client, Unit, looked)
    old.refresh_from_db()
    new = Unit.objects.get(number="201")
    assert (old.list_price, str(old.phase), old.area) == (Decimal(1100000), "One", Decimal(80))
    assert (new.list_price, str(new.phase), new.area) == (Decimal(1300000), "Two", Decimal("89.5"))
    head = "project,building,number,phase,area,list price\n"
    found = _faults(
        _look(client, Unit, head + "ELSE,1,1,,80,1\nHERE,1,101,Nine,,\nHERE,3,1,,80,12.80.0\nHERE,4,1,,80,\n")
    )
    assert [row[:2] for row in found] == [
        (2, "A · Project"), (3, "D · Phase"), (4, "F · List price"), (5, "List price"),
    ]  # fmt: skip
    assert found[0][2] == "No project of yours has the code “ELSE”."


WALK_INS = "project,phone,client,visited\n"


def test_walk_ins_are_kept_encrypted_once_and_leave_what_was_judged(
    cast: Cast, enter: Any, caplog: Any, monkeypatch: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    set_policy(project=cast.here, actor=cast.manager, exclusive_from="filing", lookback_days=30)
    before = cast.file(SPOUSE)
    client = enter("marketing_manager")
    text = WALK_INS + f"HERE,{CLIENT},王小明,2026-03-01 14:30\nHERE,+86 138 0000 0002,,2026/3/1 15:00\n".replace(
        "2026/3/1", "2026/03/01"
    )
    looked = _look(client, NaturalVisit, text)
    page = said(looked)
    assert "138****0001" in page and "王**" in page and CLIENT not in page and "王小明" not in page
    assert not NaturalVisit.objects.exists() and not Phone.objects.filter(last4="0001").exists()
    kept = [cache._cache.get_client().get(key) for key in _kept()]
    assert len(kept) == 1 and CLIENT.encode() not in kept[0]
    assert client.session.get("import") is None
    _take(client, NaturalVisit, looked)
    assert not _kept()
    visit = NaturalVisit.objects.get(phone__last4="0001")
    assert visit.visited_at.isoformat() == "2026-03-01T06:30:00+00:00"
    assert (visit.name, visit.phone.reveal(), visit.recorded_by.username) == (
        "王小明", "+8613800000001", "a-marketing_manager",
    )  # fmt: skip
    before.refresh_from_db()
    assert before.state == "filed"
    assert cast.file(CLIENT).reason == "known_to_site"

    rows = [list(model.objects.order_by("pk").values()) for model in (NaturalVisit, Phone)]
    again = _look(client, NaturalVisit, text)
    assert "0 new, 0 changed, 2 known already" in said(again)
    _take(client, NaturalVisit, again)
    assert rows == [list(model.objects.order_by("pk").values()) for model in (NaturalVisit, Phone)]
    told = " ".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    events = " ".join(str(list(Event.objects.values("before", "after", "reason", "target_label"))))
    assert not any(secret in told + events for secret in (CLIENT, "138 0000 0002", "王小明"))


def test_walk_ins_that_cannot_be_are_named(cast: Cast, enter: Any) -> None:
    client = enter("marketing_manager")
    rows = (
        f"HERE,{CLIENT},A,2026-03-01 14:30",
        "HERE,12345,B,2026-03-01 14:30",
        f"HERE,{CLIENT},C,2026-03-02 09:00:01",
        f"HERE,{CLIENT},D,2026-03-01",
        f"ELSE,{CLIENT},E,2026-03-01 14:30",
        f"HERE,{CLIENT},F,",
    )
    found = _faults(_look(client, NaturalVisit, WALK_INS + "\n".join(rows) + "\n"))
    assert [row[:2] for row in found] == [
        (3, "B · Phone"), (4, "D · Visited at"), (5, "D · Visited at"), (6, "A · Project"), (7, "Visited at"),
    ]  # fmt: skip
    assert found[1][2] == "That is in the future."
    assert not NaturalVisit.objects.exists()
    assert CLIENT not in said(_look(client, NaturalVisit, WALK_INS + "\n".join(rows) + "\n"))


@pytest.mark.parametrize(
    ("model", "importers"),
    [
        (Agency, {"marketing", "marketing_manager"}),
        (Unit, {"marketing", "marketing_manager"}),
        (NaturalVisit, {"marketing_manager"}),
    ],
)
def test_each_role_imports_only_what_it_may_keep(model: Any, importers: set[str], cast: Cast, enter: Any) -> None:
    for role in ("marketing", "marketing_manager", "finance", "auditor"):
        client = enter(role)
        allowed = role in importers
        for page in ("import", "import_template"):
            assert client.get(address(model, page)).status_code == (200 if allowed else 403), (role, page)
        assert (address(model, "import") in said(client.get(address(model, "changelist")))) is allowed, role
        assert client.post(address(model, "process_import"), {}).status_code == (302 if allowed else 403), role
    if model is not Unit:
        with pytest.raises(NoReverseMatch):
            address(model, "export")


@pytest.mark.parametrize("sheet", [AgencySheet, UnitSheet, WalkInSheet])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_template_is_read_back_in_either_language(sheet: Any, language: str) -> None:
    with override(language):
        headings = [str(column.label) for column in sheet.columns]
        assert sheet.template_file(["how"]).startswith(b"PK")
    dataset = sheet().create_dataset(_workbook(headings, [str(n) for n in range(len(headings))]))
    assert dataset.dict == [{column.field: str(n) for n, column in enumerate(sheet.columns)}]


def test_what_is_no_sheet_is_refused_beside_the_file(cast: Cast, enter: Any, monkeypatch: Any) -> None:
    client = enter("marketing")
    for content, words in (
        (b"\x00\x01", "Send an XLSX or a CSV file."),
        ("name,kind\nX,Y\n", "headings"),
        (AGENCIES, "nothing below"),
        (AGENCIES + "A,B,referral,,,,\n" * 501, "too many rows"),
    ):
        page = _look(client, Agency, content)
        assert page.status_code == 422 and words in said(page), words
        assert not _kept()
    monkeypatch.setattr(imports, "LARGEST", 10)
    assert "too large" in said(_look(client, Agency, AGENCIES + "A,B,referral,,,,\n"))


def test_a_file_no_longer_kept_is_asked_for_again(cast: Cast, enter: Any) -> None:
    client = enter("marketing")
    looked = _look(client, Agency, AGENCIES + "NEW,New Homes,referral,,,,\n")
    for key in _kept():
        cache._cache.get_client().delete(key)
    answer = _take(client, Agency, looked)
    assert "send it again" in said(answer) and not Agency.objects.filter(code="NEW").exists()
    tampered = looked.context["confirm_form"].initial | {"format": "9"}
    assert client.post(address(Agency, "process_import"), tampered).status_code == 302


def test_a_long_number_keeps_its_digits_or_is_refused() -> None:
    def fields(heading: str) -> str:
        return heading

    rows = read_rows(_workbook(["a", "b"], [123456789012345, 1234567890123456789]), field_of=fields,
                     needed=frozenset({"a"}), most_rows=5)  # fmt: skip
    assert rows[0].cells["a"][0][1] == "123456789012345"
    assert "e+" in rows[0].cells["b"][0][1]


def test_holidays_are_taken_by_day_and_company_and_again_change_nothing(cast: Cast, enter: Any) -> None:
    rows = [
        ["日期", "是否上班", "名称", "公司代码"],
        ["2026/10/1", "休", "国庆节", ""],
        ["2026年10月10日", "上班", "调休", ""],
        ["2026-10-01", "班", "", "LAKE"],
    ]
    client = enter("marketing_manager")
    looked = _look(client, Holiday, _workbook(*rows), "holidays.xlsx")
    assert "3 new, 0 changed, 0 known already" in said(looked) and not Holiday.objects.exists()
    _take(client, Holiday, looked)
    kept = sorted((str(one.day), one.works, str(one.company or "")) for one in Holiday.objects.all())
    assert kept == [("2026-10-01", False, ""), ("2026-10-01", True, "Lake Co."), ("2026-10-10", True, "")]
    assert Event.objects.filter(action="holiday.created").count() == 3
    assert "0 new, 0 changed, 3 known already" in said(_look(client, Holiday, _workbook(*rows)))
    wrong = [rows[0], ["1 Oct", "休", "", ""], ["2026-10-02", "maybe", "", ""], ["2026-10-03", "休", "", "NONE"]]
    found = _faults(_look(client, Holiday, _workbook(*wrong)))
    assert [(row, column) for row, column, _said in found] == [
        (2, "A · Day"), (3, "B · Worked or holiday"), (4, "D · Paying company"),
    ]  # fmt: skip
    assert _look(enter("finance"), Holiday, _workbook(*rows)).status_code == 403
