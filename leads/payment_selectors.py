"""Reading files of payments and the rows that wait, and what the rows are judged by."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import DecimalField, F, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from channels_platform.lib import clock
from leads.models import Deal, Payment, PaymentFile, PaymentRow, PaymentSource
from leads.payment_matching import (
    Candidate,
    Judged,
    Known,
    RowSaid,
    Suggestion,
    goes_back,
    judge,
    numbers_in,
    plain_unit,
    suggest,
    units_in,
)
from leads.states import DealState, PaymentRowState
from projects.models import Project
from projects.selectors import visible_projects

_MOST_LOOKED_AT = 300
_CHUNK = 2_000


def visible_sources(user: Any) -> QuerySet[PaymentSource]:
    return PaymentSource.objects.filter(project__in=visible_projects(user)).select_related("project", "changed_by")


def visible_files(user: Any) -> QuerySet[PaymentFile]:
    files = PaymentFile.objects.filter(project__in=visible_projects(user))
    return files.select_related("project", "source", "read_by", "taken_by", "job")


def waiting_rows(user: Any) -> QuerySet[PaymentRow]:
    """Return the rows that wait for somebody to say which deal they are of, within the person's projects."""
    rows = PaymentRow.objects.filter(state=PaymentRowState.WAITING, project__in=visible_projects(user))
    return rows.select_related("project", "file")


def visible_rows(user: Any) -> QuerySet[PaymentRow]:
    """Return the rows that waited once or wait still."""
    states = [PaymentRowState.WAITING, PaymentRowState.ASSIGNED, PaymentRowState.ASIDE]
    rows = PaymentRow.objects.filter(state__in=states, project__in=visible_projects(user))
    return rows.select_related("project", "file", "payment__deal", "settled_by")


def judge_rows(file: PaymentFile) -> list[tuple[PaymentRow, Judged]]:
    """Return what would become now of each row that is only read, in the order in which they are to be taken."""
    rows = list(file.rows.filter(state=PaymentRowState.READ).order_by("number"))
    rows.sort(key=lambda row: goes_back(said_of(row)))
    said = [said_of(row) for row in rows]
    project = file.project
    deals, since = _deals_of(project, said)
    taken = taken_back(project, {one.reverses for one in said if one.reverses})
    units, known = _units_of(project, said), _known(project, said, taken)
    named = {*deals.values(), *units.values(), *(one.deal for one in known.values())}
    judged = judge(
        said,
        deals=deals,
        units=units,
        known=known,
        taken_back=taken,
        collected=_collected(named) if any(map(goes_back, said)) else {},
        left=_left(project, said),
        since=since,
        now=clock.now().astimezone(project.zone).isoformat(),
    )
    return list(zip(rows, judged, strict=True))


def said_of(row: PaymentRow) -> RowSaid:
    return RowSaid(
        number=row.number,
        amount=row.amount,
        reference=row.reference,
        deal=row.deal_text,
        unit=row.unit_text,
        payer=row.payer_masked,
        reverses=row.reverses,
        received=row.received,
        fault=row.fault,
    )


def _deals_of(project: Project, said: Sequence[RowSaid]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the ids of the deals that rows name, and when the deals they can be of were subscribed."""
    named = {number for one in said if one.deal for number in numbers_in(one.deal)}
    found: dict[str, str] = {}
    since: dict[str, str] = {}
    references = {one.reverses for one in said if one.reverses}
    rows = Deal.objects.filter(project=project).order_by()
    for some in _in_chunks(named):
        for pk, number, at in rows.filter(number__in=some).values_list("pk", "number", "subscribed_at"):
            found[number], since[str(pk)] = str(pk), at.astimezone(project.zone).isoformat()
    others = rows.none()
    if any(one.unit for one in said):
        others = rows.filter(unit__isnull=False).exclude(state=DealState.CANCELLED)
    for pk, at in others.values_list("pk", "subscribed_at"):
        since[str(pk)] = at.astimezone(project.zone).isoformat()
    for some in _in_chunks(references):
        originals = Payment.objects.filter(project=project, reference__in=some)
        for pk, at in originals.order_by().values_list("deal_id", "deal__subscribed_at"):
            since[str(pk)] = at.astimezone(project.zone).isoformat()
    return found, since


def _units_of(project: Project, said: Sequence[RowSaid]) -> dict[str, str]:
    """Return the live deals by how people write their units; what could be two units is none."""
    if not any(one.unit for one in said):
        return {}
    spelled: dict[str, set[str]] = defaultdict(set)
    live = Deal.objects.filter(project=project, unit__isnull=False).exclude(state=DealState.CANCELLED).order_by()
    for pk, phase, building, number in live.values_list("pk", "unit__phase__name", "unit__building", "unit__number"):
        for text in (f"{building}{number}", f"{phase}{building}{number}", number):
            spelled[plain_unit(text)].add(str(pk))
    return {text: next(iter(ids)) for text, ids in spelled.items() if len(ids) == 1}


def _known(project: Project, said: Sequence[RowSaid], taken: Mapping[str, Decimal]) -> dict[str, Known]:
    found = {}
    for some in _in_chunks({text for one in said for text in (one.reference, one.reverses) if text}):
        payments = Payment.objects.filter(project=project, reference__in=some).order_by()
        for reference, deal, amount in payments.values_list("reference", "deal_id", "amount"):
            found[reference] = Known(str(deal), amount, taken.get(reference, Decimal(0)))
    return found


def _collected(deals: Iterable[str]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for some in _in_chunks(deals):
        sums = Payment.objects.filter(deal_id__in=some).order_by().values_list("deal").annotate(Sum("amount"))
        found.update((str(deal), amount) for deal, amount in sums)
    return found


def taken_back(project: Project, references: Iterable[str]) -> dict[str, Decimal]:
    """Return how much rows of files took back of payments, by their references."""
    found: dict[str, Decimal] = {}
    for some in _in_chunks(references):
        rows = PaymentRow.objects.filter(project=project, reverses__in=some, payment__isnull=False)
        rows = rows.exclude(reverses="").order_by()
        for reference, amount in rows.values_list("reverses").annotate(Sum("payment__amount")):
            found[reference] = -amount
    return found


def _left(project: Project, said: Sequence[RowSaid]) -> frozenset[str]:
    states = [PaymentRowState.WAITING, PaymentRowState.ASIDE]
    found: set[str] = set()
    for some in _in_chunks({one.reference for one in said if one.reference}):
        rows = PaymentRow.objects.filter(project=project, state__in=states, reference__in=some).order_by()
        found.update(rows.values_list("reference", flat=True))
    return frozenset(found)


def _in_chunks(values: Iterable[str]) -> Iterator[list[str]]:
    ordered = sorted(values)
    for start in range(0, len(ordered), _CHUNK):
        yield ordered[start : start + _CHUNK]


def suggestions_for(row: PaymentRow) -> list[tuple[Deal, Suggestion]]:
    """Return the deals that a waiting row might be of, the likeliest first."""
    said = said_of(row)
    deals = {str(deal.pk): deal for deal in _looked_at(row)}
    paid: dict[str, list[tuple[str, str, Decimal]]] = defaultdict(list)
    for pk, source, reference, amount in Payment.objects.filter(deal__in=list(deals.values())).values_list(
        "deal_id", "source", "reference", "amount"
    ):
        paid[str(pk)].append((source, reference, amount))
    candidates = [_candidate(deal, paid[pk]) for pk, deal in deals.items()]
    return [(deals[one.deal], one) for one in suggest(said, candidates)]


def _looked_at(row: PaymentRow) -> QuerySet[Deal]:
    """Return the deals of the project that share anything with the row."""
    wanted = Q(number__in=numbers_in(row.deal_text)) if row.deal_text else Q(pk__in=[])
    if len(row.deal_text) >= 4:
        wanted |= Q(number__iendswith=row.deal_text[-4:]) | Q(number__istartswith=row.deal_text[:-1])
    for text in (row.unit_text, *units_in(row.deal_text)):
        digits = "".join(sign for sign in text if sign.isdigit())
        if not digits:
            continue
        wanted |= Q(unit__number__endswith=digits[-2:]) | Q(unit__number__startswith=digits[-4:][:2])
    if row.payer_masked:
        wanted |= Q(buyers__name_masked=row.payer_masked)
    if len(row.reference) >= 8:
        wanted |= Q(payments__reference__startswith=row.reference[:-4])
    if row.amount is not None:
        wanted |= Q(price=row.amount) | Q(loan_amount=row.amount) | Q(first_payment_amount=row.amount)
        wanted |= Q(left=row.amount) | Q(left=row.amount + F("loan_amount"))
    paid = Payment.objects.filter(deal=OuterRef("pk")).order_by().values("deal")
    sums = paid.annotate(sum=Sum("amount")).values("sum")
    money: Any = DecimalField(max_digits=18, decimal_places=4)
    collected = Coalesce(Subquery(sums, output_field=money), Value(Decimal(0), output_field=money))
    deals = Deal.objects.filter(project=row.project_id).annotate(left=F("price") - collected)
    found = deals.filter(wanted).order_by("-subscribed_at").values("pk")
    ids = set(found.values_list("pk", flat=True).distinct()[:_MOST_LOOKED_AT])
    if row.reverses:
        originals = Payment.objects.filter(project=row.project_id, reference=row.reverses)
        ids.update(originals.values_list("deal_id", flat=True))
    return Deal.objects.filter(pk__in=ids).select_related("unit", "project").prefetch_related("buyers")


def _candidate(deal: Deal, paid: list[tuple[str, str, Decimal]]) -> Candidate:
    own = sum((amount for source, _reference, amount in paid if source == Payment.Source.OWN), Decimal(0))
    lent = sum((amount for source, _reference, amount in paid if source != Payment.Source.OWN), Decimal(0))
    due = {deal.first_payment_amount - own, deal.price - own - lent, (deal.loan_amount or Decimal(0)) - lent}
    if deal.loan_amount is not None:
        due.add(deal.price - deal.loan_amount - own)
    return Candidate(
        id=str(deal.pk),
        number=deal.number,
        unit=str(deal.unit or ""),
        buyers=frozenset(buyer.name_masked for buyer in deal.buyers.all()),
        due=frozenset(amount for amount in due if amount > 0),
        references=tuple(reference for _source, reference, _amount in paid),
    )
