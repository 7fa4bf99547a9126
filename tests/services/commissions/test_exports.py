"""Exports: totals that equal the ledger to the cent, no formula out of what somebody typed, an event for each."""

import csv
from contextlib import nullcontext
from decimal import Decimal
from io import BytesIO, StringIO
from zipfile import ZipFile

import pytest
from django.db import connection
from django.db.models import Sum
from django.utils.translation import gettext, override
from python_calamine import CalamineWorkbook

from channels_platform.accounts.permissions import Role
from channels_platform.audit.models import Event
from channels_platform.jobs.models import JobState
from channels_platform.jobs.selectors import get_job
from channels_platform.jobs.services import Settled
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from channels_platform.presentation.badges import badge_of
from channels_platform.presentation.pdf import paragraph
from commissions.batch_sheets import lines_of, with_states
from commissions.exports import rows
from commissions.exports.cells import CellKind, Column, defused, starts_formula
from commissions.exports.statement import statement_pdf
from commissions.exports.tables import deals_csv
from commissions.exports.workbook import Sheets
from commissions.models import ApprovalRule, LedgerEntry
from commissions.own_money import with_shown_states
from commissions.services.bank_results import answer_line
from commissions.services.exporting import (
    ExportForm,
    export_batch,
    export_statement,
    is_large,
    start_export,
    write_export,
)
from commissions.services.payee_holds import lift_payee_hold, set_hold
from commissions.services.payouts import approve_batch, pay_batch, return_batch, submit_batch
from tests.accounts_at_banks import open_account
from tests.services.commissions.bulk import many_deals
from tests.services.commissions.cast import AT_CONTRACT, Cast, person

EVIL = '=HYPERLINK("http://evil";"x")'

CASH = {"name": "cash", "amount": "3000.00", "to": "broker", "release": "contracted"}


@pytest.fixture
def paid(cast) -> Cast:
    """Two agencies and three brokers paid for three deals at prices that do not divide well; A1's name is a formula."""
    bonus = [{"name": "+cash", "amount": "1000.01", "to": "broker", "release": "contracted"}]
    cast.agencies["A1"].name = EVIL
    cast.agencies["A1"].save()
    cast.plan("A1", tiers=(("0", "0.00777"),), release=AT_CONTRACT, bonuses=bonus)
    cast.plan("A2", tiers=(("0", "0.00333"),), release=AT_CONTRACT, bonuses=bonus)
    cast.contracted("B1", "C1", price="1234567.89")
    cast.contracted("B2", "B1", price="765432.11")
    cast.contracted("C1", price="999999.99")
    cast.run()
    cast.batch = cast.paid()
    return cast


def content(cast: Cast, form: ExportForm) -> bytes:
    return b"".join(export_batch(actor=cast.finance, batch=cast.batch, form=form).pieces)


def sheets(data: bytes) -> dict[str, list[list[object]]]:
    book = CalamineWorkbook.from_filelike(BytesIO(data))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def exact(value: object) -> Decimal:
    return Decimal(repr(value)).quantize(Decimal("0.01"))


def column(rows: list[list[object]], heading: str) -> list[Decimal]:
    place = rows[0].index(heading)
    return [exact(row[place]) for row in rows[1:]]


def test_the_workbooks_totals_are_the_ledgers(paid):
    book = sheets(content(paid, ExportForm.XLSX))
    assert list(book) == ["Summary", "Lines", "Deals", "Approvals"]
    ledger = dict(
        LedgerEntry.objects.filter(transaction__line__batch=paid.batch)
        .order_by()
        .values_list("account")
        .annotate(Sum("amount"))
    )
    expected = {"Gross": -ledger["payable"], "Tax withheld": ledger["tax"], "Net": ledger["paid"]}
    summary = dict(book["Summary"])
    for heading, amount in expected.items():
        assert exact(summary[heading]) == amount
        for sheet in ("Lines", "Deals"):
            *parts, total = column(book[sheet], heading)
            assert sum(parts) == total == amount


def test_the_workbook_tells_the_approvals_with_what_each_person_approved(cast):
    cast.plan("A1", release=AT_CONTRACT)
    cast.contracted("B1")
    cast.run()
    ApprovalRule.objects.create(company=cast.company, currency="CNY", from_amount=5000, approvals=2)
    second = person(Role.FINANCE_APPROVER)
    second.name = "=Second"
    second.save()
    cast.batch = cast.submitted()
    with clock.at(cast.later()):
        approve_batch(actor=cast.approver, batch=cast.batch)
    with clock.at(cast.later()):
        return_batch(actor=second, batch=cast.batch, reason="=another day")
    with clock.at(cast.later()):
        submit_batch(actor=cast.finance, batch=cast.batch)
    for approver in (second, cast.approver):
        with clock.at(cast.later()):
            approve_batch(actor=approver, batch=cast.batch)
    heading, *rows = sheets(content(cast, ExportForm.XLSX))["Approvals"]
    assert heading == ["Step", "Who", "Role", "When", "Amount band", "Gross", "Net", "Reason"]
    assert [(row[0], row[1], row[2]) for row in rows] == [
        ("Prepared", str(cast.finance), "Finance"),
        ("Submitted", str(cast.finance), "Finance"),
        ("Approved", str(cast.approver), "Finance approver"),
        ("Returned to draft", "=Second", "Finance approver"),
        ("Submitted", str(cast.finance), "Finance"),
        ("Approved", "=Second", "Finance approver"),
        ("Approved", str(cast.approver), "Finance approver"),
    ]
    assert {(row[4], row[5]) for row in rows if row[0] == "Approved"} == {("from 5,000.00 CNY: 2 to approve", 10000.0)}
    assert rows[2][7].endswith("the batch was returned") and rows[2][7].startswith("counts no more since 2026-03-")
    assert (rows[3][7], rows[5][7]) == ("=another day", "")


def test_the_deals_behind_each_line_add_up_to_it(paid):
    book = sheets(content(paid, ExportForm.XLSX))
    lines = {row[0]: (exact(row[3]), exact(row[4]), exact(row[5])) for row in book["Lines"][1:-1]}
    deals: dict[object, tuple[Decimal, ...]] = {}
    for row in book["Deals"][1:-1]:
        parts = tuple(map(exact, row[16:19]))
        deals[row[0]] = tuple(map(sum, zip(deals.get(row[0], (0, 0, 0)), parts, strict=True)))
    assert deals == lines
    assert len(book["Deals"][0]) == 21


def test_nothing_in_the_workbook_is_a_formula(paid):
    data = content(paid, ExportForm.XLSX)
    assert {row[0] for row in sheets(data)["Lines"]} >= {EVIL}
    with ZipFile(BytesIO(data)) as parts:
        xml = b"".join(parts.read(name) for name in parts.namelist() if name.endswith(".xml"))
    assert b"<f>" not in xml
    assert b"quotePrefix" in xml


@pytest.mark.parametrize("start", ["=1", "+1", "-1", "@x", "\tx", "\rx", "  =1", "＝1", "＋1", "－1", "＠x", "\n=1"])
def test_what_starts_a_formula_is_defused(start):
    assert defused(start) == f"'{start}"


@pytest.mark.parametrize("harmless", ["", "a=1", "1+1", "王=明", "3 - 4", "a@b"])
def test_what_starts_none_is_left_alone(harmless):
    assert not starts_formula(harmless)
    assert defused(harmless) == harmless


def test_csv_has_a_mark_so_that_excel_reads_chinese_and_the_same_figures(paid):
    data = content(paid, ExportForm.CSV)
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(StringIO(data.decode("utf-8-sig"))))
    assert {row[0] for row in rows[1:]} == {f"'{EVIL}", "A2", "B1", "B2", "C1"}
    gross = sum(Decimal(row[16]) for row in rows[1:])
    assert gross == paid.batch.lines.aggregate(Sum("gross"))["gross__sum"]
    assert {row[5] for row in rows[1:]} == {"Commission", "Bonus: +cash"}
    assert "at 0.777\xa0% of 1,234,567.89 × 1/2" in data.decode()


def test_deals_of_a_line_that_the_bank_refused_say_so(cast):
    cast.plan("A1", release=AT_CONTRACT)
    cast.plan("A2", release=AT_CONTRACT)
    cast.contracted("B1")
    cast.contracted("C1", price="2000000.00")
    cast.run()
    cast.batch = cast.paid(failing=[cast.payee("A2")])
    expected = {"A1": ("10000.00", "Paid"), "A2": ("20000.00", "Failed")}
    rows = list(csv.reader(StringIO(content(cast, ExportForm.CSV).decode("utf-8-sig"))))
    assert {row[0]: (row[18], row[19]) for row in rows[1:]} == expected
    deals = sheets(content(cast, ExportForm.XLSX))["Deals"]
    assert {row[0]: (f"{exact(row[18])}", row[19]) for row in deals[1:-1]} == expected


def test_csv_keeps_the_language_it_was_asked_in(paid):
    with override("zh-hans"):
        pieces = deals_csv(paid.batch)
    asked = "".join(pieces)
    with override("en"):
        plain = "".join(deals_csv(paid.batch))
    assert asked != plain
    assert "0.777%" in asked


def test_a_workbook_keeps_the_language_it_was_asked_in(paid):
    with override("zh-hans"):
        file = export_batch(actor=paid.finance, batch=paid.batch, form=ExportForm.XLSX)
    assert "Summary" not in sheets(b"".join(file.pieces))


def test_the_bank_gets_what_is_open_and_only_once_approved(paid):
    assert len(content(paid, ExportForm.BANK).decode().splitlines()) == 1
    paid.contracted("B1", price="1000000.00")
    paid.run()
    paid.batch = paid.submitted()
    with pytest.raises(NotAllowed) as refusal:
        content(paid, ExportForm.BANK)
    assert refusal.value.code == "not_approved"
    from commissions.services.payouts import approve_batch

    paid.batch = approve_batch(actor=paid.approver, batch=paid.batch)
    open_account(paid.brokers["B1"], "6222020000000000001")
    with pytest.raises(Invalid) as refusal:
        content(paid, ExportForm.BANK)
    assert (refusal.value.code, refusal.value.facts["payees"]) == ("accounts_missing", [EVIL])
    open_account(paid.agencies["A1"])
    rows = list(csv.DictReader(StringIO(content(paid, ExportForm.BANK).decode("utf-8-sig"))))
    broker = next(row for row in rows if row["Account holder"] == "B1")
    line = paid.batch.lines.get(payee=paid.payee("B1"))
    assert (broker["Account number"], broker["Amount"]) == ("6222020000000000001", f"{line.net:.2f}")
    assert (broker["Line"], broker["Currency"], broker["Purpose"]) == (str(line.pk), "CNY", paid.batch.number)


def states_told(cast: Cast) -> tuple[dict[str, str], ...]:
    """Return each payee's state by the workbook's lines, its deals, the CSV, and finance's page."""
    book = sheets(content(cast, ExportForm.XLSX))
    state = gettext("State")
    told = [
        [dict(zip(book[name][0], row, strict=True)) for row in book[name][1:-1]]
        for name in (gettext("Lines"), gettext("Deals"))
    ]
    told.append(list(csv.DictReader(StringIO(content(cast, ExportForm.CSV).decode("utf-8-sig")))))
    shown = {str(one.payee): str(badge_of("line", one.shown_state).word) for one in with_states(lines_of(cast.batch))}
    return *({str(row[gettext("Payee")]): str(row[state]) for row in rows} for rows in told), shown


@pytest.mark.parametrize(
    ("language", "lacks", "ready", "held", "paid", "unsure"),
    [
        ("en", "Needs an invoice", "Ready", "Held", "Paid", "Bank can't say yet"),
        ("zh-hans", "待补发票", "就绪", "已冻结", "已付款", "银行待查"),
    ],
)
def test_files_say_of_a_line_what_the_pages_say(cast, language, lacks, ready, held, paid, unsure):
    for agency, broker in (("A1", "B1"), ("A2", "C1")):
        cast.plan(agency, release=AT_CONTRACT, bonuses=[CASH])
        cast.contracted(broker)
    cast.run()
    cast.batch = cast.drafted()
    lines = {str(line.payee): line for line in cast.batch.lines.all()}

    def are(**expected: str) -> None:
        with override(language):
            told = states_told(cast)
        assert [dict(sorted(one.items())) for one in told] == [expected] * 4

    are(A1=lacks, A2=lacks, B1=ready, C1=ready)
    with clock.at(cast.later()):
        hold = set_hold(actor=cast.finance, payee=cast.payee("C1"), project=cast.project, reason="x")
        are(A1=lacks, A2=lacks, B1=ready, C1=held)
        lift_payee_hold(actor=cast.approver, hold=hold, reason="x")
    cast.invoiced(cast.batch)
    are(A1=ready, A2=ready, B1=ready, C1=ready)
    with clock.at(cast.later()):
        submit_batch(actor=cast.finance, batch=cast.batch)
        cast.batch = approve_batch(actor=cast.approver, batch=cast.batch)
        answer_line(actor=cast.finance, line=lines["C1"], outcome="unknown", reason="asked")
        pay_batch(actor=cast.finance, batch=cast.batch, results=[{"line": lines["A1"].pk, "bank_reference": "R"}])
    are(A1=paid, A2=ready, B1=ready, C1=unsure)


def test_a_statement_says_of_its_line_what_its_payee_reads_in_the_portal(cast, monkeypatch):
    told: list[str] = []

    def noted(text: str, *more: object, **style: object) -> object:
        told.append(text)
        return paragraph(text, *more, **style)

    monkeypatch.setattr("commissions.exports.statement.paragraph", noted)

    def said(name: str) -> str:
        told.clear()
        line = cast.batch.lines.get(payee=cast.payee(name))
        assert statement_pdf(line)
        state = told[told.index("State") + 1]
        assert state == badge_of("line", with_shown_states([line])[0].shown_state).word
        return state

    cast.plan("A1", release=AT_CONTRACT, bonuses=[CASH])
    cast.contracted("B1")
    cast.run()
    cast.batch = cast.drafted()
    assert (said("A1"), said("B1")) == ("Needs an invoice", "Being approved")
    cast.invoiced(cast.batch)
    with clock.at(cast.later()):
        submit_batch(actor=cast.finance, batch=cast.batch)
        cast.batch = approve_batch(actor=cast.approver, batch=cast.batch)
    assert (said("A1"), said("B1")) == ("Ready", "Ready")


def test_an_export_leaves_an_event_and_is_for_those_who_see_money(paid):
    content(paid, ExportForm.XLSX)
    event = Event.objects.get(action="batch.exported")
    assert (event.actor, event.after) == (paid.finance, {"form": "xlsx"})
    for role in (Role.RECEPTION, Role.BROKER, Role.AGENCY_ADMIN):
        with pytest.raises(Forbidden):
            export_batch(actor=person(role), batch=paid.batch, form=ExportForm.CSV)
    assert Event.objects.filter(action="batch.exported").count() == 1


@pytest.mark.parametrize("form", list(ExportForm))
def test_a_large_one_is_written_by_a_job_with_the_same_content(paid, form):
    assert not is_large(paid.batch)
    with override("zh-hans"):
        job = start_export(actor=paid.finance, batch=paid.batch, form=form)
        direct = content(paid, form)
    write_export(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.done, job.starter) == (JobState.DONE, job.total, paid.finance)
    with job.result_file.open("rb") as file:
        written = file.read()
    if form is ExportForm.XLSX:
        assert sheets(written) == sheets(direct)
    else:
        assert written == direct
    with pytest.raises(Settled):
        write_export(job_id=job.pk)


def lose_the_projects(user) -> None:
    user.all_projects = False
    user.save()


def become(role: Role):
    def change(user) -> None:
        user.role = role
        user.save()

    return change


@pytest.mark.parametrize(
    ("change", "read_still"),
    [
        (become(Role.RECEPTION), set()),
        (lose_the_projects, set()),
        (become(Role.AUDITOR), {ExportForm.XLSX, ExportForm.CSV}),
        (become(Role.FINANCE_APPROVER), set(ExportForm)),
    ],
)
@pytest.mark.parametrize("form", list(ExportForm))
def test_a_file_of_a_job_is_read_as_long_as_its_starter_may_see_what_it_holds(paid, form, change, read_still):
    written, waiting = (start_export(actor=paid.finance, batch=paid.batch, form=form) for _ in range(2))
    write_export(job_id=written.pk)
    assert get_job(viewer=paid.finance, job_id=written.pk) is not None
    change(paid.finance)
    assert (get_job(viewer=paid.finance, job_id=written.pk) is not None) == (form in read_still)
    with nullcontext() if form in read_still else pytest.raises(Settled):
        write_export(job_id=waiting.pk)
    waiting.refresh_from_db()
    assert bool(waiting.result_file) == (form in read_still)
    assert waiting.errors == ([] if form in read_still else [{"code": "forbidden"}])


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("a & b < c", "a & b < c"),
        ("<r><t>x</t></r>", "<r><t>x</t></r>"),
        ("_x0041_", "_x0041_"),
        ("bell\x07", "bell\x07"),
        (" kept ", " kept "),
        ("全民经纪人", "全民经纪人"),
        ("x" * 40_000, "x" * 32_767),
    ],
)
def test_any_text_comes_through_the_workbook(typed, shown):
    target = BytesIO()
    book = Sheets(target, currency="CNY")
    book.table("Text", [Column("Text", CellKind.TEXT, 20, lambda row: row[0])], [(typed,)])
    book.close()
    assert sheets(target.getvalue())["Text"][1] == [shown]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_statement_is_for_finance_and_its_own_payee(paid, language):
    line = paid.batch.lines.get(payee=paid.payee("A2"))
    manager, rival = paid.brokers["C1"].user, paid.brokers["B1"].user
    for user in (manager, rival):
        user.role = Role.AGENCY_ADMIN
        user.save()
    with override(language):
        for actor in (paid.finance, manager):
            pdf = b"".join(export_statement(actor=actor, line=line).pieces)
            assert pdf.startswith(b"%PDF-")
            assert b"/Type /Page" in pdf
            assert b"WenQuanYi" in pdf
    for nobody in (rival, person(Role.RECEPTION)):
        with pytest.raises(Forbidden):
            export_statement(actor=nobody, line=line)
    assert Event.objects.filter(action="statement.exported").count() == 2


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.MARKETING_MANAGER])
def test_accounts_at_banks_are_for_those_who_pay(paid, role):
    paid.contracted("B1", price="1000000.00")
    paid.run()
    paid.batch = paid.approved()
    reader = person(role)
    for attempt in (export_batch, start_export):
        with pytest.raises(Forbidden):
            attempt(actor=reader, batch=paid.batch, form=ExportForm.BANK)
    assert not Event.objects.filter(action="batch.exported", actor=reader).exists()
    assert b"".join(export_batch(actor=reader, batch=paid.batch, form=ExportForm.CSV).pieces)


def deals_told(batch):
    with override("en"):
        head, *rows = csv.reader(StringIO("".join(deals_csv(batch)).removeprefix("\ufeff")))
    told = [dict(zip(head, row, strict=True)) for row in rows]
    return [(row["Earned"], row["Released"], row["Gross"], row["How it comes about"]) for row in told]


def test_what_a_batch_paid_stays_explained_as_it_was_then(cast):
    cast.plan("A1", tiers=(("0", "0.01"), ("2", "0.0123")), mode="retroactive", release=AT_CONTRACT)
    first = cast.contracted("B1")
    cast.run()
    paid = cast.paid()
    told = deals_told(paid)
    assert [row[:3] for row in told] == [("10000.00", "10000.00", "10000.00")]
    assert "units in the whole plan: 1, so all at the tier from 0: 1\u00a0% of 1,000,000.00" in told[0][3]
    second = cast.contracted("B2")
    cast.run()
    assert deals_told(paid) == told
    rated_anew = deals_told(cast.paid())
    assert [row[:3] for row in rated_anew] == [
        ("12300.00", "12300.00", "2300.00"),
        ("12300.00", "12300.00", "12300.00"),
    ]
    cast.cancel(first)
    cast.cancel(second)
    cast.run()
    assert deals_told(paid) == told


def test_what_a_deal_had_earned_is_found_by_the_deal_however_much_its_payee_has(cast):
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE commissions_ledgerentry CASCADE")  # of which the planner knows nothing then
    cast.plan("A1", release=AT_CONTRACT)
    many_deals(project=cast.project, brokers=[cast.brokers["B1"]], deals=2000, tag="of-one")
    cast.run()
    batch = cast.drafted()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {rows._DEALS}", rows._values(batch, [line.pk for line in batch.lines.all()]))
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "ledger_of_deal" in plan and "ledger_of_payee" not in plan
