"""What speaks for a motion: each term adds its residuals to the sums that the fit needs, and tells their cost.

A residual is a number of standard deviations. Where a term is robust its weight falls with the residual (Cauchy), and
the weight is held fixed within a step.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from bodydouble.data import FloatArray, Skeleton
from bodydouble.geometry.rotation_log import log_jacobian, logarithm
from bodydouble.motion.fit.jacobian import Jacobian
from bodydouble.motion.fit.kinematics import GROUPS, JOINTS, UNKNOWNS, Posed, posed
from bodydouble.motion.fit.normal_equations import NormalEquations
from bodydouble.skeletons import blazepose, humanoid

LANDMARKS = tuple(
    blazepose.INDEX[name]
    for name in (
        "nose", "left_ear", "right_ear",
        *(f"{side}_{part}" for part in ("shoulder", "elbow", "wrist", "index", "pinky", "hip", "knee", "ankle",
                                        "heel", "foot_index") for side in ("left", "right")),
    )
)  # fmt: skip
"""Landmarks that the fit looks at."""
FEET = tuple(
    LANDMARKS.index(blazepose.INDEX[name])
    for name in ("left_heel", "left_foot_index", "right_heel", "right_foot_index")
)
"""Rows of LANDMARKS, order of CONTACT_POINTS."""
BEARING = tuple(
    LANDMARKS.index(blazepose.INDEX[f"{side}_{part}"])
    for part in ("wrist", "index", "knee")
    for side in ("left", "right")
)
"""Rows of LANDMARKS that somebody who crawls, rolls or stands on the hands rests on."""
SOLID = tuple(
    LANDMARKS.index(blazepose.INDEX[f"{side}_{part}"])
    for part in ("heel", "foot_index", "knee", "wrist", "index", "elbow", "hip", "shoulder")
    for side in ("left", "right")
)
"""Rows of LANDMARKS that do not sink into the floor."""
_ACROSS_HINGE = np.zeros((JOINTS, 3), dtype=bool)
"""Axes about which knees (all but x) and elbows (x) do not bend."""
for _side in ("left", "right"):
    _ACROSS_HINGE[humanoid.INDEX[_side + "LowerLeg"], 1:] = True
    _ACROSS_HINGE[humanoid.INDEX[_side + "LowerArm"], 0] = True
_HIPS = [LANDMARKS.index(blazepose.INDEX[f"{side}_hip"]) for side in ("left", "right")]
GRAVITY = 9.81
"""m/s2."""
LEAST_TRUST = 0.02
"""Points that never rest with more probability than this are left out."""
NEAREST = 0.1
"""m; landmarks nearer to the camera are taken to be this far away."""


@dataclass(frozen=True, slots=True)
class State:
    """What the fit changes."""

    rotations: FloatArray
    """(T, 22, 3, 3) local; the root's is reference_from_hips."""
    root: FloatArray
    """(T, 3) m, axes of the reference."""


@dataclass(frozen=True, slots=True)
class NoiseModel:
    """Standard deviations, and how strongly a motion is held smooth."""

    outlier: float = 3.0
    """Standard deviations at which the weight of a landmark is halved."""
    independent: float = 3.0
    """Hz; errors of what is seen last, so that a second of video holds this many independent measurements."""
    turn_sigma: float = 0.45
    """rad, of the lifter's joint rotations."""
    hinge_sigma: float = 0.1
    """rad, likewise of knees and elbows, about other axes than those they bend about."""
    turn_acceleration: float = 15.0
    """rad/s2 per root of 1/s: how calmly joints turn."""
    root_acceleration: float = 6.0
    """m/s2 per root of 1/s: how calmly the hips travel."""
    velocity_sigma: float = 0.15
    """m/s, of the lifter's speed of the hips ..."""
    speed_outlier: float = 3.0
    """... and standard deviations at which its weight is halved: it has seen few who fall."""
    slide: float = 0.03
    """m/s, of a foot that rests."""
    height: float = 0.005
    """m, of a sole that rests, above the floor."""
    sunk: float = 0.005
    """m, of a point of the body below the floor."""
    elsewhere: float = 0.15
    """m; what is this far from the floor counts half: it rests on something else."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known about one person, in T frames. The reference is the first camera."""

    fps: float
    camera_from_reference: FloatArray
    """(T, 3, 4)."""
    points: FloatArray
    """(T, L, 2) of LANDMARKS on the plane z = 1 of the camera."""
    points_sigma: FloatArray
    """(T, L)."""
    sight: FloatArray
    """(T, 3) unit, axes of the reference: where the hips are seen."""
    depths: FloatArray
    """(T, L) m behind the middle of the hips, along the sight."""
    depths_sigma: FloatArray
    """(T, L) m."""
    rotations: FloatArray
    """(T, 22, 3, 3) that the lifter believes in."""
    velocity: FloatArray
    """(T, 3) m/s of the hips, axes of the reference."""
    contacts: FloatArray
    """(T, 4) probability that a sole point rests."""
    bearing: FloatArray
    """(T, B) probability that the points BEARING rest."""
    airborne: FloatArray
    """(T,) probability that nothing holds the body, so that it falls freely."""
    height: FloatArray
    """(T,) m, of the reference's origin above what the body may rest on."""
    up: FloatArray | None = None
    """(3,) unit, axes of the reference; None as long as the floor is not known."""


@dataclass(frozen=True, slots=True)
class _Sums:
    """Sums over residuals r with Jacobians J of J'r and J'J, by places of landmarks and by groups of unknowns."""

    point_gradient: FloatArray
    """(T, L, 3) J'r, by landmarks."""
    point_weights: FloatArray
    """(T, L, 3, 3) J'J, by landmarks."""
    depth_weights: FloatArray
    """(T, L) J'J, by depths of landmarks behind the middle of the hips."""
    step_weights: FloatArray
    """(T - 1, L) J'J, by steps of landmarks from a frame to the next, the same in all directions."""
    gradient: FloatArray
    """(T, GROUPS, 3) J'r, by unknowns."""
    own: FloatArray
    """(T, GROUPS, 3, 3) J'J, by unknowns of a frame."""
    near: FloatArray
    """(T - 1, GROUPS, 3, 3) J'J, by those of a frame and of the next."""
    far: FloatArray
    """(T - 2, GROUPS, 3, 3) J'J, by those of a frame and of the one after the next."""

    @classmethod
    def zeros(cls, frames: int) -> Self:
        """No residuals yet."""
        points = len(LANDMARKS)
        own, near, far = (np.zeros((max(frames - distance, 0), GROUPS, 3, 3)) for distance in range(3))
        return cls(
            point_gradient=np.zeros((frames, points, 3)),
            point_weights=np.zeros((frames, points, 3, 3)),
            depth_weights=np.zeros((frames, points)),
            step_weights=np.zeros((frames - 1, points)),
            gradient=np.zeros((frames, GROUPS, 3)),
            own=own,
            near=near,
            far=far,
        )


@dataclass(frozen=True, slots=True)
class Linearized:
    """All terms at a state."""

    cost: float
    """Half the sum of the squared residuals."""
    _where: Posed
    _sight: FloatArray
    _sums: _Sums

    def equations(self) -> NormalEquations:
        """The normal equations of a step from the state."""
        sums, moving = self._sums, Jacobian.of(self._where, LANDMARKS)
        behind = sums.depth_weights[..., None] * self._sight[:, None]
        middle = np.zeros_like(behind)
        middle[:, _HIPS] = self._sight[:, None] / len(_HIPS)
        products = moving.transposed_times(np.stack([sums.point_gradient, behind, middle], axis=2))
        gradient, depths, hips = np.moveaxis(products, 1, 0)
        # Depths are relative to the hips. With Jacobians a of the depths of landmarks, and h of that of the hips, the
        # sum of w (a - h)(a - h)' is that of w aa', less hb' + bh', where b is the sum of w (a - h / 2).
        rest = depths - sums.depth_weights.sum(axis=1)[:, None] / 2 * hips
        weights = sums.point_weights + behind[..., None] * self._sight[:, None, None]
        own = moving.upper_normal_matrix(weights, hips, rest)
        _within_groups(own)[:] += np.triu(sums.own)
        near = self._steps(moving)
        _within_groups(near)[:] += sums.near
        return NormalEquations(own, near, sums.far, gradient + sums.gradient.reshape(-1, UNKNOWNS))

    def _steps(self, moving: Jacobian) -> FloatArray:
        """(T - 1, UNKNOWNS, UNKNOWNS) what ties frames to the next by steps of landmarks."""
        weights = self._sums.step_weights
        points = np.flatnonzero(weights.any(axis=0))
        rows = moving.rows(points)
        weighted = np.repeat(-weights[:, points], 3, axis=1)[..., None] * rows[1:]
        return np.asarray(np.swapaxes(rows[:-1], -1, -2) @ weighted)


def _within_groups(blocks: FloatArray) -> FloatArray:
    """A view (T, GROUPS, 3, 3) of what stands within groups in blocks (T, UNKNOWNS, UNKNOWNS)."""
    return np.asarray(np.einsum("tgagb->tgab", blocks.reshape(-1, GROUPS, 3, GROUPS, 3)))


def linearized(skeleton: Skeleton, state: State, evidence: Evidence, weights: NoiseModel) -> Linearized:
    """All terms at a state."""
    where = posed(skeleton, state.rotations, state.root, LANDMARKS)
    sums = _Sums.zeros(len(state.root))
    total = _points(sums, where, evidence, weights)
    total += _depths(sums, where, evidence, weights)
    total += _turns(sums, state, evidence, weights)
    total += _smoothness(sums, state, evidence, weights)
    total += _velocity(sums, state, evidence, weights)
    total += _resting(sums, where, evidence, weights)
    if evidence.up is not None:
        total += _floor(sums, where, evidence, evidence.up, weights)
    return Linearized(0.5 * total, where, evidence.sight, sums)


def _share(evidence: Evidence, weights: NoiseModel) -> float:
    """How much a frame counts."""
    return weights.independent / evidence.fps


def _points(sums: _Sums, where: Posed, evidence: Evidence, weights: NoiseModel) -> float:
    """Landmarks lie where they are seen."""
    turn, shift = evidence.camera_from_reference[..., :3], evidence.camera_from_reference[..., 3]
    seen = where.landmarks @ np.swapaxes(turn, -1, -2) + shift[:, None]
    depth = np.maximum(seen[..., 2:], NEAREST)
    flat = seen[..., :2] / depth
    off = (flat - evidence.points) / evidence.points_sigma[..., None]
    projection = (turn[:, None, :2] - flat[..., None] * turn[:, None, 2:]) / depth[..., None]
    rows = projection / evidence.points_sigma[..., None, None]
    weight, total = _robust(np.sum(off**2, axis=-1), weights.outlier)
    share = _share(evidence, weights)
    turned = np.swapaxes(rows, -1, -2) * (share * weight)[..., None, None]
    sums.point_gradient[:] += (turned @ off[..., None])[..., 0]
    sums.point_weights[:] += turned @ rows
    return share * total


def _depths(sums: _Sums, where: Posed, evidence: Evidence, weights: NoiseModel) -> float:
    """Landmarks lie as far behind the hips as the lifter says."""
    hips = where.landmarks[:, _HIPS].mean(axis=1)
    behind = np.einsum("tli,ti->tl", where.landmarks - hips[:, None], evidence.sight)
    off = (behind - evidence.depths) / evidence.depths_sigma
    weight, total = _robust(off**2, weights.outlier)
    share = _share(evidence, weights)
    slope = share * weight * off / evidence.depths_sigma
    slope[:, _HIPS] -= slope.sum(axis=1, keepdims=True) / len(_HIPS)
    sums.point_gradient[:] += slope[..., None] * evidence.sight[:, None]
    sums.depth_weights[:] += share * weight / evidence.depths_sigma**2
    return share * total


def _robust(squared: FloatArray, limit: float, trust: FloatArray | float = 1.0) -> tuple[FloatArray, float]:
    """Weights of residuals, and their cost if each counts as much as it is trusted."""
    return 1 / (1 + squared / limit**2), float((trust * limit**2 * np.log1p(squared / limit**2)).sum())


def _turns(sums: _Sums, state: State, evidence: Evidence, weights: NoiseModel) -> float:
    """Joints are turned as the lifter says; knees and elbows hardly turn but about their hinges."""
    weight = _share(evidence, weights) / np.where(_ACROSS_HINGE, weights.hinge_sigma, weights.turn_sigma) ** 2
    off = logarithm(np.swapaxes(evidence.rotations, -1, -2) @ state.rotations)
    change = log_jacobian(off)
    turned = np.swapaxes(change, -1, -2) * weight[:, None]
    sums.own[:, 1:] += turned @ change
    sums.gradient[:, 1:] += (turned @ off[..., None])[..., 0]
    return float((weight * off**2).sum())


def _smoothness(sums: _Sums, state: State, evidence: Evidence, weights: NoiseModel) -> float:
    """Nothing changes its speed without need; who touches nothing falls freely."""
    if len(state.root) < 3:
        return 0.0
    steps = logarithm(np.swapaxes(state.rotations[:-1], -1, -2) @ state.rotations[1:])
    change = log_jacobian(steps)
    eye = np.broadcast_to(np.eye(3), (len(steps), 1, 3, 3))
    ahead = np.concatenate([eye, change], axis=1)
    back = -np.swapaxes(ahead, -1, -2)
    steps = np.concatenate([np.diff(state.root, axis=0)[:, None], steps], axis=1)
    strength = np.full(GROUPS, 1 / weights.turn_acceleration)
    strength[0] = 1 / weights.root_acceleration
    strength *= evidence.fps**1.5
    change_of_step = steps[1:] - steps[:-1]
    if evidence.up is not None:
        fall = GRAVITY / evidence.fps**2 * evidence.up
        change_of_step[:, 0] += evidence.airborne[1:-1, None] * fall
    off = change_of_step * strength[:, None]
    scale = strength[:, None, None]
    parts = [-back[:-1] * scale, (back[1:] - ahead[:-1]) * scale, ahead[1:] * scale]
    count, tied = len(off), (sums.own, sums.near, sums.far)
    for i, first in enumerate(parts):
        turned = np.swapaxes(first, -1, -2)
        sums.gradient[i : i + count] += (turned @ off[..., None])[..., 0]
        for j in range(i, len(parts)):
            tied[j - i][i : i + count] += turned @ parts[j]
    return float((off**2).sum())


def _velocity(sums: _Sums, state: State, evidence: Evidence, weights: NoiseModel) -> float:
    """The hips travel as fast as the lifter says, unless they plainly do not."""
    if len(state.root) < 2:
        return 0.0
    speed = (evidence.velocity[:-1] + evidence.velocity[1:]) / 2
    off = (np.diff(state.root, axis=0) * evidence.fps - speed) / weights.velocity_sigma
    weight, total = _robust(np.sum(off**2, axis=-1), weights.speed_outlier)
    share = _share(evidence, weights)
    slope = (share * weight)[:, None] * off * evidence.fps / weights.velocity_sigma
    both = (share * weight * (evidence.fps / weights.velocity_sigma) ** 2)[:, None, None] * np.eye(3)
    sums.own[:-1, 0] += both
    sums.own[1:, 0] += both
    sums.near[:, 0] -= both
    sums.gradient[:-1, 0] -= slope
    sums.gradient[1:, 0] += slope
    return share * total


def _resting(sums: _Sums, where: Posed, evidence: Evidence, weights: NoiseModel) -> float:
    """A point of the soles, a hand or a knee that rests stays where it is."""
    if len(where.joints) < 2:
        return 0.0
    trust = np.concatenate([evidence.contacts, evidence.bearing], axis=1)
    used = np.flatnonzero(trust.max(axis=0) > LEAST_TRUST)
    points = np.array(FEET + BEARING)[used]
    weight = trust[1:, used] * trust[:-1, used] * evidence.fps / weights.slide**2
    steps = np.diff(where.landmarks[:, points], axis=0)
    slope, both = weight[..., None] * steps, weight[..., None, None] * np.eye(3)
    sums.point_gradient[:-1, points] -= slope
    sums.point_gradient[1:, points] += slope
    sums.point_weights[:-1, points] += both
    sums.point_weights[1:, points] += both
    sums.step_weights[:, points] += weight
    return float((slope * steps).sum())


def _floor(sums: _Sums, where: Posed, evidence: Evidence, up: FloatArray, weights: NoiseModel) -> float:
    """Soles that rest lie on the floor, and nothing sinks in."""
    height = where.landmarks @ up + evidence.height[:, None]
    total = 0.0
    for which, trust, sigma in (
        (FEET, evidence.contacts, weights.height),
        (SOLID, np.asarray(height[:, SOLID] < 0, dtype=np.float64), weights.sunk),
    ):
        weight, price = _robust((height[:, which] / weights.elsewhere) ** 2, 1.0, trust)
        share = trust / evidence.fps / sigma**2
        sums.point_gradient[:, which] += (share * weight * height[:, which])[..., None] * up
        sums.point_weights[:, which] += (share * weight)[..., None, None] * np.outer(up, up)
        total += price * weights.elsewhere**2 / evidence.fps / sigma**2
    return total
