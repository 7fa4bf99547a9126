"""What agencies' papers have to tell, and in which words."""

from django.utils.translation import gettext_lazy as _

from channels_platform.notices.kinds import Kind, Side, register

register(
    Kind(
        "agency.licence_ends",
        _("An agency's licence ends soon"),
        _("The licence of %(target)s ends on %(day)s"),
        icon="hourglass-split",
        tone="wait",
        mailed=True,
    ),
    Kind(
        "agreement.ends",
        _("An agreement ends soon"),
        _("%(project)s: the agreement with %(target)s ends on %(day)s"),
        icon="hourglass-split",
        tone="wait",
        mailed=True,
    ),
    Kind(
        "individual.confirmed",
        _("You are confirmed as a referrer"),
        _("%(project)s: you are confirmed; you can file clients now"),
        icon="check-circle",
        tone="good",
        mailed=True,
        side=Side.AGENCY,
    ),
    Kind(
        "individual.recruited",
        _("Somebody you recruited is confirmed"),
        _("%(project)s: %(target)s, whom you recruited, is confirmed"),
        icon="person-plus",
        tone="good",
    ),
    Kind(
        "agreement.ended",
        _("An agreement was ended"),
        _("%(project)s: the agreement with %(target)s is ended; no client can be filed there any more"),
        icon="slash-circle",
        tone="bad",
        mailed=True,
        side=Side.AGENCY,
    ),
    Kind(
        "agency.suspended",
        _("The agency was suspended"),
        _("%(target)s is suspended: no client can be filed. Ask the channel team"),
        icon="pause-circle",
        tone="bad",
        mailed=True,
        side=Side.AGENCY,
    ),
    Kind(
        "agency.reinstated",
        _("The agency is active again"),
        _("%(target)s is active again: clients can be filed where an agreement is in force"),
        icon="check-circle",
        tone="good",
        mailed=True,
        side=Side.AGENCY,
    ),
)
