"""Performing: named motions and a ``Character`` -> the character in every frame of each motion."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bodydouble.characters.body_fitting import fit_character
from bodydouble.data import Character
from bodydouble.geometry import rotation
from bodydouble.motion.loop import CONTEXT_CYCLES, add_context
from bodydouble.pipeline.animated_characters import AnimatedCharacter, add_face, retarget_to_character
from bodydouble.pipeline.motion_files import NamedMotion


def perform(
    motions: Sequence[NamedMotion], template: Character, is_one_character: bool
) -> tuple[AnimatedCharacter, ...]:
    """Retargets motions to a character.

    Args:
        motions: at least one.
        template: the character.
        is_one_character: whether a built-in character has the same proportions in all motions, those of the first.
    """
    if not (is_one_character and template.is_builtin):
        return tuple(_perform_one(named, template) for named in motions)
    skeleton = motions[0].motion.skeleton
    own = replace(fit_character(template, skeleton), is_builtin=False)
    return tuple(
        _perform_one(
            named, template if np.array_equal(named.motion.skeleton.rest_offsets, skeleton.rest_offsets) else own
        )
        for named in motions
    )


def _perform_one(named: NamedMotion, template: Character) -> AnimatedCharacter:
    """Retargets a motion; a loop between further cycles, so that feet and hair go on across its seam as well."""
    if not named.is_loop or len(named.motion.rotations) < 2:
        return add_face(retarget_to_character(named.motion, template), named.face)
    repeated, middle = add_context(named.motion)
    animated = retarget_to_character(repeated, template)
    path = animated.hips_translation[middle]
    travel = CONTEXT_CYCLES * (path[-1] - path[0])
    rotations = animated.rotations[middle]
    rotations = rotation.make_continuous(np.concatenate([rotations[:-1], rotations[:1]]))
    cycle = AnimatedCharacter(animated.character, rotations, path - travel)
    return add_face(cycle, named.face)
