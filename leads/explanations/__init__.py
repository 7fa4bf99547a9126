"""Why an outcome is what it is, in words: checks, evidence, the rules' version, the fact that turns it."""

from leads.explanations.gather import explained_deal, explained_filing, explained_visit, explanations_of
from leads.explanations.told import Line, Told

__all__ = ["Line", "Told", "explained_deal", "explained_filing", "explained_visit", "explanations_of"]
