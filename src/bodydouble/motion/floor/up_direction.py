"""Up direction of a clip: maximum a posteriori estimate of roll and pitch of the camera.

In: lifted people, camera poses and lines of the background. Out: an ``UpEstimate``. The evidence:

- Lines of the background (``camera.vanishing_points``) are the most accurate. They are silent without buildings.
- People's balance (``balance.py``) shows the roll of the camera, and its pitch as well as the lifter does.
- The lifter's gravity shows the pitch. It is trained on level cameras, so it says nothing about the roll.
- Cameras are mostly held level. The prior has heavy tails, so that good evidence overrules it.
- Feet on the floor are below the horizon, as the camera is above the floor.

The posterior has several maxima, so it is evaluated on a grid of rolls and pitches, and on finer ones around the best.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.geometry import rotation
from bodydouble.motion.camera.vanishing_points import BackgroundLines
from bodydouble.motion.fit.terms import SOLE_LANDMARKS
from bodydouble.motion.floor.balance import BalanceAxes
from bodydouble.motion.floor.contacts import seen_feet
from bodydouble.motion.lifting.fit_input import FitInput

MIN_SIGMA, MAX_SIGMA = np.radians(0.4), np.radians(15.0)
"""Bounds in rad of the standard deviations of the estimate."""
CURVATURE_STEP = np.radians(2.0)
"""Angle in rad over which the curvature of the log-posterior is measured: the likelihood of lines is rugged."""
MAX_LEVEL_COSINE = 0.99
"""Cosine of the angle between the optical axis and the vertical beyond which a camera looks straight up or down."""
MAX_FOOT_FRAMES = 20
"""Number of frames of a person whose feet are compared with the horizon."""
MEAN_ITERATIONS = 10
"""Number of iterations of a robust mean."""


@dataclass(frozen=True, slots=True)
class UpOptions:
    """Noise model and prior of the up direction. Angles in rad; Student's t distributions with ``tails`` as degrees of
    freedom."""

    roll_scale: float = np.radians(3.5)
    """Scale of the roll of cameras, which has a Cauchy distribution."""
    pitch_mean: float = np.radians(8.0)
    """Mean pitch of cameras, downwards."""
    pitch_scale: float = np.radians(14.0)
    """Scale of the pitch of cameras."""
    pitch_tails: float = 4.0
    balance_sigma: tuple[float, float] = (np.radians(3.8), np.radians(8.5))
    """Of roll and pitch by the balance of people, measured on rendered clips of validation subjects. Those of the pitch
    are larger than measured, as balance and gravity come from one lifter."""
    balance_tails: float = 15.0
    balance_seconds: float = 0.05
    """Time in s in contact with the floor at which the standard deviation by balance is doubled."""
    axis_outlier: float = 0.2
    """Angle in rad from the mean axis at which the weight of a frame is halved (Cauchy loss)."""
    lifter_pitch_sigma: float = np.radians(10.0)
    """Of the pitch by the lifter's gravity, likewise."""
    lifter_pitch_gain: float = 0.7
    """Change of the pitch by the lifter's gravity with that of the camera: it regresses to the mean."""
    lifter_tails: float = 5.0
    min_foot_angle: float = np.radians(1.0)
    """Minimum angle of feet below the horizon."""
    foot_sigma: float = np.radians(1.0)
    """Scale of the angle by which feet are higher, as on a stage above the camera."""
    foot_tails: float = 4.0
    max_roll: float = np.radians(48.0)
    """Bound of the roll."""
    pitch_range: tuple[float, float] = (np.radians(-60.0), np.radians(80.0))
    """Bounds of the pitch."""
    steps: tuple[float, ...] = (np.radians(4.0), np.radians(1.0), np.radians(0.25))
    """Distances of the grids."""
    peaks: tuple[int, ...] = (3, 1)
    """Number of maxima of each grid around which the next finer one is evaluated."""
    max_frames: int = 5
    """Number of camera poses to which the prior is applied."""


@dataclass(frozen=True, slots=True)
class UpEstimate:
    """Up direction and its uncertainty."""

    up: FloatArray
    """(3,) unit, axes of the reference."""
    roll_sigma: float
    """Standard deviation in rad of the roll of the camera."""
    pitch_sigma: float
    """Standard deviation in rad of the pitch of the camera."""

    @classmethod
    def measured(cls, up: FloatArray) -> "UpEstimate":
        """Returns the estimate of a measured up direction (3,)."""
        return cls(up, MIN_SIGMA, MIN_SIGMA)


def estimate_up(
    people: Sequence[FitInput],
    reference_from_camera: FloatArray,
    lines: BackgroundLines | None = None,
    options: UpOptions | None = None,
) -> UpEstimate:
    """Estimates the up direction.

    Args:
        people: at least one, lifted.
        reference_from_camera: (F, 4, 4) camera poses.
        lines: of the background; None: there are none.
        options: noise model and prior.
    """
    options = options or UpOptions()
    posterior = _Posterior.from_evidence(people, reference_from_camera, lines, options)
    first, *finer = options.steps
    centers = _grid(np.zeros((1, 2)), np.array([[-options.max_roll, options.max_roll], options.pitch_range]), first)
    scores = posterior.evaluate(centers, blur=first / 2)
    for step, coarser, peaks in zip(finer, options.steps, options.peaks, strict=False):
        best = _find_maxima(centers, scores, 1.5 * coarser, peaks)
        centers = _grid(centers[best], np.array([[-coarser, coarser]] * 2), step)
        scores = posterior.evaluate(centers, blur=step / 2)
    up = up_from_angles(centers[np.argmax(scores)])
    return UpEstimate(up, *posterior.tilt_sigmas(up))


def roll_and_pitch(ups: FloatArray) -> FloatArray:
    """Returns roll and downward pitch (..., 2) in rad of cameras with up directions (..., 3), camera axes."""
    pitch = np.arcsin(np.clip(-ups[..., 2], -1.0, 1.0))
    return np.stack([np.arctan2(ups[..., 0], -ups[..., 1]), pitch], axis=-1)


def up_from_angles(angles: FloatArray) -> FloatArray:
    """Returns the up directions (..., 3), camera axes, of cameras with roll and downward pitch (..., 2) in rad."""
    roll, pitch = angles[..., 0], angles[..., 1]
    level = np.cos(pitch)
    return np.stack([np.sin(roll) * level, -np.cos(roll) * level, -np.sin(pitch)], axis=-1)


def upright_axes(up: FloatArray) -> FloatArray:
    """Returns reference_from_upright (3, 3): axes to the right, down and forward of a camera whose up is (3,).

    Forward is upwards in the image for a camera that looks straight down.
    """
    ahead = np.array([0.0, 0.0, 1.0] if abs(up[2]) < MAX_LEVEL_COSINE else [0.0, -1.0, 0.0])
    right = rotation.normalize(np.cross(-up, ahead))
    return np.stack([right, -up, np.cross(right, -up)], axis=-1)


@dataclass(frozen=True, slots=True)
class _Posterior:
    """Logarithm of the posterior of up directions, without constant."""

    camera_rotations: FloatArray
    """(K, 3, 3) reference_from_camera of some frames."""
    balance: FloatArray
    """(2,) roll and pitch of the mean axis of balance."""
    balance_sigma: FloatArray
    """(2,) rad; infinite without balance."""
    lifter_up: FloatArray
    """(3,) mean of the lifter's up directions, axes of the reference."""
    feet: tuple[FloatArray, ...]
    """(N, 4, 3) unit rays to the soles of each person whose feet are seen, in N frames, axes of the reference."""
    lines: BackgroundLines | None
    options: UpOptions

    @classmethod
    def from_evidence(
        cls,
        people: Sequence[FitInput],
        reference_from_camera: FloatArray,
        lines: BackgroundLines | None,
        options: UpOptions,
    ) -> "_Posterior":
        """Summarises the evidence; arguments as for ``estimate_up``."""
        balances = [BalanceAxes.of(person) for person in people]
        axes, weights = (np.concatenate([getattr(b, name) for b in balances]) for name in ("axes", "weights"))
        seconds = weights.sum() / people[0].targets.fps
        ups = np.concatenate([np.asarray(person.up, np.float64) for person in people])
        sampled = np.linspace(0, len(reference_from_camera) - 1, options.max_frames).round().astype(int)
        return cls(
            reference_from_camera[np.unique(sampled), :3, :3],
            roll_and_pitch(mean_direction(axes, weights, options.axis_outlier)),
            np.array(options.balance_sigma) * (1 + options.balance_seconds / max(seconds, 1e-9)),
            mean_direction(ups, np.ones(len(ups)), options.axis_outlier),
            tuple(rays for rays in map(_seen_foot_rays, people) if len(rays)),
            lines,
            options,
        )

    def evaluate(self, angles: FloatArray, blur: float = 0.0) -> FloatArray:
        """Returns the log-posterior (M,) of rolls and pitches (M, 2); ``blur`` in rad is added to the lines' sigma."""
        ups, options = up_from_angles(angles), self.options
        total = np.mean([self._evaluate_camera(ups, turn) for turn in self.camera_rotations], axis=0)
        deviation = (angles - self.balance) * [np.cos(self.balance[1]), 1.0] / self.balance_sigma
        total += log_student(deviation, options.balance_tails).sum(axis=-1)
        total += sum(self._evaluate_feet(ups, rays) for rays in self.feet)
        return np.asarray(total if self.lines is None else total + self.lines.log_likelihood(ups, blur))

    def _evaluate_feet(self, ups: FloatArray, rays: FloatArray) -> FloatArray:
        """Returns the log-likelihood (M,) of up directions (M, 3) by the lowest soles (N, 4, 3) of a person."""
        above = np.arcsin(np.clip(np.median((rays @ ups.T).min(axis=1), axis=0), -1.0, 1.0))
        excess = np.maximum(above + self.options.min_foot_angle, 0.0)
        return log_student(excess / self.options.foot_sigma, self.options.foot_tails)

    def _evaluate_camera(self, ups: FloatArray, reference_from_camera: FloatArray) -> FloatArray:
        """Returns the sum (M,) of the log-prior of a camera (3, 3) and of what the lifter sees of its pitch."""
        options = self.options
        roll, pitch = roll_and_pitch(ups @ reference_from_camera).T
        lifter_pitch = roll_and_pitch(self.lifter_up @ reference_from_camera)[1]
        regressed = options.pitch_mean + options.lifter_pitch_gain * (pitch - options.pitch_mean)
        terms = (
            log_student(roll * np.cos(pitch) / options.roll_scale, 1.0),
            log_student((pitch - options.pitch_mean) / options.pitch_scale, options.pitch_tails),
            log_student((regressed - lifter_pitch) / options.lifter_pitch_sigma, options.lifter_tails),
        )
        return np.asarray(sum(terms))

    def tilt_sigmas(self, up: FloatArray) -> tuple[float, float]:
        """Returns the standard deviations in rad of roll and pitch at a maximum (3,), from the curvature there."""
        right, _, forward = upright_axes(up).T
        tilts = CURVATURE_STEP * np.stack([0 * up, right, -right, forward, -forward])
        scores = self.evaluate(roll_and_pitch(rotation.normalize(up + tilts)))
        curvature = (2 * scores[0] - scores[[1, 3]] - scores[[2, 4]]) / CURVATURE_STEP**2
        roll_sigma, pitch_sigma = np.clip(np.maximum(curvature, 1e-9) ** -0.5, MIN_SIGMA, MAX_SIGMA)
        return float(roll_sigma), float(pitch_sigma)


def _seen_foot_rays(person: FitInput) -> FloatArray:
    """Returns the unit rays (N, 4, 3) to the soles in up to MAX_FOOT_FRAMES frames in which a foot is seen."""
    targets = person.targets
    seen = np.flatnonzero(seen_feet(person.confidence, targets.fps).any(axis=1))
    rows = seen[np.unique(np.linspace(0, len(seen) - 1, MAX_FOOT_FRAMES).round().astype(int))] if len(seen) else seen
    points = np.asarray(targets.points[rows][:, SOLE_LANDMARKS], np.float64)
    rays = rotation.normalize(np.concatenate([points, np.ones((*points.shape[:2], 1))], axis=-1))
    return np.asarray(rays @ targets.camera_from_reference[rows][:, :, :3])


def log_student(deviation: FloatArray, tails: float) -> FloatArray:
    """Returns the logarithm of Student's t density, relative to its maximum."""
    return np.asarray(-(tails + 1) / 2 * np.log1p(deviation**2 / tails))


def mean_direction(directions: FloatArray, weights: FloatArray, outlier: float) -> FloatArray:
    """Returns the robust mean (3,) of directions (N, 3) with weights (N,): Cauchy loss of a scale in rad."""
    mean = rotation.normalize(weights @ directions)
    for _ in range(MEAN_ITERATIONS):
        angle = np.arccos(np.clip(directions @ mean, -1.0, 1.0))
        mean = rotation.normalize((weights / (1 + (angle / outlier) ** 2)) @ directions)
    return mean


def _grid(centers: FloatArray, bounds: FloatArray, step: float) -> FloatArray:
    """Returns the points (M, 2) of grids around centres (C, 2), between bounds (2, 2) relative to them."""
    offsets = np.meshgrid(*(np.arange(low, high + step / 2, step) for low, high in bounds), indexing="ij")
    return np.asarray((centers[:, None] + np.stack(offsets, axis=-1).reshape(-1, 2)).reshape(-1, 2))


def _find_maxima(points: FloatArray, scores: FloatArray, radius: float, count: int) -> list[int]:
    """Returns the indices of the best of the points (M, 2) that are farther than a radius from better ones."""
    chosen: list[int] = []
    for index in np.argsort(-scores):
        if len(chosen) == count:
            break
        if all(np.abs(points[index] - points[other]).max() > radius for other in chosen):
            chosen.append(int(index))
    return chosen
