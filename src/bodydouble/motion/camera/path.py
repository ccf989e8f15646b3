"""How a camera moves, from the corners of the background that it sees."""

from dataclasses import dataclass, field, replace

import numpy as np
from scipy.ndimage import median_filter

from bodydouble.data import Background, FloatArray, IntArray
from bodydouble.geometry import camera, rotation
from bodydouble.motion.camera.bundle_adjustment import Sightings
from bodydouble.motion.camera.rotation_only import TurnOptions, aligned, camera_turns, pixel
from bodydouble.motion.camera.structure_from_motion import Travel, TravelOptions, travelled, turning_share

LEAST_PLACES = 5
"""So many places tell by which scale two parts of a travel differ."""


@dataclass(frozen=True, slots=True)
class CameraPathOptions:
    """What counts as a movement. Lengths are in px of a picture of LONG_SIDE."""

    turn: TurnOptions = field(default_factory=TurnOptions)
    travel: TravelOptions = field(default_factory=TravelOptions)
    tripod: float = 0.75
    """A camera on a tripod turns by less from the first to any other frame."""
    agree_still: float = 0.6
    """A camera that does not turn stands still if this part of the corners agrees, in most frames ..."""
    agree_turning: float = 0.85
    """... and one that turns does nothing else if this part agrees."""
    gain: float = 0.25
    """A travel has to explain this part of the corners more than turning alone."""
    steady: int = 5
    """Frames; what lasts for less than half as long does not count as a movement."""
    part: int = 90
    """Frames that are begun with every fit of the travel ..."""
    overlap: int = 40
    """... which goes on for these, to find out by which scale the next one differs."""


@dataclass(frozen=True, slots=True)
class CameraPath:
    """Where a camera is and where it looks, frame by frame."""

    first_from_camera: FloatArray
    """(F, 3, 3) rotation."""
    positions: FloatArray
    """(F, 3) of the optical centre, in the first camera's axes, up to one scale; zero where it cannot be seen."""
    certainty: FloatArray
    """(F,) part of the corners that agree; 0 where none could be asked and the pose follows from frames before."""
    moving: bool
    """Whether it moves at all; if not, rotations are exactly identity and positions zero."""


def still_camera(frame_count: int) -> CameraPath:
    """The path of a camera on a tripod."""
    turns = np.tile(np.eye(3), (frame_count, 1, 1))
    return CameraPath(turns, np.zeros((frame_count, 3)), np.ones(frame_count), moving=False)


def camera_path(background: Background, intrinsics: FloatArray, options: CameraPathOptions | None = None) -> CameraPath:
    """Corners of the background -> path of the camera.

    Args:
        background: of F frames.
        intrinsics: (3, 3) px, of the pictures in whose px the corners are.
        options: what counts as a movement.

    Returns:
        F frames. With intrinsics that are off by a factor, so are the angles, by about its inverse.
    """
    options = options or CameraPathOptions()
    frames, unit = background.frame_count, pixel(intrinsics)
    turns, certainty = camera_turns(background, intrinsics, options.turn)
    turning = _turns_away(turns, certainty, options.tripod * unit, options.steady)
    turned = CameraPath(turns, np.zeros((frames, 3)), certainty, moving=True)
    turned = turned if turning else replace(still_camera(frames), certainty=certainty)
    least = options.agree_turning if turning else options.agree_still
    if not certainty[1:].any() or np.median(certainty[certainty > 0]) > least:
        return turned
    travel = _travel(background, intrinsics, turns, options)
    if not travel.share.any():
        return turned
    return _completed(travel, turns)


def _turns_away(turns: FloatArray, certainty: FloatArray, limit: float, steady: int) -> bool:
    """Whether the camera turns farther than a limit, rad, for more than a moment."""
    angles = rotation.angle_between(rotation.from_matrix(turns[certainty > 0]), rotation.IDENTITY)
    return bool(median_filter(angles, steady, mode="nearest").max(initial=0.0) > limit)


def _travel(background: Background, intrinsics: FloatArray, turns: FloatArray, options: CameraPathOptions) -> Travel:
    """The travel of the whole clip, put together from that of its parts, at the scale of the first of them."""
    corners, places = np.unique(background.corner_ids, return_inverse=True)
    rays = camera.rays(intrinsics, background.points.astype(np.float64))[:, :2]
    frames, unit = background.frame_count, pixel(intrinsics)
    whole = Travel(
        np.tile(np.eye(3), (frames, 1, 1)), np.zeros((frames, 3)), np.zeros(frames), np.full((len(corners), 3), np.nan)
    )
    for start in range(0, max(frames - options.overlap, 1), options.part):
        stop = min(start + options.part + options.overlap, frames)
        own = (background.frames >= start) & (background.frames < stop)
        names, numbers = np.unique(places[own], return_inverse=True)
        seen = Sightings(background.frames[own] - start, numbers, rays[own])
        part = travelled(seen, stop - start, unit, options.turn, options.travel)
        if part is None:
            continue
        turned = turning_share(seen, np.swapaxes(turns[start:stop], -1, -2), unit, options.travel.near)
        if part.share.mean() > turned + options.gain:
            whole = _joined(whole, part, slice(start, stop), names) or whole
    return whole


def _joined(whole: Travel, part: Travel, span: slice, names: IntArray) -> Travel | None:
    """The travel with that of a part of the clip, if it is known how they belong together."""
    link = _link(whole, part, span, names) if whole.share.any() else (1.0, np.eye(3), np.zeros(3))
    if link is None:
        return None
    scale, turn, shift = link
    new = part.share > 0
    frames = np.arange(len(whole.share))[span][new]
    joined = Travel(whole.turns.copy(), whole.positions.copy(), whole.share.copy(), np.full_like(whole.places, np.nan))
    joined.turns[frames] = part.turns[new] @ turn.T
    joined.positions[frames] = scale * part.positions[new] @ turn.T + shift
    joined.share[frames] = part.share[new]
    joined.places[names] = scale * part.places @ turn.T + shift
    return joined


def _link(whole: Travel, part: Travel, span: slice, names: IntArray) -> tuple[float, FloatArray, FloatArray] | None:
    """Scale, rotation and shift from the axes of a part to those of the whole, from the frames and places of both."""
    turns, positions = whole.turns[span], whole.positions[span]
    both = np.flatnonzero((whole.share[span] > 0) & (part.share > 0))
    if not len(both):
        return None
    middle = both[len(both) // 2]
    distance = np.linalg.norm(whole.places[names] - positions[middle], axis=-1)
    ratio = distance / np.linalg.norm(part.places - part.positions[middle], axis=-1)
    if np.isfinite(ratio).sum() < LEAST_PLACES:
        return None
    scale = float(np.nanmedian(ratio))
    turn = aligned(turns[both].reshape(-1, 3), part.turns[both].reshape(-1, 3), np.ones(3 * len(both)))
    return scale, turn, positions[middle] - scale * turn @ part.positions[middle]


def _completed(travel: Travel, turns: FloatArray) -> CameraPath:
    """In frames of which the travel is not known the camera turns where it was last."""
    good = travel.share > 0
    last = np.maximum.accumulate(np.where(good, np.arange(len(good)), np.argmax(good)))
    camera_from_last = np.swapaxes(turns, -1, -2) @ turns[last]
    whole = camera_from_last @ travel.turns[last]
    positions = (travel.positions[last] - travel.positions[last[0]]) @ whole[0].T
    return CameraPath(whole[0] @ np.swapaxes(whole, -1, -2), positions, travel.share, moving=True)
