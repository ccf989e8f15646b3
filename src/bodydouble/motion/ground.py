"""Gravity, the floor, and where on it people stand."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bodydouble.data import FloatArray, Skeleton
from bodydouble.geometry import camera, rotation
from bodydouble.motion.contacts import POINTS as CONTACT_LANDMARKS
from bodydouble.motion.contacts import foot_points, speed_across
from bodydouble.motion.place import landmark_positions
from bodydouble.motion.proportions import resized, weighted_quantile
from bodydouble.motion.solve import CameraMotion
from bodydouble.skeletons import blazepose

UNSEEN_WEIGHT = 1e-3
"""Feet that nobody sees count this much, so that there is a floor if all feet are out of the picture."""


@dataclass(frozen=True, slots=True)
class FloorOptions:
    """Standard deviations of what speaks for gravity and the floor."""

    roll_sigma: float = 0.03
    """rad; people hold cameras level."""
    pitch_sigma: float = 0.20
    """rad; and tilt them up and down a little."""
    stance_roll_sigma: float = 0.10
    """rad, of a standing person's axis sideways ..."""
    stance_pitch_sigma: float = 0.15
    """rad, ... and along the line of sight."""
    point_sigma: float = 0.08
    """m, of a resting foot's height."""
    evidence: float = 20.0
    """Points of one person count at most as this many independent ones."""
    least_evidence: float = 1.0
    """Somebody with less is not scaled to stand on the floor."""
    still_speed: float = 0.35
    """m/s across the line of sight, of a resting foot."""
    size_range: tuple[float, float] = (0.85, 1.18)
    """How much a person may be scaled to stand on the floor that all share."""
    reach: float = 0.25
    """m; feet further from the floor than this rest on something else."""
    rounds: int = 4


@dataclass(frozen=True, slots=True)
class StandingPerson:
    """Somebody relative to the camera, and how well their landmarks were seen."""

    skeleton: Skeleton
    motion: CameraMotion
    confidence: FloatArray
    """(T, 33)."""


@dataclass(frozen=True, slots=True)
class Floor:
    """The floor in the axes of a static camera: up . p + height = 0."""

    up: FloatArray
    """(3,) unit."""
    height: float
    """m, of the camera above the floor."""


def find_floor(people: Sequence[StandingPerson], fps: float, options: FloorOptions | None = None) -> Floor:
    """Gravity and the floor from standing people and resting feet.

    A robust ridge regression of the plane ``a x - y + b z + h = 0`` (camera axes) through the resting feet, drawn
    towards a level camera and towards the axis of standing people.
    """
    options = options or FloorOptions()
    feet = [_resting_feet(person, fps, options) for person in people]
    points, weights = (np.concatenate(parts) for parts in zip(*feet, strict=True))
    stance = _stance(people)
    a = b = 0.0
    # Some may stand on a wall or a table: the floor is below the lowest person.
    height = max(weighted_quantile(own[:, 1], weight, 0.5) for own, weight in feet)
    for _ in range(options.rounds):
        residual = a * points[:, 0] - points[:, 1] + b * points[:, 2] + height
        trust = weights / (1 + (residual / options.point_sigma) ** 2)
        a, b, height = _fit_plane(points, trust, stance, options)
    length = float(np.sqrt(a * a + 1 + b * b))
    return Floor(np.array([a, -1.0, b]) / length, height / length)


def _fit_plane(
    points: FloatArray, weights: FloatArray, stance: FloatArray | None, options: FloorOptions
) -> tuple[float, float, float]:
    columns = np.stack([points[:, 0], points[:, 2], np.ones(len(points))], axis=1)
    scale = weights / options.point_sigma**2
    system = (columns * scale[:, None]).T @ columns + np.diag([1e-9, 1e-9, 1e-6])
    right = (columns * scale[:, None]).T @ points[:, 1]
    priors = [(0, 0.0, options.roll_sigma), (1, 0.0, options.pitch_sigma)]
    if stance is not None:
        priors += [(0, stance[0], options.stance_roll_sigma), (1, stance[1], options.stance_pitch_sigma)]
    for index, mean, sigma in priors:
        system[index, index] += sigma**-2
        right[index] += mean * sigma**-2
    a, b, height = np.linalg.solve(system, right)
    return float(a), float(b), float(height)


def _resting_feet(person: StandingPerson, fps: float, options: FloorOptions) -> tuple[FloatArray, FloatArray]:
    """The lowest foot point of each frame (T, 3) m, camera axes, and how much each counts (T,)."""
    feet = foot_points(person.skeleton, person.motion.rotations, person.motion.root_position)
    lowest = feet[..., 1].argmax(axis=1)
    rows = np.arange(len(feet))
    speed = speed_across(feet, rotation.normalize(feet), fps)[rows, lowest]
    seen = person.confidence[:, CONTACT_LANDMARKS][rows, lowest] + UNSEEN_WEIGHT
    weight = seen / (1 + (speed / options.still_speed) ** 4)
    return feet[rows, lowest], weight * min(1.0, options.evidence / weight.sum())


def _stance(people: Sequence[StandingPerson]) -> FloatArray | None:
    """The axis of standing people as (a, b) of ``up = (a, -1, b)``; None if nobody stands."""
    ankles = [blazepose.INDEX["left_ankle"], blazepose.INDEX["right_ankle"]]
    shoulders = [blazepose.INDEX["left_shoulder"], blazepose.INDEX["right_shoulder"]]
    hips = [blazepose.INDEX["left_hip"], blazepose.INDEX["right_hip"]]
    leans = []
    for person in people:
        motion = person.motion
        landmarks = landmark_positions(person.skeleton, motion.rotations, motion.root_position)
        foot, hip, neck = (landmarks[:, group].mean(axis=1) for group in (ankles, hips, shoulders))
        leg, trunk = rotation.normalize(hip - foot), rotation.normalize(neck - hip)
        axis = rotation.normalize(neck - foot)
        standing = (np.sum(leg * trunk, axis=-1) > 0.94) & (-axis[:, 1] > 0.8)
        leans.append(axis[standing][:, [0, 2]] / -axis[standing][:, 1:2])
    stacked = np.concatenate(leans)
    return np.median(stacked, axis=0) if len(stacked) else None


def camera_from_world(floor: Floor, origin: FloatArray) -> FloatArray:
    """(4, 4) of a camera above the floor.

    Args:
        floor: the floor in camera axes.
        origin: (3,) m, camera axes; the world's origin lies on the floor below it.
    """
    backward = rotation.normalize(np.array([0.0, 0.0, -1.0]) + floor.up[2] * floor.up)
    world_from_camera = np.eye(4)
    world_from_camera[:3, :3] = np.stack([np.cross(floor.up, backward), floor.up, backward])
    below = origin - (origin @ floor.up + floor.height) * floor.up
    world_from_camera[:3, 3] = -world_from_camera[:3, :3] @ below
    return camera.inverse(world_from_camera)


def stand_on(floor: Floor, person: StandingPerson, fps: float, options: FloorOptions | None = None) -> StandingPerson:
    """Scale a person about the camera so that their resting feet lie on the floor; the picture stays the same."""
    options = options or FloorOptions()
    points, weights = _resting_feet(person, fps, options)
    below = -(points @ floor.up)
    near = weights / (1 + ((below - floor.height) / options.reach) ** 4)
    own_height = float((near * below).sum() / near.sum())
    stands = near.sum() > options.least_evidence and own_height > options.reach
    scale = float(np.clip(floor.height / own_height, *options.size_range)) if stands else 1.0
    motion = CameraMotion(person.motion.rotations, person.motion.root_position * scale)
    return StandingPerson(resized(person.skeleton, scale), motion, person.confidence)
