"""Deals: subscription, contract, handover, cancellation, amendment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from channels_platform.accounts.permissions import Can, Role
from channels_platform.accounts.services.access import require
from channels_platform.audit.services import record
from channels_platform.db import refused_by, transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from channels_platform.lib.money import BEYOND_ANY_PRICE, minor_digits
from channels_platform.lib.names import clean_text, mask_name, needed_reason
from channels_platform.lib.phones import InvalidPhone, parse_phone
from channels_platform.privacy.models import Phone
from channels_platform.privacy.services import keep_phones
from leads.locks import lock_deal, lock_keys, lock_unit, phone_lock_keys
from leads.models import Amendment, Consultant, Deal, DealBuyer, DealOutbox, Referral
from leads.services.attribution import attribute_deal, give_back_referrals
from leads.services.filing import next_number
from leads.states import DealState
from projects.models import Project, Unit
from projects.services.units import move_unit
from projects.states import UnitState


@dataclass(frozen=True, slots=True)
class Buyer:
    """A buyer of record as entered."""

    name: str
    phone: str


@dataclass(frozen=True, slots=True)
class Terms:
    """What is paid and how, checked as one."""

    price: Decimal
    method: str
    first_payment_amount: Decimal
    loan_amount: Decimal | None


def check_terms(terms: Terms, currency: str) -> Terms:
    """Return the terms, a mortgage's loan filled in as the rest of the price.

    Raises: Invalid by field.
    """
    if terms.method not in Deal.Method.values:
        raise Invalid("unknown payment method", code="unknown_choice", field="method")
    for field in ("price", "first_payment_amount", "loan_amount"):
        amount = getattr(terms, field)
        if amount is not None and abs(amount) >= BEYOND_ANY_PRICE:
            raise Invalid("that is more than any home costs", code="out_of_range", field=field)
        if amount is not None and amount != round(amount, minor_digits(currency)):
            raise Invalid(f"{currency} has {minor_digits(currency)} decimals", code="too_many_decimals", field=field)
    if terms.price <= 0:
        raise Invalid("the price is above 0", code="out_of_range", field="price")
    if not 0 <= terms.first_payment_amount <= terms.price:
        raise Invalid("the first payment is within the price", code="out_of_range", field="first_payment_amount")
    loan = terms.loan_amount
    if loan is None and terms.method == Deal.Method.MORTGAGE:
        loan = terms.price - terms.first_payment_amount or None
    if loan is not None and terms.method != Deal.Method.MORTGAGE:
        raise Invalid("only a mortgage has a loan", code="loan_without_mortgage", field="loan_amount")
    if loan is not None and not 0 < loan <= terms.price:
        raise Invalid("the loan is within the price", code="out_of_range", field="loan_amount")
    return Terms(terms.price, terms.method, terms.first_payment_amount, loan)


@transactional
def subscribe_deal(
    *,
    actor: Any,
    project: Project,
    price: Decimal,
    method: str,
    first_payment_amount: Decimal,
    buyers: Sequence[Buyer],
    loan_amount: Decimal | None = None,
    unit: Unit | None = None,
    visitor: Referral | None = None,
    consultant: Consultant | None = None,
    at: datetime | None = None,
    number: str | None = None,
) -> Deal:
    """Subscribe a deal (认购) and decide, once, who gets it.

    Raises: Forbidden, also `not_a_consultant`; Invalid by field (terms, `buyers_required`, `invalid_phone`,
            `other_project`, `in_the_future`); NotAllowed `unit_taken`.
    Locks:  the buyers' phones in the project, the referrals concerned by id, the unit.
    Writes: Deal, DealBuyer, DealShare, Referral, Claim, Unit, DealOutbox, audit events.
    Source: domain 4.4, 5.
    """
    require(actor, Can.SUBSCRIBE_DEAL)
    if actor is not None and actor.role == Role.CONSULTANT and (consultant is None or consultant.user_id != actor.pk):
        raise Forbidden("a consultant sells as consultant of the site", code="not_a_consultant")
    terms = check_terms(Terms(price, method, first_payment_amount, loan_amount), project.currency)
    if not buyers:
        raise Invalid("a deal has at least one buyer", code="buyers_required", field="buyers")
    if visitor is not None and visitor.project_id != project.pk:
        raise Invalid("the referral is of another project", code="other_project", field="visitor")
    if unit is not None and unit.project_id != project.pk:
        raise Invalid("the unit is of another project", code="other_project", field="unit")
    if consultant is not None and consultant.project_id != project.pk:
        raise Invalid("the consultant works on another project", code="other_project", field="consultant")
    numbers = _numbers(buyers)
    lock_keys(phone_lock_keys(project.pk, numbers))
    phones = keep_phones(numbers)
    now = clock.now()
    moment = check_moment(at, now)
    deal = Deal(
        number=number or f"D-{clock.local_date(moment, project.zone):%Y%m%d}-{next_number('deal_number'):06d}",
        project=project,
        unit=unit,
        price=terms.price,
        method=terms.method,
        first_payment_amount=terms.first_payment_amount,
        loan_amount=terms.loan_amount,
        visitor=visitor,
        consultant=consultant,
        subscribed_at=moment,
        recorded_at=now,
        facts=1,
    )
    _insert(deal)
    _keep_buyers(deal, buyers, numbers, phones)
    shares = attribute_deal(deal=deal, phone_ids=[p.pk for p in phones.values()], visitor=visitor, at=moment, now=now)
    move_unit(unit=unit, state=UnitState.SUBSCRIBED)
    _note(
        deal,
        "deal.subscribed",
        actor,
        after={
            "price": str(deal.price),
            "method": method,
            "shares": {str(s.referral): str(s.fraction) for s in shares},
        },
    )
    return deal


def _numbers(buyers: Sequence[Buyer]) -> list[str]:
    """Return the buyers' phones as E.164.

    Raises: InvalidPhone at the buyer's place.
    """
    numbers = []
    for place, buyer in enumerate(buyers):
        try:
            numbers.append(parse_phone(buyer.phone))
        except InvalidPhone as wrong:
            wrong.field = f"buyers.{place}.phone"
            raise
    return numbers


def check_moment(at: datetime | None, now: datetime, *, field: str = "at") -> datetime:
    """Return the instant a fact is dated: now, or an earlier one given.

    Raises: Invalid `in_the_future`.
    """
    if at is not None and at > now:
        raise Invalid("this cannot be in the future", code="in_the_future", field=field)
    return at or now


def _insert(deal: Deal) -> None:
    """Insert the deal; the unique index lets one live deal have the unit."""
    lock_unit(deal.unit)
    with refused_by("one_live_deal_per_unit", NotAllowed("the unit has a live deal", code="unit_taken", field="unit")):
        deal.save(force_insert=True)


def _keep_buyers(deal: Deal, buyers: Sequence[Buyer], numbers: Sequence[str], phones: dict[str, Phone]) -> None:
    DealBuyer.objects.bulk_create(
        DealBuyer(
            deal=deal,
            phone=phones[number],
            name=clean_text(buyer.name),
            name_masked=mask_name(clean_text(buyer.name)),
            position=position,
        )
        for position, (buyer, number) in enumerate(zip(buyers, numbers, strict=True))
    )


def _note(
    deal: Deal,
    action: str,
    actor: Any,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any],
    reason: str = "",
) -> None:
    """Record the move, and tell commission of it, in the deal's own transaction."""
    record(action, actor=actor, target=deal, project=deal.project_id, before=before, after=after, reason=reason)
    tell_commission(deal, action.partition(".")[2])


def tell_commission(deal: Deal, what: str) -> None:
    """Write word for the next commission run.

    Writes: DealOutbox.
    """
    DealOutbox.objects.create(project_id=deal.project_id, deal=deal, what=what, written_at=clock.now())


@transactional
def contract_deal(*, actor: Any, deal: Deal, at: datetime | None = None) -> Deal:
    """Sign the contract (签约) of a subscribed deal.

    Raises: Forbidden; NotAllowed from any other state; Invalid `in_the_future`, `before_subscription`.
    Locks:  the deal.
    Writes: Deal, Unit, DealOutbox, audit event `deal.contracted`.
    """
    require(actor, Can.MOVE_DEAL)
    locked = _in_state(deal, DealState.SUBSCRIBED)
    moment = check_moment(at, clock.now())
    if moment < locked.subscribed_at:
        raise Invalid("the contract is not before the subscription", code="before_subscription", field="at")
    locked.state, locked.contracted_at, locked.facts = DealState.CONTRACTED, moment, locked.facts + 1
    locked.save(update_fields=["state", "contracted_at", "facts"])
    move_unit(unit=locked.unit, state=UnitState.CONTRACTED)
    _note(locked, "deal.contracted", actor, after={"contracted_at": moment.isoformat()})
    return locked


@transactional
def hand_over_deal(*, actor: Any, deal: Deal, at: datetime | None = None) -> Deal:
    """Hand the home over (交楼); what was reached by now stays reached.

    Raises: Forbidden; NotAllowed unless contracted; Invalid `in_the_future`, `before_contract`.
    Locks:  the deal.
    Writes: Deal, Unit, DealOutbox, audit event `deal.handed_over`.
    """
    require(actor, Can.MOVE_DEAL)
    locked = _in_state(deal, DealState.CONTRACTED)
    moment = check_moment(at, clock.now())
    if locked.contracted_at is not None and moment < locked.contracted_at:
        raise Invalid("the handover is not before the contract", code="before_contract", field="at")
    locked.state, locked.handed_over_at, locked.facts = DealState.HANDED_OVER, moment, locked.facts + 1
    locked.handover_sequence = locked.facts
    locked.save(update_fields=["state", "handed_over_at", "facts", "handover_sequence"])
    move_unit(unit=locked.unit, state=UnitState.HANDED_OVER)
    _note(locked, "deal.handed_over", actor, after={"handed_over_at": moment.isoformat()})
    return locked


@transactional
def cancel_deal(*, actor: Any, deal: Deal, reason: str = "", at: datetime | None = None) -> Deal:
    """Cancel a deal before handover (退房); its referrals get back the state they had, by the clock of now.

    Raises: Forbidden; NotAllowed after handover or cancellation; Invalid `in_the_future`, `before_subscription`.
    Locks:  the deal, its referrals by id.
    Writes: Deal, Referral, Claim, Unit, DealOutbox, audit events.
    Source: domain 4.2, 5.
    """
    require(actor, Can.MOVE_DEAL)
    locked = _in_state(deal, DealState.SUBSCRIBED, DealState.CONTRACTED)
    now = clock.now()
    moment = check_moment(at, now)
    if moment < (locked.contracted_at or locked.subscribed_at):
        raise Invalid("the cancellation is not before the deal's last step", code="before_subscription", field="at")
    before = locked.state
    locked.state, locked.cancelled_at, locked.facts = DealState.CANCELLED, moment, locked.facts + 1
    locked.cancel_reason = clean_text(reason)
    locked.save(update_fields=["state", "cancelled_at", "cancel_reason", "facts"])
    give_back_referrals(deal=locked, actor=actor, now=now)
    move_unit(unit=locked.unit, state=UnitState.AVAILABLE)
    _note(
        locked,
        "deal.cancelled",
        actor,
        before={"state": str(before)},
        after={"cancelled_at": moment.isoformat()},
        reason=reason,
    )
    return locked


def _in_state(deal: Deal, *states: DealState) -> Deal:
    locked = lock_deal(deal)
    if locked.state not in states:
        raise NotAllowed(f"a deal that is {locked.state} does not allow this", state=locked.state)
    return locked


@transactional
def amend_deal(
    *,
    actor: Any,
    deal: Deal,
    reason: str,
    price: Decimal | None = None,
    first_payment_amount: Decimal | None = None,
    loan_amount: Decimal | None = None,
    unit: Unit | None = None,
    buyers: Sequence[Buyer] | None = None,
) -> Amendment:
    """Record a name change, a unit swap or a new price; attribution stays as frozen.

    Raises: Forbidden; NotAllowed after handover or cancellation, or `unit_taken`; Invalid by field.
    Locks:  the deal, the units.
    Writes: Deal, DealBuyer, Unit, Amendment, DealOutbox, audit event `deal.amended`.
    Source: domain 5.
    """
    require(actor, Can.MOVE_DEAL)
    reason = needed_reason(reason)
    locked = _in_state(deal, DealState.SUBSCRIBED, DealState.CONTRACTED)
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    _amend_terms(locked, price, first_payment_amount, loan_amount, before, after)
    if unit is not None and unit.pk != locked.unit_id:
        _swap_unit(locked, unit, before, after)
    if buyers is not None:
        _change_buyers(locked, buyers, before, after)
    if not after:
        raise Invalid("nothing is changed", code="nothing_changed")
    locked.facts += 1
    locked.save(update_fields=["price", "first_payment_amount", "loan_amount", "unit", "facts"])
    amendment = Amendment(
        deal=locked, at=clock.now(), before=before, after=after, reason=clean_text(reason), amended_by=actor
    )
    amendment.save(force_insert=True)
    _note(locked, "deal.amended", actor, before=before, after=after, reason=reason)
    return amendment


def _amend_terms(
    deal: Deal,
    price: Decimal | None,
    first_payment: Decimal | None,
    loan: Decimal | None,
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    given = {"price": price, "first_payment_amount": first_payment, "loan_amount": loan}
    if all(value is None for value in given.values()):
        return
    new_loan = loan if loan is not None else deal.loan_amount
    terms = check_terms(
        Terms(
            deal.price if price is None else price,
            deal.method,
            deal.first_payment_amount if first_payment is None else first_payment,
            new_loan,
        ),
        deal.project.currency,
    )
    for field in given:
        was, now = getattr(deal, field), getattr(terms, field)
        if was != now:
            before[field], after[field] = str(was), str(now)
            setattr(deal, field, now)


def _swap_unit(deal: Deal, unit: Unit, before: dict[str, Any], after: dict[str, Any]) -> None:
    if unit.project_id != deal.project_id:
        raise Invalid("the unit is of another project", code="other_project", field="unit")
    locked = lock_unit(unit)
    if Deal.objects.filter(unit=locked).exclude(state=DealState.CANCELLED).exists():
        raise NotAllowed("the unit has a live deal", code="unit_taken", field="unit")
    before["unit"], after["unit"] = str(deal.unit) if deal.unit else None, str(unit)
    move_unit(unit=deal.unit, state=UnitState.AVAILABLE)
    deal.unit = unit
    move_unit(unit=unit, state=UnitState.CONTRACTED if deal.contracted_at else UnitState.SUBSCRIBED)


def _change_buyers(deal: Deal, buyers: Sequence[Buyer], before: dict[str, Any], after: dict[str, Any]) -> None:
    if not buyers:
        raise Invalid("a deal has at least one buyer", code="buyers_required", field="buyers")
    numbers = _numbers(buyers)
    before["buyers"] = [f"{b.name_masked} {b.phone.masked}" for b in deal.buyers.select_related("phone")]
    deal.buyers.all().delete()
    _keep_buyers(deal, buyers, numbers, keep_phones(numbers))
    after["buyers"] = [f"{b.name_masked} {b.phone.masked}" for b in deal.buyers.select_related("phone")]
