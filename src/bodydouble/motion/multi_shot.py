"""All motion stages of a clip of several shots, in one world.

In: ``ReconstructionInput`` with ``shot_starts``. Out: ``Camera`` (F poses) and one ``Motion`` per track. Each shot is
reconstructed on its own, with another camera (``reconstruct.py``). Then each person gets one skeleton, the shots are
placed in one world (``shot_placement.py``), and their motions and cameras are concatenated.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from bodydouble.data import Background, Camera, FloatArray, IntArray, LineSegments, Motion, Skeleton, Track
from bodydouble.geometry import camera, rotation
from bodydouble.motion.body import proportions
from bodydouble.motion.lifting.lift import drift_sigma
from bodydouble.motion.lifting.lifter_input import interpolate_gaps
from bodydouble.motion.reconstruct import ReconstructionInput, reconstruct
from bodydouble.motion.resampling.motion import interpolate_motion, slice_motion, slice_track
from bodydouble.motion.shot_placement import ShotResult, align_at_cuts, place_shots


@dataclass(frozen=True, slots=True)
class _Shot:
    """Input of one shot; its first frame has number 0."""

    start: int
    """First frame of the shot in the clip."""
    person_indices: tuple[int, ...]
    """Indices in the clip of the people who are observed in the shot."""
    tracks: tuple[Track, ...]
    """One per person, from the first to the last frame in which the person is observed."""
    frame_count: int
    background: Background | None
    lines: LineSegments | None


def reconstruct_shots(inputs: ReconstructionInput) -> tuple[Camera, tuple[Motion, ...]]:
    """Reconstructs the camera and the 3D motions of a clip of one or several shots in one world.

    Args:
        inputs: the tracks of the clip; of the measured inputs, only focal length and stature may be set if there are
            several shots.

    Returns:
        The camera, with one pose per frame, and a motion for each track, in the same order. A person who is not
        visible in a shot moves on a straight line from the end of the shot before to the start of the next one. In a
        shot without people the camera keeps its last pose.

    Raises:
        ModelError: the lifter cannot be loaded.
    """
    if not inputs.shot_starts:
        return reconstruct(inputs)
    fps = float(inputs.fps)
    results = _with_common_skeletons(_reconstruct_each(_split_into_shots(inputs), inputs), inputs.measured.stature)
    clip_from_shots = [placement.clip_from_shot for placement in place_shots(results, fps)]
    motions = tuple(
        _concatenate_shots(track, person, results, clip_from_shots, fps) for person, track in enumerate(inputs.tracks)
    )
    return _concatenate_cameras(results, clip_from_shots, inputs.frame_count), motions


def _split_into_shots(inputs: ReconstructionInput) -> list[_Shot]:
    """Returns the shots in which people are observed."""
    bounds = pairwise([0, *inputs.shot_starts, inputs.frame_count])
    shots = [_extract_shot(inputs, start, stop) for start, stop in bounds]
    return [shot for shot in shots if shot.person_indices]


def _reconstruct_each(shots: Sequence[_Shot], inputs: ReconstructionInput) -> list[ShotResult]:
    """Reconstructs all shots with the focal length of the shot that has the most observations."""
    longest = max(shots, key=lambda shot: sum(int(track.observed.sum()) for track in shot.tracks))
    first = _reconstruct_shot(longest, inputs, inputs.measured.focal_length_px)
    focal_length_px = float(first.camera.intrinsics[0, 0])
    return [first if shot is longest else _reconstruct_shot(shot, inputs, focal_length_px) for shot in shots]


def _reconstruct_shot(shot: _Shot, inputs: ReconstructionInput, focal_length_px: float | None) -> ShotResult:
    """Reconstructs one shot; a measured stature is used if the first person is in it."""
    stature = inputs.measured.stature if shot.person_indices[0] == 0 else None
    shot_inputs = replace(
        inputs,
        tracks=shot.tracks,
        frame_count=shot.frame_count,
        background=shot.background,
        lines=shot.lines,
        shot_starts=(),
        measured=replace(inputs.measured, focal_length_px=focal_length_px, stature=stature),
    )
    return ShotResult(shot.start, shot.person_indices, shot.tracks, *reconstruct(shot_inputs))


def _extract_shot(inputs: ReconstructionInput, start: int, stop: int) -> _Shot:
    """Returns the part of the inputs between two frames."""
    sliced = {person: _extract_track(track, start, stop) for person, track in enumerate(inputs.tracks)}
    tracks = {person: track for person, track in sliced.items() if track}
    background = _slice_background(inputs.background, start, stop) if inputs.background else None
    lines = _slice_lines(inputs.lines, start, stop) if inputs.lines else None
    return _Shot(start, tuple(tracks), tuple(tracks.values()), stop - start, background, lines)


def _extract_track(track: Track, start: int, stop: int) -> Track | None:
    """Returns the track from the first to the last observation between two frames, or None without observations."""
    observed = np.flatnonzero(track.observed & (track.frames >= start) & (track.frames < stop))
    if not len(observed):
        return None
    rows = slice(int(observed[0]), int(observed[-1]) + 1)
    return slice_track(track, rows, track.frames[rows] - start)


def _slice_background(background: Background, start: int, stop: int) -> Background:
    """Returns the background between two frames, without the frames before the first keyframe.

    A shot that starts in the middle of a dissolve has no keyframe at its start.
    """
    keyframes = background.keyframes[(background.keyframes >= start) & (background.keyframes < stop)]
    rows = background.rows(int(keyframes[0]) if len(keyframes) else stop, stop)
    return Background(
        stop - start,
        keyframes - start,
        background.frames[rows] - start,
        background.corner_ids[rows],
        background.points[rows],
    )


def _slice_lines(lines: LineSegments, start: int, stop: int) -> LineSegments:
    """Returns the line segments between two frames."""
    rows = (lines.frames >= start) & (lines.frames < stop)
    return replace(lines, frames=lines.frames[rows] - start, points=lines.points[rows])


def _with_common_skeletons(results: Sequence[ShotResult], stature: float | None) -> list[ShotResult]:
    """Returns the shots with one skeleton per person; the first person has the stature in m, if it is given."""
    skeletons = _common_skeletons(results)
    if stature is not None:
        skeletons[0] = proportions.scale_skeleton(skeletons[0], stature / proportions.stature(skeletons[0]))
    return [
        replace(
            result,
            motions=tuple(
                with_skeleton(motion, skeletons[person])
                for person, motion in zip(result.person_indices, result.motions, strict=True)
            ),
        )
        for result in results
    ]


def _common_skeletons(results: Sequence[ShotResult]) -> dict[int, Skeleton]:
    """Returns the common skeleton of each person; see _average_skeleton."""
    candidates: dict[int, list[tuple[int, Skeleton]]] = {}
    for result in results:
        for person, track, motion in zip(result.person_indices, result.tracks, result.motions, strict=True):
            candidates.setdefault(person, []).append((int(track.observed.sum()), motion.skeleton))
    return {person: _average_skeleton(*zip(*counted, strict=True)) for person, counted in candidates.items()}


def _average_skeleton(counts: Sequence[int], skeletons: Sequence[Skeleton]) -> Skeleton:
    """Returns the skeleton with the most observed frames, scaled to the weighted geometric mean of the statures."""
    longest = skeletons[int(np.argmax(counts))]
    sizes = [proportions.stature(skeleton) / proportions.stature(longest) for skeleton in skeletons]
    return proportions.scale_skeleton(longest, float(np.exp(np.average(np.log(sizes), weights=counts))))


def with_skeleton(motion: Motion, skeleton: Skeleton) -> Motion:
    """Returns the motion with another skeleton, scaled about its median position on the floor by the leg length."""
    scale = skeleton.rest_offsets[0, 1] / motion.skeleton.rest_offsets[0, 1]
    center = np.median(motion.root_position, axis=0) * [1.0, 0.0, 1.0]
    return replace(
        motion,
        skeleton=skeleton,
        root_position=center + scale * (motion.root_position - center),
        joint_sigma=scale * motion.joint_sigma,
    )


def _concatenate_shots(
    track: Track, person: int, results: Sequence[ShotResult], clip_from_shots: Sequence[FloatArray], fps: float
) -> Motion:
    """Returns the motion of a person over all shots, in the frames of the track."""
    frames, parts, camera_positions = [], [], []
    for result, clip_from_shot in zip(results, clip_from_shots, strict=True):
        if person in result.person_indices:
            index = result.person_indices.index(person)
            frames.append(result.start + result.tracks[index].frames - track.frames[0])
            parts.append(_transform_motion(result.motions[index], clip_from_shot))
            in_shot = camera.inverse(result.camera.camera_from_world)[:, :3, 3]
            camera_positions.append(camera.transform(clip_from_shot, in_shot).mean(axis=0))
    elapsed = [(int(after[0]) - int(before[-1])) / fps for before, after in pairwise(frames)]
    parts = align_at_cuts(parts, camera_positions, elapsed, fps)
    joined = replace(
        parts[0],
        rotations=rotation.make_continuous(np.concatenate([part.rotations for part in parts])),
        root_position=np.concatenate([part.root_position for part in parts]),
        contacts=np.concatenate([part.contacts for part in parts]),
        joint_sigma=np.concatenate([part.joint_sigma for part in parts]),
    )
    return fill_gaps(joined, np.concatenate(frames), len(track.frames), fps)


def _transform_motion(motion: Motion, clip_from_shot: FloatArray) -> Motion:
    """Returns the motion in the world of the clip."""
    rotations = motion.rotations.copy()
    rotations[:, 0] = rotation.multiply(rotation.from_matrix(clip_from_shot[:3, :3]), rotations[:, 0])
    return replace(motion, rotations=rotations, root_position=camera.transform(clip_from_shot, motion.root_position))


def fill_gaps(joined: Motion, frames: IntArray, frame_count: int, fps: float) -> Motion:
    """Interpolates the missing frames of a motion that has frames (N,), the first and the last among them."""
    if len(frames) == frame_count:
        return joined
    all_frames = np.arange(frame_count)
    covered = np.isin(all_frames, frames)
    repeated = slice_motion(joined, np.searchsorted(frames, all_frames, side="right") - 1)
    filled = interpolate_motion(repeated, frames, all_frames.astype(np.float64))
    root_position = np.full((frame_count, 3), np.nan)
    root_position[frames] = joined.root_position
    return replace(
        filled,
        root_position=interpolate_gaps(root_position),
        contacts=np.where(covered[:, None], filled.contacts, 0.0),
        joint_sigma=np.hypot(filled.joint_sigma, drift_sigma(covered, fps)[:, None]),
    )


def _concatenate_cameras(
    results: Sequence[ShotResult], clip_from_shots: Sequence[FloatArray], frame_count: int
) -> Camera:
    """Returns the camera of the clip; in frames without a shot it keeps the last pose, or has the first one."""
    poses = np.full((frame_count, 4, 4), np.nan)
    for result, clip_from_shot in zip(results, clip_from_shots, strict=True):
        frames = slice(result.start, result.start + len(result.camera.camera_from_world))
        poses[frames] = result.camera.camera_from_world @ camera.inverse(clip_from_shot)
    covered = np.isfinite(poses[:, 0, 0])
    source = np.maximum.accumulate(np.where(covered, np.arange(frame_count), np.argmax(covered)))
    return replace(results[0].camera, camera_from_world=poses[source])
