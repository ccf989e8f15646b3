"""Names of the morph targets of faces: ARKit, VRM, VRoid Studio, Oculus visemes and MikuMikuDance.

Sources: https://developer.apple.com/documentation/arkit/arfaceanchor/blendshapelocation,
https://github.com/vrm-c/vrm-specification/blob/master/specification/VRMC_vrm-1.0/expressions.md,
https://developers.meta.com/horizon/documentation/unity/audio-ovrlipsync-viseme-reference; for MikuMikuDance, the morphs
of its default models, as they stand in
https://github.com/saturday06/VRM-Addon-for-Blender/tree/main/src/io_scene_vrm/common
"""

import re

from bodydouble.skeletons.arkit import BLENDSHAPES

PRESET_NAMES: dict[str, tuple[str, ...]] = {
    "aa": ("aa", "a", "fclmtha", "visemeaa", "あ"),
    "ih": ("ih", "i", "fclmthi", "visemei", "い"),
    "ou": ("ou", "u", "fclmthu", "visemeu", "う"),
    "ee": ("ee", "e", "fclmthe", "visemee", "え"),
    "oh": ("oh", "o", "fclmtho", "visemeo", "お"),
    "blink": ("blink", "fcleyeclose", "まばたき"),
    "blinkLeft": ("blinkleft", "blinkl", "fcleyeclosel", "ウィンク２", "ウィンク"),
    "blinkRight": ("blinkright", "blinkr", "fcleyecloser", "ｳｨﾝｸ２右", "ウィンク２右", "ウィンク右"),
    "happy": ("happy", "joy", "fclalljoy", "笑い", "にこり"),
    "angry": ("angry", "fclallangry", "怒り"),
    "sad": ("sad", "sorrow", "fclallsorrow", "困る"),
    "relaxed": ("relaxed", "fun", "fclallfun", "なごみ"),
    "surprised": ("surprised", "fclallsurprised", "びっくり"),
    "lookUp": ("lookup",),
    "lookDown": ("lookdown",),
    "lookLeft": ("lookleft",),
    "lookRight": ("lookright",),
    "neutral": ("neutral", "fclallneutral"),
}
"""Preset expression -> names of a morph target of its own, in lower case and without separators; the best first."""

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
"""Preset expression -> weights of ARKit's shapes that make it."""

EYE_NAMES = {
    "leftEye": ("lefteye", "eyel", "eyeleft", "leye", "ccbaseleye", "jadjlfaceeye", "defeyel", "左目", "目l"),
    "rightEye": ("righteye", "eyer", "eyeright", "reye", "ccbasereye", "jadjrfaceeye", "defeyer", "右目", "目r"),
}
"""Humanoid bone of an eye -> names of its joint, in lower case and without separators."""

_SHAPE_OF = {name.lower(): name for name in BLENDSHAPES}
_SEPARATED_SIDE = re.compile(r"(?<=[a-z])[_. -]([lr])$", re.IGNORECASE)
_CAPITAL_SIDE = re.compile(r"(?<=[a-z])([LR])$")


def arkit_shape(name: str) -> str | None:
    """Returns the shape of ARKit that a morph target is named after, in any case, with any prefix; None if none.

    Examples: ``eyeBlink_L``, ``ARKit_EyeBlinkLeft``, ``Face.M_F00_000_00_eyeBlinkLeft``, ``Eye_Blink_L`` all give
    ``eyeBlinkLeft``.
    """
    plain = plain_name(name)
    matches = [shape for shape in _SHAPE_OF if plain.endswith(shape)]
    return _SHAPE_OF[max(matches, key=len)] if matches else None


def preset_expression(name: str) -> str | None:
    """Returns the preset expression of VRM 1.0 that a morph target is named after; None if none."""
    return next((preset for preset, names in PRESET_NAMES.items() if _own_part(name) in names), None)


def preset_rank(name: str) -> int:
    """Returns the place of a morph target's name among those of its preset expression; the first is the best."""
    preset = preset_expression(name)
    return PRESET_NAMES[preset].index(_own_part(name)) if preset else len(PRESET_NAMES)


def _own_part(name: str) -> str:
    """Returns a plain name without the prefixes of VRoid Studio's meshes."""
    plain = plain_name(name, long_sides=False)
    return plain[plain.find("fcl") :] if "fcl" in plain else plain


def plain_name(name: str, *, long_sides: bool = True) -> str:
    """Returns a name in lower case without path and separators, short sides in full: Face.eyeBlink_L -> eyeblinkleft.

    Args:
        name: any name.
        long_sides: whether an L or R at the end becomes left or right.
    """
    if long_sides:
        for pattern in (_SEPARATED_SIDE, _CAPITAL_SIDE):
            name = pattern.sub(lambda side: {"L": "Left", "R": "Right"}[side[1].upper()], name)
    return re.sub(r"[\W_]", "", name.rsplit(".", 1)[-1].lower())


def plain_joint_name(name: str) -> str:
    """Returns the name of a joint in lower case without namespace and separators: Rig:Eye.L -> eyel."""
    return re.sub(r"[\W_]", "", name.rsplit(":", 1)[-1].lower())
