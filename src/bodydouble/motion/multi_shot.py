"""A clip of several shots: each is reconstructed on its own, as another camera, and all are put into one world.

Every shot knows gravity and the floor. What is open is how it is turned about the vertical and shifted over the floor:
as people who are in two shots stand and face at the end of one and at the beginning of the other. Points of the floor
are complex numbers z + i x here, so that a turn about +Y is a product.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from bodydouble.data import Background, Camera, FloatArray, IntArray, Motion, Skeleton, Track
from bodydouble.geometry import camera, rotation
from bodydouble.motion.body import proportions
from bodydouble.motion.lifting import lifter
from bodydouble.motion.lifting.lift import UNOBSERVED_DRIFT
from bodydouble.motion.reconstruct import ReconstructionInput, reconstruct
from bodydouble.motion.resampling.motion import interpolate_motion, slice_motion

CUT_WINDOW = 0.3
"""s on either side of a cut that tell how somebody moves across it; they are foretold no further."""
POSITION_SIGMA = 0.1
"""m, of somebody's place right after a cut ..."""
POSITION_DRIFT = 0.8
"""... and more, m, for each second out of sight."""
HEADING_SIGMA = 0.15
"""rad, of where somebody faces right after a cut ..."""
HEADING_DRIFT = 1.5
"""... and more, rad, for each second out of sight."""


DEPTH_SIGMA, LATERAL_SIGMA = 0.4, 0.1
"""m, of somebody's place along the line of sight and across it."""


@dataclass(frozen=True, slots=True)
class _Shot:
    """Part of a clip."""

    start: int
    stop: int
    person_indices: tuple[int, ...]
    """Those who are seen in it."""
    tracks: tuple[Track, ...]
    """Theirs, from the first to the last frame in which they are observed; the shot begins with frame 0."""
    background: Background | None


@dataclass(frozen=True, slots=True)
class _ShotResult:
    """A shot, reconstructed in a world of its own."""

    shot: _Shot
    camera: Camera
    motions: tuple[Motion, ...]


@dataclass(frozen=True, slots=True)
class _ShotPlacement:
    """How the world of a shot lies in that of the clip."""

    rotation: complex = 1.0
    """Of length 1."""
    translation: complex = 0.0
    """m."""

    def transform(self, point: complex) -> complex:
        """A point of the shot, in the clip."""
        return self.rotation * point + self.translation

    @property
    def clip_from_shot(self) -> FloatArray:
        """(4, 4)."""
        matrix = np.eye(4)
        matrix[:3, :3] = rotation.to_matrix(rotation.from_rotvec(np.array([0.0, np.angle(self.rotation), 0.0])))
        matrix[[2, 0], 3] = self.translation.real, self.translation.imag
        return matrix


@dataclass(frozen=True, slots=True)
class _Link:
    """Somebody who is seen in two shots, halfway between, as each of them foretells it."""

    shot_indices: tuple[int, int]
    positions: tuple[complex, complex]
    """m."""
    lateral_axes: tuple[complex, complex]
    """To where the left is; shorter than 1 where that is not level."""
    gap: float
    """s out of sight."""

    @property
    def weights(self) -> tuple[float, float]:
        """Of places and of headings."""
        position_sigma, heading_sigma = (
            POSITION_SIGMA + POSITION_DRIFT * self.gap,
            HEADING_SIGMA + HEADING_DRIFT * self.gap,
        )
        return position_sigma**-2, heading_sigma**-2


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
    tracks, frame_count, fps, measured = inputs.tracks, inputs.frame_count, inputs.fps, inputs.measured
    bounds = pairwise([0, *inputs.shot_starts, frame_count])
    shots = [_extract_shot(tracks, inputs.background, start, stop) for start, stop in bounds]
    shots = [shot for shot in shots if shot.person_indices]

    def reconstruct_shot(shot: _Shot, focal_length_px: float | None) -> _ShotResult:
        stature = measured.stature if shot.person_indices[0] == 0 else None
        shot_inputs = replace(
            inputs,
            tracks=shot.tracks,
            frame_count=shot.stop - shot.start,
            background=shot.background,
            shot_starts=(),
            measured=replace(measured, focal_length_px=focal_length_px, stature=stature),
        )
        return _ShotResult(shot, *reconstruct(shot_inputs))

    # All cameras have one lens: that of the shot which tells most about it.
    longest = max(shots, key=lambda shot: sum(int(track.observed.sum()) for track in shot.tracks))
    first = reconstruct_shot(longest, measured.focal_length_px)
    focal = float(first.camera.intrinsics[0, 0])
    results = [first if shot is longest else reconstruct_shot(shot, focal) for shot in shots]
    results = _with_common_skeletons(results, measured.stature)
    placements = [world.clip_from_shot for world in _place_shots(results, float(fps))]
    motions = tuple(_concatenate_shots(track, n, results, placements, float(fps)) for n, track in enumerate(tracks))
    return _concatenate_cameras(results, placements, frame_count), motions


def _extract_shot(tracks: Sequence[Track], background: Background | None, start: int, stop: int) -> _Shot:
    tracks_by_person = {
        n: shot_track for n, track in enumerate(tracks) if (shot_track := _slice_track(track, start, stop))
    }
    shot_background = _slice_background(background, start, stop) if background else None
    return _Shot(start, stop, tuple(tracks_by_person), tuple(tracks_by_person.values()), shot_background)


def _slice_track(track: Track, start: int, stop: int) -> Track | None:
    observed = np.flatnonzero(track.observed & (track.frames >= start) & (track.frames < stop))
    if not len(observed):
        return None
    rows = slice(int(observed[0]), int(observed[-1]) + 1)
    return Track(
        track.frames[rows] - start,
        track.observed[rows],
        track.boxes[rows],
        track.keypoints[rows],
        track.landmarks_3d[rows],
    )


def _slice_background(background: Background, start: int, stop: int) -> Background:
    """What is seen from the first keyframe on; in the middle of a dissolve a shot begins without one."""
    keyframes = background.keyframes[(background.keyframes >= start) & (background.keyframes < stop)]
    rows = slice(*np.searchsorted(background.frames, (keyframes[0] if len(keyframes) else stop, stop)))
    return Background(
        stop - start,
        keyframes - start,
        background.frames[rows] - start,
        background.corner_ids[rows],
        background.points[rows],
    )


def _with_common_skeletons(results: Sequence[_ShotResult], stature: float | None) -> list[_ShotResult]:
    """The takes with the same skeleton of a person in all of them."""
    skeletons = _common_skeletons(results)
    if stature is not None:
        skeletons[0] = proportions.scale_skeleton(skeletons[0], stature / proportions.stature(skeletons[0]))
    return [
        replace(
            result,
            motions=tuple(
                _with_skeleton(motion, skeletons[person])
                for person, motion in zip(result.shot.person_indices, result.motions, strict=True)
            ),
        )
        for result in results
    ]


def _common_skeletons(results: Sequence[_ShotResult]) -> dict[int, Skeleton]:
    """The skeleton of each person: as in the shot in which they are longest observed, as large as usual in all."""
    candidates: dict[int, list[tuple[int, Skeleton]]] = {}
    for result in results:
        for person, track, motion in zip(result.shot.person_indices, result.shot.tracks, result.motions, strict=True):
            candidates.setdefault(person, []).append((int(track.observed.sum()), motion.skeleton))
    return {person: _average_skeleton(*zip(*counted, strict=True)) for person, counted in candidates.items()}


def _average_skeleton(counts: Sequence[int], skeletons: Sequence[Skeleton]) -> Skeleton:
    longest = skeletons[int(np.argmax(counts))]
    sizes = [proportions.stature(skeleton) / proportions.stature(longest) for skeleton in skeletons]
    return proportions.scale_skeleton(longest, float(np.exp(np.average(np.log(sizes), weights=counts))))


def _with_skeleton(motion: Motion, skeleton: Skeleton) -> Motion:
    """The motion of another body, as much larger or smaller, about where on the floor it mostly is, as its legs."""
    scale = skeleton.rest_offsets[0, 1] / motion.skeleton.rest_offsets[0, 1]
    center = np.median(motion.root_position, axis=0) * [1.0, 0.0, 1.0]
    return replace(
        motion,
        skeleton=skeleton,
        root_position=center + scale * (motion.root_position - center),
        joint_sigma=scale * motion.joint_sigma,
    )


def _place_shots(results: Sequence[_ShotResult], fps: float) -> list[_ShotPlacement]:
    """Where each shot lies; the clip's world is that of the first shot in which the first person is.

    The shot that is tied most closely to those already placed is placed next. One that nothing ties to them stays in
    its own world.
    """
    links = _link_shots(results, fps)
    placements = {next(i for i, result in enumerate(results) if 0 in result.shot.person_indices): _ShotPlacement()}
    while remaining := [i for i in range(len(results)) if i not in placements]:
        links_to_placed = {
            i: [link for link in links if i in link.shot_indices and set(link.shot_indices) & placements.keys()]
            for i in remaining
        }
        best = max(remaining, key=lambda i: sum(link.weights[0] for link in links_to_placed[i]))
        placements[best] = (
            _fit_placement(best, links_to_placed[best], placements) if links_to_placed[best] else _ShotPlacement()
        )
    return [placements[i] for i in range(len(results))]


def _link_shots(results: Sequence[_ShotResult], fps: float) -> list[_Link]:
    """Between each shot that somebody is seen in and the next one."""
    appearances: dict[int, list[tuple[int, int, int, Motion]]] = {}
    for i, result in enumerate(results):
        for person, track, motion in zip(result.shot.person_indices, result.shot.tracks, result.motions, strict=True):
            start = result.shot.start + int(track.frames[0])
            appearances.setdefault(person, []).append((i, start, start + len(track.frames), motion))
    links = []
    for person_appearances in appearances.values():
        for (i, _, stop, before), (j, start, _, after) in pairwise(person_appearances):
            elapsed = (start - stop + 1) / fps
            (position, axis), (next_position, next_axis) = (
                _extrapolate_end(before, elapsed, fps),
                _extrapolate_end(_time_reversed(after), elapsed, fps),
            )
            links.append(_Link((i, j), (position, next_position), (axis, next_axis), elapsed))
    return links


def _time_reversed(motion: Motion) -> Motion:
    return slice_motion(motion, slice(None, None, -1))


def _extrapolate_end(motion: Motion, elapsed: float, fps: float) -> tuple[complex, complex]:
    """Place and left side of somebody when half the time elapsed, s, has gone by since the end of a motion."""
    tail = slice_motion(motion, slice(-round(CUT_WINDOW * fps) - 1, None))
    frames_ahead = min(elapsed / 2, CUT_WINDOW) * fps
    lateral_axis = rotation.rotate(tail.rotations[:, 0], np.array([1.0, 0.0, 0.0]))
    return _extrapolate(tail.root_position, frames_ahead), _extrapolate(lateral_axis, frames_ahead)


def _extrapolate(points: FloatArray, frames_ahead: float) -> complex:
    """Where the line through points (N, 3) of consecutive frames is so many frames after the last of them."""
    values = points[:, 2] + 1j * points[:, 0]
    times = np.arange(len(values)) - (len(values) - 1) / 2
    slope = (times * values).sum() / max((times**2).sum(), 1.0)
    return complex(values.mean() + slope * (times[-1] + frames_ahead))


def _fit_placement(shot: int, links: Sequence[_Link], placements: Mapping[int, _ShotPlacement]) -> _ShotPlacement:
    """Where a shot lies, so that people are where the shots they are tied to foretell them.

    Least squares of places, and of headings by the cosine of how far they are off: then the best turn is that of a sum.
    """
    sides = [link.shot_indices.index(shot) for link in links]
    placed = [placements[link.shot_indices[1 - i]] for link, i in zip(links, sides, strict=True)]
    position_weights, heading_weights = (np.array([link.weights[k] for link in links]) for k in (0, 1))
    source_points, source_axes = (
        np.array([ends[i] for ends, i in zip(both, sides, strict=True)])
        for both in zip(*((link.positions, link.lateral_axes) for link in links), strict=True)
    )
    target_points = np.array(
        [placement.transform(link.positions[1 - i]) for placement, link, i in zip(placed, links, sides, strict=True)]
    )
    target_axes = np.array(
        [placement.rotation * link.lateral_axes[1 - i] for placement, link, i in zip(placed, links, sides, strict=True)]
    )
    source_mean, target_mean = (
        np.average(source_points, weights=position_weights),
        np.average(target_points, weights=position_weights),
    )
    correlation = (position_weights * (target_points - target_mean) * np.conj(source_points - source_mean)).sum() + (
        heading_weights * target_axes * np.conj(source_axes)
    ).sum()
    rotation_in_plane = complex(np.exp(1j * np.angle(correlation)))
    return _ShotPlacement(rotation_in_plane, complex(target_mean - rotation_in_plane * source_mean))


def _concatenate_shots(
    track: Track, person: int, results: Sequence[_ShotResult], clip_from_shots: Sequence[FloatArray], fps: float
) -> Motion:
    """The motion of somebody over all shots."""
    frames, parts, camera_positions = [], [], []
    for result, clip_from_shot in zip(results, clip_from_shots, strict=True):
        if person in result.shot.person_indices:
            index = result.shot.person_indices.index(person)
            frames.append(result.shot.start + result.shot.tracks[index].frames - track.frames[0])
            parts.append(_transform_motion(result.motions[index], clip_from_shot))
            camera_positions.append(
                camera.transform(clip_from_shot, camera.inverse(result.camera.camera_from_world)[:, :3, 3]).mean(axis=0)
            )
    elapsed = [(int(after[0]) - int(before[-1])) / fps for before, after in pairwise(frames)]
    parts = _align_at_cuts(parts, camera_positions, elapsed, fps)
    joined = replace(
        parts[0],
        rotations=rotation.make_continuous(np.concatenate([part.rotations for part in parts])),
        root_position=np.concatenate([part.root_position for part in parts]),
        contacts=np.concatenate([part.contacts for part in parts]),
        joint_sigma=np.concatenate([part.joint_sigma for part in parts]),
    )
    return _fill_gaps(joined, np.concatenate(frames), len(track.frames), fps)


def _align_at_cuts(
    parts: Sequence[Motion], camera_positions: Sequence[FloatArray], elapsed: Sequence[float], fps: float
) -> list[Motion]:
    """The parts of somebody's motion, shifted over the floor so that they go on at a cut where they were.

    Each part is shifted as a whole, so that feet that rest go on resting, and rather along the line of sight, for
    what is uncertain is how far away somebody is.

    Args:
        parts: one per shot.
        camera_positions: (3,) m, where the camera is in each shot.
        elapsed: s from each part to the next one; who was away for longer may have gone anywhere.
        fps: frames per second.
    """
    jumps = [
        _extrapolate_end(_time_reversed(after), gap, fps)[0] - _extrapolate_end(before, gap, fps)[0]
        if gap <= CUT_WINDOW
        else 0.0
        for (before, after), gap in zip(pairwise(parts), elapsed, strict=True)
    ]
    offsets = np.cumsum([0.0, *jumps])
    displacements = np.stack([offsets.imag, offsets.real], axis=1)
    information = np.stack(
        [
            _shift_information(part, camera_position)
            for part, camera_position in zip(parts, camera_positions, strict=True)
        ]
    )
    common = np.linalg.solve(information.sum(axis=0), (information @ displacements[..., None]).sum(axis=0))[:, 0]
    return [
        replace(part, root_position=part.root_position + np.insert(shift, 1, 0.0))
        for part, shift in zip(parts, common - displacements, strict=True)
    ]


def _shift_information(part: Motion, camera_position: FloatArray) -> FloatArray:
    """(2, 2) how much speaks against a shift along x and z of what a camera at a place (3,) sees."""
    view_ray = rotation.normalize((part.root_position.mean(axis=0) - camera_position)[[0, 2]])
    along = np.outer(view_ray, view_ray)
    return np.asarray(len(part.root_position) * (along * DEPTH_SIGMA**-2 + (np.eye(2) - along) * LATERAL_SIGMA**-2))


def _transform_motion(motion: Motion, clip_from_shot: FloatArray) -> Motion:
    rotations = motion.rotations.copy()
    rotations[:, 0] = rotation.multiply(rotation.from_matrix(clip_from_shot[:3, :3]), rotations[:, 0])
    return replace(motion, rotations=rotations, root_position=camera.transform(clip_from_shot, motion.root_position))


def _fill_gaps(joined: Motion, frames: IntArray, frame_count: int, fps: float) -> Motion:
    """A motion of some frames (N,), the first and the last among them, with the frames between."""
    if len(frames) == frame_count:
        return joined
    all_frames = np.arange(frame_count)
    covered = np.isin(all_frames, frames)
    repeated = slice_motion(joined, np.searchsorted(frames, all_frames, side="right") - 1)
    filled = interpolate_motion(repeated, frames, all_frames.astype(np.float64))
    gap_sigma = UNOBSERVED_DRIFT * lifter.seconds_since_observed(covered, fps)[:, None]
    return replace(
        filled,
        root_position=lifter.interpolate_linear(all_frames, frames, joined.root_position),
        contacts=np.where(covered[:, None], filled.contacts, 0.0),
        joint_sigma=np.hypot(filled.joint_sigma, gap_sigma),
    )


def _concatenate_cameras(
    results: Sequence[_ShotResult], clip_from_shots: Sequence[FloatArray], frame_count: int
) -> Camera:
    """That of each shot; between, and before the first, the nearest one before, or the first, goes on."""
    poses = np.full((frame_count, 4, 4), np.nan)
    for result, clip_from_shot in zip(results, clip_from_shots, strict=True):
        poses[result.shot.start : result.shot.stop] = result.camera.camera_from_world @ camera.inverse(clip_from_shot)
    covered = np.isfinite(poses[:, 0, 0])
    source = np.maximum.accumulate(np.where(covered, np.arange(frame_count), np.argmax(covered)))
    return replace(results[0].camera, camera_from_world=poses[source])
