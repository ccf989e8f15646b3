"""Errors of captured faces against the truth of rendered ones: weights, gaze, blinks and head, frame by frame."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from bodydouble.data import BLENDSHAPE_COUNT, BoolArray, Camera, FloatArray, Motion, Performance
from bodydouble.geometry import camera, kinematics, rotation
from bodydouble.skeletons import blazepose
from bodydouble.skeletons.arkit import INDEX
from bodydouble.synthetic.close_ups.scene import FaceScene

BLINKS = [INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"]]
CLOSED = 0.5
"""Weight of closed eyes from which on a frame belongs to a blink."""
MAX_TURN = np.radians(60.0)
"""Maximum angle in rad between a face and the direction to the camera at which it counts."""
BLINK_TOLERANCE = 2
"""Maximum number of frames between a true and an estimated blink that are one and the same."""


@dataclass(frozen=True, slots=True)
class FaceSamples:
    """Faces of one or several clips: N frames. Estimates are NaN where the face was not observed."""

    sizes: FloatArray
    """(N,) px, height of the face in the image."""
    is_facing: BoolArray
    """(N,) whether the face is turned away from the camera by less than ``MAX_TURN``."""
    is_found: BoolArray
    """(N,) whether the face was observed."""
    true_weights: FloatArray
    """(N, 52)."""
    weights: FloatArray
    """(N, 52)."""
    true_gaze: FloatArray
    """(N, 2) rad, to the left and up."""
    gaze: FloatArray
    """(N, 2) rad."""
    head_errors: FloatArray
    """(N,) rad, angle between the true and the estimated head in camera axes."""
    steady_head_errors: FloatArray
    """(N,) rad, the same without the mean rotation between both in the clip."""

    def select(self, mask: BoolArray) -> "FaceSamples":
        """Returns the frames of a mask (N,)."""
        return FaceSamples(*(getattr(self, field.name)[mask] for field in fields(self)))


@dataclass(frozen=True, slots=True)
class BlinkCounts:
    """Numbers of blinks in frames in which the face was observed."""

    true: int
    recalled: int
    """True blinks that were found."""
    estimated: int
    confirmed: int
    """Estimated blinks that are true."""

    def __add__(self, other: "BlinkCounts") -> "BlinkCounts":
        return BlinkCounts(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


def join_samples(samples: Sequence[FaceSamples]) -> FaceSamples:
    """Joins the faces of several clips."""
    return FaceSamples(*(np.concatenate([getattr(one, f.name) for one in samples]) for f in fields(FaceSamples)))


def measure_faces(scene: FaceScene, estimate: Performance) -> FaceSamples:
    """Compares the face of a clip of T frames with the one that was captured."""
    frame_count = len(scene.sizes)
    person = scene.scene.people[0]
    true_heads = heads_in_camera(person.motion, scene.scene.camera.camera_from_world)
    found, weights, gaze, heads = _estimated_face(estimate, frame_count)
    return FaceSamples(
        sizes=scene.sizes,
        is_facing=face_turns(true_heads, scene.scene.people[0].landmarks, scene.scene.camera) < MAX_TURN,
        is_found=found,
        true_weights=scene.face.weights,
        weights=weights,
        true_gaze=scene.face.gaze,
        gaze=gaze,
        head_errors=rotation.angle_between(true_heads, heads),
        steady_head_errors=steady_errors(true_heads, heads),
    )


def _estimated_face(estimate: Performance, frame_count: int) -> tuple[BoolArray, FloatArray, FloatArray, FloatArray]:
    """Returns where (T,) the face was observed, weights (T, 52), gaze (T, 2) and heads (T, 4) in camera axes."""
    found = np.zeros(frame_count, dtype=np.bool_)
    weights, gaze = np.full((frame_count, BLENDSHAPE_COUNT), np.nan), np.full((frame_count, 2), np.nan)
    heads = np.full((frame_count, 4), np.nan)
    seen = [(person.face, person) for person in estimate.people if person.face is not None]
    if seen:
        face, person = max(seen, key=lambda one: int(one[0].observed.sum()))
        frames = person.track.frames[face.observed]
        found[frames] = True
        weights[frames], gaze[frames] = face.weights[face.observed], face.gaze[face.observed]
        poses = estimate.camera.camera_from_world[person.track.frames]
        heads[frames] = heads_in_camera(person.motion, poses)[face.observed]
    return found, weights, gaze, heads


def heads_in_camera(motion: Motion, camera_from_world: FloatArray) -> FloatArray:
    """Returns the rotations (T, 4) of the head of a motion in camera axes, for poses (T, 4, 4) of the camera."""
    world = kinematics.world_rotations(motion.skeleton.parents, motion.rotations)[:, motion.skeleton.index("head")]
    return rotation.multiply(rotation.from_matrix(camera_from_world[:, :3, :3]), world)


def face_turns(heads: FloatArray, landmarks: FloatArray, view: Camera) -> FloatArray:
    """Returns the angles (T,) rad between the direction of a face and that to the camera.

    Args:
        heads: (T, 4) xyzw, in camera axes.
        landmarks: (T, 33, 3) m, of the body in the world.
        view: the camera.
    """
    noses = camera.transform(view.camera_from_world, landmarks[:, [blazepose.INDEX["nose"]]])[:, 0]
    forward = rotation.rotate(heads, np.array([0.0, 0.0, 1.0]))
    return np.asarray(np.arccos(np.clip(-(forward * rotation.normalize(noses)).sum(axis=-1), -1.0, 1.0)))


def steady_errors(true_heads: FloatArray, heads: FloatArray) -> FloatArray:
    """Returns the angles (T,) between rotations (T, 4) without the mean rotation from one to the other."""
    known = np.isfinite(heads[:, 0])
    errors = np.full(len(heads), np.nan)
    if known.any():
        offsets = rotation.multiply(rotation.conjugate(heads[known]), true_heads[known])
        mean = rotation.from_matrix(rotation.nearest_rotation(rotation.to_matrix(offsets).mean(axis=0)))
        errors[known] = rotation.angle_between(rotation.multiply(heads[known], mean), true_heads[known])
    return errors


def count_blinks(samples: FaceSamples) -> BlinkCounts:
    """Counts the blinks of one clip."""
    true = _runs((samples.true_weights[:, BLINKS].mean(axis=1) > CLOSED) & samples.is_found)
    estimated = _runs(np.nan_to_num(samples.weights[:, BLINKS].mean(axis=1)) > CLOSED)
    return BlinkCounts(len(true), _matches(true, estimated), len(estimated), _matches(estimated, true))


def _runs(mask: BoolArray) -> list[tuple[int, int]]:
    """Returns first and last frame of each run of frames (T,)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(int)))
    return [(int(start), int(stop) - 1) for start, stop in edges.reshape(-1, 2)]


def _matches(runs: Sequence[tuple[int, int]], others: Sequence[tuple[int, int]]) -> int:
    """Returns how many runs overlap another one within the tolerance."""
    return sum(
        any(start <= stop + BLINK_TOLERANCE and other_start <= last + BLINK_TOLERANCE for other_start, stop in others)
        for start, last in runs
    )


def correlations(samples: FaceSamples) -> FloatArray:
    """Returns the correlation (52,) of each true weight with the estimated one; NaN for one that does not vary."""
    found = samples.select(samples.is_found)
    result = np.full(BLENDSHAPE_COUNT, np.nan)
    for k in range(BLENDSHAPE_COUNT):
        true, estimated = found.true_weights[:, k], found.weights[:, k]
        if len(true) > 2 and true.std() > 1e-3:
            result[k] = np.corrcoef(true, estimated)[0, 1] if estimated.std() > 1e-6 else 0.0
    return result
