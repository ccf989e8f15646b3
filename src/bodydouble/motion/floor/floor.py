"""Floor plane and one scale per person, by a robust fit to resting feet.

In: ``StandingPerson``s (motions relative to the camera) and an ``UpEstimate``. Out: a ``Floor`` and scales (P,).
Further functions: pose of a camera above a floor, height of the support under a person, probability of free fall.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bodydouble.data import BoolArray, FloatArray, IntArray, Skeleton
from bodydouble.geometry import camera, rotation
from bodydouble.motion.body import proportions
from bodydouble.motion.floor.contacts import are_feet_ever_seen, lateral_speed, sole_confidence, sole_positions
from bodydouble.motion.floor.up_direction import UpEstimate, upright_axes

MIN_CAMERA_HEIGHT = 0.2
"""Minimum height in m of the camera above the floor."""
MIN_AIRBORNE_HEIGHT = 0.06
"""Height in m above the support below which no person counts as airborne."""
MAX_STEP_HEIGHT = 0.3
"""Height in m above or below the floor beyond which a person rests on something else."""
MIN_SUPPORT_DURATION = 1.0
"""Minimum duration in s of a stay on something other than the floor; jumps are shorter."""
MIN_DISTANCE = 0.1
"""Distance in m that is assumed for feet nearer to the camera, and depth below it for feet above it."""
MIN_HORIZON_ANGLE = 0.02
"""Angle in rad below the horizon under which feet have no influence on the floor."""
MAX_PITCH = 1.1
"""Pitch in rad beyond which the height of cameras is no longer expected to change."""
UNOBSERVED_WEIGHT = 1e-3
"""Weight of feet that are not observed; with it a floor exists even if all feet are outside the image."""
MAX_STANDING_SCALE = 1.2
"""Maximum factor by which a person whose feet are never seen is scaled to stand on the floor."""
MIN_LOWEST_WEIGHT = 0.5
"""Minimum weight of the feet of a person below the floor, relative to the largest, with which they set the floor."""


@dataclass(frozen=True, slots=True)
class FloorOptions:
    """Noise model and priors of the floor estimate."""

    target_height: float = 0.9
    """Height in m above the floor of the middle of a person, at which cameras look."""
    target_distance: float = 3.5
    """Usual distance in m of cameras from it; a camera that looks down is higher than one that looks up."""
    min_camera_height: float = 1.4
    """Minimum of the expected height in m of cameras above the floor: level ones are held at the height of the chest,
    and those that look up are as likely tilted as low."""
    camera_height_sigma: float = 0.6
    """Standard deviation in m of the height of cameras."""
    depth_sigma: float = 0.08
    """Relative standard deviation of the distance of a resting foot from the camera, for a body of known size."""
    scale_sigma: float = 0.07
    """Standard deviation of the logarithm of a person's size relative to the lifter's estimate."""
    outlier_depth: float = 0.12
    """Relative distance from the floor along the ray at which the weight of a foot is a quarter (robust loss)."""
    max_effective_samples: float = 20.0
    """Maximum number of independent samples that all feet of one person count as."""
    resting_speed: float = 0.35
    """Speed in m/s across the view ray at which the weight of a foot is halved."""
    iterations: int = 12
    """Number of Gauss-Newton steps."""


@dataclass(frozen=True, slots=True)
class StandingPerson:
    """Motion of a person relative to the camera and the confidence of the landmarks, in T frames."""

    skeleton: Skeleton
    rotations: FloatArray
    """(T, 22, 4) xyzw, local; the root's is camera_from_hips."""
    root_position: FloatArray
    """(T, 3) m, camera axes."""
    confidence: FloatArray
    """(T, 33) of the landmarks."""


@dataclass(frozen=True, slots=True)
class Floor:
    """Floor plane ``up . p + camera_height = 0`` in the axes of a static camera."""

    up: FloatArray
    """(3,) unit normal."""
    camera_height: float
    """Height in m of the camera above the floor."""

    def height_above(self, points: FloatArray) -> FloatArray:
        """Returns the heights (...) m above the floor of points (..., 3), camera axes."""
        return np.asarray(points @ self.up + self.camera_height)


def floor_from_camera(camera_from_world: FloatArray) -> Floor:
    """Returns the floor y = 0 of the world in the axes of a static camera (4, 4)."""
    return Floor(camera_from_world[:3, 1], float(camera.inverse(camera_from_world)[1, 3]))


def estimate_floor(
    people: Sequence[StandingPerson],
    fps: float,
    up: UpEstimate,
    options: FloorOptions | None = None,
    *,
    measured_height: float | None = None,
    stature: float | None = None,
) -> tuple[Floor, FloatArray]:
    """Fits the floor plane and one scale per person to resting feet.

    Robust Gauss-Newton fit of the plane ``a x - y + b z + h = 0`` in axes in which the estimated up direction is -y.
    Gaussian priors are on the slopes a and b, on the height of the camera and on the lifter's body sizes.

    Args:
        people: at least one.
        fps: frames per second.
        up: the up direction, estimated from other evidence.
        options: noise model and priors.
        measured_height: height in m of the camera above the floor, if it and the up direction are known; only scales
            are then estimated.
        stature: m, of the first person standing upright, if it is known; its scale is then fixed.

    Returns:
        The floor, and the factor (P,) by which each person is larger and farther away than given; scaling about the
        camera does not change the image.
    """
    options = options or FloorOptions()
    reference_from_upright = upright_axes(up.up)
    feet = _RestingFeet.from_people(people, fps, reference_from_upright, options)
    log_scales = np.zeros(len(people))
    if stature is not None:
        log_scales[0] = np.log(stature / proportions.stature(people[0].skeleton))
    seen = np.array([are_feet_ever_seen(person.confidence, fps) for person in people])
    height = _height_above_lowest(feet, log_scales, seen) if measured_height is None else measured_height
    fixed = np.array([measured_height is not None] * 3 + [stature is not None] + [False] * (len(people) - 1))
    priors = _gaussian_priors(up, len(people), options)
    if not seen.any():
        # Guessed feet would only tilt the plane towards the mean height of cameras.
        feet = replace(feet, weights=np.zeros_like(feet.weights))
    start = np.concatenate([[0.0, 0.0, height], log_scales])
    floor, scales = _fit_floor(start, ~fixed, feet, priors, options)
    lowest = _person_below_floor(floor, scales, feet, seen) if seen.any() else 0
    if lowest is not None:
        floor = _floor_below_person(floor, scales, feet, lowest)
    if measured_height is not None:
        floor = Floor(np.array([0.0, -1.0, 0.0]), measured_height)
    scales = _standing_scales(floor, scales, feet, fixed[3:] | seen)
    return replace(floor, up=reference_from_upright @ floor.up), scales


def _fit_floor(
    state: FloatArray,
    free: BoolArray,
    feet: "_RestingFeet",
    priors: Sequence[tuple[int, float, float]],
    options: FloorOptions,
) -> tuple[Floor, FloatArray]:
    """Fits plane and logarithms of scales (a, b, h, ...) from a start; returns the floor and the scales (P,)."""
    for _ in range(options.iterations):
        state = _gauss_newton_step(state, free, feet, priors, options)
    length = float(np.sqrt(state[0] ** 2 + 1 + state[1] ** 2))
    floor = Floor(np.array([state[0], -1.0, state[1]]) / length, float(state[2]) / length)
    return floor, np.exp(state[3:])


@dataclass(frozen=True, slots=True)
class _RestingFeet:
    """Lowest sole point of every frame of all people, N together."""

    points: FloatArray
    """(N, 3) m, upright axes; the lowest of the soles."""
    soles: FloatArray
    """(N, 4, 3) m, upright axes."""
    weights: FloatArray
    """(N,) weight of each point, large where the foot rests."""
    person_ids: IntArray
    """(N,) index of the person."""

    @classmethod
    def from_people(
        cls, people: Sequence[StandingPerson], fps: float, reference_from_upright: FloatArray, options: FloorOptions
    ) -> "_RestingFeet":
        """Collects the points of all people and rotates them by (3, 3) to upright axes."""
        per_person = [_lowest_sole_points(person, fps, reference_from_upright, options) for person in people]
        points, soles, weights = (np.concatenate(parts) for parts in zip(*per_person, strict=True))
        counts = [len(person_points) for person_points, *_ in per_person]
        return cls(points, soles, weights, np.repeat(np.arange(len(people)), counts))

    def median_below_camera(self, up: FloatArray, scale: float, person: int) -> float:
        """Returns the median depth, m, of the lowest point of the soles of a person of a scale below the camera."""
        return scale * float(np.median(np.max(-self.soles[self.person_ids == person] @ up, axis=1)))


def _person_below_floor(floor: Floor, scales: FloatArray, feet: _RestingFeet, seen: BoolArray) -> int | None:
    """Returns the lowest one of the people whose seen feet are far below a floor, or None.

    A person seen much less than others does not count, as the floor would be worse for the others.
    """
    weights = np.bincount(feet.person_ids, feet.weights, len(scales))
    depth = np.array([feet.median_below_camera(floor.up, scale, i) for i, scale in enumerate(scales)])
    counts = seen & (weights >= MIN_LOWEST_WEIGHT * weights.max()) & (depth > floor.camera_height + MAX_STEP_HEIGHT)
    return int(np.argmax(np.where(counts, depth, -np.inf))) if counts.any() else None


def _floor_below_person(floor: Floor, scales: FloatArray, feet: _RestingFeet, person: int) -> Floor:
    """Returns the floor at the median height of the soles of a person, below the camera."""
    depth = feet.median_below_camera(floor.up, scales[person], person)
    return replace(floor, camera_height=depth)


def _standing_scales(floor: Floor, scales: FloatArray, feet: _RestingFeet, fixed: BoolArray) -> FloatArray:
    """Returns scales (P,) with which people stand on a floor; a fixed or an implausible scale is not changed."""
    depth = np.array([feet.median_below_camera(floor.up, scale, i) for i, scale in enumerate(scales)])
    ratio = max(floor.camera_height, MIN_DISTANCE) / np.maximum(depth, MIN_DISTANCE)
    plausible = (depth > MIN_DISTANCE) & (np.maximum(ratio, 1 / ratio) <= MAX_STANDING_SCALE)
    return np.where(plausible & ~fixed, scales * ratio, scales)


def _height_above_lowest(feet: _RestingFeet, log_scales: FloatArray, seen: BoolArray) -> float:
    """Returns the height in m of the camera above the lowest person: others may stand on an object.

    People whose feet are never seen do not count, unless those of nobody are.
    """
    below = feet.points[:, 1] * np.exp(log_scales)[feet.person_ids]
    masks = (feet.person_ids == person for person in np.flatnonzero(seen | ~seen.any()))
    lowest = max(proportions.weighted_quantile(below[mask], feet.weights[mask], 0.5) for mask in masks)
    return max(lowest, MIN_CAMERA_HEIGHT)


def _gauss_newton_step(
    state: FloatArray,
    free: BoolArray,
    feet: _RestingFeet,
    priors: Sequence[tuple[int, float, float]],
    options: FloorOptions,
) -> FloatArray:
    """Applies one Gauss-Newton step to the free ones of plane and logarithms of scales (a, b, h, ...).

    The uncertain quantity of a foot is its distance, so the residual is the difference in the logarithm of distance
    between the foot and the floor on the same ray. (A fit of heights would prefer planes through the camera, along
    which errors of distance move feet.)
    """
    system, right = _normal_equations(state, feet, options)
    for index, mean, sigma in priors:
        system[index, index] += sigma**-2
        right[index] += (mean - state[index]) * sigma**-2
    updated = state.copy()
    updated[free] += np.linalg.solve(system[np.ix_(free, free)], right[free])
    updated[:2] = np.clip(updated[:2], -1.0, 1.0)
    updated[2] = max(updated[2], MIN_CAMERA_HEIGHT)
    return np.where(free, updated, state)


def _normal_equations(state: FloatArray, feet: _RestingFeet, options: FloorOptions) -> tuple[FloatArray, FloatArray]:
    """Returns J'WJ and -J'Wr of the log-distance residuals r of feet at plane and logarithms of scales (a, b, h, ...).

    The weights W are those of the feet, lowered for outliers and 0 near the horizon.
    """
    rays = rotation.normalize(feet.points)
    below_horizon = np.maximum(rays[:, 1] - state[0] * rays[:, 0] - state[1] * rays[:, 2], MIN_HORIZON_ANGLE)
    distance = np.linalg.norm(feet.points, axis=-1)
    log_distance = np.log(np.maximum(distance, MIN_DISTANCE)) + state[3:][feet.person_ids]
    residual = log_distance + np.log(below_horizon / state[2])
    jacobian = np.zeros((len(rays), len(state)))
    jacobian[:, :3] = np.stack(
        [-rays[:, 0] / below_horizon, -rays[:, 2] / below_horizon, np.full(len(rays), -1 / state[2])], axis=1
    )
    jacobian[np.arange(len(rays)), 3 + feet.person_ids] = 1.0
    robust_weight = feet.weights / options.depth_sigma**2 / (1 + (residual / options.outlier_depth) ** 2) ** 2
    weighted_transpose = (jacobian * (robust_weight * (below_horizon > MIN_HORIZON_ANGLE))[:, None]).T
    return weighted_transpose @ jacobian, -weighted_transpose @ residual


def _gaussian_priors(up: UpEstimate, person_count: int, options: FloorOptions) -> list[tuple[int, float, float]]:
    """Returns the Gaussian priors: index into (a, b, h, ...), mean and standard deviation."""
    pitch = np.arcsin(-up.up[2])
    height = options.target_height + options.target_distance * np.tan(np.clip(pitch, -MAX_PITCH, MAX_PITCH))
    return [
        (0, 0.0, up.roll_sigma),
        (1, 0.0, up.pitch_sigma),
        (2, max(height, options.min_camera_height), options.camera_height_sigma),
        *((3 + person, 0.0, options.scale_sigma) for person in range(person_count)),
    ]


def _lowest_sole_points(
    person: StandingPerson, fps: float, reference_from_upright: FloatArray, options: FloorOptions
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Returns the lowest sole point of each frame (T, 3) m, all soles (T, 4, 3) m, upright axes, and a weight (T,)."""
    soles = sole_positions(person.skeleton, person.rotations, person.root_position) @ reference_from_upright
    lowest = soles[..., 1].argmax(axis=1)
    rows = np.arange(len(soles))
    speed = lateral_speed(soles, rotation.normalize(soles), fps)[rows, lowest]
    visibility = sole_confidence(person.confidence)[rows, lowest] + UNOBSERVED_WEIGHT
    weight = visibility / (1 + (speed / options.resting_speed) ** 4)
    return soles[rows, lowest], soles, weight * min(1.0, options.max_effective_samples / weight.sum())


def camera_pose_above_floor(floor: Floor, origin: FloatArray) -> FloatArray:
    """Returns camera_from_world (4, 4) of a camera above a floor.

    Args:
        floor: the floor in camera axes.
        origin: (3,) m, camera axes; the world's origin lies on the floor below it.
    """
    backward = rotation.normalize(np.array([0.0, 0.0, -1.0]) + floor.up[2] * floor.up)
    world_from_camera = np.eye(4)
    world_from_camera[:3, :3] = np.stack([np.cross(floor.up, backward), floor.up, backward])
    below = origin - floor.height_above(origin) * floor.up
    world_from_camera[:3, 3] = -world_from_camera[:3, :3] @ below
    return camera.inverse(world_from_camera)


def support_height(lowest: FloatArray, fps: float) -> FloatArray:
    """Estimates the height of the surface under a person: the floor, or stairs, a stage or a roof after a long stay.

    Args:
        lowest: (T,) m, height of the body's lowest point above the floor.
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
    """Estimates the probability (T,) of free fall: no sole rests and no landmark is near the support.

    Args:
        height_above_support: (T, L) m, height of the landmarks above the support.
        contacts: (T, 4) probabilities that the soles rest.
    """
    return np.where(height_above_support.min(axis=1) > MIN_AIRBORNE_HEIGHT, np.prod(1 - contacts, axis=1), 0.0)
