"""Comparison of drawn pictures with golden ones, robust against the rounding of drivers and processors."""

from pathlib import Path

import numpy as np
from PIL import Image

from bodydouble.data import FloatArray, RgbaImage, RgbImage

GOLDEN = Path(__file__).parent / "golden"
REDUCTION = 4
"""Pixels are compared as means of blocks of so many pixels a side; the order of samples in a pixel does not matter."""
MAX_MEAN_DIFFERENCE = 1.0
"""Mean over all blocks, of 255."""
MIN_DIFFERENCE, MAX_DIFFERENT_SHARE = 16.0, 0.01
"""Blocks that differ by more than so much, of 255, and the maximum share of them."""
BACKGROUND = (236, 240, 246)


def compose(image: RgbaImage) -> RgbImage:
    """Puts a picture before a plain background."""
    alpha = image[..., 3:] / 255.0
    composed = np.round(image[..., :3] + (1.0 - alpha) * np.array(BACKGROUND)).clip(0, 255)
    return np.asarray(composed, dtype=np.uint8)


def check_picture(picture: RgbImage, name: str, folder: Path) -> None:
    """Fails if a picture differs from the golden one; then the picture and the difference are in a folder."""
    path = GOLDEN / f"{name}.png"
    drawn, difference = folder / f"{name}.png", folder / f"{name}_difference.png"
    if not path.exists():
        Image.fromarray(picture).save(drawn)
        raise AssertionError(f"{path} is missing; the picture is {drawn}")
    golden = np.asarray(Image.open(path).convert("RGB"))
    assert golden.shape == picture.shape, f"{path} is {golden.shape}, the picture is {picture.shape}"
    off = np.abs(_reduce(golden) - _reduce(picture)).max(axis=-1)
    different = float((off > MIN_DIFFERENCE).mean())
    if off.mean() <= MAX_MEAN_DIFFERENCE and different <= MAX_DIFFERENT_SHARE:
        return
    Image.fromarray(picture).save(drawn)
    Image.fromarray(np.abs(golden.astype(int) - picture).astype(np.uint8)).save(difference)
    raise AssertionError(
        f"{drawn} differs from {path} by {off.mean():.2f} of 255 in the mean, {100 * different:.1f} % of it by more "
        f"than {MIN_DIFFERENCE:.0f}; see {difference}"
    )


def _reduce(picture: RgbImage) -> FloatArray:
    height, width = (size // REDUCTION * REDUCTION for size in picture.shape[:2])
    blocks = picture[:height, :width].reshape(height // REDUCTION, REDUCTION, width // REDUCTION, REDUCTION, 3)
    return np.asarray(blocks.astype(np.float64).mean(axis=(1, 3)))
