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
    """Grows nine clumps round a line that leaves the tie outwards and falls."""
    out = np.array([side, 0.0, -0.25 if side else -1.0])
    out /= np.linalg.norm(out)
    below = np.array([tie[0], 0.0, tie[2]])
    for i in range(9):
        a = 2 * np.pi * i / 8
        round_tie = np.array([np.cos(a), 0.0, np.sin(a)]) * (0.0 if i == 8 else 0.075)
        tip = TAIL_TIP + (0.0 if i == 8 else 0.12) + rng.uniform(-0.12, 0.12)
        guide = [
            tie + 0.25 * round_tie,
            tie + 0.08 * out + 0.6 * round_tie + [0, 0.025, 0],
            tie + 0.17 * out + 1.2 * round_tie + [0, -0.10, 0],
            below + 0.22 * out + 1.7 * round_tie + [0, tie[1] - 0.42, 0],
            below + 0.17 * out + 1.5 * round_tie + [0, (tie[1] - 0.4 + tip) / 2, 0],
            below + (0.24 + rng.uniform(-0.06, 0.06)) * out + 0.5 * round_tie + [0, tip, 0],
        ]
        outward = round_tie + 0.25 * out if i < 8 else out
        yield Clump(
            np.array(guide), 0.085, 0.045, Profile(0.35, 0.42, 0.85), rings=16, own_normals=0.75,
            outward=outward / np.linalg.norm(outward), chain=chain,
        )  # fmt: skip


def grow_bun(rng: np.random.Generator) -> Iterator[Clump]:
    """Grows the clumps that are wound round a bun."""
    center = np.array([0.0, 0.905, -0.505])
    axis = np.array([0.0, 0.5, -0.87])
    right = np.array([1.0, 0.0, 0.0])
    up = np.cross(axis, right)
    for k in range(7):
        start, tilt = 2 * np.pi * k / 7, rng.uniform(0.1, 0.3)
        angle = start + np.linspace(0, 2.6, 6)
        height = np.linspace(-0.3, 0.75, 6) + 0.1 * tilt
        ring = np.cos(angle)[:, None] * right + np.sin(angle)[:, None] * up
        guide = center + BUN_RADIUS * (
            np.sqrt(np.clip(1 - height**2, 0.05, 1))[:, None] * ring + height[:, None] * axis
        )
        yield Clump(guide, 0.085, 0.035, Profile(0.6, 0.5, 0.7), rings=10, own_normals=0.8, outward=axis + 0.01)


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
