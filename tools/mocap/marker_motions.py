"""Motions of the 22 humanoid joints from clips of markers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bodydouble.data import CONTACT_POINTS, FloatArray, IntArray, Motion
from bodydouble.geometry import kinematics, rotation
from bodydouble.motion.resampling.motion import interpolate_motion
from bodydouble.skeletons import humanoid
from mocap.clips import Clip, DroppedClip, prepare_clip
from mocap.marker_body import INDEX, MarkerBody
from mocap.marker_calibration import calibrate_body
from mocap.marker_clips import MAX_GAP, MarkerClip, split_at_gaps
from mocap.marker_fit import Poses, fit_poses
from mocap.marker_start import estimate_poses

KEY_STEP = 4
"""Every KEY_STEP-th frame is fitted first, without knowledge of its neighbours."""
CHUNK_FRAMES = 256
KEY_FIT_STEPS, FIT_STEPS = 25, 6
MAX_DISTANCE = 0.04
"""Root-mean-square distance in m of the markers above which a frame is not fitted."""
MAX_BAD_FRACTION = 0.1
"""Maximum fraction of frames of a clip that are interpolated."""
TOE_HEIGHTS = (0.02, 0.05)
"""Heights in m of the ball of the foot above its usual one on the floor at which toes are flat, and straight."""
MAX_TOE_ANGLE = np.radians(60.0)
FORWARD, SIDEWAYS = np.array([0.0, 0.0, 1.0]), np.array([1.0, 0.0, 0.0])


@dataclass(frozen=True)
class FittedClips:
    """Clips of one person."""

    results: list[Clip | DroppedClip]
    distances: FloatArray
    """(N,) m, distances of all markers in all frames."""


def fit_subject(clips: Sequence[MarkerClip]) -> FittedClips:
    """Calibrates the body of a person, and fits the motions of all clips."""
    parts, results = [], []
    for clip in clips:
        seen = split_at_gaps(clip)
        parts += seen
        if lost := len(clip.positions) - sum(len(part.positions) for part in seen):
            results.append(DroppedClip(clip.name, f"{lost} of {len(clip.positions)} frames with too few markers"))
    body = calibrate_body(clips[0].labels, np.concatenate([part.positions for part in parts]))
    distances = []
    for part in parts:
        poses, distance = fit_clip(body, part.positions)
        results.append(_finish_clip(body, part, poses, distance))
        distances.append(distance[np.isfinite(distance)])
    return FittedClips(results, np.concatenate(distances))


def fit_clip(body: MarkerBody, markers: FloatArray) -> tuple[Poses, FloatArray]:
    """Fits the poses to markers (T, M, 3); returns them and the distances (T, M) in m."""
    keys = np.unique(np.append(np.arange(0, len(markers), KEY_STEP), len(markers) - 1))
    start = estimate_poses(body, markers[keys])
    poses, distances = _fit_in_chunks(body, start, markers[keys], KEY_FIT_STEPS)
    poses = _repair(body, poses, distances, markers[keys])
    return _fit_in_chunks(body, _interpolate(poses, keys, len(markers)), markers, FIT_STEPS)


def _fit_in_chunks(body: MarkerBody, start: Poses, markers: FloatArray, steps: int) -> tuple[Poses, FloatArray]:
    fits = [
        fit_poses(body, start[i : i + CHUNK_FRAMES], markers[i : i + CHUNK_FRAMES], steps)
        for i in range(0, len(markers), CHUNK_FRAMES)
    ]
    poses = Poses(np.concatenate([p.rotations for p, _ in fits]), np.concatenate([p.root for p, _ in fits]))
    return poses, np.concatenate([distances for _, distances in fits])


def _repair(body: MarkerBody, poses: Poses, distances: FloatArray, markers: FloatArray) -> Poses:
    """Fits frames that did not converge again, from the nearest one that did on either side."""
    error = frame_error(distances)
    bad = np.flatnonzero(error > 1.5 * np.median(error) + 0.005)
    good = np.setdiff1d(np.arange(len(error)), bad)
    if not len(bad) or not len(good):
        return poses
    rotations, root = poses.rotations.copy(), poses.root.copy()
    place = np.searchsorted(good, bad)
    for neighbour in (good[np.maximum(place - 1, 0)], good[np.minimum(place, len(good) - 1)]):
        start = Poses(rotations[neighbour], root[neighbour])
        again, distance = _fit_in_chunks(body, start, markers[bad], KEY_FIT_STEPS)
        better = frame_error(distance) < error[bad]
        rotations[bad[better]], root[bad[better]] = again.rotations[better], again.root[better]
        error[bad[better]] = frame_error(distance)[better]
    return Poses(rotations, root)


def frame_error(distances: FloatArray) -> FloatArray:
    """Returns the root-mean-square distances (T,) in m of the markers (T, M) of each frame."""
    return np.asarray(np.sqrt(np.nanmean(distances**2, axis=1)))


def _interpolate(poses: Poses, keys: IntArray, frames: int) -> Poses:
    times = np.arange(frames)
    before = np.clip(np.searchsorted(keys, times, side="right") - 1, 0, max(len(keys) - 2, 0))
    after = np.minimum(before + 1, len(keys) - 1)
    fraction = ((times - keys[before]) / np.maximum(keys[after] - keys[before], 1))[:, None]
    turns = np.swapaxes(poses.rotations[before], -1, -2) @ poses.rotations[after]
    partial = rotation.from_rotvec(fraction[..., None] * rotation.to_rotvec(rotation.from_matrix(turns)))
    root = poses.root[before] + fraction * (poses.root[after] - poses.root[before])
    return Poses(poses.rotations[before] @ rotation.to_matrix(partial), root)


def _finish_clip(body: MarkerBody, clip: MarkerClip, poses: Poses, distances: FloatArray) -> Clip | DroppedClip:
    """Builds the motion of a clip without the frames that could not be fitted."""
    motion = build_motion(body, clip, poses)
    good = np.flatnonzero(frame_error(distances) < MAX_DISTANCE)
    if len(good) < (1 - MAX_BAD_FRACTION) * len(distances):
        return DroppedClip(clip.name, f"{len(distances) - len(good)} of {len(distances)} frames do not fit the body")
    if np.diff(good).max(initial=1) > MAX_GAP * clip.fps:
        return DroppedClip(clip.name, f"{np.diff(good).max()} frames in a row do not fit the body")
    if len(good) < len(distances):
        motion = interpolate_motion(motion, good, np.arange(good[0], good[-1] + 1.0))
    return prepare_clip(clip.name, clip.subject, motion)


def build_motion(body: MarkerBody, clip: MarkerClip, poses: Poses) -> Motion:
    """Returns the motion of the humanoid joints; toes that push off lie on the floor."""
    joints = {name: poses.rotations[:, i] for name, i in INDEX.items()}
    for side in ("left", "right"):
        joints[f"{side}Hand"] = joints[f"{side}Forearm"] @ joints[f"{side}Hand"]
    rotations = rotation.from_matrix(np.stack([joints[joint] for joint in humanoid.JOINTS], axis=1))
    skeleton = body.build_humanoid()
    motion = Motion(
        skeleton=skeleton,
        fps=clip.fps,
        rotations=rotation.make_continuous(rotations),
        root_position=poses.root,
        contacts=np.full((len(rotations), len(CONTACT_POINTS)), np.nan),
        joint_sigma=np.full(rotations.shape[:2], np.nan),
    )
    return bend_toes(motion)


def bend_toes(motion: Motion) -> Motion:
    """Bends toes, which carry no markers, so that they are level while the ball of the foot is on the floor."""
    positions, world = kinematics.forward_kinematics(motion.skeleton, motion.rotations, motion.root_position)
    rotations = motion.rotations.copy()
    for side in ("left", "right"):
        toes = humanoid.INDEX[f"{side}Toes"]
        height = positions[:, toes, 1] - np.percentile(positions[:, toes, 1], 5)
        on_floor = 1 - np.clip((height - TOE_HEIGHTS[0]) / (TOE_HEIGHTS[1] - TOE_HEIGHTS[0]), 0, 1)
        pitch = -np.arcsin(np.clip(rotation.rotate(world[:, humanoid.INDEX[f"{side}Foot"]], FORWARD)[:, 1], -1, 1))
        angle = -on_floor * np.clip(pitch, 0, MAX_TOE_ANGLE)
        rotations[:, toes] = rotation.multiply(rotations[:, toes], rotation.from_rotvec(angle[:, None] * SIDEWAYS))
    return replace(motion, rotations=rotations)
