"""Payments out of files: recorded once, the same again nothing, the rest settled by a person, once."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, InternalError, transaction

from channels_platform.accounts.permissions import Role
from channels_platform.audit.models import Event
from channels_platform.jobs.models import Job, OutboxMessage
from channels_platform.jobs.services import deliver_message
from channels_platform.lib import clock
from channels_platform.lib.errors import Duplicate, Invalid, NotAllowed
from leads.models import DealOutbox, Payment, PaymentFile, PaymentRow
from leads.payment_selectors import suggestions_for, waiting_rows
from leads.services import payment_files
from leads.services.payment_files import assign_row, read_file, set_row_aside, start_taking, take_payments
from leads.services.payment_sources import keep_source
from projects.services.units import create_unit
from tests.cast import START, Site, agency_with_broker, person, project_of

pytestmark = pytest.mark.django_db
NOON = START + timedelta(days=9, hours=3)


@pytest.fixture
def finance():
    return person(Role.FINANCE)


@pytest.fixture
def site():
    people = [agency_with_broker(name) for name in ("a", "b")]
    return Site(
        project_of(), person(Role.MARKETING_MANAGER), person(Role.MARKETING_MANAGER), person(Role.RECEPTION),
        people[0], people[0], people[1], people[1],
    )  # fmt: skip


@pytest.fixture
def deal(site):
    unit = create_unit(
        actor=None, project=site.project, building="8", number="1201", area=Decimal(90), list_price=Decimal(1280000)
    )
    return site.subscribe(
        "13800000009", at=START, unit=unit, price=Decimal("1280000.00"), first_payment_amount=Decimal("384000.00")
    )


def imported(site, finance, *lines, source=None, dry_run=False):
    data = "\n".join(["reference,date,amount,deal,unit,payer,reversal of", *lines]).encode()
    with clock.at(NOON):
        file = read_file(actor=finance, project=site.project, name="icbc.csv", data=data, source=source)
        job = start_taking(actor=finance, file=file, dry_run=dry_run)
        assert deliver_message(
            OutboxMessage.objects.get(task__endswith="take_payments", arguments__job_id=str(job.pk)).pk
        )
    job.refresh_from_db()
    assert job.state == "done", job.errors
    return file, job


def states(file):
    return list(file.rows.order_by("number").values_list("state", "fault"))


def test_rows_are_recorded_as_if_by_hand(site, deal, finance):
    file, job = imported(
        site, finance, f"B-1,2026-03-02,384000,{deal.number},,,", "B-2,2026-03-05 10:30,896000,,8栋1201,,"
    )
    assert states(file) == [("recorded", ""), ("recorded", "")]
    first, second = Payment.objects.order_by("sequence")
    # The day of the subscription, without an hour, is not before it.
    assert (first.amount, first.received_at, first.recorded_by) == (Decimal(384000), START, finance)
    assert second.received_at.astimezone(site.project.zone).isoformat()[:16] == "2026-03-05T10:30"
    assert DealOutbox.objects.filter(what="payment").count() == 2
    assert Event.objects.filter(action="payment.recorded").count() == 2
    assert job.report["counts"] == {"recorded": 2}
    assert b"B-2" in job.result_file.read()
    file.refresh_from_db()
    assert (file.counts, file.taken_by) == ({"recorded": 2}, finance)


def test_the_same_file_again_changes_nothing(site, deal, finance):
    lines = [f"B-1,2026-03-02,384000,{deal.number},,,", "B-9,2026-03-03,5,nothing,,,", "B-8,,5,,,,"]
    imported(site, finance, *lines)
    payments = list(Payment.objects.values())
    again, _job = imported(site, finance, *lines)
    assert list(Payment.objects.values()) == payments
    assert states(again) == [("same", ""), ("same", "waits_already"), ("fault", "no_day")]
    assert waiting_rows(finance).count() == 1
    other, _job = imported(site, finance, f"B-1,2026-03-02,384001,{deal.number},,,")
    assert states(other) == [("fault", "known_otherwise")]


def test_a_dry_run_records_nothing(site, deal, finance):
    file, job = imported(site, finance, f"B-1,2026-03-02,384000,{deal.number},,,", "B-9,2026-03-03,5,,,,", dry_run=True)
    assert job.report["counts"] == {"new": 1, "waiting": 1}
    assert not Payment.objects.exists() and states(file) == [("read", ""), ("read", "")]


def test_reversals_go_to_the_deal_of_their_payment(site, deal, finance):
    imported(site, finance, f"B-1,2026-03-02,384000,{deal.number},,,", ",2026-03-03,,,,,B-1")
    assert list(Payment.objects.order_by("sequence").values_list("reference", "amount")) == [
        ("B-1", Decimal(384000)),
        ("R-B-1", Decimal(-384000)),
    ]


def test_a_reversal_that_waited_is_of_its_payments_deal_only(site, deal, finance):
    other = site.subscribe("13800000019", at=START + timedelta(hours=1))
    imported(site, finance, "R-1,2026-03-06,60,,,,B-1")
    imported(site, finance, f"B-9,2026-03-05,500,{other.number},,,", f"B-1,2026-03-05,100,{deal.number},,,")
    row = PaymentRow.objects.get(reference="R-1")
    assert [(one.number, told.reasons) for one, told in suggestions_for(row)] == [(deal.number, ("original",))]
    with clock.at(NOON):
        with pytest.raises(Invalid) as refused:
            assign_row(actor=finance, row=row, deal=other)
        assert (refused.value.code, refused.value.field) == ("other_deal", "deal")
        assert assign_row(actor=finance, row=row, deal=deal).payment.amount == -60


def test_what_a_file_takes_back_counts_what_was_taken_back_before_its_payment_came(site, deal, finance):
    known = f"B-0,2026-03-05,5000,{deal.number},,,"
    imported(site, finance, known, f"R-1,2026-03-06,100,{deal.number},,,B-1")
    lines = [f"B-1,2026-03-05,100,{deal.number},,,", "R-2,2026-03-07,100,,,,B-1"]
    OutboxMessage.objects.all().delete()
    _file, job = imported(site, finance, *lines, dry_run=True)
    assert job.report["counts"] == {"new": 1, "fault": 1}
    OutboxMessage.objects.all().delete()
    file, _job = imported(site, finance, *lines)
    assert states(file) == [("recorded", ""), ("fault", "more_than_original")]


def test_reversals_of_several_files_take_back_no_more_than_the_payment(site, deal, finance):
    imported(site, finance, f"B-1,2026-03-02,100,{deal.number},,,", f"B-2,2026-03-02,900,{deal.number},,,")
    imported(site, finance, "R-1,2026-03-03,30,,,,B-1")
    file, _job = imported(site, finance, "R-2,2026-03-04,80,,,,B-1", "R-3,2026-03-04,70,,,,B-1")
    assert states(file) == [("fault", "more_than_original"), ("recorded", "")]
    refund, _job = imported(site, finance, f"R-4,2026-03-05,-900.01,{deal.number},,,")
    assert states(refund) == [("fault", "more_than_collected")]


@pytest.mark.parametrize("refund", ["R-1,2026-03-06,-5000,{deal},,,", "R-1,2026-03-06,5000,{deal},,,B-1",
                                    "R-1,2026-03-06,5000,,,,B-1"])  # fmt: skip
def test_a_file_that_begins_with_the_newest_row_takes_back_what_stands_below(site, deal, finance, refund):
    lines = [refund.format(deal=deal.number), f"B-1,2026-03-05,5000,{deal.number},,,"]
    _file, job = imported(site, finance, *lines, dry_run=True)
    assert job.report["counts"] == {"new": 2}
    OutboxMessage.objects.all().delete()
    file, _job = imported(site, finance, *lines)
    assert states(file) == [("recorded", ""), ("recorded", "")]
    assert sum(Payment.objects.values_list("amount", flat=True)) == 0
    OutboxMessage.objects.all().delete()
    again, _job = imported(site, finance, *lines)
    assert states(again) == [("same", ""), ("same", "")]


def test_reversals_that_waited_take_back_no_more_than_the_payment_either(site, deal, finance):
    imported(site, finance, "R-1,2026-03-06,60,,,,B-1", "R-2,2026-03-06,60,,,,B-1", ",2026-03-06,,,,,B-1")
    imported(site, finance, f"B-0,2026-03-05,5000,{deal.number},,,", f"B-1,2026-03-05,100,{deal.number},,,")
    first, second, whole = (PaymentRow.objects.get(reference=name) for name in ("R-1", "R-2", "R-B-1"))
    with clock.at(NOON):
        assign_row(actor=finance, row=first, deal=deal)
        for row in (second, whole):
            with pytest.raises(Invalid) as refused:
                assign_row(actor=finance, row=row, deal=deal)
            assert refused.value.code == "more_than_original"
    assert Payment.objects.get(reference="R-1").amount == -60


def test_two_files_judged_at_once_take_a_payment_back_once(site, deal, finance, monkeypatch):
    imported(site, finance, f"B-0,2026-03-05,5000,{deal.number},,,", f"B-1,2026-03-05,100,{deal.number},,,")
    head = "reference,date,amount,deal,unit,payer,reversal of\n"
    with clock.at(NOON):
        sheets = [f"{head}{name},2026-03-06,100,,,,B-1".encode() for name in ("R-1", "R-2")]
        files = [read_file(actor=finance, project=site.project, name="x.csv", data=data) for data in sheets]
        jobs = [start_taking(actor=finance, file=file) for file in files]
        judged = {file.pk: payment_files.judge_rows(file) for file in files}
        monkeypatch.setattr(payment_files, "judge_rows", lambda file: judged[file.pk])
        for job in jobs:
            take_payments(job_id=job.pk)
    assert [states(file) for file in files] == [[("recorded", "")], [("fault", "more_than_original")]]


def test_a_reversal_that_was_refused_takes_nothing_back(site, deal, finance):
    imported(site, finance, f"B-1,2026-03-05,100,{deal.number},,,", f"R-0,2026-03-06,-50,{deal.number},,,")
    file, _job = imported(site, finance, "R-1,2026-03-06,100,,,,B-1", "R-2,2026-03-06,50,,,,B-1")
    assert states(file) == [("fault", "more_than_collected"), ("recorded", "")]


def test_a_killed_worker_goes_on_where_it_stopped(site, deal, finance, monkeypatch):
    lines = [f"B-{n},2026-03-03,{n},{deal.number},,," for n in range(1, 6)]
    data = "\n".join(["reference,date,amount,deal,unit,payer,reversal of", *lines]).encode()
    with clock.at(NOON):
        file = read_file(actor=finance, project=site.project, name="x", data=data)
        job = start_taking(actor=finance, file=file)
        done = []

        def killed(**facts):
            done.append(facts["row"])
            if len(done) == 3:
                raise KeyboardInterrupt
            take_row(**facts)

        take_row = payment_files._take_row
        monkeypatch.setattr(payment_files, "_take_row", killed)
        with pytest.raises(KeyboardInterrupt):
            take_payments(job_id=job.pk)
        assert Payment.objects.count() == 2
        monkeypatch.setattr(payment_files, "_take_row", take_row)
        take_payments(job_id=job.pk)
    assert sorted(Payment.objects.values_list("amount", flat=True)) == [1, 2, 3, 4, 5]
    assert start_taking(actor=finance, file=file) == job and Job.objects.count() == 1
    assert PaymentFile.objects.get().counts == {"recorded": 5}


def test_a_waiting_row_is_settled_once_with_a_deal_or_set_aside(site, deal, finance):
    imported(site, finance, "B-7,2026-03-03,384000,,8-1210,Li Ming,", "B-6,2026-03-03,12,,,,")
    row = PaymentRow.objects.get(reference="B-7")
    ((found, suggestion),) = suggestions_for(row)
    assert found == deal and suggestion.reasons == ("unit", "amount", "buyer")
    with clock.at(NOON):
        settled = assign_row(actor=finance, row=row, deal=deal)
        assert (settled.state, settled.payment.deal, settled.payment.amount) == ("assigned", deal, Decimal(384000))
        with pytest.raises(NotAllowed):
            assign_row(actor=finance, row=row, deal=deal)
        other = PaymentRow.objects.get(reference="B-6")
        with pytest.raises(Invalid):
            set_row_aside(actor=finance, row=other, reason=" ")
        set_row_aside(actor=finance, row=other, reason="a parking fee")
        with pytest.raises(NotAllowed):
            assign_row(actor=finance, row=other, deal=deal)
    assert Payment.objects.count() == 1
    again, _job = imported(site, finance, "B-7,2026-03-03,384000,,8-1210,Li Ming,", "B-6,2026-03-03,12,,,,")
    assert states(again) == [("same", ""), ("same", "waits_already")]


def test_a_row_is_no_payment_of_another_projects_deal(site, deal, finance):
    imported(site, finance, "B-7,2026-03-03,384000,,,,")
    elsewhere = Site(project_of(), *[site.manager] * 7).subscribe("13800000008", at=START)
    assert states(imported(site, finance, f"B-5,2026-03-03,5,{elsewhere.number},,,")[0]) == [("waiting", "no_deal")]
    with clock.at(NOON), pytest.raises(Invalid):
        assign_row(actor=finance, row=PaymentRow.objects.get(reference="B-7"), deal=elsewhere)
    assert not Payment.objects.exists()


def test_a_source_is_kept_by_name_and_reads_its_files(site, deal, finance):
    def keep(**changes):
        said = {"headings": {"reference": "Beleg", "received": "Tag"}, "words": {"loan": "D1, D2"}, **changes}
        return keep_source(actor=finance, project=site.project, name="Bank", **said)

    source = keep(days="dmy")
    with pytest.raises(Duplicate):
        keep()
    with pytest.raises(Invalid):
        keep(source=source, headings={"reference": "Tag", "received": "tag"})
    assert keep(source=source, days="dmy") == source
    assert Event.objects.filter(action="payment_source.kept").count() == 1
    data = f"Beleg,Tag,amount,deal,type\nB-1,05/03/2026,7,{deal.number},d2\n".encode("gb18030")
    with clock.at(NOON):
        file = read_file(actor=finance, project=site.project, name="x", data=data, source=source)
    row = file.rows.get()
    assert (row.received, row.kind, row.fault) == ("2026-03-05", "loan", "")


def test_the_database_keeps_what_a_row_said_and_became(site, deal, finance):
    imported(site, finance, f"B-1,2026-03-02,384000,{deal.number},,,", "B-9,2026-03-03,5,,,,")
    rows = PaymentRow.objects.filter(reference="B-1")
    for change in ({"amount": 1}, {"reference": "x"}, {"state": "read"}, {"payment": None}):
        with pytest.raises((IntegrityError, InternalError)), transaction.atomic():
            rows.update(**change)
    waiting = PaymentRow.objects.get(reference="B-9")
    waiting.pk, waiting.number = None, 99
    with pytest.raises(IntegrityError), transaction.atomic():
        waiting.save(force_insert=True)
