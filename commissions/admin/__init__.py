"""Commission in the admin: plans are drafted and approved here; what they pay is only read."""

from commissions.admin import money, plans

__all__ = ["money", "plans"]
