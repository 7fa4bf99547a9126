"""Which models each role sees, adds and changes in the admin."""

from typing import Any

from channels_platform.accounts.permissions import Can, may

# "app.model": (view, add, change, delete); None: nobody.
_TABLE: dict[str, tuple[Can | None, Can | None, Can | None, Can | None]] = {
    "projects.project": (Can.SEE_REFERRALS, Can.EDIT_PROJECTS, Can.EDIT_PROJECTS, None),
    "projects.phase": (Can.SEE_REFERRALS, Can.EDIT_PROJECTS, Can.EDIT_PROJECTS, Can.EDIT_PROJECTS),
    "projects.permit": (Can.SEE_REFERRALS, Can.EDIT_PROJECTS, Can.EDIT_PROJECTS, Can.EDIT_PROJECTS),
    "projects.material": (Can.SEE_REFERRALS, Can.EDIT_PROJECTS, Can.EDIT_PROJECTS, Can.EDIT_PROJECTS),
    "projects.unit": (Can.SEE_REFERRALS, Can.EDIT_PROJECTS, Can.EDIT_PROJECTS, None),
    "projects.policy": (Can.SEE_REFERRALS, Can.EDIT_PROJECTS, None, None),
    "projects.payingcompany": (Can.SEE_REFERRALS, Can.MANAGE_STAFF, Can.MANAGE_STAFF, None),
    "projects.holiday": (Can.SEE_REFERRALS, Can.MANAGE_STAFF, Can.MANAGE_STAFF, None),
    "brokers.agency": (Can.SEE_REFERRALS, Can.EDIT_AGENCIES, Can.EDIT_AGENCIES, None),
    "brokers.agencygrade": (Can.SEE_REFERRALS, Can.GRADE_AGENCIES, Can.GRADE_AGENCIES, None),
    "brokers.agencyapplication": (Can.EDIT_AGENCIES, None, None, None),
    "brokers.programme": (Can.SEE_REFERRALS, Can.EDIT_AGENCIES, Can.EDIT_AGENCIES, None),
    "brokers.recruitinglink": (Can.SEE_REFERRALS, Can.EDIT_AGENCIES, None, None),
    "brokers.recruiter": (Can.SEE_REFERRALS, None, None, None),
    "brokers.individual": (Can.SEE_REFERRALS, None, None, None),
    "brokers.store": (Can.SEE_REFERRALS, Can.EDIT_AGENCIES, Can.EDIT_AGENCIES, None),
    "brokers.broker": (Can.SEE_REFERRALS, Can.EDIT_AGENCIES, Can.EDIT_AGENCIES, None),
    "brokers.agreement": (Can.SEE_REFERRALS, Can.DRAFT_AGREEMENT, Can.DRAFT_AGREEMENT, None),
    "leads.referral": (Can.SEE_REFERRALS, None, None, None),
    "leads.claim": (Can.SEE_REFERRALS, None, None, None),
    "leads.visit": (Can.SEE_REFERRALS, None, None, None),
    "leads.naturalvisit": (Can.SEE_REFERRALS, None, None, None),
    "leads.dispute": (Can.SEE_REFERRALS, None, Can.DECIDE_DISPUTE, None),
    "leads.risksignal": (Can.SEE_AUDIT, None, None, None),
    "leads.deal": (Can.SEE_DEALS, Can.SUBSCRIBE_DEAL, None, None),
    "leads.payment": (Can.SEE_DEALS, None, None, None),
    "leads.consultant": (Can.SEE_REFERRALS, Can.EDIT_PROJECTS, Can.EDIT_PROJECTS, None),
    "commissions.plan": (Can.SEE_MONEY, Can.DRAFT_PLAN, Can.DRAFT_PLAN, None),
    "commissions.planversion": (Can.SEE_MONEY, Can.DRAFT_PLAN, Can.DRAFT_PLAN, None),
    "commissions.contest": (Can.SEE_DEALS, Can.DRAFT_CONTEST, Can.DRAFT_CONTEST, None),
    "commissions.contestround": (Can.SEE_DEALS, None, None, None),
    "commissions.accrual": (Can.SEE_MONEY, None, None, None),
    "commissions.ledgertransaction": (Can.SEE_MONEY, None, None, None),
    "commissions.ledgerentry": (Can.SEE_MONEY, None, None, None),
    "commissions.payoutbatch": (Can.SEE_MONEY, None, None, None),
    "commissions.adjustment": (Can.SEE_MONEY, None, None, None),
    "commissions.advance": (Can.SEE_MONEY, None, None, None),
    "commissions.advancelimit": (Can.SEE_MONEY, None, None, None),
    "commissions.approvalrule": (Can.SEE_MONEY, Can.MANAGE_STAFF, Can.MANAGE_STAFF, None),
    "commissions.scheduledpayout": (Can.SEE_MONEY, None, None, None),
    "commissions.commissionrun": (Can.SEE_MONEY, None, None, None),
    "notices.robot": (Can.SEE_ADMIN, Can.EDIT_PROJECTS, Can.EDIT_PROJECTS, None),
    "notices.delivery": (Can.SEE_ADMIN, None, None, None),
    "jobs.periodicrun": (Can.SEE_ADMIN, None, None, None),
    "jobs.job": (Can.SEE_ADMIN, None, None, None),
    "audit.event": (Can.SEE_AUDIT, None, None, None),
    "accounts.user": (Can.MANAGE_STAFF, Can.MANAGE_STAFF, Can.MANAGE_STAFF, None),
}
_VERBS = ("view", "add", "change", "delete")


def has_model_permission(user: Any, perm: str) -> bool:
    """Whether the person may do `app.verb_model` in the admin; `view` follows from `change`.

    Only those who see the admin at all have any.
    """
    app, _, codename = perm.partition(".")
    verb, _, model = codename.partition("_")
    row = _TABLE.get(f"{app}.{model}")
    if row is None or verb not in _VERBS or not may(user, Can.SEE_ADMIN):
        return False
    act = row[_VERBS.index(verb)]
    return act is not None and may(user, act)
