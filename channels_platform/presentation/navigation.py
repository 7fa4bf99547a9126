"""Where each person can go: the one table behind top bar, bottom bar, menus and landing pages."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from channels_platform.accounts.permissions import AGENCY_ROLES, Can, Role, may


@dataclass(frozen=True)
class Item:
    """One place. `key` is the letter after `g`; `can` lists the acts of which one is needed.

    `what`: what is there, in a sentence; such a place stands on the area's page of further places, not in its bars.
    """

    area: str
    url_name: str
    label: str | Promise
    icon: str
    key: str
    can: tuple[Can, ...]
    what: str | Promise = ""


@dataclass(frozen=True)
class Place:
    """A link, as a template needs it."""

    url: str
    label: str | Promise
    icon: str
    key: str = ""
    current: bool = False
    what: str | Promise = ""


ITEMS = (
    Item("portal", "portal:home", _("Home"), "house", "h", (Can.FILE_REFERRAL,)),
    Item("portal", "portal:referrals", _("Clients"), "people", "c", (Can.FILE_REFERRAL,)),
    Item("portal", "portal:file", _("File a client"), "person-plus", "f", (Can.FILE_REFERRAL,)),
    Item("portal", "portal:money", _("Money"), "wallet2", "m", (Can.SEE_OWN_MONEY,)),
    Item("portal", "portal:brokers", _("Brokers"), "person-badge", "b", (Can.EDIT_OWN_BROKERS,)),
    Item("desk", "desk:today", _("Today"), "calendar-event", "t", (Can.CONFIRM_VISIT, Can.SUBSCRIBE_DEAL)),
    Item("desk", "desk:find", _("Find"), "search", "f", (Can.CONFIRM_VISIT,)),
    Item("desk", "desk:care", _("Follow up"), "telephone", "c", (Can.SUBSCRIBE_DEAL,)),
    Item("desk", "desk:deals", _("Deals"), "file-text", "d", (Can.SUBSCRIBE_DEAL,)),
    Item("desk", "desk:natural_visit", _("Natural visit"), "person-walking", "n", (Can.RECORD_NATURAL_VISIT,)),
    Item("desk", "desk:duty", _("On duty"), "person-badge", "u", (Can.CONFIRM_VISIT, Can.SUBSCRIBE_DEAL)),
    Item("finance", "finance:balances", _("Balances"), "wallet2", "b", (Can.SEE_MONEY,)),
    Item("finance", "finance:batches", _("Payout batches"), "cash-stack", "p", (Can.SEE_MONEY,)),
    Item("finance", "finance:months", _("Months"), "calendar-event", "n", (Can.SEE_MONEY,)),
    Item("finance", "finance:reports", _("Reports"), "bar-chart", "r", (Can.SEE_MONEY,)),
    Item(
        "finance", "finance:liability", _("Unpaid"), "hourglass-split", "u", (Can.SEE_MONEY,),
        what=_("What is owed and when it is expected, retention that ripens, and what the next units would trigger."),
    ),
    Item(
        "finance", "finance:payments", _("Payments"), "cash-coin", "m", (Can.SEE_MONEY,),
        what=_("What buyers paid, deal by deal; record a payment or a refund."),
    ),
    Item(
        "finance", "finance:payment_imports", _("Payment files"), "upload", "i", (Can.RECORD_PAYMENT,),
        what=_("Buyers' payments out of files of banks and sales systems, looked at before they are recorded."),
    ),
    Item(
        "finance", "finance:waiting_payments", _("Unmatched payments"), "question-circle", "w", (Can.SEE_MONEY,),
        what=_("Rows of payment files that wait for somebody to say which deal they are of."),
    ),
    Item(
        "finance", "finance:debts", _("Owed back"), "arrow-counterclockwise", "o", (Can.SEE_MONEY,),
        what=_("What payees owe back after cancellations: repaid, netted or written off."),
    ),
    Item(
        "finance", "finance:adjustments", _("Adjustments"), "pencil", "j", (Can.SEE_MONEY,),
        what=_("Amounts added or taken off by hand, each decided by a second person."),
    ),
    Item(
        "finance", "finance:advances", _("Advances"), "send", "v", (Can.SEE_MONEY,),
        what=_("Commission paid before its release, within each agency's limit."),
    ),
    Item(
        "finance", "finance:holds", _("Holds"), "pause-circle", "h", (Can.SEE_MONEY,),
        what=_("Payees whose money waits, why and until when."),
    ),
    Item(
        "finance", "finance:accounts", _("Bank accounts"), "bank", "k", (Can.SEE_MONEY,),
        what=_("Where payees are paid; a new account needs a second person and a day."),
    ),
    Item(
        "finance", "finance:bank", _("Bank files"), "file-earmark-spreadsheet", "l", (Can.SEE_MONEY,),
        what=_("How each paying company's bank wants its file, and how it answers."),
    ),
    Item(
        "finance", "finance:tax", _("Tax"), "percent", "x", (Can.SEE_MONEY,),
        what=_("What was withheld from individuals, month by month, for their certificates."),
    ),
    Item(
        "finance", "finance:reconciliations", _("Reconciliations"), "journal-text", "q", (Can.SEE_MONEY,),
        what=_("Agencies' own ledgers laid beside ours, row by row, and signed by both sides."),
    ),
    Item(
        "finance", "finance:proof", _("Proof"), "clipboard-check", "f", (Can.SEE_MONEY,),
        what=_("The ledger recomputed from the facts each night, and what differs."),
    ),
)  # fmt: skip
# where an area's further places are listed
MORE = {"finance": "finance:more"}

AREAS = (
    ("portal", "portal:home", _("Portal"), "person-badge", (Can.FILE_REFERRAL,)),
    ("desk", "desk:today", _("Site desk"), "building", (Can.CONFIRM_VISIT, Can.SUBSCRIBE_DEAL)),
    ("finance", "finance:balances", _("Finance"), "bank", (Can.SEE_MONEY,)),
    ("admin", "admin:index", _("Administration"), "gear", (Can.SEE_ADMIN,)),
)

_LANDING: dict[str, str] = {
    Role.RECEPTION: "desk:today",
    Role.CONSULTANT: "desk:today",
    Role.FINANCE: "finance:balances",
    Role.FINANCE_APPROVER: "finance:balances",
    Role.MARKETING: "admin:index",
    Role.MARKETING_MANAGER: "admin:index",
    Role.AUDITOR: "admin:index",
}


def _reverse(url_name: str) -> str:
    try:
        return reverse(url_name)
    except NoReverseMatch:
        return ""


def _any(user: Any, acts: Iterable[Can]) -> bool:
    return any(may(user, act) for act in acts)


def every_place(user: Any, area: str, path: str) -> list[Place]:
    """Return the places of an area that the person may see; the longest address above `path` is current."""
    found = [
        (url, item) for item in ITEMS if item.area == area and _any(user, item.can) and (url := _reverse(item.url_name))
    ]
    above = max((url for url, _item in found if path.startswith(url)), key=len, default="")
    return [Place(url, item.label, item.icon, item.key, url == above, item.what) for url, item in found]


def places(user: Any, area: str, path: str) -> list[Place]:
    """Return what stands in an area's bars: its first places, then the page of the further ones, if there are any."""
    found = every_place(user, area, path)
    further = [place for place in found if place.what]
    bars = [place for place in found if not place.what]
    if further:
        url = _reverse(MORE[area])
        current = path == url or any(place.current for place in further)
        bars = [replace(place, current=place.current and path != url) for place in bars]
        bars.append(Place(url, _("More"), "three-dots", ".", current))
    return bars


def areas(user: Any, current: str) -> list[Place]:
    """Return the other areas the person may enter."""
    return [
        Place(url, label, icon)
        for area, url_name, label, icon, can in AREAS
        if area != current and _any(user, can) and (url := _reverse(url_name))
    ]


def home_area(user: Any) -> str:
    """Return the area a person begins in, or '' for one that has no bars of ours."""
    area = landing_page(user).strip("/").split("/")[0]
    return area if any(item.area == area for item in ITEMS) else ""


def landing_page(user: Any) -> str:
    """Return the address where a person begins: by role; a superuser without one in the admin."""
    role = getattr(user, "role", "")
    if role in AGENCY_ROLES:
        return _reverse("portal:home") or "/"
    name = _LANDING.get(role) or ("admin:index" if getattr(user, "is_superuser", False) else "")
    return (_reverse(name) if name else "") or "/"
