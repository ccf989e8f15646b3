"""Quality of feet on a character: foot slide and penetration of its own soles, before and after foot planting."""

from dataclasses import dataclass

import numpy as np

from bodydouble.characters.retarget import retarget
from bodydouble.characters.soles import find_sole_points
from bodydouble.data import FloatArray, Motion
from bodydouble.evaluation.metrics.floor import foot_slide_mm, penetration_mm
from bodydouble.geometry import kinematics
from bodydouble.pipeline.animated_characters import AnimatedCharacter


@dataclass(frozen=True, slots=True)
class FootQuality:
    """Means over all frames, mm."""

    slide_mm: float
    """Movement per 1/30 s of sole points in contact; NaN without contacts."""
    penetration_mm: float
    """Depth of the lowest sole point below the floor."""


def measure_feet(motion: Motion, animated: AnimatedCharacter) -> tuple[FootQuality, FootQuality] | None:
    """Measures the feet before and after foot planting; returns None if the character has no feet."""
    before = _measure(motion, animated, *retarget(motion, animated.character))
    after = _measure(motion, animated, animated.rotations, animated.hips_translation)
    return None if before is None or after is None else (before, after)


def _measure(
    motion: Motion, animated: AnimatedCharacter, rotations: FloatArray, hips_translation: FloatArray
) -> FootQuality | None:
    character = animated.character
    soles = find_sole_points(character)
    if soles is None:
        return None
    positions, world = kinematics.forward_kinematics(
        character.skeleton, rotations, hips_translation, character.humanoid["hips"]
    )
    points = soles.positions(positions, world)
    slide = foot_slide_mm(points, motion.contacts, float(motion.fps))
    resting = np.isfinite(slide)
    return FootQuality(
        float(slide[resting].mean()) if resting.any() else float("nan"), float(penetration_mm(points).mean())
    )
