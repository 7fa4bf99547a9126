"""What is said of the rows of a payments file."""

from typing import Any

from django.utils.translation import gettext_lazy as _

FAULT_WORDS: dict[str, Any] = {
    "no_reference": _("It has no bank reference."),
    "long_reference": _("Its bank reference is longer than 80 characters."),
    "no_amount": _("It has no amount, or 0."),
    "two_amounts": _("It has an amount received and one paid out."),
    "amount_unclear": _("Its amount cannot be read, or has too many digits."),
    "no_day": _("It has no day."),
    "day_unclear": _("Its day cannot be read: say how the source writes days."),
    "in_the_future": _("Its day is in the future."),
    "before_subscription": _("Its day is before the deal's subscription."),
    "known_otherwise": _("This reference is recorded with another amount, or for another deal."),
    "more_than_original": _("It takes back more than is left of the payment that it names."),
    "other_deal": _("The payment that it takes back is of another deal: choose that one."),
    "more_than_collected": _("It takes back more than was collected."),
    "original_unknown": _("The payment that it takes back is not recorded."),
    "no_deal": _("It names no deal and no sold unit of this project, or two."),
    "waits_already": _("The same row waits for a person already, or was set aside."),
    "duplicate": _("This reference was recorded meanwhile."),
}
REASON_WORDS: dict[str, Any] = {
    "original": _("the payment that it takes back"),
    "number": _("a deal number almost the same"),
    "unit": _("a unit almost the same"),
    "amount": _("just what is due"),
    "buyer": _("a buyer of this mask"),
    "reference": _("a reference like its earlier ones"),
}


def in_words(fault: str) -> Any:
    return FAULT_WORDS.get(fault, fault)
