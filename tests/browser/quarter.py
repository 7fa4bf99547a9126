"""A quarter of Golden Lake for the story of it: who takes part, what is sold and paid, every figure worked out by hand.

Bright (Lin, Wu) earns 6 % of the price, 6.2 % of all of the quarter's once three units are sold; a tenth of what is
released waits for the handover. Its brokers have 3,000.00 in person for each deal. River (Qian) earns 2 %,
Hilltop, on site, 0.3 % of whatever is sold. Everything is released as the price is collected.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from brokers.models import Broker
from channels_platform.accounts.models import User
from channels_platform.accounts.permissions import Role
from channels_platform.lib import clock
from commissions.models import PayoutBatch, PayoutLine, Statement
from commissions.services.payouts import pay_batch, submit_batch
from leads.models import Deal
from tests.accounts_at_banks import open_account
from tests.cast import broker_of
from tests.services.commissions.cast import Cast, at, person

APRIL, MAY, JUNE = date(2026, 4, 1), date(2026, 5, 1), date(2026, 6, 1)
CASH = [{"name": "开盘现金奖", "amount": "3000.00", "to": "broker", "release": "contracted"}]

# Commission, rounded half up to the cent. Of Bright Homes a tenth is retained, the rest is payable.
#  deal  sold by, price             Bright 6 %   retained     payable      River 2 %    Hilltop 0.3 %
#  D1    Lin   1,280,000.00  April  76,800.00    7,680.00     69,120.00                 3,840.00
#  D2    Wu    1,234,567.89  April  74,074.07    7,407.41     66,666.66                 3,703.70
#  D3    Qian    999,999.99  April                                         20,000.00    3,000.00
# and with the third unit of the quarter at 6.2 %:
#  D1                               79,360.00    7,936.00     71,424.00    so 2,560.00 more, 256.00 of it retained
#  D2                               76,543.21    7,654.32     68,888.89    so 2,469.14 more, 246.91 of it retained
#  D4    Lin   1,500,000.00  May    93,000.00    9,300.00     83,700.00                 4,500.00
#  D5    Qian  2,000,000.00  May                                           40,000.00    6,000.00
#  D6    Wu    1,111,111.11  June   68,888.89    6,888.89     62,000.00                 3,333.33
#  D7    Lin   1,000,000.01  June   62,000.00, half of it released by the first payment: 3,100.00 retained,
#                                   27,900.00 payable, 31,000.00 pending; Hilltop 3,000.00: 1,500.00, 1,500.00 pending
#  D8    Qian  1,600,000.00  June                                          32,000.00    4,800.00
#  D9    Qian    500,000.01  June                                          10,000.00    1,500.00
# D1 is cancelled in June, after it was paid: Bright owes back 71,424.00, Lin 3,000.00, Hilltop 3,840.00.

# What each batch pays: gross, tax withheld, net. Of a broker's 3,000.00: (3,000 - 800) at 20 % is 440.00.
# May: Bright 69,120.00 + 66,666.66 = 135,786.66, River 20,000.00, Hilltop 3,840.00 + 3,703.70 + 3,000.00 = 10,543.70,
#      Lin and Wu 3,000.00 each: 172,330.36
FIRST = ("172330.36", "880.00", "171450.36")
# June: Bright 2,304.00 + 2,222.23 + 83,700.00 = 88,226.23, River 40,000.00 (which the bank refuses), Hilltop 10,500.00,
#      Lin 3,000.00: 141,726.23, and without River's line 101,726.23
SECOND = ("141726.23", "440.00", "141286.23")
SECOND_PAID = ("101726.23", "440.00", "101286.23")
REISSUED = ("40000.00", "0.00", "40000.00")
# July: Bright 62,000.00 + 27,900.00 - 71,424.00 = 18,476.00, River 32,000.00 without the contested 10,000.00,
#      Hilltop 3,333.33 + 1,500.00 + 4,800.00 + 1,500.00 - 3,840.00 = 7,293.33, Wu 3,000.00; Lin's 3,000.00
#      less the 3,000.00 owed back come to nothing, and to no line: 60,769.33
THIRD = ("60769.33", "440.00", "60329.33")
ANSWERED = ("10000.00", "0.00", "10000.00")
# 172,330.36 + 101,726.23 + 40,000.00 + 60,769.33 + 10,000.00, and so on
ALL_PAID = ("384825.92", "1760.00", "383065.92")

# At the quarter's end: earned, pending, retained, payable, paid, tax.
BALANCES = {
    # D2 76,543.21 + D4 93,000.00 + D6 68,888.89 + D7 62,000.00; retained 7,654.32 + 9,300.00 + 6,888.89 + 3,100.00;
    # paid 135,786.66 + 88,226.23 + 18,476.00
    "Bright": ("300432.10", "31000.00", "26943.21", "0.00", "242488.89", "0.00"),
    "River": ("102000.00", "0.00", "0.00", "0.00", "102000.00", "0.00"),
    # 3,703.70 + 3,000.00 + 4,500.00 + 6,000.00 + 3,333.33 + 3,000.00 + 4,800.00 + 1,500.00;
    # paid 10,543.70 + 10,500.00 + 7,293.33
    "Hilltop": ("29837.03", "1500.00", "0.00", "0.00", "28337.03", "0.00"),
    # of four bonuses one was lost again; two were paid
    "Lin": ("6000.00", "0.00", "0.00", "0.00", "5120.00", "880.00"),
    "Wu": ("6000.00", "0.00", "0.00", "0.00", "5120.00", "880.00"),
}

# The agency's months: opening, earned, clawed back, released, kept, paid, tax, closing.
BRIGHTS_MONTHS = {
    # 76,800.00 + 74,074.07; kept 7,680.00 + 7,407.41
    APRIL: ("0.00", "150874.07", "0.00", "150874.07", "15087.41", "0.00", "0.00", "150874.07"),
    # 2,560.00 + 2,469.14 + 93,000.00; kept 256.00 + 246.91 + 9,300.00; the first batch is paid
    MAY: ("150874.07", "98029.14", "0.00", "98029.14", "9802.91", "135786.66", "0.00", "113116.55"),
    # 68,888.89 + 62,000.00, less D1's 79,360.00; released 68,888.89 + 31,000.00 - 79,360.00;
    # kept 6,888.89 + 3,100.00 - 7,936.00; the second batch is paid
    JUNE: ("113116.55", "130888.89", "79360.00", "20528.89", "2052.89", "88226.23", "0.00", "76419.21"),
}
MONTH_FIGURES = ("opening", "earned", "clawed_back", "released", "kept", "paid", "tax", "closing")


@dataclass
class Quarter(Cast):
    """The cast of the quarter, on the second quarter's first day."""

    now: datetime = field(default_factory=lambda: at("04-01 09:00"))
    auditor: User = field(init=False)
    manager_of: dict[str, User] = field(default_factory=dict)
    deals: dict[str, Deal] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.auditor = person(Role.AUDITOR)
        for user, name in ((self.finance, "Chen"), (self.approver, "Zhou"), (self.auditor, "Gao")):
            User.objects.filter(pk=user.pk).update(name=name)
        self.agency("Hilltop", kind="onsite")
        self.agency("Bright", brokers=["Lin", "Wu"])
        self.agency("River", brokers=["Qian"])
        for name in ("Bright", "River"):
            self.manager_of[name] = broker_of(self.agencies[name], "Sun", role=Role.AGENCY_ADMIN).user
        retroactive = {"mode": "retroactive", "period": "quarter", "tiers": (("0", "0.06"), ("3", "0.062"))}
        self.plan("Bright", **retroactive, bonuses=CASH, retention={"fraction": "0.1", "until": "handover"})
        self.plan("River", tiers=(("0", "0.02"),))
        self.plan("Hilltop", applies_to="all", tiers=(("0", "0.003"),))
        parties: list[Broker | object] = [*self.agencies.values(), self.brokers["Lin"], self.brokers["Wu"]]
        for party in parties:
            open_account(party, at=self.now)

    def goes_to(self, text: str) -> None:
        """Let it be a later time: `05-05 10:00`."""
        assert at(text) > self.now, "times only go forward"
        self.now = at(text)

    def sell(self, name: str, broker: str, price: str) -> None:
        self.deals[name] = self.collected(broker, price=price)

    def submit(self, batch: PayoutBatch) -> None:
        """Have agencies' invoices come in, and hand the batch to the approver: test_finance shows how."""
        if batch.reissue_of is None:
            self.invoiced(batch)
        with clock.at(self.later()):
            submit_batch(actor=self.finance, batch=batch)

    def pay(self, batch: PayoutBatch) -> None:
        """Have all of an approved batch paid, without the bank's file."""
        results = [{"line": line.pk, "bank_reference": batch.number} for line in batch.lines.all()]
        with clock.at(self.later()):
            pay_batch(actor=self.finance, batch=batch, results=results)

    def bank_says(self, batch: PayoutBatch, *, refused: str = "") -> bytes:
        """Return the bank's result file: every line paid, but for one payee's."""
        rows = ["Line,Result,Reference,Reason"]
        for number, line in enumerate(batch.lines.filter(state="open").order_by("pk")):
            failed = str(line.payee) == refused
            rows.append(f"{line.pk},失败,,户名不符" if failed else f"{line.pk},成功,{batch.number}/{number},")
        return "\n".join(rows).encode()

    def line_of(self, batch: PayoutBatch, name: str) -> PayoutLine:
        return batch.lines.get(payee=self.payee(name))

    def statement(self, name: str, month: date) -> Statement:
        return Statement.objects.get(payee=self.payee(name), closing_of__month=month)

    def batches(self) -> list[PayoutBatch]:
        return list(PayoutBatch.objects.order_by("prepared_at"))


def shown(amount: str) -> str:
    """Return an amount as pages and PDFs write it."""
    return f"{Decimal(amount):,.2f}"
