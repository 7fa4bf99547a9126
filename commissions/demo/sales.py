"""Deals of one project, from subscription to handover or cancellation, with their money. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from commissions.demo import names
from commissions.demo.acts import Log, moment, when_open
from commissions.demo.cast import ProjectSpec
from commissions.demo.journeys import Filed, Journeys
from commissions.demo.phones import PhoneBook

DAY = timedelta(days=1)
NATURAL = 0.18


@dataclass(frozen=True)
class Sale:
    """A deal of the script; parts of the price in hundredths."""

    key: str
    at: datetime
    method: str
    first_percent: int


class Sales:
    """Writes the deals of one project out of its journeys and walk-ins."""

    def __init__(self, *, rng: Random, log: Log, journeys: Journeys, phones: PhoneBook) -> None:
        self.rng, self.log, self.journeys, self.phones = rng, log, journeys, phones
        self.project: ProjectSpec = journeys.project
        self.count = 0
        self._references = 0

    def write(self, count: int) -> None:
        """Add deals until there are `count`: most of clients who came with a broker, the rest of walk-ins."""
        start, end = self.log.start + 12 * DAY, self.log.end - timedelta(hours=3)
        buyers = [(filed, self._decides(filed)) for filed in self.journeys.filed if filed.visited_at is not None]
        buyers = [(filed, at) for filed, at in buyers if start < at < end]
        self.rng.shuffle(buyers)
        referred = buyers[: max(0, round((count - self.count) * (1 - NATURAL)))]
        for filed, at in sorted(referred, key=lambda pair: pair[1]):
            self.referred(filed, at)
        while self.count < count:
            at = when_open(self.rng, start + self.rng.random() * (end - start), self.project.zone)
            if at < end:
                self._walk_in_sale(at)

    def _decides(self, filed: Filed) -> datetime:
        visited = filed.visited_at or filed.at
        return when_open(self.rng, visited + self.rng.uniform(0.1, 18) * DAY, self.project.zone)

    def referred(self, filed: Filed, at: datetime, **facts: Any) -> Sale:
        """A client who was filed buys: alone, with a co-buyer, or in another's name."""
        rng = self.rng
        buyers = [{"name": filed.client, "phone": filed.phone}]
        visitor = ""
        kind = rng.random()
        if not facts and kind < 0.06:
            buyers = [{"name": names.person(rng), "phone": self.phones.next()}]
            visitor = filed.key
        elif not facts and kind < 0.14:
            other = self._another(filed, at)
            buyers.append({"name": other.client, "phone": other.phone} if other else
                          {"name": names.person(rng), "phone": self.phones.next()})  # fmt: skip
        sale = self._sale(at, buyers, visitor=visitor, referral=filed.key, **facts)
        if filed.rivals and rng.random() < 0.30:
            self._contested(sale, filed)
        return sale

    def _another(self, filed: Filed, at: datetime) -> Filed | None:
        """A client of another broker who was here lately, for a purchase by two."""
        others = [
            one for one in self.journeys.filed
            if one.visited_at and at - 12 * DAY < one.visited_at < at and one.broker.key != filed.broker.key
        ]  # fmt: skip
        return self.rng.choice(others) if others else None

    def _walk_in_sale(self, at: datetime) -> None:
        phone, name = self.phones.next(), names.person(self.rng)
        visited = when_open(self.rng, at - self.rng.uniform(1, 9) * DAY, self.project.zone)
        self.journeys.walk_in(min(visited, at - timedelta(hours=1)), phone, name)
        self._sale(at, [{"name": name, "phone": phone}])

    def _sale(self, at: datetime, buyers: list[dict[str, str]], **facts: Any) -> Sale:
        rng = self.rng
        self.count += 1
        method = facts.pop("method", None) or rng.choices(("mortgage", "instalment", "lump_sum"), (62, 20, 18))[0]
        until = facts.pop("until", "")
        sale = Sale(
            f"{self.project.code}-D{self.count:04d}", at, method, {"mortgage": 30, "instalment": 40}.get(method, 20)
        )
        discount = rng.randrange(0, 6)
        self.log.add(
            at, "subscribe", self.project.code, sale.key,
            buyers=buyers, method=method, first_percent=sale.first_percent, discount=discount, **facts,
        )  # fmt: skip
        self._goes_on(sale, until)
        return sale

    def _goes_on(self, sale: Sale, until: str) -> None:
        """Contract, money and handover, or the end of it. `until` holds a deal at a stage."""
        rng, code, zone = self.rng, self.project.code, self.project.zone
        ends = rng.random() if not until else 1.0
        if until == "subscribed":
            return
        if ends < 0.03 or until == "given up":
            at = when_open(rng, sale.at + rng.uniform(1, 6) * DAY, zone)
            self.log.add(at, "cancel", code, sale.key, reason=rng.choice(names.CANCELLATIONS))
            return
        signed = when_open(rng, sale.at + rng.uniform(2, 9) * DAY, zone)
        self.log.add(signed, "contract", code, sale.key)
        if ends > 0.985 and not until:
            self.log.add(sale.at + DAY, "amend", code, sale.key, swap=rng.random() < 0.5)
        paid = self._pays(sale, signed, until)
        if ends < 0.085 or until == "cancelled":
            at = when_open(rng, signed + rng.uniform(22, 75) * DAY, zone)
            self.log.add(at, "cancel", code, sale.key, reason=rng.choice(names.CANCELLATIONS))
            self.log.add(at + rng.uniform(2, 8) * DAY, "refund", code, sale.key, reference=self._reference(sale, at))
        elif paid is not None and (until == "handed over" or (self.project.ready and rng.random() < 0.7)):
            at = when_open(rng, paid + rng.uniform(6, 30) * DAY, zone)
            self.log.add(at, "handover", code, sale.key)

    def _pays(self, sale: Sale, signed: datetime, until: str) -> datetime | None:
        """Write the payments and return when the price is collected; None where it will not be soon."""
        rng = self.rng
        if until == "contracted":
            return None
        rest = 100 - sale.first_percent
        at = signed + timedelta(minutes=rng.randrange(5, 90))
        if rng.random() < 0.12 and not until:
            half = sale.first_percent // 2
            self._payment(sale, at, half, "own")
            self._payment(sale, at + rng.uniform(4, 12) * DAY, sale.first_percent - half, "own")
        else:
            self._payment(sale, at, sale.first_percent, "own")
        if until == "part paid":
            return None
        if sale.method == "lump_sum":
            steps = [(rng.uniform(6, 25), rest, "own")]
        elif sale.method == "instalment":
            steps = [(rng.uniform(25, 40), 30, "own"), (rng.uniform(55, 85), rest - 30, "own")]
        elif rng.random() < 0.2:
            steps = [(rng.uniform(20, 35), 15, "provident_fund"), (rng.uniform(28, 55), rest - 15, "loan")]
        else:
            steps = [(rng.uniform(18, 50), rest, "loan")]
        for after, percent, source in steps:
            at = moment(rng, signed + after * DAY, self.project.zone, first=9, last=17)
            self._payment(sale, at, percent, source)
        return at

    def _payment(self, sale: Sale, at: datetime, percent: int, source: str) -> None:
        self.log.add(
            at, "payment", self.project.code, sale.key,
            percent=percent, source=source, reference=self._reference(sale, at),
        )  # fmt: skip

    def _reference(self, sale: Sale, at: datetime) -> str:
        self._references += 1
        return f"BK{at.astimezone(self.project.zone):%Y%m%d}{self._references:05d}"

    def _contested(self, sale: Sale, filed: Filed) -> None:
        """The other agency contests the deal; a manager changes the shares, keeps them, or has yet to decide."""
        rng, rival, code = self.rng, filed.rivals[0], self.project.code
        at = sale.at + rng.uniform(0.2, 5) * DAY
        self.log.add(at, "dispute", code, sale.key, agency=rival.agency.code, text=rng.choice(names.CONTESTS))
        decided = at + rng.uniform(2, 10) * DAY
        if rng.random() < 0.5:
            self.log.add(decided, "decide", code, sale.key, rival=rival.key, half=rng.random() < 0.7)
        else:
            self.log.add(decided, "close_dispute", code, sale.key, decision=rng.choice(names.UPHELD))
