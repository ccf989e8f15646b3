"""Clothes of the cast: the garments of a look, their textures, and the skin that they leave visible."""

from dataclasses import dataclass, field

import numpy as np

from bodydouble.characters.cast.body import Body, Surface
from bodydouble.characters.cast.clip import clip
from bodydouble.characters.cast.cloth_canvas import Frame
from bodydouble.characters.cast.cloth_textures import paint_legs, paint_top
from bodydouble.characters.cast.garments import Field, Fit, LegCut, ShoeCut, TopCut, cut_shell, split_sides
from bodydouble.characters.cast.look import Look
from bodydouble.characters.cast.meshes import Bone, Part, compute_normals
from bodydouble.characters.cast.skirts import build_skirt, choose_skirt
from bodydouble.characters.cast.trimmings import build_bow, build_collar, build_hood, build_strings, front_depth
from bodydouble.data import BoolArray, FloatArray

MARGIN = 0.018
"""Depth, m, inside the edge of a garment from which on the skin is removed."""
NECK_MARGIN = 0.012
SKIRT_MARGIN = 0.11
"""Depth, m, below the hip joints to which the skin under a skirt is removed."""
SHORTS_HEM = 0.06
"""Distance, m, of the hem of the shorts under a skirt from that of the skirt, and half of that from the knee."""
TOP_FITS = {
    "t-shirt": Fit(0.009, 0.006, 0.004, 0.012, smoothing=12), "shirt": Fit(0.010, 0.008, 0.006, smoothing=13),
    "hoodie": Fit(0.013, 0.011, 0.004, puff=0.008, smoothing=16), "jacket": Fit(0.013, 0.010, 0.006, smoothing=14),
    "tank-top": Fit(0.007, 0.004, 0.004, smoothing=8), "sailor": Fit(0.009, 0.006, 0.012, 0.014, smoothing=10),
    "dress": Fit(0.007, 0.0, 0.0, 0.004, puff=0.026, smoothing=8),
}  # fmt: skip
HEM_BELOW_HIPS = {"t-shirt": 0.02, "shirt": 0.03, "hoodie": 0.015, "jacket": 0.03, "tank-top": 0.01, "sailor": -0.045}
"""Depth of the hem below the joint of the hips, m."""
NECK_HOLES = {
    "t-shirt": (0.064, 0.004), "shirt": (0.050, 0.012), "hoodie": (0.070, 0.018), "jacket": (0.058, 0.012),
    "tank-top": (0.075, -0.012), "sailor": (0.074, 0.0), "dress": (0.060, 0.002),
}  # fmt: skip
"""Radius, m, at a head height of 0.246 m, and height above the joint of the neck."""


@dataclass
class Outfit:
    """Garments of a character."""

    parts: list[Part] = field(default_factory=list)
    textures: dict[str, bytes] = field(default_factory=dict)
    """PNG file by material."""
    bones: list[Bone] = field(default_factory=list)
    tips: dict[str, FloatArray] = field(default_factory=dict)
    """Place (3,) m of the end of the last bone of each chain, by its name."""
    covered: list[Field] = field(default_factory=list)
    """Fields that are positive where skin is covered and removed."""

    def visible(self, points: FloatArray) -> FloatArray:
        """Returns a field (V,) that is positive where no garment covers the skin."""
        return np.asarray(-np.max([covered(points) for covered in self.covered], axis=0))


def build_clothes(look: Look, body: Body) -> Outfit:
    """Builds the garments of a look."""
    outfit = Outfit()
    cut = _cut_top(look, body)
    _add_top(outfit, look, cut)
    if look.bottom == "skirt":
        _add_skirt(outfit, look, body)
    else:
        _add_legs(outfit, look, body)
    if look.socks > 0:
        _add_socks(outfit, look, body)
    if look.shoes != "bare":
        _add_shoes(outfit, look, body)
    return outfit


def _cut_top(look: Look, body: Body) -> TopCut:
    joints = body.joints
    shoulder, wrist = joints["leftUpperArm"][0], joints["leftHand"][0]
    sleeve = shoulder - 0.035 if look.top == "tank-top" else shoulder + (wrist - shoulder) * look.sleeve
    size = body.head_height / 0.246
    hem = joints["spine"][1] + 0.02 if look.top == "dress" else joints["hips"][1] - HEM_BELOW_HIPS[look.top] * size
    radius, height = NECK_HOLES[look.top]
    return TopCut(
        body,
        float(sleeve),
        float(hem),
        float(joints["neck"][1] + height),
        float(max(radius * size, 1.15 * body.neck_radius)),
    )


def _add_top(outfit: Outfit, look: Look, cut: TopCut) -> None:
    shell = cut_shell(cut.body, cut, TOP_FITS[look.top])
    normals = compute_normals(shell.positions, shell.triangles)
    part, frame, is_front = _project(shell, normals, "top")
    necks = tuple(
        frame.interpolate(part.positions[mask], cut.neckline(part.positions[mask])) for mask in (is_front, ~is_front)
    )
    outfit.parts.append(part)
    outfit.textures["top"] = paint_top(look, cut, frame, (necks[0], necks[1]))
    outfit.parts += _trim(look, cut, shell)
    outfit.covered.append(lambda points: np.minimum(cut.edges(points) - MARGIN, cut.neckline(points) - NECK_MARGIN))


def _trim(look: Look, cut: TopCut, shell: Surface) -> list[Part]:
    body, size = cut.body, cut.body.head_height / 0.246
    if look.top == "hoodie":
        return [build_hood(cut, shell), build_strings(cut, shell)]
    if look.top in ("shirt", "jacket"):
        return [build_collar(cut, shell, width=0.017)]
    if look.top == "dress":
        return [build_collar(cut, shell, height=0.012, width=0.026, drop=0.018)]
    if look.top == "sailor":
        height = cut.neck_height - 0.125
        return [build_bow(body, np.array([0.0, height, front_depth(shell, 0.0, height) + 0.012]), size)]
    return []


def _project(shell: Surface, normals: FloatArray, mesh: str) -> tuple[Part, Frame, BoolArray]:
    """Gives a shell texture coordinates seen from the front and from behind."""
    triangles, old, is_front = split_sides(shell, normals)
    positions = shell.positions[old]
    low, high = positions[:, 1].min() - 0.005, positions[:, 1].max() + 0.005
    frame = Frame(float(np.abs(positions[:, 0]).max() + 0.005), float(low), float(high))
    part = Part(mesh, mesh, positions, triangles, normals[old], frame.uvs(positions, is_front), shell.weights[old])
    return part, frame, is_front


def _add_skirt(outfit: Outfit, look: Look, body: Body) -> None:
    cut = choose_skirt(look, body)
    skirt = build_skirt(look, body, cut)
    outfit.parts.append(skirt.part)
    outfit.bones += skirt.bones
    outfit.tips |= skirt.tips
    outfit.textures["bottom"] = skirt.texture
    hip = body.joints["leftUpperLeg"][1]
    hem = max(cut.hem + SHORTS_HEM, body.joints["leftLowerLeg"][1] + 2 * SHORTS_HEM)
    shorts = LegCut(body, cut.waist - 0.01, min(hip - SKIRT_MARGIN - 0.03, hem))
    _add_plain(outfit, cut_shell(body, shorts, Fit(0.003, smoothing=4), is_fine=False), "inner shorts")
    under = LegCut(body, cut.waist, hip - SKIRT_MARGIN)
    outfit.covered.append(lambda points: under.field(points) - 0.5 * MARGIN)


def _add_legs(outfit: Outfit, look: Look, body: Body) -> None:
    joints = body.joints
    hips, knee, ankle = joints["hips"][1], joints["leftLowerLeg"][1], joints["leftFoot"][1]
    hem = np.interp(look.leg, [0.15, 0.45, 0.5, 1.0], [hips - 0.22, knee + 0.05, knee - 0.02, ankle - 0.005])
    fit = {
        "trousers": Fit(0.009, 0.010, 0.010, smoothing=13),
        "shorts": Fit(0.008, 0.006, 0.014, smoothing=12),
        "tights": Fit(0.003, smoothing=4),
    }[look.bottom]
    cut = LegCut(body, float(hips + 0.06), float(hem))
    shell = cut_shell(body, cut, fit, is_fine=False)
    part, frame, _ = _project(shell, compute_normals(shell.positions, shell.triangles), "bottom")
    outfit.parts.append(part)
    outfit.textures["bottom"] = paint_legs(look, cut, frame)
    outfit.covered.append(lambda points: cut.field(points) - MARGIN)


def _add_plain(outfit: Outfit, surface: Surface, material: str) -> None:
    normals = compute_normals(surface.positions, surface.triangles)
    uvs = np.zeros((len(surface.positions), 2))
    outfit.parts.append(Part(material, material, surface.positions, surface.triangles, normals, uvs, surface.weights))


def _add_socks(outfit: Outfit, look: Look, body: Body) -> None:
    ankle, knee = body.joints["leftFoot"][1], body.joints["leftLowerLeg"][1]
    top = LegCut(body, float(ankle + 0.02 + (knee - ankle) * look.socks), -1.0)
    _add_plain(outfit, cut_shell(body, top, Fit(0.003, smoothing=4), is_fine=False), "socks")
    outfit.covered.append(lambda points: top.field(points) - MARGIN)


def _add_shoes(outfit: Outfit, look: Look, body: Body) -> None:
    knee, ankle = body.joints["leftLowerLeg"][1], body.joints["leftFoot"][1]
    height = 0.42 * (knee - ankle) if look.shoes == "boots" else 0.045
    cut = ShoeCut(body, float(height))
    shell = cut_shell(body, cut, Fit(0.011 if look.shoes == "boots" else 0.009), is_fine=False)
    flat = Surface(_flatten_sole(shell.positions), shell.triangles, shell.weights)
    _add_plain(outfit, flat, "shoes")
    normals = compute_normals(flat.positions, flat.triangles) * [1.0, 0.2, 1.0]
    raised = flat.positions + 0.003 * normals
    triangles, (positions, weights) = clip(flat.triangles, 0.020 - raised[:, 1], raised, flat.weights)
    _add_plain(outfit, Surface(positions, triangles, weights), "sole")
    outfit.covered.append(lambda points: cut.field(points) - MARGIN)


def _flatten_sole(positions: FloatArray) -> FloatArray:
    return np.column_stack([positions[:, 0], np.maximum(positions[:, 1], 0.0), positions[:, 2]])
