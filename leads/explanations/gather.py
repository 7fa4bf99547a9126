"""Reading what was kept of a judgement, and telling it to staff or to the referral's own agency."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from channels_platform.audit.selectors import events_of
from channels_platform.presentation import formats
from channels_platform.privacy.models import Phone
from leads.attribution.explain import FAILED, NOT_REACHED, PASSED, Check, Explanation, explain_filing, explain_visit
from leads.attribution.explain_deal import CLAIM, LATEST_VISIT, DealExplanation, PhoneStep, explain_deal
from leads.attribution.kept_facts import facts_behind, read_deal, read_filing, read_visit
from leads.attribution.types import FilingFacts, PhoneFindings
from leads.explanations.evidence import evidence_of_filing, evidence_of_visit
from leads.explanations.told import ASKS, Line, Told, deal_fact_in_words, fact_in_words
from leads.models import Deal, DealShare, Referral, Visit
from leads.services.judging import rules_of
from leads.states import HIDDEN_FROM_AGENCIES, UNAVAILABLE, Reason
from projects.states import ExclusiveFrom

MOST_VISITS = 3


def explanations_of(referral: Referral, user: Any) -> list[Told]:
    """Return why the referral stands as it does: its filing, its last arrivals, the deals that concern it."""
    for_agency = bool(getattr(user, "is_agency_side", True))
    visits = referral.visits.select_related("received_by").order_by("-arrived_at", "-pk")[:MOST_VISITS]
    told: list[Told | None] = [explained_filing(referral, for_agency=for_agency)]
    told += [explained_visit(referral, visit, for_agency=for_agency) for visit in reversed(visits)]
    told += [explained_deal(referral, deal, for_agency=for_agency) for deal in _deals_of(referral, for_agency)]
    return [one for one in told if one is not None]


def _deals_of(referral: Referral, for_agency: bool) -> list[Deal]:
    """The deals it has or had a part of; for staff also those that its phones bought elsewhere."""
    deals = Deal.objects.filter(pk__in=DealShare.objects.filter(referral=referral).values("deal"))
    if not for_agency:
        phones = [phone.phone_id for phone in referral.phones.all() if phone.phone_id is not None]
        bought = Deal.objects.filter(
            project=referral.project_id, buyers__phone__in=phones, subscribed_at__gte=referral.filed_at
        )
        deals = deals.union(bought)
    ids = [deal.pk for deal in deals]
    return list(Deal.objects.filter(pk__in=ids).select_related("project").order_by("subscribed_at", "pk"))


# ---- the filing ----


def explained_filing(referral: Referral, *, for_agency: bool) -> Told:
    """Tell how a filing was judged."""
    rules = rules_of(referral.policy, referral.project)
    kept = _kept_filing(referral)
    facts = kept or facts_behind(referral.reason)
    explained = explain_filing(rules=rules, facts=facts, now=referral.filed_at)
    zone = referral.project.zone
    if for_agency:
        shown = explain_filing(rules=rules, facts=_without_hidden(facts), now=referral.filed_at)
        outcomes = (_("Accepted."), _("Not accepted."))
        return _agency_told(referral, _("The filing"), outcomes, explained, shown)
    lines = _lines(explained, lambda check, failed: evidence_of_filing(referral, check, facts, failed=failed))
    return Told(
        title=_("The filing of %(at)s") % {"at": formats.instant(referral.filed_at, zone)},
        outcome=_("Not accepted.") if explained.outcome else _("Accepted."),
        version=referral.policy.version,
        lines=lines,
        flip=_flip(explained, zone) if kept is not None else "",
        note="" if kept is not None else _("What it was judged by was not kept then; the reason tells this much."),
    )


def _kept_filing(referral: Referral) -> FilingFacts | None:
    events = events_of(referral).filter(action__in=["referral.filed", "referral.rejected"])
    kept = events.order_by("pk").values_list("after__judged", flat=True).first()
    return None if kept is None else read_filing(kept)


# ---- an arrival ----


def explained_visit(referral: Referral, visit: Visit, *, for_agency: bool) -> Told | None:
    """Tell how an arrival was judged; None where what it was judged by was not kept."""
    if visit.judged is None:
        return None
    rules, zone = rules_of(referral.policy, referral.project), referral.project.zone
    facts, arrival = read_visit(visit.judged, filed_at=referral.filed_at)
    explained = explain_visit(rules=rules, referral=facts, visit=arrival, now=visit.arrived_at)
    title = _("The arrival of %(at)s") % {"at": formats.instant(visit.arrived_at, zone)}
    if for_agency:
        shown_arrival = replace(arrival, findings=_open_findings(arrival.findings))
        shown = explain_visit(rules=rules, referral=facts, visit=shown_arrival, now=visit.arrived_at)
        return _agency_told(referral, title, (_("Confirmed."), _("Not confirmed.")), explained, shown)
    at = visit.arrived_at
    lines = _lines(explained, lambda check, failed: evidence_of_visit(referral, check, facts, at, failed=failed))
    outcome = _("Not confirmed.") if explained.outcome else _("Confirmed.")
    note = _("A manager set a check aside: %(reason)s") % {"reason": visit.override_reason}
    return Told(
        title, outcome, referral.policy.version, lines, _flip(explained, zone), note if visit.override_reason else ""
    )


def _lines(explained: Explanation, evidence: Callable[[str, bool], str]) -> tuple[Line, ...]:
    """Return the checks in their order, each that was reached with what stands behind it."""
    return tuple(
        Line(
            check.verdict,
            str(ASKS[check.name]),
            evidence(check.name, check.verdict == FAILED) if check.verdict in (PASSED, FAILED) else "",
        )
        for check in explained.checks
    )


def _flip(explained: Explanation, zone: Any) -> str:
    if explained.flip is None:
        return _("No single fact would turn it: more than one check stood against it.") if explained.outcome else ""
    flip = explained.flip
    fact = fact_in_words(flip.fact, flip.was, flip.becomes, zone)
    words = _("One fact would have turned it: %(fact)s.")
    return words % {"fact": fact}


# ---- for the referral's own agency (domain 4.5) ----


def _open_findings(findings: PhoneFindings) -> PhoneFindings:
    """What was found, but for what an agency never learns."""
    return replace(findings, known_to_site=False, held_by_another=False)


def _without_hidden(facts: FilingFacts) -> FilingFacts:
    return facts if facts.findings is None else replace(facts, findings=_open_findings(facts.findings))


def _agency_told(
    referral: Referral, title: str, outcomes: tuple[str, str], explained: Explanation, shown: Explanation
) -> Told:
    """Tell an agency: what hides another's client is one check, the last, and says nothing of itself.

    `shown` is the same without what is hidden: whether a fact is named, and which, must not depend on it.
    """
    hidden = explained.outcome in HIDDEN_FROM_AGENCIES
    lines = [Line(check.verdict, str(ASKS[check.name])) for check in _shown(explained, hidden)]
    verdict = FAILED if hidden else NOT_REACHED if explained.outcome else PASSED
    lines.append(Line(verdict, str(ASKS[UNAVAILABLE])))
    note = _("For the sake of every client and broker no more than that is told.") if hidden else ""
    flip = "" if hidden else _agency_flip(shown, referral.project.zone)
    outcome = outcomes[1] if explained.outcome else outcomes[0]
    return Told(title, outcome, referral.policy.version, tuple(lines), flip, note)


def _shown(explained: Explanation, hidden: bool) -> list[Check]:
    """The checks that an agency may see; of those beside the hidden ones it would learn which of them it was."""
    shown = [check for check in explained.checks if check.name not in HIDDEN_FROM_AGENCIES]
    return [check for check in shown if not (hidden and check.name == Reason.ALREADY_REFERRED)]


def _agency_flip(shown: Explanation, zone: Any) -> str:
    if shown.flip is None or not shown.outcome:
        return _flip(shown, zone) if shown.flip is not None else ""
    flip = shown.flip
    return _("What this check asks for: %(fact)s.") % {"fact": fact_in_words(flip.fact, flip.was, flip.becomes, zone)}


# ---- a deal ----


def explained_deal(referral: Referral, deal: Deal, *, for_agency: bool) -> Told | None:
    """Tell what the referral has of a deal by the rules, or by a decision; None where nothing was kept."""
    if deal.attributed_by is None:
        return None
    phones, visitor, at = read_deal(deal.attributed_by)
    explained = explain_deal(
        phones=phones,
        visitor=visitor,
        at=at,
        referral=referral.pk,
        never=referral.policy.exclusive_from == ExclusiveFrom.NEVER,
        own_facts_only=for_agency,
    )
    own = {phone.phone_id for phone in referral.phones.all()}
    known = Phone.objects.filter(pk__in=[step.phone for step in explained.steps])
    masks = {phone.pk: phone.masked for phone in known if not for_agency or phone.pk in own}
    steps = [step for step in explained.steps if not for_agency or step.phone in own]
    zone = referral.project.zone
    title = _("Deal %(number)s, subscribed %(at)s") % {"number": deal.number, "at": formats.instant(at, zone)}
    return Told(
        title=title,
        outcome=_by_rules(explained),
        version=referral.policy.version,
        lines=tuple(_line(step, referral, masks, for_agency) for step in steps),
        flip=_deal_flip(explained, referral, masks, zone),
        note=_decided(referral, deal, for_agency),
    )


def _by_rules(explained: DealExplanation) -> str:
    if not explained.part:
        return _("By the rules it has no part of this deal.")
    if explained.by_visitor:
        return _("By the rules it has the deal: the buyers came under it, and purchases in another name count.")
    return _("By the rules its part of this deal is %(part)s.") % {"part": formats.fraction(explained.part)}


def _line(step: PhoneStep, referral: Referral, masks: dict[int, str], for_agency: bool) -> Line:
    phone = masks.get(step.phone) or _("a buyer's phone")
    if step.referral == referral.pk:
        words = {
            CLAIM: _("%(phone)s: its protection held this buyer's phone at the subscription."),
            LATEST_VISIT: _("%(phone)s: its visit was the latest that counts for this buyer."),
        }
        return Line(PASSED, words[step.rule] % {"phone": phone})
    if for_agency:
        return Line(FAILED, _("%(phone)s: this buyer's phone did not lead to it.") % {"phone": phone})
    if step.referral is None:
        return Line(FAILED, _("%(phone)s: no referral held it, and no visit counts.") % {"phone": phone})
    other = Referral.objects.filter(pk=step.referral).select_related("agency").first()
    why = {
        CLAIM: _("%(phone)s: another referral's protection held it."),
        LATEST_VISIT: _("%(phone)s: another referral's visit was the latest."),
    }[step.rule]
    return Line(FAILED, why % {"phone": phone}, f"{other} · {other.agency}" if other is not None else "")


def _deal_flip(explained: DealExplanation, referral: Referral, masks: dict[int, str], zone: Any) -> str:
    if explained.flip is None:
        return ""
    return _("One fact would have turned it: %(fact)s.") % {
        "fact": deal_fact_in_words(explained.flip, referral.pk, masks, zone)
    }


def _decided(referral: Referral, deal: Deal, for_agency: bool) -> str:
    """Return what a manager decided beyond the rules."""
    decision = deal.decisions.select_related("decided_by").order_by("-decided_at").first()
    if decision is None:
        return ""
    at = formats.instant(decision.decided_at, referral.project.zone)
    part = decision.after.get(referral.number)
    now_has = formats.fraction(part) if part else _("no part")
    if for_agency:
        return _("A manager decided otherwise on %(at)s: it has %(part)s.") % {"at": at, "part": now_has}
    return _("%(judge)s decided otherwise on %(at)s: it has %(part)s. %(reason)s") % {
        "judge": decision.decided_by,
        "at": at,
        "part": now_has,
        "reason": decision.reason,
    }
