"""What is earned, released, kept back and paid: chapter 6 of the domain, read a second time."""

from datetime import date
from fractions import Fraction


def rounded(amount, decimals):
    """Return the amount rounded half-up to so many decimals (never a negative one here)."""
    unit = 10**decimals
    return Fraction((amount * unit * 2 + 1) // 2, unit)


def parts_of(amount, shares, decimals):
    """Lay an amount over fractions by largest remainder, ties to the earlier one."""
    unit = 10**decimals
    exact = [amount * unit * share for share in shares]
    parts = [value // 1 for value in exact]
    left = int(amount * unit - sum(parts))
    for place in sorted(range(len(shares)), key=lambda n: (parts[n] - exact[n], n))[:left]:
        parts[place] += 1
    return [Fraction(part, unit) for part in parts]


def milestones(deal):
    """Return what this deal has reached by now."""
    reached = {"subscribed"}
    if deal.contracted_at is not None:
        reached |= {"contracted"} | _collected(deal, deal.payments)
    if deal.handed_over_at is not None:
        reached |= {"handover"} | _collected(deal, deal.payments[: deal.payments_at_handover])
    return reached


def _collected(deal, payments):
    own = sum(amount for source, amount in payments if source == "own")
    lent = sum(amount for source, amount in payments if source in ("loan", "provident_fund"))
    reached = set()
    if own >= deal.first_payment:
        reached.add("first_payment")
    if deal.loan is not None and lent >= deal.loan:
        reached.add("loan_released")
    if own + lent >= deal.price:
        reached.add("fully_collected")
    return reached


def pays_unit(version, deal):
    """Whether the version pays deals of this price about this unit."""
    asked, unit = version.get("conditions", {}), deal.unit
    if not _in_band(asked.get("price", {}), deal.price):
        return False
    if unit is None:
        return not any(name in asked for name in ("unit_types", "buildings", "area"))
    lists = (("unit_types", unit["type"]), ("buildings", unit["building"]))
    return all(has in asked.get(name, [has]) for name, has in lists) and _in_band(asked.get("area", {}), unit["area"])


def _in_band(band, value):
    low, below = band.get("from"), band.get("below")
    return (low is None or Fraction(value) >= Fraction(low)) and (below is None or Fraction(value) < Fraction(below))


class Series:
    """The versions of one plan: project x agency x payee x applies_to."""

    def __init__(self, site, agency, versions):
        self.site, self.agency, self.versions = site, agency, versions
        self.onsite = agency["kind"] == "onsite"
        self.by_broker = versions[0]["payee"] == "broker"
        self.applies_to = versions[0]["applies_to"]

    def version(self, deal):
        """Return the version a live deal falls under, None where the plan has nothing to say about it."""
        applies = {"all": True, "referred": bool(deal.shares), "walk_in": not deal.shares}[self.applies_to]
        if deal.state == "cancelled" or not applies:
            return None
        day = self.site.day(deal.subscribed_at)
        for version in self.versions:
            first = date.fromisoformat(version["from"]) if version.get("from") else date.min
            last = date.fromisoformat(version["to"]) if version.get("to") else date.max
            if first <= day <= last:
                return version if self.pays_grade(version, day) and pays_unit(version, deal) else None
        return None

    def pays_grade(self, version, day):
        """Whether the plan's own agency held, on this day, one of the grades that the version pays."""
        held = None
        for one in self.agency.get("grades", []):
            if date.fromisoformat(one["from"]) <= day:
                held = one["grade"]
        return not version.get("grades") or held in version["grades"]

    def period(self, version, deal):
        day = self.site.day(deal.contracted_at)
        return {
            "month": (day.year, day.month),
            "quarter": (day.year, (day.month - 1) // 3),
            "year": day.year,
            "plan": None,
        }[version["period"]]

    def own_shares(self, deal):
        found = [(self.site.referrals[name], fraction) for name, fraction in deal.shares.items()]
        return [(referral, fraction) for referral, fraction in found if referral.agency == self.agency["code"]]

    def spans(self, version, deal, broker):
        """Lay the deals end to end as this version sees them; return {(deal, referral): (start, q)} and the total."""
        whole = self.onsite or version["scope"] == "project"
        laid = []
        for other in self.site.deals.values():
            if other.contracted_at is None or self.version(other) is None:
                continue
            if self.period(version, other) != self.period(version, deal):
                continue
            size = Fraction(1) if version["measure"] == "units" else other.price
            if whole:
                laid.append((other.contracted_at, other.name, 0, None, size))
                continue
            for referral, fraction in self.own_shares(other):
                if version["scope"] != "broker" or referral.broker == broker:
                    laid.append((other.contracted_at, other.name, referral.order, referral.name, fraction * size))
        laid.sort(key=lambda one: one[:3])
        at, spans = Fraction(0), {}
        for _, name, _, referral, size in laid:
            spans[name, referral] = (at, size)
            at += size
        return spans, at

    def earned(self, version, deal, referral, fraction, decimals):
        """Return the commission of one share, or of the whole deal for an on-site agency."""
        spans, total = self.spans(version, deal, referral and referral.broker)
        whole = self.onsite or version["scope"] == "project"
        start, size = spans[deal.name, None if whole else referral.name]
        tiers = [(Fraction(tier["from"]), Fraction(tier.get("rate") or tier["amount"])) for tier in version["tiers"]]
        base = fraction * (deal.price if version["basis"] == "price" else 1)
        if version["mode"] == "retroactive":
            rate = [rate for low, rate in tiers if low <= total][-1]
            return rounded(base * rate, decimals)
        amount = Fraction(0)
        for n, (low, rate) in enumerate(tiers):
            high = tiers[n + 1][0] if n + 1 < len(tiers) else start + size + low
            inside = max(Fraction(0), min(high, start + size) - max(low, start))
            amount += base * inside / size * rate
        return rounded(amount, decimals)

    def capped(self, decimals):
        """Return {(deal, referral): earned}, one share after the other, each cut by what its version's caps leave."""
        paid = []
        for deal in sorted(self.site.deals.values(), key=lambda deal: (deal.contracted_at or self.site.at, deal.name)):
            version = self.version(deal)
            if version is None or deal.contracted_at is None:
                continue
            caps = version.get("caps", {})
            for referral, fraction in [(None, Fraction(1))] if self.onsite else self.own_shares(deal):
                earned = self.earned(version, deal, referral, fraction, decimals)
                if "deal" in caps:
                    parts = parts_of(Fraction(caps["deal"]), list(deal.shares.values()), decimals)
                    part = parts[list(deal.shares).index(referral.name)] if referral else Fraction(caps["deal"])
                    earned = min(earned, part)
                if "period" in caps:
                    broker = referral.broker if referral and version["scope"] == "broker" else None
                    before = [
                        amount
                        for other, its, amount in paid
                        if self.period(version, other) == self.period(version, deal)
                        and (broker is None or its.broker == broker)
                    ]
                    earned = min(earned, max(Fraction(caps["period"]) - sum(before), Fraction(0)))
                paid.append((deal, referral, earned))
        return {(deal.name, referral and referral.name): amount for deal, referral, amount in paid}

    def rows(self, decimals):
        """Return {(deal, payee, referral, kind): (earned, released, retained)} of everything this series gives."""
        rows, paid = {}, self.capped(decimals)
        for deal in self.site.deals.values():
            version = self.version(deal)
            if version is None:
                continue
            shares = [(None, Fraction(1))] if self.onsite else self.own_shares(deal)
            for referral, _ in shares:
                if deal.contracted_at is not None:
                    self._commission(
                        rows, version, deal, referral, paid[deal.name, referral and referral.name], decimals
                    )
                for bonus in version.get("bonuses", []):
                    self._bonus(rows, bonus, deal, referral, decimals)
        return rows

    def _payee(self, to_broker, referral):
        return referral.broker if to_broker and referral else self.agency["code"]

    def _commission(self, rows, version, deal, referral, earned, decimals):
        reached = milestones(deal)
        part = sum(Fraction(step["fraction"]) for step in version["release"][deal.method] if step["when"] in reached)
        released = rounded(earned * part, decimals)
        retention = version.get("retention")
        kept = Fraction(0)
        if retention and retention["until"] not in reached:
            kept = rounded(released * Fraction(retention["fraction"]), decimals)
        key = (deal.name, self._payee(self.by_broker, referral), referral and referral.name, "commission")
        rows[key] = (earned, released, kept)

    def _bonus(self, rows, bonus, deal, referral, decimals):
        amount = Fraction(bonus["amount"])
        if referral is not None:
            parts = parts_of(amount, list(deal.shares.values()), decimals)
            amount = parts[list(deal.shares).index(referral.name)]
        payee = self._payee(bonus["to"] == "broker", referral)
        released = amount if bonus["release"] in milestones(deal) else Fraction(0)
        key = (deal.name, payee, referral and referral.name, "bonus:" + bonus["name"])
        rows[key] = (amount, released, Fraction(0))


def series_of(site, scenario):
    """Return the plan series of a scenario."""
    agencies = {agency["code"]: agency for agency in scenario["agencies"]}
    found = {}
    for plan in scenario.get("plans", []):
        found.setdefault((plan["agency"], plan["payee"], plan["applies_to"]), []).append(plan)
    return [Series(site, agencies[key[0]], versions) for key, versions in found.items()]


def month_tax(income, decimals):
    """Return the tax on one month's labour remuneration."""
    taxable = max(Fraction(0), income - 800) if income <= 4000 else income * Fraction(8, 10)
    if taxable <= 20000:
        tax = taxable * Fraction(20, 100)
    elif taxable <= 50000:
        tax = taxable * Fraction(30, 100) - 2000
    else:
        tax = taxable * Fraction(40, 100) - 7000
    return rounded(tax, decimals)


class Books:
    """What was paid, to whom, for what."""

    def __init__(self, site, scenario):
        self.site = site
        self.currency = scenario["project"]["currency"]
        self.decimals = site.decimals
        self.series = series_of(site, scenario)
        self.settled = {}  # row: what of it payouts have settled, tax included
        self.paid = {}
        self.tax = {}
        self.months = {}  # (payee, year, month): [income, withheld]
        self.beside = {}  # payee: what settles a debt and is netted with it, no deal's
        self.given_up = {}  # payee: what the company no longer asks back

    def rows(self):
        """Return what all plans give; bonuses of one name from two plans are one row."""
        rows = {}
        for series in self.series:
            for key, row in series.rows(self.decimals).items():
                rows[key] = tuple(map(sum, zip(rows.get(key, (0, 0, 0)), row, strict=True)))
        return rows

    def owed(self, rows):
        """Return {row: what is payable of it and not settled yet}; negative where it is owed back."""
        keys = [*rows, *(key for key in self.settled if key not in rows)]
        owed = {}
        for key in keys:
            _, released, retained = rows.get(key, (0, 0, 0))
            owed[key] = released - retained - self.settled.get(key, Fraction(0))
        return owed

    def balance(self, payee, owed):
        """Return what is payable to one payee; negative where it is owed back."""
        return sum(amount for key, amount in owed.items() if key[1] == payee) + self.beside.get(payee, Fraction(0))

    def repay(self, payee, amount):
        self.paid[payee] = self.paid.get(payee, Fraction(0)) - amount
        self.beside[payee] = self.beside.get(payee, Fraction(0)) + amount

    def give_up(self, payee, amount):
        self.given_up[payee] = self.given_up.get(payee, Fraction(0)) + amount
        self.beside[payee] = self.beside.get(payee, Fraction(0)) + amount

    def payout(self, failing=()):
        """Pay all that is payable; what the bank fails to pay stays so."""
        owed = self.owed(self.rows())
        for payee in sorted({key[1] for key in owed}):
            gross = self.balance(payee, owed)
            if gross <= 0 or payee in failing:
                continue
            self.beside.pop(payee, None)
            tax = self._withhold(payee, gross)
            self.paid[payee] = self.paid.get(payee, Fraction(0)) + gross - tax
            self.tax[payee] = self.tax.get(payee, Fraction(0)) + tax
            for key, amount in owed.items():
                if key[1] == payee and amount:
                    self.settled[key] = self.settled.get(key, Fraction(0)) + amount

    def _withhold(self, payee, gross):
        if payee not in self.site.agency_of or self.currency != "CNY":
            return Fraction(0)
        day = self.site.day(self.site.at)
        month = self.months.setdefault((payee, day.year, day.month), [Fraction(0), Fraction(0)])
        month[0] += gross
        tax = month_tax(month[0], self.decimals) - month[1]
        month[1] += tax
        return tax
