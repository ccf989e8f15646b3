"""What speaks for a motion: each term adds its residuals to the normal equations of the fit, and tells their cost.

A residual is a number of standard deviations. Where a term is robust its weight falls with the residual (Cauchy), and
the weight is held fixed within a step.
"""

from dataclasses import dataclass

import numpy as np

from bodydouble.data import FloatArray, Skeleton
from bodydouble.geometry.rotation_log import log_jacobian, logarithm
from bodydouble.motion.banded import NormalEquations
from bodydouble.motion.posed import JOINTS, ROOT, UNKNOWNS, Posed, jacobian, posed
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
class Weights:
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
    """m/s, of the lifter's speed of the hips."""
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


def linearized(skeleton: Skeleton, state: State, evidence: Evidence, weights: Weights) -> tuple[NormalEquations, float]:
    """The normal equations of all terms at a state, and half the sum of their squared residuals."""
    where = posed(skeleton, state.rotations, state.root, LANDMARKS)
    equations = NormalEquations.zeros(len(state.root), UNKNOWNS)
    moving = jacobian(where, LANDMARKS)
    total = _points(equations, where, moving, evidence, weights)
    total += _depths(equations, where, moving, evidence, weights)
    total += _turns(equations, state, evidence, weights)
    total += _smoothness(equations, state, evidence, weights)
    total += _velocity(equations, state, evidence, weights)
    total += _resting(equations, where, moving, evidence, weights)
    if evidence.up is not None:
        total += _floor(equations, where, moving, evidence, evidence.up, weights)
    return equations, 0.5 * total


def _share(evidence: Evidence, weights: Weights) -> float:
    """How much a frame counts."""
    return weights.independent / evidence.fps


def _points(
    equations: NormalEquations, where: Posed, moving: FloatArray, evidence: Evidence, weights: Weights
) -> float:
    """Landmarks lie where they are seen."""
    turn, shift = evidence.camera_from_reference[..., :3], evidence.camera_from_reference[..., 3]
    seen = where.landmarks @ np.swapaxes(turn, -1, -2) + shift[:, None]
    depth = np.maximum(seen[..., 2:], NEAREST)
    flat = seen[..., :2] / depth
    off = (flat - evidence.points) / evidence.points_sigma[..., None]
    projection = (turn[:, None, :2] - flat[..., None] * turn[:, None, 2:]) / depth[..., None]
    rows = (projection / evidence.points_sigma[..., None, None]) @ moving
    weight, total = _robust(np.sum(off**2, axis=-1), weights.outlier)
    share = _share(evidence, weights)
    _add(equations, off, rows, share * np.repeat(weight[..., None], 2, axis=-1))
    return share * total


def _depths(
    equations: NormalEquations, where: Posed, moving: FloatArray, evidence: Evidence, weights: Weights
) -> float:
    """Landmarks lie as far behind the hips as the lifter says."""
    hips = where.landmarks[:, _HIPS].mean(axis=1)
    behind = np.einsum("tli,ti->tl", where.landmarks - hips[:, None], evidence.sight)
    off = (behind - evidence.depths) / evidence.depths_sigma
    relative = moving - moving[:, _HIPS].mean(axis=1, keepdims=True)
    rows = np.einsum("tlin,ti->tln", relative, evidence.sight) / evidence.depths_sigma[..., None]
    weight, total = _robust(off**2, weights.outlier)
    share = _share(evidence, weights)
    _add(equations, off, rows, share * weight)
    return share * total


def _robust(squared: FloatArray, limit: float, trust: FloatArray | float = 1.0) -> tuple[FloatArray, float]:
    """Weights of residuals, and their cost if each counts as much as it is trusted."""
    return 1 / (1 + squared / limit**2), float((trust * limit**2 * np.log1p(squared / limit**2)).sum())


def _add(equations: NormalEquations, off: FloatArray, rows: FloatArray, weight: FloatArray) -> None:
    """Adds residuals of single frames, weight (T, ...), residuals (T, ...), Jacobian (T, ..., UNKNOWNS)."""
    frames = len(off)
    root = np.sqrt(weight).reshape(frames, -1)
    tall = rows.reshape(frames, -1, UNKNOWNS) * root[..., None]
    turned = np.swapaxes(tall, -1, -2)
    equations.blocks[0][:] += turned @ tall
    equations.gradient[:] += (turned @ (root * off.reshape(frames, -1))[..., None])[..., 0]


def _turns(equations: NormalEquations, state: State, evidence: Evidence, weights: Weights) -> float:
    """Joints are turned as the lifter says; knees and elbows hardly turn but about their hinges."""
    weight = _share(evidence, weights) / np.where(_ACROSS_HINGE, weights.hinge_sigma, weights.turn_sigma) ** 2
    off = logarithm(np.swapaxes(evidence.rotations, -1, -2) @ state.rotations)
    change = log_jacobian(off)
    joint = np.arange(JOINTS)
    turned = np.swapaxes(change, -1, -2) * weight[:, None]
    _by_joint(equations.blocks[0])[:, joint, :, joint] += np.moveaxis(turned @ change, 1, 0)
    equations.gradient[:, : ROOT.start] += (turned @ off[..., None]).reshape(len(off), -1)
    return float((weight * off**2).sum())


def _by_joint(block: FloatArray) -> FloatArray:
    """(T, N, N) as (T, N / 3, 3, N / 3, 3)."""
    return block.reshape(len(block), UNKNOWNS // 3, 3, UNKNOWNS // 3, 3)


def _smoothness(equations: NormalEquations, state: State, evidence: Evidence, weights: Weights) -> float:
    """Nothing changes its speed without need; who touches nothing falls freely."""
    if len(state.root) < 3:
        return 0.0
    steps = logarithm(np.swapaxes(state.rotations[:-1], -1, -2) @ state.rotations[1:])
    change = log_jacobian(steps)
    ahead, back = change, -np.swapaxes(change, -1, -2)
    eye = np.broadcast_to(np.eye(3), (len(steps), 1, 3, 3))
    ahead, back = np.concatenate([ahead, eye], axis=1), np.concatenate([back, -eye], axis=1)
    steps = np.concatenate([steps, np.diff(state.root, axis=0)[:, None]], axis=1)
    strength = np.full(UNKNOWNS // 3, 1 / weights.turn_acceleration)
    strength[-1] = 1 / weights.root_acceleration
    strength *= evidence.fps**1.5
    change_of_step = steps[1:] - steps[:-1]
    if evidence.up is not None:
        fall = GRAVITY / evidence.fps**2 * evidence.up
        change_of_step[:, -1] += evidence.airborne[1:-1, None] * fall
    off = change_of_step * strength[:, None]
    scale = strength[:, None, None]
    parts = [-back[:-1] * scale, (back[1:] - ahead[:-1]) * scale, ahead[1:] * scale]
    count, joints = len(off), UNKNOWNS // 3
    tied = [np.zeros((len(block), joints, 3, 3)) for block in equations.blocks]
    for i, first in enumerate(parts):
        turned = np.swapaxes(first, -1, -2)
        equations.gradient[i : i + count] += (turned @ off[..., None]).reshape(count, -1)
        for j in range(i, len(parts)):
            tied[j - i][i : i + count] += turned @ parts[j]
    joint = np.arange(joints)
    for block, own in zip(equations.blocks, tied, strict=True):
        _by_joint(block)[:, joint, :, joint] += np.moveaxis(own, 1, 0)
    return float((off**2).sum())


def _velocity(equations: NormalEquations, state: State, evidence: Evidence, weights: Weights) -> float:
    """The hips travel as fast as the lifter says."""
    if len(state.root) < 2:
        return 0.0
    scale = evidence.fps / weights.velocity_sigma * _share(evidence, weights) ** 0.5
    speed = (evidence.velocity[:-1] + evidence.velocity[1:]) / 2
    off = (np.diff(state.root, axis=0) - speed / evidence.fps) * scale
    axis = np.arange(ROOT.start, ROOT.stop)
    equations.blocks[0][:-1, axis, axis] += scale**2
    equations.blocks[0][1:, axis, axis] += scale**2
    equations.blocks[1][:, axis, axis] -= scale**2
    equations.gradient[:-1, ROOT] -= off * scale
    equations.gradient[1:, ROOT] += off * scale
    return float((off**2).sum())


def _resting(
    equations: NormalEquations, where: Posed, moving: FloatArray, evidence: Evidence, weights: Weights
) -> float:
    """A point of the soles, a hand or a knee that rests stays where it is."""
    if len(where.joints) < 2:
        return 0.0
    trust = np.concatenate([evidence.contacts, evidence.bearing], axis=1)
    used = np.flatnonzero(trust.max(axis=0) > LEAST_TRUST)
    points = np.array(FEET + BEARING)[used]
    soles, rows = where.landmarks[:, points], moving[:, points]
    sure = np.sqrt(trust[1:, used] * trust[:-1, used] / evidence.fps)
    scale = (sure * evidence.fps / weights.slide)[..., None]
    off = (np.diff(soles, axis=0) * scale).reshape(len(soles) - 1, -1)
    before = -(rows[:-1] * scale[..., None]).reshape(len(off), -1, UNKNOWNS)
    after = (rows[1:] * scale[..., None]).reshape(len(off), -1, UNKNOWNS)
    for where_to, part in ((slice(None, -1), before), (slice(1, None), after)):
        equations.blocks[0][where_to] += np.swapaxes(part, -1, -2) @ part
        equations.gradient[where_to] += (np.swapaxes(part, -1, -2) @ off[..., None])[..., 0]
    equations.blocks[1][:] += np.swapaxes(before, -1, -2) @ after
    return float((off**2).sum())


def _floor(
    equations: NormalEquations, where: Posed, moving: FloatArray, evidence: Evidence, up: FloatArray, weights: Weights
) -> float:
    """Soles that rest lie on the floor, and nothing sinks in."""
    height = where.landmarks @ up + evidence.height[:, None]
    rows = np.einsum("tlin,i->tln", moving, up)
    total = 0.0
    for which, trust, sigma in (
        (FEET, evidence.contacts, weights.height),
        (SOLID, np.asarray(height[:, SOLID] < 0, dtype=np.float64), weights.sunk),
    ):
        weight, price = _robust((height[:, which] / weights.elsewhere) ** 2, 1.0, trust)
        share = trust / evidence.fps / sigma**2
        _add(equations, height[:, which], rows[:, which], share * weight)
        total += price * weights.elsewhere**2 / evidence.fps / sigma**2
    return total
