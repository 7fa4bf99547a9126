"""One payee's line left out of a draft, with a reason."""

import pytest
from django.db import connection

from channels_platform.audit.models import Event
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from commissions.batch_facts import changed_since_approval
from commissions.batch_sheets import totals_of
from commissions.exports.approvals import approval_rows
from commissions.exports.tables import deals_csv
from commissions.proof.verify import verify
from commissions.services.exclusions import leave_out_line
from commissions.services.payouts import approve_batch, pay_batch, submit_batch, void_batch
from tests.services.commissions.cast import AT_CONTRACT, Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def drafted(cast):
    """Drafted for A1 with 10,000.00, and a bonus of 3,000.00 for B1 in person."""
    bonus = [{"name": "cash", "amount": "3000.00", "to": "broker", "release": "contracted"}]
    cast.plan("A1", release=AT_CONTRACT, bonuses=bonus)
    cast.contracted("B1")
    cast.run()
    return cast.drafted()


def left_out(cast: Cast, line, *, actor=None, reason="The agency asked for May."):
    with clock.at(cast.later()):
        return leave_out_line(actor=actor or cast.finance, line=line, reason=reason)


def test_what_is_left_out_is_payable_again_and_in_the_next_draft(cast, drafted):
    line = drafted.lines.get(payee=cast.payee("A1"))
    assert left_out(cast, line).state == "void"
    event = Event.objects.get(action="batch.line_left_out")
    assert (event.reason, event.after["gross"][:8]) == ("The agency asked for May.", "10000.00")
    again = cast.drafted()
    assert [(str(one.payee), one.gross) for one in again.lines.all()] == [("A1", 10000)]
    with clock.at(cast.later()):
        submit_batch(actor=cast.finance, batch=drafted)
    assert drafted.lines.get(state="open").gross == 3000


def test_only_a_drafts_line_and_never_the_last_for_a_reason_by_who_prepares(cast, drafted):
    agency, person = drafted.lines.get(payee=cast.payee("A1")), drafted.lines.exclude(payee=cast.payee("A1")).get()
    for nothing in ("", " ", "\u200b"):
        with pytest.raises(Invalid):
            left_out(cast, agency, reason=nothing)
    with pytest.raises(Forbidden):
        left_out(cast, agency, actor=cast.manager)
    left_out(cast, person)
    with pytest.raises(NotAllowed) as last:
        left_out(cast, agency)
    assert last.value.code == "last_line"
    with pytest.raises(NotAllowed):
        left_out(cast, person)
    cast.invoiced(drafted)
    with clock.at(cast.later()):
        submit_batch(actor=cast.finance, batch=drafted)
    with pytest.raises(NotAllowed):
        left_out(cast, agency)


@pytest.mark.parametrize("failed", [True, False])
def test_what_left_stays_out_of_every_figure_whatever_becomes_of_the_batch(cast, drafted, failed):
    left_out(cast, drafted.lines.get(payee=cast.payee("A1")))
    with clock.at(cast.later()):
        if failed:
            submit_batch(actor=cast.finance, batch=drafted)
            approve_batch(actor=cast.approver, batch=drafted)
            result = {"line": drafted.lines.get(state="open").pk, "failed": True}
            pay_batch(actor=cast.finance, batch=drafted, results=[result])
        else:
            void_batch(actor=cast.finance, batch=drafted, reason="Not this month.")
    drafted.refresh_from_db()
    assert drafted.state == "void"
    totals = totals_of([drafted])[drafted.pk]
    assert (totals.lines, totals.left, totals.gross) == (1, 1, 3000)
    assert changed_since_approval(drafted) == []
    assert {row.split(",")[1] for row in "".join(deals_csv(drafted)).splitlines()[1:]} != {"A1"}
    with connection.cursor() as cursor:
        cursor.execute("SELECT lines, gross FROM audit_batches")
        assert cursor.fetchall() == [(1, 3000)]
        cursor.execute("SELECT sum(gross) FROM audit_lines WHERE left_at IS NULL")
        assert cursor.fetchall() == [(3000,)]
    assert verify().differences == []


def test_the_approvals_sheet_tells_what_was_left_out(cast, drafted):
    left_out(cast, drafted.lines.get(payee=cast.payee("A1")))
    step = list(approval_rows(drafted))[-1]
    assert (step[0], step[5], step[7]) == ("A1 left out", 10000, "The agency asked for May.")
