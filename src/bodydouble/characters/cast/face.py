"""Face of the cast: head with holes for the eyes, lids, drawn eyes, brows and mouth, and their morph targets."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TypeVar

import numpy as np

from bodydouble.characters.cast.clip import clip
from bodydouble.characters.cast.expressions import find_expressions, jaw_offsets
from bodydouble.characters.cast.eyes import Eye, EyeState, Layer, draw_eye
from bodydouble.characters.cast.features import draw_features
from bodydouble.characters.cast.head import Head, blend_face_normals, shade_normals
from bodydouble.characters.cast.look import Look
from bodydouble.characters.cast.meshes import Part
from bodydouble.characters.cast.mouth import MouthState, draw_mouth

State = TypeVar("State")
MIN_OFFSET = 1e-6
"""Morph targets that move no vertex further, H, are left out of a part."""


def build_face(head: Head, look: Look) -> list[Part]:
    """Builds the parts of the face in the frame of the head, H; the head carries them all."""
    eye = Eye(head, look)
    expressions = find_expressions()
    parts = [_head_skin(head, eye)]
    for side, name in ((1, "left"), (-1, "right")):
        states: dict[str, EyeState] = {k: getattr(e, name) for k, e in expressions.items()}
        parts += _morph(partial(draw_eye, eye, side=side), EyeState(), states)
    parts += _morph(partial(draw_mouth, head, look), MouthState(), {k: e.mouth for k, e in expressions.items()})
    parts += [_create_part(layer) for layer in draw_features(head, look)]
    return parts


def _head_skin(head: Head, eye: Eye) -> Part:
    """Builds the skin of the head, open at the eyes."""
    field = np.minimum(eye.hole_field(head.positions), eye.hole_field(head.positions * [-1.0, 1.0, 1.0]))
    triangles, (positions, normals) = clip(head.triangles, field, head.positions, shade_normals(head))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    uvs = np.zeros((len(positions), 2))
    return Part("face", "face", positions, triangles, normals, uvs, morphs=jaw_offsets(positions))


def _morph(draw: Callable[[State], list[Layer]], rest: State, states: dict[str, State]) -> list[Part]:
    """Draws layers at rest, with the difference to each state as a morph target."""
    layers = draw(rest)
    parts = [_create_part(layer) for layer in layers]
    for name, state in states.items():
        if state != rest:
            moved = draw(state)
            for k, (layer, other) in enumerate(zip(layers, moved, strict=True)):
                offsets = other.positions - layer.positions
                if np.abs(offsets).max() > MIN_OFFSET:
                    parts[k] = replace(parts[k], morphs={**parts[k].morphs, name: offsets})
    return parts


def _create_part(layer: Layer) -> Part:
    front = np.tile([0.0, 0.0, 1.0], (len(layer.positions), 1))
    normals = blend_face_normals(layer.positions, front)
    return Part(layer.mesh, layer.material, layer.positions, layer.triangles, normals, layer.uvs)
