"""Hands of a person: from observations in the image to fingers and wrists in the world."""

from dataclasses import replace

import numpy as np

from bodydouble.data import FloatArray, HandObservation, Hands, Motion
from bodydouble.geometry import camera, kinematics, rotation
from bodydouble.motion.hands.capture_hands import capture_hands
from bodydouble.motion.hands.hand_model import finger_rotations, mirror_rotations
from bodydouble.motion.hands.merge import merge_hands, without_fingers
from bodydouble.skeletons import humanoid
from tests import builders
from tests.motion.hands.scenes import level_camera, observe_hand, random_angles

FRAMES = 30
ANGLES = random_angles(np.random.default_rng(1), FRAMES)
FRAME_NUMBERS = np.arange(FRAMES)


def scene(*, is_right: bool, observed: int = FRAMES) -> tuple[Motion, list[HandObservation | None]]:
    """A swaying body with one hand that bends its fingers, seen in the first frames."""
    motion, view = builders.smooth_motion(FRAMES), level_camera(FRAMES)
    hand = motion.skeleton.index("rightHand" if is_right else "leftHand")
    positions, world = kinematics.forward_kinematics(motion.skeleton, motion.rotations, motion.root_position)
    camera_from_world = rotation.from_matrix(view.camera_from_world[0, :3, :3])
    seen = observe_hand(
        ANGLES,
        rotation.multiply(camera_from_world, world[:, hand]),
        camera.transform(view.camera_from_world[0], positions[:, hand]),
        view,
        is_right=is_right,
    )
    return motion, [observation if frame < observed else None for frame, observation in enumerate(seen)]


def capture(*, is_right: bool, observed: int = FRAMES) -> tuple[Hands | None, Motion, Motion]:
    motion, seen = scene(is_right=is_right, observed=observed)
    pairs = [(None, one) if is_right else (one, None) for one in seen]
    return (*capture_hands(pairs, motion, level_camera(FRAMES), FRAME_NUMBERS), motion)


def check_that_only_the_arm_moves(joined: Motion, motion: Motion, hand: int) -> None:
    """The wrist stays where it is seen; its depth depends on the size of the hand, which is not quite the body's."""
    view = level_camera(FRAMES)
    positions: FloatArray = np.stack([kinematics.joint_positions(one) for one in (joined, motion)])
    others = np.delete(np.arange(positions.shape[2]), [hand - 1, hand])
    np.testing.assert_allclose(positions[0][:, others], positions[1][:, others], atol=1e-12)
    pixels = camera.project(view.intrinsics, camera.transform(view.camera_from_world, positions)[:, :, hand])
    assert np.median(np.linalg.norm(pixels[0] - pixels[1], axis=-1)) < 2


def test_fingers_and_palm_are_recovered_on_both_sides() -> None:
    for is_right in (False, True):
        hands, joined, motion = capture(is_right=is_right)
        assert hands is not None
        left = finger_rotations(ANGLES)
        expected, own = (mirror_rotations(left), slice(15, 30)) if is_right else (left, slice(0, 15))
        # The angles differ from those of a relaxed hand by up to 60 degrees, and habits pull them there.
        assert np.median(rotation.angle_between(hands.rotations[:, own], expected)) < np.radians(7)
        hand = motion.skeleton.index("rightHand" if is_right else "leftHand")
        palm, truth = (kinematics.world_rotations(m.skeleton.parents, m.rotations)[:, hand] for m in (joined, motion))
        assert np.median(rotation.angle_between(palm, truth)) < np.radians(4)
        check_that_only_the_arm_moves(joined, motion, hand)


def test_the_hand_that_was_not_observed_is_relaxed_and_the_body_keeps_it() -> None:
    hands, joined, motion = capture(is_right=True)
    assert hands is not None
    assert not hands.observed[:, 0].any() and hands.observed[:, 1].all()
    assert np.isnan(hands.keypoints[:, 0, :, :2]).all()
    assert np.ptp(hands.rotations[:, :15], axis=0).max() == 0
    left = motion.skeleton.index("leftHand")
    np.testing.assert_allclose(joined.rotations[:, left], motion.rotations[:, left], atol=1e-12)


def test_a_hand_seen_for_a_moment_only_is_no_hand() -> None:
    hands, joined, motion = capture(is_right=False, observed=4)
    assert hands is None
    assert joined is motion


def test_hands_observed_in_every_second_frame_are_observed_all_the_while() -> None:
    motion, seen = scene(is_right=False)
    pairs = [(one if frame % 2 == 0 else None, None) for frame, one in enumerate(seen[:-1])] + [(None, None)]
    hands, _ = capture_hands(pairs, motion, level_camera(FRAMES), FRAME_NUMBERS)
    assert hands is not None
    np.testing.assert_array_equal(hands.observed[:, 0], FRAME_NUMBERS < FRAMES - 1)
    before, between, after = hands.keypoints[4:7, 0]
    np.testing.assert_allclose(between, (before + after) / 2)
    expected = finger_rotations(ANGLES)
    assert np.median(rotation.angle_between(hands.rotations[:, :15], expected)) < np.radians(9)


def test_the_merged_motion_has_the_fingers_on_the_hands() -> None:
    hands, joined, _ = capture(is_right=False)
    assert hands is not None
    merged = merge_hands(joined, hands)
    assert merged.skeleton.joint_names == (*humanoid.JOINTS, *humanoid.FINGERS)
    for name, parent in zip(merged.skeleton.joint_names[22:], merged.skeleton.parents[22:], strict=True):
        above = merged.skeleton.joint_names[parent]
        assert above == f"{'left' if name.startswith('left') else 'right'}Hand" or above in humanoid.FINGERS
    body = kinematics.joint_positions(merged)[:, :22]
    np.testing.assert_allclose(body, kinematics.joint_positions(joined), atol=1e-12)
    again = without_fingers(merged)
    assert again.skeleton.parents == joined.skeleton.parents
    np.testing.assert_array_equal(again.rotations, joined.rotations)
    left, right = hands.rest_offsets[:15], hands.rest_offsets[15:]
    np.testing.assert_allclose(right, left * [-1.0, 1.0, 1.0])


def test_a_hand_hidden_by_the_other_one_keeps_its_palm() -> None:
    motion, view = builders.smooth_motion(FRAMES), level_camera(FRAMES)
    still = replace(
        motion,
        rotations=np.tile(rotation.IDENTITY, (FRAMES, len(motion.skeleton.joint_names), 1)),
        root_position=np.tile([0.0, 1.0, 0.0], (FRAMES, 1)),
    )
    positions = camera.transform(view.camera_from_world, kinematics.joint_positions(still))
    hand = motion.skeleton.index("rightHand")
    turn = rotation.from_rotvec(np.tile([0.3, 0.9, 0.2], (FRAMES, 1)))
    right = observe_hand(ANGLES, turn, positions[:, hand], view, is_right=True)
    left = observe_hand(ANGLES, turn, positions[:, hand] + [0.02, 0.0, 0.0], view)
    pairs = [(one, other if frame < 12 else None) for frame, (one, other) in enumerate(zip(left, right, strict=True))]
    alone = [(None, other) for _, other in pairs]
    hidden, lost = (capture_hands(seen, still, view, FRAME_NUMBERS)[1] for seen in (pairs, alone))
    worlds = [kinematics.world_rotations(one.skeleton.parents, one.rotations)[:, hand] for one in (hidden, lost)]
    turned = [float(rotation.angle_between(world[-1], world[8])) for world in worlds]
    assert turned[0] < 0.5 * turned[1]
