"""What our figures are compared with: the network alone, one constant pose, and the truth through rig and files."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from bodydouble.characters.load import load
from bodydouble.characters.retarget import pose_matrices
from bodydouble.data import Camera, FloatArray, Motion, Performance, Person, Skeleton
from bodydouble.evaluation.evaluation_clip import Recording, Subject, recording
from bodydouble.formats import bvh
from bodydouble.geometry import camera
from bodydouble.pipeline import AnimatedCharacter, retarget_to_character
from bodydouble.skeletons import blazepose, humanoid

LANDMARK_OF_JOINT = {
    "UpperArm": "shoulder", "LowerArm": "elbow", "Hand": "wrist",
    "UpperLeg": "hip", "LowerLeg": "knee", "Foot": "ankle",
}  # fmt: skip
"""Joint (without its side) -> the landmark that stands for it."""


def world_landmark_baseline(captured: Performance) -> Recording:
    """The network's own rough joints, placed so that they project onto the network's own landmarks."""
    recording_of_capture = recording(captured)
    subjects = (
        _replace_joints(subject, _world_landmark_joints(person, captured.camera))
        for person, subject in zip(captured.people, recording_of_capture.subjects, strict=True)
    )
    return replace(recording_of_capture, subjects=tuple(subjects))


def _replace_joints(subject: Subject, joints: FloatArray) -> Subject:
    """A person with other joints (T, 22, 3) m, world, and nothing else estimated."""
    return replace(
        subject,
        joints=joints,
        rotations=np.full_like(subject.rotations, np.nan),
        feet=np.full_like(subject.feet, np.nan),
        contacts=np.full_like(subject.contacts, np.nan),
    )


def _world_landmark_joints(person: Person, view: Camera) -> FloatArray:
    world_landmarks = person.track.landmarks_3d
    image_points = camera.rays(view.intrinsics, person.track.keypoints[..., :2])[..., :2]
    translation = _fit_translations(world_landmarks, image_points, person.track.keypoints[..., 2])
    world_from_camera = camera.inverse(view.camera_from_world[person.track.frames])
    joints = np.full((len(world_landmarks), len(humanoid.JOINTS), 3), np.nan)
    points = camera.transform(world_from_camera, world_landmarks + translation[:, None])
    for joint, landmark in _limb_joints():
        joints[:, joint] = points[:, landmark]
    return joints


def _limb_joints() -> Iterator[tuple[int, int]]:
    for side in ("left", "right"):
        for joint, landmark in LANDMARK_OF_JOINT.items():
            yield humanoid.INDEX[side + joint], blazepose.INDEX[f"{side}_{landmark}"]


def _fit_translations(points: FloatArray, image_points: FloatArray, confidence: FloatArray) -> FloatArray:
    """Translation (T, 3) that brings points (T, N, 3) onto the rays of image points (T, N, 2); least squares."""
    translations = np.full((len(points), 3), np.nan)
    for t in np.flatnonzero(np.isfinite(points).all(axis=(1, 2))):
        weight = np.tile(np.sqrt(confidence[t]), 2)
        x, y = image_points[t].T
        ones, zeros = np.ones_like(x), np.zeros_like(x)
        rows = np.concatenate([np.stack([ones, zeros, -x], axis=1), np.stack([zeros, ones, -y], axis=1)])
        right_side = np.concatenate([x * points[t, :, 2] - points[t, :, 0], y * points[t, :, 2] - points[t, :, 1]])
        translations[t] = np.linalg.lstsq(rows * weight[:, None], right_side * weight, rcond=None)[0]
    return translations


def mean_pose(truths: Sequence[Recording]) -> FloatArray:
    """Mean (22, 3) m of all true poses, camera axes, relative to the hips."""
    poses = np.concatenate([one.in_camera(subject) for one in truths for subject in one.subjects])
    return np.asarray((poses - poses[:, :1]).mean(axis=0))


def mean_pose_baseline(truth: Recording, pose: FloatArray) -> Recording:
    """Everybody in one pose (22, 3) m, camera axes, at the true place of the hips."""
    subjects = []
    for subject in truth.subjects:
        hips = truth.in_camera(subject)[:, :1]
        world_from_camera = camera.inverse(truth.camera.camera_from_world[subject.frames])
        subjects.append(_replace_joints(subject, camera.transform(world_from_camera, hips + pose)))
    return replace(truth, subjects=tuple(subjects))


def rig_round_trip(truth: Performance) -> Recording:
    """The true motion on our character, its joints written to a BVH file and read back."""
    template = load("mannequin")
    people = []
    with tempfile.TemporaryDirectory() as scratch:
        for person in truth.people:
            path = Path(scratch) / "motion.bvh"
            bvh.write(path, _rig_motion(retarget_to_character(person.motion, template, fitted=True), person.motion))
            read = bvh.read(path)
            restored = replace(read, contacts=person.motion.contacts, joint_sigma=person.motion.joint_sigma)
            people.append(replace(person, motion=restored))
    return recording(replace(truth, people=tuple(people)))


def _rig_motion(animated: AnimatedCharacter, motion: Motion) -> Motion:
    """The 22 humanoid joints of a character that stands in the T-pose with identity axes, as it moves."""
    character = animated.character
    joints = [character.humanoid[name] for name in humanoid.JOINTS]
    hips = pose_matrices(character, animated.rotations, animated.hips_translation)[:, joints[0], :3, 3]
    offsets = character.skeleton.rest_offsets[joints]
    skeleton = Skeleton(humanoid.JOINTS, humanoid.PARENTS, offsets)
    return replace(motion, skeleton=skeleton, rotations=animated.rotations[:, joints], root_position=hips)
