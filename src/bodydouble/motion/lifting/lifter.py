"""The lifter: a temporal network that reads a 2D track and says what the body does in space, and how sure it is.

It works in the view of ``crop``, straight at the person, at 30 frames per second. It reads the landmarks in the
picture over time, how sure they are, their rough 3D and how far each frame is from one that was observed. It answers
with the landmarks in space, joint rotations, gravity, the speed of the hips, contacts and the lengths of bones.
Trained by ``bodydouble.training``; docs/models.md has its card.
"""

from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path

import numpy as np
from scipy.special import expit

from bodydouble.data import BoolArray, FloatArray, IntArray
from bodydouble.geometry import rotation
from bodydouble.motion.lifting.person_view import HIPS, Crop, crop, relative_points
from bodydouble.networks import Network
from bodydouble.skeletons import blazepose, humanoid

MODEL = Path(__file__).parent / "models" / "lifter.onnx"
RATE = 30.0
"""Frames per second that the network knows."""
ROUGH_SIZE = 0.42
"""m; mean distance from the hips of the landmark network's rough joints, whose people are all alike."""
MIRROR = np.array([-1.0, 1.0, 1.0])
MIRROR_TURN = np.array([[1.0, -1.0, -1.0], [-1.0, 1.0, 1.0], [-1.0, 1.0, 1.0]])
"""Signs of a rotation matrix's entries in the mirror."""
MIRROR_CONTACTS = [2, 3, 0, 1]
SURE = 0.01
"""Sizes; standard deviation of landmarks that are known."""
LARGEST_AGE = 1.0
"""s; a frame further from any observation than this is as unknown as can be."""
BLOCK, REACH = 2000, 64
"""Frames that the network answers at once, and how far it may look beyond them."""
OUTPUTS = ("points", "depths", "log_sigma", "turns", "up", "velocity", "contacts", "lengths")


@dataclass(frozen=True, slots=True)
class Lifted:
    """What a network believes about a person; axes of the camera, sizes as in ``crop``."""

    landmarks: FloatArray
    """(T, 33, 3) from the middle of the hips, in sizes."""
    points: FloatArray
    """(T, 33, 2) on the plane z = 1 of the camera."""
    sigma: FloatArray
    """(T, 33, 2) across the line of sight and along it, in sizes; one standard deviation."""
    turns: FloatArray
    """(T, 22, 3, 3) rotations, local to the parent; the root's is camera_from_hips."""
    up: FloatArray
    """(T, 3) unit."""
    velocity: FloatArray
    """(T, 3) of the hips in the world, sizes per second."""
    contacts: FloatArray
    """(T, 4) probabilities: left heel, left toes, right heel, right toes."""
    lengths: FloatArray
    """(K,) of ``proportions.BONES`` relative to the template."""
    lengths_sigma: FloatArray
    """(K,) of their logarithms."""
    size: float
    """Of the person on the plane z = 1: what is a size long and at distance z looks size / z large."""


@cache
def _network() -> Network:
    return Network(MODEL, OUTPUTS)


def lifted(rays: FloatArray, confidence: FloatArray, rough: FloatArray, observed: BoolArray, fps: float) -> Lifted:
    """What the network believes.

    The answer for a mirrored person is the mirror image: the network is asked both ways.

    Args:
        rays: (T, 33, 2) landmarks on the plane z = 1 of the camera, gaps filled.
        confidence: (T, 33).
        rough: (T, 33, 3) m of the landmark network, gaps filled.
        observed: (T,).
        fps: frames per second.

    Raises:
        ModelError: the network cannot be loaded.
    """
    view = crop(rays, confidence)
    seen = (view.points, confidence, rough, view.direction)
    ways = [_asked(parts, observed, view, fps) for parts in (seen, mirrored(*seen))]
    answer = _Answer(*((getattr(ways[0], f.name) + getattr(ways[1].mirrored(), f.name)) / 2 for f in fields(_Answer)))
    return _in_camera(answer, view)


def told(found: Lifted, landmarks: FloatArray) -> Lifted:
    """The same with landmarks (T, 33, 3) m, camera axes, that are known to SURE."""
    hips = landmarks[:, HIPS].mean(axis=1, keepdims=True)
    unit = np.linalg.norm(hips, axis=-1, keepdims=True) * found.size
    points = landmarks[..., :2] / landmarks[..., 2:]
    sigma = np.full_like(found.sigma, SURE)
    return replace(found, landmarks=(landmarks - hips) / unit, points=points, sigma=sigma)


@dataclass(frozen=True, slots=True)
class _Answer:
    """Of the network, in the view of the crop."""

    points: FloatArray
    """(T, 33, 2)."""
    depths: FloatArray
    """(T, 33)."""
    log_sigma: FloatArray
    """(T, 66): 33 across the line of sight, 33 along it."""
    turns: FloatArray
    """(T, 22, 3, 3) roughly rotations."""
    up: FloatArray
    velocity: FloatArray
    contacts: FloatArray
    """(T, 4) logits."""
    lengths: FloatArray
    """(T, 2 K): logarithms, and logarithms of their standard deviations."""

    def mirrored(self) -> "_Answer":
        swap, joints = list(blazepose.MIRROR), list(humanoid.MIRROR)
        return _Answer(
            self.points[:, swap] * MIRROR[:2],
            self.depths[:, swap],
            self.log_sigma.reshape(-1, 2, len(swap))[..., swap].reshape(self.log_sigma.shape),
            self.turns[:, joints] * MIRROR_TURN,
            self.up * MIRROR,
            self.velocity * MIRROR,
            self.contacts[:, MIRROR_CONTACTS],
            self.lengths,
        )


def _asked(
    seen: tuple[FloatArray, FloatArray, FloatArray, FloatArray], observed: BoolArray, view: Crop, fps: float
) -> _Answer:
    frames = np.arange(len(observed), dtype=np.float64)
    moments = np.arange(1 + np.ceil((len(frames) - 1) * RATE / fps)) * fps / RATE
    points, confidence, rough, direction = (
        interpolated(moments, frames, part.reshape(len(frames), -1)).reshape(-1, *part.shape[1:]) for part in seen
    )
    inputs = features(points, confidence, rough, direction, np.array(view.size), ages(observed, fps, moments))
    answers = _in_blocks(inputs.astype(np.float32))
    found = {name: interpolated(frames, moments, value) for name, value in zip(OUTPUTS, answers, strict=True)}
    columns = found["turns"].reshape(len(frames), -1, 2, 3)
    found["turns"] = rotation.from_axes(columns[..., 0, :], columns[..., 1, :])
    found["points"] = found["points"].reshape(len(frames), -1, 2)
    return _Answer(**found)


def _in_blocks(inputs: FloatArray) -> list[FloatArray]:
    """The network's answers (T, ...) to inputs (T, F), of long clips in blocks that see beyond their edges."""
    parts = []
    for start in range(0, len(inputs), BLOCK):
        first = max(start - REACH, 0)
        answers = _network()(inputs[None, first : start + BLOCK + REACH])
        own = slice(start - first, start - first + BLOCK)
        parts.append([answer[0, own].astype(np.float64) for answer in answers])
    return [np.concatenate(columns) for columns in zip(*parts, strict=True)]


def _in_camera(answer: _Answer, view: Crop) -> Lifted:
    turns = orthonormal(answer.turns)
    turns[:, 0] = view.camera_from_crop @ turns[:, 0]
    true = Crop(view.camera_from_crop, answer.points, view.size, view.direction)
    landmarks = relative_points(answer.depths, true)
    ahead = np.concatenate([answer.points * view.size, np.ones((*answer.depths.shape, 1))], axis=-1)
    rays = ahead @ np.swapaxes(view.camera_from_crop, -1, -2)
    logs, spread = np.split(answer.lengths, 2, axis=-1)
    trust = np.exp(-2 * spread)
    mean = (trust * logs).sum(axis=0) / trust.sum(axis=0)
    return Lifted(
        landmarks=landmarks,
        points=rays[..., :2] / np.maximum(rays[..., 2:], 0.05),
        sigma=np.exp(np.stack(np.split(answer.log_sigma, 2, axis=-1), axis=-1)),
        turns=turns,
        up=rotation.normalize(_turned(view.camera_from_crop, answer.up)),
        velocity=_turned(view.camera_from_crop, answer.velocity),
        contacts=expit(answer.contacts),
        lengths=np.exp(mean),
        lengths_sigma=np.exp(np.median(spread, axis=0)),
        size=view.size,
    )


def _turned(turn: FloatArray, vectors: FloatArray) -> FloatArray:
    return np.asarray((turn @ vectors[..., None])[..., 0])


def orthonormal(turns: FloatArray) -> FloatArray:
    """The rotations (..., 3, 3) nearest to matrices (..., 3, 3)."""
    u, _, vt = np.linalg.svd(turns)
    sign = np.ones(turns.shape[:-1])
    sign[..., 2] = np.sign(np.linalg.det(u @ vt))
    return np.asarray((u * sign[..., None, :]) @ vt)


def ages(observed: BoolArray, fps: float, moments: FloatArray | None = None) -> FloatArray:
    """(M,) s to the nearest observed frame (T,), at most LARGEST_AGE, at moments (M,) in frames, or at all frames."""
    there = np.flatnonzero(observed)
    wanted = np.arange(len(observed)) if moments is None else moments
    if not len(there):
        return np.full(len(wanted), LARGEST_AGE)
    after = np.searchsorted(there, wanted).clip(max=len(there) - 1)
    near = np.minimum(np.abs(wanted - there[after]), np.abs(wanted - there[np.maximum(after - 1, 0)]))
    return np.asarray(np.minimum(near / fps, LARGEST_AGE))


def interpolated(wanted: FloatArray | IntArray, given: FloatArray | IntArray, values: FloatArray) -> FloatArray:
    """Values (N, C) at times given (N,), interpolated to times wanted (M,)."""
    if np.array_equal(wanted, given):
        return values
    after = np.searchsorted(given, wanted).clip(1, max(len(given) - 1, 1))
    start, end = given[after - 1], given[np.minimum(after, len(given) - 1)]
    share = np.clip((wanted - start) / np.maximum(end - start, 1e-9), 0.0, 1.0)[:, None]
    return np.asarray((1 - share) * values[after - 1] + share * values[np.minimum(after, len(given) - 1)])


def features(
    points: FloatArray,
    confidence: FloatArray,
    rough: FloatArray,
    direction: FloatArray,
    size: FloatArray,
    age: FloatArray,
) -> FloatArray:
    """What the network reads (..., T, F).

    Args:
        points: (..., T, 33, 2) of a Crop.
        confidence: (..., T, 33).
        rough: (..., T, 33, 3) m.
        direction: (..., T, 2) of a Crop.
        size: (...) of the Crop.
        age: (..., T) s since or until the nearest observation.
    """
    lead = points.shape[:-2]
    large = np.broadcast_to(np.log(size)[..., None, None], (*lead, 1))
    parts = [points.reshape(*lead, -1), confidence, 2 * rough.reshape(*lead, -1), direction, large, age[..., None]]
    return np.concatenate(parts, axis=-1)


def mirrored(
    points: FloatArray, confidence: FloatArray, rough: FloatArray, direction: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """What is seen of the mirror image of a person."""
    swap = list(blazepose.MIRROR)
    flip = MIRROR[:2]
    return points[..., swap, :] * flip, confidence[..., swap], rough[..., swap, :] * MIRROR, direction * flip
