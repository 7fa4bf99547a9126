"""The demo's phone numbers: one pattern, 180 000n nnnn, and nothing else.

They parse as valid mobile numbers, yet are nobody's: of the 10,000 blocks of the 180 range, the table of
homes that comes with `phonenumbers` knows 9,900, and the ten blocks 1800000-1800009 are not among them.
Rehearsals and examples use 138 000x xxxx, which these never meet.
"""

PREFIX = "180000"
CAPACITY = 100_000
# coprime to the capacity: a walk through all numbers that does not look like counting
_STRIDE = 37_871


class PhoneBook:
    """Hands out each number of the pattern once, in a fixed order."""

    def __init__(self) -> None:
        self._given = 0

    def next(self) -> str:
        if self._given == CAPACITY:
            raise ValueError(f"the pattern has {CAPACITY} numbers; take a smaller scale")
        self._given += 1
        return f"{PREFIX}{self._given * _STRIDE % CAPACITY:05d}"


def spare(place: int) -> str:
    """Return a number from the far end of the walk, where no book comes."""
    return f"{PREFIX}{(CAPACITY - 1 - place) * _STRIDE % CAPACITY:05d}"


def masked(phone: str) -> str:
    """Return a number as a masked filing gives it."""
    return f"{phone[:3]}****{phone[-4:]}"
