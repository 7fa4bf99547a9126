"""What an outcome was judged by, as kept with it: ids, instants and yes or no; no personal data."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from leads.attribution.types import (
    BuyerPhone,
    Candidate,
    FilingFacts,
    PhoneFindings,
    ReferralFacts,
    Span,
    VisitFacts,
    Visitor,
)
from leads.states import Reason


def keep_filing(facts: FilingFacts) -> dict[str, Any]:
    """Return a filing's facts as JSON."""
    return asdict(facts)


def read_filing(kept: Mapping[str, Any]) -> FilingFacts:
    """Return a filing's facts as they were judged."""
    findings = kept["findings"]
    return FilingFacts(**{**kept, "findings": None if findings is None else PhoneFindings(**findings)})


def facts_behind(reason: str) -> FilingFacts:
    """Return facts that lead to an outcome, for a filing of days when those it was judged by were not kept."""
    findings = PhoneFindings(
        own=reason == Reason.OWN_PHONE,
        known_to_site=reason == Reason.KNOWN_TO_SITE,
        already_referred=reason == Reason.ALREADY_REFERRED,
        held_by_another=reason == Reason.PROTECTED,
    )
    return FilingFacts(
        project_open=reason != Reason.PROJECT_NOT_OPEN,
        agreement_in_force=reason != Reason.NO_AGREEMENT,
        broker_active=reason != Reason.BROKER_INACTIVE,
        filed_today=1_000_000 if reason == Reason.LIMIT_REACHED else 0,
        findings=None if reason == Reason.INVALID_PHONE else findings,
    )


def keep_visit(referral: ReferralFacts, visit: VisitFacts) -> dict[str, Any]:
    """Return an arrival's facts as JSON."""
    window = referral.window
    return {
        "state": str(referral.state),
        "lapse_at": _kept(referral.lapse_at),
        "window": None if window is None else [_kept(window.starts_at), _kept(window.ends_at)],
        "visited_before": referral.visited_before,
        "visited_today": referral.visited_today,
        "fits_mask": visit.fits_mask,
        "override": visit.override,
        "findings": asdict(visit.findings),
    }


def read_visit(kept: Mapping[str, Any], *, filed_at: datetime) -> tuple[ReferralFacts, VisitFacts]:
    """Return an arrival's facts as they were judged."""
    window = kept["window"]
    referral = ReferralFacts(
        state=kept["state"],
        filed_at=filed_at,
        lapse_at=read_instant(kept["lapse_at"]),
        window=None if window is None else Span(datetime.fromisoformat(window[0]), datetime.fromisoformat(window[1])),
        visited_before=kept["visited_before"],
        visited_today=kept["visited_today"],
    )
    return referral, VisitFacts(kept["fits_mask"], PhoneFindings(**kept["findings"]), kept["override"])


def keep_deal(phones: Sequence[BuyerPhone], visitor: Visitor | None, at: datetime) -> dict[str, Any]:
    """Return what a deal was attributed by as JSON; phones by the ids of their rows."""
    return {
        "at": _kept(at),
        "phones": [
            {
                "phone": phone.phone,
                "holder": None if phone.holder is None else str(phone.holder),
                "candidates": [
                    [str(one.referral), _kept(one.last_visited_at), one.credit_days] for one in phone.candidates
                ],
                "natural": _kept(phone.last_natural_visit_at),
            }
            for phone in phones
        ],
        "visitor": None
        if visitor is None
        else {**asdict(visitor), "referral": str(visitor.referral), "last_visited_at": _kept(visitor.last_visited_at)},
    }


def read_deal(kept: Mapping[str, Any]) -> tuple[list[BuyerPhone], Visitor | None, datetime]:
    """Return what a deal was attributed by."""
    phones = [
        BuyerPhone(
            phone=one["phone"],
            holder=None if one["holder"] is None else UUID(one["holder"]),
            candidates=tuple(
                Candidate(UUID(referral), datetime.fromisoformat(last), days)
                for referral, last, days in one["candidates"]
            ),
            last_natural_visit_at=read_instant(one["natural"]),
        )
        for one in kept["phones"]
    ]
    known = kept["visitor"]
    visitor = None
    if known is not None:
        facts = {
            **known,
            "referral": UUID(known["referral"]),
            "last_visited_at": read_instant(known["last_visited_at"]),
        }
        visitor = Visitor(**facts)
    return phones, visitor, datetime.fromisoformat(kept["at"])


def _kept(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()


def read_instant(instant: str | None) -> datetime | None:
    """Return an instant as it was kept."""
    return None if instant is None else datetime.fromisoformat(instant)
