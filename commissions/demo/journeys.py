"""Clients' journeys through one project: filed, visited, fought over, lost from sight. Pure."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from commissions.demo import names
from commissions.demo.acts import Log, days_of, moment, when_open
from commissions.demo.cast import HOME_AGENCY, HOME_BROKER, AgencySpec, BrokerSpec, Cast, ProjectSpec
from commissions.demo.phones import PhoneBook, masked

HOUR = timedelta(hours=1)


@dataclass
class Filed:
    """A filing of the script: who filed whom when, and the first visit if the client came."""

    key: str
    project: ProjectSpec
    agency: AgencySpec
    broker: BrokerSpec
    client: str
    phone: str
    at: datetime
    visited_at: datetime | None = None
    rivals: list["Filed"] = field(default_factory=list)


class Journeys:
    """Writes the journeys of one project until it has its number of filings."""

    def __init__(self, *, rng: Random, log: Log, cast: Cast, project: ProjectSpec, phones: PhoneBook) -> None:
        self.rng, self.log, self.project, self.phones = rng, log, project, phones
        self.filed: list[Filed] = []
        self.agreed = [
            (agency, agreement)
            for agency in cast.agencies
            for agreement in agency.agreements
            if agreement.project == project.code and agreement.state != "draft" and agency.kind != "onsite"
        ]
        codes = {agency.code for agency, _ in self.agreed}
        self.strangers = [agency for agency in cast.agencies if agency.code not in codes and agency.kind != "onsite"]
        self.home = next((agency for agency, _ in self.agreed if agency.code == HOME_AGENCY), None)
        self.count = self.goal = 0

    def write(self, count: int) -> None:
        """Add journeys until `count` filings are written."""
        self.goal = count
        # a journey has more than one filing now and then
        for at in self._filing_times(round((count - self.count) * 0.87)):
            if self._is_room():
                self._journey(at)
        while self._is_room():
            for at in self._filing_times(1):
                self._journey(at)

    def _is_room(self) -> bool:
        return self.count < self.goal

    def walk_ins(self, count: int) -> None:
        """Add clients who come by themselves and are not heard of again."""
        for at in self._filing_times(count):
            self.walk_in(when_open(self.rng, at, self.project.zone), self.phones.next())

    def _filing_times(self, count: int) -> list[datetime]:
        """Weekends are busier, and so is the site from month to month."""
        days = list(days_of(self.log.start, self.log.end))
        weights = [
            (1.7 if day.astimezone(self.project.zone).weekday() >= 5 else 1.0) * (0.7 + 0.6 * place / len(days))
            for place, day in enumerate(days)
        ]
        chosen = self.rng.choices(days, weights, k=count)
        times = [moment(self.rng, day, self.project.zone, first=9, last=21) for day in chosen]
        return [at for at in times if self.log.start < at < self.log.end]

    def _journey(self, at: datetime) -> None:
        fate = self.rng.random()
        if fate < 0.045:
            return self._refused_filing(at, fate)
        agency, broker = self.someone(at.astimezone(self.project.zone).date())
        phone = self.phones.next()
        if fate < 0.085:
            earlier = at - self.rng.uniform(1, 25) * timedelta(days=1)
            self.walk_in(when_open(self.rng, earlier, self.project.zone), phone)
        filed = self.file(at, agency, broker, phone=phone)
        if fate > 0.975:
            self.log.add(
                at + self.rng.uniform(1, 40) * HOUR, "withdraw", self.project.code, filed.key,
                reason=self.rng.choice(names.WITHDRAWALS),
            )  # fmt: skip
        elif fate < 0.39:
            self._comes(filed)
        if self.rng.random() < 0.12 and fate < 0.95 and self._is_room():
            self._rival(filed)
        if 0.95 < fate < 0.965 and self._is_room():
            self.file(at + self.rng.uniform(1, 20) * HOUR, agency, broker, phone=phone, client=filed.client)

    def someone(self, day: date) -> tuple[AgencySpec, BrokerSpec]:
        """A broker of an agency with an agreement in force; few file most, the demo's own among them."""
        if self.home is not None and self.rng.random() < 0.04:
            return self.home, self.home.brokers[HOME_BROKER]
        in_force = [
            agency
            for agency, agreement in self.agreed
            if agreement.from_on <= day and (agreement.to_on is None or day <= agreement.to_on or agreement.auto_renew)
        ]
        agency = self.rng.choice(in_force or [agency for agency, _ in self.agreed])
        place = min(int(self.rng.expovariate(1.2) * len(agency.brokers) / 3), len(agency.brokers) - 1)
        return agency, agency.brokers[place]

    def file(
        self, at: datetime, agency: AgencySpec, broker: BrokerSpec, *, phone: str, client: str = "", **facts: Any
    ) -> Filed:
        """Write one filing; its phones as the project takes them."""
        filed = Filed(
            f"{self.project.code}-{len(self.filed) + 1:05d}", self.project, agency, broker,
            client or names.person(self.rng), phone, at,
        )  # fmt: skip
        self.filed.append(filed)
        given = [phone]
        if self.rng.random() < 0.05 and "phones" not in facts:
            given.append(self.phones.next())
        facts.setdefault("phones", [masked(one) for one in given] if self.is_masked else given)
        facts.setdefault("note", self.rng.choice(names.NOTES))
        self.count += self.log.add(
            at, "file", self.project.code, filed.key,
            broker=broker.key, client=filed.client, numbers=given,
            party=self.rng.choice((None, 1, 2, 2, 3, 4)), **facts,
        )  # fmt: skip
        return filed

    @property
    def is_masked(self) -> bool:
        return bool(self.project.rules["phone_mode"] == "masked")

    def walk_in(self, at: datetime, phone: str, client: str = "") -> None:
        self.log.add(
            at, "natural_visit", self.project.code, phone, phone=phone, client=client or names.person(self.rng)
        )

    def _visit_time(self, filed: Filed) -> datetime:
        """A time when the site is open, after the lead time and mostly before the filing lapses."""
        rules, rng = self.project.rules, self.rng
        within = rules["visit_within_hours"] or 240
        earliest = rules["lead_time_minutes"] / 60 + 0.2
        at = when_open(rng, filed.at + rng.uniform(earliest, max(earliest + 1, within - 14)) * HOUR, self.project.zone)
        return at if at < filed.at + within * HOUR else filed.at + rng.uniform(earliest, within) * HOUR

    def _comes(self, filed: Filed) -> None:
        rng, code = self.rng, self.project.code
        at = self._visit_time(filed)
        troubled = rng.random()
        if troubled < 0.03 and self.project.rules["lead_time_minutes"]:
            override = rng.choice(names.OVERRIDES) if rng.random() < 0.4 else ""
            self.visit(filed, filed.at + timedelta(minutes=rng.randrange(8, 50)), override=override)
        elif troubled < 0.07 and self.project.rules["visit_within_hours"]:
            late = filed.at + (self.project.rules["visit_within_hours"] + rng.uniform(1, 20)) * HOUR
            at = when_open(rng, late, self.project.zone)
            self.visit(filed, at, override=rng.choice(names.OVERRIDES) if rng.random() < 0.5 else "")
            return
        self.visit(filed, at)
        if rng.random() < 0.06:
            self.log.add(at + rng.uniform(1, 60) * HOUR, "add_phone", code, filed.key, phone=self.phones.next())
        if rng.random() < 0.14:
            self.visit(filed, when_open(rng, at + rng.uniform(3, 14) * timedelta(days=1), self.project.zone))

    def visit(self, filed: Filed, at: datetime, *, override: str = "") -> None:
        filed.visited_at = filed.visited_at or at
        self.log.add(at, "visit", self.project.code, filed.key, override=override)

    def _rival(self, filed: Filed) -> None:
        """Another broker files the same client, sometimes contests the answer, sometimes comes along."""
        rng = self.rng
        at = filed.at + rng.uniform(2, 14 * 24) * HOUR
        if at >= self.log.end:
            return
        agency, broker = self.someone(at.astimezone(self.project.zone).date())
        if broker.key == filed.broker.key:
            return
        rival = self.file(at, agency, broker, phone=filed.phone, client=filed.client)
        filed.rivals.append(rival)
        if rng.random() < 0.35:
            self._comes(rival)
        if rng.random() < 0.10:
            self._dispute(rival)

    def _dispute(self, rival: Filed) -> None:
        rng, code = self.rng, self.project.code
        at = rival.at + rng.uniform(2, 100) * HOUR
        self.log.add(at, "dispute", code, rival.key, agency=rival.agency.code, text=rng.choice(names.CONTESTS))
        self.log.add(at + rng.uniform(1, 9) * timedelta(days=1), "close_dispute", code, rival.key,
                     decision=rng.choice(names.UPHELD))  # fmt: skip

    def _refused_filing(self, at: datetime, fate: float) -> None:
        """Filings that the first checks refuse: an own phone, no phone, no agreement, too many in a day."""
        rng = self.rng
        agency, broker = self.someone(at.astimezone(self.project.zone).date())
        if fate < 0.008:
            self.file(at, agency, broker, phone=broker.phone)
        elif fate < 0.018:
            typed = "1800000" if not self.is_masked else "18000001234"
            self.file(at, agency, broker, phone=self.phones.next(), phones=[typed])
        elif fate < 0.028 and self.strangers:
            stranger = rng.choice(self.strangers)
            self.file(at, stranger, stranger.brokers[0], phone=self.phones.next())
        else:
            limit = self.project.rules["daily_filing_limit"]
            for place in range(limit + 2 if limit and fate > 0.041 else 1):
                if self._is_room():
                    self.file(at + timedelta(minutes=4 * place), agency, broker, phone=self.phones.next())
