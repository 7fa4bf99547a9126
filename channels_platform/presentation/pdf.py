"""What our PDF papers share: a font that holds Chinese, the inks, text as a paragraph, a QR code as a drawing."""

from functools import cache
from pathlib import Path
from typing import Any

from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_CENTER, TA_LEFT, TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Paragraph

from channels_platform.presentation.line_breaks import broken_lines

FONT = "WenQuanYi"
FONT_FILE = Path(__file__).resolve().parent.parent / "fonts" / "wqy-microhei.ttc"
INK, MUTED, LINE = HexColor("#182124"), HexColor("#566469"), HexColor("#B9C3C6")


@cache
def register_font() -> str:
    """Make the CJK font known to reportlab, once per process, and return its name."""
    pdfmetrics.registerFont(TTFont(FONT, str(FONT_FILE), subfontIndex=0))
    return FONT


class _Plain(Paragraph):
    """A paragraph of one kind of text that breaks no word which would fit a line of its own."""

    def breakLinesCJK(self, maxWidths: Any) -> Any:
        widths = list(maxWidths) if isinstance(maxWidths, (list, tuple)) else [maxWidths]
        if len(self.frags) != 1 or (hasattr(self, "blPara") and getattr(self, "_splitpara", False)):
            return super().breakLinesCJK(maxWidths)
        frag = self.frags[0]
        text = frag.text if hasattr(frag, "text") else "".join(getattr(frag, "words", []))

        def room(place: int) -> float:
            return float(widths[min(place, len(widths) - 1)])

        def width_of(piece: str) -> float:
            return float(pdfmetrics.stringWidth(piece, frag.fontName, frag.fontSize))

        self.height = 0
        lines = [
            (room(place) - width_of(line), [line]) for place, line in enumerate(broken_lines(text, room, width_of))
        ]
        return frag.clone(kind=0, lines=lines, ascent=frag.fontSize, descent=-0.2 * frag.fontSize)


def paragraph(
    value: str, size: float = 11, *, muted: bool = False, right: bool = False, centered: bool = False
) -> Paragraph:
    """Return plain text as a paragraph that can hold Chinese; markup in it stands as it is."""
    safe = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _Plain(safe, _style(size, muted, TA_RIGHT if right else TA_CENTER if centered else TA_LEFT))


@cache
def _style(size: float, muted: bool, alignment: int) -> ParagraphStyle:
    return ParagraphStyle(
        f"s{size}-{muted}-{alignment}",
        fontName=FONT,
        fontSize=size,
        leading=size * 1.5,
        textColor=MUTED if muted else INK,
        wordWrap="CJK",
        alignment=alignment,
    )


def qr_drawing(text: str, side: float) -> Drawing:
    """Return the QR code of a text, `side` points wide."""
    widget = QrCodeWidget(text, barLevel="M")
    x0, y0, x1, y1 = widget.getBounds()
    drawing = Drawing(side, side, transform=[side / (x1 - x0), 0, 0, side / (y1 - y0), 0, 0])
    drawing.add(widget)
    return drawing
