"""Lifter: a temporal network from 2D landmarks over time to 3D landmarks, joint rotations and their uncertainty.

In: image points (T, 33, 2), confidences, 3D landmarks of the landmark network, observed frames. Out: ``LifterOutput``.
The network works in the person view (``person_view.py``) at 30 frames per second. Its features are the landmarks, their
confidences, the 3D landmarks and the seconds to the nearest observed frame. Its outputs are corrected landmarks with
depths and sigmas, joint rotations (6D), gravity, root velocity, contacts and bone scales.

``bodydouble.training`` trains it; docs/models.md has the model card and the outputs of the ONNX file. To plug in
another lifter, replace ``run_lifter``.
"""

from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path

import numpy as np
from scipy.special import expit

from bodydouble.data import BoolArray, FloatArray, IntArray
from bodydouble.geometry import rotation
from bodydouble.motion.lifting.person_view import (
    HIP_INDICES,
    PersonView,
    image_points_from_view,
    points_from_depths,
    view_straight_at,
)
from bodydouble.networks import Network
from bodydouble.skeletons import blazepose, humanoid

MODEL = Path(__file__).parent / "models" / "lifter.onnx"
NETWORK_FPS = 30.0
"""Frame rate of the network's input."""
LANDMARKS_3D_SIZE = 0.42
"""Mean distance in m of the landmark network's 3D landmarks from the hips; that network gives all people one size."""
MIRROR_SIGNS = np.array([-1.0, 1.0, 1.0])
"""(3,) factors of a vector in the mirror image of a person."""
MIRROR_ROTATION_SIGNS = np.array([[1.0, -1.0, -1.0], [-1.0, 1.0, 1.0], [-1.0, 1.0, 1.0]])
"""(3, 3) factors of a rotation matrix in the mirror image of a person."""
MIRROR_CONTACT_ORDER = [2, 3, 0, 1]
"""Order of the contacts in the mirror image of a person."""
KNOWN_LANDMARK_SIGMA = 0.01
"""Standard deviation of known landmarks, in sizes of ``person_view``."""
MAX_SECONDS_SINCE_OBSERVED = 1.0
"""Maximum of the feature that holds the distance in s of a frame from the nearest observed one."""
CHUNK_FRAMES, CONTEXT_FRAMES = 2000, 64
"""Frames that the network processes at once, and additional frames of context on either side."""
OUTPUTS = (
    "points",
    "depths",
    "log_sigma",
    "joint_rotations_6d",
    "gravity_up",
    "velocity",
    "contacts",
    "log_bone_scales",
)
"""Names of the outputs of the ONNX file."""


@dataclass(frozen=True, slots=True)
class LifterOutput:
    """Estimates of the lifter about one person in T frames; axes of the camera, sizes as in ``person_view``."""

    landmarks_3d: FloatArray
    """(T, 33, 3) from the midpoint of the hips, in sizes."""
    points: FloatArray
    """(T, 33, 2) landmarks on the plane z = 1 of the camera."""
    sigma: FloatArray
    """(T, 33, 2) standard deviations of the landmarks across and along the line of sight, in sizes."""
    rotations: FloatArray
    """(T, 22, 3, 3) local to the parent; that of the root is camera_from_hips."""
    up: FloatArray
    """(T, 3) unit vector opposite to gravity."""
    velocity: FloatArray
    """(T, 3) of the hips in the world, sizes per second."""
    contacts: FloatArray
    """(T, 4) contact probabilities: left heel, left toes, right heel, right toes."""
    bone_scales: FloatArray
    """(K,) lengths of ``proportions.BONES`` relative to the template."""
    scale: float
    """Size of the person on the plane z = 1: a length of one size at distance z appears scale / z large."""


@cache
def _network() -> Network:
    return Network(MODEL, OUTPUTS)


def run_lifter(
    image_points: FloatArray,
    confidence: FloatArray,
    landmarks_3d: FloatArray,
    observed: BoolArray,
    fps: float,
    scale: float | None = None,
) -> LifterOutput:
    """Runs the lifter on one person.

    The network runs with the flip test: its output is averaged with that of the mirrored person.

    Args:
        image_points: (T, 33, 2) landmarks on the plane z = 1 of the camera, gaps interpolated.
        confidence: (T, 33).
        landmarks_3d: (T, 33, 3) m of the landmark network, gaps interpolated.
        observed: (T,).
        fps: frames per second.
        scale: that of the view, as ``person_view.view_straight_at`` takes it.

    Raises:
        ModelError: the network cannot be loaded.
    """
    view = view_straight_at(image_points, confidence, scale)
    return _to_camera_frame(_run_with_flip_test(view, confidence, landmarks_3d, observed, fps), view)


def sum_bone_scales(
    image_points: FloatArray,
    confidence: FloatArray,
    landmarks_3d: FloatArray,
    observed: BoolArray,
    fps: float,
    scale: float,
    rows: slice,
) -> tuple[FloatArray, FloatArray]:
    """Sums up the bone scales of some frames of a part of a clip; other arguments as for ``run_lifter``.

    Returns:
        The sum (K,) of the logarithms times their weights, and the sum (K,) of the weights. Their ratio, over all parts
        of the clip, is the logarithm of ``LifterOutput.bone_scales`` of the whole.
    """
    view = view_straight_at(image_points, confidence, scale)
    log_scales, weights = _weigh_bone_scales(_run_with_flip_test(view, confidence, landmarks_3d, observed, fps))
    return (weights * log_scales)[rows].sum(axis=0), weights[rows].sum(axis=0)


def _run_with_flip_test(
    view: PersonView, confidence: FloatArray, landmarks_3d: FloatArray, observed: BoolArray, fps: float
) -> "_NetworkOutput":
    """Returns the mean of the network's output and that of the mirrored person."""
    person_input = (view.points, confidence, landmarks_3d, view.direction)
    plain = _run_network(person_input, observed, view, fps)
    flipped = _run_network(mirror_input(*person_input), observed, view, fps).mirror()
    return _NetworkOutput(*((getattr(plain, f.name) + getattr(flipped, f.name)) / 2 for f in fields(_NetworkOutput)))


def _weigh_bone_scales(output: "_NetworkOutput") -> tuple[FloatArray, FloatArray]:
    """Returns the logarithms (T, K) of the bone scales that each frame suggests, and their weights (T, K)."""
    log_scales, log_sigmas = np.split(output.log_bone_scales, 2, axis=-1)
    return log_scales, np.exp(-2 * log_sigmas)


def with_known_landmarks(output: LifterOutput, landmarks: FloatArray) -> LifterOutput:
    """Replaces the landmarks by known ones (T, 33, 3) m, camera axes, with KNOWN_LANDMARK_SIGMA."""
    hips = landmarks[:, HIP_INDICES].mean(axis=1, keepdims=True)
    metres_per_size = np.linalg.norm(hips, axis=-1, keepdims=True) * output.scale
    points = landmarks[..., :2] / landmarks[..., 2:]
    sigma = np.full_like(output.sigma, KNOWN_LANDMARK_SIGMA)
    return replace(output, landmarks_3d=(landmarks - hips) / metres_per_size, points=points, sigma=sigma)


@dataclass(frozen=True, slots=True)
class _NetworkOutput:
    """Outputs of the network in the person view; rotations as matrices."""

    points: FloatArray
    """(T, 33, 2) sizes."""
    depths: FloatArray
    """(T, 33) sizes behind the hips."""
    log_sigma: FloatArray
    """(T, 66): 33 across the line of sight, 33 along it."""
    rotations: FloatArray
    """(T, 22, 3, 3), orthonormal but for interpolation and averaging."""
    up: FloatArray
    """(T, 3)."""
    velocity: FloatArray
    """(T, 3) sizes per second."""
    contacts: FloatArray
    """(T, 4) logits."""
    log_bone_scales: FloatArray
    """(T, 2 K): logarithms, then logarithms of their standard deviations."""

    def mirror(self) -> "_NetworkOutput":
        order, joints = list(blazepose.MIRROR), list(humanoid.MIRROR)
        return _NetworkOutput(
            self.points[:, order] * MIRROR_SIGNS[:2],
            self.depths[:, order],
            self.log_sigma.reshape(-1, 2, len(order))[..., order].reshape(self.log_sigma.shape),
            self.rotations[:, joints] * MIRROR_ROTATION_SIGNS,
            self.up * MIRROR_SIGNS,
            self.velocity * MIRROR_SIGNS,
            self.contacts[:, MIRROR_CONTACT_ORDER],
            self.log_bone_scales,
        )


def _run_network(
    person_input: tuple[FloatArray, FloatArray, FloatArray, FloatArray],
    observed: BoolArray,
    view: PersonView,
    fps: float,
) -> _NetworkOutput:
    """Runs the network at its frame rate on points, confidences, 3D landmarks and direction; resamples the outputs."""
    frames, times = np.arange(len(observed), dtype=np.float64), network_times(len(observed), fps)
    points, confidence, landmarks_3d, direction = (
        interpolate_linear(times, frames, part.reshape(len(frames), -1)).reshape(-1, *part.shape[1:])
        for part in person_input
    )
    age = seconds_since_observed(observed, fps, times)
    features = build_features(points, confidence, landmarks_3d, direction, np.array(view.scale), age)
    outputs = (interpolate_linear(frames, times, value) for value in _run_in_chunks(features.astype(np.float32)))
    points, depths, log_sigma, rotations_6d, up, velocity, contacts, log_bone_scales = outputs
    columns = rotations_6d.reshape(len(frames), -1, 2, 3)
    rotations = rotation.from_axes(columns[..., 0, :], columns[..., 1, :])
    points = points.reshape(len(frames), -1, 2)
    return _NetworkOutput(points, depths, log_sigma, rotations, up, velocity, contacts, log_bone_scales)


def network_times(frame_count: int, fps: float) -> FloatArray:
    """Returns the times (M,), in frames, at which the network samples a clip from its first to its last frame."""
    return np.asarray(np.arange(1 + np.ceil((frame_count - 1) * NETWORK_FPS / fps)) * fps / NETWORK_FPS)


def _run_in_chunks(features: FloatArray) -> list[FloatArray]:
    """Runs the network on features (T, F), long clips in overlapping chunks; the outputs are (T, ...)."""
    parts = []
    for start in range(0, len(features), CHUNK_FRAMES):
        first = max(start - CONTEXT_FRAMES, 0)
        outputs = _network()(features[None, first : start + CHUNK_FRAMES + CONTEXT_FRAMES])
        kept = slice(start - first, start - first + CHUNK_FRAMES)
        parts.append([output[0, kept].astype(np.float64) for output in outputs])
    return [np.concatenate(columns) for columns in zip(*parts, strict=True)]


def _to_camera_frame(output: _NetworkOutput, view: PersonView) -> LifterOutput:
    """Transforms the outputs from the person view to the camera; bone scales become one weighted mean per bone."""
    rotations = rotation.nearest_rotation(output.rotations)
    rotations[:, 0] = view.camera_from_view @ rotations[:, 0]
    log_scales, weights = _weigh_bone_scales(output)
    return LifterOutput(
        landmarks_3d=points_from_depths(output.depths, replace(view, points=output.points)),
        points=image_points_from_view(view, output.points),
        sigma=np.exp(np.stack(np.split(output.log_sigma, 2, axis=-1), axis=-1)),
        rotations=rotations,
        up=rotation.normalize(rotation.rotate_vectors(view.camera_from_view, output.up)),
        velocity=rotation.rotate_vectors(view.camera_from_view, output.velocity),
        contacts=expit(output.contacts),
        bone_scales=np.exp((weights * log_scales).sum(axis=0) / weights.sum(axis=0)),
        scale=view.scale,
    )


def seconds_since_observed(observed: BoolArray, fps: float, times: FloatArray | None = None) -> FloatArray:
    """Returns the time (M,) s to the nearest observed frame, before or after, at most MAX_SECONDS_SINCE_OBSERVED.

    Args:
        observed: (T,).
        fps: frames per second.
        times: (M,) in frames; all frames if not given.
    """
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
    """Interpolates values (N, C) at ascending sample times (N,) linearly to times (M,); constant beyond the ends."""
    if np.array_equal(times, sample_times):
        return values
    following = np.searchsorted(sample_times, times).clip(1, max(len(sample_times) - 1, 1))
    last = np.minimum(following, len(sample_times) - 1)
    start, end = sample_times[following - 1], sample_times[last]
    fraction = np.clip((times - start) / np.maximum(end - start, 1e-9), 0.0, 1.0)[:, None]
    return np.asarray((1 - fraction) * values[following - 1] + fraction * values[last])


def build_features(
    points: FloatArray,
    confidence: FloatArray,
    landmarks_3d: FloatArray,
    direction: FloatArray,
    scale: FloatArray,
    age: FloatArray,
) -> FloatArray:
    """Builds the features (..., T, F) of the network.

    Args:
        points: (..., T, 33, 2) of a PersonView.
        confidence: (..., T, 33).
        landmarks_3d: (..., T, 33, 3) m of the landmark network.
        direction: (..., T, 2) of a PersonView.
        scale: (...) of the PersonView.
        age: (..., T) s to the nearest observed frame, before or after.
    """
    batch_shape = points.shape[:-2]
    flat_points, flat_landmarks = points.reshape(*batch_shape, -1), landmarks_3d.reshape(*batch_shape, -1)
    log_scale = np.broadcast_to(np.log(scale)[..., None, None], (*batch_shape, 1))
    return np.concatenate([flat_points, confidence, 2 * flat_landmarks, direction, log_scale, age[..., None]], axis=-1)


def mirror_input(
    points: FloatArray, confidence: FloatArray, landmarks_3d: FloatArray, direction: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Mirrors the arguments of build_features left to right: points, confidences, 3D landmarks and direction."""
    order, signs = list(blazepose.MIRROR), MIRROR_SIGNS[:2]
    mirrored_landmarks = landmarks_3d[..., order, :] * MIRROR_SIGNS
    return points[..., order, :] * signs, confidence[..., order], mirrored_landmarks, direction * signs
