"""Blend shapes of USD: morph targets of a ``Character`` and their weights -> lines of text.

Source: https://openusd.org/release/api/_usd_skel__schemas.html#UsdSkel_BlendShape
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bodydouble.data import Character, FloatArray, MorphTarget, MorphWeights
from bodydouble.formats.usd_text import format_numbers, format_tuples, unique_identifiers


@dataclass(frozen=True, slots=True)
class BlendShapes:
    """Blend shapes of a character."""

    names: tuple[tuple[str, ...], ...]
    """Names of the shapes of each mesh; no name comes twice."""
    weights: FloatArray | None
    """(T, K) weights of all shapes in the order of the names; None if they stand still."""


def collect_blend_shapes(character: Character, weights: MorphWeights | None) -> BlendShapes:
    """Names the morph targets of all meshes, and joins their weights; targets without weights keep those at rest."""
    counts = [len(mesh.morph_targets) for mesh in character.meshes]
    names = unique_identifiers(target.name for mesh in character.meshes for target in mesh.morph_targets)
    starts = np.cumsum([0, *counts])
    by_mesh = tuple(tuple(names[start : start + count]) for start, count in zip(starts, counts, strict=False))
    moving = [values for values in weights or () if values is not None]
    if not moving:
        return BlendShapes(by_mesh, None)
    at_rest = [np.array([target.weight for target in mesh.morph_targets]) for mesh in character.meshes]
    columns = [
        np.tile(rest, (len(moving[0]), 1)) if values is None else values
        for rest, values in zip(at_rest, weights or (), strict=True)
    ]
    return BlendShapes(by_mesh, np.concatenate(columns, axis=1))


def animation_lines(blend_shapes: BlendShapes, first_frame: int) -> Iterator[str]:
    """Yields the part of a SkelAnimation that holds the weights of all frames; nothing if they stand still."""
    if blend_shapes.weights is None:
        return
    names = ", ".join(f'"{name}"' for mesh_names in blend_shapes.names for name in mesh_names)
    yield f"uniform token[] blendShapes = [{names}]"
    yield "float[] blendShapeWeights.timeSamples = {"
    for frame, row in enumerate(blend_shapes.weights, start=first_frame):
        yield f"    {frame}: {format_numbers(row)},"
    yield "}"


def binding_lines(names: Sequence[str], mesh_path: str) -> Iterator[str]:
    """Yields the properties of a mesh that bind its blend shapes; nothing if it has none."""
    if names:
        tokens = ", ".join(f'"{name}"' for name in names)
        targets = ", ".join(f"<{mesh_path}/{name}>" for name in names)
        yield f"uniform token[] skel:blendShapes = [{tokens}]"
        yield f"rel skel:blendShapeTargets = [{targets}]"


def shape_lines(name: str, target: MorphTarget) -> Iterator[str]:
    """Yields a BlendShape with the offsets of the points that it moves; at least one, since none would mean all."""
    offsets = [target.position_offsets, *([] if target.normal_offsets is None else [target.normal_offsets])]
    moved = np.flatnonzero(np.any([values.any(axis=1) for values in offsets], axis=0))
    moved = moved if len(moved) else np.array([0])
    yield f'def BlendShape "{name}"'
    yield "{"
    for kind, values in zip(("offsets", "normalOffsets"), offsets, strict=False):
        yield f"    uniform vector3f[] {kind} = {format_tuples(values[moved])}"
    yield f"    uniform int[] pointIndices = {format_numbers(moved)}"
    yield "}"
