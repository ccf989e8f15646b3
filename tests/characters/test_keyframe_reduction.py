"""Kept frames hold every joint within the bound, by an interpolation written down once more with SciPy."""

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


def keys_of(motion: Motion, bound: float) -> Keys:
    return reduce_keyframes(motion.skeleton, motion.rotations, motion.root_position, bound)


def played(motion: Motion, keys: Keys) -> Motion:
    """The motion as a program plays it that knows the kept frames only."""
    frames = np.arange(len(motion.rotations))
    rotations = motion.rotations.copy()
    for j in range(rotations.shape[1]):
        kept = np.flatnonzero(keys[0][:, j])
        rotations[:, j] = Slerp(kept, Rotation.from_quat(rotations[kept, j]))(frames).as_quat()
    kept = np.flatnonzero(keys[1])
    path = [np.interp(frames, kept, motion.root_position[kept, axis]) for axis in range(3)]
    return replace(motion, rotations=rotations, root_position=np.stack(path, axis=-1))


def largest_error(motion: Motion, keys: Keys) -> float:
    made = played(motion, keys)
    off = np.linalg.norm(kinematics.joint_positions(made) - kinematics.joint_positions(motion), axis=-1)
    return float(off.max())


def largest_turn(motion: Motion, keys: Keys) -> float:
    parents = motion.skeleton.parents
    turns, made = (kinematics.world_rotations(parents, m.rotations) for m in (motion, played(motion, keys)))
    return float(rotation.angle_between(turns, made).max())


@pytest.mark.parametrize("bound", [0.001, 0.005, 0.05])
@pytest.mark.parametrize("seed", [0, 1])
def test_every_joint_stays_within_the_bound(bound: float, seed: int) -> None:
    motion = builders.smooth_motion(90, seed)
    keys = keys_of(motion, bound)
    assert largest_error(motion, keys) <= bound
    assert largest_turn(motion, keys) * LEVER_ARM <= bound


def test_a_looser_bound_keeps_fewer_frames() -> None:
    motion = builders.smooth_motion(200)
    counts = [sum(int(k.sum()) for k in keys_of(motion, bound)) for bound in (0.0005, 0.005, 0.05)]
    assert counts[0] > 1.5 * counts[1] > 2 * counts[2]
    assert counts[1] < 0.5 * 200 * 23


def test_a_motion_at_an_even_speed_needs_its_ends_only() -> None:
    motion = builders.smooth_motion(40)
    angle = np.linspace(0.0, 2.5, 40)
    turns = rotation.from_rotvec(angle[:, None, None] * np.ones((1, 22, 1)) * [0.0, 1.0, 0.0])
    even = replace(motion, rotations=turns, root_position=angle[:, None] * [1.0, 0.0, 2.0])
    of_rotations, of_translation = keys_of(even, 0.001)
    expected = np.isin(np.arange(40), [0, 39])
    np.testing.assert_array_equal(of_rotations, np.tile(expected[:, None], (1, 22)))
    np.testing.assert_array_equal(of_translation, expected)


def test_a_kick_is_not_lost() -> None:
    """One frame in which one knee bends: its neighbours and itself have keys, on that joint alone."""
    still = builders.smooth_motion(61)
    rotations = np.tile(rotation.IDENTITY, (61, 22, 1))
    knee = humanoid.INDEX["leftLowerLeg"]
    rotations[30, knee] = rotation.from_rotvec(np.array([1.2, 0.0, 0.0]))
    kick = replace(still, rotations=rotations, root_position=np.zeros((61, 3)))
    of_rotations, of_translation = keys_of(kick, 0.005)
    assert np.flatnonzero(of_rotations[:, knee]).tolist() == [0, 29, 30, 31, 60]
    assert of_rotations.sum() == 5 + 2 * 21
    assert of_translation.sum() == 2


def test_a_spin_goes_the_way_it_went() -> None:
    """Between distant keys the shorter way would be the wrong one."""
    motion = builders.smooth_motion(60)
    angle = np.linspace(0.0, 6 * np.pi, 60)
    rotations = np.tile(rotation.IDENTITY, (60, 22, 1))
    rotations[:, 0] = rotation.from_rotvec(angle[:, None] * [0.0, 1.0, 0.0])
    spin = replace(motion, rotations=rotations)
    assert largest_turn(spin, keys_of(spin, 0.005)) * LEVER_ARM <= 0.005


def test_the_head_keeps_turning_although_nothing_hangs_on_it() -> None:
    motion = builders.smooth_motion(60)
    rotations = np.tile(rotation.IDENTITY, (60, 22, 1))
    head = humanoid.INDEX["head"]
    rotations[:, head] = rotation.from_rotvec(np.sin(np.arange(60) / 5)[:, None] * [0.0, 1.0, 0.0])
    of_rotations, _ = keys_of(replace(motion, rotations=rotations), 0.005)
    assert of_rotations[:, head].sum() > 10


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_the_shortest_motions(frames: int) -> None:
    motion = builders.smooth_motion(frames)
    of_rotations, of_translation = keys_of(motion, 0.001)
    assert of_rotations[[0, -1]].all() and of_translation[[0, -1]].all()


def test_hips_below_another_joint() -> None:
    """As in rigs with a node above the hips, which may be turned."""
    plain = builders.smooth_motion(50)
    skeleton = plain.skeleton
    above = Skeleton(
        ("armature", *skeleton.joint_names),
        (-1, *(p + 1 for p in skeleton.parents)),
        np.concatenate([[[0.0, 0.0, 0.3]], skeleton.rest_offsets]),
    )
    turned = np.tile(rotation.from_rotvec(np.array([-np.pi / 2, 0.0, 0.0])), (50, 1, 1))
    keys = reduce_keyframes(
        above, np.concatenate([turned, plain.rotations], axis=1), plain.root_position, 0.005, translated_joint=1
    )
    assert keys[0][:, 0].sum() == 2
    assert largest_error(plain, (keys[0][:, 1:], keys[1])) <= 0.005


def reversed_in_time(motion: Motion) -> Motion:
    return replace(motion, rotations=motion.rotations[::-1], root_position=motion.root_position[::-1])


def test_backwards_is_within_the_bound_with_the_same_keys() -> None:
    motion = builders.smooth_motion(60)
    forwards: Keys = keys_of(motion, 0.005)
    assert largest_error(reversed_in_time(motion), (forwards[0][::-1], forwards[1][::-1])) <= 0.005


@pytest.mark.parametrize("bound", [0.0, -1.0, np.nan])
def test_no_bound_is_refused(bound: float) -> None:
    with pytest.raises(InvalidDataError, match="must be above 0"):
        keys_of(builders.smooth_motion(5), bound)


def test_signs_of_quaternions_do_not_matter() -> None:
    motion = builders.smooth_motion(40)
    signs: Floats = np.random.default_rng(0).choice([-1.0, 1.0], size=(40, 22, 1))
    plain, flipped = keys_of(motion, 0.005), keys_of(replace(motion, rotations=signs * motion.rotations), 0.005)
    np.testing.assert_array_equal(plain[0], flipped[0])
    np.testing.assert_array_equal(plain[1], flipped[1])
