"""An agency's manager invites many brokers out of a spreadsheet."""

import base64
import io
import re

import pytest
import xlsxwriter
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from python_calamine import CalamineWorkbook

from brokers.models import Broker
from channels_platform.audit.models import Event
from channels_platform.http.models import StoredAnswer

pytestmark = pytest.mark.django_db
HEADINGS = "姓名,用户名,手机号,邮箱,门店,角色\n"


def send(client, text, **more):
    return client.post("/portal/brokers/sheet/", {"file": SimpleUploadedFile("b.csv", text.encode()), **more})


def result_rows(answer):
    found = re.search(r"base64,([A-Za-z0-9+/=]+)", answer.content.decode())
    book = CalamineWorkbook.from_filelike(io.BytesIO(base64.b64decode(found[1])))
    return book.get_sheet_by_index(0).to_python()[1:]


def test_each_row_is_judged_alone(world, as_person):
    answer = send(
        as_person(world.manager),
        HEADINGS
        + "唐一,tang,13700008888,tang@example.test,West Gate,\n"
        + "=1+1,owner,,,,\n"
        + "李二,li2,12,,,\n"
        + ",nameless,,,,\n"
        + "王三,wang3,,nonsense,,老板\n"
        + "周四,zhou4,,,West Gate,负责人\n",
    )
    made = {one.user.username: one for one in Broker.objects.filter(recruited_by=world.manager.user)}
    assert {name: (str(one.store), one.user.role, one.agency) for name, one in made.items()} == {
        "tang": ("West Gate", "broker", world.agency),
        "zhou4": ("West Gate", "agency_admin", world.agency),
    }
    rows = answer.context["rows"]
    assert [(row.number, row.done) for row in rows] == [
        (2, True), (3, False), (4, False), (5, False), (6, False), (7, True),
    ]  # fmt: skip
    assert [part in rows[place].text for place, part in ((1, "Column B"), (2, "Column C"), (3, "Name"))] == [True] * 3
    assert "Column D" in rows[4].text
    assert "Column F" in rows[4].text


def test_a_link_stands_in_the_result_file_alone_and_works_once(world, as_person, caplog):
    answer = send(as_person(world.manager), HEADINGS + "唐一,tang,,,,\n")
    (row,) = result_rows(answer)
    link = row[-1]
    token = link.rstrip("/").rsplit("/", 1)[1]
    assert token not in answer.content.decode()
    assert token not in caplog.text
    assert answer["Cache-Control"] == "private, no-store"
    kept = [str(one.body) for one in StoredAnswer.objects.all()]
    kept += [f"{one.before}{one.after}{one.reason}" for one in Event.objects.all()]
    kept += [str(one.get_decoded()) for one in Session.objects.all()]
    assert not [one for one in kept if token in one]
    assert Client().get(link[link.index("/accounts/") :]).status_code == 200


def test_sent_again_it_invites_nobody_twice(world, as_person):
    client = as_person(world.manager)
    sheet = HEADINGS + "唐一,tang,,,,\n"
    assert send(client, sheet, once="5" * 32).status_code == 200
    assert send(client, sheet, once="5" * 32)["Location"] == "/portal/brokers/"
    again = send(client, sheet + "唐一,tang,,,,\n")
    assert [row.done for row in again.context["rows"]] == [False, False]
    assert Broker.objects.filter(user__username="tang").count() == 1


def test_a_corrected_sheet_under_the_key_of_the_first_is_not_dropped_in_silence(world, as_person):
    client = as_person(world.manager)
    assert client.get("/portal/brokers/sheet/")["Cache-Control"] == "private, no-store"  # going back makes a new key
    send(client, HEADINGS + "唐一,tang,12,,,\n", once="5" * 32)
    again = client.get(send(client, HEADINGS + "唐一,tang,13700008888,,,\n", once="5" * 32)["Location"])
    assert "This form had arrived before" in again.content.decode()
    assert not Broker.objects.filter(user__username="tang").exists()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        ("姓名,电话\n唐,1\n", "no_headings"),
        (HEADINGS, "no_rows"),
        (HEADINGS + "".join(f"n{n},u{n}\n" for n in range(201)), "too_many_rows"),
        ("\0", "sheet_type"),
    ],
)
def test_a_file_that_cannot_be_read_is_answered_in_words(world, as_person, text, code):
    answer = send(as_person(world.manager), text)
    assert answer.status_code == 422
    assert [one.code for one in answer.context["form"].errors.as_data()["file"]] == [code]
    assert not Broker.objects.filter(recruited_by=world.manager.user).exists()


def test_the_template_is_read_back(world, as_person):
    client = as_person(world.manager)
    content = client.get("/portal/brokers/sheet/template.xlsx").content
    headings = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()[0]
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    page = book.add_worksheet()
    page.write_row(0, 0, headings)
    page.write_row(1, 0, ["Tang", "tang", 13700008888, "", "", "Broker"])
    book.close()
    file = SimpleUploadedFile("b.xlsx", target.getvalue())
    answer = client.post("/portal/brokers/sheet/", {"file": file})
    assert answer.context["done"] == 1
    assert Broker.objects.get(user__username="tang").user.phone is not None
