"""Skirts: a pleated loft round waist and hips, with dark pleats and a stripe painted into its texture."""

from dataclasses import dataclass

import numpy as np

from bodydouble.characters.cast.body import JOINTS, Body
from bodydouble.characters.cast.face_textures import encode_png
from bodydouble.characters.cast.look import Look
from bodydouble.characters.cast.meshes import Bone, Part, compute_normals, grid_triangles, orient, smoothstep
from bodydouble.characters.skirt_bones import COLUMNS, bone_name
from bodydouble.data import FloatArray, IntArray

RINGS = 13
HIP_PLACES = (-0.16, -0.11, -0.05, -0.02, 0.02, 0.06)
HIP_CLEARANCES = (0.022, 0.021, 0.020, 0.019, 0.016, 0.012, 0.010)
"""Heights above the joint of the hips where the body is measured, and the distance of the cloth there and at the
waist, m."""
DRESS_CLEARANCE = 0.006
"""Further distance of a dress, over which no other garment lies, m."""
PLEAT_PHASES = np.array([0.0, 0.42, 0.80, 0.90])
"""Places of the vertices of a pleat: it rises slowly to 0.8 and falls back."""


@dataclass(frozen=True, slots=True)
class SkirtCut:
    """Extent of a skirt, m."""

    waist: float
    hem: float
    flare: float
    pleats: int
    depth: float
    """Height of the pleats at the hem."""
    darkness: float
    """Darkness of the hidden part of a pleat, 0 to 1."""
    has_stripe: bool


@dataclass(frozen=True, slots=True)
class Skirt:
    """Skirt with its bones."""

    part: Part
    bones: list[Bone]
    tips: dict[str, FloatArray]
    """Place (3,) m of the hem below the last bone of each column, by its name."""
    texture: bytes
    """PNG file."""


def choose_skirt(look: Look, body: Body) -> SkirtCut:
    """Chooses the extent of the skirt of a look."""
    hips, ankle = body.joints["hips"][1], body.joints["leftFoot"][1]
    is_dress = look.top == "dress"
    waist = body.joints["spine"][1] + 0.045 if is_dress else hips + 0.055
    hem = waist + (ankle + 0.01 - waist) * look.leg
    flare = np.interp(look.leg, [0.3, 0.5, 1.0], [0.085, 0.13 if is_dress else 0.10, 0.16])
    if look.age > 50:
        return SkirtCut(waist, hem, 0.6 * flare, 10, 0.006, 0.45, False)
    return SkirtCut(waist, hem, float(flare), 14 if is_dress else 20, 0.012, 0.5 if is_dress else 1.0, is_dress)


def build_skirt(look: Look, body: Body, cut: SkirtCut) -> Skirt:
    """Builds a skirt."""
    columns = cut.pleats * len(PLEAT_PHASES)
    phase = np.tile(PLEAT_PHASES, cut.pleats)
    turn = (np.repeat(np.arange(cut.pleats), len(PLEAT_PHASES)) + phase) / cut.pleats
    down = np.linspace(0, 1, RINGS)
    rings = _place_rings(body, cut, phase, turn, down)
    positions, triangles, uvs = _close_seam(rings, phase, turn, down)
    axis = positions * [0.0, 1.0, 0.0] + [0.0, 0.0, rings[..., 2].mean()]
    triangles = orient(positions, triangles, axis)
    normals = compute_normals(positions, triangles)
    normals[columns :: columns + 1] = normals[0 :: columns + 1] = _mean_of_seam(normals, columns)
    bones = _place_bones(body, cut)
    hips = np.tile(body.weights_of(hips=1.0), (len(positions), 1))
    weights = _bone_weights(body, bones, np.tile(np.append(turn, 1.0), RINGS), positions[:, 1])
    part = Part("bottom", "bottom", positions, triangles, normals, uvs, hips, bones=weights)
    return Skirt(part, bones, _place_tips(body, cut), _paint(look, cut))


def _place_rings(body: Body, cut: SkirtCut, phase: FloatArray, turn: FloatArray, down: FloatArray) -> FloatArray:
    """Places the rings (RINGS, columns, 3), pleated more and more towards the hem."""
    y = cut.waist + 0.004 + (cut.hem - cut.waist) * down
    across, along, middle = _radii(body, cut, y, down)
    saw = np.where(phase < 0.8, phase / 0.8, (1 - phase) / 0.2) - 0.5
    stretch = 1 + saw * cut.depth * (0.10 + down[:, None]) * 2.2 / across[:, None]
    x = np.sin(2 * np.pi * turn) * across[:, None] * stretch
    z = middle[:, None] + np.cos(2 * np.pi * turn) * along[:, None] * stretch
    return np.stack([x, np.broadcast_to(y[:, None], x.shape), z], axis=-1)


def _close_seam(
    rings: FloatArray, phase: FloatArray, turn: FloatArray, down: FloatArray
) -> tuple[FloatArray, IntArray, FloatArray]:
    """Repeats the first column after the last, so that the texture can run round."""
    columns = rings.shape[1]
    closed = np.concatenate([rings, rings[:, :1]], axis=1).reshape(-1, 3)
    pleat = np.round(turn * (columns / len(PLEAT_PHASES)) - phase)
    u = np.append(pleat + phase, columns / len(PLEAT_PHASES))
    uvs = np.stack(np.broadcast_arrays(u, down[:, None]), axis=-1).reshape(-1, 2)
    return closed, grid_triangles(RINGS, columns + 1), uvs


def _mean_of_seam(normals: FloatArray, columns: int) -> FloatArray:
    mean = normals[0 :: columns + 1] + normals[columns :: columns + 1]
    return np.asarray(mean / np.linalg.norm(mean, axis=1, keepdims=True))


def _slice(body: Body, height: float) -> FloatArray:
    """Returns half width and the back and the front in z of the trunk, or of both thighs, at a height, m."""
    arms = [j for j, bone in enumerate(JOINTS) if "Arm" in bone or "Hand" in bone]
    tights = body.tights
    near = (np.abs(tights.positions[:, 1] - height) < 0.025) & (tights.weights[:, arms].sum(axis=1) < 0.3)
    x, _, z = tights.positions[near].T
    return np.array([np.abs(x).max(), z.min(), z.max()])


def _radii(body: Body, cut: SkirtCut, y: FloatArray, down: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Returns half width, half depth and the middle in z of the rings, outside of the body with a clearance."""
    hips = body.joints["hips"][1]
    places = hips + np.array([*HIP_PLACES, max(cut.waist - hips, HIP_PLACES[-1] + 0.01)])
    slices = np.array([_slice(body, place) for place in places])
    wide, back, front = (np.interp(y, places, values) for values in slices.T)
    is_dress = cut.waist > places[-2]
    clearance = np.interp(y, places, HIP_CLEARANCES) + is_dress * DRESS_CLEARANCE
    trunk = HIP_PLACES.index(-0.02)
    middle = np.interp(y, places[trunk:], slices[trunk:, 1:].mean(axis=1))
    tight = 0.010 * np.minimum(1, 8 * down) - 0.006 * (down < 0.12)
    across = np.maximum(slices[-1, 0] + tight + cut.flare * down**0.9, wide + clearance)
    deep = np.maximum(front - middle, middle - back)
    along = np.maximum(np.ptp(slices[-1, 1:]) / 2 + 0.010 + 0.9 * cut.flare * down**0.9, deep + clearance)
    return across, along, middle


def _place_bones(body: Body, cut: SkirtCut) -> list[Bone]:
    """Places the bones: upper ones inside the hips, lower ones on the cloth where it passes the knees or its middle."""
    hips, knee = body.joints["hips"], body.joints["leftLowerLeg"][1]
    length = hips[1] - cut.hem
    bend = max(hips[1] - 0.62 * length, knee - 0.04)
    across, along, middle = _radii(body, cut, np.array([hips[1], bend]), _share(cut, np.array([hips[1], bend])))
    bones = []
    for k in range(COLUMNS):
        sin, cos = np.sin(2 * np.pi * k / COLUMNS), np.cos(2 * np.pi * k / COLUMNS)
        pivot = np.array([0.6 * sin * across[0], hips[1], middle[0] + 0.15 * cos * along[0]])
        joint = np.array([sin * across[1], bend, middle[1] + cos * along[1]])
        bones.append(Bone(bone_name(k, "upper"), "hips", pivot))
        bones.append(Bone(bone_name(k, "lower"), bone_name(k, "upper"), joint))
    return bones


def _place_tips(body: Body, cut: SkirtCut) -> dict[str, FloatArray]:
    """Places the ends of the lower bones on the hem."""
    across, along, middle = (values[0] for values in _radii(body, cut, np.array([cut.hem]), np.array([1.0])))
    angles = 2 * np.pi * np.arange(COLUMNS) / COLUMNS
    places = [np.array([np.sin(a) * across, cut.hem, middle + np.cos(a) * along]) for a in angles]
    return {bone_name(k, "lower"): place for k, place in enumerate(places)}


def _share(cut: SkirtCut, y: FloatArray) -> FloatArray:
    return (cut.waist - y) / (cut.waist - cut.hem)


def _bone_weights(body: Body, bones: list[Bone], turn: FloatArray, y: FloatArray) -> dict[str, FloatArray]:
    """Returns the weights (V,) of the bones at turns round the skirt, 0 to 1, and heights, m."""
    hips, bend = body.joints["hips"][1], bones[1].position[1]
    upper = smoothstep(-0.05, 0.05, hips - y)
    lower = upper * smoothstep(-0.05, 0.05, bend - y)
    weights = {}
    for k in range(COLUMNS):
        distance = np.abs((COLUMNS * turn - k + COLUMNS / 2) % COLUMNS - COLUMNS / 2)
        near = np.clip(1 - distance, 0, 1)
        weights[bone_name(k, "upper")] = near * (upper - lower)
        weights[bone_name(k, "lower")] = near * lower
    return weights


def _paint(look: Look, cut: SkirtCut) -> bytes:
    """Paints one pleat from waist to hem; the texture repeats round the skirt."""
    base, dark = np.array(look.bottom_color), np.array([0.66, 0.62, 0.72]) ** cut.darkness
    u = (np.arange(64) + 0.5)[None] / 64
    v = (np.arange(512) + 0.5)[:, None] / 512
    hidden = np.clip((np.minimum(np.abs(u - 0.9), 0.1) < 0.095) * (v - 0.06) / 0.08, 0, 1)
    pixels = base + (base * dark - base) * hidden[..., None]
    seam = ((v > 0.035) & (v < 0.042) & (u >= 0))[..., None]
    pixels = np.where(seam, base * 0.62, pixels)
    if cut.has_stripe:
        stripe = ((v > 0.90) & (v < 0.955) & (u >= 0))[..., None]
        pixels = np.where(stripe, np.array(look.second_color) * np.where(hidden[..., None] > 0.5, dark, 1.0), pixels)
    return encode_png(np.asarray(pixels))
