"""One payee's line left out of a draft, with a reason."""

import pytest

from channels_platform.audit.models import Event
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from commissions.services.exclusions import leave_out_line
from commissions.services.payouts import submit_batch
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
