"""Explanations from what was kept: evidence for staff, and for an agency nothing of anybody else."""

from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels_platform.lib import clock
from leads.attribution.kept_facts import (
    keep_deal,
    keep_filing,
    keep_visit,
    read_deal,
    read_filing,
    read_visit,
)
from leads.explanations import explained_deal, explanations_of
from leads.models import Deal, Referral, Visit
from leads.services.disputes import decide_deal
from tests.cast import HALF, LI, WANG, after, fresh, open_site
from tests.unit.attribution.rules import NOW
from tests.unit.attribution.test_explain import ARRIVALS, FILINGS, PHONES, REFERRALS

pytestmark = pytest.mark.django_db


def told(referral, user):
    found = Referral.objects.select_related("policy", "project", "agency", "broker__user").prefetch_related("phones")
    with clock.at(after(days=2)):
        return explanations_of(found.get(pk=referral.pk), user)


def text_of(referral, user):
    return " | ".join(
        f"{one.title} {one.outcome} {one.flip} {one.note} "
        + " ".join(f"{line.verdict}:{line.text}{line.evidence}" for line in one.lines)
        for one in told(referral, user)
    )


def test_staff_read_who_held_the_phone_and_what_would_have_turned_it():
    site = open_site(exclusive_from="filing")
    held = site.file(site.owner, LI)
    refused = site.file(site.rival, LI, at=after(hours=1))
    (one,) = told(refused, site.manager)
    assert (one.outcome, one.version) == ("Not accepted.", 1)
    assert [line.verdict for line in one.lines] == [*["passed"] * 5, "not_asked", "passed", "passed", "failed"]
    assert one.lines[-1].evidence.startswith(f"{held.number} of owner held 138****0001 from ")
    assert one.flip == "One fact would have turned it: no other referral holding the phone."


def test_staff_read_when_the_client_walked_in():
    site = open_site()
    site.walk_in(LI, at=after(hours=-5))
    one = told(site.file(site.rival, LI), site.manager)[0]
    assert "138****0001 walked in on" in one.lines[6].evidence
    assert one.flip.endswith("no walk-in of the client before.")


def _cases(**differing):
    """One filing refused for a walk-in, one for another's claim: to an agency they are the same."""
    site = open_site(exclusive_from="filing", **differing)
    site.walk_in(LI, at=after(hours=-5))
    site.file(site.owner, WANG, at=after(hours=-1))
    return site, site.file(site.rival, LI), site.file(site.rival, WANG)


def test_an_agency_cannot_tell_a_walk_in_from_anothers_claim():
    site, known, protected = _cases()
    assert (known.reason, protected.reason) == ("known_to_site", "protected")
    assert text_of(known, site.rival.user) == text_of(protected, site.rival.user)
    said = text_of(known, site.rival.user)
    assert "failed:The client can be accepted." in said and "no more than that is told" in said
    for hidden in ("walk", "holds", "owner", "live filing"):
        assert hidden not in said


def test_an_agencys_own_reason_reads_the_same_whatever_stands_hidden_beside_it():
    (site, *_), (other, *_) = _cases(daily_filing_limit=2), _cases(daily_filing_limit=2)
    with_hidden = site.file(site.rival, WANG)  # the limit is used up, and the phone is another's
    clear = other.file(other.rival, "13800000008")
    assert (with_hidden.reason, clear.reason) == ("limit_reached", "limit_reached")
    assert text_of(with_hidden, site.rival.user) == text_of(clear, other.rival.user)
    assert "What this check asks for: 1 filing counted that day instead of 2." in text_of(clear, other.rival.user)
    assert "more than one check stood against it" in text_of(with_hidden, site.manager)
    assert "One fact would have turned it" in text_of(clear, other.manager)


def test_an_early_arrival_is_explained_with_the_minute_it_would_have_counted_from():
    site = open_site(lead_time_minutes=60)
    referral = site.file(site.rival, LI)
    site.visit(referral, at=after(minutes=42))
    site.visit(referral, at=after(minutes=60))
    _filing, early, counted = told(referral, site.rival.user)
    assert early.outcome == "Not confirmed." and "an arrival from" in early.flip and "10:00 on" in early.flip
    assert counted.outcome == "Confirmed."


def test_an_arrival_of_a_lost_client_reads_the_same_whether_its_phone_is_held_or_not():
    texts = []
    for held in (True, False):
        site = open_site(lead_time_minutes=0, exclusive_from="visit")
        first, second = site.file(site.owner, LI), site.file(site.rival, LI)
        site.visit(first, at=after(hours=1))
        if not held:
            site.withdraw(first, at=after(hours=1, minutes=30))
        assert site.visit(second, at=after(hours=2)).reason == "not_live"
        texts.append(text_of(second, site.rival.user))
    assert texts[0] == texts[1]
    assert "What this check asks for: the referral being open." in texts[0]


def _split():
    site = open_site(lead_time_minutes=0)
    mine, theirs = site.file(site.owner, LI), site.file(site.rival, WANG)
    for one in (mine, theirs):
        site.visit(one, at=after(hours=1))
    return site, mine, theirs, site.subscribe(LI, WANG, at=after(hours=2))


def test_a_part_of_a_deal_is_explained_phone_by_phone():
    _site, mine, theirs, deal = _split()
    one = explained_deal(fresh(mine), Deal.objects.get(pk=deal.pk), for_agency=False)
    assert "1/2" in one.outcome
    assert [line.verdict for line in one.lines] == ["passed", "failed"]
    assert one.lines[1].evidence == f"{theirs.number} · rival"
    assert one.flip == "One fact would have turned it: no protection of it on 138****0001 at the subscription."


def test_an_agency_reads_only_its_own_phones_of_a_deal():
    site, mine, theirs, deal = _split()
    said = text_of(mine, site.owner.user)
    assert "138****0001: its protection held" in said
    for hidden in ("138****0002", theirs.number, "· rival"):
        assert hidden not in said
    with clock.at(after(hours=3)):
        decide_deal(actor=site.manager, deal=deal, shares=[(fresh(theirs), Fraction(1))], reason="rival was first")
    said = text_of(mine, site.owner.user)
    assert "A manager decided otherwise" in said and "no part" in said and "rival was first" not in said


def test_a_deal_that_went_elsewhere_is_explained_to_staff_only():
    site = open_site(lead_time_minutes=0)
    mine, theirs = site.file(site.owner, LI), site.file(site.rival, LI)
    site.visit(mine, at=after(hours=1))
    deal = site.subscribe(LI, at=after(hours=2))
    assert deal.number in text_of(theirs, site.manager)
    assert deal.number not in text_of(theirs, site.rival.user)
    one = told(theirs, site.manager)[-1]
    assert one.flip == "One fact would have turned it: its protection holding 138****0001 at the subscription."


def test_a_filing_of_before_is_explained_by_its_reason_alone():
    site = open_site(exclusive_from="filing")
    site.file(site.owner, LI)
    refused = site.file(site.rival, LI)
    Referral.objects.filter(pk=refused.pk).update(reason="own_phone")
    # as if nothing had been kept: the events are append-only, so another referral's are looked for
    from leads.explanations import gather

    kept, gather._kept_filing = gather._kept_filing, lambda referral: None
    try:
        one = told(refused, site.manager)[0]
    finally:
        gather._kept_filing = kept
    assert [line.verdict for line in one.lines][4] == "failed"
    assert (one.flip, bool(one.note)) == ("", True)


def test_what_is_kept_of_a_visit_and_a_deal_holds_no_phone():
    _site, _mine, _theirs, deal = _split()
    kept = str([*Visit.objects.values_list("judged", flat=True), Deal.objects.get(pk=deal.pk).attributed_by])
    assert "13800000" not in kept and "138****" not in kept
    assert deal.shares.count() == 2 and deal.shares.first().fraction == HALF


QUICK = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@QUICK
@given(filing=FILINGS, referral=REFERRALS, visit=ARRIVALS)
def test_kept_facts_of_filings_and_visits_read_back_the_same(filing, referral, visit):
    assert read_filing(keep_filing(filing)) == filing
    assert read_visit(keep_visit(referral, visit), filed_at=referral.filed_at) == (referral, visit)


@QUICK
@given(phones=PHONES, ids=st.permutations([f"00000000-0000-0000-0000-00000000000{n}" for n in range(3)]))
def test_kept_facts_of_deals_read_back_the_same(phones, ids):
    from dataclasses import replace
    from uuid import UUID

    named = dict(zip("ABC", map(UUID, ids), strict=True))
    real = [
        replace(
            phone,
            holder=named.get(phone.holder),
            candidates=tuple(replace(one, referral=named[one.referral]) for one in phone.candidates),
        )
        for phone in phones
    ]
    assert read_deal(keep_deal(real, None, NOW + timedelta(hours=1))) == (real, None, NOW + timedelta(hours=1))
