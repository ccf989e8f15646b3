"""Controls of a character's face: its morph targets by ARKit's shapes or VRM's preset expressions, and its eyes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bodydouble.data import Character
from bodydouble.skeletons.arkit import BLENDSHAPES
from bodydouble.skeletons.face_names import (
    EYE_NAMES,
    PRESET_NAMES,
    PRESET_RECIPES,
    arkit_shape,
    plain_joint_name,
    preset_expression,
    preset_rank,
)

MIN_SHAPES = 10
"""Number of ARKit's shapes from which on a face is moved by these alone."""
LOOK_PRESETS = ("lookUp", "lookDown", "lookLeft", "lookRight")
LOOK_SHAPES = tuple(name for name in BLENDSHAPES if name.startswith("eyeLook"))


@dataclass(frozen=True, slots=True)
class Bind:
    """Morph target that a control moves."""

    mesh: int
    """Index into ``Character.meshes``."""
    target: int
    """Index of the morph target of the mesh."""
    weight: float
    """Weight of the morph target where the control is 1."""


Controls = dict[str, tuple[Bind, ...]]


@dataclass(frozen=True, slots=True)
class FaceControls:
    """Controls of the face of a character: shapes or expressions, never both; eyes or looks, never both."""

    shapes: Controls
    """Shape of ARKit -> morph targets."""
    expressions: Controls
    """Preset expression of VRM -> morph targets."""
    eyes: dict[str, int]
    """``leftEye`` and ``rightEye`` -> joint, if these turn with the gaze."""
    look_at: Mapping[str, Any]
    """Object ``lookAt`` of the character's VRM file; empty if there is none."""


def find_face_controls(character: Character) -> FaceControls:
    """Finds the controls of a face.

    Custom VRM expressions with ARKit's names ("perfect sync") and morph targets with these names come first; then the
    preset expressions of a VRM file, and morph targets with their names in VRoid Studio, Oculus or MikuMikuDance.
    The gaze turns the eye joints of VRM files that want it and of characters without look shapes.
    """
    kept = character.vrm.get("expressions", {})
    shapes = _named_shapes(character) | _declared(character, kept.get("custom", {}), BLENDSHAPES)
    if len(shapes) < MIN_SHAPES:
        expressions = _named_expressions(character, shapes) | _declared(character, kept.get("preset", {}), PRESET_NAMES)
        shapes = {}
    else:
        expressions = {}
    look_at = character.vrm.get("lookAt", {})
    has_looks = any(name in shapes for name in LOOK_SHAPES) or any(name in expressions for name in LOOK_PRESETS)
    wants_joints = look_at["type"] == "bone" if "type" in look_at else not has_looks
    eyes = _eye_joints(character) if wants_joints else {}
    if eyes:
        shapes = {name: binds for name, binds in shapes.items() if name not in LOOK_SHAPES}
        expressions = {name: binds for name, binds in expressions.items() if name not in LOOK_PRESETS}
    return FaceControls(shapes, expressions, eyes, look_at)


def _targets(character: Character) -> Iterator[tuple[str, Bind]]:
    for m, mesh in enumerate(character.meshes):
        for k, target in enumerate(mesh.morph_targets):
            yield target.name, Bind(m, k, 1.0)


def _named_shapes(character: Character) -> Controls:
    found: dict[str, list[Bind]] = {}
    for name, bind in _targets(character):
        if shape := arkit_shape(name):
            found.setdefault(shape, []).append(bind)
    return {shape: tuple(binds) for shape, binds in found.items()}


def _named_expressions(character: Character, shapes: Controls) -> Controls:
    """Returns the expressions with the best names; those without a name are made of the few shapes of ARKit."""
    found: dict[str, dict[int, list[Bind]]] = {}
    for name, bind in _targets(character):
        if preset := preset_expression(name):
            found.setdefault(preset, {}).setdefault(preset_rank(name), []).append(bind)
    composed = {
        preset: tuple(Bind(b.mesh, b.target, weight) for shape, weight in recipe.items() for b in shapes[shape])
        for preset, recipe in PRESET_RECIPES.items()
        if recipe.keys() <= shapes.keys()
    }
    return composed | {preset: tuple(ranked[min(ranked)]) for preset, ranked in found.items()}


def _declared(
    character: Character, expressions: Mapping[str, Any], names: Sequence[str] | Mapping[str, Any]
) -> Controls:
    """Returns the morph targets of expressions of a VRM file that have one of the names, in any case."""
    by_plain_name = {name.lower(): name for name in names}
    meshes: dict[str, list[int]] = {}
    for m, mesh in enumerate(character.meshes):
        meshes.setdefault(mesh.name or character.name, []).append(m)
    found: Controls = {}
    for expression, content in expressions.items():
        binds = tuple(
            Bind(m, bind["index"], float(bind["weight"]))
            for bind in content.get("morphTargetBinds", [])
            for m in meshes.get(bind["mesh"], [])
            if bind["index"] < len(character.meshes[m].morph_targets)
        )
        if binds and expression.lower() in by_plain_name:
            found[by_plain_name[expression.lower()]] = binds
    return found


def _eye_joints(character: Character) -> dict[str, int]:
    """Returns the joints of both eyes; empty unless both are found and move vertices."""
    declared: Mapping[str, int] = character.vrm.get("humanBones", {})
    named = {plain_joint_name(name): j for j, name in enumerate(character.skeleton.joint_names)}
    skinned = {int(j) for mesh in character.meshes for j in np.unique(mesh.joints[mesh.weights > 0])}
    eyes = {}
    for bone, names in EYE_NAMES.items():
        joint = declared.get(bone, next((named[name] for name in names if name in named), None))
        if joint in skinned and joint is not None:
            eyes[bone] = joint
    return eyes if len(eyes) == len(EYE_NAMES) else {}
