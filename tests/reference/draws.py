"""What random histories are made of: spellings of few phones, policies, agencies."""

from datetime import timedelta

PHONES = [
    "13800000001",
    "13800000001",
    "138 0000 0001",
    "+8613800000001",
    "0086-138-0000-0001",
    "13800000002",
    "+86 138-0000-0002",
    "138-0000-0003",
    "13900000003",
    "13800010001",
    "+1 (212) 555-0123",
]
OWN = "13800000090"
INVALID = ["12345", "1380000000", "+1999", "138****0001", "someone"]
MASKS = ["138****0001", "138****0001", "138****0002", "139****0003", "138****0090"]
ZONES = ["Asia/Shanghai", "Asia/Shanghai", "America/New_York", "Europe/London", "Africa/Cairo", "Pacific/Auckland"]
# Starts a few days before clocks change, months, quarters and years end, so that histories run over them.
STARTS = ["2026-03-01", "2026-03-05", "2026-03-26", "2026-04-20", "2026-10-22", "2026-09-24", "2025-12-20"]
BROKEN = [{"protection_days": 0}, {"exclusive_from": "filing", "phone_mode": "masked"}, {"lookback_days": -1}]
FRACTIONS = [[], [], ["1"], ["1"], ["1"], ["1/2", "1/2"], ["1/3", "2/3"], ["0.25", "0.75"], ["1/3"] * 3]
FRACTIONS += [["1/2"], ["0", "1"]]  # refused


def policy_of(random, easy):
    """Return a policy; an easy one lets most clients through."""
    pick = random.choice
    mode = pick(["visit", "visit", "filing", "never"])
    days = pick([1, 2, 3, 7, 7, 15, 30])
    policy = {
        "exclusive_from": mode,
        "protection_days": days,
        "window_end": pick(["exact", "end_of_day"]),
        "visit_within_hours": pick([None, 1, 24, 72, 72, 72, days * 24]),
        "lead_time_minutes": pick([0, 0, 0, 60, 180]),
        "lookback_days": pick([0, 0, 1, 5, 90]),
        "revisit_extends": random.randint(1, 3) > 1,
        "max_protection_days": pick([None, None, days, days + 1, days * 2, 1]),
        "phone_mode": "masked" if mode != "filing" and random.randint(1, 4) == 1 else "full",
        "daily_filing_limit": pick([None, None, None, 1, 2, 4]),
        "credit_days": pick([None, 1, 3, 10]),
        "proxy_purchase": random.randint(1, 2) == 1,
    }
    if easy:
        policy |= {"daily_filing_limit": None, "lookback_days": 0, "protection_days": max(days, 7)}
        policy |= {"lead_time_minutes": pick([0, 0, 60]), "visit_within_hours": pick([None, 72])}
    return policy


def agencies_of(random, day):
    """Return agencies that begin to sell about this day."""
    agencies = [
        {"code": "A1", "kind": "referral", "brokers": ["B1", "B2"]},
        {"code": "A2", "kind": random.choice(["referral", "platform"]), "brokers": ["C1"]},
        {"code": "Q1", "kind": "community", "brokers": ["I1"]},
    ]
    if random.randint(1, 4) > 1:
        agencies.insert(0, {"code": "S1", "kind": "onsite", "brokers": []})
    if random.randint(1, 6) == 1:
        first, last = day - timedelta(days=random.randint(0, 9)), day + timedelta(days=random.randint(0, 9))
        dates = {"from": first.isoformat(), "to": last.isoformat()}
        dates.pop(random.choice(["from", "to", "neither"]), None)
        agencies[-2]["agreement"] = dates
    for agency in agencies:
        if random.randint(1, 3) > 1:
            agency["grades"] = _grades(random, day)
    return agencies


def _grades(random, day):
    """Return a history of grades that turns about this day."""
    grades, turn = [], day - timedelta(days=random.choice([0, 30]))
    for _ in range(random.choice([1, 1, 2, 3])):
        grades.append({"from": turn.isoformat(), "grade": random.choice(["A", "B", "C", None])})
        turn = max(turn, day) + timedelta(days=random.choice([1, 1, 2, 10]))
    return grades
