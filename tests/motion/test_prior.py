"""Laws of the learned depths."""

import numpy as np
import pytest

from bodydouble.data import FloatArray
from bodydouble.geometry import camera
from bodydouble.motion import body, crop, prior
from bodydouble.motion.place import landmark_positions
from bodydouble.skeletons import blazepose
from tests import builders

FRAMES = 40
MIRROR = np.array([-1.0, 1.0, 1.0])


@pytest.fixture(scope="module")
def seen() -> tuple[FloatArray, FloatArray, FloatArray]:
    """Rays, confidence and true relative landmarks of somebody 4 m away."""
    motion = builders.smooth_motion(FRAMES, seed=2)
    view = builders.level_camera(FRAMES, (1280, 720)).camera_from_world[0]
    points = camera.transform(view, landmark_positions(motion.skeleton, motion.rotations, motion.root_position))
    relative = points - body.group_mean(points, body.HIPS)[:, None]
    return points[..., :2] / points[..., 2:], np.ones((FRAMES, 33)), relative


def test_a_mirrored_person_gets_the_mirror_image(seen: tuple[FloatArray, FloatArray, FloatArray]) -> None:
    rays, confidence, rough = seen
    swap = list(blazepose.MIRROR)
    direct = prior.corrected(rays, confidence, rough, 30.0)
    mirrored = prior.corrected(rays[:, swap] * MIRROR[:2], confidence[:, swap], rough[:, swap] * MIRROR, 30.0)
    np.testing.assert_allclose(mirrored, direct[:, swap] * MIRROR, atol=1e-4)


def test_landmarks_stay_on_their_rays(seen: tuple[FloatArray, FloatArray, FloatArray]) -> None:
    rays, confidence, rough = seen
    points = prior.corrected(rays, confidence, rough, 30.0)
    view = crop.crop(rays, confidence)
    turned = points @ view.camera_from_crop / prior.ROUGH_SIZE
    flat = turned[..., :2] / (1 + view.size * turned[..., 2:])
    np.testing.assert_allclose(flat, view.points, atol=1e-6)


def test_depths_of_an_exact_detector_stay_nearly_right(seen: tuple[FloatArray, FloatArray, FloatArray]) -> None:
    rays, confidence, relative = seen
    points = prior.corrected(rays, confidence, relative, 30.0)
    limbs = [blazepose.INDEX[f"{side}_{name}"] for side in ("left", "right") for name in ("elbow", "knee", "shoulder")]
    scale = (points[:, limbs] * relative[:, limbs]).sum() / (points[:, limbs] ** 2).sum()
    error = np.abs(scale * points[:, limbs, 2] - relative[:, limbs, 2])
    assert error.mean() < 0.12


@pytest.mark.parametrize("factor", [2, 3])
def test_frame_rate_hardly_matters(seen: tuple[FloatArray, FloatArray, FloatArray], factor: int) -> None:
    rays, confidence, rough = seen
    full = prior.corrected(rays, confidence, rough, 30.0)
    few = prior.corrected(rays[::factor], confidence[::factor], rough[::factor], 30.0 / factor)
    difference = np.abs(few - full[::factor])[2:-2]
    assert difference.mean() < 0.02


def test_one_frame_is_enough(seen: tuple[FloatArray, FloatArray, FloatArray]) -> None:
    rays, confidence, rough = seen
    assert np.isfinite(prior.corrected(rays[:1], confidence[:1], rough[:1], 30.0)).all()
