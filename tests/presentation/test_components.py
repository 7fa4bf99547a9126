"""What templates lean on is there: icons, badges for every state, places for every role."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template import Context, Template

from brokers import states as broker_states
from channels_platform.accounts.models import RoleChoice, User
from channels_platform.jobs.models import JobState
from channels_platform.lib import clock
from channels_platform.presentation import badges, navigation, palette
from commissions import states as commission_states
from leads import states as lead_states
from projects import states as project_states

ROOT = Path(settings.BASE_DIR)
SPRITE = set(re.findall(r'<symbol id="([^"]+)"', (ROOT / "static/img/icons.svg").read_text()))
CSS = (ROOT / "static/css/app.css").read_text()


def render(source, **context):
    return Template("{% load ui %}" + source).render(Context(context))


def test_every_icon_named_in_a_template_is_in_the_sprite():
    named = {
        name
        for page in (ROOT / "templates").rglob("*.html")
        for name in re.findall(r'{% icon "([^"]+)"', page.read_text())
    }
    assert named
    assert named - SPRITE == set()


def test_every_badge_and_place_has_its_icon():
    icons = {badge.icon for states in badges.BADGES.values() for badge in states.values()}
    icons |= {item.icon for item in navigation.ITEMS} | {area[3] for area in navigation.AREAS}
    assert icons - SPRITE == set()


@pytest.mark.parametrize(
    ("kind", "states"),
    [
        ("referral", lead_states.ReferralState),
        ("deal", lead_states.DealState),
        ("dispute", lead_states.DisputeState),
        ("project", project_states.ProjectStatus),
        ("unit", project_states.UnitState),
        ("agency", broker_states.AgencyStatus),
        ("agreement", broker_states.AgreementState),
        ("plan", commission_states.PlanState),
        ("batch", commission_states.BatchState),
        ("line", commission_states.LineState),
        ("request", commission_states.RequestState),
        ("job", JobState),
    ],
)
def test_every_state_has_its_badge(kind, states):
    assert {str(state) for state in states} - set(badges.BADGES[kind]) == set()


def test_state_says_word_icon_and_tone():
    html = render('{% state_badge "referral" "visited" %}')
    assert 'class="state tone-info"' in html
    assert "#person-walking" in html
    assert "Visited" in html


def test_state_nobody_listed_shows_its_name():
    assert "half done" in render('{% state_badge "deal" "half_done" %}')


def test_money_cell_marks_what_is_owed_back():
    assert render('{% money_cell amount "CNY" "Net" %}', amount=-3000) == (
        '<td class="num money money-negative" data-label="Net">-3,000.00</td>'
    )


def test_nothing_typed_by_people_becomes_markup():
    evil = "<script>alert(1)</script>"
    html = render(
        "{% notice evil %}{% empty_state evil evil %}{% progress 1 2 evil %}{% money_cell 1 'CNY' evil %}"
        "{% icon 'x' evil %}{% timeline items %}",
        evil=evil,
        items=[{"what": evil, "at": clock.now(), "who": evil, "note": evil}],
    )
    assert "<script>" not in html


def test_mask_hides_the_middle():
    assert render("{{ phone|mask }}", phone="+8613800005678") == "138****5678"
    assert render("{{ phone|mask }}", phone="138****5678") == "138****5678"


@pytest.mark.parametrize("role", RoleChoice.values)
def test_every_role_has_a_landing_page_of_its_own(role):
    assert role in navigation._LANDING or role in navigation.AGENCY_ROLES


def test_keys_after_g_are_one_per_area():
    for area in ("portal", "desk", "finance"):
        keys = [item.key for item in navigation.ITEMS if item.area == area]
        assert len(keys) == len(set(keys))


def test_further_places_stand_behind_one_more_that_is_current_with_them():
    finance = User(username="chen", role="finance", is_active=True)
    bars = navigation.places(finance, "finance", "/finance/owed/")
    assert (bars[-1].url, bars[-1].current) == ("/finance/more/", True)
    assert not {"/finance/owed/", "/finance/payments/"} & {place.url for place in bars}
    assert [place.url for place in navigation.every_place(finance, "finance", "/finance/owed/") if place.current] == [
        "/finance/owed/"
    ]


def test_agency_people_are_shown_no_staff_area():
    broker = User(username="lin", role="broker", is_active=True)
    staff = {"/desk/", "/finance/", "/admin/"}
    assert not staff & {place.url for place in navigation.areas(broker, "portal")}


def test_admin_and_charts_share_the_stylesheets_colours():
    for colour in (palette.ACCENT_LIGHT, palette.ACCENT_DARK, *sum(palette.MEANINGS.values(), ())):
        assert colour in CSS
