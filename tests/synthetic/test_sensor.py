"""Gain, tone curve and noise of the sensor model."""

import numpy as np
import pytest

from bodydouble.synthetic.sensor import Exposure, Sensor, sample_exposure

SIZE = (64, 48)


def _exposure(gain: float = 1.0, noise: float = 0.0) -> Exposure:
    return Exposure((gain, gain, gain), noise, 0.0, 1, 7)


def _ramp() -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]":
    row = np.linspace(0, 255, SIZE[0]).astype(np.uint8)
    return np.broadcast_to(row[None, :, None], (SIZE[1], SIZE[0], 3)).copy()


def test_tone_curve_is_monotone() -> None:
    exposed = Sensor(_exposure(), SIZE).expose(_ramp()).astype(int)
    assert np.all(np.diff(exposed, axis=1) >= 0)
    assert exposed[0, 0, 0] == 0
    assert exposed[0, -1, 0] == pytest.approx(255, abs=2)


def test_higher_gain_is_brighter() -> None:
    dark, bright = (Sensor(_exposure(gain), SIZE).expose(_ramp()).mean() for gain in (0.8, 1.1))
    assert bright > 1.1 * dark


def test_noise_has_the_given_sigma_and_differs_between_frames() -> None:
    gray = np.full((480, 640, 3), 90, dtype=np.uint8)
    sensor = Sensor(_exposure(noise=4.0), (640, 480))
    frames = [sensor.expose(gray).astype(float) for _ in range(4)]
    assert frames[0].std() == pytest.approx(4.0, rel=0.1)
    assert any(not np.array_equal(frames[0], other) for other in frames[1:])
    again = Sensor(_exposure(noise=4.0), (640, 480))
    np.testing.assert_array_equal(again.expose(gray), frames[0])


@pytest.mark.parametrize("seed", range(5))
def test_random_sensors_are_usable(seed: int) -> None:
    made = sample_exposure(np.random.default_rng(seed))
    assert made == sample_exposure(np.random.default_rng(seed))
    assert (made.subframe_count > 1) == (made.shutter_fraction > 0)
    assert all(0.6 < gain < 1.4 for gain in made.gain)
