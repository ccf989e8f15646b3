"""Expressions of VRM from ARKit's shapes: weights (T, 52) -> weights of the preset expressions of a character."""

from collections.abc import Collection, Mapping

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.skeletons.arkit import BLENDSHAPES, INDEX
from bodydouble.skeletons.face_names import PRESET_RECIPES

VOWELS = ("aa", "ih", "ou", "ee", "oh")
EMOTIONS = ("happy", "angry", "sad", "relaxed", "surprised")
SWEEPS = 60
"""Number of passes over all expressions; the weights then change by less than a thousandth."""
SPARSITY = dict.fromkeys(VOWELS, 0.01) | dict.fromkeys(EMOTIONS, 0.03)
"""Penalty of the weight of each expression: few are preferred, and vowels to emotions."""


def fit_expressions(weights: FloatArray, available: Collection[str]) -> dict[str, FloatArray]:
    """Fits preset expressions to the shapes of a face, except those of looks.

    Vowels and emotions get the weights from 0 to 1 whose recipes are together closest to the shapes; blinks are read
    directly. Where a character has both eyelids, ``blink`` stays 0.

    Args:
        weights: (T, 52), in the order of ``skeletons.arkit.BLENDSHAPES``.
        available: names of the character's preset expressions.

    Returns:
        Preset expression -> weights (T,), of those that are available.
    """
    blink_left, blink_right = weights[:, INDEX["eyeBlinkLeft"]], weights[:, INDEX["eyeBlinkRight"]]
    blinks = {"blinkLeft": blink_left, "blinkRight": blink_right}
    if not blinks.keys() <= set(available):
        blinks = {"blink": np.minimum(blink_left, blink_right)}
    fitted = _fit_recipes(weights, [name for name in (*VOWELS, *EMOTIONS) if name in available])
    return {name: values for name, values in (blinks | fitted).items() if name in available}


def _fit_recipes(weights: FloatArray, names: Collection[str]) -> dict[str, FloatArray]:
    """Solves the least squares with bounds by coordinate descent, for all frames at once."""
    recipes = {name: _recipe_vector(PRESET_RECIPES[name]) for name in names}
    concerned = np.any([*recipes.values(), np.zeros(len(BLENDSHAPES))], axis=0)
    residual = np.where(concerned, weights, 0.0)
    fitted: dict[str, FloatArray] = {name: np.zeros(len(weights)) for name in names}
    for _ in range(SWEEPS):
        for name, recipe in recipes.items():
            step = (residual @ recipe - SPARSITY[name]) / (recipe @ recipe)
            updated = np.clip(fitted[name] + step, 0.0, 1.0)
            residual -= np.outer(updated - fitted[name], recipe)
            fitted[name] = updated
    return fitted


def _recipe_vector(recipe: Mapping[str, float]) -> FloatArray:
    vector = np.zeros(len(BLENDSHAPES))
    for shape, weight in recipe.items():
        vector[INDEX[shape]] = weight
    return vector
