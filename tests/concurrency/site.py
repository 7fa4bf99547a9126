"""Who races: one project, two agencies with eight brokers each, and the keys they come with."""

from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import Any

from brokers.models import Broker
from channels_platform.accounts.models import User
from channels_platform.accounts.permissions import Role
from channels_platform.accounts.services.tokens import issue_token
from channels_platform.lib.phones import parse_phone
from channels_platform.privacy.services import keep_phones
from leads.models import Deal, Referral
from leads.services.deals import Buyer, contract_deal, subscribe_deal
from projects.models import Unit
from projects.services.units import create_unit
from tests.concurrency.processes import THREADS, Call
from tests.pages.world import World, broker, make_world, staff

PRICE = Decimal("1000000.00")


@dataclass
class Site:
    world: World
    brokers: list[Broker]
    keys: dict[Any, str] = field(default_factory=dict)
    serial: Any = field(default_factory=lambda: count(1))

    def key(self, user: User) -> str:
        if user.pk not in self.keys:
            self.keys[user.pk] = issue_token(user=user, actor=user)[1]
        return self.keys[user.pk]

    def phone(self) -> str:
        return f"1380000{next(self.serial):04d}"

    def known_phone(self) -> str:
        """A phone kept already: keeping a new one makes others wait, which is a lock by another name."""
        phone = self.phone()
        keep_phones([parse_phone(phone)])
        return phone

    def filings(self, phone: str) -> list[Call]:
        """Every broker files the same client."""
        body = {"project": self.world.project.code, "client_name": "张伟", "phones": [phone]}
        return [Call(self.key(one.user), "referrals/", body) for one in self.brokers]

    def arrivals(self, phone: str) -> list[Call]:
        """Every broker has filed the client; reception is told sixteen names at once."""
        filed = [self.world.file(one, phone) for one in self.brokers]
        assert {one.state for one in filed} == {"filed"}
        return [Call(self.key(self.world.reception), f"referrals/{one.pk}/visit/") for one in filed]

    def unit(self) -> Unit:
        number = str(next(self.serial))
        return create_unit(
            actor=None, project=self.world.project, building="1", number=number, area=Decimal(90), list_price=PRICE
        )

    def subscriptions(self, unit: Unit) -> list[Call]:
        """Sixteen buyers want one home."""
        marketing = self.key(self.world.site_manager)
        terms = {
            "project": self.world.project.code,
            "unit": str(unit.pk),
            "price": str(PRICE),
            "method": "lump_sum",
            "first_payment_amount": "0.00",
        }
        return [
            Call(marketing, "deals/", {**terms, "buyers": [{"name": "张伟", "phone": self.phone()}]})
            for _ in range(THREADS)
        ]

    def contracted(self) -> Deal:
        """One broker's client has bought and signed; nothing is paid."""
        phone = self.phone()
        referral: Referral = self.world.file(self.world.owner, phone)
        deal = subscribe_deal(
            actor=None,
            project=self.world.project,
            price=PRICE,
            method="lump_sum",
            first_payment_amount=Decimal(0),
            buyers=[Buyer("张伟", phone)],
        )
        assert [share.referral for share in deal.shares.all()] == [referral]
        return contract_deal(actor=None, deal=deal)

    def approvers(self) -> list[User]:
        return [
            staff(f"approver-{n}", Role.FINANCE_APPROVER, self.world.project, name=f"Zhou {n}") for n in range(THREADS)
        ]


def make_site(**rules: Any) -> Site:
    world = make_world(**rules)
    half = THREADS // 2
    ours = [broker(world.agency, f"ours-{n}", f"Ours {n}") for n in range(half)]
    theirs = [broker(world.rival, f"theirs-{n}", f"Theirs {n}") for n in range(half)]
    return Site(world, [*ours, *theirs])
