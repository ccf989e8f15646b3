"""Length of hair: maps of an image of a head, normalised by the colours of the person -> class, by a small network.

The network hair_length.npz was trained by tools/train_appearance.py on rendered people. It sees no colours, only how
near each pixel is to those of the hair, the skin, the clothes and the surroundings of the same person.
"""

from functools import cache
from importlib import resources

import numpy as np

from bodydouble.data import BoolArray, FloatArray

GROUPS = ("short", "medium", "long")
"""Classes of the network: to the ears, to the shoulders, and longer."""
VIEWS = ("front", "side", "back")
AREA, CELL = slice(8, 56), 4
"""Rows and columns of the image of the head that the network sees, and the side of the cells of which it sees means."""
FAR = 40.0
"""Largest distance of colours that counts, CIELAB."""
MIN_PROBABILITY = 1e-3
"""Probability that keeps one image from ruling out a class."""


def describe_head(
    to_hair: FloatArray, to_others: FloatArray, silhouette: BoolArray, shift: int, view: str, ambiguity: FloatArray
) -> FloatArray:
    """Returns the features (293,) of an image of a head.

    Args:
        to_hair: (64, 64) distance of each pixel from the colour of the hair, CIELAB.
        to_others: (64, 64) distance from the nearest colour of skin, clothes and surroundings.
        silhouette: (64, 64) the pixels of the person.
        shift: distance in px of the middle of the head from that of the image.
        view: one of VIEWS; heads from the side look to the left.
        ambiguity: (2,) distances of the colour of the hair from those of the skin and of the upper garment.
    """
    to_others = np.minimum(to_others, FAR)
    maps = to_others / (to_others + to_hair + 1e-6), silhouette.astype(np.float64)
    cells = [_pool(np.roll(values, -shift, axis=1)) for values in maps]
    return np.concatenate([*cells, [view == name for name in VIEWS], np.minimum(ambiguity, FAR) / FAR])


def _pool(values: FloatArray) -> FloatArray:
    """Returns the means of the cells (144,) of a map (64, 64)."""
    area = values[AREA, AREA]
    count = len(area) // CELL
    return np.asarray(area.reshape(count, CELL, count, CELL).mean(axis=(1, 3)).ravel())


def classify_lengths(features: FloatArray, weights: FloatArray) -> FloatArray:
    """Returns the probabilities (3,) of GROUPS.

    Args:
        features: (N, 293) of images of one head by ``describe_head``.
        weights: (N,) their weights.
    """
    mean, scale, *layers = _load_network()
    values = (features - mean) / scale
    for index in range(0, len(layers), 2):
        values = values @ layers[index] + layers[index + 1]
        values = values if index == len(layers) - 2 else np.maximum(values, 0.0)
    exponents = np.exp(values - values.max(axis=1, keepdims=True))
    probabilities = exponents / exponents.sum(axis=1, keepdims=True)
    joint = np.exp(np.average(np.log(probabilities + MIN_PROBABILITY), axis=0, weights=weights))
    return np.asarray(joint / joint.sum())


@cache
def _load_network() -> tuple[FloatArray, ...]:
    """Returns mean and scale of the features (293,), and weights and bias of each layer."""
    with (
        resources.as_file(resources.files(__package__) / "hair_length.npz") as path,
        np.load(path, allow_pickle=False) as file,
    ):
        return tuple(file[name].astype(np.float64) for name in file.files)
