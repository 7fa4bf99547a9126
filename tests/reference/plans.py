"""Random commission plans for a random history: series of versions that never overlap."""

from datetime import timedelta

from tests.reference.facts import DECIMALS

MILESTONES = ["subscribed", "contracted", "first_payment", "fully_collected", "handover"]
FRACTIONS = [["1"], ["1"], ["0.5", "0.5"], ["0.3", "0.7"], ["0.3333", "0.3333", "0.3334"]]


def plans_of(random, agencies, day, currency):
    """Return plans for some of the agencies, made around this day."""
    return _Plans(random, day, currency).of(agencies)


class _Plans:
    def __init__(self, random, day, currency):
        self.r, self.day, self.places = random, day, DECIMALS.get(currency, 2)

    def of(self, agencies):
        plans = []
        for agency in agencies:
            if agency["kind"] == "onsite":
                payees = ["agency"]
            elif agency["kind"] == "community":
                payees = self.r.choice([["broker"], ["broker"], []])
            else:
                payees = self.r.choice([["agency"], ["agency"], ["agency", "broker"], ["broker"], []])
            for payee in payees:
                for applies_to in self.r.choice([["all"], ["referred"], ["referred", "walk_in"]]):
                    plans += self._series(agency, payee, applies_to)
        return plans

    def _series(self, agency, payee, applies_to):
        start = self.day - timedelta(days=self.r.choice([0, 30, 300]))
        versions = []
        for _ in range(self.r.choice([1, 1, 1, 2, 3])):
            end = max(start, self.day) + timedelta(days=self.r.choice([0, 2, 10, 40]))
            version = self._version(agency, payee, applies_to)
            versions.append(version | {"from": start.isoformat(), "to": end.isoformat()})
            start = end + timedelta(days=self.r.choice([1, 1, 3]))
        if self.r.randint(1, 10) <= 7:
            versions[-1]["to"] = None
        if self.r.randint(1, 8) == 1:
            versions[0]["from"] = None
        return versions

    def _version(self, agency, payee, applies_to):
        pick = self.r.choice
        basis, measure = pick(["price", "price", "fixed"]), pick(["units", "units", "amount"])
        version = {
            "agency": agency["code"],
            "payee": payee,
            "applies_to": applies_to,
            "basis": basis,
            "measure": measure,
            "period": pick(["month", "quarter", "year", "plan"]),
            "scope": pick(["agency", "agency", "broker", "project"]),
            "mode": pick(["marginal", "retroactive"]),
            "tiers": self._tiers(basis, measure),
            "release": {method: self._release(method) for method in ("lump_sum", "instalment", "mortgage")},
        }
        if agency["kind"] == "onsite":
            version["scope"] = pick(["agency", "project"])
        if pick([True, False]):
            version["retention"] = {"fraction": pick(["0.1", "0.05", "0.333"]), "until": "handover"}
        if pick([True, False]):
            version["bonuses"] = self._bonuses(agency, payee)
        if self.r.randint(1, 3) == 1:
            version["grades"] = pick([["A"], ["A", "B"], ["B", "C"], ["A", "B", "C"]])
        if self.r.randint(1, 4) == 1:
            version["conditions"] = self._conditions()
        if self.r.randint(1, 3) == 1:
            version["caps"] = self._caps()
        return version

    def _conditions(self):
        money = [{"from": "1000000"}, {"below": "1000000"}, {"from": "600000", "below": "1500000"}]
        choices = [
            ("unit_types", [["T2"], ["T2", "T3"]]),
            ("buildings", [["1"], ["1", "2"]]),
            ("area", [{"from": "90"}, {"below": "90.00"}, {"from": "60", "below": "120.5"}]),
            ("price", [{name: f"{value}{self._money(0)[1:]}" for name, value in band.items()} for band in money]),
        ]
        return {name: self.r.choice(values) for name, values in self.r.sample(choices, self.r.choice([1, 1, 2]))}

    def _caps(self):
        deal, period = ([10000, 5000, 999], [30000, 12345, 1])
        caps = {"deal": self._money(self.r.choice(deal) * 10**self.places + self.r.choice([0, 0, 1]))}
        if self.r.choice([True, False]):
            caps = {} if self.r.choice([True, False]) else caps
            caps["period"] = self._money(self.r.choice(period) * 10**self.places + self.r.choice([0, 0, 1]))
        return caps

    def _money(self, units):
        return f"{units / 10**self.places:.{self.places}f}"

    def _tiers(self, basis, measure):
        steps = [["0"], ["0", "1"], ["0", "1", "2"], ["0", "0.5", "1.5", "3"], ["0", "2"]]
        if measure == "amount":
            steps = [["0"], ["0", "1000000"], ["0", "1500000", "2000000"], ["0", "500000", "2500000"]]
        tiers = []
        for place in self.r.choice(steps):
            if basis == "price":
                tiers.append({"from": place, "rate": self.r.choice(["0.01", "0.0123", "0.02", "0.003", "0.0455", "0"])})
            else:
                amount = self.r.choice([10000, 333, 25000, 1]) * 10**self.places + self.r.choice([0, 0, 1])
                tiers.append({"from": place, "amount": self._money(amount)})
        return tiers

    def _release(self, method):
        milestones = [*MILESTONES, "loan_released"] if method == "mortgage" else MILESTONES
        fractions = self.r.choice(FRACTIONS)
        steps = self.r.sample(milestones, len(fractions))
        return [{"when": when, "fraction": fraction} for when, fraction in zip(steps, fractions, strict=True)]

    def _bonuses(self, agency, payee):
        bonuses = []
        for n in range(self.r.choice([1, 1, 2])):
            to = "agency" if agency["kind"] == "onsite" else self.r.choice(["agency", "broker"])
            units = self.r.choice([1, 2, 100, 10000, 300000])
            release = self.r.choice([*MILESTONES, "loan_released"])
            name = self.r.choice([f"{payee}{n}", f"cash{n}"])
            bonuses.append({"name": name, "amount": self._money(units), "to": to, "release": release})
        return bonuses
