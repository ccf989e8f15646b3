"""Expressions of VRM 1.0 from the names of morph targets: those of ARKit, VRM 0.x, VRM 1.0 and VRoid Studio.

Sources: https://github.com/vrm-c/vrm-specification/blob/master/specification/VRMC_vrm-1.0/expressions.md and
https://developer.apple.com/documentation/arkit/arfaceanchor/blendshapelocation
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

ARKIT_SIDED = (
    "browDown", "browOuterUp", "cheekSquint", "eyeBlink", "eyeLookDown", "eyeLookIn", "eyeLookOut", "eyeLookUp",
    "eyeSquint", "eyeWide", "mouthDimple", "mouthFrown", "mouthLowerDown", "mouthPress", "mouthSmile", "mouthStretch",
    "mouthUpperUp", "noseSneer",
)  # fmt: skip
ARKIT_CENTRAL = (
    "browInnerUp", "cheekPuff", "jawForward", "jawLeft", "jawOpen", "jawRight", "mouthClose", "mouthFunnel",
    "mouthLeft", "mouthPucker", "mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower",
    "mouthShrugUpper", "tongueOut",
)  # fmt: skip
ARKIT_NAMES = (*ARKIT_CENTRAL, *(name + side for name in ARKIT_SIDED for side in ("Left", "Right")))
"""The 52 shapes of ARKit; applications of "perfect sync" read them as custom expressions."""

PRESET_NAMES: dict[str, tuple[str, ...]] = {
    "aa": ("aa", "a", "fclmtha"),
    "ih": ("ih", "i", "fclmthi"),
    "ou": ("ou", "u", "fclmthu"),
    "ee": ("ee", "e", "fclmthe"),
    "oh": ("oh", "o", "fclmtho"),
    "blink": ("blink", "fcleyeclose"),
    "blinkLeft": ("blinkleft", "blinkl", "fcleyeclosel"),
    "blinkRight": ("blinkright", "blinkr", "fcleyecloser"),
    "happy": ("happy", "joy", "fclalljoy"),
    "angry": ("angry", "fclallangry"),
    "sad": ("sad", "sorrow", "fclallsorrow"),
    "relaxed": ("relaxed", "fun", "fclallfun"),
    "surprised": ("surprised", "fclallsurprised"),
    "lookUp": ("lookup",),
    "lookDown": ("lookdown",),
    "lookLeft": ("lookleft",),
    "lookRight": ("lookright",),
    "neutral": ("neutral", "fclallneutral"),
}
"""Preset expression -> names of a morph target of its own, in lower case and without separators."""

PRESET_RECIPES: dict[str, dict[str, float]] = {
    "aa": {"jawOpen": 0.7},
    "ih": {"mouthStretchLeft": 0.7, "mouthStretchRight": 0.7, "jawOpen": 0.1},
    "ou": {"mouthPucker": 0.8, "mouthFunnel": 0.3},
    "ee": {"mouthSmileLeft": 0.4, "mouthSmileRight": 0.4, "jawOpen": 0.2},
    "oh": {"mouthFunnel": 0.8, "jawOpen": 0.4},
    "blink": {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0},
    "blinkLeft": {"eyeBlinkLeft": 1.0},
    "blinkRight": {"eyeBlinkRight": 1.0},
    "happy": {"mouthSmileLeft": 1.0, "mouthSmileRight": 1.0},
    "angry": {"browDownLeft": 1.0, "browDownRight": 1.0, "mouthFrownLeft": 0.4, "mouthFrownRight": 0.4},
    "sad": {"mouthFrownLeft": 0.8, "mouthFrownRight": 0.8, "browInnerUp": 0.8},
    "relaxed": {"mouthSmileLeft": 0.4, "mouthSmileRight": 0.4, "eyeSquintLeft": 0.3, "eyeSquintRight": 0.3},
    "surprised": {"eyeWideLeft": 1.0, "eyeWideRight": 1.0, "browInnerUp": 1.0, "jawOpen": 0.4},
    "lookUp": {"eyeLookUpLeft": 1.0, "eyeLookUpRight": 1.0},
    "lookDown": {"eyeLookDownLeft": 1.0, "eyeLookDownRight": 1.0},
    "lookLeft": {"eyeLookOutLeft": 1.0, "eyeLookInRight": 1.0},
    "lookRight": {"eyeLookInLeft": 1.0, "eyeLookOutRight": 1.0},
}
"""Preset expression -> weights of ARKit's shapes, for characters without a morph target of that name."""

Binds = list[dict[str, Any]]


def find_expressions(morph_targets: Mapping[int, Sequence[str]]) -> dict[str, dict[str, Any]]:
    """Finds the expressions of a character.

    Args:
        morph_targets: node of a mesh -> names of its morph targets.

    Returns:
        The object ``expressions`` of VRMC_vrm; empty if no morph target has a known name.
    """
    named: dict[str, Binds] = {}
    for node, names in morph_targets.items():
        for k, name in enumerate(names):
            named.setdefault(_plain_name(name), []).append({"node": node, "index": k, "weight": 1.0})
    preset = {expression: binds for expression in PRESET_NAMES if (binds := _preset_binds(expression, named))}
    custom = {name: binds for name in ARKIT_NAMES if (binds := named.get(name.lower(), []))}
    kinds = {"preset": preset, "custom": custom}
    return {
        kind: {name: {"morphTargetBinds": binds} for name, binds in found.items()}
        for kind, found in kinds.items()
        if found
    }


def _preset_binds(expression: str, named: Mapping[str, Binds]) -> Binds:
    """Returns the binds of a preset to a morph target of its name, else to all of ARKit's shapes of its recipe."""
    for name in PRESET_NAMES[expression]:
        if name in named:
            return named[name]
    recipe = PRESET_RECIPES.get(expression, {})
    if not all(shape.lower() in named for shape in recipe):
        return []
    return [bind | {"weight": weight} for shape, weight in recipe.items() for bind in named[shape.lower()]]


def _plain_name(name: str) -> str:
    """Returns a name in lower case without path, separators and short sides: Face.eyeBlink_L -> eyeblinkleft."""
    name = re.sub(r"(?<=[a-z])_([LR])$", lambda side: {"L": "Left", "R": "Right"}[side[1]], name.rsplit(".", 1)[-1])
    return re.sub(r"[^a-z0-9]", "", name.lower())
