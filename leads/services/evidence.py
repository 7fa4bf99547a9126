"""Evidence packs: all that is on record of a referral or a deal, chained and signed, for who judges it later."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils.translation import override

from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require
from channels_platform.audit.models import Event
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.http.fields import money_text
from channels_platform.lib import clock, evidence
from channels_platform.lib.errors import Invalid
from channels_platform.lib.names import mask_name
from channels_platform.lib.redaction import redact
from leads.models import AttributionDecision, Deal, DealShare, Dispute, Referral
from leads.selectors import claim_spans
from projects.models import Policy
from projects.wording import policy_in_words


@dataclass(frozen=True, slots=True)
class EvidencePack:
    """The two files of a pack: the JSON that is signed, and the PDF that it vouches for."""

    number: str
    json: bytes
    pdf: bytes


def find_subject(number: str) -> Referral | Deal:
    """Return the referral or deal of a number.

    Raises: Invalid `unknown_number`.
    """
    for model in (Referral, Deal):
        found = model._default_manager.select_related("project").filter(number=number).first()
        if found is not None:
            return found
    raise Invalid("no referral or deal has this number", code="unknown_number", field="number")


@transactional
def export_evidence(*, actor: Any, subject: Referral | Deal) -> EvidencePack:
    """Put together and sign the pack of a referral or deal; clients stand in it by their masks.

    Raises: Forbidden.
    Writes: audit event `evidence.exported`.
    """
    require(actor, Can.SEE_AUDIT)
    now = clock.now()
    referrals, deals = _concerned(subject)
    disputes, policies = _disputes(referrals, deals), _policies(referrals)
    names = {name: mask_name(name) for one in referrals if len(name := str(one.client_name)) > 1}
    events = evidence.chain(_event(event, subject, names) for event in _events(referrals, deals, disputes))
    pack: dict[str, Any] = {
        "about": {"kind": subject._meta.model_name, "number": subject.number, "project": subject.project.name},
        "made_at": _at(now, subject),
        "made_by": str(actor) if actor is not None else "",
        "referrals": [_referral(referral, now, names) for referral in referrals],
        "deals": [_deal(deal, names) for deal in deals],
        "policies": [_policy(policy) for policy in policies],
        "disputes": [_dispute(dispute, names) for dispute in disputes],
        "events": events,
    }
    words = {policy.version: [str(line) for line in policy_in_words(policy)] for policy in policies}
    key = evidence.public_key(settings.EVIDENCE_KEY)
    from leads.evidence_pdf import evidence_pdf  # its library is large: most processes write no pack

    pdf = evidence_pdf(pack, policies=words, head=evidence.head_of(events), key=key)
    pack["pdf_sha256"] = evidence.file_hash(pdf)
    sealed = evidence.seal(pack, settings.EVIDENCE_KEY)
    record(
        "evidence.exported",
        actor=actor,
        target=subject,
        project=subject.project_id,
        after={"events": len(events), "sha256": evidence.file_hash(sealed)},
    )
    return EvidencePack(subject.number, sealed, pdf)


def _concerned(subject: Referral | Deal) -> tuple[list[Referral], list[Deal]]:
    """Return the referrals and deals that the subject is bound up with: by shares, now or ever, and the visitor's."""
    if isinstance(subject, Deal):
        ids = set(DealShare.objects.filter(deal=subject).values_list("referral_id", flat=True))
        wanted, deals = Q(pk__in=ids | {subject.visitor_id}), Q(pk=subject.pk)
    else:
        wanted = Q(pk=subject.pk)
        deals = Q(pk__in=DealShare.objects.filter(referral=subject).values("deal"))
    referrals = Referral.objects.filter(wanted).select_related(
        "project", "policy", "agency", "broker__user", "consultant__user"
    )
    return (
        list(referrals.prefetch_related("phones").order_by("filed_at", "pk")),
        list(Deal.objects.filter(deals).select_related("project", "unit").order_by("subscribed_at", "pk")),
    )


def _events(referrals: Sequence[Referral], deals: Sequence[Deal], disputes: Sequence[Dispute]) -> Iterable[Event]:
    wanted = Q()
    for model, rows in ((Referral, referrals), (Deal, deals), (Dispute, disputes)):
        wanted |= Q(target_kind=model._meta.label_lower, target_id__in=[str(row.pk) for row in rows])
    # what the pack itself writes down, and others before it, is not about the case
    return Event.objects.filter(wanted).exclude(action="evidence.exported").select_related("actor").order_by("pk")


def _disputes(referrals: Sequence[Referral], deals: Sequence[Deal]) -> list[Dispute]:
    about = Q(referral__in=referrals) | Q(deal__in=deals)
    about |= Q(appeal_of__referral__in=referrals) | Q(appeal_of__deal__in=deals)
    known = Dispute.objects.filter(about).select_related("agency", "decided_by", "approved_by", "appeal_of", "project")
    return list(known.order_by("raised_at"))


def _event(event: Event, subject: Referral | Deal, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": event.pk,
        "at": _at(event.at, subject),
        "action": event.action,
        "actor": str(event.actor) if event.actor is not None else "",
        "role": event.actor.role if event.actor is not None else "",
        "target": event.target_label,
        "before": event.before,
        "after": event.after,
        "reason": _said(event.reason, names),
        "request": event.request_id,
    }


def _referral(referral: Referral, now: datetime, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "number": referral.number,
        "agency": referral.agency.name,
        "broker": str(referral.broker),
        "client": referral.client_masked,
        "phones": [phone.masked for phone in referral.phones.all()],
        "policy_version": referral.policy.version,
        "state": str(referral.state_at(now)),
        "reason": referral.reason,
        "filed_at": _at(referral.filed_at, referral),
        "visit_by": _at(referral.lapse_at, referral),
        "claims": [
            {
                "phone": claim.phone.masked,
                "starts_at": _at(claim.starts_at, referral),
                "ends_at": _at(end, referral),
            }
            for claim, end in claim_spans(referral, now)
        ],
        "slips": [
            {
                "arrived_at": _at(visit.arrived_at, referral),
                "confirmed": visit.confirmed,
                "reason": visit.reason,
                "received_by": str(visit.received_by or ""),
                "consultant": str(visit.consultant or ""),
                "override_reason": _said(visit.override_reason, names),
            }
            for visit in referral.visits.select_related("received_by", "consultant__user").order_by("arrived_at", "pk")
        ],
    }


def _deal(deal: Deal, names: Mapping[str, str]) -> dict[str, Any]:
    shares = DealShare.objects.filter(deal=deal).select_related("referral").order_by("since", "pk")
    decisions = AttributionDecision.objects.filter(deal=deal).select_related("decided_by").order_by("decided_at")
    return {
        "number": deal.number,
        "unit": str(deal.unit or ""),
        "price": money_text(deal.price, deal.project.currency),
        "currency": deal.project.currency,
        "state": deal.state,
        "subscribed_at": _at(deal.subscribed_at, deal),
        "contracted_at": _at(deal.contracted_at, deal),
        "handed_over_at": _at(deal.handed_over_at, deal),
        "cancelled_at": _at(deal.cancelled_at, deal),
        "buyers": [buyer.phone.masked for buyer in deal.buyers.select_related("phone").order_by("position")],
        "shares": [
            {
                "referral": share.referral.number,
                "fraction": str(share.fraction),
                "since": _at(share.since, deal),
                "ended_at": _at(share.ended_at, deal),
            }
            for share in shares
        ],
        "decisions": [
            {
                "at": _at(decision.decided_at, deal),
                "by": str(decision.decided_by or ""),
                "reason": _said(decision.reason, names),
                "before": decision.before,
                "after": decision.after,
            }
            for decision in decisions
        ],
    }


def _dispute(dispute: Dispute, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "number": dispute.number,
        "agency": dispute.agency.name,
        "claim": _said(str(dispute.claim_text), names),
        "state": dispute.state,
        "raised_at": _at(dispute.raised_at, dispute),
        "decided_at": _at(dispute.decided_at, dispute),
        "decided_by": str(dispute.decided_by or ""),
        "approved_by": str(dispute.approved_by or ""),
        "appeal_of": str(dispute.appeal_of or ""),
        "decision": _said(dispute.decision, names),
    }


def _policies(referrals: Iterable[Referral]) -> list[Policy]:
    found = {referral.policy_id: referral.policy for referral in referrals}
    return sorted(found.values(), key=lambda policy: policy.version)


def _policy(policy: Policy) -> dict[str, Any]:
    with override("en"):
        words = [str(line) for line in policy_in_words(policy)]
    values = {name: getattr(policy, name) for name in Policy.RULES}
    rules = {name: None if value is None else str(value) for name, value in values.items()}
    return {"version": policy.version, "rules": rules, "in_words": words}


def _said(text: str, names: Mapping[str, str]) -> str:
    """Return what somebody wrote with the clients' names, and whatever looks like a phone, as their masks."""
    for name, shown in names.items():
        text = text.replace(name, shown)
    return redact(text)


def _at(instant: datetime | None, owner: Any) -> str | None:
    return None if instant is None else instant.astimezone(owner.project.zone).isoformat()
