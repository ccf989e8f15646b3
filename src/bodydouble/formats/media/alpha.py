"""Alpha: colours that are multiplied by alpha <-> colours that are not."""

import numpy as np
from numpy.typing import NDArray

from bodydouble.data import RgbaImage


def straighten_alpha(image: RgbaImage) -> NDArray[np.uint8]:
    """Returns an image (H, W, 4) whose colours are not multiplied by alpha any more, as files hold them.

    Transparent pixels become black.
    """
    straight = image.copy()
    alpha = image[..., 3]
    partial = (alpha > 0) & (alpha < 255)
    rgb, divisor = image[partial, :3].astype(np.uint16), alpha[partial, None].astype(np.uint16)
    straight[partial, :3] = np.minimum((rgb * 255 + divisor // 2) // divisor, 255)
    straight[alpha == 0] = 0
    return straight
