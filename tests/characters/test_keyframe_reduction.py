"""Laws of keyframe reduction, with an independent interpolation by SciPy."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation, Slerp

from bodydouble.characters.keyframe_reduction import LEVER_ARM, reduce_keyframes
from bodydouble.data import Motion, Skeleton
from bodydouble.errors import InvalidDataError
from bodydouble.geometry import kinematics, rotation
from bodydouble.skeletons import humanoid
from tests import builders
from tests.builders import Floats

Keys = tuple[NDArray[np.bool_], NDArray[np.bool_]]


def reduce(motion: Motion, tolerance: float) -> Keys:
    return reduce_keyframes(motion.skeleton, motion.rotations, motion.root_position, tolerance)


def interpolate(motion: Motion, keys: Keys) -> Motion:
    """Returns the motion as programs interpolate it from its keys."""
    frames = np.arange(len(motion.rotations))
    rotations = motion.rotations.copy()
    for j in range(rotations.shape[1]):
        key_frames = np.flatnonzero(keys[0][:, j])
        rotations[:, j] = Slerp(key_frames, Rotation.from_quat(rotations[key_frames, j]))(frames).as_quat()
    key_frames = np.flatnonzero(keys[1])
    path = [np.interp(frames, key_frames, motion.root_position[key_frames, axis]) for axis in range(3)]
    return replace(motion, rotations=rotations, root_position=np.stack(path, axis=-1))


def max_position_error(motion: Motion, keys: Keys) -> float:
    positions = kinematics.joint_positions(interpolate(motion, keys))
    return float(np.linalg.norm(positions - kinematics.joint_positions(motion), axis=-1).max())


def max_rotation_error(motion: Motion, keys: Keys) -> float:
    parents = motion.skeleton.parents
    original, interpolated = (
        kinematics.world_rotations(parents, m.rotations) for m in (motion, interpolate(motion, keys))
    )
    return float(rotation.angle_between(original, interpolated).max())


@pytest.mark.parametrize("tolerance", [0.001, 0.005, 0.05])
@pytest.mark.parametrize("seed", [0, 1])
def test_every_joint_stays_within_the_tolerance(tolerance: float, seed: int) -> None:
    motion = builders.smooth_motion(90, seed)
    keys = reduce(motion, tolerance)
    assert max_position_error(motion, keys) <= tolerance
    assert max_rotation_error(motion, keys) * LEVER_ARM <= tolerance


def test_a_larger_tolerance_keeps_fewer_keys() -> None:
    motion = builders.smooth_motion(200)
    counts = [sum(int(k.sum()) for k in reduce(motion, tolerance)) for tolerance in (0.0005, 0.005, 0.05)]
    assert counts[0] > 1.5 * counts[1] > 2 * counts[2]
    assert counts[1] < 0.5 * 200 * 23


def test_a_motion_at_constant_speed_keeps_its_ends_only() -> None:
    motion = builders.smooth_motion(40)
    angles = np.linspace(0.0, 2.5, 40)
    rotations = rotation.from_rotvec(angles[:, None, None] * np.ones((1, 22, 1)) * [0.0, 1.0, 0.0])
    even = replace(motion, rotations=rotations, root_position=angles[:, None] * [1.0, 0.0, 2.0])
    of_rotations, of_translation = reduce(even, 0.001)
    expected = np.isin(np.arange(40), [0, 39])
    np.testing.assert_array_equal(of_rotations, np.tile(expected[:, None], (1, 22)))
    np.testing.assert_array_equal(of_translation, expected)


def test_a_kick_of_one_frame_keeps_its_keys() -> None:
    """A knee that bends in one frame has keys there and in the neighbouring frames, and no other joint has."""
    standing = builders.smooth_motion(61)
    rotations = np.tile(rotation.IDENTITY, (61, 22, 1))
    knee = humanoid.INDEX["leftLowerLeg"]
    rotations[30, knee] = rotation.from_rotvec(np.array([1.2, 0.0, 0.0]))
    kick = replace(standing, rotations=rotations, root_position=np.zeros((61, 3)))
    of_rotations, of_translation = reduce(kick, 0.005)
    assert np.flatnonzero(of_rotations[:, knee]).tolist() == [0, 29, 30, 31, 60]
    assert of_rotations.sum() == 5 + 2 * 21
    assert of_translation.sum() == 2


def test_a_spin_keeps_its_direction() -> None:
    """Between distant keys the shortest rotation would be in the opposite direction."""
    motion = builders.smooth_motion(60)
    angles = np.linspace(0.0, 6 * np.pi, 60)
    rotations = np.tile(rotation.IDENTITY, (60, 22, 1))
    rotations[:, 0] = rotation.from_rotvec(angles[:, None] * [0.0, 1.0, 0.0])
    spin = replace(motion, rotations=rotations)
    assert max_rotation_error(spin, reduce(spin, 0.005)) * LEVER_ARM <= 0.005


def test_rotations_of_the_head_are_kept_although_no_joint_depends_on_it() -> None:
    motion = builders.smooth_motion(60)
    rotations = np.tile(rotation.IDENTITY, (60, 22, 1))
    head = humanoid.INDEX["head"]
    rotations[:, head] = rotation.from_rotvec(np.sin(np.arange(60) / 5)[:, None] * [0.0, 1.0, 0.0])
    of_rotations, _ = reduce(replace(motion, rotations=rotations), 0.005)
    assert of_rotations[:, head].sum() > 10


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_motions_of_one_to_three_frames_have_keys_at_their_ends(frames: int) -> None:
    motion = builders.smooth_motion(frames)
    of_rotations, of_translation = reduce(motion, 0.001)
    assert of_rotations[[0, -1]].all() and of_translation[[0, -1]].all()


def test_hips_below_another_joint_stay_within_the_tolerance() -> None:
    """Rigs may have a rotated node above the hips."""
    plain = builders.smooth_motion(50)
    skeleton = plain.skeleton
    above = Skeleton(
        ("armature", *skeleton.joint_names),
        (-1, *(p + 1 for p in skeleton.parents)),
        np.concatenate([[[0.0, 0.0, 0.3]], skeleton.rest_offsets]),
    )
    rotated = np.tile(rotation.from_rotvec(np.array([-np.pi / 2, 0.0, 0.0])), (50, 1, 1))
    keys = reduce_keyframes(
        above, np.concatenate([rotated, plain.rotations], axis=1), plain.root_position, 0.005, translated_joint=1
    )
    assert keys[0][:, 0].sum() == 2
    assert max_position_error(plain, (keys[0][:, 1:], keys[1])) <= 0.005


def reverse_time(motion: Motion) -> Motion:
    return replace(motion, rotations=motion.rotations[::-1], root_position=motion.root_position[::-1])


@pytest.mark.parametrize("seed", range(3))
def test_reversed_motion_keeps_the_reversed_keys(seed: int) -> None:
    motion = builders.smooth_motion(60, seed)
    forward, backward = reduce(motion, 0.005), reduce(reverse_time(motion), 0.005)
    np.testing.assert_array_equal(backward[0], forward[0][::-1])
    np.testing.assert_array_equal(backward[1], forward[1][::-1])


@pytest.mark.parametrize("tolerance", [0.0, -1.0, np.nan])
def test_rejects_tolerances_that_are_not_positive(tolerance: float) -> None:
    with pytest.raises(InvalidDataError, match="must be above 0"):
        reduce(builders.smooth_motion(5), tolerance)


def test_signs_of_quaternions_do_not_matter() -> None:
    motion = builders.smooth_motion(40)
    signs: Floats = np.random.default_rng(0).choice([-1.0, 1.0], size=(40, 22, 1))
    plain, flipped = reduce(motion, 0.005), reduce(replace(motion, rotations=signs * motion.rotations), 0.005)
    np.testing.assert_array_equal(plain[0], flipped[0])
    np.testing.assert_array_equal(plain[1], flipped[1])
