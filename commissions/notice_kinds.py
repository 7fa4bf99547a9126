"""What contests and the proof of the ledger have to tell, and in which words."""

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
        "ledger.differs",
        _("The ledger does not agree with its facts"),
        _("The proof of the ledger found %(found)s differences"),
        icon="clipboard-check",
        tone="bad",
        mailed=True,
        urgent=True,
        side=Side.STAFF,
    ),
)
