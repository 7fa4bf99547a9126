"""Commission in the admin: plans and contests are drafted and approved here; what they pay is only read."""

from commissions.admin import approvals, contests, grading, money, plans

__all__ = ["approvals", "contests", "grading", "money", "plans"]
