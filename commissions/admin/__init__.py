"""Commission in the admin: plans are drafted and approved here; what they pay is only read."""

from commissions.admin import grading, money, plans

__all__ = ["grading", "money", "plans"]
