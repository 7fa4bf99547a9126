"""Approvals of a batch: as many people as its amount asks for, all of the same thing; kept with what they saw."""

from enum import StrEnum
from typing import Any

from django.db import connection
from django.db.models import Sum
from django.urls import reverse

from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import Invalid, NotAllowed
from channels_platform.lib.money import NotAnAmount, minor_digits, to_minor
from channels_platform.notices.services import tell
from commissions import locks
from commissions.batch_facts import LineFacts, digest_of, facts_of
from commissions.models import ApprovalRule, BatchApproval, PayoutBatch
from commissions.selectors import lines_that_count


class Because(StrEnum):
    """Why approvals given count no more."""

    LINE_CHANGED = "line_changed"
    RETURNED = "returned"
    VOIDED = "voided"


_KEEP_LINES = """
INSERT INTO commissions_approvedline
    (approval_id, line_id, payee_id, gross, tax, net, entries, invoice, account, account_key)
SELECT %(approval)s, v.* FROM unnest(%(line)s::uuid[], %(payee)s::uuid[], %(gross)s::numeric[], %(tax)s::numeric[],
    %(net)s::numeric[], %(entries)s::text[], %(invoice)s::text[], %(account)s::text[], %(key)s::text[]) v
"""


def approvals_needed(batch: PayoutBatch) -> int:
    """Return how many approvals a batch of this gross amount needs, by its company's rules now; 1 without a rule."""
    gross = lines_that_count(batch).aggregate(sum=Sum("gross"))["sum"] or 0
    rules = ApprovalRule.objects.filter(company=batch.company_id, currency=batch.currency, from_amount__lte=gross)
    found = rules.order_by("-from_amount").values_list("approvals", flat=True).first()
    return 1 if found is None else found


def give_approval(batch: PayoutBatch, *, actor: Any, seen: str = "") -> bool:
    """Keep a person's approval of the batch as it is; return whether it has as many as it needs.

    `seen`: the digest of what the person was shown, where there was such a page.
    Raises: NotAllowed `approved_already`, `batch_changed` where it is no longer what was seen.
    Locks:  the caller holds the company and the batch.
    Writes: BatchApproval, ApprovedLine, audit event `batch.approval_given` where it needs more.
    """
    facts = facts_of(batch)
    digest = digest_of(facts)
    if seen and seen != digest:
        raise NotAllowed("it is no longer what was seen", code="batch_changed")
    given = list(batch.approvals.filter(voided_at__isnull=True))
    if any(one.digest != digest for one in given):
        void_approvals(batch, actor=actor, because=Because.LINE_CHANGED)
        given = []
    if any(one.approver_id == actor.pk for one in given):
        raise NotAllowed("this person approved it", code="approved_already")
    approval = BatchApproval.objects.create(batch=batch, approver=actor, given_at=clock.now(), digest=digest)
    if not given:
        _keep_lines(approval, facts)
    count = len(given) + 1
    if count >= batch.approvals_needed:
        return True
    after = {"approvals": count, "needed": batch.approvals_needed}
    record("batch.approval_given", actor=actor, target=batch, after=after)
    return False


def void_approvals(batch: PayoutBatch, *, actor: Any, because: Because) -> int:
    """Let the approvals given count no more, and tell who gave them; return how many there were.

    Locks:  the caller holds the batch.
    Writes: BatchApproval, Notice, audit event `batch.approvals_voided`.
    """
    given = list(batch.approvals.filter(voided_at__isnull=True).select_related("approver"))
    if not given:
        return 0
    batch.approvals.filter(pk__in=[one.pk for one in given]).update(voided_at=clock.now(), voided_because=because)
    record(
        "batch.approvals_voided",
        actor=actor,
        target=batch,
        before={"approvals": len(given)},
        after={"because": str(because), "approvers": [str(one.approver_id) for one in given]},
    )
    tell(
        kind="batch.approvals_voided",
        recipients=[one.approver for one in given if one.approver_id != getattr(actor, "pk", None)],
        target=batch,
        facts={"company": batch.company.name},
        path=reverse("finance:batch", args=[batch.pk]),
    )
    return len(given)


@transactional
def keep_rule(*, actor: Any, rule: ApprovalRule) -> ApprovalRule:
    """Write an approval rule as given, new or changed; batches under way keep what they needed when submitted.

    Raises: Forbidden; ValidationError by field; Invalid `invalid_amount`, `unknown_choice` for what is no currency.
    Locks:  the company.
    Writes: ApprovalRule, audit event `approval_rule.created` or `approval_rule.changed`.
    """
    require(actor, Can.MANAGE_STAFF)
    rule.full_clean()
    try:
        to_minor(rule.from_amount, rule.currency)
    except NotAnAmount as error:
        raise Invalid(error.detail, code=error.code, field="from_amount") from error
    except ValueError as error:
        raise Invalid(str(error), code="unknown_choice", field="currency") from error
    locks.lock_company(rule.company_id)
    stored = ApprovalRule.objects.filter(pk=rule.pk).first()
    before, after = _rule_facts(stored) if stored else {}, _rule_facts(rule)
    if before == after:
        return rule
    rule.save()
    action = "approval_rule.changed" if stored else "approval_rule.created"
    record(action, actor=actor, target=rule, before=before, after=after)
    return rule


def _rule_facts(rule: ApprovalRule) -> dict[str, Any]:
    return {
        "company": rule.company.code,
        "currency": rule.currency,
        "from_amount": f"{rule.from_amount:.{minor_digits(rule.currency)}f}",
        "approvals": rule.approvals,
    }


def _keep_lines(approval: BatchApproval, facts: list[LineFacts]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            _KEEP_LINES,
            {
                "approval": approval.pk,
                "line": [one.line_id for one in facts],
                "payee": [one.payee_id for one in facts],
                "gross": [one.gross for one in facts],
                "tax": [one.tax for one in facts],
                "net": [one.net for one in facts],
                "entries": [one.entries for one in facts],
                "invoice": [one.invoice for one in facts],
                "account": [one.account for one in facts],
                "key": [one.account_key for one in facts],
            },
        )
