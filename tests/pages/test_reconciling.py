"""Reconciliation on both sides' pages: sent, read row by row, signed by each, taken as a workbook."""

from datetime import date
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from python_calamine import CalamineWorkbook

from commissions.models import Reconciliation
from tests.pages.finance import everything, open_till
from tests.pages.money import compared_by

pytestmark = pytest.mark.django_db


@pytest.fixture
def till(world):
    return open_till(world)


def ledger(*rows: str) -> SimpleUploadedFile:
    return SimpleUploadedFile("own.csv", "\n".join(["Deal,Client,Amount", *rows]).encode())


def send(client, till, file, **changed):
    company = till.world.project.company
    given = {
        "place": f"{company.code}:CNY", "from_on": "2020-01-01", "to_on": "2020-12-31", "figure": "due", "file": file,
    }  # fmt: skip
    return client.post("/portal/money/reconciliations/new/", {**given, **changed})


def test_manager_sends_the_own_ledger_and_both_sides_sign_what_they_see(till, as_person):
    boss, finance = as_person(till.world.manager), as_person(till.finance)
    empty = boss.get("/portal/money/reconciliations/").content.decode()
    assert "Nothing compared yet" in empty
    answer = send(boss, till, ledger(f'{till.deal.number},张伟,"76,800.00"', "NO-1,x,1"))
    one = Reconciliation.objects.get()
    assert answer["Location"] == f"/portal/money/reconciliations/{one.pk}/"
    page = boss.get(answer["Location"]).content.decode()
    # 6 % of 1,280,000, half of it released, a tenth of that kept
    for words in ("Not yet released", "76,800.00", "34,560.00", "42,240.00", "Missing with the developer", "张**"):
        assert words in page
    assert "张伟" not in page
    assert "NO-1" not in boss.get(f"{answer['Location']}?reason=not_yet_released").content.decode()
    ours = f"/finance/reconciliations/{one.pk}/"
    stale = finance.post(ours, {"seen": "what it was before"})
    assert stale.status_code == 409
    assert "compared anew meanwhile" in stale.content.decode()
    for client, where in ((boss, answer["Location"]), (finance, ours)):
        client.post(where, {"seen": one.digest})
    one.refresh_from_db()
    assert one.state == "signed"
    signed = finance.get(ours).content.decode()
    assert "Signed by both" in signed
    assert "Compare again" not in signed


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (ledger("x,y,12;80"), "Row 2: “12;80” can&#x27;t be read"),
        (SimpleUploadedFile("own.csv", b"a,b\n1,2\n"), "No row has headings"),
        (SimpleUploadedFile("own.csv", b"\x00\x01"), "neither an XLSX workbook nor a CSV"),
    ],
)
def test_a_file_that_cannot_be_read_is_answered_in_words_and_nothing_is_kept(till, as_person, file, words):
    answer = send(as_person(till.world.manager), till, file)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Reconciliation.objects.exists()


def test_both_sides_totals_and_what_was_left_out_stand_above_the_rows(till, as_person):
    file = ledger(
        f'{till.deal.number},张伟,"76,800.00"', "NO-1,x,1000", "合计,,77800", f"{till.deal.number},张伟,-", "签字：,,"
    )
    answer = send(as_person(till.world.manager), till, file)
    one = Reconciliation.objects.get()
    assert answer["Location"].endswith(f"{one.pk}/")
    for page in (f"/portal/money/reconciliations/{one.pk}/", f"/finance/reconciliations/{one.pk}/?reason=agrees"):
        client = as_person(till.world.manager if "portal" in page else till.finance)
        text = client.get(page).content.decode()
        figures = text[text.index('<dl class="figures">') : text.index("</dl>")]
        for amount in ("77,800.00", "34,560.00", "43,240.00"):
            assert amount in figures
        assert "2 rows of the agency's file were left out as totals or signatures: 4, 6." in text
    left_out = as_person(till.finance).get(f"/finance/reconciliations/{one.pk}/?reason=left_out").content.decode()
    assert "合计" in left_out
    differs = as_person(till.finance).get(f"/finance/reconciliations/{one.pk}/?reason=differs").content.decode()
    assert "合计" not in differs


def test_a_date_that_can_be_read_in_two_ways_is_said_and_does_not_keep_the_file_out(till, as_person):
    rows = f"Deal,Date,Amount\n{till.deal.number},03/04/2026,76800\nNO-1,25/03/2026,5\n"
    client = as_person(till.world.manager)
    answer = send(client, till, SimpleUploadedFile("own.csv", rows.encode()))
    page = client.get(answer["Location"]).content.decode()
    assert "compared without them: 2." in page
    assert [row.their_date for row in Reconciliation.objects.get().rows.order_by("their_row")][:2] == [
        None, date(2026, 3, 25),
    ]  # fmt: skip


@pytest.mark.parametrize("who", ["approver", "auditor"])
def test_who_only_reads_cannot_sign(till, as_person, who):
    one = compared_by(till.world.manager.user, till.world.project.company)
    client, before = as_person(getattr(till, who)), everything()
    assert "Not signed yet" in client.get(f"/finance/reconciliations/{one.pk}/").content.decode()
    assert client.post(f"/finance/reconciliations/{one.pk}/", {"seen": one.digest}).status_code == 403
    assert everything() == before


def test_workbook_holds_every_row_and_who_signed(till, as_person):
    one = compared_by(till.world.manager.user, till.world.project.company, f"{till.deal.number},=1+1,76800.00")
    answer = as_person(till.auditor).get(f"/finance/reconciliations/{one.pk}/reconciliation.xlsx")
    book = CalamineWorkbook.from_filelike(BytesIO(b"".join(answer)))
    rows = book.get_sheet_by_name("Rows").to_python()
    assert rows[1][:3] == ["Not yet released", 2, till.deal.number]
    assert (rows[1][6], rows[1][11], rows[1][12], rows[1][14]) == (76800, 34560, 42240, 76800)
    assert rows[2][12] == 42240
    assert book.get_sheet_by_name("Signatures").to_python()[-2][1] == "–"
