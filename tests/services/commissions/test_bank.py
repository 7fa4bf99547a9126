"""Files for the bank by its template, and its results: each line paid once, whatever comes how often."""

import csv
from decimal import Decimal
from hashlib import sha256
from io import BytesIO, StringIO

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from brokers.services.accounts import stop_account
from channels_platform.accounts.permissions import Role
from channels_platform.audit.models import Event
from channels_platform.jobs.selectors import get_job
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from channels_platform.lib.sheets import text_workbook
from commissions.batch_sheets import totals_of
from commissions.engine.bank_files import FileColumn, Layout
from commissions.models import BankFile, BankResult, LedgerTransaction, PayoutBatch, PayoutLine, UnsentBankFile
from commissions.proof.verify import verify
from commissions.services import exporting
from commissions.services.bank_files import keep_template, write_bank_file
from commissions.services.bank_results import (
    answer_line,
    fingerprint,
    judge_rows,
    keep_mapping,
    read_results,
    take_results,
)
from commissions.services.exclusions import leave_out_line
from commissions.services.exporting import ExportForm, start_export, write_export
from commissions.services.payee_holds import set_hold
from commissions.services.payouts import approve_batch, pay_batch, return_batch, submit_batch, void_batch
from commissions.services.reissue import reissue_failed
from commissions.services.settlement import release_lines
from commissions.states import LineState
from tests.accounts_at_banks import open_account, open_accounts
from tests.services.commissions.cast import AT_CONTRACT, Cast, figures, ledger_state, person

BASIC = (FileColumn("holder", "户名"), FileColumn("account", "账号"), FileColumn("amount", "金额"))


@pytest.fixture
def ready(cast) -> Cast:
    """An approved batch of three lines: A1 (10,000), B1 (2,560 after tax) and A2 (10,000), each with an account."""
    bonus = [{"name": "cash", "amount": "3000.00", "to": "broker", "release": "contracted"}]
    cast.plan("A1", release=AT_CONTRACT, bonuses=bonus)
    cast.plan("A2", release=AT_CONTRACT)
    cast.contracted("B1")
    cast.contracted("C1")
    cast.run()
    cast.batch = cast.approved()
    open_accounts(cast.batch, at=cast.now)
    cast.later(days=3)
    return cast


def line(cast: Cast, name: str) -> PayoutLine:
    return cast.batch.lines.get(payee=cast.payee(name))


def made(cast: Cast) -> tuple[bytes, BankFile]:
    target = BytesIO()
    with clock.at(cast.now):
        kept = write_bank_file(actor=cast.finance, batch=cast.batch, target=target)
    return target.getvalue(), kept


def template(cast: Cast, columns=BASIC, **layout) -> None:
    keep_template(actor=cast.finance, company=cast.company, name="Bank", layout=Layout(columns=columns, **layout))


def test_a_file_is_made_by_the_companys_template(ready):
    columns = (FileColumn("number", "序号"), *BASIC, FileColumn("text", "用途", "佣金"), FileColumn("purpose", "批次"))
    template(
        ready, columns, encoding="gb18030", delimiter="|", line_end="lf", amounts="minor", first_line="{count}|{total}",
        last_line="END {day}",
    )  # fmt: skip
    data, kept = made(ready)
    lines = data.decode("gb18030").split("\n")
    number = ready.batch.number
    assert lines[:2] == ["3|2256000", "序号|户名|账号|金额|用途|批次"]
    assert [row.split("|")[:2] + row.split("|")[3:] for row in lines[2:5]] == [
        ["1", "A1", "1000000", "佣金", number],
        ["2", "A2", "1000000", "佣金", number],
        ["3", "B1", "256000", "佣金", number],
    ]
    assert lines[5:] == [f"END {ready.now.date()}", ""]
    assert (kept.transfers, kept.total, kept.size) == (3, Decimal(22560), len(data))
    assert kept.sha256 == sha256(data).hexdigest() == Event.objects.get(action="batch.bank_file").after["sha256"]


def test_a_sign_that_the_encoding_lacks_is_named_with_its_line(ready):
    open_account(ready.agencies["A2"], holder="𠮷田 Homes", at=ready.now)
    ready.later(days=2)
    template(ready, encoding="gbk")
    with pytest.raises(Invalid) as refused:
        made(ready)
    assert refused.value.code == "not_in_encoding"
    assert (refused.value.facts["payee"], refused.value.facts["characters"]) == ("A2", "𠮷")
    assert refused.value.facts["line"] == str(line(ready, "A2").pk)
    assert not BankFile.objects.exists()


def test_a_file_names_the_account_in_use_when_it_is_made(ready):
    template(ready)
    old = ready.agencies["A2"].accounts.get().account
    new = open_account(ready.agencies["A2"], "6217000011112222", at=ready.now)
    ready.later(hours=23, minutes=59)
    assert old in made(ready)[0].decode() and "6217000011112222" not in made(ready)[0].decode()
    ready.later(minutes=1)
    assert "6217000011112222" in made(ready)[0].decode() and old not in made(ready)[0].decode()
    with clock.at(ready.later()):
        stop_account(actor=ready.finance, account=new, reason="closed")
    ready.later()
    with pytest.raises(Invalid) as refused:
        made(ready)
    assert (refused.value.code, refused.value.facts["payees"]) == ("accounts_missing", ["A2"])


@pytest.mark.parametrize(
    ("layout", "code"),
    [
        (Layout(columns=BASIC[:2]), "columns_needed"),
        (Layout(columns=(*BASIC, FileColumn("password", "x"))), "unknown_field"),
        (Layout(columns=BASIC, last_line="{sum}"), "unknown_place"),
        (Layout(columns=(*BASIC, FileColumn("text", "𠮷")), encoding="gbk"), "not_in_encoding"),
    ],
)
def test_a_template_by_which_nobody_could_be_paid_is_refused(ready, layout, code):
    with pytest.raises(Invalid) as refused:
        keep_template(actor=ready.finance, company=ready.company, name="Bank", layout=layout)
    assert refused.value.code == code
    assert not Event.objects.filter(action="bank_template.kept").exists()


def test_only_finance_says_how_files_look(ready):
    for role in (Role.FINANCE_APPROVER, Role.AUDITOR, Role.AGENCY_ADMIN):
        with pytest.raises(Forbidden):
            keep_template(actor=person(role), company=ready.company, name="x", layout=Layout(columns=BASIC))


def sheet(*rows: tuple[str, ...], head=("Line", "Amount", "Result", "Bank reference", "Reason")) -> bytes:
    text = StringIO()
    csv.writer(text).writerows([head, *rows])
    return text.getvalue().encode("gb18030")


def row(one: PayoutLine, said: str, reference: str = "", reason: str = "") -> tuple[str, ...]:
    return str(one.pk), f"{one.net:.2f}", said, reference, reason


def taken(cast: Cast, data: bytes) -> BankResult:
    with clock.at(cast.later()):
        read = read_results(actor=cast.finance, batch=cast.batch, name="results.csv", data=data)
        return take_results(actor=cast.finance, result=read, seen=looked_at(read))


def looked_at(read: BankResult) -> str:
    return fingerprint(read, judge_rows(read))


def states(cast: Cast) -> dict[str, str]:
    return {name: line(cast, name).state for name in ("A1", "B1", "A2")}


def kept_as_it_is(cast: Cast) -> tuple:
    lines = list(PayoutLine.objects.order_by("pk").values_list("state", "bank_reference", "paid_at"))
    return lines, ledger_state(cast.project), LedgerTransaction.objects.count()


def test_results_are_looked_at_before_they_change_anything(ready):
    before = kept_as_it_is(ready)
    data = sheet(row(line(ready, "A1"), "成功", "R1"))
    with clock.at(ready.now):
        result = read_results(actor=ready.finance, batch=ready.batch, name="r.csv", data=data)
    assert (result.taken_at, len(result.rows)) == (None, 1)
    assert kept_as_it_is(ready) == before


def test_each_line_becomes_what_the_bank_says_and_the_same_file_again_changes_nothing(ready):
    data = sheet(
        row(line(ready, "A1"), "交易成功", "R1"), row(line(ready, "B1"), "失败", reason="户名不符"),
        row(line(ready, "A2"), "处理中"),
    )  # fmt: skip
    first = taken(ready, data)
    assert first.counts == {"paid": 1, "failed": 1, "unknown": 1}
    assert states(ready) == {"A1": "paid", "B1": "failed", "A2": "unknown"}
    assert (line(ready, "B1").bank_answer, line(ready, "A1").bank_answer) == ("户名不符", "")
    totals = totals_of([ready.batch])[ready.batch.pk]
    assert (totals.net, totals.paid, totals.paid_in_part) == (22560, 10000, True)
    assert ready.figures("A1") == figures(earned="10000.00", paid="10000.00")
    assert ready.figures("B1")["payable"] == "3000.00"
    ready.batch.refresh_from_db()
    assert ready.batch.state == "approved", "it waits for what the bank can't say yet"
    before = kept_as_it_is(ready)
    assert taken(ready, data).pk == first.pk
    assert taken(ready, data + b"\r\n").counts == {"same": 3}, "another file that says the same"
    assert kept_as_it_is(ready) == before


def test_of_what_the_bank_does_not_know_nothing_is_done_anew_before_it_answers(ready):
    taken(ready, sheet(row(line(ready, "A2"), "unknown"), row(line(ready, "A1"), "paid", "R1")))
    assert b"A2" not in made(ready)[0], "it is in no further file"
    stuck = line(ready, "A2")
    before = kept_as_it_is(ready)
    with pytest.raises(Invalid) as refused:
        pay_batch(actor=ready.finance, batch=ready.batch, results=[{"line": stuck.pk, "failed": True}])
    assert refused.value.code == "not_answered"
    for step in (void_batch, return_batch):
        with pytest.raises(NotAllowed):
            step(actor=ready.finance, batch=ready.batch, reason="again")
    with pytest.raises(NotAllowed):
        ready.drafted()
    assert kept_as_it_is(ready) == before
    with pytest.raises(Invalid):
        answer_line(actor=ready.finance, line=stuck, outcome="failed")
    answer_line(actor=ready.finance, line=stuck, outcome="failed", reason="by phone: rejected")
    assert states(ready)["A2"] == "failed"
    assert ready.drafted().lines.get().payee == ready.payee("A2")


def test_what_came_back_after_it_was_paid_is_payable_again_and_is_paid_anew_once(ready):
    lines = {name: line(ready, name) for name in ("A1", "B1", "A2")}
    taken(ready, sheet(*(row(one, "paid", f"R-{name}") for name, one in lines.items())))
    assert ready.figures("B1") == figures(earned="3000.00", paid="2560.00", tax="440.00")
    data = sheet(row(lines["B1"], "退票", reason="account closed"))
    assert taken(ready, data).counts == {"returned": 1}
    assert ready.figures("B1") == figures(earned="3000.00", payable="3000.00")
    assert states(ready) == {"A1": "paid", "B1": "returned", "A2": "paid"}
    before = kept_as_it_is(ready)
    assert taken(ready, data + b"\n").counts == {"same": 1}
    ready.run()
    assert kept_as_it_is(ready) == before, "a run finds nothing to correct"
    again = ready.paid()
    assert [(one.gross, one.tax) for one in again.lines.all()] == [(Decimal(3000), Decimal(440))]
    assert ready.figures("B1") == figures(earned="3000.00", paid="2560.00", tax="440.00")
    with pytest.raises(NotAllowed):
        ready.drafted()


def test_what_a_file_says_is_taken_over_of_an_approved_batch_only(ready):
    with clock.at(ready.later()):
        data = sheet(row(line(ready, "A1"), "unknown"))
        read = read_results(actor=ready.finance, batch=ready.batch, name="r.csv", data=data)
        return_batch(actor=ready.finance, batch=ready.batch, reason="another account")
        before = kept_as_it_is(ready)
        for act in (
            lambda: take_results(actor=ready.finance, result=read, seen=looked_at(read)),
            lambda: answer_line(actor=ready.finance, line=line(ready, "A1"), outcome="unknown", reason="asked"),
        ):
            with pytest.raises(NotAllowed):
                act()
    assert kept_as_it_is(ready) == before


@pytest.mark.parametrize("step", [void_batch, return_batch])
def test_what_a_file_calls_paid_is_neither_returned_nor_given_up_before_it_is_taken_over(ready, step):
    with clock.at(ready.later()):
        data = sheet(row(line(ready, "A1"), "paid", "R1"))
        read_results(actor=ready.finance, batch=ready.batch, name="r.csv", data=data)
        with pytest.raises(NotAllowed) as refused:
            step(actor=ready.finance, batch=ready.batch, reason="again")
    assert refused.value.code == "results_waiting"


@pytest.mark.parametrize("step", [void_batch, return_batch])
def test_a_batch_that_a_bank_file_was_made_of_is_let_go_only_by_who_says_that_it_was_not_sent(ready, step):
    files = [made(ready)[1], made(ready)[1]]
    before = kept_as_it_is(ready)
    with clock.at(ready.later()):
        for nothing in ("", " \u200b "):
            with pytest.raises(NotAllowed) as refused:
                step(actor=ready.finance, batch=ready.batch, reason="again", not_sent=nothing)
            assert refused.value.code == "file_may_be_sent"
        with pytest.raises(NotAllowed):
            ready.drafted()
        assert kept_as_it_is(ready) == before and not UnsentBankFile.objects.exists()
        step(actor=ready.finance, batch=ready.batch, reason="again", not_sent="the bank's portal shows none")
    kept = UnsentBankFile.objects.values_list("file", "reason", "said_by")
    assert set(kept) == {(file.pk, "the bank's portal shows none", ready.finance.pk) for file in files}
    event = Event.objects.get(action="batch.files_not_sent")
    assert (event.reason, set(event.after["files"])) == (kept[0][1], {file.sha256 for file in files})


def test_a_file_made_after_the_batch_was_returned_needs_that_word_anew(ready):
    made(ready)
    with clock.at(ready.later()):
        return_batch(actor=ready.finance, batch=ready.batch, reason="again", not_sent="deleted by me")
        ready.invoiced(ready.batch)
        ready.batch = submit_batch(actor=ready.finance, batch=ready.batch)
        ready.batch = approve_batch(actor=ready.approver, batch=ready.batch)
    made(ready)
    with clock.at(ready.later()), pytest.raises(NotAllowed) as refused:
        void_batch(actor=ready.finance, batch=ready.batch, reason="again")
    assert refused.value.code == "file_may_be_sent"


def test_a_batch_whose_lines_all_failed_is_over_without_such_a_word_as_the_bank_answered(ready):
    made(ready)
    taken(ready, sheet(*(row(line(ready, name), "失败") for name in ("A1", "B1", "A2"))))
    ready.batch.refresh_from_db()
    assert ready.batch.state == "void"


def test_a_file_called_back_while_its_job_is_at_work_is_handed_out_to_nobody(ready, monkeypatch):
    def called_back_at_once(**facts):
        made = write_bank_file(**facts)
        return_batch(actor=ready.finance, batch=ready.batch, reason="again", not_sent="the bank's portal shows none")
        return made

    monkeypatch.setattr(exporting, "write_bank_file", called_back_at_once)
    with clock.at(ready.later()):
        job = start_export(actor=ready.finance, batch=ready.batch, form=ExportForm.BANK)
        write_export(job_id=job.pk)
    job.refresh_from_db()
    assert job.state == "done" and get_job(viewer=ready.finance, job_id=job.pk) is None


def test_a_file_that_a_job_made_is_handed_out_no_more_once_it_was_not_sent(ready, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    with clock.at(ready.later()):
        job = start_export(actor=ready.finance, batch=ready.batch, form=ExportForm.BANK)
        write_export(job_id=job.pk)
    job.refresh_from_db()
    assert job.result_file
    with clock.at(ready.later()):
        void_batch(actor=ready.finance, batch=ready.batch, reason="again", not_sent="the bank's portal shows none")
    job.refresh_from_db()
    assert not job.result_file


def test_a_line_fails_by_hand_while_a_bank_file_is_out_only_with_what_the_bank_answered(ready):
    made(ready)
    failed = [{"line": line(ready, "A1").pk, "failed": True}]
    before = kept_as_it_is(ready)
    with clock.at(ready.later()):
        for answer in ("", " \u200b "):
            with pytest.raises(Invalid) as refused:
                pay_batch(actor=ready.finance, batch=ready.batch, results=failed, answer=answer)
            assert refused.value.code == "failure_unsaid"
        assert kept_as_it_is(ready) == before
        pay_batch(
            actor=ready.finance, batch=ready.batch, results=failed, answer="refused, said 13812345678 at the bank"
        )
    assert line(ready, "A1").state == "failed"
    assert line(ready, "A1").bank_answer == "refused, said 138****5678 at the bank"
    assert Event.objects.get(action="batch.payment").reason == line(ready, "A1").bank_answer


def test_what_the_bank_could_not_say_is_forgotten_once_it_says_paid(ready):
    with clock.at(ready.later()):
        answer = {"actor": ready.finance, "line": line(ready, "A1")}
        answer_line(**answer, outcome="unknown", reason="being checked")
        assert line(ready, "A1").bank_answer == "being checked"
        answer_line(**answer, outcome="paid", reference="R1")
    assert line(ready, "A1").bank_answer == ""


@pytest.mark.parametrize("state", ["void", "draft"])
def test_the_database_lets_no_batch_go_that_a_bank_file_may_pay(ready, state):
    made(ready)
    with pytest.raises(IntegrityError), transaction.atomic():
        PayoutBatch.objects.filter(pk=ready.batch.pk).update(state=state)
    made(ready)
    with clock.at(ready.later()):
        void_batch(actor=ready.finance, batch=ready.batch, reason="x", not_sent="never left the house")
    with pytest.raises(DatabaseError), transaction.atomic():
        UnsentBankFile.objects.update(reason="")


def test_a_batch_of_which_something_was_paid_and_came_back_is_over_as_paid_and_that_line_goes_out_anew(ready):
    taken(ready, sheet(row(line(ready, "A1"), "paid", "R1")))
    taken(ready, sheet(row(line(ready, "A1"), "退票", reason="closed")))
    taken(ready, sheet(row(line(ready, "A2"), "失败"), row(line(ready, "B1"), "失败")))
    ready.batch.refresh_from_db()
    assert ready.batch.state == "paid"
    assert verify().differences == []
    with clock.at(ready.later()):
        again = reissue_failed(actor=ready.finance, batch=ready.batch)
    assert {str(one.payee) for one in again.lines.all()} == {"A1", "A2", "B1"}


def test_a_row_at_fault_is_left_out_with_its_reason_and_the_others_go_on(ready):
    a1, b1, a2 = (line(ready, name) for name in ("A1", "B1", "A2"))
    result = taken(
        ready,
        sheet(
            ("no such line", "1.00", "paid", "R", ""), row(a1, "paid", "R1"), row(b1, "paid", "R2"),
            row(b1, "failed"), (str(a2.pk), "9999.99", "paid", "R3", ""),
        ),
    )  # fmt: skip
    assert [(one["n"], one["became"], one["fault"]) for one in result.rows] == [
        (2, "fault", "no_line"),
        (3, "paid", ""),
        (4, "fault", "named_twice"),
        (5, "fault", "named_twice"),
        (6, "fault", "amount_differs"),
    ]
    assert states(ready) == {"A1": "paid", "B1": "open", "A2": "open"}
    faults = taken(
        ready,
        sheet(row(a1, "paid", "OTHER"), row(a2, "wobbly"), row(b1, "paid")),
    )
    assert [one["fault"] for one in faults.rows] == ["paid_otherwise", "no_outcome", "no_reference"]
    release_lines(ready.batch, [a2.pk], LineState.FAILED)
    after = taken(ready, sheet(row(a1, "failed"), row(a2, "paid", "R9")))
    assert [one["fault"] for one in after.rows] == ["paid_before", "paid_after_all"]
    assert states(ready) == {"A1": "paid", "B1": "open", "A2": "failed"}


def test_what_was_left_out_of_a_file_is_taken_from_it_once_its_word_is_explained(ready):
    a1, b1, a2 = (line(ready, name) for name in ("A1", "B1", "A2"))
    data = sheet(row(a1, "paid", "R1"), row(b1, "gebucht", "R2"), row(a2, "strange", "R3"))
    first = taken(ready, data)
    assert [one["fault"] for one in first.rows] == ["", "no_outcome", "no_outcome"]
    before = kept_as_it_is(ready)
    assert taken(ready, data).pk == first.pk, "nothing was explained meanwhile"
    keep_mapping(actor=ready.finance, batch=ready.batch, headings={}, words={"paid": "gebucht"})
    with clock.at(ready.later()):
        read = read_results(actor=ready.finance, batch=ready.batch, name="results.csv", data=data)
    assert kept_as_it_is(ready) == before and BankResult.objects.get(pk=first.pk).rows == first.rows
    second = taken(ready, data)
    assert second.pk == read.pk != first.pk
    assert [(one["n"], one["became"], one["fault"]) for one in second.rows] == [
        (3, "paid", ""),
        (4, "fault", "no_outcome"),
    ]
    assert states(ready) == {"A1": "paid", "B1": "paid", "A2": "open"}
    answer_line(actor=ready.finance, line=a1, outcome="returned", reason="closed")
    before = kept_as_it_is(ready)
    assert taken(ready, data).pk == second.pk
    keep_mapping(actor=ready.finance, batch=ready.batch, headings={}, words={"paid": "gebucht", "failed": "strange"})
    third = taken(ready, data)
    assert third.counts == {"failed": 1} and taken(ready, data).pk == third.pk
    assert states(ready) == {"A1": "returned", "B1": "paid", "A2": "failed"}
    assert [one.reading for one in (first, second, third)] == [1, 2, 3]
    assert BankResult.objects.count() == 3


def test_what_the_bank_paid_after_all_is_heard_of_a_batch_whose_lines_all_failed(ready):
    lines = {name: line(ready, name) for name in ("A1", "B1", "A2")}
    taken(ready, sheet(*(row(one, "失败") for one in lines.values())))
    ready.batch.refresh_from_db()
    assert ready.batch.state == "void"
    before = kept_as_it_is(ready)
    late = taken(ready, sheet(row(lines["A1"], "paid", "R9"), row(lines["B1"], "unknown"), row(lines["A2"], "failed")))
    assert [(one["became"], one["fault"]) for one in late.rows] == [
        ("fault", "paid_after_all"),
        ("fault", "settled_before"),
        ("same", ""),
    ]
    with pytest.raises(NotAllowed):
        answer_line(actor=ready.finance, line=lines["A1"], outcome="paid", reference="R9")
    assert kept_as_it_is(ready) == before


def test_what_the_bank_paid_after_all_is_heard_of_a_batch_whose_file_was_said_not_to_be_sent(ready):
    made(ready)
    lines = {name: line(ready, name) for name in ("A1", "B1")}
    with clock.at(ready.later()):
        void_batch(actor=ready.finance, batch=ready.batch, reason="again", not_sent="the bank's portal shows none")
    before = kept_as_it_is(ready)
    late = taken(ready, sheet(row(lines["A1"], "paid", "R9"), row(lines["B1"], "failed")))
    assert [(one["became"], one["fault"]) for one in late.rows] == [("fault", "paid_after_all"), ("fault", "not_open")]
    assert kept_as_it_is(ready) == before


def test_what_the_bank_paid_after_all_is_heard_of_a_batch_that_is_a_draft_again(ready):
    made(ready)
    lines = {name: line(ready, name) for name in ("A1", "B1")}
    with clock.at(ready.later()):
        return_batch(actor=ready.finance, batch=ready.batch, reason="again", not_sent="the bank's portal shows none")
        leave_out_line(actor=ready.finance, line=lines["A1"], reason="next month")
    before = kept_as_it_is(ready)
    data = sheet(row(lines["A1"], "paid", "R9"), row(lines["B1"], "paid", "R8"))
    with clock.at(ready.later()):
        result = read_results(actor=ready.finance, batch=ready.batch, name="r.csv", data=data)
        judged = judge_rows(result)
        assert [one.fault for one in judged] == ["paid_after_all", "not_approved"]
        for refused in (
            lambda: take_results(actor=ready.finance, result=result, seen=fingerprint(result, judged)),
            lambda: answer_line(actor=ready.finance, line=lines["B1"], outcome="unknown", reason="asked"),
            lambda: void_batch(actor=ready.finance, batch=ready.batch, reason="again"),
        ):
            with pytest.raises(NotAllowed):
                refused()
    assert kept_as_it_is(ready) == before

    with clock.at(ready.later()):
        submit_batch(actor=ready.finance, batch=ready.batch)
        approve_batch(actor=ready.approver, batch=ready.batch)
        result = read_results(actor=ready.finance, batch=ready.batch, name="r.csv", data=data)
        take_results(actor=ready.finance, result=result, seen=fingerprint(result, judge_rows(result)))
    assert states(ready)["B1"] == "paid"


def again_a_draft(ready: Cast, *said: str) -> BankResult | None:
    """Have the batch returned; return a result file, read then, that says of lines that they are paid."""
    made(ready)
    with clock.at(ready.later()):
        return_batch(actor=ready.finance, batch=ready.batch, reason="again", not_sent="the bank's portal shows none")
        if not said:
            return None
        data = sheet(*(row(line(ready, one), "paid", f"R-{one}") for one in said))
        return read_results(actor=ready.finance, batch=ready.batch, name="r.csv", data=data)


def test_a_line_that_the_bank_says_is_paid_leaves_no_draft(ready):
    again_a_draft(ready, "A2")
    with clock.at(ready.later()):
        with pytest.raises(NotAllowed) as refused:
            leave_out_line(actor=ready.finance, line=line(ready, "A2"), reason="next month")
        assert refused.value.code == "results_waiting"
        leave_out_line(actor=ready.finance, line=line(ready, "A1"), reason="next month")
        set_hold(actor=ready.finance, payee=ready.payee("A2"), project=ready.project, reason="a question")
        submit_batch(actor=ready.finance, batch=ready.batch)
    assert states(ready) == {"A1": "void", "B1": "open", "A2": "open"}
    with clock.at(ready.later()):
        return_batch(actor=ready.finance, batch=ready.batch, reason="held")
    assert states(ready)["A2"] == "open"


def test_no_bank_file_is_made_while_the_bank_says_that_some_of_it_is_paid(ready):
    result = again_a_draft(ready, "A2")
    with clock.at(ready.later()):
        submit_batch(actor=ready.finance, batch=ready.batch)
        approve_batch(actor=ready.approver, batch=ready.batch)
        with pytest.raises(NotAllowed) as refused:
            made(ready)
        assert refused.value.code == "results_waiting"
        result.refresh_from_db()
        take_results(actor=ready.finance, result=result, seen=fingerprint(result, judge_rows(result)))
    assert made(ready)[1].transfers == 2


@pytest.mark.parametrize("references", [[""], ["R1", "R1"]])
def test_a_line_that_the_bank_says_is_paid_counts_without_its_reference_and_named_twice(ready, references):
    again_a_draft(ready)
    one = line(ready, "A2")
    with clock.at(ready.later()):
        data = sheet(*(row(one, "paid", reference) for reference in references))
        read_results(actor=ready.finance, batch=ready.batch, name="r.csv", data=data)
        with pytest.raises(NotAllowed):
            void_batch(actor=ready.finance, batch=ready.batch, reason="again")


def test_a_file_that_fits_no_line_keeps_no_draft_from_being_given_up(ready):
    again_a_draft(ready)
    data = sheet((str(line(ready, "A2").pk), "1.00", "paid", "R8", ""))
    with clock.at(ready.later()):
        read_results(actor=ready.finance, batch=ready.batch, name="r.csv", data=data)
        void_batch(actor=ready.finance, batch=ready.batch, reason="again")


def test_nothing_is_heard_of_a_batch_that_was_given_up(ready):
    void_batch(actor=ready.finance, batch=ready.batch, reason="again")
    with pytest.raises(NotAllowed) as refused:
        taken(ready, sheet(row(line(ready, "A1"), "paid", "R1")))
    assert refused.value.code == "not_approved_yet"
    assert not BankResult.objects.exists()


def test_only_what_was_seen_of_a_file_is_taken_over(ready):
    a1, a2 = line(ready, "A1"), line(ready, "A2")
    data = sheet(row(a1, "gebucht", "R1"), row(a2, "paid", "R2"))

    def read() -> BankResult:
        return read_results(actor=ready.finance, batch=ready.batch, name="r.csv", data=data)

    def refused(seen: str) -> str:
        before = kept_as_it_is(ready)
        with pytest.raises(NotAllowed) as error:
            take_results(actor=ready.finance, result=shown, seen=seen)
        assert kept_as_it_is(ready) == before and BankResult.objects.get().taken_at is None
        return error.value.code

    with clock.at(ready.later()):
        shown = read()
        seen = looked_at(shown)
        keep_mapping(actor=ready.finance, batch=ready.batch, headings={}, words={"paid": "gebucht"})
        again = read()
        assert again.pk == shown.pk
        assert (refused(seen), refused("")) == ("result_changed", "result_changed")
        seen = looked_at(again)
        answer_line(actor=ready.finance, line=a2, outcome="unknown", reason="asked")
        answer_line(actor=ready.finance, line=a2, outcome="failed", reason="by phone")
        assert refused(seen) == "result_changed", "the line failed meanwhile"
        done = take_results(actor=ready.finance, result=again, seen=looked_at(again))
        assert [one["fault"] for one in done.rows] == ["", "paid_after_all"]
        assert take_results(actor=ready.finance, result=again, seen=seen).taken_at == done.taken_at


def test_columns_and_words_of_a_bank_are_remembered(ready):
    headings = {"outcome": "Ergebnis", "account": "Konto", "reference": "Beleg", "amount": "Betrag"}
    accounts = {name: line(ready, name).payee for name in ("A1", "A2")}
    numbers = {name: (payee.agency.accounts.get()).account for name, payee in accounts.items()}
    rows = [[numbers["A1"], "10.000,00", "gebucht", "K1"], [numbers["A2"], "10000", "gebucht", "K2"]]
    book = text_workbook([("x", [["Konto", "Betrag", "Ergebnis", "Beleg"], *rows], (20, 20, 20, 20))])
    with pytest.raises(Invalid) as refused:
        read_results(actor=ready.finance, batch=ready.batch, name="r.xlsx", data=book)
    assert refused.value.code == "no_headings"
    keep_mapping(actor=ready.finance, batch=ready.batch, headings=headings, words={"paid": "gebucht, ok"})
    result = taken(ready, book)
    assert [one["fault"] for one in result.rows] == ["amount_differs", ""]
    assert states(ready)["A2"] == "paid"
    assert "6222" not in str(result.rows), "of accounts only the end is kept"


@pytest.mark.parametrize("said", ["unknown", "failed", "returned"])
def test_of_accounts_and_phones_in_the_banks_words_only_the_ends_are_kept(ready, said):
    whole = "6222020200012345678", "13800001234"
    words = f"账号{whole[0]}户名不符，电 {whole[1]}"
    one, other = line(ready, "A1"), line(ready, "A2")
    taken(ready, sheet(row(other, "paid", "R1")))
    taken(ready, sheet(row(one, said, reason=words), (str(other.pk), "", f"{whole[0]}?", "", "")))
    answer_line(actor=ready.finance, line=other, outcome="returned", reason=words)
    kept = [found.rows for found in BankResult.objects.all()]
    answers = [line(ready, name).bank_answer for name in ("A1", "A2")]
    reasons = list(Event.objects.filter(action__startswith="batch.").values_list("reason", flat=True))
    assert answers == ["账号****5678户名不符，电 138****1234"] * 2
    assert answers[0] in str(kept) and answers[0] in reasons
    assert not any(number in str((kept, answers, reasons)) for number in whole)


def test_results_taken_over_stay_as_they_are(ready):
    result = taken(ready, sheet(row(line(ready, "A1"), "paid", "R1")))
    for change in ({"rows": []}, {"taken_at": None}, {"digest": "0"}):
        with pytest.raises(DatabaseError), transaction.atomic():
            BankResult.objects.filter(pk=result.pk).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        BankResult.objects.all().delete()
    for role in (Role.AUDITOR, Role.MARKETING_MANAGER, Role.AGENCY_ADMIN):
        with pytest.raises(Forbidden):
            take_results(actor=person(role), result=result, seen="")


def test_the_day_of_a_file_is_the_companys(ready):
    template(ready, (*BASIC, FileColumn("day", "日期")), headings=False)
    data, _kept = made(ready)
    assert data.decode("utf-8-sig").splitlines()[0].endswith(str(ready.now.date()))
