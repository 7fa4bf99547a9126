"""A second reading of the rules: `calculate(scenario)` says what a replay of the scenario must print.

It shares no line with the product and is there to be compared with it. Written to be held against the domain's
text paragraph by paragraph, so it goes through everything every time and keeps nothing.
"""

from datetime import datetime
from fractions import Fraction

from tests.reference import deals
from tests.reference.commission import Books
from tests.reference.protection import POLICY, Refused, Site


def _policy(site, changes):
    policy = site.policy | changes
    if policy["phone_mode"] == "masked" and policy["exclusive_from"] == "filing":
        raise Refused("not_allowed")
    if set(policy) != set(POLICY) or policy["protection_days"] < 1 or policy["lookback_days"] < 0:
        raise Refused("not_allowed")
    site.policy = policy


def happen(site, books, event):
    """Do one event, or raise why it is refused."""
    kind = event["type"]
    if kind == "natural_visit":
        site.natural_visit(event["phone"])
    elif kind == "file":
        site.file(event["referral"], event["broker"], event["phones"])
    elif kind == "add_phone":
        site.add_phone(event["referral"], event["phone"])
    elif kind == "visit":
        site.visit(event["referral"], event.get("phones"), event.get("override", False), event.get("reason"))
    elif kind == "withdraw":
        site.withdraw(event["referral"])
    elif kind == "policy":
        _policy(site, event["policy"])
    elif kind == "subscribe":
        deals.subscribe(site, event)
    elif kind == "payment":
        deals.pay(site, event)
    elif kind == "decide":
        deals.decide(site, event)
    elif kind == "payout":
        books.payout()
    else:
        {"contract": deals.contract, "handover": deals.handover, "cancel": deals.cancel}[kind](site, event["deal"])


def calculate(scenario: dict) -> dict:
    """Return what `manage.py replay` must print for this scenario."""
    site = Site(scenario)
    books = Books(site, scenario)
    outcomes = []
    for event in scenario["events"]:
        site.settle(datetime.fromisoformat(event["at"]))
        try:
            happen(site, books, event)
            outcomes.append("ok")
        except Refused as why:
            outcomes.append(str(why))
    site.settle(datetime.fromisoformat(scenario["as_of"]))
    rows = books.rows()
    return {
        "name": scenario["name"],
        "outcomes": outcomes,
        "referrals": {referral.name: _referral(site, referral) for referral in site.referrals.values()},
        "deals": {deal.name: {"shares": _shares(deal)} for deal in site.deals.values()},
        "commissions": _commissions(books, rows),
        "payees": _payees(books, rows),
    }


def _referral(site, referral):
    spans = sorted(referral.claims, key=lambda claim: (claim.phone, claim.start))
    claims = [
        {
            "phone": claim.phone,
            "starts_at": claim.start.astimezone(site.zone).isoformat(),
            "ends_at": claim.end.astimezone(site.zone).isoformat(),
        }
        for claim in spans
    ]
    return {"state": referral.state, "claims": claims}


def _shares(deal):
    return [{"referral": name, "fraction": str(fraction)} for name, fraction in deal.shares.items()]


def _text(amount, decimals):
    """Return an exact amount of money as text, with the currency's decimals."""
    units = amount * 10**decimals
    assert units == int(units), amount
    sign, units = ("-" if units < 0 else ""), str(abs(int(units))).rjust(decimals + 1, "0")
    return sign + (f"{units[:-decimals]}.{units[-decimals:]}" if decimals else units)


def money(books):
    """Return what a report on these books says of commissions and payees."""
    rows = books.rows()
    return {"commissions": _commissions(books, rows), "payees": _payees(books, rows)}


def _commissions(books, rows):
    zero = Fraction(0)
    shown = []
    for key in sorted({*rows, *books.settled}, key=lambda key: (key[0], key[1], key[2] or "", key[3])):
        earned, released, retained = rows.get(key, (zero, zero, zero))
        if earned == 0 and key not in books.settled:
            continue
        figures = {
            "earned": earned,
            "released": released,
            "retained": retained,
            "payable": released - retained,
            "pending": earned - released,
        }
        texts = {name: _text(amount, books.decimals) for name, amount in figures.items()}
        shown.append({"deal": key[0], "payee": key[1], "referral": key[2], "kind": key[3], **texts})
    return shown


def _payees(books, rows):
    owed = books.owed(rows)
    shown = {}
    for payee in sorted({key[1] for key in owed} | set(books.paid)):
        own = [row for key, row in rows.items() if key[1] == payee]
        figures = {
            "earned": sum(earned for earned, _, _ in own) + books.given_up.get(payee, 0),
            "pending": sum(earned - released for earned, released, _ in own),
            "retained": sum(retained for _, _, retained in own),
            "payable": books.balance(payee, owed),
            "paid": books.paid.get(payee, Fraction(0)),
            "tax": books.tax.get(payee, Fraction(0)),
        }
        if any(figures.values()):
            shown[payee] = {name: _text(Fraction(amount), books.decimals) for name, amount in figures.items()}
    return shown
