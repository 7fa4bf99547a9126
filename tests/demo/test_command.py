"""The command itself: when it refuses, and that the same seed makes the same data."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from channels_platform.accounts.models import User
from channels_platform.lib.phones import parse_phone
from commissions.demo.phones import PhoneBook
from commissions.demo.script import write_script
from tests.demo.facts import NOW, all_facts, demo


class TestCommand:
    def test_data_is_left_alone(self, db):
        somebody = User.objects.create(username="somebody")
        assert "data already" in demo()
        assert list(User.objects.all()) == [somebody]

    def test_production_is_refused(self, db, settings):
        settings.PRODUCTION = True
        with pytest.raises(CommandError, match="production"):
            demo()
        assert not User.objects.exists()

    def test_accounts_of_no_demo_are_an_error(self, db):
        with pytest.raises(CommandError, match="no demo yet"):
            call_command("demo", "--accounts", stdout=StringIO())

    @pytest.mark.parametrize("scale", [0, 0.01, 11, -1])
    def test_scale_out_of_range_is_refused(self, db, scale):
        with pytest.raises(CommandError, match="scale"):
            demo(scale=scale)


class TestSameSeedSameData:
    def test_script_is_the_same_twice_and_another_with_another_seed(self):
        first, again, other = (write_script(seed=seed, scale=0.2, end=NOW) for seed in ("a", "a", "b"))
        assert (first.cast, first.acts) == (again.cast, again.acts)
        assert first.acts != other.acts

    def test_everything_that_comes_of_it_is_the_same(self, db):
        told = []
        for _ in range(2):
            with transaction.atomic():
                demo(scale=0.05)
                told.append(all_facts())
                transaction.set_rollback(True)
        for name, facts in told[0].items():
            assert facts == told[1][name], name

    @pytest.mark.processes
    @pytest.mark.django_db(transaction=True)
    def test_two_processes_make_what_one_makes(self):
        demo(scale=0.05, processes=2)
        by_two = all_facts()
        _empty()
        demo(scale=0.05, processes=1)
        by_one = all_facts()
        for name, facts in by_two.items():
            assert facts == by_one[name], name


def _empty() -> None:
    call_command("flush", verbosity=0, interactive=False)


class TestPhones:
    def test_numbers_are_valid_different_and_of_one_pattern(self):
        book = PhoneBook()
        numbers = [parse_phone(book.next()) for _ in range(2_000)]
        assert len(set(numbers)) == 2_000
        assert all(number.startswith("+86180000") for number in numbers)

    def test_book_says_when_it_is_used_up(self):
        book = PhoneBook()
        given = {book.next() for _ in range(100_000)}
        assert len(given) == 100_000
        with pytest.raises(ValueError, match="smaller scale"):
            book.next()
