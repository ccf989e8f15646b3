"""Contact network: paths of the soles -> probability that each of their points rests on the floor.

In: positions of heels and toes in axes that do not move, and their heights above the support. A foot that rests is
slow and low for a while, and comes down and leaves in typical ways, so the network sees about half a second around
each frame. It has seen few acrobats and few feet that are held still in the air, so the logistic regression of single
frames in ``contacts`` has as much weight.

``tools/train_contacts.py`` trained it on the first and the later fits of simulated captures.
"""

from functools import cache
from pathlib import Path

import numpy as np
from scipy.special import expit, logit

from bodydouble.data import FloatArray
from bodydouble.motion.floor.contacts import contact_probability
from bodydouble.motion.lifting.lifter import MIRROR_CONTACT_ORDER, NETWORK_FPS, interpolate_linear, network_times
from bodydouble.networks import Network

MODEL = Path(__file__).parent / "models" / "contacts.onnx"
FEATURE_COUNT = 12
"""Number of features per frame: height, logarithm of the speed and vertical velocity of 4 points."""
MIN_SPEED = 0.05
"""Speed in m/s that is added before the logarithm."""
HEIGHT_RANGE = (-0.3, 0.6)
"""Bounds in m of heights."""
HEIGHT_UNIT = 0.2
"""Height in m that is 1 in the features."""
MAX_VERTICAL_VELOCITY = 2.0
"""Bound in m/s of vertical velocities."""
MIN_PROBABILITY = 1e-6
"""Distance from 0 and 1 that probabilities are kept away before their log-odds are averaged."""
RAISED_HEIGHT, RAISED_HEIGHT_SCALE = 0.28, 0.035
"""Height in m at which a motionless point rests with half the probability, and logistic scale of that transition."""
MIRROR_FEATURES = [4 * group + index for group in range(FEATURE_COUNT // 4) for index in MIRROR_CONTACT_ORDER]
"""Order of the features of the mirrored person."""


@cache
def _network() -> Network:
    return Network(MODEL)


def sole_contact_probability(soles: FloatArray, heights: FloatArray, fps: float) -> FloatArray:
    """Estimates the probability (T, 4) that points of the soles rest.

    The network runs with the flip test: its logits are averaged with those of the mirrored person.

    Args:
        soles: (T, 4, 3) m, left heel, left toes, right heel and right toes, in axes that do not move.
        heights: (T, 4) m above the support.
        fps: frames per second.

    Raises:
        ModelError: the network cannot be loaded.
    """
    frames, times = np.arange(len(soles), dtype=np.float64), network_times(len(soles), fps)
    paths = np.concatenate([soles, heights[..., None]], axis=-1)
    sampled = interpolate_linear(times, frames, paths.reshape(len(frames), -1)).reshape(len(times), *paths.shape[1:])
    features = build_features(sampled[..., :3], sampled[..., 3])
    mirrored = _run_network(features[:, MIRROR_FEATURES])[:, MIRROR_CONTACT_ORDER]
    of_paths = expit(interpolate_linear(frames, times, (_run_network(features) + mirrored) / 2))
    of_paths = of_paths * expit((RAISED_HEIGHT - np.abs(heights)) / RAISED_HEIGHT_SCALE)
    of_frames = contact_probability(soles, heights, fps)
    probabilities = np.clip([of_paths, of_frames], MIN_PROBABILITY, 1 - MIN_PROBABILITY)
    return np.asarray(expit(logit(probabilities).mean(axis=0)))


def _run_network(features: FloatArray) -> FloatArray:
    """Returns logits (T, 4) of features (T, FEATURE_COUNT)."""
    (logits,) = _network()(features[None])
    return np.asarray(logits[0], dtype=np.float64)


def build_features(soles: FloatArray, heights: FloatArray) -> FloatArray:
    """Builds the features (T, FEATURE_COUNT), float32, of soles (T, 4, 3) m and heights (T, 4) m at NETWORK_FPS."""
    speed, vertical_velocity = np.linalg.norm(_velocity(soles), axis=-1), _velocity(heights)
    features = (
        np.clip(heights, *HEIGHT_RANGE) / HEIGHT_UNIT,
        np.log(speed + MIN_SPEED) + 1.0,
        np.clip(vertical_velocity, -MAX_VERTICAL_VELOCITY, MAX_VERTICAL_VELOCITY),
    )
    return np.concatenate(features, axis=-1).astype(np.float32)


def _velocity(values: FloatArray) -> FloatArray:
    """Returns the derivatives (T, ...) per second of values (T, ...) at NETWORK_FPS; 0 for a single frame."""
    return np.asarray(np.gradient(values, axis=0) * NETWORK_FPS) if len(values) > 1 else np.zeros_like(values)
