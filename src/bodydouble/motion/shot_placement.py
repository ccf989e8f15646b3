"""Placement of separately reconstructed shots in one world, by the people that occur in several of them.

In: one ``ShotResult`` per shot, each in its own world. Out: one ``ShotPlacement`` per shot (``place_shots``), and
motions that continue across cuts (``align_at_cuts``).

Gravity and the floor are known in every shot. Unknown are the rotation about the vertical axis and the translation on
the floor. They follow from the positions and headings of people at the end of one shot and the start of the next one.
Points of the floor are complex numbers z + i x here, so that a rotation about +Y is a product.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from bodydouble.data import Camera, FloatArray, Motion, Track
from bodydouble.geometry import rotation

CUT_WINDOW = 0.3
"""Duration in s before and after a cut from which a person's motion is extrapolated, and maximum extrapolation in s."""
POSITION_SIGMA = 0.1
"""Standard deviation in m of a person's extrapolated position right at a cut."""
POSITION_DRIFT = 0.8
"""Growth in m/s of the standard deviation of the position with the time out of sight."""
HEADING_SIGMA = 0.15
"""Standard deviation in rad of a person's extrapolated heading right at a cut."""
HEADING_DRIFT = 1.5
"""Growth in rad/s of the standard deviation of the heading with the time out of sight."""
DEPTH_SIGMA, LATERAL_SIGMA = 0.4, 0.1
"""Standard deviations in m of a person's position along the view ray and across it."""


@dataclass(frozen=True, slots=True)
class ShotResult:
    """A shot that is reconstructed in its own world."""

    start: int
    """First frame of the shot in the clip."""
    person_indices: tuple[int, ...]
    """Indices in the clip of the people who are observed in the shot."""
    tracks: tuple[Track, ...]
    """One per person; frame 0 is the first frame of the shot."""
    camera: Camera
    motions: tuple[Motion, ...]
    """One per person."""


@dataclass(frozen=True, slots=True)
class ShotPlacement:
    """Transform from the world of a shot to that of the clip, on the floor."""

    rotation: complex = 1.0
    """Unit complex number."""
    translation: complex = 0.0
    """m."""

    def transform(self, point: complex) -> complex:
        """Returns a point of the shot in the clip."""
        return self.rotation * point + self.translation

    @property
    def clip_from_shot(self) -> FloatArray:
        """Transform (4, 4)."""
        matrix = np.eye(4)
        matrix[:3, :3] = rotation.to_matrix(rotation.from_rotvec(np.array([0.0, np.angle(self.rotation), 0.0])))
        matrix[[2, 0], 3] = self.translation.real, self.translation.imag
        return matrix


@dataclass(frozen=True, slots=True)
class _Link:
    """A person of two shots, extrapolated by both to the middle of the gap between them."""

    shot_indices: tuple[int, int]
    positions: tuple[complex, complex]
    """m, in the worlds of the shots."""
    lateral_axes: tuple[complex, complex]
    """To the person's left, in the worlds of the shots; shorter than 1 where that is not level."""
    gap: float
    """s between the last frame of the first shot and the first frame of the second one."""

    @property
    def weights(self) -> tuple[float, float]:
        """Inverse variances of position and heading."""
        position_sigma = POSITION_SIGMA + POSITION_DRIFT * self.gap
        heading_sigma = HEADING_SIGMA + HEADING_DRIFT * self.gap
        return position_sigma**-2, heading_sigma**-2


def place_shots(results: Sequence[ShotResult], fps: float) -> list[ShotPlacement]:
    """Places all shots in the world of the first shot of the first person.

    The shot with the strongest links to those already placed is placed next. A shot without links to them stays in its
    own world.
    """
    links = _link_shots(results, fps)
    placements = {next(i for i, result in enumerate(results) if 0 in result.person_indices): ShotPlacement()}
    while remaining := [i for i in range(len(results)) if i not in placements]:
        to_placed = {
            i: [link for link in links if i in link.shot_indices and set(link.shot_indices) & placements.keys()]
            for i in remaining
        }
        best = max(remaining, key=lambda i: sum(link.weights[0] for link in to_placed[i]))
        placements[best] = _fit_placement(best, to_placed[best], placements) if to_placed[best] else ShotPlacement()
    return [placements[i] for i in range(len(results))]


def _link_shots(results: Sequence[ShotResult], fps: float) -> list[_Link]:
    """Links each shot of a person with that person's next shot."""
    occurrences: dict[int, list[tuple[int, int, int, Motion]]] = {}
    for i, result in enumerate(results):
        for person, track, motion in zip(result.person_indices, result.tracks, result.motions, strict=True):
            start = result.start + int(track.frames[0])
            occurrences.setdefault(person, []).append((i, start, start + len(track.frames), motion))
    links = []
    for person_occurrences in occurrences.values():
        for (i, _, stop, before), (j, start, _, after) in pairwise(person_occurrences):
            gap = (start - stop + 1) / fps
            (position, axis), (next_position, next_axis) = _extrapolate_both(before, after, gap, fps)
            links.append(_Link((i, j), (position, next_position), (axis, next_axis), gap))
    return links


def _extrapolate_both(
    before: Motion, after: Motion, gap: float, fps: float
) -> tuple[tuple[complex, complex], tuple[complex, complex]]:
    """Extrapolates the motions before and after a gap, s, to its middle: position and lateral axis of each."""
    return _extrapolate_end(before, gap, fps), _extrapolate_end(after, gap, fps, backward=True)


def _extrapolate_end(motion: Motion, gap: float, fps: float, *, backward: bool = False) -> tuple[complex, complex]:
    """Extrapolates position and lateral axis by half a gap, s, beyond the end of a motion, or beyond its start."""
    order, tail = slice(None, None, -1 if backward else 1), slice(-round(CUT_WINDOW * fps) - 1, None)
    root_position, rotations = motion.root_position[order][tail], motion.rotations[order][tail]
    frames_ahead = min(gap / 2, CUT_WINDOW) * fps
    lateral_axis = rotation.rotate(rotations[:, 0], np.array([1.0, 0.0, 0.0]))
    return _extrapolate(root_position, frames_ahead), _extrapolate(lateral_axis, frames_ahead)


def _extrapolate(points: FloatArray, frames_ahead: float) -> complex:
    """Extrapolates the regression line through points (N, 3) of consecutive frames beyond the last of them."""
    values = points[:, 2] + 1j * points[:, 0]
    times = np.arange(len(values)) - (len(values) - 1) / 2
    slope = (times * values).sum() / max((times**2).sum(), 1.0)
    return complex(values.mean() + slope * (times[-1] + frames_ahead))


def _fit_placement(shot: int, links: Sequence[_Link], placements: Mapping[int, ShotPlacement]) -> ShotPlacement:
    """Fits the placement of a shot to its links with placed shots.

    Least squares of positions, and of headings by the cosine of their difference: then the best rotation is the angle
    of a weighted sum.
    """
    sides = [link.shot_indices.index(shot) for link in links]
    linked = [(placements[link.shot_indices[1 - i]], link, i) for link, i in zip(links, sides, strict=True)]
    position_weights, heading_weights = (np.array([link.weights[k] for link in links]) for k in (0, 1))
    source_points = np.array([link.positions[i] for _, link, i in linked])
    source_axes = np.array([link.lateral_axes[i] for _, link, i in linked])
    target_points = np.array([placed.transform(link.positions[1 - i]) for placed, link, i in linked])
    target_axes = np.array([placed.rotation * link.lateral_axes[1 - i] for placed, link, i in linked])
    source_mean = np.average(source_points, weights=position_weights)
    target_mean = np.average(target_points, weights=position_weights)
    by_positions = (position_weights * (target_points - target_mean) * np.conj(source_points - source_mean)).sum()
    by_headings = (heading_weights * target_axes * np.conj(source_axes)).sum()
    unit_rotation = complex(np.exp(1j * np.angle(by_positions + by_headings)))
    return ShotPlacement(unit_rotation, complex(target_mean - unit_rotation * source_mean))


def align_at_cuts(
    parts: Sequence[Motion], camera_positions: Sequence[FloatArray], elapsed: Sequence[float], fps: float
) -> list[Motion]:
    """Shifts the parts of a person's motion on the floor so that there is no jump at a cut.

    Each part is shifted as a whole, so that resting feet stay at rest. Shifts along the view ray are preferred, because
    the depth of a person is the most uncertain.

    Args:
        parts: one per shot, in the world of the clip.
        camera_positions: (3,) m, mean position of the camera in each shot.
        elapsed: s between each part and the next one; after more than CUT_WINDOW the parts are independent.
        fps: frames per second.
    """
    jumps = [
        _position_jump(before, after, gap, fps) if gap <= CUT_WINDOW else 0.0
        for (before, after), gap in zip(pairwise(parts), elapsed, strict=True)
    ]
    offsets = np.cumsum([0.0, *jumps])
    displacements = np.stack([offsets.imag, offsets.real], axis=1)
    information = np.stack([_shift_information(*pair) for pair in zip(parts, camera_positions, strict=True)])
    common = np.linalg.solve(information.sum(axis=0), (information @ displacements[..., None]).sum(axis=0))[:, 0]
    return [
        replace(part, root_position=part.root_position + np.insert(shift, 1, 0.0))
        for part, shift in zip(parts, common - displacements, strict=True)
    ]


def _position_jump(before: Motion, after: Motion, gap: float, fps: float) -> complex:
    """Returns the jump in m between the positions that two motions extrapolate to the middle of a gap, s."""
    (position, _), (next_position, _) = _extrapolate_both(before, after, gap, fps)
    return next_position - position


def _shift_information(part: Motion, camera_position: FloatArray) -> FloatArray:
    """Returns the inverse covariance (2, 2) of a motion's position along x and z, seen by a camera at (3,) m."""
    view_ray = rotation.normalize((part.root_position.mean(axis=0) - camera_position)[[0, 2]])
    along = np.outer(view_ray, view_ray)
    return np.asarray(len(part.root_position) * (along * DEPTH_SIGMA**-2 + (np.eye(2) - along) * LATERAL_SIGMA**-2))
