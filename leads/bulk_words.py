"""What became of a client in an act on many, in words for staff."""

from datetime import datetime

from django.utils.translation import gettext as _

from channels_platform.adminkit.refusals import words_for
from channels_platform.presentation import formats
from leads.models import BulkAct, BulkItem
from leads.states import BulkKind


def outcome_words(act: BulkAct, outcome: str) -> str:
    """Return an outcome in words: what was done, or why it was left out."""
    if not outcome:
        return _("Not done yet")
    if outcome != BulkItem.DONE:
        return words_for(outcome)
    done = {
        BulkKind.TRANSFER: _("Transferred to %(broker)s") % {"broker": act.receiver},
        BulkKind.EXTEND: _("Extended"),
        BulkKind.RELEASE: _("Released"),
    }
    return done[BulkKind(act.kind)]


def until_words(item: BulkItem) -> str:
    """Return until when an extended client is protected, on the project's clock."""
    if not item.after:
        return ""
    return formats.instant(datetime.fromisoformat(item.after), item.referral.project.zone)
