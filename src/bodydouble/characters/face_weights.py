"""Faces on characters: ``Face`` -> weights of the morph targets of any character, and rotations of its eyes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bodydouble.characters.expression_fit import EMOTIONS, VOWELS, fit_expressions
from bodydouble.characters.face_controls import LOOK_PRESETS, Controls, FaceControls, find_face_controls
from bodydouble.data import Character, Face, FloatArray
from bodydouble.geometry import kinematics, rotation
from bodydouble.geometry.gaze import MAX_GAZE_ANGLE, gaze_rotations
from bodydouble.skeletons.arkit import INDEX
from bodydouble.skeletons.face_names import PRESET_RECIPES

BLINKS = ("blink", "blinkLeft", "blinkRight")
OVERRIDES = {"overrideBlink": BLINKS, "overrideMouth": VOWELS, "overrideLookAt": LOOK_PRESETS}
"""Property of a VRM expression -> expressions that it weakens."""
OUTER, INNER = "rangeMapHorizontalOuter", "rangeMapHorizontalInner"
UPPER, LOWER = "rangeMapVerticalUp", "rangeMapVerticalDown"
LOOKS = {
    "lookLeft": (0, 1.0, OUTER),
    "lookRight": (0, -1.0, OUTER),
    "lookUp": (1, 1.0, UPPER),
    "lookDown": (1, -1.0, LOWER),
}
"""Look expression -> axis and sign of the gaze, and name of the range map of a VRM file."""


@dataclass(frozen=True, slots=True)
class FaceMotion:
    """Motion of the face of a character over T frames."""

    weights: tuple[FloatArray | None, ...]
    """(T, K) weights of the morph targets of each mesh; None for a mesh that the face does not move."""
    eyes: Mapping[int, FloatArray]
    """Joint of an eye -> rotations (T, 4) xyzw, local to the parent joint."""


def animate_face(face: Face, character: Character) -> FaceMotion:
    """Puts a face on a character, by the controls that ``find_face_controls`` finds.

    Args:
        face: T frames.
        character: any character; one without morph targets and eyes of a known name stays as it is.
    """
    controls = find_face_controls(character)
    return FaceMotion(
        weights=_mix_targets(
            character, controls.shapes | controls.expressions, control_weights(face, controls, character.vrm)
        ),
        eyes=_turn_eyes(face.gaze, character, controls),
    )


def control_weights(face: Face, controls: FaceControls, vrm: Mapping[str, Any]) -> dict[str, FloatArray]:
    """Returns the weights (T,) of each control, 0 to 1; ``vrm`` is that of the character."""
    looks = look_expressions(face.gaze, controls.look_at)
    if controls.shapes:
        weights = {shape: face.weights[:, INDEX[shape]] for shape in controls.shapes}
        look_shapes = {shape: looks[look] for look in LOOKS for shape in PRESET_RECIPES[look]}
        return weights | {shape: values for shape, values in look_shapes.items() if shape in weights}
    fitted = fit_expressions(face.weights, controls.expressions)
    fitted |= {look: values for look, values in looks.items() if look in controls.expressions}
    return _apply_overrides(fitted, vrm.get("expressions", {}).get("preset", {}))


def _apply_overrides(fitted: dict[str, FloatArray], declared: Mapping[str, Any]) -> dict[str, FloatArray]:
    """Weakens blinks, vowels and looks by the emotions that exclude them, as players of VRM do with "blend"."""
    result = dict(fitted)
    for emotion in (name for name in EMOTIONS if name in fitted):
        for override, names in OVERRIDES.items():
            if declared.get(emotion, {}).get(override, "none") != "none":
                result |= {name: result[name] * (1.0 - fitted[emotion]) for name in names if name in result}
    return result


def look_expressions(gaze: FloatArray, look_at: Mapping[str, Any]) -> dict[str, FloatArray]:
    """Returns the weights (T,) of the four look expressions for a gaze (T, 2) rad."""
    return {
        name: np.clip(_map_look(sign * gaze[:, axis], look_at.get(key)), 0.0, 1.0)
        for name, (axis, sign, key) in LOOKS.items()
    }


def _map_look(angles: FloatArray, range_map: Mapping[str, float] | None) -> FloatArray:
    """Maps angles (T,) rad of the gaze to weights, by the range map of a VRM file if it is there; below 0 it is 0."""
    if range_map is None:
        return np.maximum(angles, 0.0) / MAX_GAZE_ANGLE
    limit = max(float(range_map.get("inputMaxValue", 90.0)), 1e-3)
    return np.clip(np.degrees(angles) / limit, 0.0, 1.0) * float(range_map.get("outputScale", 1.0))


def _mix_targets(
    character: Character, controls: Controls, weights: Mapping[str, FloatArray]
) -> tuple[FloatArray | None, ...]:
    """Returns the weights (T, K) of the morph targets of each mesh; targets without a control keep theirs at rest."""
    frames = len(next(iter(weights.values()), ()))
    driven: dict[int, FloatArray] = {}
    bound = [(bind, weights[name]) for name, binds in controls.items() if name in weights for bind in binds]
    for bind, _ in bound:
        targets = character.meshes[bind.mesh].morph_targets
        at_rest = np.tile([target.weight for target in targets], (frames, 1))
        driven.setdefault(bind.mesh, at_rest)[:, bind.target] = 0.0
    for bind, values in bound:
        driven[bind.mesh][:, bind.target] += bind.weight * values
    return tuple(driven.get(m) for m in range(len(character.meshes)))


def _turn_eyes(gaze: FloatArray, character: Character, controls: FaceControls) -> dict[int, FloatArray]:
    """Returns the local rotations (T, 4) of the joints of the eyes."""
    local = kinematics.local_rotations(character.skeleton.parents, character.rest_rotations)
    turned = {}
    for bone, joint in controls.eyes.items():
        rest = character.rest_rotations[joint]
        turn = gaze_rotations(_eye_angles(gaze, bone, controls.look_at))
        in_joint = rotation.multiply(rotation.conjugate(rest), rotation.multiply(turn, rest))
        turned[joint] = rotation.multiply(local[joint], in_joint)
    return turned


def _eye_angles(gaze: FloatArray, bone: str, look_at: Mapping[str, Any]) -> FloatArray:
    """Returns the angles (T, 2) rad of an eye for a gaze, limited by the range maps of a VRM file."""
    outward = 1.0 if bone == "leftEye" else -1.0
    maps = ((0, outward, OUTER), (0, -outward, INNER), (1, 1.0, UPPER), (1, -1.0, LOWER))
    angles = np.zeros_like(gaze)
    for axis, sign, key in maps:
        angle = np.maximum(sign * gaze[:, axis], 0.0)
        limited = np.radians(_map_look(angle, look_at[key])) if key in look_at else np.minimum(angle, MAX_GAZE_ANGLE)
        angles[:, axis] += sign * limited
    return angles
