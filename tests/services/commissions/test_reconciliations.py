"""Two-sided reconciliation: the agency's file beside ours, signed by each side for itself, fixed from then on."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction

from channels_platform.accounts.permissions import Role
from channels_platform.audit.models import Event
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from channels_platform.lib.sheets import text_workbook
from channels_platform.notices.models import Notice
from commissions.models import LedgerReading, Reconciliation, ReconciliationRow
from commissions.reconciling import left_out_of, totals_of
from commissions.services.reconciliations import compare_again, digest_of, send_ledger, sign_reconciliation
from tests.cast import broker_of
from tests.services.commissions.cast import Cast, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def sold(cast) -> Cast:
    """A1 has three deals of 10,000: paid for, only contracted, fallen through; and half of a fourth with A2."""
    cast.plan("A1")
    cast.plan("A2")
    cast.deals = [cast.collected("B1"), cast.contracted("B1"), cast.collected("B1"), cast.collected("B1", "C1")]
    cast.cancel(cast.deals[2])
    cast.run()
    cast.boss, cast.rival = (boss_of(cast, name) for name in ("B1", "C1"))
    return cast


def boss_of(cast: Cast, broker: str):
    user = cast.brokers[broker].user
    user.role = Role.AGENCY_ADMIN
    user.save()
    return user


def sheet(cast: Cast, *rows: tuple[str, ...]) -> bytes:
    table = [["成交编号", "客户姓名", "签约日期", "佣金(元)"], *map(list, rows)]
    return text_workbook([("佣金", table, ())])


def send(cast: Cast, *rows: tuple[str, ...], **changed) -> Reconciliation:
    given = {
        "actor": cast.boss, "company": cast.company, "currency": "CNY", "from_on": date(2026, 3, 1),
        "to_on": date(2026, 3, 31), "figure": "due", "name": "佣金台账.xlsx", "data": sheet(cast, *rows),
        "headings": {},
    }  # fmt: skip
    with clock.at(cast.later()):
        return send_ledger(**{**given, **changed})


def everything(cast: Cast) -> Reconciliation:
    first, second, third, fourth = (deal.number for deal in cast.deals)
    return send(
        cast,
        (first, "Client One", "2026-03-01", "10,000.00"),
        (second, "张伟", "2026-03-01", "10000"),
        (third, "", "", "10000"),
        (fourth, "", "", "10000"),
        (first, "", "", "10000"),
        ("NO-1", "Nobody", "", "1"),
    )


def reasons(one: Reconciliation) -> list[str]:
    return list(one.rows.order_by("place").values_list("reason", flat=True))


def test_each_row_of_the_file_is_matched_and_says_how_it_differs(sold):
    one = everything(sold)
    assert reasons(one) == [
        "agrees", "not_yet_released", "clawed_back", "other_share", "duplicate", "missing_with_us",
    ]  # fmt: skip
    row = one.rows.get(place=2)
    assert (row.their_client, row.their_amount, row.our_amount, row.our_earned) == ("张**", 10000, 0, 10000)
    assert one.counts == dict.fromkeys(reasons(one), 1)


def test_what_the_file_lacks_is_there_with_our_figure_to_the_cent(sold):
    one = send(sold, (sold.deals[0].number, "", "", "10000"))
    lacking = one.rows.filter(reason="missing_with_them").values_list("our_deal", "our_amount", "our_share")
    assert list(lacking) == [(sold.deals[3].number, Decimal("5000"), "1/2")]
    earned = send(sold, (sold.deals[0].number, "", "", "10000"), figure="earned")
    assert earned.rows.filter(reason="missing_with_them").count() == 2


def test_headings_are_told_once_and_remembered(sold):
    data = "Vorgang;Provision\n" + f"{sold.deals[0].number};10000.00\n"
    with pytest.raises(Invalid) as refusal:
        send(sold, data=data.encode())
    assert refusal.value.code == "no_headings"
    told = {"deal": "Vorgang", "amount": "Provision"}
    assert reasons(send(sold, data=data.encode(), headings=told))[0] == "agrees"
    assert LedgerReading.objects.get().headings == told


def test_an_amount_that_cannot_be_read_is_named_and_nothing_kept(sold):
    with pytest.raises(Invalid) as refusal:
        send(sold, (sold.deals[0].number, "", "", "12,80"))
    assert (refusal.value.code, refusal.value.facts["row"], refusal.value.facts["what"]) == ("row_unread", 2, "12,80")
    assert not Reconciliation.objects.exists()


def test_a_date_that_cannot_be_read_leaves_the_row_without_one_and_is_told_to_who_sends_it(sold):
    one = send(sold, (sold.deals[0].number, "", "2026-13-01", "10000"), (sold.deals[1].number, "", "", "10000"))
    assert reasons(one)[:2] == ["agrees", "not_yet_released"]
    assert (one.rows.get(place=1).their_date, list(one.undated)) == (None, [2])


def test_totals_and_signatures_are_kept_as_left_out_and_add_to_nothing(sold):
    first, second = sold.deals[0].number, sold.deals[1].number
    one = send(
        sold, (first, "", "", "10000"), ("小计", "", "", "10000"), (second, "", "", "10000"),
        ("合计：", "2套", "", "20000"), ("制表：张伟", "", "审核：李四", ""),
    )  # fmt: skip
    left_out = one.rows.filter(reason="left_out").values_list("their_row", "their_deal", "their_client")
    assert list(left_out) == [(3, "小计", ""), (5, "合计", ""), (6, "制表", "")]
    assert totals_of(one)["theirs"] == 20000
    assert left_out_of(one) == [3, 5, 6]
    assert "missing_with_us" not in reasons(one)
    # 2 differ: not yet released, and the half that they lack
    assert Notice.objects.filter(recipient=sold.finance).latest("pk").facts["differing"] == 2
    with clock.at(sold.later()):
        again = compare_again(actor=sold.boss, reconciliation=one)
    assert (again.digest, again.counts) == (one.digest, one.counts)


def test_a_row_with_an_amount_that_names_nothing_does_not_vanish(sold):
    one = send(sold, (sold.deals[0].number, "", "", "5000"), ("", "", "", "5000"), ("", "", "", "0"), ("", "", "", "-"))
    assert reasons(one)[:2] == ["amount_differs", "missing_with_us"]
    assert one.rows.filter(their_row__isnull=False).count() == 2
    assert totals_of(one)["theirs"] == 10000


def test_a_deal_without_an_amount_differs(sold):
    one = send(sold, (sold.deals[0].number, "", "", "—"))
    assert reasons(one)[0] == "no_amount"
    assert one.rows.get(place=1).difference == -10000


def test_only_the_agencys_manager_sends_and_only_for_itself(sold):
    for actor in (sold.finance, sold.brokers["B2"].user, sold.approver):
        with pytest.raises(Forbidden):
            everything_by(sold, actor)
    assert all(one.agency == sold.agencies["A2"] for one in [send(sold, ("x", "", "", "1"), actor=sold.rival)])


def everything_by(cast: Cast, actor):
    return send(cast, ("x", "", "", "1"), actor=actor)


def told(one: Reconciliation) -> list[tuple]:
    """What people were told of a reconciliation since this was asked last."""
    found = Notice.objects.filter(target_id=str(one.pk))
    rows = [(notice.kind.partition(".")[2], notice.recipient, notice.facts["differing"]) for notice in found]
    Notice.objects.all().delete()
    return sorted(rows, key=str)


def test_each_side_hears_of_what_the_other_sent_changed_and_signed_and_of_how_much_differs(sold):
    colleague = broker_of(sold.agencies["A1"], "colleague", role=Role.AGENCY_ADMIN).user
    person(Role.FINANCE, all_projects=False)  # of other projects
    one = everything(sold)
    path = Notice.objects.get(recipient=sold.finance).path
    assert path == f"/finance/reconciliations/{one.pk}/"
    assert told(one) == sorted([("sent", sold.finance, 5), ("sent", colleague, 5)], key=str)
    with clock.at(sold.later()):
        compare_again(actor=sold.boss, reconciliation=one)
        assert told(one) == [], "it says what it said"
    sold.receive(sold.deals[1], "1000000.00")
    sold.run()
    with clock.at(sold.later()):
        again = compare_again(actor=sold.boss, reconciliation=one)
        assert told(one) == [("changed", sold.finance, 4)]
        sign_reconciliation(actor=sold.finance, reconciliation=again, seen=again.digest)
        assert Notice.objects.get(recipient=sold.boss).path == f"/portal/money/reconciliations/{one.pk}/"
        assert told(one) == sorted([("signed", sold.boss, 4), ("signed", colleague, 4)], key=str)
        sign_reconciliation(actor=sold.boss, reconciliation=again, seen=again.digest)
    assert told(one) == [("agreed", sold.finance, 4)]


def test_both_sides_sign_each_for_itself_and_once(sold):
    one = everything(sold)
    for stranger in (sold.rival, sold.brokers["B2"].user, sold.approver):
        with pytest.raises(Forbidden):
            sign_reconciliation(actor=stranger, reconciliation=one, seen=one.digest)
    with pytest.raises(NotAllowed) as refusal:
        sign_reconciliation(actor=sold.boss, reconciliation=one, seen="what it was before")
    assert refusal.value.code == "changed_since"
    sign_reconciliation(actor=sold.boss, reconciliation=one, seen=one.digest)
    with pytest.raises(NotAllowed):
        sign_reconciliation(actor=sold.boss, reconciliation=one, seen=one.digest)
    signed = sign_reconciliation(actor=sold.finance, reconciliation=one, seen=one.digest)
    assert (signed.state, signed.agency_signed_by, signed.finance_signed_by) == ("signed", sold.boss, sold.finance)
    sides = Event.objects.filter(action="reconciliation.signed").order_by("pk").values_list("after__side", flat=True)
    assert list(sides) == ["agency", "finance"]


def test_compared_again_it_says_what_we_have_now_until_the_first_signature(sold):
    one = everything(sold)
    sold.receive(sold.deals[1], "1000000.00")
    sold.run()
    again = compare_again(actor=sold.finance, reconciliation=one)
    assert reasons(again)[1] == "agrees"
    assert again.digest == digest_of(again.rows.order_by("place")) != one.digest
    sign_reconciliation(actor=sold.finance, reconciliation=again, seen=again.digest)
    with pytest.raises(NotAllowed):
        compare_again(actor=sold.boss, reconciliation=again)


def test_a_later_file_takes_the_place_of_one_not_signed_by_both(sold):
    first = everything(sold)
    sign_reconciliation(actor=sold.boss, reconciliation=first, seen=first.digest)
    second = everything(sold)
    first.refresh_from_db()
    assert (first.state, second.state) == ("replaced", "open")
    with pytest.raises(NotAllowed):
        sign_reconciliation(actor=sold.finance, reconciliation=first, seen=first.digest)
    for actor in (sold.boss, sold.finance):
        sign_reconciliation(actor=actor, reconciliation=second, seen=second.digest)
    everything(sold)
    second.refresh_from_db()
    assert second.state == "signed"


def test_the_database_fixes_what_is_signed_and_lets_nobody_sign_for_the_other_side(sold):
    one = everything(sold)
    mine, now = Reconciliation.objects.filter(pk=one.pk), sold.now
    for side, who in (("agency", sold.finance), ("agency", sold.rival), ("finance", sold.boss)):
        refused(lambda side=side, who=who: mine.update(**{f"{side}_signed_by": who, f"{side}_signed_at": now}))
    refused(lambda: one.rows.update(our_amount=1))
    sign_reconciliation(actor=sold.boss, reconciliation=one, seen=one.digest)
    for change in (
        lambda: one.rows.all().delete(),
        lambda: ReconciliationRow.objects.create(reconciliation=one, place=99, reason="agrees"),
        lambda: mine.update(digest="x"),
        lambda: mine.update(agency_signed_by=None, agency_signed_at=None),
        lambda: mine.update(from_on=date(2026, 1, 1)),
        lambda: mine.delete(),
    ):
        refused(change)


def refused(change) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        change()
