"""Model of a phone's camera sensor: rendered image -> image with gain, tone curve and noise."""

from dataclasses import dataclass

import numpy as np

from bodydouble.data import RgbImage

NOISE_SHIFT_STEP = 16
"""Step in px by which the noise pattern is shifted from frame to frame."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """Exposure settings of a sensor."""

    gain: tuple[float, float, float]
    """Gain of red, green and blue."""
    noise_sigma: float
    """Standard deviation of the noise in levels of 255."""
    shutter_fraction: float
    """Fraction of the frame interval during which the shutter is open; it determines the motion blur."""
    subframe_count: int
    """Number of images that are averaged for motion blur; 1 means no blur."""
    seed: int
    """Seed of the noise."""


def sample_exposure(rng: np.random.Generator) -> Exposure:
    """Draws random exposure settings, of which 30 % have motion blur."""
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
    """Sensor that applies its exposure to one frame after the other."""

    def __init__(self, exposure: Exposure, image_size: tuple[int, int]) -> None:
        self._rng = np.random.default_rng(exposure.seed)
        width, height = image_size
        shape = (height + 8 * NOISE_SHIFT_STEP, width + 8 * NOISE_SHIFT_STEP, 3)
        self._noise = np.round(self._rng.normal(0, exposure.noise_sigma, shape)).astype(np.int16)
        levels = np.arange(256)[None] * np.array(exposure.gain)[:, None]
        # Bright levels approach white slowly.
        self._tone_curves = np.round(255 * np.tanh(levels / 255 * 1.15) / np.tanh(1.15)).astype(np.int16)

    def expose(self, image: RgbImage) -> RgbImage:
        """Returns the image (H, W, 3) as the sensor records it."""
        height, width = image.shape[:2]
        row, column = self._rng.integers(0, 8, 2) * NOISE_SHIFT_STEP
        exposed = np.stack([self._tone_curves[c][image[..., c]] for c in range(3)], axis=-1)
        exposed += self._noise[row : row + height, column : column + width]
        return np.asarray(np.clip(exposed, 0, 255), dtype=np.uint8)
