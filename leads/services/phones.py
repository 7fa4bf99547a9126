"""Adding a phone to a live referral: a second number, a spouse, a co-buyer."""

from datetime import datetime
from functools import partial
from typing import Any

from channels_platform.audit.services import record
from channels_platform.db import TryAgain, transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import Invalid, NotAllowed
from channels_platform.lib.phones import mask
from channels_platform.privacy.services import keep_phones
from leads.attribution.decide_filing import decide_addition
from leads.attribution.identity import read_phones
from leads.attribution.types import PhoneFindings, Rules, Span
from leads.locks import lock_keys, lock_referrals, phone_lock_keys
from leads.models import Claim, Referral, ReferralPhone, Visit
from leads.selectors import holding
from leads.services.claims import start_claims
from leads.services.judging import count_filed_today, gather_findings, rules_of
from leads.services.probing import note_refused_phone
from leads.states import LIVE

# of one client with spouse and co-buyers; each more is one more that nobody else can file
MOST = 10


class PhoneRefused(Invalid):
    """The phone may not join the referral; `code` is the reason."""


@transactional
def add_phone(*, actor: Any, referral: Referral, phone: str) -> ReferralPhone:
    """Add a phone; where the referral holds a claim, it is claimed to the end of the same window.

    A masked filing takes a mask until its first visit, full numbers after it.
    Raises: NotAllowed when the referral is not live; Invalid `too_many_phones`; PhoneRefused with the reason of checks
            4-9.
    Locks:  the phone in the project, the referral.
    Writes: ReferralPhone, Phone, Claim, audit event `referral.phone_added`; refused: as `note_refused_phone`.
    Source: domain 4.2, 4.5.
    """
    read_masked = rules_of(referral.policy, referral.project).masked and not _was_visited(referral)
    read = read_phones([phone], masked=read_masked)
    if read is not None and not read_masked:
        lock_keys(phone_lock_keys(referral.project_id, read))
    locked = lock_referrals([referral.pk])[referral.pk]
    now = clock.now()
    if locked.state_at(now) not in LIVE:
        raise NotAllowed("only a live referral takes another phone", code="not_allowed")
    if read_masked and locked.first_visited_at is not None:
        raise TryAgain
    if locked.phones.count() >= MOST:
        raise Invalid("no client has so many phones", code="too_many_phones", field="phone")
    rules = rules_of(locked.policy, locked.project)
    phone_id, shown = None, read[0] if read else ""
    if read is not None and not read_masked:
        phone_id, shown = keep_phones(read)[read[0]].pk, mask(read[0])
    findings = _findings(locked, rules, read is not None, phone_id, now)
    filed_today = 0
    if rules.daily_filing_limit is not None:
        today = clock.local_date(now, rules.zone)
        filed_today = count_filed_today(project=locked.project, broker_id=locked.broker_id, today=today)
    reason = decide_addition(rules=rules, findings=findings, filed_today=filed_today, masked=read_masked)
    if reason is not None:
        refusal = PhoneRefused(code=reason, field="phone")
        asker = getattr(actor, "broker", None) or locked.broker
        refusal.aftermath = partial(
            note_refused_phone, actor=actor, broker=asker, referral=locked, reason=str(reason), now=now
        )
        raise refusal
    added = _join(locked, phone_id, shown, now)
    record(
        "referral.phone_added",
        actor=actor,
        target=locked,
        project=locked.project_id,
        agency=locked.agency_id,
        after={"phone": shown},
    )
    return added


def _was_visited(referral: Referral) -> bool:
    return Visit.objects.filter(referral_id=referral.pk, confirmed=True).exists()


def _findings(
    referral: Referral, rules: Rules, parsed: bool, phone_id: int | None, now: datetime
) -> PhoneFindings | None:
    if not parsed:
        return None
    if phone_id is None:
        return PhoneFindings()
    findings = gather_findings(
        project=referral.project,
        broker_id=referral.broker_id,
        rules=rules,
        phone_ids=[phone_id],
        now=now,
        natural_as_of=now,
        besides=referral,
    )
    if referral.phones.filter(phone_id=phone_id).exists():
        return PhoneFindings(findings.own, findings.known_to_site, True, findings.held_by_another)
    return findings


def _join(referral: Referral, phone_id: int | None, shown: str, now: datetime) -> ReferralPhone:
    position = referral.phones.order_by("-position").values_list("position", flat=True).first()
    added = ReferralPhone(
        referral=referral,
        phone_id=phone_id,
        masked=shown,
        position=0 if position is None else position + 1,
        added_at=now,
    )
    added.save(force_insert=True)
    held = Claim.objects.filter(holding(now), referral=referral).order_by("starts_at").first()
    if held is not None and phone_id is not None:
        start_claims(
            referral=referral, phone_ids=[phone_id], span=Span(now, held.ends_at), lapses_at=held.lapses_at, now=now
        )
    return added
