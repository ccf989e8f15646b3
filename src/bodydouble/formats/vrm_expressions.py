"""Expressions of VRM 1.0 from the names of morph targets: those of ARKit, VRM 0.x, VRM 1.0, VRoid Studio and others.

Source: https://github.com/vrm-c/vrm-specification/blob/master/specification/VRMC_vrm-1.0/expressions.md
"""

from collections.abc import Mapping, Sequence
from typing import Any

from bodydouble.skeletons.arkit import BLENDSHAPES
from bodydouble.skeletons.face_names import (
    PRESET_NAMES,
    PRESET_RECIPES,
    arkit_shape,
    preset_expression,
    preset_rank,
)

Binds = list[dict[str, Any]]


def find_expressions(morph_targets: Mapping[int, Sequence[str]]) -> dict[str, dict[str, Any]]:
    """Finds the expressions of a character.

    Args:
        morph_targets: node of a mesh -> names of its morph targets.

    Returns:
        The object ``expressions`` of VRMC_vrm; empty if no morph target has a known name. The shapes of ARKit are
        custom expressions: applications of "perfect sync" read them.
    """
    shapes: dict[str, Binds] = {}
    presets: dict[str, dict[int, Binds]] = {}
    for node, names in morph_targets.items():
        for k, name in enumerate(names):
            bind = {"node": node, "index": k, "weight": 1.0}
            if shape := arkit_shape(name):
                shapes.setdefault(shape, []).append(bind)
            if preset := preset_expression(name):
                presets.setdefault(preset, {}).setdefault(preset_rank(name), []).append(bind)
    preset_binds = {name: binds for name in PRESET_NAMES if (binds := _preset_binds(name, presets, shapes))}
    custom_binds = {name: shapes[name] for name in BLENDSHAPES if name in shapes}
    kinds = {"preset": preset_binds, "custom": custom_binds}
    return {
        kind: {name: {"morphTargetBinds": binds} for name, binds in found.items()}
        for kind, found in kinds.items()
        if found
    }


def _preset_binds(name: str, presets: Mapping[str, Mapping[int, Binds]], shapes: Mapping[str, Binds]) -> Binds:
    """Returns the binds of a preset to a morph target of its name, else to all of ARKit's shapes of its recipe."""
    if name in presets:
        return presets[name][min(presets[name])]
    recipe = PRESET_RECIPES.get(name, {})
    if not all(shape in shapes for shape in recipe):
        return []
    return [bind | {"weight": weight} for shape, weight in recipe.items() for bind in shapes[shape]]
