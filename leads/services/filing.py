"""Filing a client (报备): judged at once, kept whatever the outcome."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from brokers.models import Broker
from channels_platform.audit.models import Event
from channels_platform.audit.services import build_event
from channels_platform.db import transactional
from channels_platform.inserts import insert_together
from channels_platform.lib import clock
from channels_platform.lib.errors import Invalid
from channels_platform.lib.names import clean_text, mask_name
from channels_platform.lib.phones import mask
from channels_platform.prepared import Prepared
from channels_platform.privacy.keys import cipher, phone_index
from leads.attribution.decide_filing import decide_filing
from leads.attribution.identity import read_phones
from leads.attribution.kept_facts import keep_filing
from leads.attribution.types import FilingDecision, FilingFacts
from leads.locks import daily_limit_key, phone_lock_keys
from leads.models import Claim, Consultant, FilingOrigin, Referral, ReferralPhone
from leads.origin import Origin
from leads.services.claims import build_claims, claiming, close_past_claims
from leads.services.judging import gather_filing, rules_of
from leads.services.probing import watch_probing
from leads.states import ReferralState
from projects.models import Policy, Project
from projects.selectors import current_policy

MOST_PHONES = 5
_LOCK_AND_KEEP = Prepared(
    """
    WITH locks AS MATERIALIZED (
        SELECT pg_advisory_xact_lock(key) FROM unnest(%(keys)s::bigint[]) AS key
    ), held AS MATERIALIZED (
        SELECT count(*) FROM locks
    ), kept AS (
        INSERT INTO privacy_phone (digest, ciphertext, masked, last4)
        SELECT one.* FROM held, unnest(%(digests)s::bytea[], %(tokens)s::bytea[], %(masks)s::text[], %(ends)s::text[])
            AS one
        ON CONFLICT (digest) DO UPDATE SET last4 = excluded.last4
        RETURNING id, digest
    )
    SELECT nextval('referral_number'), array_agg(kept.id), array_agg(kept.digest) FROM kept
    """
)


# A visit is expected within the year, or nobody knows yet when.
MOST_AHEAD = timedelta(days=366)


@transactional
def file_referral(
    *,
    actor: Any,
    broker: Broker,
    project: Project,
    client_name: str,
    phones: Sequence[str],
    expected_arrival: datetime | None = None,
    party_size: int | None = None,
    note: str = "",
    preferred_consultant: Consultant | None = None,
    policy: Policy | None = None,
    number: str | None = None,
    origin: Origin | None = None,
) -> Referral:
    """File one client for one project; the answer is in `state` and `reason`.

    A refused filing is kept, numbered, `rejected`, with the first reason that applied. `origin`: where it came from.
    Raises: Invalid `phones_required`, `too_many_phones`, `other_project`, `out_of_range`; Refused `no_policy`.
    Locks:  each phone in the project, sorted; the broker's day where a limit is set.
    Writes: Referral, ReferralPhone, Phone, Claim, FilingOrigin, audit event `referral.filed` or `referral.rejected`.
    Source: domain 4.2.
    """
    if not phones:
        raise Invalid("at least one phone is needed", code="phones_required", field="phones")
    if len(phones) > MOST_PHONES:
        raise Invalid(f"at most {MOST_PHONES} phones", code="too_many_phones", field="phones")
    if preferred_consultant is not None and preferred_consultant.project_id != project.pk:
        raise Invalid("the consultant works on another project", code="other_project", field="preferred_consultant")
    if expected_arrival is not None and expected_arrival > clock.now() + MOST_AHEAD:
        raise Invalid("so far ahead nobody is expected", code="out_of_range", field="expected_arrival")
    policy = policy or current_policy(project)
    rules = rules_of(policy, project)
    read = read_phones(phones, masked=rules.masked)
    numbers = () if read is None or rules.masked else read
    limit_key = None if rules.daily_filing_limit is None else daily_limit_key(broker.pk, project.pk)
    sequence, phone_ids = _lock_and_keep(project, numbers, limit_key)

    now = clock.now()
    judged = gather_filing(
        project=project, broker=broker, rules=rules, phone_ids=None if read is None else phone_ids, now=now
    )
    decision = decide_filing(rules=rules, facts=judged.facts, now=now)

    filed_on = clock.local_date(now, rules.zone)
    name = clean_text(client_name)
    if not name:
        raise Invalid("a client has a name", code="name_required", field="client_name")
    referral = Referral(
        number=number or f"R-{filed_on:%Y%m%d}-{sequence:06d}",
        project=project,
        policy=policy,
        agency_id=broker.agency_id,
        broker=broker,
        client_name=name,
        client_masked=mask_name(name),
        expected_arrival=expected_arrival,
        party_size=party_size,
        note=clean_text(note),
        preferred_consultant=preferred_consultant,
        state=ReferralState.REJECTED if decision.reason else ReferralState.FILED,
        reason=decision.reason or "",
        filed_at=now,
        filed_on=filed_on,
        lapse_at=decision.lapse_at,
        window_starts_at=decision.claim.starts_at if decision.claim else None,
        window_ends_at=decision.claim.ends_at if decision.claim else None,
    )
    claims: list[Claim] = []
    if decision.claim is not None:
        if judged.past_claims:
            close_past_claims(project_id=project.pk, phone_ids=phone_ids, now=now)
        claims = build_claims(referral=referral, phone_ids=phone_ids, span=decision.claim, lapses_at=decision.lapse_at)
    kept = _referral_phones(referral, read, rules.masked, phone_ids, now)
    came_from = [FilingOrigin(referral=referral, device=origin.device, address=origin.address)] if origin else []
    with claiming():
        insert_together([referral, *kept, *claims, *came_from, _event(actor, referral, decision, judged.facts)])
    referral.filed_masks = [phone.masked for phone in kept]
    if decision.reason is not None:
        watch_probing(broker=broker, now=now)
    return referral


def _lock_and_keep(project: Project, numbers: Sequence[str], limit_key: int | None) -> tuple[int, list[int]]:
    """Take the locks, keep the phones and draw a number: one statement where keys are not in rotation.

    Shape: (number in sequence, phone ids in the order of `numbers`).
    """
    keys = phone_lock_keys(project.pk, numbers) + ([limit_key] if limit_key is not None else [])
    index, box = phone_index(), cipher()
    if index.in_rotation:
        return _lock_and_keep_in_rotation(project, numbers, keys)
    digests = [index.digest(number) for number in numbers]
    row = _LOCK_AND_KEEP.fetch(
        {
            "keys": sorted(keys),
            "digests": digests,
            "tokens": [box.encrypt(number) for number in numbers],
            "masks": [mask(number) for number in numbers],
            "ends": [number[-4:] for number in numbers],
        }
    )
    if row is None:
        raise RuntimeError("an aggregate has a row")
    sequence, ids, kept = row
    by_digest = {bytes(digest): id_ for id_, digest in zip(ids or (), kept or (), strict=True)}
    return sequence, [by_digest[digest] for digest in digests]


def _lock_and_keep_in_rotation(project: Project, numbers: Sequence[str], keys: list[int]) -> tuple[int, list[int]]:
    from channels_platform.privacy.services import keep_phones
    from leads.locks import lock_keys

    lock_keys(keys)
    kept = keep_phones(numbers)
    return next_number("referral_number"), [kept[number].pk for number in numbers]


def next_number(sequence: str) -> int:
    """Draw the next number of a named sequence; gaps are allowed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(%s)", [sequence])
        return int(cursor.fetchone()[0])


def _referral_phones(
    referral: Referral, read: Sequence[str] | None, masked: bool, phone_ids: Sequence[int], now: datetime
) -> list[ReferralPhone]:
    return [
        ReferralPhone(
            referral=referral,
            phone_id=None if masked else phone_ids[position],
            masked=one if masked else mask(one),
            position=position,
            added_at=now,
        )
        for position, one in enumerate(read or ())
    ]


def _event(actor: Any, referral: Referral, decision: FilingDecision, facts: FilingFacts) -> Event:
    return build_event(
        "referral.rejected" if decision.reason else "referral.filed",
        actor=actor,
        target=referral,
        project=referral.project_id,
        agency=referral.agency_id,
        after={"state": str(referral.state), "policy": referral.policy.version, "judged": keep_filing(facts)}
        | ({"reason": str(decision.reason)} if decision.reason else {})
        | ({"protected_until": decision.claim.ends_at.isoformat()} if decision.claim else {}),
    )
