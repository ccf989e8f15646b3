"""What a phone's sensor does to a picture: exposure, tint and noise."""

from dataclasses import dataclass

import numpy as np

from bodydouble.data import RgbImage

NOISE_SHIFT_STEP = 16
"""Steps by which the noise is shifted from frame to frame, px."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """How a sensor sees."""

    gain: tuple[float, float, float]
    """Of red, green and blue."""
    noise_sigma: float
    """Standard deviation, of 255."""
    shutter_fraction: float
    """How much of the time between two frames it is open: what moves is blurred over it."""
    subframe_count: int
    """Pictures that make up a blurred one; 1: no blur."""
    seed: int


def sample_exposure(rng: np.random.Generator) -> Exposure:
    """A random sensor; every third one blurs what moves."""
    gain = rng.uniform(0.8, 1.15) * rng.normal(1.0, 0.03, 3)
    has_motion_blur = rng.random() < 0.3
    return Exposure(
        (float(gain[0]), float(gain[1]), float(gain[2])),
        float(rng.choice([0.0, 1.5, 3.0, 6.0], p=[0.2, 0.4, 0.3, 0.1])),
        float(rng.uniform(0.2, 0.6)) if has_motion_blur else 0.0,
        3 if has_motion_blur else 1,
        int(rng.integers(2**31)),
    )


class Sensor:
    """Applies an exposure to one frame after the other."""

    def __init__(self, exposure: Exposure, image_size: tuple[int, int]) -> None:
        self._rng = np.random.default_rng(exposure.seed)
        width, height = image_size
        shape = (height + 8 * NOISE_SHIFT_STEP, width + 8 * NOISE_SHIFT_STEP, 3)
        self._noise = np.round(self._rng.normal(0, exposure.noise_sigma, shape)).astype(np.int16)
        levels = np.arange(256)[None] * np.array(exposure.gain)[:, None]
        # Bright parts approach white slowly.
        self._tone_curves = np.round(255 * np.tanh(levels / 255 * 1.15) / np.tanh(1.15)).astype(np.int16)

    def expose(self, image: RgbImage) -> RgbImage:
        """The picture (H, W, 3) as the sensor gives it."""
        height, width = image.shape[:2]
        row, column = self._rng.integers(0, 8, 2) * NOISE_SHIFT_STEP
        exposed = np.stack([self._tone_curves[c][image[..., c]] for c in range(3)], axis=-1)
        exposed += self._noise[row : row + height, column : column + width]
        return np.asarray(np.clip(exposed, 0, 255), dtype=np.uint8)
