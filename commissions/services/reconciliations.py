"""Two-sided reconciliation: an agency's ledger is read and laid beside ours, then both sides sign the result."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from brokers.models import Agency
from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require_person
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from channels_platform.lib.money import minor_digits
from channels_platform.lib.names import clean_text
from channels_platform.lib.sheets import plain_heading
from commissions import locks
from commissions.engine.matching import Ours, Pair, Reason, Theirs, match
from commissions.ledger_rows import READ_FIELDS, read_ledger
from commissions.models import LedgerReading, Reconciliation, ReconciliationRow
from commissions.reconciling import ours_of, places_of, reading_of
from commissions.services.reconciliation_notices import tell_of_comparison, tell_of_ledger, tell_of_signature
from commissions.services.requests import next_number
from projects.models import PayingCompany


@transactional
def send_ledger(
    *,
    actor: Any,
    company: PayingCompany,
    currency: str,
    from_on: date,
    to_on: date,
    figure: str,
    name: str,
    data: bytes,
    headings: Mapping[str, str],
) -> Reconciliation:
    """Read the own agency's ledger of a span (both days in it) and lay it beside ours; it takes earlier ones' place.

    Those are of the same company, currency and span, and not signed by both. `headings` of READ_FIELDS that are not
    called as usual are remembered for the agency. Of names only their masks are kept; rows of totals and signatures
    are kept as left out, without what they say.
    Raises: Forbidden; Invalid `span_reversed`, `span_too_long`, `nothing_here` where the agency has no commission
            there, `heading_twice`, and as `read_ledger`.
    Locks:  the company.
    Writes: LedgerReading, Reconciliation, ReconciliationRow, Notice, Delivery, audit event `reconciliation.sent`.
    """
    agency = _own_agency(actor)
    if from_on > to_on:
        raise Invalid("the span is reversed", code="span_reversed", field="to_on")
    if (to_on - from_on).days > 366:
        raise Invalid("at most a year", code="span_too_long", field="to_on")
    if (company, currency) not in places_of(agency):
        raise Invalid("no commission there", code="nothing_here", field="place")
    locks.lock_company(company.pk)
    _keep_reading(actor, agency, headings)
    ledger = read_ledger(data, reading_of(agency), currency)
    now = clock.now()
    made = Reconciliation(
        number=next_number("REC", "reconciliation_number"),
        agency=agency,
        company=company,
        currency=currency,
        from_on=from_on,
        to_on=to_on,
        figure=Reconciliation.Figure(figure),
        file_name=clean_text(name)[:120] or "–",
        file_digest=hashlib.sha256(data).hexdigest(),
        sent_by=actor,
        sent_at=now,
        compared_at=now,
    )
    same = Reconciliation.objects.filter(
        agency=agency, company=company, currency=currency, from_on=from_on, to_on=to_on, replaced_at__isnull=True
    )
    (same.filter(agency_signed_at__isnull=True) | same.filter(finance_signed_at__isnull=True)).update(replaced_at=now)
    rows = _compared(made, ledger.rows, ledger.left_out)
    made.save(force_insert=True)
    made.undated = ledger.undated
    ReconciliationRow.objects.bulk_create(rows)
    after = {"rows": len(rows), "undated": len(ledger.undated), "digest": made.digest, **made.counts}
    record("reconciliation.sent", actor=actor, target=made, agency=agency.pk, after=after)
    tell_of_ledger(made, actor=actor)
    return made


@transactional
def compare_again(*, actor: Any, reconciliation: Reconciliation) -> Reconciliation:
    """Lay the same file beside what we have now; not once either side has signed.

    Raises: Forbidden; NotAllowed `signed_already`, `replaced`.
    Locks:  the company, the reconciliation.
    Writes: Reconciliation, ReconciliationRow, Notice, Delivery, audit event `reconciliation.compared`.
    """
    stored = _held(actor, reconciliation)
    if stored.is_signed:
        raise NotAllowed("it is signed", code="signed_already")
    before = stored.digest
    found = list(stored.rows.filter(their_row__isnull=False).order_by("their_row"))
    theirs, left_out = (
        [_theirs_of(row) for row in found if (row.reason == Reason.LEFT_OUT) is out] for out in (False, True)
    )
    rows = _compared(stored, theirs, left_out)
    stored.rows.all().delete()
    ReconciliationRow.objects.bulk_create(rows)
    stored.compared_at = clock.now()
    stored.save(update_fields=["digest", "counts", "compared_at"])
    after = {"digest": stored.digest, **stored.counts}
    record("reconciliation.compared", actor=actor, target=stored, agency=stored.agency_id, after=after)
    if stored.digest != before:
        tell_of_comparison(stored, actor=actor)
    return stored


@transactional
def sign_reconciliation(*, actor: Any, reconciliation: Reconciliation, seen: str) -> Reconciliation:
    """Sign the result for the own side: the agency's manager for the agency, finance for the company.

    From the first signature on its rows are fixed. `seen`: the digest of what the person was shown.
    Raises: Forbidden; NotAllowed `signed_already` by this side, `replaced`, `changed_since` where it says
            otherwise now.
    Locks:  the company, the reconciliation.
    Writes: Reconciliation, Notice, Delivery, audit event `reconciliation.signed`.
    """
    stored = _held(actor, reconciliation)
    side = "agency" if actor.is_agency_side else "finance"
    if getattr(stored, f"{side}_signed_at") is not None:
        raise NotAllowed("this side has signed", code="signed_already")
    if stored.digest != seen:
        raise NotAllowed("it was compared anew meanwhile", code="changed_since")
    setattr(stored, f"{side}_signed_by", actor)
    setattr(stored, f"{side}_signed_at", clock.now())
    stored.save(update_fields=[f"{side}_signed_by", f"{side}_signed_at"])
    after = {"side": side, "digest": stored.digest}
    record("reconciliation.signed", actor=actor, target=stored, agency=stored.agency_id, after=after)
    tell_of_signature(stored, actor=actor)
    return stored


def _own_agency(actor: Any) -> Agency:
    require_person(actor, Can.RECONCILE_OWN)
    if not actor.is_agency_side:
        raise Forbidden("an agency sends its own ledger")
    agency: Agency = actor.broker.agency
    return agency


def _held(actor: Any, reconciliation: Reconciliation) -> Reconciliation:
    """Hold a result for a person of either side."""
    require_person(actor, Can.RECONCILE_OWN if getattr(actor, "is_agency_side", False) else Can.RECONCILE)
    if actor.is_agency_side and actor.broker.agency_id != reconciliation.agency_id:
        raise Forbidden("it is another agency's")
    locks.lock_company(reconciliation.company_id)
    stored = (
        Reconciliation.objects.select_for_update(of=("self",))
        .select_related("agency", "company")
        .get(pk=reconciliation.pk)
    )
    if stored.replaced_at is not None:
        raise NotAllowed("a later file took its place", code="replaced")
    return stored


def _keep_reading(actor: Any, agency: Agency, headings: Mapping[str, str]) -> None:
    told = {name: text for name in READ_FIELDS if (text := clean_text(headings.get(name, "")))}
    if len({plain_heading(text) for text in told.values()}) != len(told):
        raise Invalid("one heading holds one thing", code="heading_twice", field="headings")
    if told == reading_of(agency):
        return
    LedgerReading.objects.update_or_create(
        agency=agency, defaults={"headings": told, "changed_by": actor, "changed_at": clock.now()}
    )


def _compared(asked: Reconciliation, theirs: Sequence[Theirs], left_out: Sequence[Theirs]) -> list[ReconciliationRow]:
    """Match the rows, and give the reconciliation their counts and digest."""
    ours = ours_of(asked, {row.deal for row in theirs if row.deal})
    pairs = match(theirs, ours, digits=minor_digits(asked.currency))
    pairs += [Pair(row, None, Reason.LEFT_OUT) for row in left_out]
    rows = [_row(asked, place, pair) for place, pair in enumerate(pairs, start=1)]
    asked.counts = dict(sorted(Counter(str(pair.reason) for pair in pairs).items()))
    asked.digest = digest_of(rows)
    return rows


def digest_of(rows: Iterable[ReconciliationRow]) -> str:
    """Return the digest of rows: what a signature is for."""
    said = [
        [
            row.place, str(row.reason), row.their_row, row.their_deal, row.their_unit, row.their_client,
            _iso(row.their_date), _plain(row.their_amount), row.our_deal, row.our_unit, row.our_client,
            _iso(row.our_date), _plain(row.our_amount), _plain(row.our_earned), row.our_share,
        ]
        for row in rows
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(said, ensure_ascii=False).encode()).hexdigest()


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""


def _plain(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount:.4f}"


def _row(asked: Reconciliation, place: int, pair: Pair) -> ReconciliationRow:
    row = ReconciliationRow(reconciliation=asked, place=place, reason=str(pair.reason))
    if (theirs := pair.theirs) is not None:
        row.their_row, row.their_deal, row.their_unit = theirs.number, theirs.deal, theirs.unit
        row.their_client, row.their_date, row.their_amount = theirs.client, theirs.on, theirs.amount
    if (ours := pair.ours) is not None:
        _write_ours(row, ours)
    return row


def _write_ours(row: ReconciliationRow, ours: Ours) -> None:
    row.our_deal, row.our_unit, row.our_date = ours.deal, ours.unit, ours.on
    row.our_client = ", ".join(sorted(ours.clients))[:120]
    row.our_amount, row.our_earned, row.our_share = ours.amount, ours.earned, str(ours.share)


def _theirs_of(row: ReconciliationRow) -> Theirs:
    return Theirs(
        number=row.their_row or 0,
        deal=row.their_deal,
        unit=row.their_unit,
        client=row.their_client,
        on=row.their_date,
        amount=row.their_amount,
    )
