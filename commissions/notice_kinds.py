"""What contests and reports have to tell, and in which words."""

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
        "report.ready",
        _("A report of a schedule is ready"),
        _("The report “%(target)s” is ready to be fetched"),
        icon="bar-chart",
        mailed=True,
        side=Side.STAFF,
    ),
)
