"""When feet touch the floor, and keeping them there."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solveh_banded
from scipy.ndimage import minimum_filter1d

from bodydouble.data import FloatArray, Skeleton
from bodydouble.geometry import rotation
from bodydouble.motion.legs import flatten_feet, move_ankles
from bodydouble.motion.place import landmark_positions
from bodydouble.motion.smooth import whittaker
from bodydouble.skeletons import blazepose

POINTS = tuple(blazepose.INDEX[n] for n in ("left_heel", "left_foot_index", "right_heel", "right_foot_index"))

SPEED_CUTOFF = 5.0
"""Hz; what moves faster than this about its path is noise of the detector."""
AIRBORNE_WEIGHT = 0.02
"""How firmly somebody who touches nothing stays where the picture has them, against 1 for a resting foot."""


@dataclass(frozen=True, slots=True)
class ContactOptions:
    """What counts as a foot on the floor."""

    speed: float = 0.6
    """m/s across the line of sight; at this speed contact is as likely as not."""
    height: float = 0.12
    """m above the floor; likewise."""
    drift_window: float = 0.75
    """s; within this time on either side a foot is taken to touch the floor once."""
    drift_limit: float = 0.4
    """m; a person who stays further from the floor than this stands on something else."""
    ray_cutoff: float = 0.7
    """Hz; slower errors in height are errors in depth."""
    lift_cutoff: float = 3.0
    """Hz, of corrections in height and of a foot's place."""
    anchor_time: float = 1.0
    """s; how long the feet may carry the root away from where the picture has it."""


def foot_points(skeleton: Skeleton, rotations: FloatArray, root_position: FloatArray) -> FloatArray:
    """Positions (T, 4, 3) m of left heel, left toes, right heel, right toes."""
    return landmark_positions(skeleton, rotations, root_position)[:, POINTS]


def speed_across(points: FloatArray, sight: FloatArray, fps: float) -> FloatArray:
    """Speed (T, N) m/s of points (T, N, 3) across the line of sight (T, N, 3); the depth axis is too uncertain."""
    if len(points) < 2:
        return np.zeros(points.shape[:2])
    calm = whittaker(points.reshape(len(points), -1), np.ones((len(points), 1)), fps, SPEED_CUTOFF)
    velocity = np.gradient(calm.reshape(points.shape), axis=0) * fps
    along = np.sum(velocity * sight, axis=-1, keepdims=True)
    return np.asarray(np.linalg.norm(velocity - along * sight, axis=-1))


def detect(
    points: FloatArray, confidence: FloatArray, camera_position: FloatArray, fps: float, options: ContactOptions
) -> FloatArray:
    """Probability (T, 4) that each foot point (T, 4, 3), world, touches the floor; low where it is hardly seen."""
    sight = rotation.normalize(points - camera_position)
    speed = speed_across(points, sight, fps)
    height = points[..., 1] - _local_floor(points[..., 1].min(axis=1), fps, options)[:, None]
    slow = 1 / (1 + (speed / options.speed) ** 4)
    low = 1 / (1 + np.exp((height - options.height) / (0.25 * options.height)))
    return slow * low * confidence


def _local_floor(lowest: FloatArray, fps: float, options: ContactOptions) -> FloatArray:
    """Height (T,) m at which the floor seems to be around each frame."""
    reach = max(1, round(2 * options.drift_window * fps))
    valley = minimum_filter1d(lowest, reach, mode="nearest")
    smooth = whittaker(valley[:, None], np.ones((len(valley), 1)), fps, 1 / (4 * options.drift_window))[:, 0]
    return np.where(np.abs(smooth) < options.drift_limit, smooth, 0.0)


def settle(
    skeleton: Skeleton,
    rotations: FloatArray,
    root_position: FloatArray,
    confidence: FloatArray,
    camera_position: FloatArray,
    fps: float,
    options: ContactOptions | None = None,
    contacts: FloatArray | None = None,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Feet that touch the floor are put on it and stay where they are.

    Args:
        skeleton: the person's.
        rotations: (T, J, 4) local, world axes.
        root_position: (T, 3) m, world.
        confidence: (T, 33) of the landmarks.
        camera_position: (3,) m, world.
        fps: frames per second.
        options: thresholds.
        contacts: (T, 4) probabilities, if they are known.

    Returns:
        rotations (T, J, 4), root position (T, 3) and contact probabilities (T, 4).
    """
    options = options or ContactOptions()
    if contacts is None:
        points = foot_points(skeleton, rotations, root_position)
        contacts = detect(points, confidence[:, POINTS], camera_position, fps, options)
    rotations = flatten_feet(skeleton, rotations, _flat_share(contacts, fps, options))
    points = foot_points(skeleton, rotations, root_position)
    root_position = _onto_floor(points, contacts, root_position, camera_position, fps, options)
    points = foot_points(skeleton, rotations, root_position)
    root_position = root_position + _carry(points, contacts, fps, options)
    points = foot_points(skeleton, rotations, root_position)
    steps = _ankle_steps(points, contacts, fps, options)
    return move_ankles(skeleton, rotations, root_position, steps), root_position, contacts


def _flat_share(contacts: FloatArray, fps: float, options: ContactOptions) -> FloatArray:
    """(T, 2) how flat the left and the right foot lies: as sure as both its heel and its toes touch the floor."""
    both = contacts.reshape(-1, 2, 2).min(axis=2)
    return np.clip(whittaker(both, np.ones((len(both), 1)), fps, options.lift_cutoff), 0.0, 1.0)


def _onto_floor(
    points: FloatArray,
    contacts: FloatArray,
    root_position: FloatArray,
    camera_position: FloatArray,
    fps: float,
    options: ContactOptions,
) -> FloatArray:
    """Root path (T, 3) with the lowest resting foot at y = 0: slow errors along the line of sight, the rest upwards."""
    touching = contacts.max(axis=1, keepdims=True) ** 2
    weight = touching + AIRBORNE_WEIGHT
    slow = whittaker(touching / weight * _resting_height(points, contacts), weight, fps, options.ray_cutoff)
    share = np.clip(slow / max(camera_position[1], 0.5), -0.15, 0.15)
    moved = root_position + share * (root_position - camera_position)
    moved_points = points + (moved - root_position)[:, None]
    rest = touching / weight * _resting_height(moved_points, contacts)
    return np.asarray(moved - whittaker(rest, weight, fps, options.lift_cutoff) * np.array([0.0, 1.0, 0.0]))


def _resting_height(points: FloatArray, contacts: FloatArray) -> FloatArray:
    """Height (T, 1) m of the lowest point that touches the floor."""
    lifted = points[..., 1] + np.where(contacts >= 0.5 * contacts.max(axis=1, keepdims=True), 0.0, np.inf)
    return np.asarray(lifted.min(axis=1, keepdims=True))


def _carry(points: FloatArray, contacts: FloatArray, fps: float, options: ContactOptions) -> FloatArray:
    """Offset (T, 3) m of the root, in the plane of the floor, that cancels the sliding of resting feet."""
    frames = len(points)
    if frames < 3:
        return np.zeros((frames, 3))
    both = np.minimum(contacts[1:], contacts[:-1]) ** 2
    weight = both.sum(axis=1)
    slide = (both[..., None] * np.diff(points, axis=0)).sum(axis=1) / np.maximum(weight, 1e-6)[:, None]
    anchor = (1 / (fps * options.anchor_time)) ** 2
    gentle = 0.05
    bands = np.zeros((2, frames))
    hold = np.minimum(weight, 1.0) + gentle
    bands[1] += anchor
    bands[1, :-1] += hold
    bands[1, 1:] += hold
    bands[0, 1:] -= hold
    push = np.minimum(weight, 1.0)[:, None] * slide
    right = np.zeros((frames, 3))
    right[:-1] += push
    right[1:] -= push
    offset = solveh_banded(bands, right)
    return np.asarray(offset * np.array([1.0, 0.0, 1.0]))


def _ankle_steps(points: FloatArray, contacts: FloatArray, fps: float, options: ContactOptions) -> FloatArray:
    """Offset (T, 2, 3) m of the left and right ankle that holds each resting foot at one place on the floor."""
    pinned, weight = _anchors(points, contacts)
    offset = (weight[..., None] * (pinned - points)).reshape(-1, 2, 2, 3).sum(axis=2)
    total = weight.reshape(-1, 2, 2).sum(axis=2)
    offset /= np.maximum(total, 1e-6)[..., None]
    steps = [
        whittaker(offset[:, foot], np.minimum(total[:, foot], 1.0)[:, None] + AIRBORNE_WEIGHT, fps, options.lift_cutoff)
        for foot in range(2)
    ]
    return np.stack(steps, axis=1)


def _anchors(points: FloatArray, contacts: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Where on the floor each resting point stays (T, 4, 3), and how firmly (T, 4); 0 where it does not rest."""
    resting = contacts > 0.5
    pinned = points.copy()
    for column in range(points.shape[1]):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], resting[:, column].astype(int), [0]])))
        for first, last in zip(edges[::2], edges[1::2], strict=True):
            pinned[first:last, column] = np.median(points[first:last, column], axis=0)
    pinned[..., 1] = 0.0
    return pinned, np.where(resting, contacts, 0.0)
