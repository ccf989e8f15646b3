"""Baselines: the network's own 3D landmarks, a constant pose, and the ground truth through rig and file format."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from bodydouble.characters.load import load_character
from bodydouble.characters.retarget import pose_matrices
from bodydouble.data import Camera, FloatArray, Motion, Performance, Person, Skeleton
from bodydouble.evaluation.evaluation_clip import EvaluatedPerson, EvaluationClip, to_evaluation_clip
from bodydouble.formats import bvh
from bodydouble.geometry import camera
from bodydouble.pipeline import AnimatedCharacter, retarget_to_character
from bodydouble.skeletons import blazepose, humanoid

LANDMARK_OF_JOINT = {
    "UpperArm": "shoulder", "LowerArm": "elbow", "Hand": "wrist",
    "UpperLeg": "hip", "LowerLeg": "knee", "Foot": "ankle",
}  # fmt: skip
"""Landmark that corresponds to each limb joint; both without their side."""


def world_landmark_baseline(captured: Performance) -> EvaluationClip:
    """Returns BlazePose's 3D world landmarks, translated so that they project onto its 2D landmarks."""
    clip = to_evaluation_clip(captured)
    people = (
        _replace_joints(evaluated, _world_landmark_joints(person, captured.camera))
        for person, evaluated in zip(captured.people, clip.people, strict=True)
    )
    return replace(clip, people=tuple(people))


def _replace_joints(person: EvaluatedPerson, joints: FloatArray) -> EvaluatedPerson:
    """Replaces the joints of a person by (T, 22, 3) in m, in world coordinates; all other estimates become NaN."""
    return replace(
        person,
        joints=joints,
        rotations=np.full_like(person.rotations, np.nan),
        feet=np.full_like(person.feet, np.nan),
        contacts=np.full_like(person.contacts, np.nan),
        motion=None,
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
    """Fits translations (T, 3) of points (T, N, 3) onto the rays of image points (T, N, 2) by linear least squares."""
    translations = np.full((len(points), 3), np.nan)
    for t in np.flatnonzero(np.isfinite(points).all(axis=(1, 2))):
        weight = np.tile(np.sqrt(confidence[t]), 2)
        x, y = image_points[t].T
        ones, zeros = np.ones_like(x), np.zeros_like(x)
        rows = np.concatenate([np.stack([ones, zeros, -x], axis=1), np.stack([zeros, ones, -y], axis=1)])
        right_side = np.concatenate([x * points[t, :, 2] - points[t, :, 0], y * points[t, :, 2] - points[t, :, 1]])
        translations[t] = np.linalg.lstsq(rows * weight[:, None], right_side * weight, rcond=None)[0]
    return translations


def mean_pose(truths: Sequence[EvaluationClip]) -> FloatArray:
    """Returns the mean pose (22, 3) in m of the ground truth, in camera axes, relative to the hips."""
    poses = np.concatenate([clip.joints_in_camera(person) for clip in truths for person in clip.people])
    return np.asarray((poses - poses[:, :1]).mean(axis=0))


def mean_pose_baseline(truth: EvaluationClip, pose: FloatArray) -> EvaluationClip:
    """Returns every person in one pose (22, 3) in m, in camera axes, at the true position of the hips."""
    people = []
    for person in truth.people:
        hips = truth.joints_in_camera(person)[:, :1]
        world_from_camera = camera.inverse(truth.camera.camera_from_world[person.frames])
        people.append(_replace_joints(person, camera.transform(world_from_camera, hips + pose)))
    return replace(truth, people=tuple(people))


def rig_round_trip(truth: Performance) -> EvaluationClip:
    """Retargets the true motion to the built-in character, writes its joints to a BVH file and reads them back."""
    template = load_character("mannequin")
    people = []
    with tempfile.TemporaryDirectory() as scratch:
        for person in truth.people:
            path = Path(scratch) / "motion.bvh"
            bvh.write(path, _rig_motion(retarget_to_character(person.motion, template), person.motion))
            read = bvh.read(path)
            restored = replace(read, contacts=person.motion.contacts, joint_sigma=person.motion.joint_sigma)
            people.append(replace(person, motion=restored))
    return to_evaluation_clip(replace(truth, people=tuple(people)))


def _rig_motion(animated: AnimatedCharacter, motion: Motion) -> Motion:
    """Returns the motion of the 22 humanoid joints of an animated character with a T-pose and identity axes."""
    character = animated.character
    joints = [character.humanoid[name] for name in humanoid.JOINTS]
    hips = pose_matrices(character, animated.rotations, animated.hips_translation)[:, joints[0], :3, 3]
    offsets = character.skeleton.rest_offsets[joints]
    skeleton = Skeleton(humanoid.JOINTS, humanoid.PARENTS, offsets)
    return replace(motion, skeleton=skeleton, rotations=animated.rotations[:, joints], root_position=hips)
