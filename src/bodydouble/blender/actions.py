"""F-curves of objects, in all versions of Blender from 4.2 on."""

from collections.abc import Mapping
from typing import Any

import bpy
import numpy as np

from .axes import Floats

Channel = tuple[str, int]
"""Data path and index of an animated property."""
ROUNDING_FRAMES = 0.01
"""Distance from a whole frame that the single precision of times and frames can cause."""


def animate(thing: Any, name: str, first_frame: int, curves: Mapping[Channel, Floats]) -> None:
    """Gives an object a new action with a linear key per frame.

    Args:
        thing: the object.
        name: name of the action.
        first_frame: frame of the first key.
        curves: channel -> (T,) values.
    """
    action = bpy.data.actions.new(name)
    animation = thing.animation_data_create()
    animation.action = action
    f_curves = _create_f_curves(action, thing)
    for (path, index), values in curves.items():
        frames = np.arange(first_frame, first_frame + len(values))
        f_curve = f_curves.new(path, index=index)
        f_curve.keyframe_points.add(len(values))
        f_curve.keyframe_points.foreach_set("co", np.column_stack([frames, values]).astype(np.float32).ravel())
        linear = bpy.types.Keyframe.bl_rna.properties["interpolation"].enum_items["LINEAR"].value
        f_curve.keyframe_points.foreach_set("interpolation", np.full(len(values), linear, np.int32))
        f_curve.update()


def move_keys(action: Any, scale: float, first_frame: int) -> None:
    """Moves all keys to ``scale * frame + first_frame``, and to whole frames where only rounding keeps them away."""
    for f_curve in _f_curves(action):
        keys = np.empty(2 * len(f_curve.keyframe_points), np.float32)
        f_curve.keyframe_points.foreach_get("co", keys)
        frames = scale * keys[::2].astype(np.float64) + first_frame
        whole = np.round(frames)
        keys[::2] = np.where(np.abs(frames - whole) < ROUNDING_FRAMES, whole, frames)
        f_curve.keyframe_points.foreach_set("co", keys)
        f_curve.update()


def vector_curves(path: str, values: Floats) -> dict[Channel, Floats]:
    """Returns the channels of a property with values (T, N)."""
    return {(path, index): values[:, index] for index in range(values.shape[1])}


def _create_f_curves(action: Any, thing: Any) -> Any:
    """Returns the collection of F-curves of a new action that an object has."""
    if not hasattr(action, "layers"):  # Blender before 4.4
        return action.fcurves
    slot = action.slots.new(thing.id_type, thing.name)
    thing.animation_data.action_slot = slot
    return action.layers.new("Layer").strips.new(type="KEYFRAME").channelbag(slot, ensure=True).fcurves


def _f_curves(action: Any) -> list[Any]:
    if not hasattr(action, "layers"):  # Blender before 4.4
        return list(action.fcurves)
    return [
        f_curve
        for layer in action.layers
        for strip in layer.strips
        for bag in strip.channelbags
        for f_curve in bag.fcurves
    ]
