"""Services check the role themselves, whatever face called them: first of all, before they look at anything."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from brokers.services import accounts, agencies, agreements, changes, grades, inviting, stores
from channels_platform.accounts.permissions import Role
from channels_platform.audit.models import Event
from channels_platform.lib.errors import Forbidden
from channels_platform.notices.services import choices, delivering
from commissions.services import (
    adjustments,
    advance_limits,
    advances,
    approvals,
    bank_files,
    bank_results,
    closing,
    contest_rounds,
    contests,
    grading,
    payee_holds,
    reconciliations,
    reissue,
    simulations,
    statements,
)
from leads.services import (
    care,
    consultants,
    deals,
    duty,
    expected_dates,
    extension,
    payment_files,
    payment_sources,
    payments,
    roster,
    succession,
    visits,
    withdrawal,
)
from projects.services import details, projects, units
from tests.cast import agency_with_broker, broker_of, person

pytestmark = pytest.mark.django_db

OF_STAFF = [
    accounts.confirm_account,
    accounts.decline_account,
    bank_files.keep_template,
    bank_results.answer_line,
    bank_results.keep_mapping,
    bank_results.read_results,
    bank_results.take_results,
    agencies.create_agency,
    agencies.set_agency_status,
    agreements.draft_agreement,
    agreements.end_agreement,
    agreements.lift_hold,
    changes.change_agency,
    changes.change_broker,
    changes.change_draft,
    changes.keep_store,
    grades.keep_grade,
    grades.set_agency_grade,
    grading.grade_agency,
    adjustments.ask_adjustment,
    adjustments.decide_adjustment,
    advance_limits.ask_advance_limit,
    advance_limits.decide_advance_limit,
    advances.ask_advance,
    advances.decide_advance,
    contests.draft_contest,
    contests.change_contest,
    contests.approve_contest,
    contests.end_contest,
    contest_rounds.approve_round,
    contest_rounds.decline_round,
    closing.close_month,
    statements.answer_objection,
    reconciliations.compare_again,
    reconciliations.send_ledger,
    reconciliations.sign_reconciliation,
    approvals.keep_rule,
    payee_holds.set_hold,
    payee_holds.lift_payee_hold,
    reissue.reissue_failed,
    simulations.start_simulation,
    inviting.invite_brokers,
    stores.close_store,
    stores.move_broker,
    choices.keep_robot,
    choices.try_robot,
    care.follow_up,
    care.take_client,
    consultants.hand_over_clients,
    consultants.share_out_clients,
    deals.amend_deal,
    deals.cancel_deal,
    deals.contract_deal,
    deals.hand_over_deal,
    deals.subscribe_deal,
    delivering.send_again,
    details.change_unit,
    details.keep_company,
    details.keep_holiday,
    details.keep_detail,
    details.remove_detail,
    duty.place_consultant,
    duty.set_duty,
    expected_dates.expect_dates,
    extension.extend_protection,
    payment_files.assign_row,
    payment_files.read_file,
    payment_files.set_row_aside,
    payment_files.start_taking,
    payment_sources.keep_source,
    payments.record_payment,
    projects.change_project,
    projects.create_project,
    projects.set_policy,
    roster.copy_last_week,
    roster.set_roster,
    succession.hand_over_to_successor,
    succession.transfer_client,
    units.create_unit,
    visits.confirm_visit,
    visits.record_natural_visit,
    withdrawal.release_referral,
]


def _asked_by(actor: Any, service: Callable[..., Any]) -> None:
    """Call a service with nothing but its actor."""
    needed = [
        one.name
        for one in inspect.signature(service).parameters.values()
        if one.default is one.empty and one.kind is not one.VAR_KEYWORD
    ]
    service(**dict.fromkeys(needed) | {"actor": actor})


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.BROKER])
@pytest.mark.parametrize("service", OF_STAFF, ids=lambda service: service.__name__)
def test_who_has_not_the_role_is_refused_by_the_service_itself(service: Any, role: Role) -> None:
    with pytest.raises(Forbidden):
        _asked_by(person(role), service)
    assert not Event.objects.exists()


def test_a_manager_takes_in_and_disables_brokers_of_the_own_agency_only() -> None:
    mine, theirs = agency_with_broker("mine"), agency_with_broker("theirs")
    boss = broker_of(mine.agency, "boss", role=Role.AGENCY_ADMIN).user
    made = agencies.create_broker(actor=boss, agency=mine.agency, username="new-one", name="New")
    assert made.agency == mine.agency
    with pytest.raises(Forbidden):
        agencies.create_broker(actor=boss, agency=theirs.agency, username="mole", name="Mole")
    with pytest.raises(Forbidden):
        agencies.set_broker_active(actor=boss, broker=theirs, active=False)
    theirs.refresh_from_db()
    assert theirs.is_active
    with pytest.raises(Forbidden):
        agencies.create_broker(actor=mine.user, agency=mine.agency, username="friend", name="Friend")
