"""What each role may do: the one table, read by pages, admin and API alike.

Row scopes (which projects, whose referrals) are the selectors' part; this says which kinds of act.
"""

from enum import StrEnum


class Role(StrEnum):
    MARKETING = "marketing"
    MARKETING_MANAGER = "marketing_manager"
    RECEPTION = "reception"
    CONSULTANT = "consultant"
    FINANCE = "finance"
    FINANCE_APPROVER = "finance_approver"
    AGENCY_ADMIN = "agency_admin"
    BROKER = "broker"
    AUDITOR = "auditor"


class Can(StrEnum):
    """An act that needs a role."""

    SEE_ADMIN = "see_admin"
    EDIT_PROJECTS = "edit_projects"
    EDIT_AGENCIES = "edit_agencies"
    EDIT_OWN_BROKERS = "edit_own_brokers"
    RECRUIT = "recruit"
    DRAFT_AGREEMENT = "draft_agreement"
    APPROVE_AGREEMENT = "approve_agreement"
    GRADE_AGENCIES = "grade_agencies"
    DRAFT_PLAN = "draft_plan"
    APPROVE_PLAN = "approve_plan"
    DRAFT_CONTEST = "draft_contest"
    APPROVE_CONTEST = "approve_contest"
    FILE_REFERRAL = "file_referral"
    SEE_REFERRALS = "see_referrals"
    CONFIRM_VISIT = "confirm_visit"
    OVERRIDE_VISIT = "override_visit"
    RECORD_NATURAL_VISIT = "record_natural_visit"
    TRANSFER_CLIENT = "transfer_client"
    EXTEND_PROTECTION = "extend_protection"
    RELEASE_CLIENT = "release_client"
    REVEAL_PHONE = "reveal_phone"
    DECIDE_DISPUTE = "decide_dispute"
    RAISE_DISPUTE = "raise_dispute"
    JUDGE_SIGNAL = "judge_signal"
    TAKE_CLIENT = "take_client"
    SUBSCRIBE_DEAL = "subscribe_deal"
    MOVE_DEAL = "move_deal"
    RECORD_PAYMENT = "record_payment"
    SEE_DEALS = "see_deals"
    SEE_MONEY = "see_money"
    SEE_OWN_MONEY = "see_own_money"
    PREPARE_PAYOUT = "prepare_payout"
    APPROVE_PAYOUT = "approve_payout"
    CHECK_LEDGER = "check_ledger"
    INVOICE_LINE = "invoice_line"
    ASK_ADVANCE = "ask_advance"
    ASK_ACCOUNT = "ask_account"
    CONFIRM_ACCOUNT = "confirm_account"
    KEEP_IDENTITY = "keep_identity"
    EXPORT_IDENTITIES = "export_identities"
    KEEP_BANK_FILES = "keep_bank_files"
    CLOSE_MONTH = "close_month"
    ANSWER_STATEMENT = "answer_statement"
    RECONCILE = "reconcile"
    RECONCILE_OWN = "reconcile_own"
    SEE_AUDIT = "see_audit"
    MANAGE_STAFF = "manage_staff"


_MARKETING = {
    Can.SEE_ADMIN,
    Can.EDIT_PROJECTS,
    Can.EDIT_AGENCIES,
    Can.RECRUIT,
    Can.DRAFT_AGREEMENT,
    Can.DRAFT_CONTEST,
    Can.SEE_REFERRALS,
    Can.TRANSFER_CLIENT,
    Can.SUBSCRIBE_DEAL,
    Can.MOVE_DEAL,
    Can.SEE_DEALS,
}

ALLOWED: dict[str, frozenset[Can]] = {
    Role.MARKETING: frozenset(_MARKETING),
    Role.MARKETING_MANAGER: frozenset(
        _MARKETING
        | {
            Can.APPROVE_AGREEMENT,
            Can.GRADE_AGENCIES,
            Can.DRAFT_PLAN,
            Can.APPROVE_PLAN,
            Can.APPROVE_CONTEST,
            Can.CONFIRM_VISIT,
            Can.OVERRIDE_VISIT,
            Can.RECORD_NATURAL_VISIT,
            Can.EXTEND_PROTECTION,
            Can.RELEASE_CLIENT,
            Can.REVEAL_PHONE,
            Can.DECIDE_DISPUTE,
            Can.JUDGE_SIGNAL,
            Can.SEE_MONEY,
            Can.SEE_AUDIT,
            Can.MANAGE_STAFF,
        }
    ),
    Role.RECEPTION: frozenset({Can.RECRUIT, Can.CONFIRM_VISIT, Can.RECORD_NATURAL_VISIT, Can.SEE_REFERRALS}),
    Role.CONSULTANT: frozenset({Can.RECRUIT, Can.SEE_REFERRALS, Can.TAKE_CLIENT, Can.SUBSCRIBE_DEAL, Can.SEE_DEALS}),
    Role.FINANCE: frozenset(
        {
            Can.SEE_ADMIN,
            Can.SEE_DEALS,
            Can.SEE_REFERRALS,
            Can.SEE_MONEY,
            Can.RECORD_PAYMENT,
            Can.PREPARE_PAYOUT,
            Can.ASK_ACCOUNT,
            Can.CONFIRM_ACCOUNT,
            Can.KEEP_IDENTITY,
            Can.EXPORT_IDENTITIES,
            Can.KEEP_BANK_FILES,
            Can.CLOSE_MONTH,
            Can.RECONCILE,
            Can.CHECK_LEDGER,
        }
    ),
    Role.FINANCE_APPROVER: frozenset(
        {
            Can.SEE_DEALS,
            Can.SEE_REFERRALS,
            Can.SEE_MONEY,
            Can.APPROVE_PAYOUT,
            Can.CONFIRM_ACCOUNT,
            Can.CHECK_LEDGER,
        }
    ),
    Role.AGENCY_ADMIN: frozenset(
        {
            Can.FILE_REFERRAL,
            Can.SEE_REFERRALS,
            Can.EDIT_OWN_BROKERS,
            Can.SEE_OWN_MONEY,
            Can.RAISE_DISPUTE,
            Can.INVOICE_LINE,
            Can.ASK_ADVANCE,
            Can.ASK_ACCOUNT,
            Can.KEEP_IDENTITY,
            Can.ANSWER_STATEMENT,
            Can.RECONCILE_OWN,
        }
    ),
    Role.BROKER: frozenset(
        {
            Can.RECRUIT,
            Can.FILE_REFERRAL,
            Can.SEE_REFERRALS,
            Can.SEE_OWN_MONEY,
            Can.RAISE_DISPUTE,
            Can.ASK_ACCOUNT,
            Can.KEEP_IDENTITY,
            Can.ANSWER_STATEMENT,
        }
    ),
    Role.AUDITOR: frozenset(
        {Can.SEE_ADMIN, Can.SEE_REFERRALS, Can.SEE_DEALS, Can.SEE_MONEY, Can.SEE_AUDIT, Can.CHECK_LEDGER}
    ),
}

AGENCY_ROLES = frozenset({Role.AGENCY_ADMIN, Role.BROKER})


def roles_that(act: Can) -> list[str]:
    """Return the roles that have `act`."""
    return [role for role, acts in ALLOWED.items() if act in acts]


def may(user: object, act: Can) -> bool:
    """Whether the person may do `act`: active, signed in, and of a role that has it."""
    if not getattr(user, "is_active", False):
        return False
    return bool(getattr(user, "is_superuser", False)) or act in ALLOWED.get(getattr(user, "role", ""), frozenset())
