"""Images of FBX materials: channels of encoded PNG and JPEG files, since FBX has an image per value."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

import numpy as np
from PIL import Image

from bodydouble.data import FloatArray
from bodydouble.errors import InvalidDataError

FORMATS = ("PNG", "JPEG")
FULL = 255.0
_WITH_ALPHA = ("RGBA", "LA", "PA", "RGBa", "La")


def is_readable(encoded: bytes) -> bool:
    """Returns whether an image file can be decoded and is of a usual size."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(BytesIO(encoded), formats=FORMATS) as image:
                image.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return False
    return True


def without_alpha(encoded: bytes) -> bytes:
    """Returns an image whose pixels are all opaque: the same file if they are."""
    with _open(encoded) as image:
        alpha = _alpha(image)
        if alpha is None or alpha.getextrema() == (FULL, FULL):
            return encoded
        return _encode(image.convert("RGBA").convert("RGB"))


def extract_alpha(encoded: bytes) -> bytes | None:
    """Returns the alpha of an image as grey levels and as alpha, for readers of either; None if all is opaque."""
    with _open(encoded) as image:
        alpha = _alpha(image)
        if alpha is None or alpha.getextrema() == (FULL, FULL):
            return None
        return _encode(Image.merge("LA", (alpha, alpha)))


def scale_channel(encoded: bytes, channel: int, factor: float, offset: float = 0.0) -> bytes:
    """Returns a channel of an image as grey levels, multiplied by a factor and with an offset of 0 to 1."""
    with _open(encoded) as image:
        values = np.asarray(image.convert("RGB"), np.float64)[..., channel]
    scaled = np.clip(np.round(values * factor + FULL * offset), 0.0, FULL)
    return _encode(Image.fromarray(scaled.astype(np.uint8)))


def pack_metallic_roughness(roughness: bytes | None, metallic: bytes | None) -> bytes:
    """Returns an image of roughness in green and metal in blue; full where there is no image, at least one is given."""
    greys = [None if encoded is None else _grey(encoded) for encoded in (roughness, metallic)]
    size = max(grey.size for grey in greys if grey is not None)
    full = Image.new("L", size, int(FULL))
    green, blue = (full if grey is None else grey.resize(size) for grey in greys)
    return _encode(Image.merge("RGB", (full, green, blue)))


def has_partial_alpha(encoded: bytes) -> bool:
    """Returns whether more than a tenth of the pixels that are not opaque are seen through only in part."""
    with _open(encoded) as image:
        alpha = _alpha(image)
    values: FloatArray = np.asarray(alpha if alpha is not None else _grey(encoded), np.float64)
    clear, partial = np.count_nonzero(values < FULL), np.count_nonzero((values > 0) & (values < FULL))
    return bool(partial > 0.1 * clear)


@contextmanager
def _open(encoded: bytes) -> Iterator[Image.Image]:
    """Opens an image file; errors of its content inside the block become an InvalidDataError."""
    try:
        with Image.open(BytesIO(encoded), formats=FORMATS) as image:
            yield image
    except (OSError, ValueError, SyntaxError) as error:
        raise InvalidDataError(f"Material: a texture is damaged, or neither PNG nor JPEG ({error})") from error


def _alpha(image: Image.Image) -> Image.Image | None:
    if image.mode not in _WITH_ALPHA and "transparency" not in image.info:
        return None
    return image.convert("RGBA").getchannel("A")


def _grey(encoded: bytes) -> Image.Image:
    with _open(encoded) as image:
        return image.convert("RGB").getchannel("R")


def _encode(image: Image.Image) -> bytes:
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()
