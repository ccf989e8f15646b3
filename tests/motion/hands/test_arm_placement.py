"""Arms reach the places in which hands are seen, and hands touch without intersecting."""

from dataclasses import replace

import numpy as np
import pytest

from bodydouble.data import FloatArray, Motion
from bodydouble.geometry import camera, kinematics, rotation
from bodydouble.motion.hands.arm_placement import SIDES, SeenHand, place_arms
from bodydouble.motion.hands.contact_depths import nearest_free_steps
from bodydouble.motion.hands.hand_model import RELAXED, mirror_vectors, pose_hand
from bodydouble.motion.hands.surfaces import body_spheres
from tests import builders
from tests.motion.hands.scenes import SHAPE, level_camera

FRAMES = 40
FAR_CAMERA = level_camera(FRAMES).camera_from_world
CAMERA_FROM_WORLD = FAR_CAMERA.copy()
CAMERA_FROM_WORLD[:, 2, 3] = 2.4
"""A camera so near that the size of a hand tells its depth."""


def bent_arms(elbow: float) -> Motion:
    """A standing person with both forearms in front of the trunk; a larger angle brings the hands nearer to it."""
    motion = builders.smooth_motion(FRAMES)
    rotations = np.tile(rotation.IDENTITY, (FRAMES, len(motion.skeleton.joint_names), 1))
    for side, sign in (("left", 1.0), ("right", -1.0)):
        upper, lower = (motion.skeleton.index(f"{side}{part}") for part in ("UpperArm", "LowerArm"))
        rotations[:, upper] = rotation.from_rotvec(np.array([0.0, 0.0, -1.2 * sign]))
        rotations[:, lower] = rotation.from_rotvec(np.array([0.0, -elbow * sign, 0.0]))
    root = np.tile([0.0, motion.skeleton.rest_offsets[0, 1], 0.0], (FRAMES, 1))
    return replace(motion, rotations=rotations, root_position=root)


def in_camera(motion: Motion) -> FloatArray:
    return camera.transform(CAMERA_FROM_WORLD, kinematics.joint_positions(motion))


def seen_hand(motion: Motion, side: str, observed: slice = slice(None)) -> SeenHand:
    """The hand of a person, seen in some frames at the size that it has at its depth."""
    wrist = in_camera(motion)[:, motion.skeleton.index(f"{side}Hand")]
    landmarks = pose_hand(SHAPE, np.tile(RELAXED, (FRAMES, 1))).landmarks
    is_observed = np.zeros(FRAMES, dtype=bool)
    is_observed[observed] = True
    return SeenHand(
        is_observed,
        wrist / wrist[:, 2:],
        wrist[:, 2],
        mirror_vectors(landmarks) if side == "right" else landmarks,
        SHAPE.palm_length,
    )


def test_wrists_that_are_seen_where_they_are_stay() -> None:
    motion = bent_arms(0.3)
    placed = place_arms(motion, CAMERA_FROM_WORLD, {side: seen_hand(motion, side) for side in SIDES})
    # The elbow is tried at 48 places of its circle, whose radius is below 0.12 m: half a step is 8 mm.
    np.testing.assert_allclose(kinematics.joint_positions(placed), kinematics.joint_positions(motion), atol=8e-3)


def test_hands_far_away_leave_the_arms_as_they_are() -> None:
    motion = bent_arms(0.3)
    seen = seen_hand(motion, "left")
    far = replace(seen, rays=seen.rays + np.array([0.01, -0.012, 0.0]), depths=seen.depths + 3.0)
    assert place_arms(motion, FAR_CAMERA, {"left": far}) is motion


@pytest.mark.parametrize("side", SIDES)
def test_a_wrist_moves_into_its_line_of_sight_and_shoulders_stay(side: str) -> None:
    motion = bent_arms(0.3)
    seen = seen_hand(motion, side)
    seen = replace(seen, rays=seen.rays + np.array([0.01, -0.012, 0.0]))
    placed = in_camera(place_arms(motion, CAMERA_FROM_WORLD, {side: seen}))
    wrist = placed[:, motion.skeleton.index(f"{side}Hand")]
    np.testing.assert_allclose(wrist / wrist[:, 2:], seen.rays, atol=1e-4)
    arm = [motion.skeleton.index(side + part) for part in ("LowerArm", "Hand")]
    others = np.delete(np.arange(len(motion.skeleton.joint_names)), arm)
    np.testing.assert_allclose(placed[:, others], in_camera(motion)[:, others], atol=1e-9)


def test_the_size_of_a_hand_corrects_its_depth() -> None:
    motion = bent_arms(0.3)
    seen = seen_hand(motion, "left")
    truth = seen.depths + 0.15
    placed = in_camera(place_arms(motion, CAMERA_FROM_WORLD, {"left": replace(seen, depths=truth)}))
    depth = placed[:, motion.skeleton.index("leftHand"), 2]
    assert np.all((depth > seen.depths + 0.01) & (depth < truth))


def test_hands_keep_their_rotation_in_the_world_and_bones_their_length() -> None:
    motion = bent_arms(0.6)
    seen = seen_hand(motion, "right")
    placed = place_arms(
        motion, CAMERA_FROM_WORLD, {"right": replace(seen, rays=seen.rays + np.array([0.02, 0.0, 0.0]))}
    )
    hand = motion.skeleton.index("rightHand")
    before, after = (kinematics.world_rotations(m.skeleton.parents, m.rotations)[:, hand] for m in (motion, placed))
    assert rotation.angle_between(before, after).max() < 1e-6


def test_a_hand_in_front_of_the_trunk_is_not_inside_it() -> None:
    motion = bent_arms(1.9)
    seen = seen_hand(motion, "left")
    placed = place_arms(motion, CAMERA_FROM_WORLD, {"left": seen})
    positions, world = kinematics.forward_kinematics(placed.skeleton, placed.rotations, placed.root_position)
    body = body_spheres(placed.skeleton, positions, world)
    wrist = camera.transform(camera.inverse(CAMERA_FROM_WORLD), in_camera(placed))[:, motion.skeleton.index("leftHand")]
    camera_rotation = rotation.from_matrix(CAMERA_FROM_WORLD[:, :3, :3])
    landmarks = rotation.rotate(rotation.conjugate(camera_rotation)[:, None], seen.landmarks)
    hand = replace(seen, landmarks=landmarks).spheres(wrist)
    distances = np.linalg.norm(hand.centers[:, :, None] - body.centers[:, None], axis=-1)
    # The line of sight is not quite parallel to the axis along which contacts are computed.
    assert (distances - hand.radii[:, None] - body.radii).min() > -0.01


def test_hands_that_meet_in_the_image_touch() -> None:
    motion = bent_arms(1.3)
    hands = {side: seen_hand(motion, side) for side in SIDES}
    middle = (hands["left"].rays + hands["right"].rays) / 2
    hands = {
        side: replace(hand, rays=middle + np.array([0.01 * sign, 0.0, 0.0]))
        for (side, hand), sign in zip(hands.items(), (-1, 1), strict=True)
    }
    placed = in_camera(place_arms(motion, CAMERA_FROM_WORLD, hands))
    surfaces = [hands[side].spheres(placed[:, motion.skeleton.index(f"{side}Hand")]) for side in SIDES]
    nearer, farther, _ = nearest_free_steps(*surfaces)
    depth = np.nanmin([-nearer, farther], axis=0)
    assert depth.max() < 0.01


def test_an_arm_returns_to_the_body_after_the_hand_was_lost() -> None:
    motion = bent_arms(0.3)
    seen = seen_hand(motion, "left", slice(0, 10))
    seen = replace(seen, rays=seen.rays + np.array([0.04, 0.0, 0.0]))
    placed = place_arms(motion, CAMERA_FROM_WORLD, {"left": seen})
    wrist = motion.skeleton.index("leftHand")
    step = np.linalg.norm(in_camera(placed)[:, wrist] - in_camera(motion)[:, wrist], axis=1)
    assert step[5] > 0.05 and step[-1] < 1e-6
    assert np.all(np.diff(step[10:]) <= 1e-9)


def test_left_and_right_are_mirror_images() -> None:
    motion = bent_arms(0.9)
    hands = {side: seen_hand(motion, side) for side in SIDES}
    for side, sign in zip(SIDES, (1.0, -1.0), strict=True):
        moved = hands[side].rays + np.array([0.02 * sign, 0.01, 0.0])
        hands[side] = replace(hands[side], rays=moved, depths=hands[side].depths + 0.05)
    placed = kinematics.joint_positions(place_arms(motion, CAMERA_FROM_WORLD, hands))
    for part in ("LowerArm", "Hand"):
        left, right = (placed[:, motion.skeleton.index(side + part)] for side in SIDES)
        np.testing.assert_allclose(right, left * [-1.0, 1.0, 1.0], atol=1e-6)
