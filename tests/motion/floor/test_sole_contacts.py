"""Laws of the contact network."""

import numpy as np
import pytest

from bodydouble.motion.floor.sole_contacts import FEATURE_COUNT, build_features, sole_contact_probability
from bodydouble.motion.lifting.lifter import MIRROR_CONTACT_ORDER, MIRROR_SIGNS
from tests.motion.floor.soles import FPS, moving_soles


def walking_soles(fps: float, seconds: float = 3.0) -> np.ndarray:
    """Returns points (T, 4, 3) m of feet that step in turn: half a second of stance, then one of swing."""
    time = np.arange(round(seconds * fps)) / fps
    points = np.zeros((len(time), 4, 3))
    for foot in range(2):
        phase = (time + 0.5 * foot) % 1.0
        swing = np.clip((phase - 0.5) / 0.5, 0.0, 1.0)
        forward = np.floor(time + 0.5 * foot) + 0.5 - 0.5 * np.cos(np.pi * swing)
        points[:, 2 * foot : 2 * foot + 2, 2] = forward[:, None]
        points[:, 2 * foot : 2 * foot + 2, 1] = 0.12 * np.sin(np.pi * swing)[:, None]
    return points


@pytest.mark.parametrize("fps", [15.0, 24.0, 30.0, 60.0, 120.0])
def test_feet_that_step_rest_in_stance_at_every_frame_rate(fps: float) -> None:
    points = walking_soles(fps)
    contacts = sole_contact_probability(points, points[..., 1], fps) > 0.5
    phase = (np.arange(len(points))[:, None] / fps + 0.5 * np.array([0, 0, 1, 1])) % 1.0
    assert contacts[(phase > 0.15) & (phase < 0.35)].mean() > 0.95
    assert contacts[(phase > 0.65) & (phase < 0.85)].mean() < 0.05


def test_only_changes_of_position_count() -> None:
    points = walking_soles(FPS)
    moved = points + np.array([3.0, 0.0, -7.0])
    np.testing.assert_allclose(
        sole_contact_probability(moved, points[..., 1], FPS), sole_contact_probability(points, points[..., 1], FPS),
        atol=1e-5,
    )  # fmt: skip


def test_the_mirror_image_has_mirrored_contacts() -> None:
    points = walking_soles(FPS)
    points[..., 1] += 0.02 * np.random.default_rng(1).random(points.shape[:2])
    mirrored = points[:, MIRROR_CONTACT_ORDER] * MIRROR_SIGNS
    expected = sole_contact_probability(points, points[..., 1], FPS)[:, MIRROR_CONTACT_ORDER]
    np.testing.assert_allclose(sole_contact_probability(mirrored, mirrored[..., 1], FPS), expected, atol=1e-6)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_short_clips_have_contacts(count: int) -> None:
    points = moving_soles(0.0, 0.0)[:count]
    assert build_features(points, points[..., 1]).shape == (count, FEATURE_COUNT)
    assert np.all(sole_contact_probability(points, points[..., 1], FPS) > 0.5)
