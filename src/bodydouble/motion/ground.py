"""Gravity, the floor, and where on it people stand."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bodydouble.data import FloatArray, Skeleton
from bodydouble.geometry import camera, rotation
from bodydouble.motion.contacts import POINTS as CONTACT_LANDMARKS
from bodydouble.motion.contacts import foot_points, speed_across
from bodydouble.motion.proportions import weighted_quantile

LEAST_HEIGHT = 0.2
"""m; a camera is no lower."""
LEAST_UPRIGHT = 0.3
"""Cosine of the largest angle between up and the picture's up."""
CLEAR_OF_FLOOR = 0.06
"""m; who jumps is higher."""
LARGEST_STEP = 0.3
"""m; who stays farther from the floor rests on something else."""
LEAST_STAY = 1.0
"""s; a jump is shorter."""
NEAREST = 0.1
"""m; feet nearer to the camera, or behind it, are taken to be this far away."""
HORIZON = 0.02
"""Feet nearer to the horizon than this angle (rad) say nothing about the floor."""
UNSEEN_WEIGHT = 1e-3
"""Feet that nobody sees count this much, so that there is a floor if all feet are out of the picture."""


@dataclass(frozen=True, slots=True)
class FloorOptions:
    """Standard deviations of what speaks for gravity and the floor."""

    roll_sigma: float = 0.03
    """rad; people hold cameras level."""
    pitch_sigma: float = 0.30
    """rad; and tilt them up and down a little."""
    camera_height: float = 1.4
    """m above the floor, as cameras are held and put up, ..."""
    camera_height_sigma: float = 0.6
    """... give or take this, m."""
    up_sigma: float = 0.06
    """rad, of the direction that the lifter takes for up."""
    depth_sigma: float = 0.08
    """Relative, of a resting foot's distance from the camera."""
    outlier: float = 0.2
    """Relative; feet this far from where the floor is on their ray count a quarter: they stand on something else."""
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
    rounds: int = 8


@dataclass(frozen=True, slots=True)
class StandingPerson:
    """Somebody relative to the camera, and how well their landmarks were seen."""

    skeleton: Skeleton
    rotations: FloatArray
    """(T, 22, 4) xyzw, local; the root's is camera_from_hips."""
    root_position: FloatArray
    """(T, 3) m, camera axes."""
    confidence: FloatArray
    """(T, 33)."""
    up: FloatArray
    """(T, 3) unit, camera axes, as the lifter believes."""


@dataclass(frozen=True, slots=True)
class Floor:
    """The floor in the axes of a static camera: up . p + height = 0."""

    up: FloatArray
    """(3,) unit."""
    height: float
    """m, of the camera above the floor."""


def known_floor(camera_from_world: FloatArray) -> Floor:
    """The floor y = 0 of the world, as a static camera (4, 4) sees it."""
    return Floor(camera_from_world[:3, 1], float(camera.inverse(camera_from_world)[1, 3]))


def find_floor(people: Sequence[StandingPerson], fps: float, options: FloorOptions | None = None) -> Floor:
    """Gravity and the floor from what the lifter takes for up and from resting feet.

    A robust fit of the plane ``a x - y + b z + h = 0`` (camera axes) to the resting feet, drawn towards a level camera
    at a usual height and towards what the lifter takes for up.
    """
    options = options or FloorOptions()
    feet = [_resting_feet(person, fps, options) for person in people]
    points, weights = (np.concatenate(parts) for parts in zip(*feet, strict=True))
    up = np.median(np.concatenate([person.up for person in people]), axis=0)
    # Some may stand on a wall or a table: the floor is below the lowest person.
    height = max(weighted_quantile(own[:, 1], weight, 0.5) for own, weight in feet)
    plane = np.array([0.0, 0.0, max(height, LEAST_HEIGHT)])
    for _ in range(options.rounds):
        plane = _improved(plane, points, weights, up[[0, 2]] / max(-up[1], LEAST_UPRIGHT), options)
    length = float(np.sqrt(plane[0] ** 2 + 1 + plane[1] ** 2))
    return Floor(np.array([plane[0], -1.0, plane[1]]) / length, float(plane[2]) / length)


def _improved(
    plane: FloatArray, points: FloatArray, weights: FloatArray, up: FloatArray, options: FloorOptions
) -> FloatArray:
    """One Gauss-Newton step of the plane (a, b, h).

    What is uncertain about a foot is its depth, so the logarithm of its depth is compared with that of the floor on
    the same ray. (A fit of heights would be drawn to planes through the camera, along which depth errors move feet.)
    """
    rays = points / points[:, 2:]
    below = np.maximum(rays[:, 1] - plane[0] * rays[:, 0] - plane[1], HORIZON)
    residual = np.log(np.maximum(points[:, 2], NEAREST) * below / plane[2])
    jacobian = np.stack([-rays[:, 0] / below, -1 / below, np.full(len(points), -1 / plane[2])], axis=1)
    trust = weights * (below > HORIZON) / options.depth_sigma**2 / (1 + (residual / options.outlier) ** 2) ** 2
    system = (jacobian * trust[:, None]).T @ jacobian
    right = -(jacobian * trust[:, None]).T @ residual
    for index, mean, sigma in _priors(up, options):
        system[index, index] += sigma**-2
        right[index] += (mean - plane[index]) * sigma**-2
    moved = plane + np.linalg.solve(system, right)
    return np.array([*np.clip(moved[:2], -1.0, 1.0), max(moved[2], LEAST_HEIGHT)])


def _priors(up: FloatArray, options: FloorOptions) -> list[tuple[int, float, float]]:
    """Index into (a, b, h), mean and standard deviation of what is known without the feet; up is (a, b)."""
    return [
        (0, 0.0, options.roll_sigma),
        (1, 0.0, options.pitch_sigma),
        (2, options.camera_height, options.camera_height_sigma),
        (0, float(up[0]), options.up_sigma),
        (1, float(up[1]), options.up_sigma),
    ]


def _resting_feet(person: StandingPerson, fps: float, options: FloorOptions) -> tuple[FloatArray, FloatArray]:
    """The lowest foot point of each frame (T, 3) m, camera axes, and how much each counts (T,)."""
    feet = foot_points(person.skeleton, person.rotations, person.root_position)
    lowest = feet[..., 1].argmax(axis=1)
    rows = np.arange(len(feet))
    speed = speed_across(feet, rotation.normalize(feet), fps)[rows, lowest]
    seen = person.confidence[:, CONTACT_LANDMARKS][rows, lowest] + UNSEEN_WEIGHT
    weight = seen / (1 + (speed / options.still_speed) ** 4)
    return feet[rows, lowest], weight * min(1.0, options.evidence / weight.sum())


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


def supports(lowest: FloatArray, fps: float) -> FloatArray:
    """What somebody may rest on: the floor, or what they stay on for a while: stairs, a stage, a roof.

    Args:
        lowest: (T,) m above the floor, of the body's lowest point.
        fps: frames per second.

    Returns:
        (T,) m above the floor.
    """
    found = np.zeros(len(lowest))
    away = np.abs(lowest) > LARGEST_STEP
    for stretch in np.split(np.arange(len(lowest)), np.flatnonzero(np.diff(away)) + 1):
        if len(stretch) == 0 or not away[stretch[0]] or len(stretch) < LEAST_STAY * fps:
            continue
        level = np.median(lowest[stretch])
        found[stretch[lowest[stretch] > level - LARGEST_STEP]] = level
    return found


def airborne(height: FloatArray, contacts: FloatArray) -> FloatArray:
    """(T,) probability that nobody and nothing holds a body: no sole rests and no landmark is near what it may rest on.

    Args:
        height: (T, L) m, of the landmarks above what the body may rest on.
        contacts: (T, 4) probabilities.
    """
    return np.where(height.min(axis=1) > CLEAR_OF_FLOOR, np.prod(1 - contacts, axis=1), 0.0)


def scale_to_stand_on(floor: Floor, person: StandingPerson, fps: float, options: FloorOptions | None = None) -> float:
    """How much larger and further away a person must be for their resting feet to lie on the floor.

    The picture stays the same.
    """
    options = options or FloorOptions()
    points, weights = _resting_feet(person, fps, options)
    below = -(points @ floor.up)
    near = weights / (1 + ((below - floor.height) / options.reach) ** 4)
    own_height = float((near * below).sum() / near.sum())
    stands = near.sum() > options.least_evidence and own_height > options.reach
    return float(np.clip(floor.height / own_height, *options.size_range)) if stands else 1.0
