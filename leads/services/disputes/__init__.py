"""Disputes (判客): an agency contests, managers ask and decide, a side appeals once; all of it is kept for ever.

`raising` contests and appeals, `asking` hears the sides, `judging` decides, `overrides` puts a decision's shares in
place, `people` says who judges, who is heard and who is told.
"""

from leads.services.disputes.asking import answer_question, ask_side, open_file
from leads.services.disputes.judging import approve_ruling, return_ruling, rule_dispute
from leads.services.disputes.overrides import decide_deal, override_deal
from leads.services.disputes.raising import appeal_dispute, raise_dispute

__all__ = [
    "answer_question",
    "appeal_dispute",
    "approve_ruling",
    "ask_side",
    "decide_deal",
    "open_file",
    "override_deal",
    "raise_dispute",
    "return_ruling",
    "rule_dispute",
]
