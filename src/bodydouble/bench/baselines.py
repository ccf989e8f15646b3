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
from bodydouble.pipeline import AnimatedCharacter, play
from bodydouble.skeletons import blazepose, humanoid

LANDMARK_OF_JOINT = {
    "UpperArm": "shoulder", "LowerArm": "elbow", "Hand": "wrist",
    "UpperLeg": "hip", "LowerLeg": "knee", "Foot": "ankle",
}  # fmt: skip
"""Joint (without its side) -> the landmark that stands for it."""


def network_alone(captured: Performance) -> Recording:
    """The network's own rough joints, placed so that they project onto the network's own landmarks."""
    ours = recording(captured)
    subjects = (
        _with_joints(subject, _network_joints(person, captured.camera))
        for person, subject in zip(captured.people, ours.subjects, strict=True)
    )
    return replace(ours, subjects=tuple(subjects))


def _with_joints(subject: Subject, joints: FloatArray) -> Subject:
    """A person with other joints (T, 22, 3) m, world, and nothing else estimated."""
    return replace(
        subject,
        joints=joints,
        rotations=np.full_like(subject.rotations, np.nan),
        feet=np.full_like(subject.feet, np.nan),
        contacts=np.full_like(subject.contacts, np.nan),
    )


def _network_joints(person: Person, view: Camera) -> FloatArray:
    rough = person.track.landmarks_3d
    image = camera.rays(view.intrinsics, person.track.keypoints[..., :2])[..., :2]
    root = _placed(rough, image, person.track.keypoints[..., 2])
    world_from_camera = camera.inverse(view.camera_from_world[person.track.frames])
    joints = np.full((len(rough), len(humanoid.JOINTS), 3), np.nan)
    placed = camera.transform(world_from_camera, rough + root[:, None])
    for joint, landmark in _limb_joints():
        joints[:, joint] = placed[:, landmark]
    return joints


def _limb_joints() -> Iterator[tuple[int, int]]:
    for side in ("left", "right"):
        for joint, landmark in LANDMARK_OF_JOINT.items():
            yield humanoid.INDEX[side + joint], blazepose.INDEX[f"{side}_{landmark}"]


def _placed(points: FloatArray, image: FloatArray, confidence: FloatArray) -> FloatArray:
    """Translation (T, 3) that brings points (T, N, 3) onto the rays of image points (T, N, 2); least squares."""
    result = np.full((len(points), 3), np.nan)
    for t in np.flatnonzero(np.isfinite(points).all(axis=(1, 2))):
        weight = np.tile(np.sqrt(confidence[t]), 2)
        x, y = image[t].T
        ones, zeros = np.ones_like(x), np.zeros_like(x)
        rows = np.concatenate([np.stack([ones, zeros, -x], axis=1), np.stack([zeros, ones, -y], axis=1)])
        right = np.concatenate([x * points[t, :, 2] - points[t, :, 0], y * points[t, :, 2] - points[t, :, 1]])
        result[t] = np.linalg.lstsq(rows * weight[:, None], right * weight, rcond=None)[0]
    return result


def mean_pose(true: Sequence[Recording]) -> FloatArray:
    """Mean (22, 3) m of all true poses, camera axes, relative to the hips."""
    poses = np.concatenate([one.in_camera(subject) for one in true for subject in one.subjects])
    return np.asarray((poses - poses[:, :1]).mean(axis=0))


def constant(truth: Recording, pose: FloatArray) -> Recording:
    """Everybody in one pose (22, 3) m, camera axes, at the true place of the hips."""
    subjects = []
    for subject in truth.subjects:
        hips = truth.in_camera(subject)[:, :1]
        world_from_camera = camera.inverse(truth.camera.camera_from_world[subject.frames])
        subjects.append(_with_joints(subject, camera.transform(world_from_camera, hips + pose)))
    return replace(truth, subjects=tuple(subjects))


def through_rig_and_files(truth: Performance) -> Recording:
    """The true motion on our character, its joints written to a BVH file and read back."""
    template = load("mannequin")
    people = []
    with tempfile.TemporaryDirectory() as scratch:
        for person in truth.people:
            path = Path(scratch) / "motion.bvh"
            bvh.write(path, _on_rig(play(person.motion, template, fitted=True), person.motion))
            read = bvh.read(path)
            own = replace(read, contacts=person.motion.contacts, joint_sigma=person.motion.joint_sigma)
            people.append(replace(person, motion=own))
    return recording(replace(truth, people=tuple(people)))


def _on_rig(actor: AnimatedCharacter, motion: Motion) -> Motion:
    """The 22 humanoid joints of a character that stands in the T-pose with identity axes, as it moves."""
    character = actor.character
    joints = [character.humanoid[name] for name in humanoid.JOINTS]
    hips = pose_matrices(character, actor.rotations, actor.hips_translation)[:, joints[0], :3, 3]
    offsets = character.skeleton.rest_offsets[joints]
    skeleton = Skeleton(humanoid.JOINTS, humanoid.PARENTS, offsets)
    return replace(motion, skeleton=skeleton, rotations=actor.rotations[:, joints], root_position=hips)
