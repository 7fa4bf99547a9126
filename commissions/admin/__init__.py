"""Commission in the admin: plans and contests are drafted and approved here; what they pay is only read."""

from commissions.admin import contests, grading, money, plans

__all__ = ["contests", "grading", "money", "plans"]
