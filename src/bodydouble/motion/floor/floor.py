"""Gravity, the floor, and where on it people stand."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bodydouble.data import BoolArray, FloatArray, IntArray, Skeleton
from bodydouble.geometry import camera, rotation
from bodydouble.motion.body import proportions
from bodydouble.motion.floor.contacts import SOLE_LANDMARKS as CONTACT_LANDMARKS
from bodydouble.motion.floor.contacts import lateral_speed, sole_positions

MIN_CAMERA_HEIGHT = 0.2
"""m; a camera is no lower."""
MIN_UPRIGHT_COSINE = 0.3
"""Cosine of the largest angle between up and the picture's up."""
MIN_AIRBORNE_HEIGHT = 0.06
"""m; who jumps is higher."""
MAX_STEP_HEIGHT = 0.3
"""m; who stays farther from the floor rests on something else."""
MIN_SUPPORT_DURATION = 1.0
"""s; a jump is shorter."""
MIN_DEPTH = 0.1
"""m; feet nearer to the camera, or behind it, are taken to be this far away."""
MIN_HORIZON_ANGLE = 0.02
"""Feet nearer to the horizon than this angle (rad) say nothing about the floor."""
UNOBSERVED_WEIGHT = 1e-3
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
    scale_sigma: float = 0.07
    """Of the logarithm of how much larger a person is than the lifter thinks."""
    outlier_depth: float = 0.12
    """Relative; feet this far from where the floor is on their ray count a quarter: they stand on something else."""
    max_effective_samples: float = 20.0
    """Points of one person count at most as this many independent ones."""
    resting_speed: float = 0.35
    """m/s across the line of sight, of a resting foot."""
    iterations: int = 12


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
    camera_height: float
    """m, of the camera above the floor."""


def floor_from_camera(camera_from_world: FloatArray) -> Floor:
    """The floor y = 0 of the world, as a static camera (4, 4) sees it."""
    return Floor(camera_from_world[:3, 1], float(camera.inverse(camera_from_world)[1, 3]))


def estimate_floor(
    people: Sequence[StandingPerson],
    fps: float,
    options: FloorOptions | None = None,
    *,
    measured_floor: Floor | None = None,
    stature: float | None = None,
) -> tuple[Floor, FloatArray]:
    """Gravity, the floor and how large people are, from what the lifter takes for up and from resting feet.

    A robust fit of the plane ``a x - y + b z + h = 0`` (camera axes) to the resting feet of people of uncertain size,
    drawn towards a level camera at a usual height, towards what the lifter takes for up and the sizes it takes people
    to be of.

    Args:
        people: at least one.
        fps: frames per second.
        options: what speaks for what.
        measured_floor: where it is, if that is known.
        stature: m, of the first person standing upright, if that is known.

    Returns:
        The floor, and how much larger and further away than given each person is (P,); that changes no picture.
    """
    options = options or FloorOptions()
    feet = _RestingFeet.from_people(people, fps, options)
    median_up = np.median(np.concatenate([person.up for person in people]), axis=0)
    up_slope = median_up[[0, 2]] / max(-median_up[1], MIN_UPRIGHT_COSINE)
    log_scales = np.zeros(len(people))
    if stature is not None:
        log_scales[0] = np.log(stature / proportions.stature(people[0].skeleton))
    plane = (
        _plane_below_lowest(feet, log_scales, up_slope) if measured_floor is None else _plane_parameters(measured_floor)
    )
    fixed = np.array([measured_floor is not None] * 3 + [stature is not None] + [False] * (len(people) - 1))
    priors = _gaussian_priors(up_slope, len(people), options)
    state = np.concatenate([plane, log_scales])
    for _ in range(options.iterations):
        state = _gauss_newton_step(state, ~fixed, feet, priors, options)
    length = float(np.sqrt(state[0] ** 2 + 1 + state[1] ** 2))
    estimated_floor = Floor(np.array([state[0], -1.0, state[1]]) / length, float(state[2]) / length)
    return measured_floor or estimated_floor, np.exp(state[3:])


@dataclass(frozen=True, slots=True)
class _RestingFeet:
    """The lowest foot point of every frame of everybody."""

    points: FloatArray
    """(N, 3) m, camera axes."""
    weights: FloatArray
    """(N,) how much each counts as one that rests."""
    person_ids: IntArray
    """(N,) index of the person."""

    @classmethod
    def from_people(cls, people: Sequence[StandingPerson], fps: float, options: FloorOptions) -> "_RestingFeet":
        per_person = [_lowest_sole_points(person, fps, options) for person in people]
        points, weights = (np.concatenate(parts) for parts in zip(*per_person, strict=True))
        return cls(
            points, weights, np.repeat(np.arange(len(people)), [len(person_points) for person_points, _ in per_person])
        )


def _plane_below_lowest(feet: _RestingFeet, log_scales: FloatArray, up_slope: FloatArray) -> FloatArray:
    """(3,) a, b, h of a floor with an upward slope (a, b) under the lowest person: others may stand on something."""
    below = (feet.points @ np.array([-up_slope[0], 1.0, -up_slope[1]])) * np.exp(log_scales)[feet.person_ids]
    masks = (feet.person_ids == person for person in range(len(log_scales)))
    lowest = max(proportions.weighted_quantile(below[mask], feet.weights[mask], 0.5) for mask in masks)
    return np.array([*up_slope, max(lowest, MIN_CAMERA_HEIGHT)])


def _plane_parameters(floor: Floor) -> FloatArray:
    """(3,) a, b, h, if the camera is held upright."""
    return np.asarray(np.array([floor.up[0], floor.up[2], floor.camera_height]) / max(-floor.up[1], MIN_UPRIGHT_COSINE))


def _gauss_newton_step(
    state: FloatArray,
    free: BoolArray,
    feet: _RestingFeet,
    priors: Sequence[tuple[int, float, float]],
    options: FloorOptions,
) -> FloatArray:
    """One Gauss-Newton step of the plane and the logarithms of sizes (a, b, h, ...), those that are free.

    What is uncertain about a foot is its depth, so the logarithm of its depth is compared with that of the floor on
    the same ray. (A fit of heights would be drawn to planes through the camera, along which depth errors move feet.)
    """
    rays = feet.points / feet.points[:, 2:]
    slope = np.maximum(rays[:, 1] - state[0] * rays[:, 0] - state[1], MIN_HORIZON_ANGLE)
    log_depth = np.log(np.maximum(feet.points[:, 2], MIN_DEPTH)) + state[3:][feet.person_ids]
    residual = log_depth + np.log(slope / state[2])
    jacobian = np.zeros((len(rays), len(state)))
    jacobian[:, :3] = np.stack([-rays[:, 0] / slope, -1 / slope, np.full(len(rays), -1 / state[2])], axis=1)
    jacobian[np.arange(len(rays)), 3 + feet.person_ids] = 1.0
    weight = (
        feet.weights
        * (slope > MIN_HORIZON_ANGLE)
        / options.depth_sigma**2
        / (1 + (residual / options.outlier_depth) ** 2) ** 2
    )
    system = (jacobian * weight[:, None]).T @ jacobian
    right = -(jacobian * weight[:, None]).T @ residual
    for index, mean, sigma in priors:
        system[index, index] += sigma**-2
        right[index] += (mean - state[index]) * sigma**-2
    updated = state.copy()
    updated[free] += np.linalg.solve(system[np.ix_(free, free)], right[free])
    updated[:2] = np.clip(updated[:2], -1.0, 1.0)
    updated[2] = max(updated[2], MIN_CAMERA_HEIGHT)
    return np.where(free, updated, state)


def _gaussian_priors(up_slope: FloatArray, person_count: int, options: FloorOptions) -> list[tuple[int, float, float]]:
    """Index into (a, b, h, ...), mean and standard deviation of what is known without the feet; up is (a, b)."""
    return [
        (0, 0.0, options.roll_sigma),
        (1, 0.0, options.pitch_sigma),
        (2, options.camera_height, options.camera_height_sigma),
        (0, float(up_slope[0]), options.up_sigma),
        (1, float(up_slope[1]), options.up_sigma),
        *((3 + person, 0.0, options.scale_sigma) for person in range(person_count)),
    ]


def _lowest_sole_points(person: StandingPerson, fps: float, options: FloorOptions) -> tuple[FloatArray, FloatArray]:
    """The lowest foot point of each frame (T, 3) m, camera axes, and how much each counts (T,)."""
    soles = sole_positions(person.skeleton, person.rotations, person.root_position)
    lowest = soles[..., 1].argmax(axis=1)
    rows = np.arange(len(soles))
    speed = lateral_speed(soles, rotation.normalize(soles), fps)[rows, lowest]
    visibility = person.confidence[:, CONTACT_LANDMARKS][rows, lowest] + UNOBSERVED_WEIGHT
    weight = visibility / (1 + (speed / options.resting_speed) ** 4)
    return soles[rows, lowest], weight * min(1.0, options.max_effective_samples / weight.sum())


def camera_pose_above_floor(floor: Floor, origin: FloatArray) -> FloatArray:
    """(4, 4) of a camera above the floor.

    Args:
        floor: the floor in camera axes.
        origin: (3,) m, camera axes; the world's origin lies on the floor below it.
    """
    backward = rotation.normalize(np.array([0.0, 0.0, -1.0]) + floor.up[2] * floor.up)
    world_from_camera = np.eye(4)
    world_from_camera[:3, :3] = np.stack([np.cross(floor.up, backward), floor.up, backward])
    below = origin - (origin @ floor.up + floor.camera_height) * floor.up
    world_from_camera[:3, 3] = -world_from_camera[:3, :3] @ below
    return camera.inverse(world_from_camera)


def support_height(lowest: FloatArray, fps: float) -> FloatArray:
    """What somebody may rest on: the floor, or what they stay on for a while: stairs, a stage, a roof.

    Args:
        lowest: (T,) m above the floor, of the body's lowest point.
        fps: frames per second.

    Returns:
        (T,) m above the floor.
    """
    support = np.zeros(len(lowest))
    away = np.abs(lowest) > MAX_STEP_HEIGHT
    for stretch in np.split(np.arange(len(lowest)), np.flatnonzero(np.diff(away)) + 1):
        if len(stretch) == 0 or not away[stretch[0]] or len(stretch) < MIN_SUPPORT_DURATION * fps:
            continue
        level = np.median(lowest[stretch])
        support[stretch[lowest[stretch] > level - MAX_STEP_HEIGHT]] = level
    return support


def airborne_probability(height_above_support: FloatArray, contacts: FloatArray) -> FloatArray:
    """(T,) probability that nobody and nothing holds a body: no sole rests and no landmark is near what it may rest on.

    Args:
        height_above_support: (T, L) m, of the landmarks above what the body may rest on.
        contacts: (T, 4) probabilities.
    """
    return np.where(height_above_support.min(axis=1) > MIN_AIRBORNE_HEIGHT, np.prod(1 - contacts, axis=1), 0.0)
