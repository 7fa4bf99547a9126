"""The digits of a one-time code: made anew at each attempt to send, so that they stand nowhere until then."""

from django.utils.crypto import salted_hmac

DIGITS = 6


def digits_of(salt: str, subject: str) -> str:
    """Return the digits drawn for a subject; the same ones each time, known to nobody without our key."""
    drawn = int(salted_hmac(salt, subject, algorithm="sha256").hexdigest(), 16)
    return f"{drawn % 10**DIGITS:0{DIGITS}}"
