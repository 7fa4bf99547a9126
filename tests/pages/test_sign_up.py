"""The pages by which individuals sign up, wait, and recruit others."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client

from brokers.models import AgencyGrade, Individual, Programme, RecruitingLink
from brokers.services.agencies import create_agency
from brokers.services.grades import keep_grade, set_agency_grade
from brokers.services.individuals import confirm_individuals, decline_individuals
from brokers.services.recruiting import close_link, open_link, open_programme
from channels_platform.accounts.permissions import Role
from channels_platform.lib import clock
from leads.models import Referral
from projects.selectors import latest_today
from tests.pages.money import give_plan
from tests.pages.world import agree, staff
from tests.services.brokers.test_individuals import LI, PASSWORD, WANG, send

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nobody_signed_up_before(settings, tmp_path):
    """Forget the sign-ups of the tests before (all come from one address), and keep texts apart."""
    settings.SMS_BACKEND, settings.SMS_FILE = "file", str(tmp_path / "sent.jsonl")
    client = cache._cache.get_client()
    for key in client.scan_iter(match=f"{settings.REDIS_PREFIX}:*allauth:rl:*", count=1000):
        client.delete(key)


@pytest.fixture
def programme(world) -> Programme:
    roof = create_agency(actor=None, code="roof", name="Neighbours", kind="community")
    agree(roof, world.project, world.site_manager, staff("second", Role.MARKETING_MANAGER, world.project))
    return open_programme(actor=world.site_manager, agency=roof, project=world.project)


@pytest.fixture
def link(world, programme) -> RecruitingLink:
    return open_link(actor=world.site_manager, programme=programme, place="Lobby")


def typed(**more):
    fields = {"name": "Wu Lan", "phone": LI, "relation": "owner", "detail": "3-1203", "password": PASSWORD}
    return fields | {"agreed": "on"} | more


def path(link) -> str:
    return f"/join/with/{link.code}/"


def signed_up(link, **more) -> Client:
    client = Client()
    assert client.post(path(link), typed(**more)).status_code == 302
    return client


def test_the_story_from_the_poster_to_the_first_client(world, link):
    client = Client()
    page = client.get(path(link)).content.decode()
    assert world.project.name in page
    answer = client.post(path(link), typed())
    assert answer["Location"] == "/join/code/"
    send()
    code = json.loads(Path(settings.SMS_FILE).read_text())["values"]["code"]
    wrong = client.post("/join/code/", {"digits": "12"})
    assert (wrong.status_code, "digits" in wrong.context["form"].errors) == (422, True)
    assert client.post("/join/code/", {"digits": f"{code[:3]} {code[3:]}"})["Location"] == "/portal/"
    home = client.get("/portal/").content.decode()
    assert (
        "You wait to be confirmed" in home
        and "/portal/clients/new/" not in home.split("<main", 1)[1].split("</main", 1)[0]
    )
    assert "You wait to be confirmed" in client.get("/portal/clients/new/").content.decode()
    confirm_individuals(actor=world.site_manager, individuals=[Individual.objects.get()])
    home = client.get("/portal/").content.decode()
    assert "Recruit referrers" in home and "File a client" in home
    assert "you are confirmed; you can file clients now" in home
    filed = client.post("/portal/clients/new/", {"project": world.project.pk, "client_name": "Li", "phones": [WANG]})
    assert filed.status_code == 302 and Referral.objects.get().state == "filed"


def test_a_proven_phone_signs_in_a_stranger_with_it_does_not(link):
    client = signed_up(link)
    send()
    code = json.loads(Path(settings.SMS_FILE).read_text())["values"]["code"]
    credentials = {"login": "138 0000 0001", "password": PASSWORD}
    assert Client().post("/accounts/login/", credentials).status_code == 200
    client.post("/join/code/", {"digits": code})
    assert Client().post("/accounts/login/", credentials).status_code == 302
    assert Client().post("/accounts/login/", {**credentials, "password": "not this one!"}).status_code == 200


def test_where_no_texts_are_sent_the_person_waits_for_staff(link, settings):
    settings.SMS_BACKEND = "off"
    client = Client()
    assert client.post(path(link), typed())["Location"] == "/portal/"
    page = client.get("/portal/").content.decode()
    assert Individual.objects.get().broker.user.username in page and "/join/code/" not in page
    assert client.get("/join/code/")["Location"] == "/portal/"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "\u200b"), ("name", "x" * 81), ("phone", "138"), ("phone", "13800000001\x00"), ("relation", "boss"),
        ("detail", ""), ("detail", "y" * 121), ("password", "short"), ("password", "1234567890123"), ("agreed", ""),
    ],
)  # fmt: skip
def test_what_is_typed_wrongly_is_said_beside_its_field(link, field, value):
    answer = Client().post(path(link), typed(**{field: value}))
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not Individual.objects.exists()


def test_mail_speaks_the_language_that_was_signed_up_in(link):
    client = Client(headers={"accept-language": "zh-CN,zh;q=0.9"})
    assert client.post(path(link), typed()).status_code == 302
    assert Individual.objects.get().broker.user.spoken == "zh-hans"


def test_a_closed_link_says_so_an_unknown_one_is_no_page(world, link):
    close_link(actor=world.site_manager, link=link)
    assert Client().get(path(link)).status_code == 410
    assert Client().post(path(link), typed()).status_code == 410
    assert Client().get("/join/with/nothing1/").status_code == 404


def test_who_is_signed_in_opens_no_second_account(world, link):
    client = Client()
    client.force_login(world.owner.user)
    assert "You are signed in" in client.get(path(link)).content.decode()
    client.post(path(link), typed())
    assert not Individual.objects.exists()


def test_sign_ups_from_one_address_are_limited(link, settings):
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "signup": "2/h/ip"}
    assert [Client().post(path(link), typed(phone="1")).status_code for _try in range(3)] == [422, 422, 429]


def test_who_was_declined_reads_why_and_files_nothing(world, link):
    client = signed_up(link)
    decline_individuals(actor=world.site_manager, individuals=[Individual.objects.get()], reason="No such home")
    assert "No such home" in client.get("/portal/").content.decode()
    client.post("/portal/clients/new/", {"project": world.project.pk, "client_name": "Li", "phones": [WANG]})
    assert not Referral.objects.exists()


def test_only_who_signed_up_alone_proves_a_phone(world):
    client = Client()
    assert client.get("/join/code/")["Location"].startswith("/accounts/login/")
    client.force_login(world.owner.user)
    assert client.get("/join/code/").status_code == 404


def test_a_recruiter_makes_the_own_link_and_sees_who_came(world, programme):
    client = Client()
    client.force_login(world.reception)
    assert "Make my link" in client.get("/recruit/").content.decode()
    assert client.post("/recruit/", {"programme": programme.pk})["Location"] == "/recruit/"
    link = RecruitingLink.objects.get(recruiter=world.reception)
    signed_up(link)
    page = client.get("/recruit/").content.decode()
    assert link.code in page and "W**" in page and "Wu Lan" not in page
    poster = client.get(f"/recruit/{link.pk}/poster.pdf")
    assert b"".join(poster).startswith(b"%PDF")
    stranger = Client()
    stranger.force_login(world.owner.user)
    assert stranger.get(f"/recruit/{link.pk}/poster.pdf").status_code == 404
    assert "No programme to recruit for" in stranger.get("/recruit/").content.decode()
    assert stranger.post("/recruit/", {"programme": programme.pk}).status_code == 422


def test_an_individual_sees_what_a_client_would_earn_and_when(world, link):
    client = signed_up(link)
    individual = Individual.objects.select_related("broker").get()
    assert "What you get, and when" not in client.get("/portal/").content.decode()
    give_plan(world, agency=individual.broker.agency, payee="broker")
    assert "From unit 21:" in client.get("/portal/").content.decode()
    confirm_individuals(actor=world.site_manager, individuals=[individual])
    client.post("/portal/clients/new/", {"project": world.project.pk, "client_name": "Li", "phones": [WANG]})
    page = client.get(f"/portal/clients/{Referral.objects.get().pk}/").content.decode()
    assert "What you get, and when" in page and "From unit 21:" in page


def test_who_recruits_enters_the_recruiting_page_and_nobody_else(world):
    people = {
        "broker": world.owner.user,
        "reception": world.reception,
        "consultant": world.consultant.user,
        "marketing_manager": world.site_manager,
        "agency_admin": world.manager.user,
        **{
            role: staff(f"the-{role}", role, world.project)
            for role in (Role.MARKETING, Role.FINANCE, Role.FINANCE_APPROVER, Role.AUDITOR)
        },
    }
    for role, user in people.items():
        client = Client()
        client.force_login(user)
        outside = role in ("agency_admin", "finance", "finance_approver", "auditor")
        assert client.get("/recruit/").status_code == (403 if outside else 200), role
    assert Client().get("/recruit/")["Location"].startswith("/accounts/login/")


def test_who_forgot_the_password_sets_another_by_a_code_to_the_phone(world, link):
    signed_in = signed_up(link)
    confirm_individuals(actor=world.site_manager, individuals=[Individual.objects.get()])
    Individual.objects.update(code_asked_at=None)
    client = Client()
    assert client.post("/join/forgot/", {"phone": LI})["Location"] == "/join/forgot/code/"
    send()
    code = json.loads(Path(settings.SMS_FILE).read_text().splitlines()[-1])["values"]["code"]
    wrong = {"digits": f"{(int(code) + 1) % 10**6:06d}", "password": "quite another one"}
    assert client.post("/join/forgot/code/", wrong).status_code == 422
    assert client.post("/join/forgot/code/", wrong | {"digits": code, "password": "short"}).status_code == 422
    assert client.post("/join/forgot/code/", wrong | {"digits": code})["Location"] == "/accounts/login/"
    assert signed_in.get("/portal/").status_code == 302  # signed in with what is void
    again = client.post("/join/forgot/code/", wrong | {"digits": code, "password": "and yet another"})
    assert again.status_code == 422
    assert Individual.objects.get().broker.user.check_password("quite another one")


def test_forgetting_tells_nobody_whose_phone_has_an_account(link):
    signed_up(link)  # signs in with the user name only
    for phone in (LI, WANG):
        client = Client()
        assert client.post("/join/forgot/", {"phone": phone})["Location"] == "/join/forgot/code/"
        answer = client.post("/join/forgot/code/", {"digits": "123456", "password": "quite another one"})
        assert list(answer.context["form"].errors) == ["digits"]
    assert Client().post("/join/forgot/", {"phone": "12"}).status_code == 422
    assert Individual.objects.get().broker.user.check_password(PASSWORD)


def test_a_plan_that_asks_for_another_grade_promises_nothing(world, link):
    client = signed_up(link)
    roof = Individual.objects.select_related("broker__agency").get().broker.agency
    gold = keep_grade(actor=world.site_manager, grade=AgencyGrade(code="A", name="Gold", rank=1))
    give_plan(world, agency=roof, payee="broker", grades=["A"])
    assert "What you get, and when" not in client.get("/portal/").content.decode()
    today = latest_today()
    set_agency_grade(actor=world.site_manager, agency=roof, grade=gold, from_on=today, reason="well done")
    with clock.at(clock.now() + timedelta(days=1)):
        assert "What you get, and when" in client.get("/portal/").content.decode()
