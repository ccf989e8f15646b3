"""Animation of morph targets in a glTF document: one channel ``weights`` per node of a mesh that they move.

Source: the glTF 2.0 specification, "Animations", https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html#animations
"""

from collections.abc import Sequence

import numpy as np
import pygltflib

from bodydouble.data import BoolArray, Character, FloatArray, MorphWeights
from bodydouble.errors import InvalidDataError
from bodydouble.formats.gltf_buffer import GltfBuffer

STATIC_WEIGHT_TOLERANCE = 1e-6
"""Weights that stay this close to those at rest get no channel."""


def check_weights(character: Character, weights: MorphWeights | None, frames: int) -> None:
    """Checks that there are weights (T, K) or None for each mesh.

    Raises:
        InvalidDataError: the arrays do not fit the meshes, or hold values that are not finite.
    """
    if weights is None:
        return
    counts = [len(mesh.morph_targets) for mesh in character.meshes]
    shapes = [None if values is None else values.shape for values in weights]
    if len(shapes) != len(counts) or any(
        shape not in (None, (frames, count)) for shape, count in zip(shapes, counts, strict=True)
    ):
        raise InvalidDataError(
            f"animation of {character.name}: weights {shapes}, expected ({frames}, K) for K {counts}"
        )
    if not all(values is None or np.isfinite(values).all() for values in weights):
        raise InvalidDataError(f"animation of {character.name}: there are weights that are not finite")


def add_weight_channels(
    buffer: GltfBuffer,
    target: pygltflib.Animation,
    nodes: Sequence[tuple[int, Sequence[int]]],
    weights: MorphWeights,
    seconds: FloatArray,
    keys: Sequence[BoolArray | None],
) -> None:
    """Adds the channels of the meshes whose weights change.

    Args:
        buffer: the document.
        target: its animation.
        nodes: node of each mesh of the file, and the meshes of the character that are its primitives.
        weights: (T, K) of each mesh of the character.
        seconds: (T,) times of the frames.
        keys: (T,) True where the weights of a mesh of the character have a key; None: everywhere.
    """
    for node, members in nodes:
        driven = next((m for m in members if weights[m] is not None), None)
        values = None if driven is None else weights[driven]
        if driven is None or values is None:
            continue
        at_rest = np.array(buffer.gltf.meshes[buffer.gltf.nodes[node].mesh].weights)
        if np.abs(values - at_rest).max() <= STATIC_WEIGHT_TOLERANCE:
            continue
        key_mask = keys[driven]
        rows = slice(None) if key_mask is None else key_mask
        sampler = pygltflib.AnimationSampler(
            input=buffer.add_accessor(seconds[rows].astype(np.float32), bounds=True),
            output=buffer.add_accessor(values[rows].astype(np.float32).ravel()),
        )
        channel_target = pygltflib.AnimationChannelTarget(node=node, path=pygltflib.WEIGHTS)
        target.channels.append(pygltflib.AnimationChannel(sampler=len(target.samplers), target=channel_target))
        target.samplers.append(sampler)
