"""Random histories: few phones and few brokers, so that they meet, and instants that fall on the rules' own bounds.

`history(random)` takes anything with the methods of `random.Random` and draws one scenario from it: the same draws,
the same scenario. While it draws it plays the events to the reference, only to aim well: at who is live, at
which deal is open, at the instant at which something ends.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.reference.draws import BROKEN, FRACTIONS, INVALID, MASKS, OWN, PHONES, STARTS, ZONES, agencies_of, policy_of
from tests.reference.plans import plans_of
from tests.reference.protection import LIVE, Refused, Site
from tests.reference.reference import happen

SECOND = timedelta(seconds=1)
CLIENTS = ["file", "again", "visit", "visit", "revisit", "revisit", "add_phone"] * 2
CLIENTS += [
    "late",
    "late",
    "natural_visit",
    "natural_visit",
    "withdraw",
    "policy",
    "subscribe",
    "subscribe",
    "cancel",
    "decide",
]
MONEY = ["sale", "contract", "payment"] * 3
MONEY += ["payout", "payout", "handover", "cancel", "decide", "subscribe", "file", "visit", "policy"]


def history(random, most=40):
    """Return one scenario of so many steps at most; some steps are several events."""
    return _History(random).scenario(most)


class _History:
    def __init__(self, random):
        self.r = random
        self.money = self.one_in(2)  # about money: most clients come and buy; else about who holds whom
        zone = random.choice(ZONES)
        self.project = {
            "code": "P1",
            "timezone": zone,
            "currency": random.choice(["CNY"] * 5 + ["JPY", "USD", "KWD"]),
            "policy": policy_of(random, self.money),
        }
        self.zone = ZoneInfo(zone)
        local = datetime.fromisoformat(random.choice(STARTS)).replace(tzinfo=self.zone)
        self.now = local.astimezone(UTC) + timedelta(hours=random.randint(8, 20))
        self.scene = {
            "name": "a random history",
            "project": self.project,
            "agencies": agencies_of(random, local.date()),
        }
        self.scene["plans"] = plans_of(random, self.scene["agencies"], local.date(), self.project["currency"])
        if self.one_in(3):
            self.scene["broker_phones"] = {random.choice(["B2", "C1"]): random.choice([OWN, "138 0000 0090"])}
        self.site = Site(self.scene)
        self.events = self.scene["events"] = []
        self.filed = []  # broker and phones
        self.deal_names = [f"D{n}" for n in range(1, 13)]
        random.shuffle(self.deal_names)

    def one_in(self, n):
        return self.r.randint(1, n) == 1

    def scenario(self, most):
        for _ in range(self.r.randint(5, most)):
            self._move()
            kind = self.r.choice(MONEY if self.money else self.r.choice([CLIENTS, CLIENTS, MONEY]))
            if kind in ("contract", "handover", "cancel"):
                self._add(kind, deal=self._deal("subscribed" if kind == "contract" else "contracted"))
            else:
                getattr(self, f"_{kind}_event")()
        self._move()
        self.scene["as_of"] = self._stamp()
        return self.scene

    def _stamp(self):
        return self.now.astimezone(self.r.choice([self.zone, UTC, ZoneInfo("Asia/Shanghai")])).isoformat()

    def _bounds(self):
        """Return the instants at which something turns."""
        bounds = [when + timedelta(days=self.site.policy["lookback_days"]) for when, _ in self.site.natural]
        for referral in self.site.referrals.values():
            bounds += [bound for bound in (referral.lapses_at, referral.end) if bound]
            bounds.append(referral.filed_at + timedelta(minutes=referral.policy["lead_time_minutes"]))
            bounds += [claim.end for claim in referral.claims]
            if referral.policy["credit_days"]:
                bounds += [visit + timedelta(days=referral.policy["credit_days"]) for visit in referral.visits]
        return sorted({bound for bound in bounds if bound >= self.now})

    def _move(self):
        """Stay at this instant, go to a coming bound or beside it, to a local midnight, or some way on."""
        way, target = self.r.randint(1, 20), self.now
        bounds = self._bounds() if 9 <= way <= 13 else []
        if bounds:
            target = self.r.choice(bounds[:3]) + self.r.choice([timedelta(0), timedelta(0), -SECOND, SECOND])
        elif 13 <= way <= 14:
            target = self._midnight() + self.r.choice([timedelta(0), -SECOND])
        elif 15 <= way <= 18:
            target += timedelta(minutes=self.r.choice([1, 30, 60, 180, 600, 0.01]))
        elif way > 18:
            target += timedelta(hours=self.r.choice([24, 24, 24, 24, 48, 48, 48, 24 * 7, 24 * 30]))
        self._pass(target - self.now)

    def _pass(self, span):
        self.now = max(self.now, (self.now + span).astimezone(UTC))
        self.site.settle(self.now)

    def _midnight(self):
        local = self.now.astimezone(self.zone)
        night = datetime(local.year, local.month, local.day, tzinfo=self.zone)
        if self.one_in(3):
            return (night.replace(day=1) + timedelta(days=32)).replace(day=1)
        return night + timedelta(days=1)

    def _add(self, kind, **fields):
        """Write an event down; return whether the reference takes it."""
        event = {"at": self._stamp(), "type": kind, **fields}
        self.events.append(event)
        try:
            if kind != "payout":
                happen(self.site, None, event)
        except Refused:
            return False
        return True

    def _referral(self, *states):
        """Return a referral in one of these states, seldom any; None where there is none."""
        names = list(self.site.referrals)
        if self.one_in(50):
            return "R99"
        if not self.one_in(8):
            names = [name for name in names if self.site.referrals[name].state in states]
        return self.r.choice(names[-5:]) if names else None

    def _deal(self, *states):
        names = list(self.site.deals)
        if not names or self.one_in(50):
            return "D99"
        fitting = [name for name in names if self.site.deals[name].state in states]
        return self.r.choice(fitting if fitting and not self.one_in(8) else names)

    def _again_event(self):
        self._file_event(self.r.choice(self.filed[-4:]) if self.filed else None)

    def _file_event(self, again=None):
        """File a client; return the referral's name if it is taken."""
        name = (self.one_in(40) and self._referral("visited")) or f"R{len(self.site.referrals) + 1}"
        masked = self.site.policy["phone_mode"] == "masked"
        if masked != self.one_in(30):
            phones = [self.r.choice(MASKS) for _ in range(self.r.choice([1, 1, 2]))]
        else:
            phones = [self._phone() for _ in range(self.r.choice([1, 1, 1, 2, 3]))]
        if self.one_in(20):
            phones[-1] = self.r.choice([OWN, OWN, *INVALID])
        broker = "Z9" if self.one_in(50) else self.r.choice(["B1", "B1", "B2", "C1", "I1"])
        if again:
            broker, phones = self.r.choice([again[0], again[0], broker]), again[1]
        self.filed.append((broker, phones))
        return name if self._add("file", referral=name, broker=broker, phones=phones) else None

    def _phone(self):
        """Return a phone that others may have filed too, or where it is about money more often a fresh one."""
        if self.money and not self.one_in(3):
            return f"1380000{len(self.events) + 1000}"
        return self.r.choice(PHONES)

    def _visit_event(self, name=None, override=False):
        name = name or self._referral("filed")
        if name is None:
            return self._file_event()
        fields = {"referral": name}
        referral = self.site.referrals.get(name)
        if referral and referral.masks:
            middles = ["0000", "0000", "0001"]
            fields["phones"] = [mask[:3] + self.r.choice(middles) + mask[-4:] for mask in referral.masks]
            if self.one_in(12):
                fields["phones"] = self.r.choice([["13800000009"], [*fields["phones"], "13800000001"], ["12"], []])
        if override or self.one_in(6):
            fields |= {"override": True, "reason": "seen on camera"}
        taken = self._add("visit", **fields)
        if taken and not self.money and self.one_in(8):  # the visit's own instant is no later visit
            self._add("natural_visit", phone=self.r.choice(self.site.referrals[name].phones))
        return taken

    def _late_event(self):
        name = self._referral("lapsed")
        if name in self.site.referrals:
            phones = self.site.referrals[name].phones
            if phones and self.one_in(3):  # somebody else has come for the client meanwhile
                self._file_event((self.r.choice(["B2", "C1"]), phones))
            self._visit_event(name, override=not self.one_in(5))

    def _revisit_event(self):
        """Have somebody come again on a later day."""
        name = self._referral("visited")
        if name and self.one_in(2):
            self._pass(self._midnight() - self.now + timedelta(hours=self.r.choice([0, 9])))
        self._visit_event(name)

    def _sale_event(self):
        """File, visit, subscribe, contract and pay, each only if what was before it went well, some not at all."""
        name = self._file_event()
        if name is None:
            return
        self._pass(timedelta(minutes=self.site.policy["lead_time_minutes"]))
        if self._visit_event(name) and not self.one_in(5):
            self._subscribe_event(name)

    def _add_phone_event(self):
        name = self._referral(*LIVE)
        if name is None:
            return self._file_event()
        referral = self.site.referrals.get(name)
        phone = self.r.choice(PHONES)
        if referral and referral.masks and self.one_in(2):
            phone = self.r.choice(MASKS)
        if self.one_in(15):
            phone = self.r.choice([OWN, *INVALID])
        return self._add("add_phone", referral=name, phone=phone)

    def _natural_visit_event(self):
        phones = [phone for referral in self.site.referrals.values() for phone in referral.phones]
        phone = self.r.choice(phones if phones and self.one_in(2) else PHONES)
        self._add("natural_visit", phone="12345" if self.one_in(30) else phone)

    def _withdraw_event(self):
        self._add("withdraw", referral=self._referral(*LIVE) or "R99")

    def _policy_event(self):
        new = policy_of(self.r, self.money)
        changes = {name: new[name] for name in self.r.sample(sorted(new), self.r.randint(1, len(new)))}
        self._add("policy", policy=dict(self.r.choice(BROKEN)) if self.one_in(8) else changes)

    def _amount(self, units):
        """Return a number of minor units as text."""
        places = self.site.decimals
        sign, text = ("-" if units < 0 else ""), str(abs(units)).rjust(places + 1, "0")
        return sign + (f"{text[:-places]}.{text[-places:]}" if places else text)

    def _subscribe_event(self, client=None):
        taken = len(self.site.deals)
        name = self._deal() if self.one_in(30) or taken >= len(self.deal_names) else self.deal_names[taken]
        unit = 10**self.site.decimals
        price = self.r.choice([1000000, 1000000, 500000, 1500000, 20000000]) * unit
        price += self.r.choice([0, 0, 0, 1, -1, self.r.randint(1, 99999)])
        method = self.r.choice(["lump_sum", "instalment", "mortgage"])
        first = price if method == "lump_sum" else self.r.choice([price // 3, 300000 * unit])
        fields = {"deal": name, "price": self._amount(price), "method": method}
        fields["first_payment_amount"] = self._amount(first)
        if method == "mortgage" and self.one_in(3):
            fields["loan_amount"] = self._amount(self.r.choice([price - first, 200000 * unit]))
        known = [phone for referral in self.site.referrals.values() for phone in referral.phones][-5:]
        pool = known if known and not self.one_in(5) else PHONES
        if client and not self.one_in(4):
            pool = self.site.referrals[client].phones
        fields["buyers"] = [self.r.choice(pool) for _ in range(self.r.choice([1, 1, 2, 2, 3]))]
        if self.one_in(40):
            fields["buyers"] = ["12345"]
        if self.one_in(3):
            fields["visitor"] = self._referral("visited") or "R99"
        if not self.one_in(3):
            home = {"type": ["T2", "T3", ""], "building": ["1", "2"], "area": ["89.99", "90", "120.50"]}
            fields["unit"] = {name: self.r.choice(values) for name, values in home.items()}
        if self._add("subscribe", **fields) and client and not self.one_in(4):
            self._add("contract", deal=name)
            if self.one_in(2):
                self._payment_event(name)

    def _payment_event(self, name=None):
        name = name or self._deal("contracted", "handed_over")
        deal = self.site.deals.get(name)
        sums = (deal.price, deal.first_payment, deal.loan or 1) if deal else (9, 9, 9)
        price, first, loan = (int(amount * 10**self.site.decimals) for amount in sums)
        amount = self.r.choice([price, price, first, price - first, loan, first - 1, 1, -1, -first, -price])
        fields = {"deal": name, "amount": self._amount(amount or 1)}
        if not self.one_in(3):
            fields["source"] = self.r.choice(["own", "own", "loan", "loan", "provident_fund"])
        if self.one_in(4):
            fields["reference"] = self.r.choice(["bank-1", "bank-2", "bank-3", "bank-4", "bank-5"])
        self._add("payment", **fields)

    def _decide_event(self):
        name, names = self._deal("subscribed", "contracted"), list(self.site.referrals)
        fractions = self.r.choice(FRACTIONS)
        if len(names) < len(fractions):
            return
        names = self.r.sample(names, len(fractions))
        winners = list(self.site.deals[name].shares) if name in self.site.deals else []
        if names and winners and self.one_in(3) and winners[0] not in names:
            names[0] = winners[0]
        if names and self.one_in(25):
            names[0] = "R99"
        shares = [{"referral": one, "fraction": part} for one, part in zip(names, fractions, strict=True)]
        self._add("decide", deal=name, shares=shares)

    def _payout_event(self):
        self._add("payout")
