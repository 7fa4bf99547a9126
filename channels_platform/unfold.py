"""The admin theme's settings: our colours, our places, nothing from elsewhere."""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse, reverse_lazy
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from channels_platform.presentation.palette import ACCENT_SCALE

# (title, icon, "app.model") by group; a place is shown to those who may open it.
_PLACES: tuple[tuple[Promise | str, tuple[tuple[Promise | str, str, str], ...]], ...] = (
    (
        _("Clients"),
        (
            (_("Referrals"), "send", "leads.referral"),
            (_("Claims"), "lock", "leads.claim"),
            (_("Visits"), "directions_walk", "leads.visit"),
            (_("Natural visits"), "person_pin_circle", "leads.naturalvisit"),
            (_("Disputes"), "gavel", "leads.dispute"),
            (_("Risk signals"), "policy_alert", "leads.risksignal"),
        ),
    ),
    (
        _("Sales"),
        (
            (_("Deals"), "handshake", "leads.deal"),
            (_("Payments"), "payments", "leads.payment"),
            (_("Consultants"), "support_agent", "leads.consultant"),
        ),
    ),
    (
        _("Projects"),
        (
            (_("Projects"), "apartment", "projects.project"),
            (_("Units"), "door_front", "projects.unit"),
            (_("Protection rules"), "policy", "projects.policy"),
            (_("Paying companies"), "account_balance", "projects.payingcompany"),
            (_("Holidays"), "event_busy", "projects.holiday"),
        ),
    ),
    (
        _("Agencies"),
        (
            (_("Agencies"), "storefront", "brokers.agency"),
            (_("Agency grades"), "workspace_premium", "brokers.agencygrade"),
            (_("Applications"), "how_to_reg", "brokers.agencyapplication"),
            (_("Brokers"), "badge", "brokers.broker"),
            (_("Agreements"), "contract", "brokers.agreement"),
            (_("Individuals"), "person_add", "brokers.individual"),
            (_("Recruiters"), "leaderboard", "brokers.recruiter"),
            (_("Programmes"), "diversity_3", "brokers.programme"),
            (_("Recruiting links"), "qr_code_2", "brokers.recruitinglink"),
        ),
    ),
    (
        _("Commission"),
        (
            (_("Commission plans"), "stairs", "commissions.planversion"),
            (_("Contests"), "emoji_events", "commissions.contest"),
            (_("Contest rounds"), "social_leaderboard", "commissions.contestround"),
            (_("Commission lines"), "receipt_long", "commissions.accrual"),
            (_("Ledger"), "menu_book", "commissions.ledgerentry"),
            (_("Payout batches"), "outbox", "commissions.payoutbatch"),
            (_("Adjustments"), "edit_note", "commissions.adjustment"),
            (_("Advances"), "forward", "commissions.advance"),
            (_("Advance limits"), "tune", "commissions.advancelimit"),
            (_("Approval rules"), "verified_user", "commissions.approvalrule"),
            (_("Commission runs"), "play_circle", "commissions.commissionrun"),
        ),
    ),
    (
        _("Control"),
        (
            (_("People"), "group", "accounts.user"),
            (_("Audit trail"), "history", "audit.event"),
            (_("Scheduled runs"), "schedule", "jobs.periodicrun"),
            (_("Background jobs"), "pending_actions", "jobs.job"),
            (_("Group robots"), "smart_toy", "notices.robot"),
            (_("Notices sent"), "outgoing_mail", "notices.delivery"),
        ),
    ),
)


def places(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the side bar: only what the person may open; groups without anything are left out."""
    groups: list[dict[str, Any]] = [
        {"items": [{"title": _("Overview"), "icon": "dashboard", "link": reverse("admin:index")}]}
    ]
    for title, items in _PLACES:
        mine = [
            {"title": name, "icon": icon, "link": reverse(f"admin:{model.replace('.', '_')}_changelist")}
            for name, icon, model in items
            if _may_open(request.user, model)
        ]
        if mine:
            groups.append({"title": title, "separator": True, "items": mine})
    return groups


def _may_open(user: Any, model: str) -> bool:
    app, name = model.split(".")
    return bool(user.has_perm(f"{app}.view_{name}") or user.has_perm(f"{app}.change_{name}"))


def other_areas(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the other parts of the product the person may enter, and the own password."""
    # Imported late: the settings import this module.
    from channels_platform.presentation.navigation import areas

    there = [{"title": area.label, "link": area.url} for area in areas(request.user, "admin")]
    told = {"title": _("Notices"), "link": reverse("notices:list")}
    return [*there, told, {"title": _("Change password"), "link": reverse("account_change_password")}]


def shown_statically(path: str) -> Any:
    return lambda request: static(path)


SETTINGS: dict[str, Any] = {
    "SITE_TITLE": _("Channels"),
    "SITE_HEADER": _("Channels"),
    "SITE_SUBHEADER": _("Administration"),
    "SITE_URL": None,
    "SITE_ICON": shown_statically("img/mark.svg"),
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": shown_statically("img/mark.svg")}],
    "SHOW_LANGUAGES": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": False,
    "BORDER_RADIUS": "6px",
    "LANGUAGES": {"action": reverse_lazy("set_language"), "navigation": []},
    "ACCOUNT": {"navigation": other_areas},
    "COLORS": {"primary": ACCENT_SCALE},
    "STYLES": [shown_statically("admin-custom/admin.css")],
    "SCRIPTS": [shown_statically("admin-custom/admin.js")],
    "DASHBOARD_CALLBACK": "channels_platform.dashboard.page.dashboard",
    "SIDEBAR": {"show_search": False, "show_all_applications": False, "navigation": places},
}
