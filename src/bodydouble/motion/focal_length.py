"""The focal length of a camera that nobody knows, from how people move before it.

Before a longer lens everybody seems farther away, and so moves farther along the line of sight: not as fast as their
bodies say. What is near the camera looks larger by less, which bodies of constant bones cannot follow. So the clip,
thinned out, is fitted before cameras of a few focal lengths; the cost of the fits is the likelihood, what cameras
usually have is the prior.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.geometry import rotation
from bodydouble.geometry.rotation_log import logarithm
from bodydouble.motion.fit.kinematics import posed
from bodydouble.motion.fit.solve import SolveOptions, evidence_rows, rows, solve
from bodydouble.motion.fit.terms import LANDMARKS, NoiseModel, State
from bodydouble.motion.lifting.lift import LiftedPerson
from bodydouble.networks import core_count
from bodydouble.skeletons import blazepose

_FIRM = NoiseModel(speed_outlier=1e3)
"""A wrong lens shows in speeds that do not fit: all of them count."""
_HIPS = [LANDMARKS.index(blazepose.INDEX[f"{side}_hip"]) for side in ("left", "right")]


@dataclass(frozen=True, slots=True)
class FocalOptions:
    """What is looked at, and how much it counts."""

    usual_sigma: float = 0.35
    """Of the logarithm of focal lengths of cameras nobody knows, about the usual one."""
    tried: float = 0.6
    """Logarithms of focal lengths that are tried differ by this much."""
    independent: float = 0.3
    """Hz; errors of the lifter last, so that a second of video holds this many independent fits."""
    rate: float = 3.0
    """Frames per second that are looked at, ..."""
    longest: float = 12.0
    """... of so many seconds in the middle of each person's track."""
    shortest: float = 2.0
    """s; a shorter track says nothing ..."""
    least_way: float = 0.1
    """m, ... nor do hips that stay closer to their mean place (standard deviation)."""
    steps: int = 3
    """Of the fit before the usual camera ..."""
    more_steps: int = 1
    """... and, from there, before each other one."""
    farthest: float = 0.8
    """The minimum of the costs is no farther from the usual one, in logarithms."""


@dataclass(frozen=True, slots=True)
class FocalEstimate:
    """Relative to the focal length with which people were lifted."""

    ratio: float
    sigma: float
    """Of its logarithm."""


def estimated_focal(people: Sequence[LiftedPerson], options: FocalOptions | None = None) -> FocalEstimate:
    """The focal length that agrees best with how people move before a camera that stands still.

    Errors of the lifter are alike for all people, so that several of them count as much as one. Where nobody goes
    anywhere it is the usual one.

    Args:
        people: lifted with the usual focal length.
        options: what is looked at.
    """
    options = options or FocalOptions()
    telling = [_thinned(person, options) for person in people if _tells(person, options)]
    with ThreadPoolExecutor(core_count()) as pool:
        costs = list(pool.map(lambda person: _costs(person, options), telling))
    return _posterior(np.mean(costs, axis=0) if costs else np.zeros(3), options)


def _tells(person: LiftedPerson, options: FocalOptions) -> bool:
    """Whether somebody is seen for long enough and goes somewhere."""
    root = person.start.root
    long = len(root) >= options.shortest * person.evidence.fps
    return long and float(np.linalg.norm(root.std(axis=0))) >= options.least_way


def _posterior(costs: FloatArray, options: FocalOptions) -> FocalEstimate:
    """From the parabola through the costs (3,) of a shorter, the usual and a longer focal length.

    A parabola without a minimum says nothing.
    """
    before, middle, after = costs
    curvature = (before - 2 * middle + after) / options.tried**2
    if curvature <= 0:
        return FocalEstimate(1.0, options.usual_sigma)
    best = (before - after) / (2 * options.tried) / curvature
    precision = options.usual_sigma**-2 + curvature
    drawn = float(np.clip(best, -options.farthest, options.farthest)) * curvature / precision
    return FocalEstimate(float(np.exp(drawn)), float(precision**-0.5))


def _thinned(person: LiftedPerson, options: FocalOptions) -> LiftedPerson:
    """Some frames of a person."""
    fps, count = person.evidence.fps, len(person.start.root)
    step = max(1, round(fps / options.rate))
    skipped = max(count - round(options.longest * fps), 0) // 2
    some = slice(skipped, count - skipped, step)
    return LiftedPerson(
        person.skeleton,
        replace(evidence_rows(person.evidence, some), fps=fps / step),
        rows(person.start, some),
        person.confidence[some],
        person.joint_sigma[some],
        person.up[some],
    )


def _costs(person: LiftedPerson, options: FocalOptions) -> FloatArray:
    """(3,) of the fits before a shorter, the usual and a longer lens."""
    usual = _fitted(person, options.steps)
    others = (
        _fitted(before_lens(usual, ratio), options.more_steps) for ratio in np.exp([-options.tried, options.tried])
    )
    shorter, longer = (_cost(other, options) for other in others)
    return np.array([shorter, _cost(usual, options), longer])


def _fitted(person: LiftedPerson, steps: int) -> LiftedPerson:
    """The person with the fit as start."""
    options = SolveOptions(weights=_FIRM, steps=steps)
    return replace(person, start=solve(person.skeleton, person.start, person.evidence, options))


def before_lens(person: LiftedPerson, ratio: float) -> LiftedPerson:
    """A person before a lens so much longer: what the lifter says of the body holds in the new line of sight."""
    evidence, state = person.evidence, person.start
    sight = rotation.normalize(evidence.sight * [1.0, 1.0, ratio])
    turn = _toward(sight) @ np.swapaxes(_toward(evidence.sight), -1, -2)
    seen = replace(
        evidence,
        points=evidence.points / ratio,
        points_sigma=evidence.points_sigma / ratio,
        sight=sight,
        rotations=_turned(turn, evidence.rotations),
        velocity=(turn @ evidence.velocity[..., None])[..., 0],
    )
    start = State(_turned(turn, state.rotations), state.root * [1.0, 1.0, ratio])
    return replace(person, evidence=seen, start=start, up=(turn @ person.up[..., None])[..., 0])


def _toward(sight: FloatArray) -> FloatArray:
    """(T, 3, 3) that turn the optical axis to lines of sight (T, 3)."""
    ahead = np.broadcast_to([0.0, 0.0, 1.0], sight.shape)
    return rotation.to_matrix(rotation.between(ahead, sight))


def _turned(turn: FloatArray, rotations: FloatArray) -> FloatArray:
    """Rotations (T, 22, 3, 3) of a body that is turned as a whole (T, 3, 3)."""
    return np.concatenate([turn[:, None] @ rotations[:, :1], rotations[:, 1:]], axis=1)


def _cost(person: LiftedPerson, options: FocalOptions) -> float:
    """How far somebody's start is off what the lifter says: squared standard deviations.

    Where landmarks are seen does not count: with the noise of the detector it misleads.
    """
    weights, state, evidence = _FIRM, person.start, person.evidence
    where = posed(person.skeleton, state.rotations, state.root, LANDMARKS).landmarks
    hips = where[:, _HIPS].mean(axis=1, keepdims=True)
    depths = np.einsum("tli,ti->tl", where - hips, evidence.sight) - evidence.depths
    limit = weights.outlier**2
    cost = limit * np.log1p((depths / evidence.depths_sigma) ** 2 / limit).sum()
    cost += ((logarithm(np.swapaxes(evidence.rotations, -1, -2) @ state.rotations) / weights.turn_sigma) ** 2).sum()
    speed = (evidence.velocity[:-1] + evidence.velocity[1:]) / 2
    gap = np.diff(state.root, axis=0) * evidence.fps - speed
    cost += ((gap / weights.velocity_sigma) ** 2).sum()
    return float(cost * options.independent / evidence.fps)
