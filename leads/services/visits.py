"""Arrivals: confirmed visits of referrals (带看), and natural ones (自然来访)."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require
from channels_platform.audit.services import record
from channels_platform.db import TryAgain, transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid
from channels_platform.lib.names import clean_text, mask_name
from channels_platform.lib.phones import mask, parse_phone
from channels_platform.privacy.services import find_phones, keep_phones
from leads.attribution.decide_visit import decide_visit
from leads.attribution.identity import resolve_masks
from leads.attribution.kept_facts import keep_visit
from leads.attribution.types import PhoneFindings, ReferralFacts, Rules, Span, VisitDecision, VisitFacts
from leads.locks import lock_keys, lock_phones, lock_referrals, phone_lock_keys
from leads.models import NaturalVisit, Referral, ReferralPhone, Visit
from leads.services.claims import extend_claims, keep_from_lapsing, start_claims
from leads.services.consultants import receive_client
from leads.services.judging import gather_findings, rules_of
from leads.services.moves import move_referral, settle_by_clock
from leads.states import ReferralState
from projects.models import Project


@transactional
def confirm_visit(*, actor: Any, referral: Referral, phones: Sequence[str] = (), override_reason: str = "") -> Visit:
    """Judge an arrival; the answer is in `confirmed` and `reason` of the visit kept either way.

    `phones`: the full numbers, in the order filed (masked mode, first visit). `override_reason`
    sets aside `lapsed` and `too_early`; it takes a manager.
    Raises: Forbidden when the actor may not override.
    Locks:  the referral's phones in the project, then it and its rivals by id.
    Writes: Visit, Referral, ReferralPhone, Claim, audit events.
    Source: domain 4.3.
    """
    require(actor, Can.CONFIRM_VISIT)
    override_reason = clean_text(override_reason)
    if override_reason and actor is not None and not actor.can(Can.OVERRIDE_VISIT):
        raise Forbidden("only a manager may override a check", field="override_reason")
    rules = rules_of(referral.policy, referral.project)
    resolved = _resolve(referral, rules, phones)
    if resolved:
        lock_keys(phone_lock_keys(referral.project_id, resolved))
        phone_ids = [phone.pk for phone in (keep_phones(resolved)[number] for number in resolved)]
    else:
        phone_ids = _lock_own_phones(referral)
    rivals = _rival_ids(referral, phone_ids) if rules.exclusive_from == "visit" else []
    locked = lock_referrals([referral.pk, *rivals])
    own = locked.pop(referral.pk)
    now = clock.now()
    if resolved is None and sorted(phone_ids) != sorted(_phone_ids(own)):
        raise TryAgain
    if resolved and len(resolved) != own.phones.count():
        raise TryAgain
    facts, arrival = _facts(own, rules, resolved, phone_ids, bool(override_reason), now)
    decision = decide_visit(rules=rules, referral=facts, visit=arrival, now=now)
    settle_by_clock(referral=own, now=now)
    visit = _keep_visit(actor, own, decision, override_reason, rules, now, keep_visit(facts, arrival))
    if decision.reason is None:
        _apply(actor, own, decision, resolved, phone_ids, visit, now)
        if decision.claim is not None and decision.first:
            _lose_rivals(locked.values(), own, now)
    return visit


def _resolve(referral: Referral, rules: Rules, phones: Sequence[str]) -> tuple[str, ...] | None:
    """The numbers behind the masks at the first visit; empty where they do not fit, None where none are asked."""
    if not rules.masked or Visit.objects.filter(referral_id=referral.pk, confirmed=True).exists():
        return None
    rows = ReferralPhone.objects.filter(referral_id=referral.pk).order_by("position")
    return resolve_masks(list(rows.values_list("masked", flat=True)), phones) or ()


def _phone_ids(referral: Referral) -> list[int]:
    return list(
        ReferralPhone.objects.filter(referral_id=referral.pk, phone__isnull=False).values_list("phone_id", flat=True)
    )


def _lock_own_phones(referral: Referral) -> list[int]:
    rows = ReferralPhone.objects.filter(referral=referral, phone__isnull=False).select_related("phone")
    phones = [row.phone for row in rows if row.phone is not None]
    lock_phones(referral.project_id, phones)
    return [phone.pk for phone in phones]


def _rival_ids(referral: Referral, phone_ids: Collection[int]) -> list[UUID]:
    """Filed referrals of others in the project with one of the phones."""
    return list(
        Referral.objects.filter(
            project_id=referral.project_id, phones__phone_id__in=phone_ids, state=ReferralState.FILED
        )
        .exclude(pk=referral.pk)
        .values_list("pk", flat=True)
        .distinct()
    )


def _facts(
    referral: Referral,
    rules: Rules,
    resolved: tuple[str, ...] | None,
    phone_ids: list[int],
    override: bool,
    now: datetime,
) -> tuple[ReferralFacts, VisitFacts]:
    """Gather what the arrival is judged by."""
    findings = PhoneFindings()
    if phone_ids:
        findings = gather_findings(
            project=referral.project,
            broker_id=referral.broker_id,
            rules=rules,
            phone_ids=phone_ids,
            now=now,
            natural_as_of=referral.filed_at,
            besides=referral,
        )
    window = None
    if referral.window_starts_at is not None and referral.window_ends_at is not None:
        window = Span(referral.window_starts_at, referral.window_ends_at)
    today = clock.local_date(now, rules.zone)
    facts = ReferralFacts(
        state=referral.state,
        filed_at=referral.filed_at,
        lapse_at=referral.lapse_at,
        window=window,
        visited_before=referral.first_visited_at is not None,
        visited_today=referral.visits.filter(confirmed=True, local_on=today).exists(),
    )
    return facts, VisitFacts(fits_mask=resolved is None or bool(resolved), findings=findings, override=override)


def _keep_visit(
    actor: Any,
    referral: Referral,
    decision: VisitDecision,
    override_reason: str,
    rules: Rules,
    now: datetime,
    judged: dict[str, Any],
) -> Visit:
    confirmed = decision.reason is None
    assignment = receive_client(referral=referral, now=now) if confirmed else None
    visit = Visit(
        referral=referral,
        project_id=referral.project_id,
        arrived_at=now,
        local_on=clock.local_date(now, rules.zone),
        confirmed=confirmed,
        reason=decision.reason or "",
        override_reason=override_reason if decision.overridden else "",
        received_by=actor,
        judged=judged,
        consultant=assignment.consultant if assignment else None,
        assigned_because=assignment.because if assignment else "",
        assigned_facts=assignment.facts if assignment else {},
    )
    visit.save(force_insert=True)
    if not confirmed:
        record(
            "visit.refused",
            actor=actor,
            target=referral,
            project=referral.project_id,
            agency=referral.agency_id,
            after={"reason": str(decision.reason)},
            reason=override_reason,
        )
    return visit


def _apply(
    actor: Any,
    referral: Referral,
    decision: VisitDecision,
    resolved: tuple[str, ...] | None,
    phone_ids: list[int],
    visit: Visit,
    now: datetime,
) -> None:
    """Write what a confirmed visit changes: phones, window, claims, state."""
    if resolved:
        _keep_resolved(referral, resolved, phone_ids)
    fields = ["consultant"]
    if decision.first:
        referral.first_visited_at = now
        fields.append("first_visited_at")
    if decision.claim is not None and referral.window_starts_at is None:
        referral.window_starts_at, referral.window_ends_at = decision.claim.starts_at, decision.claim.ends_at
        fields += ["window_starts_at", "window_ends_at"]
    if decision.extend_to is not None:
        referral.window_ends_at = decision.extend_to
        fields.append("window_ends_at")
    referral.save(update_fields=fields)
    keep_from_lapsing(referral=referral)
    if decision.claim is not None:
        start_claims(referral=referral, phone_ids=phone_ids, span=decision.claim, lapses_at=None, now=now)
    if decision.extend_to is not None:
        extend_claims(referral=referral, ends_at=decision.extend_to, now=now)
    facts: dict[str, Any] = {"consultant": str(visit.consultant) if visit.consultant else None}
    if decision.overridden:
        facts["overridden"] = [str(reason) for reason in decision.overridden]
    if referral.window_ends_at is not None:
        facts["protected_until"] = referral.window_ends_at.isoformat()
    if referral.state == ReferralState.VISITED:
        record(
            "referral.visited_again",
            actor=actor,
            target=referral,
            project=referral.project_id,
            agency=referral.agency_id,
            after=facts,
            reason=visit.override_reason,
        )
    else:
        move_referral(
            referral=referral, to=ReferralState.VISITED, actor=actor, now=now, reason=visit.override_reason, **facts
        )


def _keep_resolved(referral: Referral, numbers: Sequence[str], phone_ids: Sequence[int]) -> None:
    by_number = dict(zip(numbers, phone_ids, strict=True))
    for row, number in zip(referral.phones.order_by("position"), numbers, strict=True):
        row.phone_id, row.masked = by_number[number], mask(number)
        row.save(update_fields=["phone", "masked"])


def _lose_rivals(rivals: Collection[Referral] | Any, winner: Referral, now: datetime) -> None:
    for rival in rivals:
        if settle_by_clock(referral=rival, now=now) is ReferralState.FILED:
            move_referral(referral=rival, to=ReferralState.LOST, actor=None, now=now, because="visited_first")


@transactional
def record_natural_visit(
    *, actor: Any, project: Project, phone: str, name: str = "", visited_at: datetime | None = None
) -> NaturalVisit:
    """Record a walk-in.

    Raises: Forbidden; InvalidPhone; Invalid `in_the_future`.
    Locks:  the phone in the project.
    Writes: NaturalVisit, Phone, audit event `natural_visit.recorded`.
    """
    require(actor, Can.RECORD_NATURAL_VISIT)
    number = parse_phone(phone)
    lock_keys(phone_lock_keys(project.pk, [number]))
    now = clock.now()
    if visited_at is not None and visited_at > now:
        raise Invalid("a visit cannot be in the future", code="in_the_future", field="visited_at")
    name = clean_text(name)
    visit = NaturalVisit(
        project=project,
        phone=keep_phones([number])[number],
        name=name,
        name_masked=mask_name(name),
        visited_at=visited_at or now,
        recorded_at=now,
        recorded_by=actor,
    )
    visit.save(force_insert=True)
    record("natural_visit.recorded", actor=actor, target=visit, project=project, after={"phone": visit.phone.masked})
    return visit


def foresee_visit(*, referral: Referral, number: str, now: datetime) -> VisitDecision:
    """Return what confirming the arrival of a client with this E.164 number would answer now; nothing is written.

    In masked mode, before the first visit, the number stands for every mask.
    """
    rules = rules_of(referral.policy, referral.project)
    resolved: tuple[str, ...] | None = None
    phone_ids = _phone_ids(referral)
    if rules.masked and not referral.visits.filter(confirmed=True).exists():
        fits = any(row.masked == mask(number) for row in referral.phones.all())
        resolved = (number,) if fits else ()
        phone_ids = [phone.pk for phone in find_phones(resolved).values()]
    facts, arrival = _facts(referral, rules, resolved, phone_ids, False, now)
    return decide_visit(rules=rules, referral=facts, visit=arrival, now=now)
