"""ARKit blend shapes of a drawn face: the state of eyes and mouth that each one is at weight 1."""

from dataclasses import dataclass

import numpy as np

from bodydouble.characters.cast.eyes import EyeState
from bodydouble.characters.cast.mouth import MouthState
from bodydouble.data import FloatArray
from bodydouble.skeletons.arkit import BLENDSHAPES

EYE_AT_REST, MOUTH_AT_REST = EyeState(), MouthState()
EYES: dict[str, EyeState] = {
    "browDown": EyeState(brow_inner=-0.045, brow_outer=-0.012, raise_upper=-0.05),
    "browOuterUp": EyeState(brow_outer=0.045, brow_inner=0.010),
    "cheekSquint": EyeState(raise_lower=0.12),
    "eyeBlink": EyeState(close=1.0),
    "eyeLookDown": EyeState(gaze_up=-0.11, raise_upper=-0.10),
    "eyeLookUp": EyeState(gaze_up=0.11, raise_upper=0.03),
    "eyeLookIn": EyeState(gaze_out=-0.14),
    "eyeLookOut": EyeState(gaze_out=0.14),
    "eyeSquint": EyeState(raise_upper=-0.14, raise_lower=0.10),
    "eyeWide": EyeState(raise_upper=0.08, raise_lower=-0.03, brow_inner=0.008, brow_outer=0.008),
    "noseSneer": EyeState(brow_inner=-0.018, raise_lower=0.04),
    "eyeArch": EyeState(arch=1.0),
}
"""State of the eye on one side, by the name of the shape without its side; ``eyeArch``, a laugh, is none of ARKit's."""
BROW_INNER_UP = EyeState(brow_inner=0.045)
MOUTH: dict[str, MouthState] = {
    "jawOpen": MouthState(lower=(0.085, 0.085), upper=(0.006, 0.006), widen=(-0.004, -0.004)),
    "mouthClose": MouthState(lower=(-0.075, -0.075), upper=(-0.004, -0.004)),
    "mouthFunnel": MouthState(lower=(0.030, 0.030), upper=(0.018, 0.018), widen=(-0.022, -0.022)),
    "mouthPucker": MouthState(lower=(0.007, 0.007), upper=(0.007, 0.007), widen=(-0.033, -0.033)),
    "jawLeft": MouthState(shift=0.016),
    "jawRight": MouthState(shift=-0.016),
    "mouthLeft": MouthState(shift=0.026),
    "mouthRight": MouthState(shift=-0.026),
    "mouthRollLower": MouthState(lift=-0.004, lower=(-0.004, -0.004)),
    "mouthRollUpper": MouthState(lift=0.004),
    "mouthShrugLower": MouthState(lift=0.008, corners=(-0.010, -0.010)),
    "mouthShrugUpper": MouthState(lift=0.006),
}
LEFT_MOUTH: dict[str, MouthState] = {
    "mouthSmile": MouthState(widen=(0.022, 0.0), corners=(0.036, 0.0)),
    "mouthFrown": MouthState(widen=(0.002, 0.0), corners=(-0.032, 0.0)),
    "mouthDimple": MouthState(widen=(0.012, 0.0), corners=(0.008, 0.0)),
    "mouthStretch": MouthState(widen=(0.026, 0.0), corners=(-0.008, 0.0), lower=(0.010, 0.0)),
    "mouthPress": MouthState(widen=(0.006, 0.0), corners=(0.005, 0.0)),
    "mouthLowerDown": MouthState(lower=(0.022, 0.0)),
    "mouthUpperUp": MouthState(upper=(0.018, 0.0)),
}
"""State of the mouth for the shape of the left side; the right side mirrors it."""


@dataclass(frozen=True, slots=True)
class Expression:
    """Face at weight 1 of one morph target."""

    left: EyeState = EYE_AT_REST
    right: EyeState = EYE_AT_REST
    mouth: MouthState = MOUTH_AT_REST


def find_expressions() -> dict[str, Expression]:
    """Returns the expression of each morph target that moves eyes or mouth, by name."""
    names = [*BLENDSHAPES, "eyeArchLeft", "eyeArchRight"]
    found = {name: _find(name) for name in names}
    return {name: expression for name, expression in found.items() if expression != Expression()}


def _find(name: str) -> Expression:
    if name == "browInnerUp":
        return Expression(BROW_INNER_UP, BROW_INNER_UP)
    if name in MOUTH:
        return Expression(mouth=MOUTH[name])
    stem, is_left = name.removesuffix("Left").removesuffix("Right"), name.endswith("Left")
    if stem in EYES:
        return Expression(left=EYES[stem]) if is_left else Expression(right=EYES[stem])
    if stem in LEFT_MOUTH:
        return Expression(mouth=LEFT_MOUTH[stem] if is_left else _mirror(LEFT_MOUTH[stem]))
    return Expression()


def _mirror(state: MouthState) -> MouthState:
    pairs = {name: getattr(state, name)[::-1] for name in ("widen", "corners", "upper", "lower")}
    return MouthState(shift=-state.shift, lift=state.lift, **pairs)


def jaw_offsets(positions: FloatArray) -> dict[str, FloatArray]:
    """Returns the offsets (V, 3) of points of the head, H, for the shapes that move chin and cheeks."""
    return {
        "jawOpen": _jaw(positions, (0.0, -0.035, -0.012)),
        "jawForward": _jaw(positions, (0.0, 0.0, 0.025)),
        "jawLeft": _jaw(positions, (0.018, 0.0, 0.0)),
        "jawRight": _jaw(positions, (-0.018, 0.0, 0.0)),
        "cheekPuff": _cheeks(positions),
    }


def _jaw(positions: FloatArray, offset: tuple[float, float, float]) -> FloatArray:
    low = np.clip((0.17 - positions[:, 1]) / 0.15, 0, 1)
    front = np.clip((positions[:, 2] + 0.05) / 0.25, 0, 1)
    return np.asarray((low * front)[:, None] * np.array(offset))


def _cheeks(positions: FloatArray) -> FloatArray:
    x, y, z = positions.T
    bump = np.exp(-(((np.abs(x) - 0.26) / 0.09) ** 2) - ((y - 0.2) / 0.08) ** 2) * np.clip(z / 0.15, 0, 1)
    return np.stack([0.035 * bump * np.sign(x), 0 * x, 0.012 * bump], axis=1)
