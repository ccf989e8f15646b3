import numpy as np
import pytest
from scipy.spatial import procrustes
from scipy.spatial.transform import Rotation

from bodydouble.evaluation.metrics import pose
from bodydouble.geometry import kinematics, rotation
from bodydouble.skeletons import humanoid
from tests import builders
from tests.builders import Floats, assert_same


def _two_motions(frames: int = 5) -> tuple[Floats, Floats]:
    return tuple(  # type: ignore[return-value]
        np.asarray(kinematics.joint_positions(builders.smooth_motion(frames, seed=seed))) for seed in (0, 1)
    )


def _transformed(joints: Floats, scale: float = 1.0) -> Floats:
    rotation_matrix = Rotation.from_rotvec([0.4, -1.0, 0.3]).as_matrix()
    return np.asarray(scale * joints @ rotation_matrix.T + [1.0, -2.0, 3.0])


def test_joint_error_is_the_distance() -> None:
    truth = _two_motions()[0]
    predicted = truth.copy()
    predicted[:, 5] += [0.003, 0.004, 0.012]
    errors = pose.joint_errors_mm(predicted, truth)
    assert_same(errors[:, 5], 13.0, 1e-9)
    assert_same(np.delete(errors, 5, axis=1), 0.0, 0.0)
    across, depth = pose.axis_errors_mm(predicted, truth)
    assert_same(across[:, 5], 5.0, 1e-9)
    assert_same(depth[:, 5], 12.0, 1e-9)


def test_root_alignment_removes_translation() -> None:
    predicted, truth = _two_motions()
    assert_same(pose.center_on_root(truth + np.array([5.0, 0.0, -1.0])), pose.center_on_root(truth), 1e-12)
    middle = pose.center_on_root(predicted)[:, list(pose.HIP_JOINTS)].mean(axis=1)
    assert_same(middle, 0.0, 1e-12)


def test_joint_errors_are_invariant_to_rigid_motion() -> None:
    predicted, truth = _two_motions()
    assert_same(
        pose.joint_errors_mm(_transformed(predicted), _transformed(truth)), pose.joint_errors_mm(predicted, truth), 1e-9
    )


def test_aligned_errors_are_invariant_to_similarity_transforms() -> None:
    predicted, truth = _two_motions()
    expected = pose.aligned_errors_mm(predicted, truth)
    assert_same(pose.aligned_errors_mm(_transformed(predicted, 0.5), truth), expected, 1e-9)
    assert_same(pose.aligned_errors_mm(_transformed(truth, 2.0), truth), 0.0, 1e-9)


def test_aligned_errors_equal_scipy_procrustes() -> None:
    """Uses similar poses, since procrustes of SciPy would mirror very different ones."""
    truth = _two_motions()[0]
    predicted = _transformed(truth + 0.05 * np.random.default_rng(0).normal(size=truth.shape), 1.2)
    for frame, errors in enumerate(pose.aligned_errors_mm(predicted, truth)):
        spread = np.linalg.norm(truth[frame] - truth[frame].mean(axis=0))
        standard, aligned, _ = procrustes(truth[frame], predicted[frame])
        assert_same(errors, 1e3 * spread * np.linalg.norm(standard - aligned, axis=-1), 1e-8)


def test_alignment_reduces_the_squared_error() -> None:
    predicted, truth = _two_motions()
    aligned, plain = pose.aligned_errors_mm(predicted, truth), pose.joint_errors_mm(predicted, truth)
    assert ((aligned**2).sum(axis=1) <= (plain**2).sum(axis=1)).all()


def test_errors_of_nan_joints_are_nan() -> None:
    predicted, truth = _two_motions()
    predicted[2], truth[3, 4] = np.nan, np.nan
    for errors in (pose.joint_errors_mm(predicted, truth), pose.aligned_errors_mm(predicted, truth)):
        unknown = np.isnan(errors)
        assert unknown[2].all()
        assert unknown[3, 4]
        assert unknown.sum() == 23


def test_pck3d_and_auc_of_a_known_example() -> None:
    errors = np.array([0.0, 75.0, 150.0, 151.0, np.nan])
    assert pose.pck3d(errors) == 0.75
    assert_same(pose.pck3d_auc(errors), (1 + 0.5) / 4, 1e-12)
    assert pose.pck3d_auc(np.zeros(3)) == 1.0
    assert np.isnan(pose.pck3d(np.array([np.nan])))


def test_auc_is_the_mean_over_thresholds() -> None:
    errors = np.random.default_rng(0).gamma(2.0, 50.0, 500)
    thresholds = np.linspace(0, 150, 31)
    published = np.mean([pose.pck3d(errors, t) for t in thresholds])
    fine = np.mean([pose.pck3d(errors, t) for t in np.linspace(0, 150, 3001)])
    assert_same(pose.pck3d_auc(errors), published, 0.02)
    assert_same(pose.pck3d_auc(errors), fine, 2e-4)


@pytest.mark.parametrize("angle", [0.0, 1e-7, 0.5, 90.0, 180.0])
def test_rotation_error_is_the_angle(angle: float) -> None:
    start = builders.random_quaternions(np.random.default_rng(0), (6,))
    axes = rotation.normalize(np.random.default_rng(1).normal(size=(6, 3)))
    rotated = rotation.multiply(start, rotation.from_rotvec(np.radians(angle) * axes))
    assert_same(pose.rotation_errors_deg(rotated, start), angle, 1e-9)
    assert_same(pose.rotation_errors_deg(-rotated, start), angle, 1e-9)


def test_rotation_error_equals_scipy() -> None:
    a, b = builders.random_quaternions(np.random.default_rng(0), (2, 50))
    expected = (Rotation.from_quat(a).inv() * Rotation.from_quat(b)).magnitude()
    assert_same(pose.rotation_errors_deg(a, b), np.degrees(expected), 1e-9)


def test_direction_error_of_one_rotated_limb() -> None:
    motion = builders.smooth_motion(3)
    truth = kinematics.joint_positions(motion)
    rotations = motion.rotations.copy()
    knee = humanoid.INDEX["leftLowerLeg"]
    across = rotation.from_rotvec(np.array([0.0, 0.0, np.radians(20.0)]))
    bone = rotation.normalize(motion.skeleton.rest_offsets[humanoid.INDEX["leftFoot"]])
    assert abs(bone[2]) < 0.1, "nearly perpendicular to the axis of rotation"
    rotations[:, knee] = rotation.multiply(rotations[:, knee], across)
    predicted = kinematics.forward_kinematics(motion.skeleton, rotations, motion.root_position)[0]
    errors = pose.direction_errors_deg(predicted, truth)
    assert np.isnan(errors[:, 0]).all()
    assert_same(errors[:, humanoid.INDEX["leftFoot"]], 20.0, 0.1)
    untouched = [j for j in range(1, 22) if humanoid.JOINTS[j] not in ("leftFoot", "leftToes")]
    assert_same(errors[:, untouched], 0.0, 1e-9)


def test_directions_and_flexion_are_invariant_to_similarity_transforms() -> None:
    predicted, truth = _two_motions()
    rotated = _transformed(predicted), _transformed(truth, 3.0)
    assert_same(pose.direction_errors_deg(*rotated)[:, 1:], pose.direction_errors_deg(predicted, truth)[:, 1:], 1e-9)
    assert_same(pose.flexion_deg(_transformed(truth, 3.0)), pose.flexion_deg(truth), 1e-9)


def test_flexion_of_a_bent_elbow() -> None:
    motion = builders.smooth_motion(1)
    rotations = np.tile(rotation.IDENTITY, (1, 22, 1))
    rotations[:, humanoid.INDEX["leftLowerArm"]] = rotation.from_rotvec(np.array([0.0, -np.radians(70.0), 0.0]))
    joints = kinematics.forward_kinematics(motion.skeleton, rotations, np.zeros(3))[0]
    elbow, _, right_elbow, _ = pose.flexion_deg(joints)[0]
    assert_same([elbow, right_elbow], [70.0, 0.0], 1e-9)
