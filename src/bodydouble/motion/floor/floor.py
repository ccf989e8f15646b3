"""Gravity, the floor, and where on it people stand."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bodydouble.data import BoolArray, FloatArray, IntArray, Skeleton
from bodydouble.geometry import camera, rotation
from bodydouble.motion.body import proportions
from bodydouble.motion.floor.contacts import POINTS as CONTACT_LANDMARKS
from bodydouble.motion.floor.contacts import foot_points, speed_across

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
    up_sigma: float = 0.15
    """rad, of the direction that the lifter takes for up, which is drawn to how cameras are mostly held."""
    depth_sigma: float = 0.08
    """Relative, of a resting foot's distance from the camera, for a body of known size."""
    size_sigma: float = 0.07
    """Of the logarithm of how much larger a person is than the lifter thinks."""
    outlier: float = 0.12
    """Relative; feet this far from where the floor is on their ray count a quarter: they stand on something else."""
    evidence: float = 20.0
    """Points of one person count at most as this many independent ones."""
    still_speed: float = 0.35
    """m/s across the line of sight, of a resting foot."""
    rounds: int = 12


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


def find_floor(
    people: Sequence[StandingPerson],
    fps: float,
    options: FloorOptions | None = None,
    *,
    floor: Floor | None = None,
    height: float | None = None,
) -> tuple[Floor, FloatArray]:
    """Gravity, the floor and how large people are, from what the lifter takes for up and from resting feet.

    A robust fit of the plane ``a x - y + b z + h = 0`` (camera axes) to the resting feet of people of uncertain size,
    drawn towards a level camera at a usual height, towards what the lifter takes for up and the sizes it takes people
    to be of.

    Args:
        people: at least one.
        fps: frames per second.
        options: what speaks for what.
        floor: where it is, if that is known.
        height: m, of the first person standing upright, if that is known.

    Returns:
        The floor, and how much larger and further away than given each person is (P,); that changes no picture.
    """
    options = options or FloorOptions()
    feet = _Feet.of(people, fps, options)
    lifted = np.median(np.concatenate([person.up for person in people]), axis=0)
    up = lifted[[0, 2]] / max(-lifted[1], LEAST_UPRIGHT)
    sizes = np.zeros(len(people))
    if height is not None:
        sizes[0] = np.log(height / proportions.stature(people[0].skeleton))
    plane = _below_lowest(feet, sizes, up) if floor is None else _plane(floor)
    known = np.array([floor is not None] * 3 + [height is not None] + [False] * (len(people) - 1))
    priors = _priors(up, len(people), options)
    state = np.concatenate([plane, sizes])
    for _ in range(options.rounds):
        state = _improved(state, ~known, feet, priors, options)
    length = float(np.sqrt(state[0] ** 2 + 1 + state[1] ** 2))
    found = Floor(np.array([state[0], -1.0, state[1]]) / length, float(state[2]) / length)
    return floor or found, np.exp(state[3:])


@dataclass(frozen=True, slots=True)
class _Feet:
    """The lowest foot point of every frame of everybody."""

    points: FloatArray
    """(N, 3) m, camera axes."""
    weights: FloatArray
    """(N,) how much each counts as one that rests."""
    owner: IntArray
    """(N,) index of the person."""

    @classmethod
    def of(cls, people: Sequence[StandingPerson], fps: float, options: FloorOptions) -> "_Feet":
        own = [_resting_feet(person, fps, options) for person in people]
        points, weights = (np.concatenate(parts) for parts in zip(*own, strict=True))
        return cls(points, weights, np.repeat(np.arange(len(people)), [len(part) for part, _ in own]))


def _below_lowest(feet: _Feet, sizes: FloatArray, up: FloatArray) -> FloatArray:
    """(3,) a, b, h of a floor with an upward slope (a, b) under the lowest person: others may stand on something."""
    below = (feet.points @ np.array([-up[0], 1.0, -up[1]])) * np.exp(sizes)[feet.owner]
    own = (feet.owner == person for person in range(len(sizes)))
    lowest = max(proportions.weighted_quantile(below[rows], feet.weights[rows], 0.5) for rows in own)
    return np.array([*up, max(lowest, LEAST_HEIGHT)])


def _plane(floor: Floor) -> FloatArray:
    """(3,) a, b, h, if the camera is held upright."""
    return np.asarray(np.array([floor.up[0], floor.up[2], floor.height]) / max(-floor.up[1], LEAST_UPRIGHT))


def _improved(
    state: FloatArray,
    free: BoolArray,
    feet: _Feet,
    priors: Sequence[tuple[int, float, float]],
    options: FloorOptions,
) -> FloatArray:
    """One Gauss-Newton step of the plane and the logarithms of sizes (a, b, h, ...), those that are free.

    What is uncertain about a foot is its depth, so the logarithm of its depth is compared with that of the floor on
    the same ray. (A fit of heights would be drawn to planes through the camera, along which depth errors move feet.)
    """
    rays = feet.points / feet.points[:, 2:]
    below = np.maximum(rays[:, 1] - state[0] * rays[:, 0] - state[1], HORIZON)
    depth = np.log(np.maximum(feet.points[:, 2], NEAREST)) + state[3:][feet.owner]
    residual = depth + np.log(below / state[2])
    jacobian = np.zeros((len(rays), len(state)))
    jacobian[:, :3] = np.stack([-rays[:, 0] / below, -1 / below, np.full(len(rays), -1 / state[2])], axis=1)
    jacobian[np.arange(len(rays)), 3 + feet.owner] = 1.0
    trust = feet.weights * (below > HORIZON) / options.depth_sigma**2 / (1 + (residual / options.outlier) ** 2) ** 2
    system = (jacobian * trust[:, None]).T @ jacobian
    right = -(jacobian * trust[:, None]).T @ residual
    for index, mean, sigma in priors:
        system[index, index] += sigma**-2
        right[index] += (mean - state[index]) * sigma**-2
    moved = state.copy()
    moved[free] += np.linalg.solve(system[np.ix_(free, free)], right[free])
    moved[:2] = np.clip(moved[:2], -1.0, 1.0)
    moved[2] = max(moved[2], LEAST_HEIGHT)
    return np.where(free, moved, state)


def _priors(up: FloatArray, people: int, options: FloorOptions) -> list[tuple[int, float, float]]:
    """Index into (a, b, h, ...), mean and standard deviation of what is known without the feet; up is (a, b)."""
    return [
        (0, 0.0, options.roll_sigma),
        (1, 0.0, options.pitch_sigma),
        (2, options.camera_height, options.camera_height_sigma),
        (0, float(up[0]), options.up_sigma),
        (1, float(up[1]), options.up_sigma),
        *((3 + person, 0.0, options.size_sigma) for person in range(people)),
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
