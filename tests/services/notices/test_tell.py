"""Notices: told once, with what they tell of, in the reader's language."""

import pytest
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from channels_platform.lib import clock
from channels_platform.notices import kinds
from channels_platform.notices.models import Notice
from channels_platform.notices.selectors import unread_of
from channels_platform.notices.services import mark_read, tell
from tests.cast import person

pytestmark = pytest.mark.django_db
kinds.register(kinds.Kind("test.signed", _("Signed"), "%(target)s: signed in %(project)s"))


@pytest.fixture
def reader():
    return person("broker")


def signed(*readers, **how):
    return tell(kind="test.signed", recipients=readers, facts={"project": "Golden Lake"}, **how)


def test_a_notice_says_its_facts(reader):
    assert signed(reader, target=reader, path="/portal/") == 1
    notice = Notice.objects.get()
    assert (notice.recipient, notice.path, notice.target_label) == (reader, "/portal/", str(reader))
    with translation.override("zh-hans"):
        assert notice.line == f"{reader}: signed in Golden Lake"


def test_the_same_thing_is_told_each_person_once(reader):
    other = person("broker")
    assert signed(reader, reader, once="D-1") == 1
    assert signed(reader, other, once="D-1") == 1
    assert signed(reader, once="D-2") == 1
    assert signed(reader) + signed(reader) == 2


def test_a_telling_whose_transaction_is_rolled_back_was_not(reader):
    with transaction.atomic():
        signed(reader)
        transaction.set_rollback(True)
    assert not Notice.objects.exists()


def test_people_who_left_are_told_nothing(reader):
    reader.is_active = False
    assert signed(reader) == 0


def test_a_line_that_lacks_a_fact_or_a_kind_is_refused(reader):
    with pytest.raises(KeyError):
        tell(kind="test.signed", recipients=[reader])
    with pytest.raises(KeyError):
        tell(kind="test.unknown", recipients=[reader])
    with pytest.raises(ValueError, match="twice"):
        kinds.register(kinds.Kind("test.signed", "other", "other"))


def test_each_person_reads_their_own(reader):
    other = person("broker")
    signed(reader, other)
    assert mark_read(recipient=reader, until=clock.now()) == 1
    assert not unread_of(reader).exists()
    assert unread_of(other).count() == 1
