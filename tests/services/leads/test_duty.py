"""Who is on duty on a site, and who says so."""

import pytest

from channels_platform.audit.models import Event
from channels_platform.lib.errors import Forbidden
from leads.models import Consultant
from leads.services.duty import set_duty
from tests.cast import open_site

pytestmark = pytest.mark.django_db


def test_reception_managers_and_the_consultant_switch_duty():
    site = open_site()
    consultant = site.consultant()
    for actor, on_duty in ((site.reception, False), (site.manager, True), (consultant.user, False)):
        set_duty(actor=actor, consultant=consultant, on_duty=on_duty)
        assert Consultant.objects.get(pk=consultant.pk).on_duty is on_duty
        assert Event.objects.filter(action__startswith="consultant.o").latest("pk").actor == actor


def test_nobody_else_switches_a_consultants_duty():
    site = open_site()
    consultant, colleague = site.consultant(), site.consultant()
    for actor in (colleague.user, site.owner.user):
        with pytest.raises(Forbidden):
            set_duty(actor=actor, consultant=consultant, on_duty=False)
    assert Consultant.objects.get(pk=consultant.pk).on_duty
    assert not Event.objects.filter(action="consultant.off_duty").exists()


def test_saying_it_again_leaves_one_row():
    site = open_site()
    consultant = site.consultant()
    for _ in range(2):
        set_duty(actor=site.reception, consultant=consultant, on_duty=False)
    assert Event.objects.filter(action="consultant.off_duty").count() == 1
