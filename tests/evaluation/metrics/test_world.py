import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from bodydouble.evaluation.metrics import world
from bodydouble.geometry import kinematics
from tests import builders
from tests.builders import Floats, assert_same


def _joints(frames: int, seed: int = 0) -> Floats:
    return np.asarray(kinematics.joint_positions(builders.smooth_motion(frames, seed=seed)))


def _transformed(joints: Floats, scale: float) -> Floats:
    return np.asarray(scale * joints @ Rotation.from_rotvec([0.1, 2.0, -0.3]).as_matrix().T + [4.0, 1.0, -2.0])


@pytest.mark.parametrize("measure", [world.world_aligned_errors_mm, world.first_aligned_errors_mm])
def test_each_segment_is_aligned_by_its_own_similarity(measure: type) -> None:
    truth = _joints(40)
    predicted = np.concatenate([_transformed(truth[:20], 1.3), _transformed(truth[20:], 0.8)])
    assert_same(measure(predicted, truth, 20), 0.0, 1e-8)
    assert measure(predicted, truth, 40).mean() > 10.0


def test_w_mpjpe_is_aligned_on_the_first_two_frames() -> None:
    truth = _joints(30)
    predicted = truth.copy()
    predicted[2:] += [0.2, 0.0, 0.0]
    errors = world.first_aligned_errors_mm(_transformed(predicted, 1.0), truth)
    assert_same(errors[:2], 0.0, 1e-8)
    assert_same(errors[2:], 200.0, 1e-8)


def test_alignment_on_all_frames_has_a_lower_squared_error() -> None:
    predicted, truth = _joints(30, seed=1), _joints(30)
    aligned, first = (m(predicted, truth) for m in (world.world_aligned_errors_mm, world.first_aligned_errors_mm))
    assert (aligned**2).sum() <= (first**2).sum()


def test_segments_are_independent() -> None:
    predicted, truth = _joints(25, seed=1), _joints(25)
    together = world.world_aligned_errors_mm(predicted, truth, 10)
    parts = [world.world_aligned_errors_mm(predicted[i : i + 10], truth[i : i + 10]) for i in (0, 10, 20)]
    assert_same(together, np.concatenate(parts), 1e-9)


def test_nan_joints_do_not_influence_the_alignment() -> None:
    truth = _joints(20)
    predicted = _transformed(truth, 1.2)
    predicted[:, 3:7] = np.nan
    errors = world.world_aligned_errors_mm(predicted, truth)
    assert np.isnan(errors[:, 3:7]).all()
    assert_same(np.delete(errors, np.s_[3:7], axis=1), 0.0, 1e-8)


def test_root_error_of_a_known_path() -> None:
    truth = np.array([[0.0, 0, 0], [1, 0, 0], [2, 0, 0], [3, 0, 0]])
    predicted = truth + np.array([[0, 0, 0.1], [0, 0, -0.1], [0, 0, -0.1], [0, 0, 0.1]])
    assert_same(world.root_translation_errors_percent(predicted, truth), 100 * 0.1 / 3, 1e-9)


def test_root_error_is_invariant_to_rigid_motion_but_not_to_scale() -> None:
    truth = np.stack([np.linspace(0, 3, 20), np.ones(20), np.sin(np.linspace(0, 3, 20))], axis=-1)
    assert_same(world.root_translation_errors_percent(_transformed(truth, 1.0), truth), 0.0, 1e-9)
    larger = world.root_translation_errors_percent(_transformed(truth, 1.1), truth)
    distance = 100 * 0.1 * np.linalg.norm(truth - truth.mean(axis=0), axis=-1) / world.path_length_m(truth)
    assert_same(larger, distance, 1e-9)


def test_root_error_of_a_short_path_is_nan() -> None:
    truth = 1e-3 * np.random.default_rng(0).normal(size=(20, 3))
    assert np.isnan(world.root_translation_errors_percent(truth + 1, truth)).all()
