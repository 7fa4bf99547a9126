"""Who sees whose money."""

import pytest

from channels_platform.accounts.permissions import Role
from commissions import selectors
from commissions.services.payouts import void_batch
from tests.services.commissions.cast import AT_CONTRACT, Cast, at, person


@pytest.fixture
def paid(cast) -> Cast:
    """A1 and A2 earned 5,000.00 each of one deal, their brokers 500.00 each; all of it is in a draft."""
    bonus = [{"name": "cash", "amount": "1000.00", "to": "broker", "release": "contracted"}]
    cast.plan("A1", release=AT_CONTRACT, bonuses=bonus)
    cast.plan("A2", release=AT_CONTRACT, bonuses=bonus)
    cast.contracted("B1", "C1")
    cast.run()
    cast.batch = cast.drafted()
    return cast


def admin_of(cast: Cast, broker: str):
    user = cast.brokers[broker].user
    user.role = Role.AGENCY_ADMIN
    user.save()
    return user


def seen(rows) -> list[str]:
    return sorted(str(row.payee) for row in rows)


def test_a_broker_sees_the_own_money_and_nobody_elses(paid):
    broker = paid.brokers["B1"].user
    assert seen(selectors.commissions(broker)) == ["B1"]
    assert seen(selectors.balances(broker)) == ["B1"]
    assert set(seen(selectors.entries(broker))) == {"B1"}
    assert seen(selectors.visible_lines(broker)) == ["B1"]
    assert not selectors.visible_batches(broker).exists()
    assert not selectors.visible_plan_versions(broker).exists()
    assert not selectors.balances(paid.brokers["B2"].user)


def test_an_agencys_manager_sees_the_agencys_and_the_own(paid):
    assert seen(selectors.balances(admin_of(paid, "B1"))) == ["A1", "B1"]
    assert seen(selectors.visible_lines(admin_of(paid, "B2"))) == ["A1"]
    assert seen(selectors.commissions(admin_of(paid, "C1"), agency=paid.agencies["A1"].pk)) == []


def test_a_voided_line_is_none_of_the_agencys_business(paid):
    void_batch(actor=paid.finance, batch=paid.batch, reason="wrong cut-off")
    assert not selectors.visible_lines(admin_of(paid, "B1")).exists()
    assert selectors.visible_lines(paid.finance).count() == 4


def test_staff_see_the_money_of_their_projects_only(paid):
    other = Cast()
    other.agency("X1", brokers=["Y1"])
    other.plan("X1", release=AT_CONTRACT)
    other.contracted("Y1")
    other.run()
    theirs = other.drafted()
    manager = person(Role.MARKETING_MANAGER, all_projects=False)
    manager.projects.add(paid.project)
    assert {balance.project for balance in selectors.balances(manager)} == {paid.project}
    assert set(selectors.commissions(manager).values_list("project", flat=True)) == {paid.project.pk}
    assert list(selectors.visible_batches(manager)) == [paid.batch]
    assert set(selectors.visible_batches(paid.finance)) == {paid.batch, theirs}
    assert {version.plan.project_id for version in selectors.visible_plan_versions(manager)} == {paid.project.pk}


def test_a_batch_is_seen_by_who_sees_all_its_companys_projects(paid):
    sister = Cast(company=paid.company)
    manager = person(Role.FINANCE, all_projects=False)
    manager.projects.add(paid.project)
    assert not selectors.visible_batches(manager).exists()
    assert not selectors.visible_lines(manager).exists()
    manager.projects.add(sister.project)
    assert list(selectors.visible_batches(manager)) == [paid.batch]


@pytest.mark.parametrize("role", [Role.RECEPTION, Role.CONSULTANT, Role.MARKETING])
def test_staff_without_money_see_none(paid, role):
    user = person(role)
    assert selectors.balances(user) == []
    for rows in (
        selectors.commissions(user),
        selectors.entries(user),
        selectors.visible_batches(user),
        selectors.visible_lines(user),
        selectors.visible_payees(user),
        selectors.visible_plan_versions(user),
        selectors.visible_repayments(user),
        selectors.visible_write_offs(user),
        selectors.visible_adjustments(user),
        selectors.visible_advances(user),
        selectors.visible_advance_limits(user),
    ):
        assert not rows.exists()


def test_balances_leave_out_who_has_nothing_but_zeros(paid):
    deal = paid.contracted("B2")
    paid.run()
    paid.cancel(deal)
    paid.run()
    assert seen(selectors.balances(paid.finance)) == ["A1", "A2", "B1", "C1"]
    found = selectors.balances(paid.finance, payee=paid.payee("A1"))
    assert [(row.earned, row.payable, row.paid) for row in found] == [(5000, 5000, 0)]


def test_the_month_is_the_contracts_own_local_month(cast):
    cast.plan("A1", release=AT_CONTRACT)
    cast.now = at("03-31 20:30")
    march = cast.contracted("B1")
    assert march.contracted_at == at("03-31 23:30")
    april = cast.contracted("B1")
    assert april.contracted_at == at("04-01 02:30")
    cast.run()
    by_month = {
        month: [line.deal for line in selectors.commissions(cast.finance, month=at(f"{month:02d}-01 00:00").date())]
        for month in (2, 3, 4, 5)
    }
    assert by_month == {2: [], 3: [march], 4: [april], 5: []}


def test_filters_narrow(paid):
    lines = selectors.commissions
    finance = paid.finance
    assert seen(lines(finance, agency=paid.agencies["A1"].pk)) == ["A1", "B1"]
    assert seen(lines(finance, broker=paid.brokers["C1"].pk)) == ["C1"]
    deal = paid.contracted("B2")
    paid.run()
    assert seen(lines(finance, deal=deal.pk)) == ["A1", "B2"]
    assert seen(lines(finance, project=Cast().project)) == []


def test_lists_make_no_query_per_row(paid, no_n_plus_one, django_assert_max_num_queries):
    with django_assert_max_num_queries(5):
        for row in selectors.commissions(paid.finance):
            assert str(row.payee)
            assert str(row.deal)
        assert len(selectors.balances(paid.finance)) == 4
