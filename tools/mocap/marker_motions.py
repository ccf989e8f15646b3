"""Motions of the 22 humanoid joints from clips of markers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bodydouble.data import CONTACT_POINTS, FloatArray, IntArray, Motion
from bodydouble.geometry import kinematics, rotation
from bodydouble.motion.resampling.motion import interpolate_motion
from bodydouble.skeletons import humanoid
from mocap.clips import Clip, DroppedClip, find_floor, prepare_clip
from mocap.marker_body import INDEX, MarkerBody
from mocap.marker_calibration import calibrate_body
from mocap.marker_clips import MAX_GAP, MIN_SECONDS, MarkerClip, split_at_gaps
from mocap.marker_fit import Poses, fit_poses
from mocap.marker_start import estimate_poses

KEY_STEP = 4
"""Every KEY_STEP-th frame is fitted first, without knowledge of its neighbours."""
CHUNK_FRAMES = 256
KEY_FIT_STEPS, FIT_STEPS = 25, 6
MAX_DISTANCE = 0.04
"""Root-mean-square distance in m of the markers above which a frame is not fitted."""
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
    parts = [part for clip in clips for part in split_at_gaps(clip)]
    body = calibrate_body(clips[0].labels, np.concatenate([part.positions for part in parts]))
    motions: dict[str, list[Motion]] = {clip.name: [] for clip in clips}
    distances = []
    for part in parts:
        poses, distance = fit_clip(body, part.positions)
        motions[part.name] += split_at_misfits(build_motion(body, part, poses), frame_error(distance))
        distances.append(distance[np.isfinite(distance)])
    floor = np.median([find_floor(motion) for group in motions.values() for motion in group])
    results = [result for clip in clips for result in _finish_clip(clip, motions[clip.name], float(floor))]
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


def split_at_misfits(motion: Motion, error: FloatArray) -> list[Motion]:
    """Returns the parts of a motion whose frames, with errors (T,) in m, fit the body; short misfits are filled."""
    good = np.flatnonzero(error < MAX_DISTANCE)
    starts = np.flatnonzero(np.diff(good) > MAX_GAP * motion.fps) + 1
    return [
        interpolate_motion(motion, keys, np.arange(keys[0], keys[-1] + 1.0))
        for keys in np.split(good, starts)
        if len(keys) >= MIN_SECONDS * motion.fps
    ]


def _finish_clip(clip: MarkerClip, motions: Sequence[Motion], floor: float) -> Iterator[Clip | DroppedClip]:
    """Yields the parts of a clip, and how much of it is lost."""
    for number, motion in enumerate(motions, start=1):
        name = clip.name if len(motions) == 1 else f"{clip.name}, part {number}"
        yield prepare_clip(name, clip.subject, motion, floor)
    if lost := len(clip.positions) - sum(len(motion.rotations) for motion in motions):
        reason = "too few markers, or markers that do not fit the body"
        yield DroppedClip(clip.name, f"{lost} of {len(clip.positions)} frames with {reason}")


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
