"""Heads that turn as the face was seen."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from bodydouble.data import Camera, FaceObservation, Motion, Track
from bodydouble.geometry import kinematics, rotation
from bodydouble.motion.face.head_rotation import fuse_head_rotation
from bodydouble.skeletons import blazepose, humanoid
from tests import builders

FRAMES = 90
HEAD, NECK = humanoid.INDEX["head"], humanoid.INDEX["neck"]
FACING = np.diag([1.0, -1.0, -1.0])
CAMERA = builders.level_camera(FRAMES)


def track_with_nose(pixel: tuple[float, float]) -> Track:
    track = builders.track(FRAMES)
    keypoints = np.ones((FRAMES, 33, 3))
    keypoints[:, blazepose.INDEX["nose"], :2] = pixel
    zeros = np.zeros((FRAMES, 33, 3))
    return Track(track.frames, np.ones(FRAMES, bool), np.zeros((FRAMES, 4)), keypoints, zeros)


def world(motion: Motion) -> np.ndarray:
    return rotation.to_matrix(kinematics.world_rotations(motion.skeleton.parents, motion.rotations))


def faces_of(motion: Motion, ray: np.ndarray, camera: Camera = CAMERA) -> list[FaceObservation | None]:
    """The faces as a network sees them that looks along the ray (3,) of the camera."""
    turn = rotation.to_matrix(rotation.between(np.array([0.0, 0.0, 1.0]), rotation.normalize(ray)))
    seen = turn.T @ camera.camera_from_world[:, :3, :3] @ world(motion)[:, HEAD] @ FACING
    return [FaceObservation(np.zeros(52), quaternion, 0.9) for quaternion in rotation.from_matrix(seen)]


def perturbed(motion: Motion, angle: float = 0.4) -> Motion:
    rotations = motion.rotations.copy()
    turn = rotation.from_rotvec(builders.wave(np.random.default_rng(5), FRAMES, (3,), angle))
    rotations[:, HEAD] = rotation.multiply(rotations[:, HEAD], turn)
    return replace(motion, rotations=rotations)


def head_errors(motion: Motion, truth: Motion) -> np.ndarray:
    return rotation.angle_between(
        rotation.from_matrix(world(motion)[:, HEAD]), rotation.from_matrix(world(truth)[:, HEAD])
    )


@pytest.mark.parametrize("pixel", [(320.0, 240.0), (20.0, 400.0)])
def test_the_head_turns_as_the_face_was_seen(pixel: tuple[float, float]) -> None:
    truth = builders.smooth_motion(FRAMES)
    body = perturbed(truth)
    ray = np.array([(pixel[0] - 320) / 600, (pixel[1] - 240) / 600, 1.0])
    fused = fuse_head_rotation(body, CAMERA, track_with_nose(pixel), faces_of(truth, ray))
    assert head_errors(body, truth).max() > 0.2
    assert head_errors(fused, truth).max() < 0.03


def test_only_neck_and_head_change_and_no_joint_moves() -> None:
    truth = builders.smooth_motion(FRAMES)
    body = perturbed(truth)
    fused = fuse_head_rotation(body, CAMERA, track_with_nose((320.0, 240.0)), faces_of(truth, np.array([0, 0, 1.0])))
    builders.assert_same(kinematics.joint_positions(fused), kinematics.joint_positions(body), 1e-9)
    others = [j for j in range(22) if j not in (NECK, HEAD)]
    assert np.all(rotation.angle_between(fused.rotations[:, others], body.rotations[:, others]) < 1e-9)
    assert np.abs(fused.rotations[:, NECK] - body.rotations[:, NECK]).max() > 0.01


def lost(faces: Sequence[FaceObservation | None], frames: range) -> list[FaceObservation | None]:
    return [None if i in frames else face for i, face in enumerate(faces)]


def test_the_correction_eases_where_the_face_is_lost() -> None:
    truth = builders.smooth_motion(FRAMES)
    body = perturbed(truth)
    faces = lost(faces_of(truth, np.array([0, 0, 1.0])), range(30, 75))
    fused = fuse_head_rotation(body, CAMERA, track_with_nose((320.0, 240.0)), faces)
    errors = head_errors(fused, truth)
    assert errors[:28].max() < 0.05 and errors[77:].max() < 0.05
    assert head_errors(fused, body)[43:62].max() < 1e-6
    steps = rotation.angle_between(fused.rotations[1:, HEAD], fused.rotations[:-1, HEAD])
    assert steps.max() < 0.12


def test_faces_that_contradict_the_body_and_no_faces_change_nothing() -> None:
    truth = builders.smooth_motion(FRAMES)
    rotations = truth.rotations.copy()
    rotations[:, 0] = rotation.multiply(np.array([0.0, 1.0, 0.0, 0.0]), rotations[:, 0])
    faces = faces_of(replace(truth, rotations=rotations), np.array([0, 0, 1.0]))
    none: list[FaceObservation | None] = [None] * FRAMES
    for seen in (faces, none):
        fused = fuse_head_rotation(truth, CAMERA, track_with_nose((320.0, 240.0)), seen)
        np.testing.assert_array_equal(fused.rotations, truth.rotations)
