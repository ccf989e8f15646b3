"""Textures of clothes: patterns, bands, collars, plackets and folds, painted from the fields that cut the garments."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from scipy.ndimage import distance_transform_edt

from bodydouble.characters.cast.cloth_canvas import FOLD, HEIGHT, WIDTH, Frame, both_sides, mix, step, stroke
from bodydouble.characters.cast.face_textures import encode_png
from bodydouble.characters.cast.garments import ARMPIT, LegCut, TopCut
from bodydouble.characters.cast.look import Look
from bodydouble.data import FloatArray

STRIPE = 0.055
"""Period of stripes, m."""
SEAM = 0.62
"""Factor of the colour in a painted seam."""


def paint_top(look: Look, cut: TopCut, frame: Frame, necks: tuple[FloatArray, FloatArray]) -> bytes:
    """Paints a garment of the upper body.

    Args:
        look: the look.
        cut: extent of the garment.
        frame: part of the plane that the texture shows.
        necks: field of the neck hole (HEIGHT, WIDTH) in front and behind, m.
    """
    sides = [
        _paint_top_side(look, cut, frame, neck, is_front) for neck, is_front in zip(necks, (True, False), strict=True)
    ]
    return encode_png(np.concatenate(sides))


def _paint_top_side(look: Look, cut: TopCut, frame: Frame, neck: FloatArray, is_front: bool) -> FloatArray:
    base, second = np.array(look.top_color), np.array(look.second_color)
    pixels = np.broadcast_to(base, (HEIGHT, WIDTH, 3))
    pixels = _pattern(pixels, look, cut, frame, is_front)
    folds = _top_folds(cut, is_front)
    pixels = mix(pixels, pixels * FOLD, 0.8 * frame.fill_polygons(both_sides(folds)))
    pixels = _bands(pixels, look, cut, frame, neck)
    if look.top == "sailor":
        pixels = _sailor_collar(pixels, second, cut, frame, is_front)
    if is_front:
        pixels = _front_details(pixels, look, cut, frame)
    return pixels


def _pattern(pixels: FloatArray, look: Look, cut: TopCut, frame: Frame, is_front: bool) -> FloatArray:
    x, y = frame.grid()
    second = np.array(look.second_color)
    on_arm = np.abs(x) > cut.shoulder + 0.02
    if look.pattern == "stripes":
        along = np.where(on_arm, np.abs(x) - cut.shoulder, cut.neck_height - y)
        phase = np.abs((along / STRIPE) % 1 - 0.5) * STRIPE
        return mix(pixels, second, step(STRIPE * 0.22 - phase))
    if look.pattern == "two-tone":
        return mix(pixels, second, step(np.abs(x) - cut.shoulder + 0.05 * (cut.neck_height - y) + 0 * y))
    if look.pattern == "print" and is_front:
        center = cut.body.joints["chest"][1] + 0.05
        angle, radius = np.arctan2(x, y - center), np.hypot(x, y - center)
        star = 0.036 + 0.020 * np.cos(5 * angle)
        return mix(pixels, second, step(star - radius))
    return pixels


def _bands(pixels: FloatArray, look: Look, cut: TopCut, frame: Frame, neck: FloatArray) -> FloatArray:
    """Paints the bands at hem, sleeves and neck."""
    x, y = frame.grid()
    hem = np.where(np.abs(x) > cut.shoulder + 0.05, 1.0, y - cut.hem)
    sleeve = cut.sleeve - np.abs(x) + 0 * y
    if cut.sleeve < cut.shoulder:
        sleeve = np.where(y < cut.body.joints["leftUpperArm"][1] - ARMPIT, 1.0, sleeve)
    widths: dict[str, tuple[float, float, float]] = {
        "t-shirt": (0.0, 0.0, 0.012), "shirt": (0.0, 0.032, 0.0), "hoodie": (0.045, 0.045, 0.0),
        "jacket": (0.04, 0.03, 0.0), "tank-top": (0.0, 0.010, 0.010), "sailor": (0.012, 0.022, 0.0),
        "dress": (0.0, 0.016, 0.016),
    }  # fmt: skip
    color = np.array(look.second_color)
    if look.top in ("t-shirt", "shirt", "tank-top"):
        color = np.array(look.top_color) * 0.86
    for distance, width in zip((hem, sleeve, neck), widths[look.top], strict=True):
        if width:
            line = np.minimum(distance - width + 0.003, width - distance)
            pixels = mix(pixels, color, step(width - distance))
            pixels = mix(pixels, color * SEAM, 0.6 * step(line))
    return pixels


def _front_details(pixels: FloatArray, look: Look, cut: TopCut, frame: Frame) -> FloatArray:
    x, y = frame.grid()
    seam = np.array(look.top_color) * SEAM
    if look.top == "shirt":
        for edge in (-0.016, 0.016):
            pixels = mix(pixels, seam, 0.8 * step(0.0013 - np.abs(x - edge) + 0 * y))
        for height in np.linspace(cut.neck_height - 0.06, cut.hem + 0.05, 6):
            pixels = mix(pixels, seam * 0.9, step(0.0055 - np.hypot(x, y - height)))
    if look.top == "jacket":
        pixels = mix(pixels, np.array(look.second_color), step(0.008 - np.abs(x) + 0 * y))
        pixels = mix(pixels, np.array([0.85, 0.85, 0.88]), step(0.0018 - np.abs(x) + 0 * y))
        pockets = [stroke(((0.075, cut.hem + 0.13), (0.09, cut.hem + 0.10), (0.105, cut.hem + 0.07)), 0.006)]
        pixels = mix(pixels, seam, frame.fill_polygons(both_sides(pockets)))
    if look.top == "hoodie":
        pixels = mix(pixels, seam, step(0.0022 - np.abs(_pocket(x, y, cut.hem))))
    return pixels


def _pocket(x: FloatArray, y: FloatArray, hem: float) -> FloatArray:
    """Returns a field that is zero on the edge of a hoodie's pocket."""
    half = np.interp(y, [hem + 0.055, hem + 0.09, hem + 0.16], [0.095, 0.095, 0.065])
    return np.asarray(np.minimum(half - np.abs(x), np.minimum(hem + 0.16 - y, y - hem - 0.055)))


def _sailor_collar(pixels: FloatArray, color: FloatArray, cut: TopCut, frame: Frame, is_front: bool) -> FloatArray:
    """Paints a sailor's collar with a stripe along its edge."""
    n, k = cut.neck_height, cut.body.head_height / 0.246
    if is_front:
        half = np.array([(0.0, n - 0.150), (0.108, n - 0.035), (0.125, n + 0.08), (0.0, n + 0.08), (0.0, n - 0.085)])
        polygons = both_sides([half * 1.0])
    else:
        polygons = [
            np.array([(-0.112 * k, n + 0.1), (0.112 * k, n + 0.1), (0.112 * k, n - 0.135), (-0.112 * k, n - 0.135)])
        ]
    coverage = frame.fill_polygons(polygons)
    meters = (frame.high - frame.low) / HEIGHT, 2 * frame.half_width / WIDTH
    inside = distance_transform_edt(coverage > 0.5, sampling=meters)
    pixels = mix(pixels, color, coverage)
    pixels = mix(pixels, np.array([0.97, 0.96, 0.98]), step(0.0025 - np.abs(inside - 0.0125)) * (coverage > 0.5))
    return mix(pixels, color * 0.55, step(0.0022 - inside) * (coverage > 0.5))


def _top_folds(cut: TopCut, is_front: bool) -> list[FloatArray]:
    """Returns the folds of the left side: at the armpit, the elbow and the waist."""
    joints = cut.body.joints
    arm, elbow = joints["leftUpperArm"], joints["leftLowerArm"][0]
    x, y = cut.shoulder, arm[1] - 0.055
    folds = [
        stroke(((x + 0.005, y + 0.01), (x - 0.02, y - 0.035), (x - 0.055, y - 0.055)), 0.009),
        stroke(((x + 0.03, y + 0.035), (x + 0.02, y + 0.05), (x + 0.012, y + 0.085)), 0.006),
    ]
    if cut.sleeve > elbow + 0.03:
        folds += [
            stroke(
                ((elbow - 0.035, arm[1] + 0.022), (elbow - 0.012, arm[1] - 0.002), (elbow - 0.022, arm[1] - 0.032)),
                0.009,
            ),
            stroke(((elbow + 0.012, arm[1] + 0.030), (elbow + 0.020, arm[1]), (elbow + 0.006, arm[1] - 0.022)), 0.008),
            stroke(
                (
                    (cut.sleeve - 0.075, arm[1] + 0.02),
                    (cut.sleeve - 0.066, arm[1]),
                    (cut.sleeve - 0.072, arm[1] - 0.02),
                ),
                0.006,
            ),
        ]
    waist = joints["spine"][1]
    if cut.hem < waist:
        side = joints["leftUpperLeg"][0] + 0.055
        folds += [
            stroke(((side, waist + 0.05), (side - 0.035, waist + 0.035), (side - 0.065, waist + 0.045)), 0.008),
            stroke(((side, cut.hem + 0.075), (side - 0.03, cut.hem + 0.085), (side - 0.05, cut.hem + 0.11)), 0.008),
        ]
    return folds if is_front else folds[:-1]


def paint_legs(look: Look, cut: LegCut, frame: Frame) -> bytes:
    """Paints trousers, shorts or tights: seams, pockets, cuffs and folds."""
    sides = [_paint_leg_side(look, cut, frame, is_front) for is_front in (True, False)]
    return encode_png(np.concatenate(sides))


def _paint_leg_side(look: Look, cut: LegCut, frame: Frame, is_front: bool) -> FloatArray:
    x, y = frame.grid()
    base = np.array(look.bottom_color)
    pixels = np.broadcast_to(base, (HEIGHT, WIDTH, 3))
    if look.bottom == "tights":
        return pixels
    pixels = mix(pixels, base * FOLD, 0.85 * frame.fill_polygons(both_sides(_leg_folds(cut, is_front))))
    pixels = mix(pixels, base * SEAM, frame.fill_polygons(both_sides(_pockets(cut, is_front))))
    cuff = y - cut.hem + 0 * x
    pixels = mix(pixels, np.minimum(base * 1.16 + 0.02, 1), step(0.026 - cuff))
    return mix(pixels, base * SEAM, 0.7 * step(0.0016 - np.abs(cuff - 0.026)))


def _pockets(cut: LegCut, is_front: bool) -> Sequence[FloatArray]:
    hips, x = cut.body.joints["hips"][1], cut.body.joints["leftUpperLeg"][0]
    if is_front:
        return [stroke(((x + 0.01, hips + 0.045), (x + 0.03, hips + 0.01), (x + 0.055, hips - 0.01)), 0.005)]
    left, right, top, low = x - 0.04, x + 0.035, hips - 0.02, hips - 0.11
    corners = [
        (left, top),
        (right, top),
        (right, low + 0.02),
        ((left + right) / 2, low),
        (left, low + 0.02),
        (left, top),
    ]
    return [_segment(a, b, 0.003) for a, b in pairwise(corners)]


def _segment(a: tuple[float, float], b: tuple[float, float], width: float) -> FloatArray:
    along = np.array(b) - a
    normal = np.array([-along[1], along[0]]) / np.linalg.norm(along) * width / 2
    return np.array([a + normal, b + normal, b - normal, a - normal])


def _leg_folds(cut: LegCut, is_front: bool) -> list[FloatArray]:
    """Returns the folds of the left leg: at the hip, the knee and above the ankle."""
    joints = cut.body.joints
    x, hips, knee = joints["leftUpperLeg"][0], joints["leftUpperLeg"][1], joints["leftLowerLeg"][1]
    folds = [
        stroke(((0.006, hips - 0.075), (x * 0.5, hips - 0.05), (x + 0.02, hips - 0.045)), 0.009),
        stroke(((0.008, hips - 0.105), (x * 0.5, hips - 0.095), (x, hips - 0.105)), 0.007),
    ]
    if cut.hem < knee - 0.05:
        folds += [
            stroke(((x + 0.055, knee + 0.025), (x + 0.02, knee + 0.005), (x - 0.02, knee + 0.012)), 0.009),
            stroke(((x - 0.05, knee - 0.02), (x - 0.015, knee - 0.035), (x + 0.03, knee - 0.026)), 0.008),
        ]
    if cut.hem < joints["leftFoot"][1] + 0.06:
        ankle = cut.hem + 0.045
        folds += [
            stroke(((x + 0.055, ankle + 0.03), (x + 0.01, ankle + 0.018), (x - 0.03, ankle + 0.028)), 0.008),
            stroke(((x - 0.055, ankle + 0.055), (x - 0.01, ankle + 0.045), (x + 0.02, ankle + 0.06)), 0.007),
        ]
    return folds if is_front else folds[2:]
