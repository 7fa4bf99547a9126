"""Who and what the history is about, before anything happens: written from the seed, no database."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from brokers.states import AgencyKind
from commissions.demo import names
from commissions.demo.phones import PhoneBook

SHANGHAI, HONG_KONG = "Asia/Shanghai", "Asia/Hong_Kong"
CONSULTANTS_PER_PROJECT = 4
# of forty agencies
KINDS = ((AgencyKind.ONSITE, 4), (AgencyKind.REFERRAL, 24), (AgencyKind.COMMUNITY, 8), (AgencyKind.PLATFORM, 4))


@dataclass(frozen=True)
class CompanySpec:
    code: str
    name: str
    address: str
    tax_number: str
    timezone: str = SHANGHAI
    minimum: int = 0


@dataclass(frozen=True)
class ProjectSpec:
    """A project; `weight` is its part of the filings and deals, `ready` that homes can be handed over soon."""

    code: str
    name: str
    city: str
    district: str
    company: str
    policy: dict[str, Any]
    weight: float
    price_per_m2: int
    timezone: str = SHANGHAI
    currency: str = "CNY"
    ready: bool = False
    later_policy: dict[str, Any] = field(default_factory=dict)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def rules(self) -> dict[str, Any]:
        """The policy with what it leaves out at its usual value."""
        usual = {"visit_within_hours": 72, "lead_time_minutes": 60, "phone_mode": "full", "lookback_days": 90}
        return {**usual, "daily_filing_limit": None, "proxy_purchase": False, **self.policy}


@dataclass(frozen=True)
class BrokerSpec:
    key: str
    name: str
    phone: str
    store: str
    is_manager: bool


@dataclass(frozen=True)
class AgreementSpec:
    """`state`: approved, draft or ended."""

    project: str
    from_on: date
    to_on: date | None
    auto_renew: bool
    state: str


@dataclass(frozen=True)
class AgencySpec:
    code: str
    name: str
    kind: AgencyKind
    brokers: tuple[BrokerSpec, ...]
    agreements: tuple[AgreementSpec, ...]
    bank: str
    account: str


@dataclass(frozen=True)
class Cast:
    companies: tuple[CompanySpec, ...]
    projects: tuple[ProjectSpec, ...]
    agencies: tuple[AgencySpec, ...]

    def project(self, code: str) -> ProjectSpec:
        return next(project for project in self.projects if project.code == code)


COMPANIES = (
    CompanySpec("LAKECO", "金湖置地（示例） Golden Lake Holdings (demo)", "示例路 1 号 1 Example Road", "DEMO-0001"),
    CompanySpec(
        "TIDECO",
        "听潮置业（示例） Tidewater Estates (demo)",
        "示例路 2 号 2 Example Road",
        "DEMO-0002",
        minimum=500,
    ),
    CompanySpec(
        "BAYCO",
        "星屿发展（示例） Star Islet Development (demo)",
        "示例道 3 号 3 Example Street",
        "DEMO-0003",
        timezone=HONG_KONG,
    ),
)

PROJECTS = (
    ProjectSpec(
        "LAKE", "金色湖岸 Golden Lake", "云州市", "湖东区", "LAKECO",
        {"exclusive_from": "visit", "protection_days": 30, "window_end": "exact", "visit_within_hours": 72,
         "lead_time_minutes": 60, "revisit_extends": True, "max_protection_days": 60},
        weight=0.24, price_per_m2=21_000, ready=True,
    ),
    ProjectSpec(
        "HILL", "云杉山 Spruce Hill", "云州市", "北山区", "LAKECO",
        {"exclusive_from": "filing", "protection_days": 15, "window_end": "end_of_day", "visit_within_hours": 72,
         "lead_time_minutes": 0, "daily_filing_limit": 6},
        weight=0.16, price_per_m2=15_500, ready=True,
    ),
    ProjectSpec(
        "PARK", "拾光公园里 Parkside", "云州市", "新城区", "LAKECO",
        {"exclusive_from": "visit", "protection_days": 60, "window_end": "end_of_day", "visit_within_hours": 168,
         "lead_time_minutes": 60, "phone_mode": "masked"},
        weight=0.12, price_per_m2=18_800,
    ),
    ProjectSpec(
        "TIDE", "听潮里 Tidewater Lane", "海屿市", "滨海区", "TIDECO",
        {"exclusive_from": "never", "visit_within_hours": None, "lead_time_minutes": 60, "lookback_days": 0,
         "credit_days": 60, "proxy_purchase": True},
        weight=0.20, price_per_m2=12_300, ready=True,
    ),
    ProjectSpec(
        "SOUTH", "南风苑 South Wind Court", "海屿市", "南湾区", "TIDECO",
        {"exclusive_from": "filing", "protection_days": 15, "window_end": "exact", "visit_within_hours": 120,
         "lead_time_minutes": 60, "revisit_extends": True, "max_protection_days": 45, "lookback_days": 30},
        weight=0.16, price_per_m2=9_900, later_policy={"protection_days": 30, "max_protection_days": 90},
    ),
    ProjectSpec(
        "BAY", "星屿湾 Star Islet Bay", "香港", "离岛", "BAYCO",
        {"exclusive_from": "visit", "protection_days": 30, "window_end": "end_of_day", "visit_within_hours": 96,
         "lead_time_minutes": 180, "proxy_purchase": True},
        weight=0.12, price_per_m2=145_000, timezone=HONG_KONG, currency="HKD",
    ),
)  # fmt: skip

# the agency of the demo's broker and agency manager, the first after the on-site ones, and where they sell
HOME_AGENCY, HOME_PROJECTS = "A05", ("LAKE", "HILL", "SOUTH")
# its broker -01 signs in as `broker`, its manager -00 as `agency_admin`
HOME_BROKER = 1


def write_cast(rng: Random, *, scale: float, today: date, start: date, phones: PhoneBook) -> Cast:
    """Return the people and agreements of a demo of that scale; projects are always six."""
    counts = {kind: max(3, round(of_forty * scale)) for kind, of_forty in KINDS}
    # on-site agencies are as many as the sites take
    counts[AgencyKind.ONSITE] = 4
    kinds = [kind for kind, count in counts.items() for _ in range(count)]
    people = _people_per_agency(kinds, total=max(2 * len(kinds), round(300 * scale)))
    agencies = []
    for index, kind in enumerate(kinds):
        code = f"A{index + 1:02d}"
        of_kind = kinds[:index].count(kind)
        agencies.append(
            AgencySpec(
                code=code,
                name=names.agency(of_kind, kind),
                kind=kind,
                brokers=tuple(_broker(rng, code, n, phones) for n in range(people[index])),
                agreements=tuple(_agreements(rng, code, kind, of_kind, counts[kind], today, start)),
                bank=rng.choice(names.BANKS),
                account=f"6200 0000 {rng.randrange(10**8):08d}",
            )
        )
    return Cast(COMPANIES, PROJECTS, tuple(agencies))


def _people_per_agency(kinds: list[AgencyKind], *, total: int) -> list[int]:
    """Lay the brokers over the agencies, at least two each; an on-site agency has few."""
    weights = [1 if kind == AgencyKind.ONSITE else 4 for kind in kinds]
    spread = total - 2 * len(kinds)
    people = [2 + spread * weight // sum(weights) for weight in weights]
    for place in range(total - sum(people)):
        people[-1 - place % len(people)] += 1
    return people


def _broker(rng: Random, agency: str, number: int, phones: PhoneBook) -> BrokerSpec:
    store = "" if number == 0 else rng.choice(names.STORES[: 2 + len(agency) % 3])
    return BrokerSpec(f"{agency}-{number:02d}", names.person(rng), phones.next(), store, is_manager=number == 0)


def _agreements(
    rng: Random, code: str, kind: AgencyKind, of_kind: int, count: int, today: date, start: date
) -> list[AgreementSpec]:
    """An on-site agency has its own sites; the others a few projects each; some ends are near, some drafts wait."""
    codes = [project.code for project in PROJECTS]
    if kind == AgencyKind.ONSITE:
        own = [one for place, one in enumerate(codes) if place % count == of_kind]
        return [AgreementSpec(one, start, None, False, "approved") for one in own]
    if code == HOME_AGENCY:
        chosen = list(HOME_PROJECTS)
    elif kind == AgencyKind.PLATFORM:
        chosen = codes
    else:
        chosen = sorted(rng.sample(codes, rng.choice((2, 3, 3, 4))))
    found = [_agreement(rng, one, today, start) for one in chosen]
    others = [one for one in codes if one not in chosen]
    if others and rng.random() < 0.14:
        found.append(AgreementSpec(others[0], today, today + timedelta(days=365), False, "draft"))
    elif others and rng.random() < 0.08:
        found.append(AgreementSpec(others[0], start, today + timedelta(days=90), False, "ended"))
    return found


def _agreement(rng: Random, project: str, today: date, start: date) -> AgreementSpec:
    kind = rng.random()
    if kind < 0.10:
        return AgreementSpec(project, start, today + timedelta(days=rng.randrange(2, 15)), False, "approved")
    if kind < 0.30:
        return AgreementSpec(project, start, today - timedelta(days=rng.randrange(5, 60)), True, "approved")
    return AgreementSpec(project, start, today + timedelta(days=rng.randrange(60, 400)), kind < 0.6, "approved")
