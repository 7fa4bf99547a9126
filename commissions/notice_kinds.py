"""What contests have to tell, and in which words."""

from django.utils.translation import gettext_lazy as _

from channels_platform.notices.kinds import Kind, Side, register

register(
    Kind(
        "contest.won",
        _("A prize of a contest is yours"),
        _("%(project)s: place %(place)s in %(target)s, a prize of %(amount)s"),
        icon="trophy",
        tone="good",
        mailed=True,
        side=Side.AGENCY,
    ),
    Kind(
        "contest.round_over",
        _("A contest's round waits for approval"),
        _("%(project)s: the prizes of %(target)s wait for approval"),
        icon="trophy",
        tone="wait",
        mailed=True,
        side=Side.STAFF,
    ),
    Kind(
        "batch.approvals_voided",
        _("An approval of yours counts no more"),
        _("%(company)s: batch %(target)s changed after you approved it; look at it again"),
        icon="shield-check",
        tone="wait",
        mailed=True,
        side=Side.STAFF,
    ),
)
