"""Reminders before a filing lapses and before protection ends (domain 7)."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connections

from brokers.services.agencies import set_broker_active
from channels_platform.lib import clock
from channels_platform.notices.models import Delivery, Notice
from channels_platform.notices.services import mark_read
from channels_platform.notices.services.delivering import deliver_due
from leads.services.reminders import write_reminders
from tests.cast import LI, WANG, after, broker_of, open_site

pytestmark = pytest.mark.django_db
TICK = timedelta(microseconds=1)


def _write(at):
    with clock.at(at):
        return write_reminders()


def _mail(at):
    with clock.at(at):
        return deliver_due()["sent"]


def _address(broker, language=""):
    user = broker.user
    user.email, user.language = f"{user.username}@example.com", language
    user.save(update_fields=["email", "language"])


def test_a_filing_is_warned_of_two_hours_before_its_lapse_and_once():
    site = open_site(visit_within_hours=24)
    referral = site.file(site.owner, LI)
    assert _write(after(hours=22) - TICK) == 0
    assert _write(after(hours=22)) == 1
    assert _write(after(hours=23)) == 0
    notice = Notice.objects.get()
    assert (notice.kind, notice.recipient, notice.target_id, notice.due_at) == (
        "referral.lapse_near",
        site.owner.user,
        str(referral.pk),
        after(hours=24),
    )


def test_it_is_too_late_to_warn_at_the_end():
    site = open_site(visit_within_hours=24)
    site.file(site.owner, LI)
    assert _write(after(hours=24)) == 0


def test_protection_is_warned_of_three_days_before_each_end():
    site = open_site(lead_time_minutes=0, revisit_extends=True)
    referral = site.file(site.owner, LI)
    site.visit(referral, at=after(hours=1))
    assert _write(after(days=27)) == 0
    assert _write(after(days=27, hours=1)) == 1
    site.visit(referral, at=after(days=27, hours=2))
    assert _write(after(days=28)) == 0
    # The new end is 57 days and 2 hours after the start; it is warned of on its own.
    assert _write(after(days=54, hours=2)) == 1
    assert [notice.kind for notice in Notice.objects.all()] == ["referral.expiry_near"] * 2


def test_a_new_end_close_to_the_old_one_is_warned_of_at_once():
    site = open_site(exclusive_from="filing", protection_days=2, visit_within_hours=None, revisit_extends=True)
    referral = site.file(site.owner, LI)
    assert _write(after(hours=1)) == 1
    site.visit(referral, at=after(hours=2))
    site.visit(referral, at=after(hours=20))
    assert _write(after(hours=21)) == 1
    assert sorted(notice.due_at for notice in Notice.objects.all()) == [after(hours=48), after(hours=68)]


def test_a_visited_client_is_not_warned_of_a_lapse():
    site = open_site(visit_within_hours=24, protection_days=60)
    site.visit(site.file(site.owner, LI), at=after(hours=2))
    assert _write(after(hours=23)) == 0


def test_in_place_of_who_left_the_agencys_manager_is_warned_once():
    site = open_site(visit_within_hours=24)
    site.file(site.owner, LI)
    set_broker_active(actor=site.manager, broker=site.owner, active=False)
    assert _write(after(hours=22)) == 0  # there is none
    head = broker_of(site.owner.agency, "head", role="agency_admin")
    assert [_write(after(hours=23)), _write(after(hours=23, minutes=1))] == [1, 0]
    assert Notice.objects.get().recipient == head.user


def test_the_mail_names_the_client_by_number_only(mailoutbox):
    site = open_site(visit_within_hours=24)
    _address(site.owner)
    referral = site.file(site.owner, LI, client_name="Zhang Wei")
    _write(after(hours=23))
    assert (_mail(after(hours=23)), _mail(after(hours=23))) == (1, 0)
    message = mailoutbox[0]
    assert message.to == [site.owner.user.email]
    everything = message.subject + message.body + "".join(part.content for part in message.alternatives)
    assert referral.number in message.subject
    assert "Golden Lake" in message.subject
    for personal in ("Zhang", "Wei", "Z**", LI, "0001", "138****"):
        assert personal not in everything.replace(referral.number, "").replace(str(referral.pk), "")


def test_times_in_the_mail_are_the_projects(mailoutbox):
    site = open_site(visit_within_hours=24, zone="America/New_York")
    _address(site.owner)
    site.file(site.owner, LI)
    _write(after(hours=23))
    _mail(after(hours=23))
    assert "2026-03-02 20:00" in mailoutbox[0].body


def test_a_project_name_of_two_lines_makes_one_subject(mailoutbox):
    site = open_site(visit_within_hours=24)
    _address(site.owner)
    type(site.project).objects.filter(pk=site.project.pk).update(name="Golden\nLake")
    site.file(site.owner, LI)
    _write(after(hours=23))
    assert _mail(after(hours=23)) == 1
    assert "Golden Lake" in mailoutbox[0].subject


def test_each_reads_the_mail_in_the_own_language(mailoutbox):
    site = open_site(visit_within_hours=24)
    _address(site.owner, "en")
    _address(site.rival, "zh-hans")
    for broker in (site.owner, site.rival):
        site.file(broker, LI)
    _write(after(hours=23))
    _mail(after(hours=23))
    html = {message.to[0]: message.alternatives[0].content for message in mailoutbox}
    assert 'lang="en"' in html[site.owner.user.email]
    assert 'lang="zh-hans"' in html[site.rival.user.email]


def test_who_has_no_address_gets_none_and_a_server_out_of_reach_is_tried_again(settings, mailoutbox):
    site = open_site(visit_within_hours=24)
    _address(site.owner)
    site.file(site.owner, LI)
    site.file(site.rival, WANG)
    _write(after(hours=23))
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    assert _mail(after(hours=23)) == 0
    assert not Delivery.objects.filter(sent_at__isnull=False).exists()
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert _mail(after(hours=23, minutes=1)) == 1


def test_notices_are_marked_read_for_their_reader_only():
    site = open_site(visit_within_hours=24)
    for broker in (site.owner, site.rival):
        site.file(broker, LI)
    _write(after(hours=23))
    assert mark_read(recipient=site.owner.user, until=after(hours=23)) == 1
    assert Notice.objects.get(recipient=site.rival.user).read_at is None


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_warn_once():
    site = open_site(visit_within_hours=24)
    for n in range(10):
        site.file(site.owner, f"1380000002{n}")
    start, found = Barrier(2), []

    def run():
        try:
            start.wait(10)
            found.append(_write(after(hours=23)))
        finally:
            connections.close_all()

    threads = [Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(found) == 2
    assert Notice.objects.count() == 10
