"""Each state's word, icon and tone: a state is never shown by colour alone."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, pgettext_lazy


@dataclass(frozen=True)
class Badge:
    """What a state looks like; `tone` is good, wait, bad, info or past."""

    word: str | Promise
    tone: str
    icon: str


_REFERRAL = {
    "filed": Badge(pgettext_lazy("referral state", "Filed"), "info", "send"),
    "visited": Badge(pgettext_lazy("referral state", "Visited"), "info", "person-walking"),
    "won": Badge(pgettext_lazy("referral state", "Won"), "good", "trophy"),
    "rejected": Badge(pgettext_lazy("referral state", "Rejected"), "bad", "x-circle"),
    "lapsed": Badge(pgettext_lazy("referral state", "Lapsed"), "past", "hourglass-split"),
    "expired": Badge(pgettext_lazy("referral state", "Expired"), "past", "clock-history"),
    "withdrawn": Badge(pgettext_lazy("referral state", "Withdrawn"), "past", "arrow-counterclockwise"),
    "lost": Badge(pgettext_lazy("referral state", "Lost"), "past", "dash-circle"),
}
_DEAL = {
    "subscribed": Badge(pgettext_lazy("deal state", "Subscribed"), "info", "pencil"),
    "contracted": Badge(pgettext_lazy("deal state", "Contracted"), "info", "file-text"),
    "handed_over": Badge(pgettext_lazy("deal state", "Handed over"), "good", "key"),
    "cancelled": Badge(pgettext_lazy("deal state", "Cancelled"), "past", "slash-circle"),
}
_BATCH = {
    "draft": Badge(pgettext_lazy("batch state", "Draft"), "past", "pencil"),
    "submitted": Badge(pgettext_lazy("batch state", "Submitted"), "wait", "hourglass-split"),
    "approved": Badge(pgettext_lazy("batch state", "Approved"), "info", "shield-check"),
    "paid": Badge(pgettext_lazy("batch state", "Paid"), "good", "check-circle"),
    "void": Badge(pgettext_lazy("batch state", "Void"), "past", "slash-circle"),
}
# `needs_invoice`, `pending`, `ready` and `held` are what an open line looks like to the people who work on it.
_LINE = {
    "open": Badge(pgettext_lazy("line state", "Open"), "wait", "hourglass-split"),
    "needs_invoice": Badge(pgettext_lazy("line state", "Needs an invoice"), "wait", "receipt"),
    "pending": Badge(pgettext_lazy("line state", "Being approved"), "wait", "hourglass-split"),
    "ready": Badge(pgettext_lazy("line state", "Ready"), "info", "check"),
    "held": Badge(pgettext_lazy("line state", "Held"), "bad", "lock"),
    "paid": Badge(pgettext_lazy("line state", "Paid"), "good", "check-circle"),
    "unknown": Badge(pgettext_lazy("line state", "Bank can't say yet"), "wait", "question-circle"),
    "failed": Badge(pgettext_lazy("line state", "Failed"), "bad", "x-circle"),
    "returned": Badge(pgettext_lazy("line state", "Returned"), "bad", "arrow-counterclockwise"),
    "void": Badge(pgettext_lazy("line state", "Void"), "past", "slash-circle"),
}
_PLAN = {
    "draft": Badge(pgettext_lazy("plan state", "Draft"), "past", "pencil"),
    "approved": Badge(pgettext_lazy("plan state", "Approved"), "good", "shield-check"),
}
# `accepted`: neither confirmed nor contested in time.
_STATEMENT = {
    "issued": Badge(pgettext_lazy("statement state", "To be confirmed"), "wait", "hourglass-split"),
    "contested": Badge(pgettext_lazy("statement state", "Contested"), "bad", "flag"),
    "answered": Badge(pgettext_lazy("statement state", "Answered"), "info", "info-circle"),
    "confirmed": Badge(pgettext_lazy("statement state", "Confirmed"), "good", "check-circle"),
    "accepted": Badge(pgettext_lazy("statement state", "Taken as confirmed"), "good", "check"),
}
_RECONCILIATION = {
    "open": Badge(pgettext_lazy("reconciliation state", "Not signed yet"), "wait", "hourglass-split"),
    "agency_signed": Badge(pgettext_lazy("reconciliation state", "Signed by the agency"), "info", "pencil"),
    "finance_signed": Badge(pgettext_lazy("reconciliation state", "Signed by the company"), "info", "pencil"),
    "signed": Badge(pgettext_lazy("reconciliation state", "Signed by both"), "good", "check-circle"),
    "replaced": Badge(pgettext_lazy("reconciliation state", "Replaced by a later file"), "past", "slash-circle"),
}
_OBJECTION = {
    "open": Badge(pgettext_lazy("objection state", "Waits for an answer"), "wait", "flag"),
    "upheld": Badge(pgettext_lazy("objection state", "Stands as it is"), "past", "x-circle"),
    "corrected": Badge(pgettext_lazy("objection state", "Corrected"), "good", "check-circle"),
}
_REQUEST = {
    "asked": Badge(pgettext_lazy("request state", "Waiting for approval"), "wait", "hourglass-split"),
    "approved": Badge(pgettext_lazy("request state", "Approved"), "good", "shield-check"),
    "declined": Badge(pgettext_lazy("request state", "Declined"), "past", "x-circle"),
}
_APPROVAL = {
    "given": Badge(pgettext_lazy("approval state", "Approved"), "good", "shield-check"),
    "void": Badge(pgettext_lazy("approval state", "Counts no more"), "past", "slash-circle"),
}
_HOLD = {
    "in_force": Badge(pgettext_lazy("hold state", "In force"), "bad", "lock"),
    "coming": Badge(pgettext_lazy("hold state", "To come"), "wait", "hourglass-split"),
    "over": Badge(pgettext_lazy("hold state", "Over"), "past", "clock-history"),
    "lifted": Badge(pgettext_lazy("hold state", "Lifted"), "past", "arrow-counterclockwise"),
}
_ROUND = {
    "proposed": Badge(pgettext_lazy("round state", "Waiting for approval"), "wait", "hourglass-split"),
    "posted": Badge(pgettext_lazy("round state", "Posted"), "good", "check-circle"),
    "declined": Badge(pgettext_lazy("round state", "No prizes"), "past", "x-circle"),
}
_AGENCY = {
    "active": Badge(pgettext_lazy("agency status", "Active"), "good", "check-circle"),
    "suspended": Badge(pgettext_lazy("agency status", "Suspended"), "wait", "pause-circle"),
}
_PROJECT = {
    "preparing": Badge(pgettext_lazy("project status", "Preparing"), "past", "pencil"),
    "open": Badge(pgettext_lazy("project status", "Open"), "good", "door-open"),
    "paused": Badge(pgettext_lazy("project status", "Paused"), "wait", "pause-circle"),
    "closed": Badge(pgettext_lazy("project status", "Closed"), "past", "slash-circle"),
}
_UNIT = {
    "available": Badge(pgettext_lazy("unit state", "Available"), "good", "house"),
    "reserved": Badge(pgettext_lazy("unit state", "Reserved"), "wait", "lock"),
    "subscribed": Badge(pgettext_lazy("unit state", "Subscribed"), "info", "pencil"),
    "contracted": Badge(pgettext_lazy("unit state", "Contracted"), "info", "file-text"),
    "handed_over": Badge(pgettext_lazy("unit state", "Handed over"), "past", "key"),
}
_AGREEMENT = {
    "draft": Badge(pgettext_lazy("agreement state", "Draft"), "past", "pencil"),
    "approved": Badge(pgettext_lazy("agreement state", "Approved"), "good", "shield-check"),
    "ended": Badge(pgettext_lazy("agreement state", "Ended"), "past", "clock-history"),
    "held": Badge(pgettext_lazy("agreement state", "Ended for interception"), "bad", "lock"),
}
_DISPUTE = {
    "open": Badge(pgettext_lazy("dispute state", "Open"), "wait", "flag"),
    "proposed": Badge(pgettext_lazy("dispute state", "Awaiting a second manager"), "wait", "hourglass-split"),
    "decided": Badge(pgettext_lazy("dispute state", "Decided"), "good", "check-circle"),
}
_JOB = {
    "queued": Badge(pgettext_lazy("job state", "Queued"), "past", "hourglass-split"),
    "running": Badge(pgettext_lazy("job state", "Running"), "info", "arrow-clockwise"),
    "done": Badge(pgettext_lazy("job state", "Done"), "good", "check-circle"),
    "failed": Badge(pgettext_lazy("job state", "Failed"), "bad", "x-circle"),
}
_VISIT = {
    "expected": Badge(pgettext_lazy("visit state", "Expected"), "wait", "clock"),
    "arrived": Badge(pgettext_lazy("visit state", "Arrived"), "good", "person-check"),
    "missed": Badge(pgettext_lazy("visit state", "Missed"), "past", "dash-circle"),
    "refused": Badge(pgettext_lazy("visit state", "Refused"), "bad", "x-circle"),
}

_SIGNAL = {
    "open": Badge(pgettext_lazy("signal state", "Open"), "wait", "flag"),
    "confirmed": Badge(pgettext_lazy("signal state", "Confirmed"), "bad", "check-circle"),
    "dismissed": Badge(pgettext_lazy("signal state", "Dismissed"), "past", "x-circle"),
}
_INDIVIDUAL = {
    "waiting": Badge(pgettext_lazy("individual state", "Waiting"), "wait", "hourglass-split"),
    "confirmed": Badge(pgettext_lazy("individual state", "Confirmed"), "good", "check-circle"),
    "declined": Badge(pgettext_lazy("individual state", "Declined"), "past", "x-circle"),
}
# `coming` and `used` are what a confirmed account looks like before and from the instant it is used.
_ACCOUNT = {
    "asked": Badge(pgettext_lazy("account state", "Waiting for confirmation"), "wait", "hourglass-split"),
    "coming": Badge(pgettext_lazy("account state", "Confirmed, not used yet"), "info", "clock"),
    "used": Badge(pgettext_lazy("account state", "In use"), "good", "check-circle"),
    "past": Badge(pgettext_lazy("account state", "Used before"), "past", "clock-history"),
    "declined": Badge(pgettext_lazy("account state", "Declined"), "past", "x-circle"),
    "stopped": Badge(pgettext_lazy("account state", "Stopped"), "bad", "slash-circle"),
}
_RESULT = {
    "paid": Badge(pgettext_lazy("bank result", "Paid"), "good", "check-circle"),
    "failed": Badge(pgettext_lazy("bank result", "Failed"), "bad", "x-circle"),
    "returned": Badge(pgettext_lazy("bank result", "Returned"), "bad", "arrow-counterclockwise"),
    "unknown": Badge(pgettext_lazy("bank result", "Unknown"), "wait", "question-circle"),
    "same": Badge(pgettext_lazy("bank result", "Known already"), "past", "check"),
    "fault": Badge(pgettext_lazy("bank result", "Left out"), "bad", "exclamation-circle"),
}
# `new`: what a row of a payments file would become, before the file is taken over.
_PAYMENT_ROW = {
    "new": Badge(pgettext_lazy("payment row", "New"), "info", "plus-lg"),
    "read": Badge(pgettext_lazy("payment row", "Read"), "info", "file-text"),
    "recorded": Badge(pgettext_lazy("payment row", "Recorded"), "good", "check-circle"),
    "same": Badge(pgettext_lazy("payment row", "Known already"), "past", "check"),
    "waiting": Badge(pgettext_lazy("payment row", "Waits for a person"), "wait", "question-circle"),
    "assigned": Badge(pgettext_lazy("payment row", "Recorded by hand"), "good", "check-circle"),
    "aside": Badge(pgettext_lazy("payment row", "Set aside"), "past", "slash-circle"),
    "fault": Badge(pgettext_lazy("payment row", "Left out"), "bad", "exclamation-circle"),
}
_DELIVERY = {
    "waiting": Badge(pgettext_lazy("delivery state", "Waiting"), "wait", "hourglass-split"),
    "sent": Badge(pgettext_lazy("delivery state", "Sent"), "good", "check-circle"),
    "given_up": Badge(pgettext_lazy("delivery state", "Given up"), "bad", "x-circle"),
}
_PROOF = {
    "agrees": Badge(pgettext_lazy("proof state", "Agrees"), "good", "check-circle"),
    "differs": Badge(pgettext_lazy("proof state", "Differs"), "bad", "x-circle"),
    "unfinished": Badge(pgettext_lazy("proof state", "Not finished"), "wait", "hourglass-split"),
}

BADGES: dict[str, dict[str, Badge]] = {
    "referral": _REFERRAL,
    "deal": _DEAL,
    "batch": _BATCH,
    "line": _LINE,
    "plan": _PLAN,
    "statement": _STATEMENT,
    "objection": _OBJECTION,
    "reconciliation": _RECONCILIATION,
    "request": _REQUEST,
    "approval": _APPROVAL,
    "hold": _HOLD,
    "round": _ROUND,
    "agency": _AGENCY,
    "project": _PROJECT,
    "unit": _UNIT,
    "agreement": _AGREEMENT,
    "dispute": _DISPUTE,
    "job": _JOB,
    "visit": _VISIT,
    "delivery": _DELIVERY,
    "proof": _PROOF,
    "signal": _SIGNAL,
    "individual": _INDIVIDUAL,
    "account": _ACCOUNT,
    "result": _RESULT,
    "payment_row": _PAYMENT_ROW,
}

UNKNOWN = Badge(gettext_lazy("Unknown"), "past", "question-circle")


def badge_of(kind: str, state: str) -> Badge:
    """Return the badge of a state; an unlisted one shows its own name, plainly."""
    known = BADGES[kind].get(str(state))
    if known:
        return known
    return Badge(str(state).replace("_", " ") or UNKNOWN.word, UNKNOWN.tone, UNKNOWN.icon)
