"""Readings of reports that finance keeps in the demo."""

from commissions.demo.staging import Stage
from commissions.reports.asked import read_asked
from commissions.reports.catalogue import REPORTS
from commissions.services.report_views import keep_view

_VIEWS = (
    ("上月佣金（按渠道公司） Commission by agency", "commission", {"span": "last_month", "by": "agency"}),
    ("本季渠道构成 Channel mix", "channels", {"span": "this_quarter", "by": "project", "then": "channel"}),
)


def keep_views(stage: Stage) -> None:
    """Keep a few views of finance's, shared.

    Writes: through the services.
    """
    finance = stage.staff["finance"]
    for name, report, words in _VIEWS:
        keep_view(actor=finance, asked=read_asked(REPORTS[report], finance, words), name=name, shared=True)
