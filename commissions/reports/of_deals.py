"""Reports of deals: what they cost, by which channel they came, what is still to be collected, what is disputed."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from commissions.reports.asked import address, narrowed
from commissions.reports.dims import METHOD, PROJECT, month_dim, state_words
from commissions.reports.of_ledger import fields_of
from commissions.reports.sql import DEAL_CONDITIONS, aged, columns_of, grouping, order_of, where
from commissions.reports.types import Asked, Dim, Field, Kind, Link, Report, Row
from leads.models import Deal, Dispute

COLLECTION_DAYS = (30, 60, 90, 180)

_CONTRACTED_ON = "(d.contracted_at AT TIME ZONE p.timezone)::date"
_MONTH = month_dim("(coalesce(d.contracted_at, d.subscribed_at) AT TIME ZONE p.timezone)::date")
_SOLD = "d.state IN ('contracted', 'handed_over')"
_DEALS = """
FROM leads_deal d
JOIN projects_project p ON p.id = d.project_id
JOIN projects_payingcompany c ON c.id = p.company_id
LEFT JOIN projects_unit n ON n.id = d.unit_id
"""
_MONEY = """
LEFT JOIN (
    SELECT deal_id, coalesce(-sum(amount) FILTER (WHERE account = 'expense'), 0) AS cost,
           coalesce(sum(amount) FILTER (WHERE account IN ('paid', 'tax')), 0) AS paid,
           coalesce(sum(amount) FILTER (WHERE account = 'pending'), 0) AS pending
    FROM commissions_ledgerentry WHERE deal_id IS NOT NULL GROUP BY 1
) m ON m.deal_id = d.id
"""
_STATES = {"state": tuple(Deal.State.choices), "method": tuple(Deal.Method.choices)}
_KEPT = ("project", "company", "agency", "currency", "state", "method")

DEAL = Dim(
    "deal",
    _("Deal"),
    (
        ("deal", "d.number"),
        ("deal_project", "p.name"),
        ("unit", "CASE WHEN n.id IS NULL THEN '' ELSE n.building || '-' || n.number END"),
        ("contracted_on", _CONTRACTED_ON),
        ("deal_state", "d.state"),
    ),
    (
        Field("deal", _("Deal"), Kind.TEXT, 20, code=True),
        Field("deal_project", _("Project"), Kind.TEXT, 18),
        Field("unit", _("Unit"), Kind.TEXT, 12, code=True),
        Field("contracted_on", pgettext_lazy("day", "Contracted"), Kind.DAY, 11),
        Field("deal_state", _("State"), Kind.TEXT, 12, words=state_words),
    ),
    lambda row: {"deal": row["deal"]},
)


def _behind(report: str, account: str) -> Link:
    """Return the link from a row: one deal's to its entries, several deals' to the same report deal by deal."""

    def link(row: Row, asked: Asked) -> str:
        if "deal" in row:
            return address("entries", span="all", deal=str(row["deal"]), account=account)
        return address(report, **narrowed(asked, row, keep=_KEPT, by="deal"))

    return link


def _cost(asked: Asked) -> str:
    return f"""
SELECT {columns_of(asked.dims)} p.currency, count(*) FILTER (WHERE {_SOLD}) AS deals,
       coalesce(sum(d.price) FILTER (WHERE {_SOLD}), 0) AS sales, coalesce(sum(m.cost), 0) AS cost,
       coalesce(sum(m.paid), 0) AS paid
{_DEALS} {_MONEY} {where(asked, DEAL_CONDITIONS)} {grouping(asked.dims)}
"""


COST = Report(
    name="cost",
    title=_("Cost of deals"),
    about=_(
        "Commission of each deal, and as a share of sales: the price of deals contracted and not cancelled. Months are"
        " those of the contract, before it of the subscription. Prizes and write-offs are no deal's, and not in it."
    ),
    icon="bar-chart",
    filters=("project", "company", "agency", "state", "method", "currency"),
    hidden=("deal",),
    dims=(DEAL, PROJECT, _MONTH, METHOD),
    depth=2,
    choices=_STATES,
    query=_cost,
    fields=lambda asked: (
        *fields_of(asked.dims),
        *(() if DEAL in asked.dims else (Field("deals", _("Deals"), Kind.COUNT, 8, adds_up=True),)),
        Field("sales", _("Sales"), Kind.MONEY, adds_up=True),
        Field("cost", _("Commission"), Kind.MONEY, adds_up=True, link=_behind("cost", "expense")),
        Field("rate", _("Share of sales"), Kind.RATE, 10, of=("cost", "sales")),
        Field("paid", _("Paid with tax"), Kind.MONEY, adds_up=True),
    ),
    order=lambda asked: order_of(asked.dims),
)


# --- channels -------------------------------------------------------------------------------------------

_CHANNELS = {
    "natural": _("Natural"),
    "referral": _("Referred by agencies"),
    "onsite": _("Referred by the on-site agency"),
    "platform": _("Platforms"),
    "community": pgettext_lazy("payees", "Individuals"),
    "several": _("Several channels"),
}
_CHANNEL = """
LEFT JOIN LATERAL (
    SELECT CASE WHEN count(DISTINCT sa.kind) > 1 THEN 'several' ELSE min(sa.kind) END AS channel
    FROM leads_dealshare s
    JOIN leads_referral sr ON sr.id = s.referral_id
    JOIN brokers_agency sa ON sa.id = sr.agency_id
    WHERE s.deal_id = d.id AND s.ended_at IS NULL
) k ON true
"""
CHANNEL = Dim(
    "channel",
    _("Channel"),
    (("channel", "coalesce(k.channel, 'natural')"),),
    (Field("channel", _("Channel"), Kind.TEXT, 24, words=lambda name: str(_CHANNELS.get(name, name))),),
    lambda row: {},
)


def _channels(asked: Asked) -> str:
    dims = asked.dims if CHANNEL in asked.dims else (*asked.dims, CHANNEL)
    return f"""
SELECT {columns_of(dims)} p.currency, count(*) AS deals, sum(d.price) AS sales,
       sum(sum(d.price)) OVER (PARTITION BY p.currency) AS all_sales, coalesce(sum(m.cost), 0) AS cost
{_DEALS} {_MONEY} {_CHANNEL} {where(asked, DEAL_CONDITIONS, _SOLD)} {grouping(dims)}
"""


CHANNELS = Report(
    name="channels",
    title=_("Channel mix"),
    about=_(
        "Deals contracted and not cancelled, by how they came: referred, through individuals, or naturally; a deal that"
        " channels share stands by itself. Months are those of the contract."
    ),
    icon="people",
    filters=("project", "company", "currency"),
    dims=(CHANNEL, PROJECT, _MONTH),
    depth=2,
    query=_channels,
    fields=lambda asked: (
        *fields_of(asked.dims if CHANNEL in asked.dims else (*asked.dims, CHANNEL)),
        Field("deals", _("Deals"), Kind.COUNT, 8, adds_up=True),
        Field("sales", _("Sales"), Kind.MONEY, adds_up=True),
        Field("part", _("Part of all sales"), Kind.RATE, 10, of=("sales", "all_sales")),
        Field("cost", _("Commission"), Kind.MONEY, adds_up=True),
        Field("rate", _("Share of sales"), Kind.RATE, 10, of=("cost", "sales")),
    ),
    order=lambda asked: order_of(asked.dims),
)


# --- collection -----------------------------------------------------------------------------------------

_OUTSTANDING = "(d.price - coalesce(q.collected, 0))"
_AGE = f"((%(now)s AT TIME ZONE p.timezone)::date - {_CONTRACTED_ON})"
_COLLECTED = """
LEFT JOIN (SELECT deal_id, sum(amount) AS collected FROM leads_payment GROUP BY 1) q ON q.deal_id = d.id
"""


def _collection(asked: Asked) -> str:
    narrow = where(asked, DEAL_CONDITIONS, _SOLD, f"{_OUTSTANDING} > 0")
    return f"""
SELECT {columns_of(asked.dims)} p.currency, count(*) AS deals, sum(d.price) AS price,
       coalesce(sum(q.collected), 0) AS collected,
       sum({_OUTSTANDING}) AS outstanding{aged(_OUTSTANDING, _AGE, COLLECTION_DAYS, name="aged")},
       coalesce(sum(m.pending), 0) AS pending
{_DEALS} {_COLLECTED} {_MONEY} {narrow} {grouping(asked.dims)}
"""


COLLECTION = Report(
    name="collection",
    title=_("Collection by age"),
    about=_(
        "What buyers of contracted deals still have to pay, by the days since the contract, and the commission that"
        " waits for it."
    ),
    icon="clock-history",
    filters=("project", "company", "agency", "method", "currency"),
    hidden=("deal",),
    span="all",
    dims=(DEAL, PROJECT, _MONTH, METHOD),
    choices=_STATES,
    query=_collection,
    fields=lambda asked: (
        *fields_of(asked.dims),
        *(() if DEAL in asked.dims else (Field("deals", _("Deals"), Kind.COUNT, 8, adds_up=True),)),
        Field("price", _("Price"), Kind.MONEY, adds_up=True),
        Field("collected", _("Collected"), Kind.MONEY, adds_up=True),
        Field("outstanding", _("Outstanding"), Kind.MONEY, adds_up=True),
        Field("aged_30", _("up to 30 days"), Kind.MONEY, adds_up=True),
        Field("aged_60", _("31-60 days"), Kind.MONEY, adds_up=True),
        Field("aged_90", _("61-90 days"), Kind.MONEY, adds_up=True),
        Field("aged_180", _("91-180 days"), Kind.MONEY, adds_up=True),
        Field("aged_over", _("over 180 days"), Kind.MONEY, adds_up=True),
        Field(
            "pending",
            _("Commission pending"),
            Kind.MONEY,
            adds_up=True,
            link=_behind("collection", "pending"),
        ),
    ),
    order=lambda asked: order_of(asked.dims),
)


# --- disputes -------------------------------------------------------------------------------------------

# A case as it stands: an appeal in the place of what it is against, and the deal it is about, if there is one.
_CASES = """
FROM leads_dispute x
JOIN projects_project p ON p.id = x.project_id
JOIN projects_payingcompany c ON c.id = p.company_id
JOIN brokers_agency h ON h.id = x.agency_id
LEFT JOIN LATERAL (
    SELECT s.deal_id FROM leads_dealshare s WHERE x.deal_id IS NULL AND s.referral_id = x.referral_id
    ORDER BY s.ended_at IS NOT NULL, s.since DESC LIMIT 1
) won ON true
LEFT JOIN leads_deal d ON d.id = coalesce(x.deal_id, won.deal_id)
LEFT JOIN (
    SELECT deal_id, coalesce(-sum(amount) FILTER (WHERE account = 'expense'), 0) AS earned,
           coalesce(sum(amount) FILTER (WHERE account IN ('paid', 'tax')), 0) AS paid
    FROM commissions_ledgerentry WHERE deal_id IS NOT NULL AND referral_id IS NOT NULL GROUP BY 1
) m ON m.deal_id = d.id
"""
_CASE_CONDITIONS = {
    "project": "p.code = %(project)s",
    "company": "c.code = %(company)s",
    "agency": "h.code = %(agency)s",
    "currency": "p.currency = %(currency)s",
    "state": "x.state = %(state)s",
    "first": "(x.raised_at AT TIME ZONE p.timezone)::date >= %(first)s",
    "last": "(x.raised_at AT TIME ZONE p.timezone)::date <= %(last)s",
}


def _disputes(asked: Asked) -> str:
    standing = "NOT EXISTS (SELECT 1 FROM leads_dispute o WHERE o.appeal_of_id = x.id)"
    return f"""
SELECT f.*, CASE WHEN place = 1 THEN price END AS at_stake, CASE WHEN place = 1 THEN all_earned END AS earned,
       CASE WHEN place = 1 THEN all_paid END AS paid, CASE WHEN place = 1 THEN all_earned - all_paid END AS unpaid
FROM (
    SELECT x.number, x.state, (x.raised_at AT TIME ZONE p.timezone)::date AS raised_on,
           (x.decided_at AT TIME ZONE p.timezone)::date AS decided_on, p.name AS project, h.name AS agency,
           p.currency, coalesce(d.number, '') AS deal, d.price, coalesce(m.earned, 0) AS all_earned,
           coalesce(m.paid, 0) AS all_paid,
           CASE WHEN d.id IS NOT NULL THEN row_number() OVER (PARTITION BY d.id ORDER BY x.raised_at DESC, x.id DESC)
           END AS place
    {_CASES} {where(asked, _CASE_CONDITIONS, standing)}
) f
"""  # noqa: S608 - constants


def _by_shares(account: str) -> Link:
    def link(row: Row, asked: Asked) -> str:
        return address("entries", span="all", deal=row["deal"], account=account, part="referred") if row["deal"] else ""

    return link


DISPUTES = Report(
    name="disputes",
    title=_("Money in dispute"),
    about=_(
        "Contested outcomes and the commission that goes by a deal's shares. A deal contested more than once counts"
        " with its latest case. Months are those in which it was raised."
    ),
    icon="flag",
    filters=("project", "company", "agency", "state", "currency"),
    choices={"state": tuple(Dispute.State.choices)},
    query=_disputes,
    fields=lambda asked: (
        Field("number", _("Dispute"), Kind.TEXT, 20, code=True),
        Field("raised_on", _("Raised"), Kind.DAY, 11),
        Field("state", _("State"), Kind.TEXT, 14, words=lambda name: str(Dispute.State(name).label)),
        Field("decided_on", _("Decided"), Kind.DAY, 11),
        Field("project", _("Project"), Kind.TEXT, 18),
        Field("agency", _("Contested by"), Kind.TEXT, 24),
        Field("deal", _("Deal"), Kind.TEXT, 20, code=True),
        Field("at_stake", _("Price"), Kind.MONEY, adds_up=True),
        Field("earned", _("Commission"), Kind.MONEY, adds_up=True, link=_by_shares("expense")),
        Field("paid", _("Paid with tax"), Kind.MONEY, adds_up=True),
        Field("unpaid", _("Not paid"), Kind.MONEY, adds_up=True),
    ),
    order=lambda asked: "currency, raised_on DESC, number DESC",
)
