"""Acts on many clients: looked at first, then done one by one, each in its own transaction and at most once."""

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from io import StringIO
from typing import Any
from uuid import UUID

from django.core.files.base import ContentFile
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy, override
from django.utils.translation import gettext as _

from brokers.models import Broker
from channels_platform.accounts.models import User
from channels_platform.accounts.permissions import Can, Role, may
from channels_platform.accounts.services.access import require_person
from channels_platform.db import transactional
from channels_platform.jobs.kinds import name_kind
from channels_platform.jobs.models import Job
from channels_platform.jobs.services import create_job, job_at_work, report_progress
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed, Refused
from channels_platform.lib.names import needed_reason
from channels_platform.lib.spreadsheets import BOM, kept_text
from channels_platform.notices.services import tell
from leads.bulk_words import outcome_words, until_words
from leads.models import BulkAct, BulkItem, Claim, Referral
from leads.selectors import holding, visible_referrals
from leads.services.extension import extend_protection, later_end, require_days
from leads.services.moves import require_live
from leads.services.succession import had_deal, live_phones, phones_of, require_transferable, transfer_client
from leads.services.withdrawal import release_referral
from leads.states import BulkKind
from projects.selectors import visible_projects

JOB = "bulk-act"
_TASK = "leads.tasks.do_bulk_act"
MOST = 5_000
# So many are done at once, while the person waits; more as a job.
AT_ONCE = 50
_REPORT_EVERY = 10
CAN: dict[str, Can] = {
    BulkKind.TRANSFER: Can.TRANSFER_CLIENT,
    BulkKind.EXTEND: Can.EXTEND_PROTECTION,
    BulkKind.RELEASE: Can.RELEASE_CLIENT,
}
RECEIVED, GIVEN, MOVED = "client.transferred", "client.passed_on", "client.moved"


def _is_readable(job: Job, starter: Any) -> bool:
    act = BulkAct.objects.filter(job=job).first()
    return act is None or is_readable(act, starter)


name_kind(JOB, gettext_lazy("Act on many clients"), readable=_is_readable)


@dataclass(frozen=True, slots=True)
class BulkPlan:
    """What an act would do now: which clients it takes (and until when), which it leaves out and why."""

    going: list[tuple[Referral, datetime | None]] = field(default_factory=list)
    left: list[tuple[Referral, str]] = field(default_factory=list)

    def reasons(self) -> list[tuple[str, int]]:
        return Counter(code for _referral, code in self.left).most_common()


def is_readable(act: BulkAct, reader: Any) -> bool:
    """Whether a person may read what became of an act: who asked for it, while all its clients are within reach."""
    if act.actor_id != reader.pk or not may(reader, CAN[act.kind]):
        return False
    return not act.items.exclude(referral__project__in=visible_projects(reader).order_by()).exists()


def receivers(referrals: QuerySet[Referral]) -> QuerySet[Broker]:
    """Return who may receive these clients: active brokers of their agencies."""
    agencies = referrals.order_by().values("agency")
    active = Broker.objects.filter(agency__in=agencies, is_active=True, user__is_active=True)
    return active.select_related("user", "agency").order_by("agency__name", "user__name", "pk")


def plan_bulk(
    *, kind: str, referrals: Iterable[Referral], receiver: Broker | None = None, days: int | None = None
) -> BulkPlan:
    """Return what `ask_bulk` would do now; nothing is held or written."""
    clients = sorted(referrals, key=lambda one: one.pk)
    judge = _judges(kind, clients, receiver, days, clock.now())
    plan = BulkPlan()
    for referral in clients:
        try:
            plan.going.append((referral, judge(referral)))
        except NotAllowed as refused:
            plan.left.append((referral, refused.code))
    return plan


def _judges(
    kind: str, clients: Sequence[Referral], receiver: Broker | None, days: int | None, now: datetime
) -> Callable[[Referral], datetime | None]:
    """Return what judges one client after the other, raising NotAllowed, by facts read for all of them."""
    if kind == BulkKind.TRANSFER and receiver is not None:
        with_deal, phones, theirs = had_deal(clients), phones_of(clients), live_phones(receiver, now)

        def transferable(one: Referral) -> None:
            known = bool(phones[one.pk] & theirs)
            require_transferable(referral=one, receiver=receiver, had_deal=one.pk in with_deal, known=known, now=now)
            theirs.update(phones[one.pk])

        return transferable
    if kind == BulkKind.EXTEND and days is not None:
        held = Claim.objects.filter(holding(now), referral__in=[one.pk for one in clients])
        holders = set(held.values_list("referral", flat=True))
        return lambda one: later_end(referral=one, days=days, holds=one.pk in holders, now=now)
    if kind == BulkKind.RELEASE:
        return lambda one: require_live(referral=one, now=now)
    raise Invalid("the act lacks what it needs", code="required")


@transactional
def ask_bulk(
    *,
    actor: Any,
    kind: str,
    referrals: Sequence[UUID],
    reason: str,
    receiver: Broker | None = None,
    days: int | None = None,
) -> BulkAct:
    """Ask for an act on referrals; a worker does it, and `carry_out` may begin it before.

    Raises: Forbidden, also `beyond_reach`; Invalid `reason_required`, `required`, `too_many`, `out_of_range`,
            `bad_receiver`.
    Writes: BulkAct, BulkItem, Job, OutboxMessage.
    """
    require_person(actor, CAN[kind])
    reason = needed_reason(reason)
    ids = sorted(set(referrals))
    if not 1 <= len(ids) <= MOST:
        raise Invalid(f"1 to {MOST} clients", code="too_many_chosen" if ids else "required", field="chosen")
    if visible_referrals(actor).filter(pk__in=ids).count() != len(ids):
        raise Forbidden("a client is beyond your projects", code="beyond_reach")
    if kind == BulkKind.TRANSFER:
        if receiver is None or not (receiver.is_active and receiver.user.is_active):
            raise Invalid("an active broker receives clients", code="bad_receiver", field="receiver")
    elif kind == BulkKind.EXTEND:
        require_days(days or 0)
    act = BulkAct(
        kind=kind,
        actor=actor,
        reason=reason,
        receiver=receiver if kind == BulkKind.TRANSFER else None,
        days=days if kind == BulkKind.EXTEND else None,
        asked_at=clock.now(),
    )
    arguments = {"act": str(act.pk), "language": get_language()}
    act.job = create_job(kind=JOB, task=_TASK, starter=actor, arguments=arguments, total=len(ids))
    act.save(force_insert=True)
    BulkItem.objects.bulk_create([BulkItem(act=act, referral_id=pk) for pk in ids])
    return act


def run_bulk_act(*, job_id: UUID) -> None:
    """Do what is left of an act, and leave its result with the job.

    Writes: as `carry_out`; Job with its file and progress.
    Raises: Settled as `job_at_work`.
    """
    with job_at_work(job_id) as job:
        act = BulkAct.objects.get(pk=job.arguments["act"])
        carry_out(act=act, job=job)
        with override(job.arguments["language"]):
            job.result_file.save("clients.csv", ContentFile((BOM + _csv(act)).encode()), save=False)
        job.result_url = reverse("admin:leads_referral_many_result", args=[act.pk])
        job.done = job.total


def carry_out(*, act: BulkAct, job: Job | None = None) -> None:
    """Do an act on those of its clients that are not judged yet, in order of their ids, each in its own transaction.

    Run twice, also at once or after it was killed, it does each client once and tells once.
    Writes: BulkItem, BulkAct, Notice, Delivery; as the service of the act for each client.
    """
    waiting = list(act.items.filter(outcome="").order_by("referral_id").values_list("pk", flat=True))
    done = act.items.count() - len(waiting)
    for place, item in enumerate(waiting, start=1):
        _do_one(act, item)
        if job is not None and place % _REPORT_EVERY == 0:
            report_progress(job, done=done + place)
    _finish(act)


@transactional
def _do_one(act: BulkAct, item_id: int) -> None:
    item = BulkItem.objects.select_for_update(of=("self",)).select_related("referral__broker__user").get(pk=item_id)
    if item.outcome:
        return
    try:
        item.before, item.after = _DO[act.kind](act, item.referral)
    except Refused as refused:
        item.outcome = refused.code
    else:
        item.outcome = BulkItem.DONE
    item.at = clock.now()
    item.save(update_fields=["outcome", "before", "after", "at"])


def _transfer(act: BulkAct, referral: Referral) -> tuple[str, str]:
    if act.receiver is None:
        raise Invalid(code="bad_receiver")
    former = str(referral.broker_id)
    transfer_client(actor=act.actor, referral=referral, receiver=act.receiver, reason=act.reason, act=str(act.pk))
    return former, str(act.receiver_id)


def _extend(act: BulkAct, referral: Referral) -> tuple[str, str]:
    extended = extend_protection(
        actor=act.actor, referral=referral, days=act.days or 0, reason=act.reason, act=str(act.pk)
    )
    before, after = referral.window_ends_at, extended.window_ends_at
    return before.isoformat() if before else "", after.isoformat() if after else ""


def _release(act: BulkAct, referral: Referral) -> tuple[str, str]:
    release_referral(actor=act.actor, referral=referral, reason=act.reason, act=str(act.pk))
    return "", ""


_DO: dict[str, Callable[[BulkAct, Referral], tuple[str, str]]] = {
    BulkKind.TRANSFER: _transfer,
    BulkKind.EXTEND: _extend,
    BulkKind.RELEASE: _release,
}


@transactional
def _finish(act: BulkAct) -> None:
    """Write down that all is judged, and tell of transfers in one notice a person; the rest is told from its events."""
    BulkAct.objects.filter(pk=act.pk, finished_at__isnull=True).update(finished_at=clock.now())
    if act.kind == BulkKind.TRANSFER and act.receiver is not None:
        _tell_of_transfer(act, act.receiver)


def _tell_of_transfer(act: BulkAct, receiver: Broker) -> None:
    moved = act.items.filter(outcome=BulkItem.DONE).values_list("before", flat=True).order_by()
    counts = Counter(moved)
    total = sum(counts.values())
    if not total:
        return
    path = reverse("portal:referrals")
    tell(kind=RECEIVED, recipients=[receiver.user], target=receiver, facts={"n": total}, path=path, once=str(act.pk))
    for former in Broker.objects.filter(pk__in=list(counts)).select_related("user"):
        facts = {"n": counts[str(former.pk)], "broker": str(receiver)}
        tell(kind=GIVEN, recipients=[former.user], target=former, facts=facts, path=path, once=str(act.pk))
    heads = User.objects.filter(role=Role.AGENCY_ADMIN, is_active=True, broker__agency=receiver.agency_id)
    facts = {"n": total, "broker": str(receiver)}
    tell(kind=MOVED, recipients=heads, target=receiver, facts=facts, path=path, once=str(act.pk))


def _csv(act: BulkAct) -> str:
    """Return the result as a table; what people typed is no formula."""
    text = StringIO()
    table = csv.writer(text)
    table.writerow([_("Number"), _("Project"), _("Agency"), _("Broker"), _("Outcome"), _("Protected until")])
    items = act.items.select_related("referral__project", "referral__agency", "referral__broker__user")
    for item in items.order_by("referral_id").iterator(chunk_size=1_000):
        one = item.referral
        until = until_words(item) if act.kind == BulkKind.EXTEND else ""
        row = [one.number, one.project.name, str(one.agency), str(one.broker), outcome_words(act, item.outcome), until]
        table.writerow([kept_text(cell) for cell in row])
    return text.getvalue()
