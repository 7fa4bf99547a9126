"""Retention of personal data: what nobody needs any more is made unreadable.

A referral's client is erased when it ended long ago and no deal hangs on it; a natural visit when it
is long past every look-back; a phone when nothing left refers to it. Numbers, states and events stay.
"""

import secrets
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from brokers.models import AgencyApplication, Individual
from channels_platform.accounts.models import User
from channels_platform.files.models import Attachment
from channels_platform.lib import clock
from channels_platform.privacy.models import Phone
from leads.models import (
    DealBuyer,
    DealShare,
    FilingOrigin,
    FollowUp,
    NaturalVisit,
    Referral,
    ReferralPhone,
    Visit,
    VisitPaper,
)
from leads.selectors import live_by_clock
from leads.states import ReferralState

BATCH = 1_000
ERASED_MASK = "***"


def erase_personal_data(*, batch: int = BATCH) -> dict[str, int]:
    """Erase what is older than PERSONAL_DATA_DAYS, and of filings' origins FILING_ORIGIN_DAYS; return counts by kind.

    Safe to run twice at once.
    Locks:  rows to erase, skipping those that others hold.
    Writes: Referral, FollowUp, NaturalVisit, Phone, VisitPaper, Attachment, FilingOrigin.
    Source: domain 7.
    """
    kinds = {
        "referrals": _erase_referrals,
        "natural_visits": _erase_visits,
        "phones": _erase_phones,
        "origins": _forget_origins,
    }
    counts = dict.fromkeys(kinds, 0)
    for kind, erase in kinds.items():
        while True:
            with transaction.atomic():
                done = erase(batch)
            counts[kind] += done
            if done < batch:
                break
    return counts


def _erase_referrals(batch: int) -> int:
    oldest = clock.now() - timedelta(days=settings.PERSONAL_DATA_DAYS)
    ended = (
        Referral.objects.filter(erased_at__isnull=True, filed_at__lt=oldest)
        .exclude(state=ReferralState.WON)
        .filter(
            ~Exists(DealShare.objects.filter(referral=OuterRef("pk"))),
            ~Exists(Visit.objects.filter(referral=OuterRef("pk"), arrived_at__gte=oldest)),
            ~live_by_clock(clock.now()),
            Q(window_ends_at__isnull=True) | Q(window_ends_at__lt=oldest),
        )
    )
    ids = list(ended.order_by("pk").select_for_update(skip_locked=True).values_list("pk", flat=True)[:batch])
    papers = VisitPaper.objects.filter(visit__referral_id__in=ids)
    attachments = list(papers.values_list("attachment_id", flat=True))
    papers.delete()
    # The files themselves go with the next sweep of files that no row names.
    Attachment.objects.filter(pk__in=attachments).delete()
    ReferralPhone.objects.filter(referral_id__in=ids).update(masked=ERASED_MASK)
    FollowUp.objects.filter(referral__in=ids).update(note="")
    return Referral.objects.filter(pk__in=ids).update(client_name="", client_masked="", note="", erased_at=clock.now())


def _erase_visits(batch: int) -> int:
    oldest = clock.now() - timedelta(days=settings.PERSONAL_DATA_DAYS)
    old = NaturalVisit.objects.filter(erased_at__isnull=True, visited_at__lt=oldest)
    ids = list(old.order_by("pk").select_for_update(skip_locked=True).values_list("pk", flat=True)[:batch])
    return NaturalVisit.objects.filter(pk__in=ids).update(name="", name_masked="", erased_at=clock.now())


def _erase_phones(batch: int) -> int:
    unneeded = Phone.objects.filter(erased_at__isnull=True).filter(
        Exists(ReferralPhone.objects.filter(phone=OuterRef("pk")))
        | Exists(NaturalVisit.objects.filter(phone=OuterRef("pk")))
        | Exists(AgencyApplication.objects.filter(contact_phone=OuterRef("pk")))
        | Exists(Individual.objects.filter(phone=OuterRef("pk"))),
        ~Exists(ReferralPhone.objects.filter(phone=OuterRef("pk"), referral__erased_at__isnull=True)),
        ~Exists(NaturalVisit.objects.filter(phone=OuterRef("pk"), erased_at__isnull=True)),
        ~Exists(DealBuyer.objects.filter(phone=OuterRef("pk"))),
        ~Exists(User.objects.filter(Q(phone=OuterRef("pk")) | Q(sign_in_phone=OuterRef("pk")))),
        ~Exists(Individual.objects.filter(phone=OuterRef("pk"), erased_at__isnull=True)),
        ~Exists(AgencyApplication.objects.filter(contact_phone=OuterRef("pk"), erased_at__isnull=True)),
    )
    phones = list(unneeded.order_by("pk").select_for_update(skip_locked=True, of=("self",))[:batch])
    now = clock.now()
    for phone in phones:
        phone.digest, phone.ciphertext = secrets.token_bytes(32), b""
        phone.masked, phone.last4, phone.erased_at = ERASED_MASK, "", now
    Phone.objects.bulk_update(phones, ["digest", "ciphertext", "masked", "last4", "erased_at"])
    return len(phones)


def _forget_origins(batch: int) -> int:
    oldest = clock.now() - timedelta(days=settings.FILING_ORIGIN_DAYS)
    old = FilingOrigin.objects.filter(referral__filed_at__lt=oldest).order_by("pk")
    ids = list(old.select_for_update(skip_locked=True, of=("self",)).values_list("pk", flat=True)[:batch])
    return FilingOrigin.objects.filter(pk__in=ids).delete()[0]
