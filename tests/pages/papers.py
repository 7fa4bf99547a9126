"""Pictures that clients sign and receptions take, made here: nobody's."""

import base64
import io
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageDraw

from leads.models import Visit, VisitPaper
from leads.services.papers import add_visit_sheet


def signature(*, drawn: bool = True, color: str = "#182124") -> bytes:
    image = Image.new("RGBA", (640, 240), (0, 0, 0, 0))
    if drawn:
        ImageDraw.Draw(image).line([(40, 180), (160, 60), (260, 190), (420, 70), (590, 150)], fill=color, width=5)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def data_url(picture: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(picture).decode()


def sheet(**saved: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (800, 600), "white").save(out, "JPEG", **saved)
    return out.getvalue()


def paper_of(visit: Visit) -> VisitPaper:
    return add_visit_sheet(actor=None, visit=visit, upload=SimpleUploadedFile("sheet.jpg", sheet()))
