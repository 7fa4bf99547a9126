"""What came of a scenario, as its file's `expected` shows it."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.db.models import Sum

from channels_platform.lib import clock
from channels_platform.lib.money import round_half_up
from commissions.models import Accrual, LedgerEntry, Payee, PayoutEntry
from commissions.replay.runner import Cast
from commissions.states import Account, LineState
from leads.models import Referral
from leads.selectors import claim_spans

_FIGURES = (Account.PENDING, Account.RETAINED, Account.PAYABLE, Account.PAID, Account.TAX)


def build_report(cast: Cast, outcomes: list[str]) -> dict[str, Any]:
    """Return outcomes, referrals, deals, commissions and payees as of now.

    Shape: scenarios.md "Printed", without the name.
    """
    names = {referral.pk: name for name, referral in cast.referrals.items()}
    return {
        "outcomes": outcomes,
        "referrals": _referrals(cast),
        "deals": _deals(cast, names),
        "commissions": _commissions(cast, names),
        "payees": _payees(cast),
    }


def _referrals(cast: Cast) -> dict[str, Any]:
    now, zone = clock.now(), cast.project.zone
    found = {}
    for name, filed in cast.referrals.items():
        referral = Referral.objects.get(pk=filed.pk)
        spans = [(claim.phone.reveal(), claim.starts_at, end) for claim, end in claim_spans(referral, now)]
        found[name] = {
            "state": str(referral.state_at(now)),
            "claims": [
                {
                    "phone": phone,
                    "starts_at": start.astimezone(zone).isoformat(),
                    "ends_at": end.astimezone(zone).isoformat(),
                }
                for phone, start, end in sorted(spans)
            ],
        }
    return found


def _deals(cast: Cast, names: dict[Any, str]) -> dict[str, Any]:
    found = {}
    for name, deal in cast.deals.items():
        shares = deal.shares.filter(ended_at__isnull=True).select_related("referral")
        ordered = sorted(shares, key=lambda share: (share.referral.filed_at, share.referral.number))
        found[name] = {
            "shares": [{"referral": names[share.referral_id], "fraction": str(share.fraction)} for share in ordered]
        }
    return found


def _commissions(cast: Cast, names: dict[Any, str]) -> list[dict[str, Any]]:
    deals = {deal.pk: name for name, deal in cast.deals.items()}
    payees = _payee_names(cast)
    settled = _settled(cast)
    rows = []
    for row in Accrual.objects.filter(project=cast.project):
        if not row.earned and (row.deal_id, row.payee_id, row.referral_id, row.kind) not in settled:
            continue
        figures = {
            "earned": row.earned,
            "released": row.released,
            "retained": row.retained,
            "payable": row.released - row.retained,
            "pending": row.pending,
        }
        rows.append(
            {
                "deal": deals[row.deal_id],
                "payee": payees[row.payee_id],
                "referral": names.get(row.referral_id),
                "kind": row.kind,
                **{name: _money(cast, figure) for name, figure in figures.items()},
            }
        )
    return sorted(rows, key=lambda row: (row["deal"], row["payee"], row["referral"] or "", row["kind"]))


def _settled(cast: Cast) -> set[tuple[Any, ...]]:
    """Return the rows of which a payout settled something; what came and went between payouts was none."""
    entries = PayoutEntry.objects.filter(line__state=LineState.PAID, live=True, entry__project=cast.project)
    parts = entries.values_list(
        "line_id", "entry__deal_id", "entry__payee_id", "entry__referral_id", "entry__kind"
    ).annotate(total=Sum("entry__amount"))
    return {part[1:-1] for part in parts if part[-1]}


def _payee_names(cast: Cast) -> dict[Any, str]:
    agencies = {agency.pk: code for code, agency in cast.agencies.items()}
    brokers = {broker.pk: name for name, broker in cast.brokers.items()}
    found = Payee.objects.filter(agency__in=list(agencies)) | Payee.objects.filter(broker__in=list(brokers))
    names: dict[Any, str] = {**agencies, **brokers}
    return {payee.pk: names[payee.agency_id or payee.broker_id] for payee in found}


def _payees(cast: Cast) -> dict[str, Any]:
    names = _payee_names(cast)
    sums: dict[str, dict[str, Decimal]] = {}
    entries = LedgerEntry.objects.filter(project=cast.project, account__in=list(_FIGURES))
    for payee_id, account, total in entries.values_list("payee_id", "account").annotate(total=Sum("amount")).order_by():
        sums.setdefault(names[payee_id], {})[account] = total
    return {
        name: {
            "earned": _money(cast, sum(figures.values(), Decimal(0))),
            **{str(account): _money(cast, figures.get(account, Decimal(0))) for account in _FIGURES},
        }
        for name, figures in sorted(sums.items())
        if any(figures.values())
    }


def _money(cast: Cast, amount: Decimal) -> str:
    return str(round_half_up(Fraction(amount), cast.project.currency))
