"""The wrist joins hand and forearm without moving a joint."""

import numpy as np
import pytest

from bodydouble.data import FloatArray
from bodydouble.geometry import kinematics, rotation
from bodydouble.motion.hands.hand_model import mirror_rotations
from bodydouble.motion.hands.wrist import join_hand, observation_weight, split_turn
from tests import builders

RNG = np.random.default_rng(8)
EVERYWHERE = np.ones(12, dtype=bool)


def reachable_bends(frames: int) -> FloatArray:
    """Rotations (T, 4) of a left hand relative to its forearm that a wrist and a forearm can reach."""
    turn = rotation.from_rotvec(RNG.uniform(-2.5, 0.8, (frames, 1)) * np.array([1.0, 0.0, 0.0]))
    bend = rotation.from_rotvec(RNG.uniform([0, -0.4, -1.0], [0, 0.5, 1.0], (frames, 3)))
    return rotation.multiply(turn, bend)


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_hand_gets_its_rotation_and_no_joint_moves(side: str) -> None:
    motion = builders.smooth_motion(12)
    forearm, hand = (motion.skeleton.index(f"{side}{part}") for part in ("LowerArm", "Hand"))
    local = reachable_bends(12) if side == "left" else mirror_rotations(reachable_bends(12))
    forearm_world = kinematics.world_rotations(motion.skeleton.parents, motion.rotations)[:, forearm]
    target = rotation.multiply(forearm_world, local)
    joined = join_hand(motion, side, target, EVERYWHERE)
    world = kinematics.world_rotations(joined.skeleton.parents, joined.rotations)
    assert rotation.angle_between(world[:, hand], target).max() < 1e-6
    np.testing.assert_allclose(kinematics.joint_positions(joined), kinematics.joint_positions(motion), atol=1e-12)


def test_impossible_rotations_are_limited() -> None:
    motion = builders.smooth_motion(12)
    forearm, hand = (motion.skeleton.index(f"left{part}") for part in ("LowerArm", "Hand"))
    world = kinematics.world_rotations(motion.skeleton.parents, motion.rotations)
    backwards = rotation.multiply(world[:, forearm], rotation.from_rotvec(np.array([0.0, 0.0, -2.8])))
    joined = join_hand(motion, "left", backwards, EVERYWHERE)
    assert np.all(np.linalg.norm(rotation.to_rotvec(joined.rotations[:, hand]), axis=-1) < np.radians(100))


def test_a_split_turn_and_bend_give_the_rotation_again() -> None:
    axis = rotation.normalize(np.array([1.0, 0.1, -0.05]))
    local = builders.random_quaternions(RNG, (50,))
    angle, bend = split_turn(local, axis)
    again = rotation.multiply(rotation.from_rotvec(angle[:, None] * axis), bend)
    assert rotation.angle_between(again, local).max() < 1e-7
    np.testing.assert_allclose(bend[:, :3] @ axis, 0.0, atol=1e-9)


def test_an_unseen_hand_returns_to_that_of_the_body() -> None:
    observed = np.zeros(90, dtype=bool)
    observed[:10] = True
    weight = observation_weight(observed, 30.0)
    assert np.all(weight[:15] == 1) and weight[-1] == 0
    assert np.all(np.diff(weight) <= 0)
