"""Rendered hands: the ground truth holds the landmarks that are drawn, and the same seed gives the same hands."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bodydouble.formats import performance
from bodydouble.geometry import camera, kinematics, rotation
from bodydouble.motion.hands.hand_model import FINGER_LANDMARKS, LIMITS
from bodydouble.motion.hands.merge import full_motion
from bodydouble.skeletons import humanoid
from bodydouble.synthetic import bodies, rendered_clip, sensor
from bodydouble.synthetic.close_ups import gestures, hand_rig, scene

SIZE = (640, 360)
FRAMES = 20


@pytest.fixture(scope="module")
def hands_scene() -> scene.HandsScene:
    return scene.sample_hands_scene(3, 60.0, FRAMES, SIZE)


def test_stored_rotations_give_the_true_joints(hands_scene: scene.HandsScene, tmp_path: Path) -> None:
    path = tmp_path / "truth.npz"
    performance.save(path, rendered_clip.create_ground_truth(hands_scene.scene))
    person = performance.load(path).people[0]
    motion = full_motion(person)
    positions = kinematics.joint_positions(motion)
    fingers = positions[:, len(humanoid.JOINTS) :].reshape(FRAMES, 2, 5, 3, 3)
    for finger in range(5):
        np.testing.assert_allclose(
            fingers[:, :, finger], hands_scene.landmarks[:, :, FINGER_LANDMARKS[finger, :3]], atol=1e-9
        )
    wrists = positions[:, [humanoid.INDEX["leftHand"], humanoid.INDEX["rightHand"]]]
    np.testing.assert_allclose(wrists, hands_scene.landmarks[:, :, 0], atol=1e-9)


def test_true_keypoints_are_the_projected_landmarks(hands_scene: scene.HandsScene) -> None:
    view, hands = hands_scene.scene.camera, hands_scene.hands
    points = camera.transform(view.camera_from_world[0], hands_scene.landmarks)
    np.testing.assert_allclose(camera.project(view.intrinsics, points), hands.keypoints[..., :2], atol=1e-9)
    assert np.all((hands.keypoints[..., :2] > 0) & (hands.keypoints[..., :2] < np.array(SIZE)))


def test_renderer_draws_the_fingers_at_the_landmarks(hands_scene: scene.HandsScene) -> None:
    clean = sensor.Exposure((1.0, 1.0, 1.0), 0.0, 0.0, 1, 0)
    straight = replace(hands_scene.scene, exposure=clean)
    person = straight.people[0]
    assert person.hands is not None
    curled = replace(person.hands, rotations=np.tile(rotation.IDENTITY, (FRAMES, 30, 1)))
    drawn = next(iter(rendered_clip.render_frames(straight))).astype(int)
    other = next(iter(rendered_clip.render_frames(replace(straight, people=(replace(person, hands=curled),)))))
    changed = np.argwhere(np.abs(drawn - other).max(axis=-1) > 24)[:, ::-1]
    keypoints = person.hands.keypoints[0, ..., :2]
    distance = np.linalg.norm(changed[:, None] - keypoints.reshape(-1, 2), axis=-1).min(axis=1)
    assert len(changed) > 50
    assert np.median(distance) < 12  # pixels of the fingers of one of both poses


def test_seed_determines_hands(hands_scene: scene.HandsScene) -> None:
    again, other = (scene.sample_hands_scene(seed, 60.0, FRAMES, SIZE) for seed in (3, 4))
    np.testing.assert_array_equal(again.landmarks, hands_scene.landmarks)
    np.testing.assert_array_equal(again.scene.camera.camera_from_world, hands_scene.scene.camera.camera_from_world)
    assert not np.allclose(other.landmarks, hands_scene.landmarks)


def test_held_hands_do_not_move_in_the_axes_of_the_chest(hands_scene: scene.HandsScene) -> None:
    relative = hands_scene.landmarks - hands_scene.landmarks[:, :, :1]
    step = np.linalg.norm(np.diff(relative, axis=0), axis=-1).max(axis=-1)
    held = hands_scene.is_held[1:] & hands_scene.is_held[:-1]
    assert held.any()
    assert step[held].max() < 2e-3  # the trunk sways by some tenths of a degree per frame


def test_gestures_keep_the_limits_of_the_joints() -> None:
    for gesture in gestures.GESTURES.values():
        assert np.all((gesture >= LIMITS[:, 0]) & (gesture <= LIMITS[:, 1]))
    drawn = gestures.sample_gestures(300, 30.0, np.random.default_rng(0))
    assert np.all((drawn.angles >= LIMITS[:, 0]) & (drawn.angles <= LIMITS[:, 1]))
    still = drawn.is_held[1:] & drawn.is_held[:-1]
    np.testing.assert_array_equal(drawn.angles[1:][still], drawn.angles[:-1][still])
    assert 0.2 < drawn.is_held.mean() < 0.9


def test_gestures_do_not_depend_on_the_frame_rate() -> None:
    slow, fast = (gestures.sample_gestures(n, fps, np.random.default_rng(1)) for n, fps in ((30, 15.0), (59, 30.0)))
    np.testing.assert_allclose(fast.angles[::2], slow.angles[: len(fast.angles[::2])], atol=1e-9)


def test_hands_of_a_body_are_mirror_images() -> None:
    body = bodies.load_bodies()[5]
    rig = hand_rig.build_hand_rig(body)
    left, right = rig.rest_offsets.reshape(2, 15, 3)
    np.testing.assert_allclose(right, left * [-1.0, 1.0, 1.0], atol=2e-3)
    np.testing.assert_allclose(rig.weights.sum(axis=1), 1.0, atol=1e-9)
    angles = np.stack([gestures.GESTURES["pinch"]] * 2)[None]
    rotations = hand_rig.finger_motion(rig, angles).reshape(2, 15, 4)
    np.testing.assert_allclose(rotations[1], rotations[0] * [1.0, -1.0, -1.0, 1.0], atol=1e-9)


def test_fist_brings_the_fingertips_to_the_palm() -> None:
    body = bodies.load_bodies()[5]
    rig = hand_rig.build_hand_rig(body)
    motion = bodies.build_full_skeleton(body)
    distances = {}
    for name in ("open", "fist"):
        rotations = np.tile(rotation.IDENTITY, (1, 52, 1))
        rotations[:, 22:] = hand_rig.finger_motion(rig, np.stack([gestures.GESTURES[name]] * 2)[None])
        skeleton = replace(motion, rest_offsets=np.concatenate([motion.rest_offsets[:22], rig.rest_offsets]))
        positions, world = kinematics.forward_kinematics(skeleton, rotations, rig.joints[:1])
        landmarks = hand_rig.hand_landmarks(rig, positions, world)[0]
        distances[name] = np.linalg.norm(landmarks[:, [8, 12, 16]] - landmarks[:, [5, 9, 13]], axis=-1)
    assert distances["open"].min() > 0.06
    assert distances["fist"].max() < 0.05
