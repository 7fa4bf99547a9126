"""Who has the deal, and what becomes of referrals when deals come, go and are decided: 4.2, 4.4 and 5."""

from fractions import Fraction

from tests.reference.facts import Deal, phone_of
from tests.reference.protection import DAY, LIVE, Refused, Site


def _credited(site, referral):
    """Return the latest visit under `never` that still counts now, if any."""
    days = referral.policy["credit_days"]
    counting = [visit for visit in referral.visits if days is None or site.at < visit + days * DAY]
    return max(counting, default=None)


def _finds(site, phone):
    """Return the referral that one buyer's phone finds."""
    holder = site.holder(phone)
    if holder:
        return holder
    found = None
    for referral in site.referrals.values():
        if referral.mode == "never" and referral.state != "withdrawn" and phone in referral.phones:
            visit = _credited(site, referral)
            if visit is not None and (found is None or visit > found[0]):
                found = (visit, referral)
    if found and not any(seen == phone and found[0] < when <= site.at for when, seen in site.natural):
        return found[1]
    return None


def _attributed(site, buyers, visitor):
    found = [referral for referral in (_finds(site, phone) for phone in buyers) if referral]
    names = sorted({referral.name for referral in found}, key=lambda name: site.referral(name).order)
    if not names and visitor and _bought_by_proxy(site, visitor):
        names = [visitor.name]
    return {name: Fraction(1, len(names)) for name in names}


def _bought_by_proxy(site, visitor):
    counts = visitor.mode != "never" or _credited(site, visitor) is not None
    return visitor.policy["proxy_purchase"] and visitor.state == "visited" and counts


def _win(referral):
    if referral.state != "won":
        referral.before, referral.state = referral.state, "won"


def _has_deal(site, referral):
    return any(referral.name in deal.shares and deal.state != "cancelled" for deal in site.deals.values())


def subscribe(site: Site, event):
    """Take a deal's buyers down and say whose it is."""
    if event["deal"] in site.deals:
        raise Refused("not_allowed")
    visitor = site.referral(event["visitor"]) if event.get("visitor") else None
    buyers = list(dict.fromkeys(phone_of(text) for text in event["buyers"]))
    if None in buyers:
        raise Refused("invalid_phone")
    price, first = site.money(event["price"]), site.money(event["first_payment_amount"])
    loan = site.money(event["loan_amount"]) if event.get("loan_amount") is not None else None
    if loan is None and event["method"] == "mortgage":
        loan = price - first or None  # one of nothing is none
    shares = _attributed(site, buyers, visitor)
    deal = Deal(event["deal"], site.at, price, event["method"], first, loan, buyers, shares, unit=event.get("unit"))
    site.deals[event["deal"]] = deal
    for referral in site.referrals.values():
        if referral.name in shares:
            _win(referral)
        elif referral.state in LIVE and set(referral.phones) & set(buyers):
            referral.state = "lost"


def contract(site, name):
    deal = site.deal(name)
    if deal.state != "subscribed":
        raise Refused("not_allowed")
    deal.state, deal.contracted_at = "contracted", site.at


def handover(site, name):
    deal = site.deal(name)
    if deal.state != "contracted":
        raise Refused("not_allowed")
    deal.state, deal.handed_over_at = "handed_over", site.at
    deal.payments_at_handover = len(deal.payments)


def cancel(site, name):
    deal = site.deal(name)
    if deal.state not in ("subscribed", "contracted"):
        raise Refused("not_allowed")
    deal.state = "cancelled"
    for referral in map(site.referral, deal.shares):
        if not _has_deal(site, referral):
            _give_back(site, referral)


def _give_back(site, referral):
    referral.state = referral.before
    if referral.state in LIVE:
        referral.state = referral.by_the_clock(referral.state, site.at)
        if referral.state == "lapsed":
            referral.release(site.at)


def pay(site, event):
    deal, amount = site.deal(event["deal"]), site.money(event["amount"])
    if event.get("reference") is not None:
        if event["reference"] in site.references:
            raise Refused("duplicate")
        site.references.add(event["reference"])
    deal.payments.append((event.get("source", "own"), amount))


def decide(site, event):
    """Put the decided shares in place of the deal's own."""
    deal = site.deal(event["deal"])
    if deal.state not in ("subscribed", "contracted"):
        raise Refused("not_allowed")
    shares = {share["referral"]: Fraction(share["fraction"]) for share in event["shares"]}
    if len(shares) != len(event["shares"]) or any(name not in site.referrals for name in shares):
        raise Refused("not_allowed")
    if shares and (sum(shares.values()) != 1 or min(shares.values()) <= 0):
        raise Refused("not_allowed")
    out = [site.referral(name) for name in deal.shares if name not in shares]
    deal.shares = {name: shares[name] for name in sorted(shares, key=lambda name: site.referral(name).order)}
    for name in shares:
        _win(site.referral(name))
    for referral in out:
        referral.release(site.at, deal.buyers)
        referral.before = "rejected" if referral.reason else "lost"
        if not _has_deal(site, referral):
            referral.state = referral.before
