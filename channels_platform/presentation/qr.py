"""QR codes on pages and as files; the address stands in them as dark modules, never as text."""

from io import BytesIO

import segno
from django.utils.safestring import SafeString, mark_safe


def qr_inline(address: str) -> SafeString:
    """Return the QR code as inline SVG, without a style attribute."""
    code = segno.make(address, error="m", micro=False)
    # The markup is segno's own.
    return mark_safe(code.svg_inline(omitsize=True, svgclass="qr", lineclass=None, border=2))  # noqa: S308


def qr_svg(address: str) -> bytes:
    """Return the QR code as an SVG file of its own."""
    buffer = BytesIO()
    segno.make(address, error="m", micro=False).save(buffer, kind="svg", scale=8, border=2)
    return buffer.getvalue()
