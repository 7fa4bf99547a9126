"""Explanations on the admin's pages."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from channels_platform.adminkit import cells
from leads.explanations import Told, explained_deal
from leads.models import Deal, Referral
from leads.selectors import similar_to_deal


def told_section(told: Sequence[Told]) -> cells.Section:
    """Return why things are as they are, check by check."""
    return cells.Section(_("Why"), "admin/about_told.html", {"told": told})


def deal_section(deal: Deal) -> cells.Section | None:
    """Return why each referral with a buyer's phone has its part of the deal, or none."""
    told = [_named(referral, deal) for referral in similar_to_deal(deal)]
    kept = [one for one in told if one is not None]
    return told_section(kept) if kept else None


def _named(referral: Referral, deal: Deal) -> Told | None:
    told = explained_deal(referral, deal, for_agency=False)
    if told is None:
        return None
    title = _("%(number)s of %(agency)s") % {"number": referral.number, "agency": referral.agency}
    return Told(title, told.outcome, told.version, told.lines, told.flip, told.note)
