"""Object ``lookAt`` of VRM 1.0 for characters whose gaze is moved by expressions.

Source: https://github.com/vrm-c/vrm-specification/blob/master/specification/VRMC_vrm-1.0/lookAt.md
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from bodydouble.data import Character, FloatArray
from bodydouble.geometry import camera, kinematics
from bodydouble.geometry.gaze import MAX_GAZE_ANGLE
from bodydouble.skeletons.face_names import arkit_shape, preset_expression

LOOKS = {"lookUp", "lookDown", "lookLeft", "lookRight"}
RANGE_MAPS = tuple(f"rangeMap{side}" for side in ("HorizontalInner", "HorizontalOuter", "VerticalDown", "VerticalUp"))


def describe_look_at(character: Character, presets: Mapping[str, Any]) -> dict[str, Any]:
    """Describes the gaze of a character.

    Args:
        character: any character.
        presets: its preset expressions.

    Returns:
        The object ``lookAt``; empty unless all four look expressions are there.
    """
    if not presets.keys() >= LOOKS:
        return {}
    head = kinematics.bind_matrices(character)[character.humanoid["head"]]
    range_map = {"inputMaxValue": float(np.degrees(MAX_GAZE_ANGLE)), "outputScale": 1.0}
    return {
        "type": "expression",
        "offsetFromHeadBone": camera.transform(camera.inverse(head), _eye_centre(character, head[:3, 3])).tolist(),
        **dict.fromkeys(RANGE_MAPS, range_map),
    }


def _eye_centre(character: Character, default: FloatArray) -> FloatArray:
    """Returns the middle (3,) of the vertices that looks move, in the rest pose."""
    moved = [
        (mesh.positions, np.linalg.norm(target.position_offsets, axis=1))
        for mesh in character.meshes
        for target in mesh.morph_targets
        if preset_expression(target.name) in LOOKS or (arkit_shape(target.name) or "").startswith("eyeLook")
    ]
    if not moved:
        return default
    positions, weights = (np.concatenate(parts) for parts in zip(*moved, strict=True))
    return np.asarray(np.average(positions, axis=0, weights=weights)) if weights.any() else default
