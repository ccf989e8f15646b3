"""Hair of the cast: a cap on the skull, and clumps for the fringe, the back, the sides and tails."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.interpolate import PchipInterpolator

from bodydouble.characters.cast.clip import clip
from bodydouble.characters.cast.clumps import (
    INNER_TINT,
    PLAIN_TINT,
    SKULL_RADII,
    Clump,
    HairMesh,
    Profile,
    hair_uvs,
    on_head,
)
from bodydouble.characters.cast.fringe import find_front_hairline, grow_fringe
from bodydouble.characters.cast.hair_bones import (
    BONES,
    bone_name,
    choose_chain,
    create_bones,
    place_chains,
    weigh_bones,
)
from bodydouble.characters.cast.head import CENTER, Head
from bodydouble.characters.cast.look import Look
from bodydouble.characters.cast.meshes import Bone, Part
from bodydouble.characters.cast.tails import grow_bun, grow_tails
from bodydouble.data import FloatArray
from bodydouble.geometry import rotation

OFFSET = 0.085
"""Distance of the outer layer from the head at a volume of 1, H."""
HAIRLINE_AZIMUTHS = (0, 30, 55, 78, 95, 112, 140, 180)
TIP_HEIGHTS = {"bob": -0.06, "shoulder": -0.42, "long": -1.15}
"""Height of the lower end of hair that hangs, H."""
STRANDS = 6
"""Number of thin strands over the hair that hangs."""
SWINGING = ("shoulder", "long")
"""Hair with bones round the head."""
SIDE_HEIGHTS = {"bob": -0.02, "shoulder": -0.30, "long": -0.55, "twin-tails": -0.15, "ponytail": -0.05, "bun": 0.08}


@dataclass(frozen=True, slots=True)
class Hair:
    """Hair and the bones of what hangs, in the frame of the head, H."""

    part: Part
    bones: list[Bone]
    tips: dict[str, FloatArray]
    """Place (3,) of the end of the last bone of each chain, by its name."""


def build_hair(head: Head, look: Look) -> Hair:
    """Builds the hair in the frame of the head, H."""
    rng = np.random.default_rng(look.seed)
    mesh = HairMesh()
    _add_cap(mesh, head, look)
    for clump in _grow(head, look, rng):
        mesh.add_clump(clump, rng)
    chains = place_chains(look, TIP_HEIGHTS[look.hair] if look.hair in SWINGING else None)
    part = mesh.to_part()
    bones = weigh_bones(chains, part.positions, np.concatenate(mesh.chains))
    return Hair(
        replace(part, bones=bones), create_bones(chains), {bone_name(k, BONES - 1): c[-1] for k, c in enumerate(chains)}
    )


def _grow(head: Head, look: Look, rng: np.random.Generator) -> Iterator[Clump]:
    offset = OFFSET * look.hair_volume
    if look.hair in TIP_HEIGHTS:
        yield from _grow_back(head, look, offset, rng)
        yield from _grow_strands(head, look, offset, rng)
    if look.hair == "short":
        yield from _grow_short(head, look.hair_volume, rng)
    if look.hair in ("twin-tails", "ponytail", "bun"):
        yield from grow_tails(head, look, rng)
    if look.hair == "bun":
        yield from grow_bun(rng)
    if look.hair in SIDE_HEIGHTS:
        yield from _grow_sides(head, look, offset, rng)
    if look.hair not in ("bald", "buzz"):
        yield from grow_fringe(head, look, offset, rng)
    if look.hair == "bald":
        yield from _grow_ring(head)


def _hairline(look: Look) -> tuple[float, float, float]:
    """Returns the heights of the hairline in front, at the side and behind, H."""
    side, back = (0.47, 0.20) if look.hair in ("short", "buzz") else (0.42, 0.13)
    return find_front_hairline(look), side, back


def _add_cap(mesh: HairMesh, head: Head, look: Look) -> None:
    """Adds the skull above the hairline, pushed out, so that no scalp shows between clumps."""
    x, y, z = head.positions.T
    azimuth = np.abs(np.degrees(np.arctan2(x, z + 0.05)))
    if look.hair == "bald":
        low = np.interp(azimuth, [78, 90, 112, 140, 180], [0.45, 0.47, 0.32, 0.20, 0.18])
        high = np.interp(azimuth, [74, 92, 130, 180], [0.45, 0.54, 0.50, 0.47])
        field = np.where(azimuth < 74, -0.1, np.minimum(y - low, high - y))
    else:
        front, side, back = _hairline(look)
        line = (front, front - 0.02, front - 0.12, side - 0.02, side + 0.03, side - 0.12, back + 0.02, back)
        field = y - PchipInterpolator(HAIRLINE_AZIMUTHS, line)(azimuth)
    height, ramp = (0.018, 0.08) if look.hair == "buzz" else (0.035, 0.08)
    if look.fringe == "back":
        height, ramp = 0.060 * look.hair_volume, 0.20
    raised = head.positions + head.normals * (height * np.clip(field / ramp, 0.12, 1) ** 0.7)[:, None]
    triangles, (positions,) = clip(head.triangles, field, raised)
    normals = rotation.normalize((positions - CENTER) / SKULL_RADII**2)
    is_seen = look.hair in ("bald", "buzz") or look.fringe == "back"
    tint = PLAIN_TINT if is_seen else INNER_TINT
    mesh.add(positions, triangles, normals, hair_uvs(np.full(len(positions), 0.11), positions[:, 1], tint))


def hang(
    head: Head, azimuth: float, offset: float, heights: FloatArray, flare: float = 0.0, inward: float = 0.0,
    root: float = 70.0, drift: float = 0.0,
) -> FloatArray:  # fmt: skip
    """Returns a guide from the crown over the head and straight down.

    Args:
        head: the head.
        azimuth: degrees from the front to the left.
        offset: distance from the head, H.
        heights: heights of the points below the head, downwards, H.
        flare: growth of the radius towards the tip, as a share.
        inward: loss of the radius that sets in later, as a share.
        root: elevation of the root, degrees.
        drift: turn towards the tip, degrees.
    """
    points = [on_head(head, azimuth * 0.92 if abs(azimuth) < 180 else azimuth, root, offset * 0.55)]
    points += [on_head(head, azimuth, e, offset * k) for e, k in ((50, 0.9), (25, 1.0), (5, 1.0))]
    radius = np.hypot(points[-1][0], points[-1][2] - CENTER[2])
    for s, y in zip(np.linspace(0, 1, len(heights) + 1)[1:], heights, strict=True):
        r, a = radius * (1 + flare * s - inward * s * s), np.radians(azimuth + drift * s)
        points.append(np.array([np.sin(a) * r, y, CENTER[2] + np.cos(a) * r]))
    return np.array(points)


def _grow_back(head: Head, look: Look, offset: float, rng: np.random.Generator) -> Iterator[Clump]:
    """Grows the hair that hangs at the back and the sides, in an inner and an outer layer."""
    is_bob, tip = look.hair == "bob", TIP_HEIGHTS[look.hair]
    profile = Profile(0.8, 0.6, 0.65) if is_bob else Profile(0.75, 0.5, 0.8)
    for share, shift, count, is_inner in ((0.62, 0.5, 10, True), (1.0, 0.0, 11, False)):
        for i in range(count):
            azimuth = 62 + (i + shift) * 236 / 10 + rng.uniform(-3, 3)
            end = tip + rng.uniform(-0.07, 0.05) * (1.0 if is_bob else 2.0) + (0.0 if is_inner else 0.05)
            heights = np.linspace(0.40, end, 3 if is_bob else 5)
            shape = (0.24 + rng.uniform(-0.04, 0.03), 0.46) if is_bob else (0.04 + rng.uniform(-0.03, 0.03), 0.0)
            guide = hang(head, azimuth, offset * share, heights, *shape, root=84, drift=rng.uniform(-4, 4))
            yield Clump(
                _curl(guide, look, i), (0.118 if is_bob else 0.128) * rng.uniform(0.85, 1.15), 0.036, profile,
                rings=12 if is_bob else 15, is_inner=is_inner, chain=choose_chain(azimuth),
            )  # fmt: skip


def _grow_strands(head: Head, look: Look, offset: float, rng: np.random.Generator) -> Iterator[Clump]:
    """Grows thin strands that leave the mass of hair that hangs."""
    for i in range(STRANDS):
        azimuth = 66 + (i + rng.uniform(0.1, 0.9)) * 228 / STRANDS
        end = TIP_HEIGHTS[look.hair] + rng.uniform(-0.09, 0.06)
        shape = (0.24, 0.36) if look.hair == "bob" else (0.07, 0.0)
        guide = hang(
            head, azimuth, offset * 1.12, np.linspace(0.40, end, 4), shape[0] + rng.uniform(-0.03, 0.08), shape[1],
            root=80, drift=rng.uniform(-9, 9),
        )  # fmt: skip
        width = rng.uniform(0.022, 0.038)
        yield Clump(_curl(guide, look, i), width, 0.018, Profile(0.5, 0.55, 0.9), rings=12, chain=choose_chain(azimuth))


def _curl(guide: FloatArray, look: Look, phase: int) -> FloatArray:
    """Waves the part of a guide below the ears."""
    if look.curl == 0 or len(guide) < 5:
        return guide
    fine = PchipInterpolator(np.arange(len(guide)), guide, axis=0)(np.linspace(0, len(guide) - 1, 16))
    below = np.clip((0.45 - fine[:, 1]) / 0.4, 0, 1)
    wave = 0.06 * look.curl * below * np.sin(np.linspace(0, 5 * np.pi, 16) + 1.7 * phase)
    around = rotation.normalize(np.cross([0.0, 1.0, 0.0], fine - CENTER))
    return np.asarray(fine + around * wave[:, None])


def _grow_sides(head: Head, look: Look, offset: float, rng: np.random.Generator) -> Iterator[Clump]:
    """Grows the locks before the ears."""
    end = SIDE_HEIGHTS[look.hair]
    for side in (1, -1):
        for azimuth, y, width, share in (
            (70, end, 0.070, 1.05),
            (60, end + 0.20, 0.048, 0.95),
            (84, end + 0.06, 0.080, 0.9),
        ):
            heights = np.linspace(0.40, y + rng.uniform(-0.03, 0.03), 3)
            guide = hang(head, side * azimuth, offset * share, heights, 0.03, 0.10, drift=-side * 7)
            chain = choose_chain(side * azimuth) if look.hair in SWINGING else -1
            yield Clump(_curl(guide, look, azimuth), width, 0.030, Profile(0.75, 0.5, 0.9), rings=13, chain=chain)


SHORT_LAYERS = (
    # number, elevation of the root and of the middle, of the tip at the temple and behind, offset, distance of the tip
    (9, 62, 18, -4, -34, 0.034, 0.040),
    (8, 74, 40, 12, -8, 0.064, 0.100),
    (8, 84, 60, 32, 20, 0.088, 0.140),
)
"""Layers of short hair from below; degrees and H."""
SHORT_AZIMUTHS = (76, 68, 50)
"""Azimuth of the foremost clump of each layer."""
SWIRL = 12.0
"""Turn of short hair from the root to the tip, degrees."""


def _grow_short(head: Head, volume: float, rng: np.random.Generator) -> Iterator[Clump]:
    """Grows short hair in layers that fall from the crown; the tips stand off the head."""
    for layer, first in zip(SHORT_LAYERS, SHORT_AZIMUTHS, strict=True):
        count, root, middle, temple, behind, offset, reach = layer
        for azimuth in np.linspace(first, 360 - first, count) + rng.uniform(-6, 6, count):
            side = abs((azimuth + 180) % 360 - 180)
            low = float(np.interp(side, [78, 145], [temple, behind])) + rng.uniform(-8, 8)
            stand = (reach + rng.uniform(-0.025, 0.04)) * float(np.interp(side, [75, 120], [0.55, 1.0]))
            turn = SWIRL + rng.uniform(-10, 10)
            guide = [
                on_head(head, azimuth - turn, root, 0.6 * offset * volume),
                on_head(head, azimuth, middle, offset * volume),
                on_head(head, azimuth + 0.3 * turn, (middle + 2 * low) / 3, 1.05 * offset * volume),
                on_head(head, azimuth + turn, low, stand * volume),
            ]
            yield Clump(np.array(guide), rng.uniform(0.095, 0.130), 0.034, Profile(0.7, 0.5, 0.9), rings=11)
    for side in (1, -1):
        guide = [on_head(head, side * a, e, o) for a, e, o in ((74, 40, 0.05), (76, 10, 0.055), (78, -16, 0.024))]
        yield Clump(np.array(guide), 0.070, 0.030, rings=8)


def _grow_ring(head: Head) -> Iterator[Clump]:
    """Grows the ring of hair round a bald head, combed backwards."""
    for side in (1, -1):
        for k, azimuth in enumerate(np.linspace(92, 172, 8)):
            low = float(np.interp(azimuth, [92, 112, 150], [-10, -24, -36]))
            high = float(np.interp(azimuth, [92, 112, 140], [-3, 1, -6]))
            points = ((azimuth - 10, high + 2, -0.02), (azimuth, high - 2, 0.020), (azimuth + 16, low, 0.026))
            guide = np.array([on_head(head, side * a, e, o) for a, e, o in points])
            yield Clump(guide, 0.055 + 0.005 * min(k, 6), 0.018, Profile(0.15, 0.5, 0.8), rings=9)
