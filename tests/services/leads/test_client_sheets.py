"""Filing out of a spreadsheet: each row judged alone, filed at most once, also when the worker is killed."""

import os
import signal
from io import BytesIO

import pytest
from django.db import connections
from python_calamine import CalamineWorkbook

from channels_platform.jobs.models import Job, JobState, OutboxMessage
from channels_platform.jobs.services import Settled, deliver_message
from channels_platform.lib import clock
from leads.client_sheets import read_sheet
from leads.models import ClientSheet, FilingKey, Referral
from leads.services.sheets import forget_sheets, judge_sheet, take_sheet
from leads.services.visits import record_natural_visit
from leads.sheet_results import result_csv, result_file, results, template_file
from tests.pages.world import World, agree, make_project, make_world, staff
from tests.processes import until

HEAD = "项目,姓名,电话,到访时间,人数,备注\n"


@pytest.fixture
def world(db) -> World:
    return make_world(exclusive_from="filing")


def take(world, text, head=HEAD, project=None):
    return take_sheet(
        actor=world.owner.user, broker=world.owner, rows=read_sheet((head + text).encode()), project=project
    )


def judged(world, text, **more):
    sheet = take(world, text, **more)
    judge_sheet(job_id=sheet.job_id)
    sheet.refresh_from_db()
    return sheet


def outcomes(sheet, world):
    return [(row.number, row.kind, row.text) for row in results(sheet, world.owner.user)]


@pytest.mark.django_db
def test_each_row_is_judged_as_if_filed_alone(world):
    world.file(world.outsider, phone="13800000001")
    sheet = judged(
        world,
        "Golden Lake,张伟,13800005678,明天下午3点,3人,看三房\n"
        "GL,李娜,13900001234/13900001235,,,\n"
        "Golden Lake,王芳,13800000001,,,\n"
        "Golden Lake,张伟,13800005678,,,\n",
    )
    unavailable = "This client can't be accepted for Golden Lake. If you think that's wrong, contest it within 7 days."
    found = outcomes(sheet, world)
    assert [(number, kind) for number, kind, _text in found] == [
        (2, "accepted"), (3, "accepted"), (4, "refused"), (5, "refused"),
    ]  # fmt: skip
    assert found[2][2] == unavailable
    assert "already" in found[3][2]
    first, second, held, again = (FilingKey.objects.get(key=sheet.key_of(n)).referral for n in (2, 3, 4, 5))
    assert (first.party_size, first.note, first.client_name) == (3, "看三房", "张伟")
    assert f"{first.expected_arrival.astimezone(world.project.zone):%H:%M}" == "15:00"
    assert second.phones.count() == 2
    assert (held.reason, again.reason) == ("protected", "already_referred")


@pytest.mark.django_db
def test_held_and_known_clients_read_the_same_in_every_form_of_the_result(world):
    world.file(world.outsider, phone="13800000001")
    record_natural_visit(actor=world.reception, project=world.project, phone="13800000002")
    sheet = judged(world, "GL,张伟,13800000001,,,\nGL,张伟,13800000002,,,\n")
    held, known = results(sheet, world.owner.user)
    assert (held.kind, held.outcome, held.text) == (known.kind, known.outcome, known.text)
    text = result_csv(sheet, world.owner.user)
    assert "protected" not in text
    assert "River" not in text


@pytest.mark.django_db
def test_bad_rows_are_named_by_row_and_column_and_not_filed(world):
    sheet = judged(
        world,
        "Golden Lake,张伟,12345,,,\n"
        "Elsewhere,李娜,13900001234,,,\n"
        "GL,,13900001234,,,\n"
        "GL,李娜,,,,\n"
        "GL,李娜,13900001234,someday,0,\n"
        "GL,李娜,13900001234,2020-01-01 10:00,,\n"
        "GL,李娜,13900001234,2090-01-01 10:00,,\n",
    )
    assert [text for _number, _kind, text in outcomes(sheet, world)] == [
        "Column C (Phone): This is not a phone number that exists. Check the digits.",
        "Column A (Project): This is no project that your agency can file for now.",
        "The name is missing.",
        "The phone is missing.",
        "Column D (Expected arrival): The time cannot be read. Write it like 2026-03-05 15:30."
        " Column E (How many people): Write a number from 1 to 50.",
        "Column D (Expected arrival): This time is past.",
        "Column D (Expected arrival): This is more than a year ahead. Check the date, or leave it out.",
    ]
    assert not Referral.objects.exists()


@pytest.mark.django_db
def test_masked_project_takes_masks_only(world):
    world.policy(phone_mode="masked", exclusive_from="visit")
    sheet = judged(world, "GL,张伟,138****5678,,,\nGL,李娜,13900001234,,,\n")
    assert [kind for _number, kind, _text in outcomes(sheet, world)] == ["accepted", "faulty"]


@pytest.mark.django_db
def test_rows_without_a_project_take_the_chosen_one(world):
    hill = make_project(world.project.company, code="HILL", name="Green Hill")
    agree(world.agency, hill, staff("author", "marketing"), world.site_manager)
    head = "姓名,电话\n"
    alone = judged(world, "张伟,13800005678\n", head=head)
    assert outcomes(alone, world) == [(2, "faulty", "No project is named.")]
    chosen = judged(world, "张伟,13800005678\n", head=head, project=hill)
    assert outcomes(chosen, world)[0][1] == "accepted"
    assert Referral.objects.get().project == hill


@pytest.mark.django_db
def test_judged_rows_are_no_longer_kept_and_the_result_names_nobody_in_full(world):
    sheet = take(world, "GL,张伟,13800005678,,,住在东城\n")
    raw = ClientSheet.objects.raw("SELECT id, content AS sealed FROM leads_clientsheet")[0].sealed
    assert b"13800005678" not in bytes(raw)
    judge_sheet(job_id=sheet.job_id)
    sheet.refresh_from_db()
    job = Job.objects.get(pk=sheet.job_id)
    assert (sheet.content, job.state, job.done, job.total) == ("", JobState.DONE, 1, 1)
    book = CalamineWorkbook.from_filelike(BytesIO(result_file(sheet, world.owner.user)))
    table = book.get_sheet_by_index(0).to_python()
    assert table[1][:5] == ["2", "Golden Lake", "张**", "138****5678", "Filed"]
    for text in (str(table), result_csv(sheet, world.owner.user), str(job.arguments), str(sheet.faults)):
        assert "13800005678" not in text
        assert "张伟" not in text


@pytest.mark.django_db
def test_nothing_in_a_result_is_a_formula(world):
    sheet = judged(world, 'GL,"=HYPERLINK(""http://x"")",13800005678,,,\nGL,@SUM(1),13900001234,,,\n')
    lines = result_csv(sheet, world.owner.user).splitlines()
    assert "'=**" in lines[1]
    assert "'@**" in lines[2]
    book = CalamineWorkbook.from_filelike(BytesIO(result_file(sheet, world.owner.user)))
    assert [row[2] for row in book.get_sheet_by_index(0).to_python()[1:]] == ["=**", "@**"]


@pytest.mark.django_db
def test_the_job_run_again_files_nothing_twice(world):
    sheet = judged(world, "GL,张伟,13800005678,,,\nGL,李娜,123,,,\n")
    before = list(Referral.objects.values_list("number", flat=True))
    with pytest.raises(Settled):
        judge_sheet(job_id=sheet.job_id)
    Job.objects.filter(pk=sheet.job_id).update(state=JobState.RUNNING)
    judge_sheet(job_id=sheet.job_id)
    assert list(Referral.objects.values_list("number", flat=True)) == before
    assert [kind for _number, kind, _text in outcomes(sheet, world)] == ["accepted", "faulty"]


@pytest.mark.django_db
def test_a_broker_who_probes_by_spreadsheet_is_flagged(world):
    phones = [f"138000010{n:02}" for n in range(21)]
    for phone in phones:
        world.file(world.outsider, phone=phone)
    judged(world, "".join(f"GL,张伟,{phone},,,\n" for phone in phones))
    world.owner.refresh_from_db()
    assert world.owner.probing_flagged_at is not None


@pytest.mark.django_db
def test_what_was_never_judged_is_forgotten_after_a_week(world):
    from datetime import timedelta

    sheet = take(world, "GL,张伟,13800005678,,,\n")
    assert forget_sheets() == 0
    with clock.at(clock.now() + timedelta(days=8)):
        assert forget_sheets() == 1
    sheet.refresh_from_db()
    assert sheet.content == ""


@pytest.mark.django_db
def test_the_template_is_read_back_by_its_own_headings(world):
    from django.utils.translation import override

    from leads.client_sheets import field_of

    for language in ("en", "zh-hans"):
        with override(language):
            data = template_file([world.project])
        table = CalamineWorkbook.from_filelike(BytesIO(data)).get_sheet_by_index(0).to_python()
        assert [field_of(heading) for heading in table[0]] == [
            "project", "client_name", "phones", "expected_arrival", "party_size", "note",
        ]  # fmt: skip


@pytest.mark.serial
@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_at_any_moment_files_each_row_once(transactional_db):
    world = make_world(exclusive_from="filing")
    sheet = take(world, "".join(f"GL,张伟,1380001{n:04},,,\n" for n in range(300)))
    message = OutboxMessage.objects.get()
    filed = 0
    for further in (7, 40, 23, 61):
        child = os.fork()
        if child == 0:
            connections["default"].connection = None
            try:
                deliver_message(message.pk)
            finally:
                os._exit(0)
        # by what was done, not by the time it took: a quick machine would be through, a slow one not begun
        until(lambda enough=filed + further: Referral.objects.count() >= enough, what="the rows to be filed")
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        filed = Referral.objects.count()
        assert filed == FilingKey.objects.count()
        assert filed < 300, "the kill came too late to meet the work"
    # the database may take a moment to notice that the last one died, and holds its lock until then
    until(lambda: deliver_message(message.pk), what="the lock of the one that died")
    assert Referral.objects.count() == 300
    assert set(Referral.objects.values_list("state", flat=True)) == {"filed"}
    assert Referral.objects.order_by().values("phones__phone").distinct().count() == 300
    assert Job.objects.get(pk=sheet.job_id).state == JobState.DONE
