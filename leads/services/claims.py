"""Claims: starting, closing, moving their end. Only these functions write them."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import IntegrityError
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Greatest, Least

from channels_platform.db import TryAgain, constraint_of
from leads.attribution.types import Span
from leads.models import Claim, Referral
from leads.selectors import holding


def start_claims(
    *,
    referral: Referral,
    phone_ids: Iterable[int],
    span: Span,
    lapses_at: datetime | None,
    now: datetime,
    past_claims: bool = True,
) -> None:
    """Claim phones for the referral. `past_claims`: close what is past on them first.

    Raises: TryAgain when another claimed one of them at this moment; judged again, it is `protected`.
    Writes: Claim.
    """
    ids = list(phone_ids)
    if past_claims:
        close_past_claims(project_id=referral.project_id, phone_ids=ids, now=now)
    with claiming():
        Claim.objects.bulk_create(build_claims(referral=referral, phone_ids=ids, span=span, lapses_at=lapses_at))


def build_claims(
    *, referral: Referral, phone_ids: Iterable[int], span: Span, lapses_at: datetime | None
) -> list[Claim]:
    """Return unsaved claims, to be inserted under `claiming`."""
    return [
        Claim(
            referral=referral,
            project_id=referral.project_id,
            phone_id=phone_id,
            starts_at=span.starts_at,
            ends_at=span.ends_at,
            lapses_at=lapses_at,
        )
        for phone_id in phone_ids
    ]


@contextmanager
def claiming() -> Iterator[None]:
    """Have the transaction begun again where another claimed a phone at this moment; judged again, it is `protected`.

    Raises: TryAgain.
    """
    try:
        yield
    except IntegrityError as error:
        if constraint_of(error) == "one_live_claim_per_phone":
            raise TryAgain from error
        raise


def close_past_claims(*, project_id: Any, phone_ids: Collection[int], now: datetime) -> None:
    """Take claims that are past their end out of the unique index.

    Writes: Claim.
    """
    _close(Claim.objects.filter(project_id=project_id, phone_id__in=phone_ids, live=True), now)


def close_claims_of(*, referral_ids: Collection[Any], now: datetime) -> None:
    """Close the claims of lapsed or expired referrals where their own end says.

    Writes: Claim.
    """
    _close(Claim.objects.filter(referral_id__in=referral_ids, live=True), now)


def _close(claims: QuerySet[Claim], now: datetime) -> None:
    """A lapse within the window becomes the release; a window run out needs none.

    One that begins after `now` was made by a server whose clock is ahead: it holds, and is not past.
    """
    past = claims.filter(Q(ends_at__lte=now) | Q(lapses_at__lte=now))
    past.filter(lapses_at__lte=now, lapses_at__lt=F("ends_at")).update(
        live=False, released_at=Greatest("lapses_at", "starts_at")
    )
    past.update(live=False)


def release_claims(*, referral: Referral, now: datetime, phone_ids: Collection[int] | None = None) -> list[str]:
    """Let go of the referral's live claims now (or of some phones only); return the masks let go.

    Writes: Claim.
    """
    claims = Claim.objects.filter(holding(now) | Q(starts_at__gt=now), referral=referral, live=True)
    if phone_ids is not None:
        claims = claims.filter(phone_id__in=phone_ids)
    masks = list(claims.values_list("phone__masked", flat=True))
    claims.update(live=False, released_at=Greatest(now, F("starts_at")))
    return masks


def keep_from_lapsing(*, referral: Referral) -> None:
    """The client came, or bought: claims now run to the window's end.

    Writes: Claim.
    """
    Claim.objects.filter(referral=referral, live=True, lapses_at__isnull=False).update(lapses_at=None)


def extend_claims(*, referral: Referral, ends_at: datetime, now: datetime) -> None:
    """Move the end of the referral's live claims.

    Writes: Claim.
    """
    Claim.objects.filter(holding(now), referral=referral).update(ends_at=ends_at)


def end_claims_by_lapse(*, referral: Referral, now: datetime) -> None:
    """A referral that comes back lapsed from a cancelled deal holds no longer than now.

    Writes: Claim.
    """
    claims = Claim.objects.filter(referral=referral, live=True, ends_at__gt=now)
    claims.update(live=False, released_at=Least(Greatest(now, F("starts_at")), F("ends_at")))
