"""Hair that is tied: combed to one or two ties, with tails that fall from them, or a bun."""

from collections.abc import Iterator

import numpy as np

from bodydouble.characters.cast.clumps import Clump, Profile, on_head
from bodydouble.characters.cast.head import CENTER, Head
from bodydouble.characters.cast.look import Look
from bodydouble.characters.cast.meshes import Part, compute_normals, grid_triangles, orient
from bodydouble.data import FloatArray

TIES = {
    "twin-tails": ((0.395, 0.80, -0.16), (-0.395, 0.80, -0.16)),
    "ponytail": ((0.0, 0.86, -0.50),),
    "bun": ((0.0, 0.86, -0.47),),
}
TAIL_TIP = -0.95
"""Height of the lower end of a tail, H."""
BUN_RADIUS = 0.155


def find_ties(look: Look) -> list[FloatArray]:
    """Returns the places (3,) of the ties, H."""
    return [np.array(tie) for tie in TIES.get(look.hair, ())]


def grow_tails(head: Head, look: Look, rng: np.random.Generator) -> Iterator[Clump]:
    """Grows the hair that is combed to the ties, and the tails below them."""
    for chain, tie in enumerate(find_ties(look)):
        side = float(np.sign(tie[0]))
        yield from _comb(head, tie, side)
        if look.hair != "bun":
            yield from _grow_tail(tie, side, chain, rng)


def _comb(head: Head, tie: FloatArray, side: float) -> Iterator[Clump]:
    """Grows flat clumps from the hairline and the parting to a tie."""
    end, profile = tie + (CENTER - tie) * 0.03, Profile(0.75, 0.4, 0.8, 0.35)
    azimuths = np.linspace(58, 180, 9) * side if side else np.linspace(62, 298, 15)
    for azimuth in azimuths:
        is_behind = 100 < abs(azimuth) < 260
        low = on_head(head, azimuth, -25 if is_behind else 0, 0.036)
        turned = azimuth * 0.8 + 20 * side if side else azimuth
        yield Clump(np.array([low, on_head(head, turned, 18, 0.05), end]), 0.085, 0.028, profile, rings=9)
    for elevation in (76, 62, 48, 34, 20, 6) if side else ():
        guide = [
            on_head(head, 179 * side, elevation, 0.002),
            on_head(head, 146 * side, 0.6 * elevation + 14, 0.022),
            end,
        ]
        yield Clump(np.array(guide), 0.095, 0.014, profile, rings=9)
    for azimuth in np.linspace(10, 170, 6) * side if side else np.linspace(-66, 66, 8):
        if side:
            guide = [on_head(head, azimuth * 0.2, 86, 0.01), on_head(head, (azimuth + side * 60) / 2, 60, 0.03), end]
        else:
            guide = [
                on_head(head, azimuth, 58, 0.035),
                on_head(head, azimuth * 1.25, 74, 0.012),
                on_head(head, 180 - azimuth * 0.9, 76, 0.005),
                on_head(head, 180 - azimuth * 0.35, 52, 0.03),
                end,
            ]
        yield Clump(np.array(guide), 0.085, 0.028, profile, rings=9)


def _grow_tail(tie: FloatArray, side: float, chain: int, rng: np.random.Generator) -> Iterator[Clump]:
    """Grows six clumps round a line that leaves the tie outwards and falls in a wave, one inside, two thin strands."""
    out = np.array([side, 0.0, -0.25 if side else -1.0])
    out /= np.linalg.norm(out)
    below = np.array([tie[0], 0.0, tie[2]])
    for i in range(9):
        is_core, is_strand = i == 6, i > 6
        a = 2 * np.pi * (i + 0.3 * is_strand) / (2 if is_strand else 6) + 0.3
        round_tie = np.array([np.cos(a), 0.0, np.sin(a)]) * (0.0 if is_core else 0.078)
        tip = TAIL_TIP + (0.0 if is_core else 0.10) + rng.uniform(-0.16, 0.14)
        middle = (tie[1] - 0.45 + tip) / 2
        guide = [
            tie + 0.25 * round_tie,
            tie + 0.10 * out + 0.6 * round_tie + [0, 0.035, 0],
            tie + 0.21 * out + 1.2 * round_tie + [0, -0.10, 0],
            below + 0.27 * out + 1.6 * round_tie + [0, tie[1] - 0.45, 0],
            below + 0.19 * out + 1.45 * round_tie + [0, middle, 0],
            below + 0.16 * out + 0.9 * round_tie + [0, (2 * tip + middle) / 3, 0],
            below + (0.27 + rng.uniform(-0.08, 0.08)) * out + 0.35 * round_tie + [0, tip, 0],
        ]
        outward = out if is_core else round_tie + 0.25 * out
        width, thickness = (0.026, 0.022) if is_strand else (0.118, 0.060)
        yield Clump(
            np.array(guide), width, thickness, Profile(0.30, 0.40, 0.75), rings=10 if is_strand else 15,
            own_normals=0.75, outward=outward / np.linalg.norm(outward), chain=chain,
        )  # fmt: skip


def grow_bun(rng: np.random.Generator) -> Iterator[Clump]:
    """Grows the clumps that are wound round a bun."""
    center = np.array([0.0, 0.905, -0.505])
    axis = np.array([0.0, 0.5, -0.87])
    right = np.array([1.0, 0.0, 0.0])
    up = np.cross(axis, right)
    for k in range(5):
        angle = 2 * np.pi * k / 5 + rng.uniform(-0.2, 0.2) + np.linspace(0, 2.9, 7)
        height = np.linspace(-0.35, 0.85, 7)
        ring = np.cos(angle)[:, None] * right + np.sin(angle)[:, None] * up
        guide = center + BUN_RADIUS * (
            np.sqrt(np.clip(1 - height**2, 0.05, 1))[:, None] * ring + height[:, None] * axis
        )
        outward = axis + 0.35 * ring.mean(axis=0)
        yield Clump(
            guide, 0.105, 0.060, Profile(0.6, 0.5, 0.6), rings=13, own_normals=0.8,
            outward=outward / np.linalg.norm(outward),
        )  # fmt: skip


def build_ties(look: Look) -> list[Part]:
    """Builds a ring round each tie of a tail, in the frame of the head, H."""
    if look.hair not in ("twin-tails", "ponytail"):
        return []
    return [_build_tie(tie) for tie in find_ties(look)]


def _build_tie(tie: FloatArray) -> Part:
    axis = (tie - [0.0, 0.80, 0.0]) * [1.0, 0.0, 1.0]
    axis /= np.linalg.norm(axis)
    up = np.array([0.0, 1.0, 0.0])
    side = np.cross(axis, up)
    a, b = (np.linspace(0, 2 * np.pi, n, endpoint=False) for n in (14, 7))
    ring = np.cos(a)[:, None] * up + np.sin(a)[:, None] * side
    tube = ring[:, None] * (0.055 + 0.026 * np.cos(b))[:, None] + axis * (0.03 * np.sin(b))[:, None]
    positions = (tie + tube).reshape(-1, 3)
    triangles = grid_triangles(14, 7, closed=True)
    last = np.arange(7) + 13 * 7
    first, after = np.arange(7), np.roll(np.arange(7), -1)
    seam = np.concatenate(
        [np.stack([last, np.roll(last, -1), first], 1), np.stack([np.roll(last, -1), after, first], 1)]
    )
    triangles = np.concatenate([triangles, seam])
    triangles = orient(positions, triangles, np.repeat(tie + 0.055 * ring, 7, axis=0))
    uvs = np.zeros((len(positions), 2))
    return Part("accessories", "hair tie", positions, triangles, compute_normals(positions, triangles), uvs)
