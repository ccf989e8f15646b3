"""Arms out of the picture rest; arms that are seen do not change."""

from dataclasses import replace

import numpy as np
import pytest

from bodydouble.data import FloatArray, Motion, Track
from bodydouble.geometry import kinematics
from bodydouble.motion.hands.unseen_arms import rest_unseen_arms
from bodydouble.skeletons import blazepose, humanoid
from tests import builders

FRAMES = 60
IMAGE_SIZE = (640, 480)


def track(unseen: slice, side: str = "left", confidence: float = 0.2) -> Track:
    """A track whose elbow and wrist of one side are below the picture in some frames."""
    made = builders.track(FRAMES)
    keypoints = made.keypoints.copy()
    keypoints[..., :2] = np.array([320.0, 240.0])
    for joint in ("elbow", "wrist"):
        keypoints[unseen, blazepose.INDEX[f"{side}_{joint}"]] = [300.0, 600.0, confidence]
    return replace(made, keypoints=keypoints)


def rest(motion: Motion, seen: Track) -> FloatArray:
    return kinematics.joint_positions(rest_unseen_arms(motion, seen, None, IMAGE_SIZE))


def test_arms_that_are_seen_do_not_change() -> None:
    motion = builders.smooth_motion(FRAMES)
    for seen in (track(slice(0, 0)), track(slice(None), confidence=0.9), track(slice(20, 24))):
        np.testing.assert_allclose(rest(motion, seen), kinematics.joint_positions(motion), atol=1e-9)


@pytest.mark.parametrize("side", ["left", "right"])
def test_an_arm_out_of_the_picture_hangs_beside_the_body(side: str) -> None:
    motion = builders.smooth_motion(FRAMES)
    positions = rest(motion, track(slice(None), side))
    arm = [humanoid.INDEX[side + part] for part in ("LowerArm", "Hand")]
    others = np.delete(np.arange(positions.shape[1]), arm)
    np.testing.assert_allclose(positions[:, others], kinematics.joint_positions(motion)[:, others], atol=1e-9)
    rotations = np.broadcast_to([0.0, 0.0, 0.0, 1.0], motion.rotations.shape)
    upright = rest(replace(motion, rotations=rotations), track(slice(None), side))
    shoulder, wrist = (upright[:, humanoid.INDEX[side + part]] for part in ("UpperArm", "Hand"))
    reach = np.linalg.norm(wrist - shoulder, axis=1)
    assert np.all(shoulder[:, 1] - wrist[:, 1] > 0.9 * reach)
    assert np.all(np.sign(wrist[:, 0] - shoulder[:, 0]) == (1 if side == "left" else -1))


def test_the_arm_comes_and_goes_smoothly() -> None:
    motion = builders.smooth_motion(FRAMES)
    wrist = humanoid.INDEX["leftHand"]
    change = (rest(motion, track(slice(20, 40))) - kinematics.joint_positions(motion))[:, wrist]
    length = np.linalg.norm(change, axis=1)
    assert length[0] < 1e-3 and length[-1] < 1e-3
    assert np.linalg.norm(np.diff(change, axis=0), axis=1).max() < 0.25 * length.max()


def test_left_and_right_are_mirror_images() -> None:
    motion = replace(builders.smooth_motion(FRAMES), rotations=np.tile([0.0, 0.0, 0.0, 1.0], (FRAMES, 22, 1)))
    motion = replace(motion, root_position=np.tile([0.0, 1.0, 0.0], (FRAMES, 1)))
    left, right = (rest(motion, track(slice(None), side)) for side in ("left", "right"))
    for part in ("LowerArm", "Hand"):
        mirrored = right[:, humanoid.INDEX["right" + part]] * [-1.0, 1.0, 1.0]
        np.testing.assert_allclose(mirrored, left[:, humanoid.INDEX["left" + part]], atol=1e-9)
