"""What commission has to tell, and in which words."""

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
        "money.asked",
        _("An adjustment, an advance or a limit waits for a decision"),
        _("%(place)s: %(target)s waits for a decision (%(amount)s)"),
        icon="hourglass-split",
        tone="wait",
        mailed=True,
        side=Side.STAFF,
    ),
    Kind(
        "statement.issued",
        _("A month's statement is issued"),
        _("%(company)s: statement %(target)s of %(month)s is here. Confirm it, or contest lines, in time"),
        icon="receipt",
        mailed=True,
        side=Side.AGENCY,
    ),
    Kind(
        "statement.answered",
        _("A contested line is answered"),
        _("Statement %(target)s of %(month)s: line %(line)s is answered"),
        icon="receipt",
        mailed=True,
        side=Side.AGENCY,
    ),
    Kind(
        "statement.contested",
        _("Lines of a statement are contested"),
        _("%(payee)s contests lines of statement %(target)s of %(month)s"),
        icon="flag",
        tone="wait",
        mailed=True,
        side=Side.STAFF,
    ),
    Kind(
        "advance.approved",
        _("An advance is approved"),
        _("%(project)s: advance %(target)s of %(amount)s is approved; the next payout pays it"),
        icon="cash-coin",
        tone="good",
        mailed=True,
        side=Side.AGENCY,
    ),
    Kind(
        "advance.declined",
        _("An advance is declined"),
        _("%(project)s: advance %(target)s of %(amount)s is declined"),
        icon="x-circle",
        tone="bad",
        mailed=True,
        side=Side.AGENCY,
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
