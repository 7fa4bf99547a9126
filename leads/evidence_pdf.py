"""An evidence pack to read and print: what the signed JSON says, in the reader's language."""

from datetime import datetime
from io import BytesIO
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from channels_platform.presentation.badges import badge_of
from channels_platform.presentation.pdf import FONT, LINE, MUTED, paragraph, register_font
from leads.history import what_happened

_Rows = list[tuple[str, str]]


def evidence_pdf(pack: dict[str, Any], *, policies: dict[int, list[str]], head: str, key: str) -> bytes:
    """Return the pack as PDF: the case, its referrals and deals, every event with its hash, and how to check it.

    `policies`: the rules of each version in the reader's words.
    """
    register_font()
    buffer = BytesIO()
    about = pack["about"]
    title = f"{_('Evidence pack')} {about['number']}"
    document = SimpleDocTemplate(
        buffer, pagesize=A4, leftMargin=18 * mm, rightMargin=18 * mm, topMargin=18 * mm, bottomMargin=18 * mm,
        title=title, author=about["project"],
    )  # fmt: skip
    story: list[Any] = [
        paragraph(about["project"], 11, muted=True),
        paragraph(title, 20),
        Spacer(1, 4 * mm),
        _table([(_("Made"), _when(pack["made_at"])), (_("Made by"), pack["made_by"] or "–")]),
    ]
    for referral in pack["referrals"]:
        story += _section(f"{_('Referral')} {referral['number']}", _of_referral(referral))
    for deal in pack["deals"]:
        story += _section(f"{_('Deal')} {deal['number']}", _of_deal(deal))
    for dispute in pack["disputes"]:
        story += _section(f"{_('Dispute')} {dispute['number']}", _of_dispute(dispute))
    for version, lines in policies.items():
        heading = _("Protection rules, version %(version)s") % {"version": version}
        story += [*_heading(heading), *(paragraph(f"· {line}", 9) for line in lines)]
    story += _heading(_("Events"))
    story += [_event(event) for event in pack["events"]]
    story += _section(
        _("How to check it"),
        [
            (_("Command"), f"manage.py verify_evidence {about['number']}.json"),
            (_("Hash of the last event"), head),
            (_("Public key"), key),
        ],
    )
    document.build(story, onFirstPage=_foot(title), onLaterPages=_foot(title))
    return buffer.getvalue()


def _foot(title: str) -> Any:
    def draw(canvas: Canvas, document: Any) -> None:
        canvas.setFont(FONT, 8)
        canvas.setFillColor(MUTED)
        canvas.drawString(18 * mm, 10 * mm, title)
        canvas.drawRightString(A4[0] - 18 * mm, 10 * mm, str(document.page))

    return draw


def _of_referral(referral: dict[str, Any]) -> _Rows:
    rows = [
        (_("Agency"), f"{referral['agency']} · {referral['broker']}"),
        (_("Client"), f"{referral['client'] or '–'} · {', '.join(referral['phones']) or '–'}"),
        (_("State"), str(badge_of("referral", referral["state"]).word)),
        (pgettext("time", "Filed"), _when(referral["filed_at"])),
    ]
    rows += [
        (_("Protected"), f"{claim['phone']}: {_when(claim['starts_at'])} – {_when(claim['ends_at'])}")
        for claim in referral["claims"]
    ]
    for slip in referral["slips"]:
        told = [_when(slip["arrived_at"]), slip["received_by"], slip["consultant"], slip["override_reason"]]
        label = _("Visit") if slip["confirmed"] else _("Arrival not confirmed")
        rows.append((label, " · ".join(part for part in told if part)))
    return rows


def _of_deal(deal: dict[str, Any]) -> _Rows:
    rows = [
        (_("Unit"), deal["unit"] or "–"),
        (_("Price"), f"{deal['price']} {deal['currency']}"),
        (_("State"), str(badge_of("deal", deal["state"]).word)),
        (_("Subscribed"), _when(deal["subscribed_at"])),
        (_("Buyers"), ", ".join(deal["buyers"]) or "–"),
    ]
    for share in deal["shares"]:
        span = _when(share["since"]) + (f" – {_when(share['ended_at'])}" if share["ended_at"] else "")
        rows.append((_("Share"), f"{share['referral']}: {share['fraction']} · {span}"))
    rows += [
        (_("Decision"), f"{_when(decision['at'])} · {decision['by']} · {decision['reason']}")
        for decision in deal["decisions"]
    ]
    return rows


def _of_dispute(dispute: dict[str, Any]) -> _Rows:
    rows = [
        (_("Agency"), dispute["agency"]),
        (_("Raised"), _when(dispute["raised_at"])),
        (_("What the agency says"), dispute["claim"]),
    ]
    if dispute["decided_at"]:
        rows.append(
            (_("Decision"), f"{_when(dispute['decided_at'])} · {dispute['decided_by']} · {dispute['decision']}")
        )
    return rows


def _event(event: dict[str, Any]) -> Table:
    said = " · ".join(part for part in (event["actor"], event["target"], event["reason"]) if part)
    facts = ", ".join(f"{name}: {value}" for name, value in sorted(event["after"].items()))
    left = [paragraph(f"{event['number']}", 9, muted=True)]
    right = [paragraph(f"{_when(event['at'])}  {what_happened(event['action'])}", 9.5), paragraph(said, 8.5)]
    if facts:
        right.append(paragraph(facts, 8, muted=True))
    right.append(paragraph(event["hash"], 6.5, muted=True))
    table = Table([[left, right]], colWidths=[10 * mm, None])
    table.setStyle(_STYLE)
    return table


_STYLE = TableStyle(
    [
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 3),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 5),
    ]
)


def _heading(text: str) -> list[Any]:
    return [Spacer(1, 6 * mm), paragraph(text, 13), Spacer(1, 1 * mm)]


def _section(text: str, rows: _Rows) -> list[Any]:
    return [*_heading(text), _table(rows)]


def _table(rows: _Rows) -> Table:
    cells: list[list[Paragraph]] = [[paragraph(label, 9.5, muted=True), paragraph(value, 9.5)] for label, value in rows]
    table = Table(cells, colWidths=[38 * mm, None])
    table.setStyle(_STYLE)
    return table


def _when(text: str | None) -> str:
    """Return an instant of the pack as people read it; the offset stands, so it needs no zone."""
    return "–" if text is None else datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M:%S %z")
