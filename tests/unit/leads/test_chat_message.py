"""What a chat message says of a client: each line an example somebody might paste on Monday 2 March 2026 at 10:00."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from leads.chat_message import LONGEST, ChatMessage, read_message

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=ZONE)
LAKE, HILL, CITY = "lake", "hill", "city"
PROJECTS = {LAKE: "金色湖岸", HILL: "Green Hill", CITY: "云城 City One"}
ENGLISH = {LAKE: "Golden Lake", HILL: "Green Hill"}
PHONE = ("13800005678",)


def read(text, projects=PROJECTS, now=NOW):
    return read_message(text, projects=projects, now=now, zone=ZONE)


def said(project="", name="", phones=PHONE, at="", party=None, note=""):
    arrival = datetime.fromisoformat(f"2026-{at}").replace(tzinfo=ZONE) if at else None
    return ChatMessage(project, name, phones, arrival, party, note)


EXAMPLES = {
    # one line, blanks between
    "项目 金色湖岸 客户 张先生 13800005678 明天下午3点 3人": said(LAKE, "张先生", at="03-03 15:00", party=3),
    "金色湖岸 张先生 13800005678 明天下午3点 3人": said(LAKE, "张先生", at="03-03 15:00", party=3),
    "报备 金色湖岸 李娜 13800005678": said(LAKE, "李娜"),
    "金色湖岸，王女士，13800005678，后天上午10点半，两人": said(LAKE, "王女士", at="03-04 10:30", party=2),
    "金色湖岸/张先生/13800005678/周六15:30/2位": said(LAKE, "张先生", at="03-07 15:30", party=2),
    "客户张伟 电话13800005678 报备金色湖岸": said(LAKE, "张伟"),
    "张总 13800005678": said("", "张总"),
    "13800005678": said(),
    "欧阳女士 13800005678 金色湖岸 今天下午四点": said(LAKE, "欧阳女士", at="03-02 16:00"),
    # labels, a line each
    "报备楼盘：金色湖岸\n客户姓名：张伟\n电话：13800005678\n到访时间：3月5日15:30\n人数：3\n备注：看三房": said(
        LAKE, "张伟", at="03-05 15:30", party=3, note="看三房"
    ),
    "【报备楼盘】金色湖岸\n【客户姓名】张伟\n【联系电话】13800005678\n【到访时间】明天14:00\n【到访人数】2人": said(
        LAKE, "张伟", at="03-03 14:00", party=2
    ),
    "项目:金色湖岸;客户:李四;电话:13800005678;时间:后天下午两点;人数:4": said(LAKE, "李四", at="03-04 14:00", party=4),
    "楼盘名称 金色湖岸\n客户 陈小姐\n手机号 13800005678\n预计到访时间 3月5号下午三点半": said(
        LAKE, "陈小姐", at="03-05 15:30"
    ),
    "报备项目：金色湖岸\n客户姓名：张伟（男）\n客户电话：13800005678": said(LAKE, "张伟", note="男"),
    "项目：湖岸\n客户：张伟\n电话：13800005678": said(LAKE, "张伟"),
    "项目：海上明珠\n客户：张伟\n电话：13800005678": said("", "张伟", note="海上明珠"),
    "客户姓名：\n张伟\n电话：\n13800005678": said("", "张伟"),
    # full-width digits, colons, blanks
    "项目：金色湖岸　客户：张先生　电话：１３８００００５６７８　时间：明天下午３点　人数：３人": said(
        LAKE, "张先生", at="03-03 15:00", party=3
    ),
    "１３８－００００－５６７８ 李女士 金色湖岸": said(LAKE, "李女士"),
    "金色湖岸 张先生 13800005678 １５：３０": said(LAKE, "张先生", at="03-02 15:30"),
    # phones
    "张先生 138 0000 5678 金色湖岸": said(LAKE, "张先生"),
    "张先生 138-0000-5678 金色湖岸": said(LAKE, "张先生"),
    "张先生 +86 138 0000 5678 金色湖岸": said(LAKE, "张先生"),
    "张先生 8613800005678 金色湖岸": said(LAKE, "张先生"),
    "张先生 13800005678/13900001234 金色湖岸": said(LAKE, "张先生", phones=("13800005678", "13900001234")),
    "张先生 13800005678，太太 13900001234 金色湖岸": said(
        LAKE, "张先生", phones=("13800005678", "13900001234"), note="太太"
    ),
    "张先生 13800005678 13800005678 金色湖岸": said(LAKE, "张先生"),
    "张先生 138****5678 金色湖岸": said(LAKE, "张先生", phones=("138****5678",)),
    "客户：张先生 电话：138xxxx5678 项目：金色湖岸": said(LAKE, "张先生", phones=("138****5678",)),
    "张先生 138 **** 5678 金色湖岸": said(LAKE, "张先生", phones=("138****5678",)),
    "陈先生 +852 9123 4567 金色湖岸": said(LAKE, "陈先生", phones=("+85291234567",)),
    "陈先生 0755-26871234 金色湖岸": said(LAKE, "陈先生", phones=("075526871234",)),
    "客户：张伟\n电话：1380000567": said("", "张伟", phones=("1380000567",)),
    "客户：张伟 13800005678\n经纪人：李明 13911112222\n门店：西门店\n项目：金色湖岸": said(
        LAKE, "张伟", note="经纪人 李明 13911112222，门店 西门店"
    ),
    "报备人:李明 报备人电话:13911112222 客户:张伟 电话:13800005678": said(
        "", "张伟", note="报备人 李明，报备人电话 13911112222"
    ),
    # when
    "金色湖岸 张伟 13800005678 今天下午5点": said(LAKE, "张伟", at="03-02 17:00"),
    "金色湖岸 张伟 13800005678 明早9点": said(LAKE, "张伟", at="03-03 09:00"),
    "金色湖岸 张伟 13800005678 今晚7点半": said(LAKE, "张伟", at="03-02 19:30"),
    "金色湖岸 张伟 13800005678 大后天中午12点": said(LAKE, "张伟", at="03-05 12:00"),
    "金色湖岸 张伟 13800005678 下周三下午3点": said(LAKE, "张伟", at="03-11 15:00"),
    "金色湖岸 张伟 13800005678 下星期天10:30": said(LAKE, "张伟", at="03-15 10:30"),
    "金色湖岸 张伟 13800005678 本周日上午11点": said(LAKE, "张伟", at="03-08 11:00"),
    "金色湖岸 张伟 13800005678 礼拜五下午三点一刻": said(LAKE, "张伟", at="03-06 15:15"),
    "金色湖岸 张伟 13800005678 周一9:30": said(LAKE, "张伟", at="03-09 09:30"),
    "金色湖岸 张伟 13800005678 3月5日（周四）下午3点左右": said(LAKE, "张伟", at="03-05 15:00"),
    "金色湖岸 张伟 13800005678 3/5 15:30": said(LAKE, "张伟", at="03-05 15:30"),
    "金色湖岸 张伟 13800005678 3.5 下午2点": said(LAKE, "张伟", at="03-05 14:00"),
    "金色湖岸 张伟 13800005678 2026-03-05 15:00": said(LAKE, "张伟", at="03-05 15:00"),
    "金色湖岸 张伟 13800005678 2026年3月5日15点30分": said(LAKE, "张伟", at="03-05 15:30"),
    "金色湖岸 张伟 13800005678 5号下午3点": said(LAKE, "张伟", at="03-05 15:00"),
    "金色湖岸 张伟 13800005678 三月五号下午三点": said(LAKE, "张伟", at="03-05 15:00"),
    "金色湖岸 张伟 13800005678 明天3点": said(LAKE, "张伟", at="03-03 15:00"),
    "金色湖岸 张伟 13800005678 明天下午3点到4点": said(LAKE, "张伟", at="03-03 15:00"),
    "金色湖岸 张伟 13800005678 明天14:00-15:00": said(LAKE, "张伟", at="03-03 14:00"),
    "金色湖岸 张伟 13800005678 9:30": said(LAKE, "张伟", at="03-03 09:30"),
    "金色湖岸 张伟 13800005678 15点": said(LAKE, "张伟", at="03-02 15:00"),
    "金色湖岸 张伟 13800005678 3天后上午10点": said(LAKE, "张伟", at="03-05 10:00"),
    # a day without an hour is not a time yet
    "金色湖岸 张伟 13800005678 明天下午": said(LAKE, "张伟", note="明天下午"),
    "金色湖岸 张伟 13800005678 周末": said(LAKE, "张伟", note="周末"),
    "金色湖岸 张伟 13800005678 2月30日下午3点": said(LAKE, "张伟", at="03-02 15:00", note="2月30日"),
    # how many
    "金色湖岸 张伟 13800005678 一家三口": said(LAKE, "张伟", party=3),
    "金色湖岸 张伟 13800005678 2大1小": said(LAKE, "张伟", party=3),
    "金色湖岸 张伟 13800005678 一行5人": said(LAKE, "张伟", party=5),
    "金色湖岸 张伟 13800005678 2-3人": said(LAKE, "张伟", party=3),
    # what has no field goes to the note
    "金色湖岸 张伟 13800005678 预算300万 想看高楼层": said(LAKE, "张伟", note="预算300万 想看高楼层"),
    "金色湖岸 张伟 13800005678，麻烦安排王经理接待，谢谢": said(LAKE, "张伟", note="麻烦安排王经理接待"),
    "您好，报备一下：金色湖岸，张伟，13800005678，谢谢！": said(LAKE, "张伟"),
    "备注：下午3点要接孩子\n金色湖岸 张伟 13800005678": said(LAKE, "张伟", note="下午3点要接孩子"),
    "": said(phones=()),
    "谢谢": said(phones=()),
    # English
    "Green Hill, Mr Zhang 13800005678, tomorrow 3pm, 3 people": said(HILL, "Mr Zhang", at="03-03 15:00", party=3),
    "Project: Green Hill\nClient: Zhang Wei\nPhone: 138 0000 5678\n"
    "Visit: Sat 15:30\nParty: 2\nNote: likes high floors": said(
        HILL, "Zhang Wei", at="03-07 15:30", party=2, note="likes high floors"
    ),
    "green hill - Ms. Anna Lee +86 13800005678 at 3pm tomorrow, party of 4": said(
        HILL, "Ms. Anna Lee", at="03-03 15:00", party=4
    ),
    "Mrs Chen, 13800005678, Green Hill, next Wednesday 10:30am": said(HILL, "Mrs Chen", at="03-11 10:30"),
    "Client: Zhang Wei, Phone: 13800005678, Project: Green Hill, Time: 5 March 2:30pm, 2 pax": said(
        HILL, "Zhang Wei", at="03-05 14:30", party=2
    ),
    "Mar 5 at 3pm Green Hill Mr Wang 13800005678": said(HILL, "Mr Wang", at="03-05 15:00"),
    "City One? no: 云城City One 张伟 13800005678": said(CITY, "张伟", note="City One? no"),
    "Green Hill Zhang Wei 13800005678 day after tomorrow at 11, budget 3m": said(
        HILL, "Zhang Wei", at="03-04 11:00", note="budget 3m"
    ),
}


@pytest.mark.parametrize("text", EXAMPLES)
def test_message_is_read_into_its_fields(text):
    assert read(text) == EXAMPLES[text]


def test_the_longer_project_name_wins():
    both = {"lake": "金色湖岸", "second": "金色湖岸二期"}
    assert read("金色湖岸二期 张伟 13800005678", both).project == "second"
    assert read("金色湖岸 张伟 13800005678", both).project == "lake"


@pytest.mark.parametrize(
    "said", ["金色湖岸", "Golden Lake", "golden lake", "金色湖岸Golden Lake", "金色湖岸 Golden Lake"]
)
def test_a_name_in_two_languages_is_found_by_either(said):
    both = {"lake": "金色湖岸 Golden Lake", "hill": "云杉山 Spruce Hill"}
    message = read(f"{said} 张伟 13800005678", both)
    assert (message.project, message.client_name, message.note) == ("lake", "张伟", "")


def test_a_part_that_two_projects_share_names_neither():
    both = {"one": "金色湖岸 North", "two": "金色湖岸 South"}
    assert read("金色湖岸 张伟 13800005678", both).project == ""


def test_english_names_of_projects_are_found_in_any_case():
    assert read("golden lake, Mr Zhang 13800005678, tomorrow 3pm, 3 people", ENGLISH) == said(
        LAKE, "Mr Zhang", at="03-03 15:00", party=3
    )


def test_days_are_those_of_the_projects_zone():
    late = datetime(2026, 3, 1, 23, 30, tzinfo=ZoneInfo("UTC"))
    assert read("张伟 13800005678 明天下午3点", now=late).arrival == datetime(2026, 3, 3, 15, 0, tzinfo=ZONE)


def test_a_date_that_is_past_is_next_years():
    assert read("张伟 13800005678 2月5日15:30").arrival == datetime(2027, 2, 5, 15, 30, tzinfo=ZONE)


def test_more_than_five_numbers_fill_five():
    message = read(" ".join(f"1380000567{n}" for n in range(7)))
    assert len(message.phones) == 5


@pytest.mark.parametrize(
    "text", ["电话：" * 400, "3" * 2_000, "1月" * 900, "(" * 2_000, "明天" * 900, "a " * 900, "\n" * 2_000]
)
def test_odd_messages_are_read_in_no_time(text):
    from time import perf_counter

    begun = perf_counter()
    read(text + "x" * LONGEST)
    assert perf_counter() - begun < 1
