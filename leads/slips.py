"""The slip a client brings: a signed token, its QR code, and the confirmation slip (客户确认单) as PDF."""

import base64
import binascii
from io import BytesIO
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.platypus import Image, SimpleDocTemplate, Spacer, Table, TableStyle
from reportlab.platypus.flowables import KeepTogether

from channels_platform.lib import clock
from channels_platform.lib.errors import Invalid
from channels_platform.presentation import formats
from channels_platform.presentation.badges import badge_of
from channels_platform.presentation.pdf import INK, LINE, paragraph, qr_drawing, register_font
from channels_platform.presentation.qr import qr_inline, qr_svg
from leads.models import Referral, Visit, VisitPaper
from projects.wording import policy_in_words

_signer = signing.Signer(salt="leads.slip")


class BadSlip(Invalid):
    """A QR code that is not ours, or damaged."""

    code = "bad_slip"


def sign_slip(referral: Referral) -> str:
    """Return the token of a referral's slip; it names one referral and nothing else."""
    return _signer.sign(base64.urlsafe_b64encode(referral.pk.bytes).rstrip(b"=").decode())


def read_slip(token: str) -> UUID:
    """Return the id of the referral that a token names.

    Raises: BadSlip for anything we did not sign.
    """
    try:
        raw = _signer.unsign(token)
        return UUID(bytes=base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4)))
    except (signing.BadSignature, binascii.Error, ValueError) as error:
        raise BadSlip(field="token") from error


def slip_url(referral: Referral) -> str:
    """Return the address that the QR code opens at the desk."""
    return f"{settings.SITE_URL}{reverse('desk:slip', args=[sign_slip(referral)])}"


def slip_qr(referral: Referral) -> SafeString:
    """Return the QR code as inline SVG."""
    return qr_inline(slip_url(referral))


def slip_qr_svg(referral: Referral) -> bytes:
    """Return the QR code as an SVG file of its own."""
    return qr_svg(slip_url(referral))


def slip_pdf(referral: Referral) -> bytes:
    """Return the confirmation slip in the active language.

    Shape:  one A4 page: number, project, masked client, broker, agency, consultant, time,
            policy in words, QR code, signature lines.
    Source: domain 4.3.
    """
    register_font()
    buffer = BytesIO()
    document = SimpleDocTemplate(
        buffer,
        pagesize=A4,
        leftMargin=20 * mm,
        rightMargin=20 * mm,
        topMargin=18 * mm,
        bottomMargin=18 * mm,
        title=f"{_('Client confirmation slip')} {referral.number}",
        author=referral.project.name,
    )
    story = [
        _head(referral),
        Spacer(1, 6 * mm),
        _facts(referral),
        Spacer(1, 6 * mm),
        *_rules(referral),
        Spacer(1, 6 * mm),
        KeepTogether([_signatures(referral)]),
        Spacer(1, 8 * mm),
        paragraph(_printed(referral), 8, muted=True),
    ]
    document.build(story)
    return buffer.getvalue()


def _head(referral: Referral) -> Table:
    side = 30 * mm
    left = [
        paragraph(referral.project.name, 12, muted=True),
        paragraph(_("Client confirmation slip"), 20),
        Spacer(1, 2 * mm),
        paragraph(referral.number, 12),
    ]
    table = Table([[left, qr_drawing(slip_url(referral), side)]], colWidths=[None, side])
    table.setStyle(TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0)]))
    return table


def _facts(referral: Referral) -> Table:
    zone = referral.project.zone
    visit = _last_visit(referral)
    phones = ", ".join(phone.masked for phone in referral.phones.all())
    rows = [
        (_("Project"), referral.project.name),
        (_("Client"), referral.client_masked or "–"),
        (_("Phone"), phones or "–"),
        (_("Agency"), referral.agency.name),
        (_("Broker"), str(referral.broker)),
        (pgettext("time", "Filed"), formats.instant(referral.filed_at, zone, year=True)),
        (_("Arrived"), formats.instant(visit.arrived_at, zone, year=True) if visit else "–"),
        (_("Consultant"), str(referral.consultant) if referral.consultant_id else "–"),
        (_("State"), str(badge_of("referral", referral.state_at(clock.now())).word)),
    ]
    if referral.window_ends_at:
        rows.append((_("Protected until"), formats.instant(referral.window_ends_at, zone, year=True)))
    table = Table(
        [[paragraph(label, muted=True), paragraph(value)] for label, value in rows], colWidths=[42 * mm, None]
    )
    table.setStyle(
        TableStyle(
            [
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
                ("LINEABOVE", (0, 0), (-1, 0), 0.4, LINE),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 3),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 5),
            ]
        )
    )
    return table


def _rules(referral: Referral) -> list[Any]:
    title = _("Rules this referral was filed under (version %(version)s)") % {"version": referral.policy.version}
    return [
        paragraph(title, 11),
        Spacer(1, 1 * mm),
        *(paragraph(f"· {line}", 9.5) for line in policy_in_words(referral.policy)),
    ]


def _signatures(referral: Referral) -> Table:
    labels = [_("Client"), _("Broker"), _("Consultant"), _("Date")]
    width, gap, height = 38.75 * mm, 5 * mm, 18 * mm
    cells: list[Any] = []
    for label in labels:
        cells += [paragraph(label, 9.5, muted=True), ""]
    signed = _signed(referral)
    above: list[Any] = [""] * (2 * len(labels) - 1)
    if signed is not None:
        above[0] = _drawn(signed, width, height)
        at = formats.instant(signed.kept_at, referral.project.zone, year=True)
        cells[0] = [cells[0], paragraph(_("Signed on the screen, %(at)s") % {"at": at}, 7.5, muted=True)]
    table = Table([above, cells[:-1]], colWidths=[width, gap] * (len(labels) - 1) + [width], rowHeights=[height, None])
    rules = [("LINEABOVE", (2 * place, 1), (2 * place, 1), 0.8, INK) for place in range(len(labels))]
    table.setStyle(
        TableStyle(
            [
                *rules,
                ("VALIGN", (0, 0), (-1, 0), "BOTTOM"),
                ("VALIGN", (0, 1), (-1, 1), "TOP"),
                ("TOPPADDING", (0, 1), (-1, 1), 4),
                ("TOPPADDING", (0, 0), (-1, 0), 0),
                ("BOTTOMPADDING", (0, 0), (-1, 0), 1),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ]
        )
    )
    return table


def _signed(referral: Referral) -> VisitPaper | None:
    """The signature of the visit that the slip shows."""
    visit = _last_visit(referral)
    return None if visit is None else visit.papers.filter(kind="signature").select_related("attachment").first()


def _drawn(paper: VisitPaper, width: float, height: float) -> Image | str:
    """The signature, as large as fits; the slip does without a file that is lost."""
    try:
        with paper.attachment.file.open("rb") as kept:
            data = BytesIO(kept.read())
    except FileNotFoundError:
        return ""
    image = Image(data, mask="auto")
    scale = min(width / image.imageWidth, height / image.imageHeight)
    image.drawWidth, image.drawHeight = image.imageWidth * scale, image.imageHeight * scale
    image.hAlign = "LEFT"
    return image


def _last_visit(referral: Referral) -> Visit | None:
    return referral.visits.filter(confirmed=True).order_by("-arrived_at", "-id").first()


def _printed(referral: Referral) -> str:
    at = formats.instant(clock.now(), referral.project.zone, year=True)
    return _("Printed %(at)s") % {"at": at}
