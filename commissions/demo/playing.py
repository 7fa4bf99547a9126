"""Letting acts happen: each through its service, at its instant."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from django.db import transaction
from django.db.models import Sum

from brokers.services.agencies import set_agency_status, set_broker_active
from brokers.states import AgencyStatus
from channels_platform.lib import clock
from channels_platform.lib.errors import Refused
from commissions.demo.acts import Act
from commissions.demo.staging import Stage
from leads.models import Deal, Dispute, Payment, Referral
from leads.origin import Origin
from leads.services.consultants import hand_over_clients
from leads.services.deals import Buyer, amend_deal, cancel_deal, contract_deal, hand_over_deal, subscribe_deal
from leads.services.disputes import raise_dispute, rule_dispute
from leads.services.filing import file_referral
from leads.services.payments import record_payment
from leads.services.phones import add_phone
from leads.services.visits import confirm_visit, record_natural_visit
from leads.services.withdrawal import withdraw_referral
from leads.states import LIVE, DealState, DisputeState, ReferralState
from projects.models import Policy
from projects.selectors import current_policy
from projects.services.projects import change_project, set_policy

THOUSAND = 1_000


@dataclass
class Play:
    """The stage, and what the acts so far have made of it, by the names the script gives."""

    stage: Stage
    numbers: dict[str, str]
    referrals: dict[str, Referral] = field(default_factory=dict)
    deals: dict[str, Deal] = field(default_factory=dict)
    disputes: dict[str, Dispute] = field(default_factory=dict)
    policies: dict[str, Policy] = field(default_factory=dict)
    filed_numbers: dict[str, list[str]] = field(default_factory=dict)

    def perform(self, act: Act) -> None:
        """Let one act happen; one that makes no sense any more, as things went, does not.

        Writes: through the service of the act.
        """
        with clock.at(act.at):
            if act.what not in MAY_BE_REFUSED:
                ACTS[act.what](self, act)
                return
            try:
                with transaction.atomic():
                    ACTS[act.what](self, act)
            except Refused:
                return

    def referral(self, key: str) -> Referral | None:
        """Return the referral as it is now; None where it was never filed."""
        found = Referral.objects.select_related("policy", "project", "agency", "broker__user")
        return found.filter(number=self.numbers.get(key, "")).first()

    def policy(self, project: str) -> Policy:
        """Return the policy in force now."""
        if project not in self.policies:
            self.policies[project] = current_policy(self.stage.projects[project])
        return self.policies[project]

    def deal(self, key: str) -> Deal | None:
        """Return the deal as it is now; None where it was never subscribed."""
        return Deal.objects.select_related("project").filter(number=self.numbers.get(key, "")).first()


# Three who file by one phone: what a risk signal about a shared device looks like.
_BORROWERS = frozenset({"A05-01", "A06-01", "A07-01"})
_BORROWED = Origin(device=hashlib.sha256(b"the phone of the demo").digest())


def _file(play: Play, act: Act) -> None:
    facts, broker = act.facts, play.stage.brokers[act.facts["broker"]]
    play.filed_numbers[act.about] = facts["numbers"]
    play.referrals[act.about] = file_referral(
        actor=broker.user,
        broker=broker,
        project=play.stage.projects[act.project],
        client_name=facts["client"],
        phones=facts["phones"],
        expected_arrival=facts.get("expected"),
        party_size=facts["party"],
        note=facts["note"],
        policy=play.policy(act.project),
        number=play.numbers[act.about],
        origin=_BORROWED if act.facts["broker"] in _BORROWERS else None,
    )


def _visit(play: Play, act: Act) -> None:
    """Reception sees no refused filings; and who withdrew, or lost the client, does not come along."""
    known = play.referrals.get(act.about)
    if known is None or known.state == ReferralState.REJECTED:
        return
    override = act.facts["override"]
    shown = known.state_at(clock.now())
    if shown not in LIVE and shown is not ReferralState.LAPSED:
        return
    first_masked = known.policy.phone_mode == "masked" and known.first_visited_at is None
    visit = confirm_visit(
        actor=play.stage.staff["manager"] if override else play.stage.reception[act.project],
        referral=known,
        phones=play.filed_numbers[act.about] if first_masked else (),
        override_reason=override,
    )
    play.referrals[act.about] = visit.referral


def _natural_visit(play: Play, act: Act) -> None:
    record_natural_visit(
        actor=play.stage.reception[act.project],
        project=play.stage.projects[act.project],
        phone=act.facts["phone"],
        name=act.facts["client"],
    )


def _add_phone(play: Play, act: Act) -> None:
    referral = play.referral(act.about)
    if referral is not None:
        add_phone(actor=referral.broker.user, referral=referral, phone=act.facts["phone"])


def _withdraw(play: Play, act: Act) -> None:
    referral = play.referral(act.about)
    if referral is not None:
        withdraw_referral(actor=referral.broker.user, referral=referral, reason=act.facts["reason"])


def _subscribe(play: Play, act: Act) -> None:
    facts, unit = act.facts, next(play.stage.units[act.project])
    price = _rounded(unit.list_price * (100 - facts["discount"]) / 100)
    came_under = play.referrals.get(facts.get("referral", ""))
    consultant = came_under.consultant if came_under is not None else None
    play.deals[act.about] = subscribe_deal(
        actor=consultant.user if consultant else play.stage.staff["marketing"],
        project=play.stage.projects[act.project],
        price=price,
        method=facts["method"],
        first_payment_amount=_part(price, facts["first_percent"]),
        buyers=[Buyer(buyer["name"], buyer["phone"]) for buyer in facts["buyers"]],
        unit=unit,
        visitor=play.referrals.get(facts.get("visitor", "")),
        consultant=consultant or play.stage.consultants[act.project][len(play.deals) % 3],
        number=play.numbers[act.about],
    )


def _rounded(price: Decimal) -> Decimal:
    return Decimal(int(price // THOUSAND) * THOUSAND)


def _part(price: Decimal, percent: int) -> Decimal:
    return price * percent / 100


def _live(play: Play, act: Act) -> Deal | None:
    """The deal as it is now, unless it is over."""
    deal = play.deals[act.about]
    return None if deal.state in (DealState.CANCELLED, DealState.HANDED_OVER) else deal


def _contract(play: Play, act: Act) -> None:
    if deal := _live(play, act):
        play.deals[act.about] = contract_deal(actor=play.stage.staff["marketing"], deal=deal)


def _payment(play: Play, act: Act) -> None:
    deal = play.deals[act.about]
    if deal.state != DealState.CANCELLED:
        facts = act.facts
        record_payment(
            actor=play.stage.staff["finance"],
            deal=deal,
            amount=_part(deal.price, facts["percent"]),
            source=facts["source"],
            reference=facts["reference"],
        )


def _refund(play: Play, act: Act) -> None:
    deal = play.deals[act.about]
    paid = Payment.objects.filter(deal=deal, source="own").aggregate(paid=Sum("amount"))["paid"]
    if paid and deal.state == DealState.CANCELLED:
        record_payment(
            actor=play.stage.staff["finance"], deal=deal, amount=-paid, reference=f"{act.facts['reference']}R"
        )


def _cancel(play: Play, act: Act) -> None:
    if deal := _live(play, act):
        play.deals[act.about] = cancel_deal(actor=play.stage.staff["manager"], deal=deal, reason=act.facts["reason"])


def _handover(play: Play, act: Act) -> None:
    deal = _live(play, act)
    if deal is not None and deal.state == DealState.CONTRACTED:
        play.deals[act.about] = hand_over_deal(actor=play.stage.staff["marketing"], deal=deal)


def _amend(play: Play, act: Act) -> None:
    deal = _live(play, act)
    if deal is None:
        return
    manager = play.stage.staff["manager"]
    if act.facts["swap"]:
        amend_deal(actor=manager, deal=deal, reason="客户换房", unit=next(play.stage.units[act.project]))
        return
    lower = deal.price - THOUSAND
    first = _rounded(deal.first_payment_amount)
    loan = lower - first if deal.loan_amount is not None else None
    amend_deal(
        actor=manager,
        deal=deal,
        reason="老带新优惠 1,000 元",
        price=lower,
        first_payment_amount=first,
        loan_amount=loan,
    )
    play.deals[act.about] = Deal.objects.get(pk=deal.pk)


def _dispute(play: Play, act: Act) -> None:
    """An agency contests a refused or lost filing, or a deal."""
    agency = play.stage.agencies[act.facts["agency"]]
    manager = play.stage.brokers[f"{agency.code}-00"].user
    deal, referral = play.deal(act.about), play.referral(act.about)
    if deal is not None or referral is not None:
        play.disputes[act.about] = raise_dispute(
            actor=manager, agency=agency, claim_text=act.facts["text"], deal=deal, referral=referral
        )


def _close_dispute(play: Play, act: Act) -> None:
    dispute = play.disputes.get(act.about)
    if dispute is not None and dispute.state == DisputeState.OPEN:
        play.disputes[act.about] = rule_dispute(
            actor=play.stage.staff["manager"], dispute=dispute, decision=act.facts["decision"]
        )


def _decide(play: Play, act: Act) -> None:
    """A manager gives the other agency half of a deal, or all of it."""
    deal, rival, dispute = play.deal(act.about), play.referral(act.facts["rival"]), play.disputes.get(act.about)
    if deal is None or rival is None or dispute is None:
        return
    shares = [share.referral for share in deal.shares.filter(ended_at__isnull=True).select_related("referral")]
    whole = not shares or not act.facts["half"] or any(one.pk == rival.pk for one in shares)
    given = [(rival, Fraction(1))] if whole else [(shares[0], Fraction(1, 2)), (rival, Fraction(1, 2))]
    play.disputes[act.about] = rule_dispute(
        actor=play.stage.staff["manager"],
        dispute=dispute,
        shares=given,
        decision="到访记录显示双方均有带看，按贡献判定。",
    )


def _policy(play: Play, act: Act) -> None:
    project, manager = play.stage.projects[act.project], play.stage.staff["manager"]
    play.policies[act.project] = set_policy(project=project, actor=manager, **act.facts["rules"])


def _status(play: Play, act: Act) -> None:
    project = play.stage.projects[act.project]
    marketing = play.stage.staff["marketing"]
    play.stage.projects[act.project] = change_project(actor=marketing, project=project, status=act.facts["status"])


def _broker_leaves(play: Play, act: Act) -> None:
    broker = play.stage.brokers[act.about]
    set_broker_active(actor=play.stage.staff["marketing"], broker=broker, active=False, reason=act.facts["reason"])


def _agency_suspended(play: Play, act: Act) -> None:
    set_agency_status(
        actor=play.stage.staff["manager"],
        agency=play.stage.agencies[act.about],
        status=AgencyStatus.SUSPENDED,
        reason=act.facts["reason"],
    )


def _consultant_leaves(play: Play, act: Act) -> None:
    on_site = play.stage.consultants[act.project]
    hand_over_clients(
        actor=play.stage.staff["manager"], leaving=on_site[-1], successor=on_site[-2], reason=act.facts["reason"]
    )


ACTS: dict[str, Callable[[Play, Act], None]] = {
    "file": _file,
    "visit": _visit,
    "natural_visit": _natural_visit,
    "add_phone": _add_phone,
    "withdraw": _withdraw,
    "subscribe": _subscribe,
    "contract": _contract,
    "payment": _payment,
    "refund": _refund,
    "cancel": _cancel,
    "handover": _handover,
    "amend": _amend,
    "dispute": _dispute,
    "close_dispute": _close_dispute,
    "decide": _decide,
    "policy": _policy,
    "status": _status,
    "consultant_leaves": _consultant_leaves,
    "broker_leaves": _broker_leaves,
    "agency_suspended": _agency_suspended,
}
# What concerns more than one project, or draws numbers: done at the day's close, one after the other.
AT_DAYS_CLOSE = frozenset({"dispute", "close_dispute", "decide", "broker_leaves", "agency_suspended"})
# What the rules may refuse, as things went: the script does not judge, the services do.
MAY_BE_REFUSED = frozenset({"add_phone", "withdraw", "amend", "dispute", "close_dispute", "decide"})
