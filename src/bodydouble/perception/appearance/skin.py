"""Filmed colour of a person's skin: of the face, else of hands, wrists or shins."""

from collections.abc import Sequence

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.data.appearance import AppearanceSample
from bodydouble.perception.appearance.colors import distance, to_lab, weighted_quantile
from bodydouble.perception.appearance.skin_tone import estimate_tone

MIN_SAMPLES = 3
"""Number of samples with a face at which its colour is certain."""
MIN_FACE_SHARE = 0.12
"""Minimum share of samples with a face; the few faces of a person who is seen from behind are hair."""
MIN_SKIN_RED = 1.0
"""Minimum a* of the skin of a face, also in blue light; a face that is greener is a hat or the back of a head."""
LIGHT_QUANTILE = 0.6
"""Quantile of the lightness of the face that counts as its colour: a part of a face lies in shade."""
LIMB_CONFIDENCE = 0.4
"""Confidence of the colour of the skin where no face was seen: hands may wear gloves."""
WRIST_COST, SHIN_COST, SURROUNDINGS_COST = 1.5, 2.0, 5.0
"""Costs of parts that are often covered, and of one that has the colour of the surroundings."""
MAX_COST = 12.0
"""Largest cost of a colour that may be skin."""
SAME = 8.0
"""Distance below which two colours are the same."""


def find_skin(samples: Sequence[AppearanceSample], weights: FloatArray) -> tuple[FloatArray | None, float]:
    """Finds the colour of the skin as filmed.

    Args:
        samples: samples of a person.
        weights: (N,) their weights.

    Returns:
        The colour (3,) CIELAB, None if no skin was seen, and its confidence.
    """
    faces = np.stack([to_lab(sample.face).reshape(-1, 3) for sample in samples])
    seen = np.isfinite(faces).all(axis=(1, 2)) & (np.median(faces[..., 1], axis=1) > MIN_SKIN_RED)
    if seen.mean() >= MIN_FACE_SHARE:
        light = np.quantile(faces[seen, :, 0], LIGHT_QUANTILE, axis=1)
        colors = np.column_stack([light, np.median(faces[seen, :, 1:], axis=1)])
        return weighted_quantile(colors, weights[seen]), min(int(seen.sum()) / MIN_SAMPLES, 1.0)
    best = min(_list_limb_skin(samples, weights), key=lambda found: found[0], default=(np.inf, None))
    return (best[1], LIMB_CONFIDENCE) if best[0] < MAX_COST else (None, 0.0)


def _list_limb_skin(samples: Sequence[AppearanceSample], weights: FloatArray) -> list[tuple[float, FloatArray]]:
    """Lists costs and colours (3,) of hands, wrists and shins: the likelier one is skin, the less it costs."""
    limbs = np.stack([to_lab(sample.limbs) for sample in samples])
    hands = np.stack([to_lab(sample.hands) for sample in samples])
    beside = np.stack([to_lab(sample.beside_legs).reshape(-1, 3) for sample in samples])
    twice = np.repeat(weights, 2)
    parts = (
        (hands.reshape(-1, 3), 0.0),
        (limbs[:, 1, :, -1].reshape(-1, 3), WRIST_COST),
        (limbs[:, 3, :, 3].reshape(-1, 3), SHIN_COST),
    )
    surroundings = weighted_quantile(beside.reshape(-1, 3), np.repeat(weights, beside.shape[1]))
    found = []
    for colors, cost in parts:
        color = weighted_quantile(colors, twice)
        if np.isfinite(color).all():
            is_around = bool(distance(color, surroundings) < SAME)
            found.append((estimate_tone(color).cost + cost + SURROUNDINGS_COST * is_around, color))
    return found
