"""Agreements: drafted by one, approved by another (domain 2)."""

from datetime import date

import pytest

from brokers.models import Agreement
from brokers.selectors import agreements_in_force
from brokers.services.agreements import approve_agreement, draft_agreement, end_agreement
from channels_platform.audit.models import Event
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from tests.cast import LI, open_site

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 2)


def _draft(site, **fields):
    return draft_agreement(
        actor=site.manager, agency=site.outsider.agency, project=site.project, **{"from_on": DAY, **fields}
    )


def test_a_draft_counts_for_nothing_until_another_approves_it():
    site = open_site()
    draft = _draft(site)
    assert site.file(site.outsider, LI).reason == "no_agreement"
    with pytest.raises(Forbidden) as refusal:
        approve_agreement(actor=site.manager, agreement=draft)
    assert refusal.value.code == "own_draft"
    with pytest.raises(Forbidden):
        approve_agreement(actor=site.reception, agreement=draft)
    assert Agreement.objects.get(pk=draft.pk).state == "draft"
    approve_agreement(actor=site.second_manager, agreement=draft)
    assert site.file(site.outsider, LI).reason == ""
    with pytest.raises(NotAllowed):
        approve_agreement(actor=site.second_manager, agreement=draft)
    assert Event.objects.filter(action="agreement.approved", target_id=str(draft.pk)).count() == 1


def test_an_agreement_ended_with_a_reason_stops_filings_and_keeps_referrals():
    site = open_site()
    agreement = site.agree(site.outsider)
    kept = site.file(site.outsider, LI)
    with pytest.raises(Invalid):
        end_agreement(actor=site.manager, agreement=agreement, reason=" ")
    end_agreement(actor=site.manager, agreement=agreement, reason="breach")
    assert site.file(site.outsider, "13800000009").reason == "no_agreement"
    kept.refresh_from_db()
    assert kept.state == "filed"
    with pytest.raises(NotAllowed):
        end_agreement(actor=site.manager, agreement=agreement, reason="again")


def test_the_last_day_is_not_before_the_first():
    with pytest.raises(Invalid) as refusal:
        _draft(open_site(), to_on=date(2026, 3, 1))
    assert refusal.value.code == "span_reversed"


def test_in_force_means_approved_and_inside_both_days_or_renewing():
    site = open_site()
    plain = site.agree(site.outsider, from_on=date(2026, 3, 2), to_on=date(2026, 3, 4))
    _draft(site)
    found = [list(agreements_in_force(agency=site.outsider.agency, on=date(2026, 3, day))) for day in (1, 2, 4, 5)]
    assert found == [[], [plain], [plain], []]
    renewing = site.agree(site.outsider, from_on=date(2026, 1, 1), to_on=date(2026, 1, 31), auto_renew=True)
    assert list(agreements_in_force(agency=site.outsider.agency, on=date(2027, 1, 1))) == [renewing]
