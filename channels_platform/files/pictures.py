"""Pictures: drawn anew before they are kept, and looked at. The only module that holds the library for it, which is
large: who needs it brings it in when there is a picture.
"""

import io
import warnings
from typing import IO

from PIL import Image, ImageOps, UnidentifiedImageError

from channels_platform.files.content import PNG, Kind
from channels_platform.lib.errors import Invalid

LONGEST_SIDE = 2_560
# A phone's photo is read at a fraction of its size, others are unpacked whole first.
_MOST_PIXELS = {"JPEG": 100_000_000, "PNG": 25_000_000, "WEBP": 25_000_000}
_FORMATS = ("JPEG", "PNG", "WEBP")


def redrawn(data: bytes, kind: Kind) -> bytes:
    """Return the image drawn anew: upright, at most `LONGEST_SIDE`, without place, camera or anything appended.

    Raises: Invalid `file_broken`, `image_too_large`.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=_FORMATS) as opened:
                if opened.width * opened.height > _MOST_PIXELS[str(opened.format)]:
                    raise Invalid("the image has too many pixels", code="image_too_large")
                opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
                image: Image.Image = opened
                ImageOps.exif_transpose(image, in_place=True)
                image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
                return _drawn(image, kind)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Invalid("the image has too many pixels", code="image_too_large") from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
        raise Invalid("the image cannot be read", code="file_broken") from error


def _drawn(image: Image.Image, kind: Kind) -> bytes:
    out = io.BytesIO()
    if kind == PNG:
        clean = image.convert("RGBA" if image.has_transparency_data else "RGB")
        clean.info.clear()
        clean.save(out, "PNG", optimize=True)
    else:
        clean = image.convert("RGB")
        clean.info.clear()
        clean.save(out, "JPEG", quality=85)
    return out.getvalue()


def dark_pixels(picture: IO[bytes]) -> int:
    """Return how many pixels are dark when the picture lies on white paper."""
    with Image.open(picture) as image:
        paper = Image.new("RGBA", image.size, "white")
        return sum(Image.alpha_composite(paper, image.convert("RGBA")).convert("L").histogram()[:128])
