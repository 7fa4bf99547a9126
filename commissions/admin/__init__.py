"""Commission in the admin: plans and contests are drafted and approved here; what they pay is only read."""

from commissions.admin import adjustments, approvals, contests, grading, money, plans

__all__ = ["adjustments", "approvals", "contests", "grading", "money", "plans"]
