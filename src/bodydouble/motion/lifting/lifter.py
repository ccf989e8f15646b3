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
from bodydouble.motion.lifting.person_view import HIP_INDICES, PersonView, points_from_depths, view_straight_at
from bodydouble.networks import Network
from bodydouble.skeletons import blazepose, humanoid

MODEL = Path(__file__).parent / "models" / "lifter.onnx"
NETWORK_FPS = 30.0
"""Frames per second that the network knows."""
LANDMARKS_3D_SIZE = 0.42
"""m; mean distance from the hips of the landmark network's rough joints, whose people are all alike."""
MIRROR_SIGNS = np.array([-1.0, 1.0, 1.0])
MIRROR_ROTATION_SIGNS = np.array([[1.0, -1.0, -1.0], [-1.0, 1.0, 1.0], [-1.0, 1.0, 1.0]])
"""Signs of a rotation matrix's entries in the mirror."""
MIRROR_CONTACT_ORDER = [2, 3, 0, 1]
KNOWN_LANDMARK_SIGMA = 0.01
"""Sizes; standard deviation of landmarks that are known."""
MAX_SECONDS_SINCE_OBSERVED = 1.0
"""s; a frame further from any observation than this is as unknown as can be."""
CHUNK_FRAMES, CONTEXT_FRAMES = 2000, 64
"""Frames that the network answers at once, and how far it may look beyond them."""
OUTPUTS = ("points", "depths", "log_sigma", "turns", "up", "velocity", "contacts", "lengths")


@dataclass(frozen=True, slots=True)
class LifterOutput:
    """What a network believes about a person; axes of the camera, sizes as in ``crop``."""

    landmarks_3d: FloatArray
    """(T, 33, 3) from the middle of the hips, in sizes."""
    points: FloatArray
    """(T, 33, 2) on the plane z = 1 of the camera."""
    sigma: FloatArray
    """(T, 33, 2) across the line of sight and along it, in sizes; one standard deviation."""
    rotations: FloatArray
    """(T, 22, 3, 3) rotations, local to the parent; the root's is camera_from_hips."""
    up: FloatArray
    """(T, 3) unit."""
    velocity: FloatArray
    """(T, 3) of the hips in the world, sizes per second."""
    contacts: FloatArray
    """(T, 4) probabilities: left heel, left toes, right heel, right toes."""
    bone_scales: FloatArray
    """(K,) of ``proportions.BONES`` relative to the template."""
    bone_scales_sigma: FloatArray
    """(K,) of their logarithms."""
    scale: float
    """Of the person on the plane z = 1: what is a size long and at distance z looks size / z large."""


@cache
def _network() -> Network:
    return Network(MODEL, OUTPUTS)


def run_lifter(
    image_points: FloatArray, confidence: FloatArray, landmarks_3d: FloatArray, observed: BoolArray, fps: float
) -> LifterOutput:
    """What the network believes.

    The answer for a mirrored person is the mirror image: the network is asked both ways.

    Args:
        image_points: (T, 33, 2) landmarks on the plane z = 1 of the camera, gaps filled.
        confidence: (T, 33).
        landmarks_3d: (T, 33, 3) m of the landmark network, gaps filled.
        observed: (T,).
        fps: frames per second.

    Raises:
        ModelError: the network cannot be loaded.
    """
    view = view_straight_at(image_points, confidence)
    person_input = (view.points, confidence, landmarks_3d, view.direction)
    flip_test = [_run_network(parts, observed, view, fps) for parts in (person_input, mirror_input(*person_input))]
    output = _NetworkOutput(
        *((getattr(flip_test[0], f.name) + getattr(flip_test[1].mirror(), f.name)) / 2 for f in fields(_NetworkOutput))
    )
    return _to_camera_frame(output, view)


def with_known_landmarks(output: LifterOutput, landmarks: FloatArray) -> LifterOutput:
    """The same with landmarks (T, 33, 3) m, camera axes, that are known to SURE."""
    hips = landmarks[:, HIP_INDICES].mean(axis=1, keepdims=True)
    metres_per_unit = np.linalg.norm(hips, axis=-1, keepdims=True) * output.scale
    points = landmarks[..., :2] / landmarks[..., 2:]
    sigma = np.full_like(output.sigma, KNOWN_LANDMARK_SIGMA)
    return replace(output, landmarks_3d=(landmarks - hips) / metres_per_unit, points=points, sigma=sigma)


@dataclass(frozen=True, slots=True)
class _NetworkOutput:
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

    def mirror(self) -> "_NetworkOutput":
        swap, joints = list(blazepose.MIRROR), list(humanoid.MIRROR)
        return _NetworkOutput(
            self.points[:, swap] * MIRROR_SIGNS[:2],
            self.depths[:, swap],
            self.log_sigma.reshape(-1, 2, len(swap))[..., swap].reshape(self.log_sigma.shape),
            self.turns[:, joints] * MIRROR_ROTATION_SIGNS,
            self.up * MIRROR_SIGNS,
            self.velocity * MIRROR_SIGNS,
            self.contacts[:, MIRROR_CONTACT_ORDER],
            self.lengths,
        )


def _run_network(
    person_input: tuple[FloatArray, FloatArray, FloatArray, FloatArray],
    observed: BoolArray,
    view: PersonView,
    fps: float,
) -> _NetworkOutput:
    frames = np.arange(len(observed), dtype=np.float64)
    network_times = np.arange(1 + np.ceil((len(frames) - 1) * NETWORK_FPS / fps)) * fps / NETWORK_FPS
    points, confidence, landmarks_3d, direction = (
        interpolate_linear(network_times, frames, part.reshape(len(frames), -1)).reshape(-1, *part.shape[1:])
        for part in person_input
    )
    inputs = build_features(
        points,
        confidence,
        landmarks_3d,
        direction,
        np.array(view.scale),
        seconds_since_observed(observed, fps, network_times),
    )
    chunks = _run_in_chunks(inputs.astype(np.float32))
    outputs = {
        name: interpolate_linear(frames, network_times, value) for name, value in zip(OUTPUTS, chunks, strict=True)
    }
    columns = outputs["turns"].reshape(len(frames), -1, 2, 3)
    outputs["turns"] = rotation.from_axes(columns[..., 0, :], columns[..., 1, :])
    outputs["points"] = outputs["points"].reshape(len(frames), -1, 2)
    return _NetworkOutput(**outputs)


def _run_in_chunks(inputs: FloatArray) -> list[FloatArray]:
    """The network's answers (T, ...) to inputs (T, F), of long clips in blocks that see beyond their edges."""
    parts = []
    for start in range(0, len(inputs), CHUNK_FRAMES):
        first = max(start - CONTEXT_FRAMES, 0)
        outputs = _network()(inputs[None, first : start + CHUNK_FRAMES + CONTEXT_FRAMES])
        kept = slice(start - first, start - first + CHUNK_FRAMES)
        parts.append([answer[0, kept].astype(np.float64) for answer in outputs])
    return [np.concatenate(columns) for columns in zip(*parts, strict=True)]


def _to_camera_frame(output: _NetworkOutput, view: PersonView) -> LifterOutput:
    rotations = orthonormal(output.turns)
    rotations[:, 0] = view.camera_from_view @ rotations[:, 0]
    output_view = PersonView(view.camera_from_view, output.points, view.scale, view.direction)
    landmarks_3d = points_from_depths(output.depths, output_view)
    ahead = np.concatenate([output.points * view.scale, np.ones((*output.depths.shape, 1))], axis=-1)
    rays = ahead @ np.swapaxes(view.camera_from_view, -1, -2)
    log_scales, log_sigmas = np.split(output.lengths, 2, axis=-1)
    weights = np.exp(-2 * log_sigmas)
    mean_log_scale = (weights * log_scales).sum(axis=0) / weights.sum(axis=0)
    return LifterOutput(
        landmarks_3d=landmarks_3d,
        points=rays[..., :2] / np.maximum(rays[..., 2:], 0.05),
        sigma=np.exp(np.stack(np.split(output.log_sigma, 2, axis=-1), axis=-1)),
        rotations=rotations,
        up=rotation.normalize(_turned(view.camera_from_view, output.up)),
        velocity=_turned(view.camera_from_view, output.velocity),
        contacts=expit(output.contacts),
        bone_scales=np.exp(mean_log_scale),
        bone_scales_sigma=np.exp(np.median(log_sigmas, axis=0)),
        scale=view.scale,
    )


def _turned(turn: FloatArray, vectors: FloatArray) -> FloatArray:
    return np.asarray((turn @ vectors[..., None])[..., 0])


def orthonormal(matrices: FloatArray) -> FloatArray:
    """The rotations (..., 3, 3) nearest to matrices (..., 3, 3)."""
    u, _, vt = np.linalg.svd(matrices)
    sign = np.ones(matrices.shape[:-1])
    sign[..., 2] = np.sign(np.linalg.det(u @ vt))
    return np.asarray((u * sign[..., None, :]) @ vt)


def seconds_since_observed(observed: BoolArray, fps: float, times: FloatArray | None = None) -> FloatArray:
    """(M,) s to the nearest observed frame (T,), at most LARGEST_AGE, at moments (M,) in frames, or at all frames."""
    observed_frames = np.flatnonzero(observed)
    wanted = np.arange(len(observed)) if times is None else times
    if not len(observed_frames):
        return np.full(len(wanted), MAX_SECONDS_SINCE_OBSERVED)
    next_observed = np.searchsorted(observed_frames, wanted).clip(max=len(observed_frames) - 1)
    nearest = np.minimum(
        np.abs(wanted - observed_frames[next_observed]),
        np.abs(wanted - observed_frames[np.maximum(next_observed - 1, 0)]),
    )
    return np.asarray(np.minimum(nearest / fps, MAX_SECONDS_SINCE_OBSERVED))


def interpolate_linear(
    times: FloatArray | IntArray, sample_times: FloatArray | IntArray, values: FloatArray
) -> FloatArray:
    """Values (N, C) at times given (N,), interpolated to times wanted (M,)."""
    if np.array_equal(times, sample_times):
        return values
    next_sample = np.searchsorted(sample_times, times).clip(1, max(len(sample_times) - 1, 1))
    start, end = sample_times[next_sample - 1], sample_times[np.minimum(next_sample, len(sample_times) - 1)]
    fraction = np.clip((times - start) / np.maximum(end - start, 1e-9), 0.0, 1.0)[:, None]
    return np.asarray(
        (1 - fraction) * values[next_sample - 1] + fraction * values[np.minimum(next_sample, len(sample_times) - 1)]
    )


def build_features(
    points: FloatArray,
    confidence: FloatArray,
    landmarks_3d: FloatArray,
    direction: FloatArray,
    scale: FloatArray,
    age: FloatArray,
) -> FloatArray:
    """What the network reads (..., T, F).

    Args:
        points: (..., T, 33, 2) of a Crop.
        confidence: (..., T, 33).
        landmarks_3d: (..., T, 33, 3) m.
        direction: (..., T, 2) of a Crop.
        scale: (...) of the Crop.
        age: (..., T) s since or until the nearest observation.
    """
    batch_shape = points.shape[:-2]
    log_scale = np.broadcast_to(np.log(scale)[..., None, None], (*batch_shape, 1))
    parts = [
        points.reshape(*batch_shape, -1),
        confidence,
        2 * landmarks_3d.reshape(*batch_shape, -1),
        direction,
        log_scale,
        age[..., None],
    ]
    return np.concatenate(parts, axis=-1)


def mirror_input(
    points: FloatArray, confidence: FloatArray, landmarks_3d: FloatArray, direction: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """What is seen of the mirror image of a person."""
    order = list(blazepose.MIRROR)
    signs = MIRROR_SIGNS[:2]
    return (
        points[..., order, :] * signs,
        confidence[..., order],
        landmarks_3d[..., order, :] * MIRROR_SIGNS,
        direction * signs,
    )
