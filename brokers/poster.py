"""A recruiting link on paper: the poster that hangs on site."""

from io import BytesIO

from django.utils.translation import gettext as _
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.platypus import SimpleDocTemplate, Spacer, Table, TableStyle

from brokers.models import RecruitingLink
from channels_platform.presentation.pdf import LINE, paragraph, qr_drawing, register_font

_CODE_SIDE = 92 * mm


def poster_pdf(link: RecruitingLink, *, address: str) -> bytes:
    """Return the poster in the active language.

    Shape: one A4 page: project, what to do, QR code, the address to type, who recruits, where it hangs.
    """
    register_font()
    buffer = BytesIO()
    project = link.programme.project
    margin = 20 * mm
    document = SimpleDocTemplate(
        buffer,
        pagesize=A4,
        leftMargin=margin,
        rightMargin=margin,
        topMargin=28 * mm,
        bottomMargin=18 * mm,
        title=f"{_('Refer a buyer')} · {project.name}",
        author=project.name,
    )
    steps = (
        _("Scan the code and sign up with your phone."),
        _("Once you are confirmed, file the client before the visit."),
        _("Follow each step on your phone, and your commission with it."),
    )
    code = Table([[qr_drawing(address, _CODE_SIDE)]], colWidths=[_CODE_SIDE], hAlign="CENTER")
    code.setStyle(TableStyle([("BOX", (0, 0), (-1, -1), 0.6, LINE), ("ALIGN", (0, 0), (-1, -1), "CENTER")]))
    story = [
        paragraph(project.name, 30, centered=True),
        Spacer(1, 3 * mm),
        paragraph(_("Know somebody who looks for a home? Refer a buyer and earn commission."), 16, centered=True),
        Spacer(1, 12 * mm),
        code,
        Spacer(1, 5 * mm),
        paragraph(address, 10, muted=True, centered=True),
        Spacer(1, 12 * mm),
        *(paragraph(f"{number}  {step}", 14, centered=True) for number, step in enumerate(steps, start=1)),
        Spacer(1, 10 * mm),
    ]
    whose = [str(link.recruiter)] if link.recruiter is not None else []
    if link.place:
        whose.append(link.place)
    story.append(paragraph(" · ".join([*whose, link.code]), 9, muted=True, centered=True))
    document.build(story)
    return buffer.getvalue()
