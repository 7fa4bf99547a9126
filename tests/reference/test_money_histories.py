"""Random histories of money, played step by step through the services and the naive reference at once.

Sales, payments, refunds, handovers, cancellations, decisions, runs whenever, payouts of which lines fail, repayments
and write-offs: both come to the same, to the cent, and the proof of the ledger finds nothing. REFERENCE_HISTORIES says
how many (default 6); REFERENCE_SEED draws others.
"""

import json
import os
import secrets
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from channels_platform.lib import clock
from channels_platform.lib.crypto import separate_index
from channels_platform.lib.errors import Invalid, NotAllowed
from commissions.models import Payee
from commissions.proof.verify import verify
from commissions.replay import reader, runner
from commissions.replay.report import build_report
from commissions.services.debts import ask_write_off, decide_write_off, record_repayment
from commissions.services.payouts import approve_batch, attach_invoice, draft_batch, pay_batch, submit_batch
from commissions.services.runs import run_commissions
from tests.reference.commission import Books, rounded
from tests.reference.draws import STARTS, ZONES, agencies_of, policy_of
from tests.reference.plans import plans_of
from tests.reference.protection import Refused, Site
from tests.reference.reference import _text, happen, money
from tests.services.leads.histories import undone

HISTORIES = int(os.environ.get("REFERENCE_HISTORIES", "6"))
SEED = os.environ.get("REFERENCE_SEED")
BROKERS = (("B1",), ("B1",), ("B2",), ("C1",), ("I1",), ("B1", "C1"), ("B1", "B2", "I1"), ())
EASY = {"phone_mode": "full", "lead_time_minutes": 0, "lookback_days": 0, "daily_filing_limit": None}
gaps = st.sampled_from([timedelta(hours=hours) for hours in (0, 1, 24, 24 * 10, 24 * 40)])
places = st.integers(0, 9)
WAYS = ((), ("sign",), ("sign", "collect"), ("sign", "collect", "pay out"), ("sign", "collect", "pay out", "cancel"))
METHODS = ("lump_sum", "instalment", "mortgage")


class Money(RuleBasedStateMachine):
    """One project, known to the product and to the reference; each step happens to both."""

    def __init__(self):
        super().__init__()
        self.undone = ExitStack()
        self.undone.enter_context(separate_index(secrets.token_bytes(32)))
        self.undone.enter_context(undone())
        self.phones = self.papers = self.proven = 0

    def teardown(self):
        try:
            if hasattr(self, "cast"):
                self.compare()
        finally:
            self.undone.close()

    @initialize(random=st.randoms(use_true_random=False))
    def begin(self, random):
        zone = ZoneInfo(random.choice(ZONES))
        self.now = datetime.fromisoformat(random.choice(STARTS)).replace(hour=10, tzinfo=zone).astimezone(UTC)
        day = self.now.astimezone(zone).date()
        currency = random.choice(["CNY"] * 5 + ["JPY", "USD", "KWD"])
        scene = {
            "name": "money",
            "project": {"timezone": zone.key, "currency": currency, "policy": policy_of(random, True) | EASY},
            "agencies": agencies_of(random, day),
        }
        scene |= {"plans": plans_of(random, scene["agencies"], day, currency), "events": []}
        with TemporaryDirectory() as folder:
            path = Path(folder) / "scene.json"
            path.write_text(json.dumps(scene | {"as_of": self.now.isoformat()}), encoding="utf-8")
            scenario = reader.read_scenario(path)
        self.site = Site(scene)
        self.books = Books(self.site, scene)
        with clock.at(self.now):
            self.cast = runner._set_up(scenario)
        self.cast.deal_ranks = {f"D{n:03d}": n for n in range(1000)}

    def play(self, kind, **fields):
        """Let one event happen to both, and say whether they took it; they agree on that too."""
        raw = {"at": self.now.isoformat(), "type": kind, **fields}
        self.site.settle(self.now)
        expected = "ok"
        try:
            happen(self.site, self.books, raw)
        except Refused as why:
            expected = str(why)
        assert runner._play(self.cast, reader._event(raw, "event"), prefix=self.cast.project.code) == expected
        return expected == "ok"

    def deal(self, place, *states):
        found = [deal for deal in self.site.deals.values() if deal.state in states]
        return found[place % len(found)] if found else None

    def has(self, *states):
        return any(deal.state in states for deal in self.site.deals.values())

    def text(self, amount):
        return _text(amount, self.site.decimals)

    @rule(gap=gaps, brokers=st.sampled_from(BROKERS), price=st.integers(500_000, 3_000_000), cents=st.integers(0, 99),
          method=st.sampled_from(METHODS), way=st.sampled_from(WAYS))  # fmt: skip
    def sell(self, gap, brokers, price, cents, method, way):
        """Sell to clients of these brokers, and take the deal some way: to its contract, its money, its end."""
        self.now += gap
        phones = []
        for broker in brokers:
            self.phones += 1
            name, phone = f"R{self.phones:03d}", f"138{self.phones:08d}"
            if self.play("file", referral=name, broker=broker, phones=[phone]):
                self.play("visit", referral=name)
                phones.append(phone)
        self.phones += 1
        name, whole = f"D{len(self.site.deals):03d}", self.site.money(str(price))
        whole += rounded(self.site.money("1") * cents / 100, self.site.decimals)
        first = whole if method == "lump_sum" else self.site.money("150000")
        terms = {"price": self.text(whole), "method": method, "first_payment_amount": self.text(first)}
        if not self.play("subscribe", deal=name, buyers=phones or ["13900000001"], **terms) or "sign" not in way:
            return
        self.play("contract", deal=name)
        if "collect" in way:
            self.collect(self.site.deals[name])
        if "pay out" in way:
            self.pay_all(())
        if "cancel" in way:
            self.play("cancel", deal=name)

    def collect(self, deal):
        for source, amount in (("loan", deal.loan or 0), ("own", deal.price - (deal.loan or 0))):
            if amount:
                self.papers += 1
                reference = f"in {self.papers}"
                self.play("payment", deal=deal.name, amount=self.text(amount), source=source, reference=reference)

    @precondition(lambda self: self.has("subscribed"))
    @rule(gap=gaps, place=places)
    def sign(self, gap, place):
        self.now += gap
        self.play("contract", deal=self.deal(place, "subscribed").name)

    @precondition(lambda self: self.has("contracted"))
    @rule(gap=gaps, place=places)
    def hand_over(self, gap, place):
        self.now += gap
        self.play("handover", deal=self.deal(place, "contracted").name)

    @precondition(lambda self: self.has("subscribed", "contracted"))
    @rule(gap=gaps, place=places)
    def cancel(self, gap, place):
        self.now += gap
        self.play("cancel", deal=self.deal(place, "subscribed", "contracted").name)

    @precondition(lambda self: self.has("subscribed", "contracted", "handed_over"))
    @rule(gap=gaps, place=places, what=st.sampled_from(["all", "all", "first", "loan", "refund"]))
    def receive(self, gap, place, what):
        self.now += gap
        deal = self.deal(place, "contracted", "handed_over") or self.deal(place, "subscribed")
        first = deal.first_payment
        amount = {"all": deal.price, "first": first, "loan": deal.loan, "refund": -first}[what]
        self.papers += 1
        self.play("payment", deal=deal.name, amount=self.text(amount or deal.price),
                  source="loan" if what == "loan" else "own", reference=f"in {self.papers}")  # fmt: skip

    @precondition(lambda self: self.has("subscribed", "contracted") and len(self.site.referrals) > 1)
    @rule(gap=gaps, place=places, other=places, halved=st.booleans())
    def decide(self, gap, place, other, halved):
        self.now += gap
        names = list(self.site.referrals)
        first, second = names[other % len(names)], names[(other + 1) % len(names)]
        shares = [(first, "1/2"), (second, "1/2")] if halved else [(first, "1")]
        self.play("decide", deal=self.deal(place, "subscribed", "contracted").name,
                  shares=[{"referral": name, "fraction": part} for name, part in shares])  # fmt: skip

    @rule()
    def run(self):
        with clock.at(self.now):
            run_commissions(project=self.cast.project)

    @rule(gap=gaps, failing=st.sets(st.sampled_from(["A1", "A2", "S1", "B1", "I1"]), max_size=2))
    def pay_out(self, gap, failing):
        self.now += gap
        self.pay_all(failing)

    def pay_all(self, failing):
        self.site.settle(self.now)
        self.books.payout(failing)
        cast = self.cast
        with clock.at(self.now):
            run_commissions(project=cast.project)
            try:
                batch = draft_batch(actor=cast.finance, company=cast.project.company, currency=cast.project.currency)
            except NotAllowed as refusal:
                assert refusal.code == "nothing_payable"
                return
            lines = list(batch.lines.select_related("payee"))
            for line in lines:
                if not line.payee.is_individual:
                    paper = {"number": f"{line.pk}", "amount": line.gross, "vat_rate": "0.06"}
                    attach_invoice(actor=cast.finance, line=line, **paper)
            submit_batch(actor=cast.finance, batch=batch)
            approve_batch(actor=cast.approver, batch=batch)
            results = [
                {"line": line.pk, "bank_reference": "bank", "failed": self.name(line.payee) in failing}
                for line in lines
            ]
            pay_batch(actor=cast.finance, batch=batch, results=results)

    def name(self, payee):
        known = {party.pk: name for name, party in [*self.cast.agencies.items(), *self.cast.brokers.items()]}
        return known[payee.agency_id or payee.broker_id]

    def debts(self):
        owed = self.books.owed(self.books.rows())
        found = {payee: -self.books.balance(payee, owed) for payee in sorted({key[1] for key in owed})}
        return [(payee, debt) for payee, debt in found.items() if debt > 0]

    @precondition(lambda self: self.debts())
    @rule(gap=gaps, place=places, percent=st.integers(1, 100), repaid=st.booleans())
    def settle(self, gap, place, percent, repaid):
        """Pay back, or give up, part of a debt; a cent more than it is refused."""
        self.now += gap
        debts = self.debts()
        name, debt = debts[place % len(debts)]
        amount = rounded(debt * percent / 100, self.site.decimals) or debt
        party = self.cast.agencies.get(name) or self.cast.brokers[name]
        payee = Payee.objects.get(**{"agency" if name in self.cast.agencies else "broker": party})
        about = {"actor": self.cast.finance, "payee": payee, "project": self.cast.project}
        self.papers += 1
        with clock.at(self.now):
            run_commissions(project=self.cast.project)
            with pytest.raises(Invalid):
                too_much = Decimal(self.text(debt)) + Decimal(1).scaleb(-self.site.decimals)
                record_repayment(amount=too_much, reference="too much", **about)
            if repaid:
                record_repayment(amount=Decimal(self.text(amount)), reference=f"back {self.papers}", **about)
            else:
                asked = ask_write_off(amount=Decimal(self.text(amount)), reason="small", **about)
                decide_write_off(actor=self.cast.approver, write_off=asked, approve=True)
        (self.books.repay if repaid else self.books.give_up)(name, amount)

    @invariant()
    def nothing_differs_but_what_waits_for_a_run(self):
        if self.papers >= self.proven + 4:
            self.proven = self.papers
            with clock.at(self.now):
                assert [one for one in verify().differences if one.check != "run_overdue"] == []

    def compare(self):
        self.site.settle(self.now)
        with clock.at(self.now):
            run_commissions(project=self.cast.project)
            report = build_report(self.cast, [])
            assert verify().differences == []
        assert {name: report[name] for name in ("commissions", "payees")} == money(self.books)


@pytest.mark.django_db
def test_a_random_history_of_money_comes_to_what_the_reference_says():
    few = settings(
        max_examples=HISTORIES,
        stateful_step_count=20,
        deadline=None,
        derandomize=SEED is None,
        database=None,
        phases=[Phase.generate],  # to shrink a history takes longer than to read it
        suppress_health_check=list(HealthCheck),
    )
    machine = seed(int(SEED))(Money) if SEED else Money
    run_state_machine_as_test(machine, settings=few)
