import time

from channels_platform.lib.ids import uuid7


def test_identifiers_are_version_7_of_the_right_variant():
    for _ in range(200):
        made = uuid7()
        assert (made.version, made.variant) == (7, "specified in RFC 4122")


def test_identifiers_carry_the_time_of_their_making():
    before = time.time_ns() // 1_000_000
    made = uuid7().int >> 80
    assert before <= made <= time.time_ns() // 1_000_000


def test_later_ones_sort_later_and_none_is_made_twice():
    made = []
    for _ in range(5):
        made.append(uuid7())
        time.sleep(0.002)
    assert made == sorted(made)
    assert len({uuid7() for _ in range(2_000)}) == 2_000
