"""What is kept of a visit on paper: the client's signature on the screen, photos of the visit sheet."""

from typing import Any

from django.core.files.uploadedfile import UploadedFile

from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.files.content import IMAGES, PNG
from channels_platform.files.models import Attachment
from channels_platform.files.services import keep_file
from channels_platform.lib import clock
from channels_platform.lib.errors import Invalid, NotAllowed
from leads.locks import lock_referrals
from leads.models import Visit, VisitPaper

LARGEST_SIGNATURE = 512 * 1024
MOST_SHEETS = 3
_LEAST_INK = 150


@transactional
def sign_visit(*, actor: Any, visit: Visit, upload: UploadedFile) -> VisitPaper:
    """Keep what the client signed on the screen: once for a visit, never changed.

    Raises: Forbidden; NotAllowed `not_confirmed`, `signed_already`; Invalid `signature_empty` where nothing is drawn,
            `file_too_large`, and as `keep_file`, at `signature`.
    Locks:  the referral.
    Writes: VisitPaper, Attachment, audit event `visit.signed`.
    """
    locked = _confirmed(actor, visit)
    if locked.papers.filter(kind=VisitPaper.Kind.SIGNATURE).exists():
        raise NotAllowed("the client has signed already", code="signed_already")
    if (upload.size or 0) > LARGEST_SIGNATURE:
        raise Invalid("the signature is too large", code="file_too_large", field="signature")
    attachment = keep_file(actor=actor, upload=upload, kinds={PNG}, field="signature")
    if not _has_ink(attachment):
        raise Invalid("nothing is drawn", code="signature_empty", field="signature")
    return _keep(actor, locked, VisitPaper.Kind.SIGNATURE, attachment, "visit.signed")


@transactional
def add_visit_sheet(*, actor: Any, visit: Visit, upload: UploadedFile) -> VisitPaper:
    """Keep a photo of the visit sheet, drawn anew; at most `MOST_SHEETS` of a visit.

    Raises: Forbidden; NotAllowed `not_confirmed`, `enough_sheets`; Invalid as `keep_file`, at `photo`.
    Locks:  the referral.
    Writes: VisitPaper, Attachment, audit event `visit.sheet_added`.
    """
    locked = _confirmed(actor, visit)
    if locked.papers.filter(kind=VisitPaper.Kind.SHEET).count() >= MOST_SHEETS:
        raise NotAllowed(f"at most {MOST_SHEETS} photos", code="enough_sheets")
    attachment = keep_file(actor=actor, upload=upload, kinds=IMAGES, field="photo")
    return _keep(actor, locked, VisitPaper.Kind.SHEET, attachment, "visit.sheet_added")


def _confirmed(actor: Any, visit: Visit) -> Visit:
    require(actor, Can.CONFIRM_VISIT)
    # Visits are append-only and so cannot be locked by the product's role: their referral is.
    lock_referrals([visit.referral_id])
    found = Visit.objects.select_related("referral").get(pk=visit.pk)
    if not found.confirmed:
        raise NotAllowed("this arrival was not confirmed", code="not_confirmed")
    return found


def _has_ink(attachment: Attachment) -> bool:
    from channels_platform.files.pictures import dark_pixels

    with attachment.file.open("rb") as kept:
        return dark_pixels(kept) >= _LEAST_INK


def _keep(actor: Any, visit: Visit, kind: str, attachment: Attachment, action: str) -> VisitPaper:
    paper = VisitPaper(visit=visit, kind=kind, attachment=attachment, kept_at=clock.now(), kept_by=actor)
    paper.save(force_insert=True)
    referral = visit.referral
    facts = {"visit": str(visit.pk), "sha256": attachment.sha256}
    record(action, actor=actor, target=referral, project=visit.project_id, agency=referral.agency_id, after=facts)
    return paper
