"""The chain of seals: what each digest is of, and whether the ledger still says it (docs/audit-views.md).

A transaction's text is a JSON array of its fields, then one of each entry's, in the order of ids, a line each; its
digest is SHA-256. A seal's digest is SHA-256 of the digest before, its own span and counts, and its transactions'
digests, a line each.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from channels_platform.audit.models import Event
from commissions.models import LedgerSeal
from commissions.proof.differences import Difference, Report, fetched

SEALED = "ledger.sealed"
_SLICE = 5_000

# JSON, because it spells numbers, ids and nothing alike under any settings; instants in seconds.
_DIGESTS = """
SELECT t.id, count(e.id),
       encode(sha256(convert_to(
           jsonb_build_array(t.id, t.project_id, t.kind, t.currency, extract(epoch FROM t.posted_at)::numeric, t.run_id,
                             t.line_id, t.actor_id)::text
           || coalesce(string_agg(E'\\n' || jsonb_build_array(
                  e.id, e.project_id, e.payee_id, e.account, e.amount, e.settles, e.deal_id, e.referral_id, e.kind,
                  e.version_id, e.explanation)::text, '' ORDER BY e.id), ''), 'UTF8')), 'hex')
FROM (
    SELECT * FROM commissions_ledgertransaction WHERE id > %(after)s AND id <= %(upto)s ORDER BY id LIMIT %(slice)s
) t
LEFT JOIN commissions_ledgerentry e ON e.transaction_id = t.id
GROUP BY t.id, t.project_id, t.kind, t.currency, t.posted_at, t.run_id, t.line_id, t.actor_id
ORDER BY t.id
"""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a span of the ledger comes to."""

    transactions: int
    entries: int
    digest: str


def draw(*, after: int, upto: int, previous: str) -> Drawn:
    """Return the digest of the transactions `after` < id <= `upto`, in the memory of a few thousand."""
    chain, transactions, entries = sha256(f"{previous}\n{after}\n{upto}\n".encode()), 0, 0
    for _id, count, digest in _digests(after, upto):
        transactions += 1
        entries += count
        chain.update(f"{digest}\n".encode())
    chain.update(f"{transactions}\n{entries}\n".encode())
    return Drawn(transactions, entries, chain.hexdigest())


def _digests(after: int, upto: int) -> Iterator[tuple[int, int, str]]:
    while rows := fetched(_DIGESTS, {"after": after, "upto": upto, "slice": _SLICE}):
        yield from rows
        after = rows[-1][0]


def check_seals(report: Report) -> None:
    """Draw every seal again, follow the chain, and look for the seals that the audit trail tells of."""
    previous: Any = None
    for seal in LedgerSeal.objects.order_by("number").iterator():
        report.count("seals")
        place = (1, 0, "") if previous is None else (previous.number + 1, previous.upto, previous.digest)
        if (seal.number, seal.after, seal.previous) != place:
            report.add([_differs("chain", seal, _link(*place), _link(seal.number, seal.after, seal.previous))])
        drawn = draw(after=seal.after, upto=seal.upto, previous=seal.previous)
        if drawn != Drawn(seal.transactions, seal.entries, seal.digest):
            found = f"{drawn.transactions} / {drawn.entries} / {drawn.digest}"
            report.add([_differs("seal", seal, f"{seal.transactions} / {seal.entries} / {seal.digest}", found)])
        previous = seal
    _check_trail(report)


def _check_trail(report: Report) -> None:
    """A seal that is gone, or made anew, is told of in the trail as it was."""
    seals = dict(LedgerSeal.objects.values_list("number", "digest"))
    told = Event.objects.filter(target_kind=LedgerSeal._meta.label_lower, action=SEALED).order_by("id")
    found = [
        (after["number"], after["digest"], seals.get(after["number"], "-"))
        for after in told.values_list("after", flat=True)
    ]
    known = {number for number, _digest, _now in found}
    found += [(number, "-", digest) for number, digest in seals.items() if number not in known]
    report.add(Difference("trail", "seal", f"#{number}", digest, now) for number, digest, now in found if digest != now)


def _differs(check: str, seal: LedgerSeal, expected: str, found: str) -> Difference:
    return Difference(check, "seal", str(seal), expected, found)


def _link(number: int, after: int, previous: str) -> str:
    return f"#{number} / {after} / {previous or '-'}"
