"""Fringe: clumps from the crown or a parting over the forehead, in an outer and an inner layer."""

from collections.abc import Iterator

import numpy as np

from bodydouble.characters.cast.clumps import Clump, Profile, direction, on_head
from bodydouble.characters.cast.head import CENTER, Head
from bodydouble.characters.cast.look import Look

Row = tuple[float, float, float, float]
"""Azimuth on the forehead and of the tip, degrees; height of the tip and half width, H."""
OUTER: dict[str, tuple[Row, ...]] = {
    "straight": (
        (-56, -60, 0.36, 0.100), (-33, -39, 0.425, 0.115), (-9, -16, 0.455, 0.100), (11, 5, 0.425, 0.080),
        (32, 36, 0.440, 0.115), (56, 61, 0.35, 0.100),
    ),
    "side": (
        (-56, -66, 0.34, 0.105), (-36, -52, 0.41, 0.120), (-14, -34, 0.455, 0.115), (7, -12, 0.485, 0.105),
        (30, 40, 0.49, 0.090), (48, 60, 0.38, 0.110),
    ),
    "parted": (
        (-52, -68, 0.28, 0.110), (-34, -60, 0.40, 0.115), (-17, -46, 0.50, 0.090),
        (52, 68, 0.28, 0.110), (34, 60, 0.40, 0.115), (17, 46, 0.50, 0.090),
    ),
    "pointed": (
        (-56, -62, 0.33, 0.105), (-33, -45, 0.40, 0.110), (-14, -26, 0.455, 0.085), (1, -4, 0.345, 0.078),
        (16, 25, 0.465, 0.085), (34, 45, 0.405, 0.110), (56, 62, 0.34, 0.105),
    ),
    "spiky": (
        (-58, -74, 0.43, 0.095), (-40, -56, 0.385, 0.115), (-20, -40, 0.465, 0.105), (2, -9, 0.445, 0.100),
        (22, 9, 0.51, 0.080), (38, 52, 0.410, 0.105), (57, 73, 0.44, 0.095),
    ),
}  # fmt: skip
INNER: dict[str, tuple[Row, ...]] = {
    "straight": (
        (-44, -47, 0.44, 0.080), (-21, -26, 0.49, 0.080), (2, -4, 0.50, 0.080), (22, 22, 0.48, 0.080),
        (44, 49, 0.43, 0.080),
    ),
    "side": (
        (-46, -58, 0.45, 0.080), (-25, -42, 0.47, 0.085), (-4, -22, 0.49, 0.085), (18, 8, 0.53, 0.080),
        (40, 50, 0.46, 0.080),
    ),
    "parted": ((-44, -62, 0.40, 0.085), (44, 62, 0.40, 0.085), (-24, -52, 0.52, 0.080), (24, 52, 0.52, 0.080)),
    "pointed": (
        (-44, -52, 0.44, 0.080), (-23, -33, 0.48, 0.080), (-7, -14, 0.49, 0.075), (8, 13, 0.50, 0.075),
        (24, 34, 0.48, 0.080), (44, 52, 0.44, 0.080),
    ),
    "spiky": (
        (-48, -60, 0.48, 0.085), (-27, -42, 0.50, 0.085), (-7, -20, 0.49, 0.085), (13, 6, 0.51, 0.085),
        (30, 34, 0.50, 0.085), (48, 60, 0.48, 0.085),
    ),
}  # fmt: skip
PARTING = {"side": 24.0, "parted": 0.0}
"""Azimuth of the parting, degrees."""
STRANDS = 2
"""Number of thin strands over the fringe."""
STRAY = ("straight", "side", "pointed", "spiky")
"""Fringes that have them."""
STRAND_AZIMUTHS = (-46.0, -22.0, 21.0, 45.0)
"""Azimuths that they choose from, degrees."""
CLEARANCE = 0.035
"""Least distance of a tip from the forehead, H."""


def grow_fringe(head: Head, look: Look, offset: float, rng: np.random.Generator) -> Iterator[Clump]:
    """Grows the fringe of a look; nothing for "none"."""
    if look.fringe == "back":
        yield from _comb_back(head, look, offset, rng)
    is_spiky = look.fringe == "spiky"
    profile = Profile(0.8, 0.45, 0.85) if is_spiky else Profile(0.8, 0.55, 0.72)
    reach = offset * (1.15 if is_spiky else 1.0)
    for row in OUTER.get(look.fringe, ()):
        yield _grow_one(head, look, row, reach, profile, rng.uniform(-0.018, 0.018))
    for azimuth in rng.choice(STRAND_AZIMUTHS, STRANDS if look.fringe in STRAY else 0, replace=False):
        row = (azimuth, 1.1 * azimuth + rng.uniform(-9, 9), 0.45 + rng.uniform(-0.02, 0.03), rng.uniform(0.020, 0.030))
        yield _grow_one(head, look, row, 1.10 * reach, Profile(0.5, 0.5, 0.9), 0.0)
    for row in INNER.get(look.fringe, ()):
        yield _grow_one(head, look, row, offset * 0.69, Profile(0.8, 0.55, 0.75), 0.0, is_inner=True)


def _comb_back(head: Head, look: Look, offset: float, rng: np.random.Generator) -> Iterator[Clump]:
    """Grows clumps over the crown, from points above the hairline."""
    for azimuth in np.linspace(-70, 70, 8):
        height = find_front_hairline(look) - 0.16 * np.clip((abs(azimuth) - 15) / 45, 0, 1)
        low = float(np.degrees(np.arcsin((height - CENTER[1]) / 0.52)))
        lift = offset * rng.uniform(0.85, 1.05)
        points = (
            (azimuth, low + 14, 0.45 * lift),
            (0.98 * azimuth, low + 22, 0.80 * lift),
            (0.95 * azimuth, 60, 1.10 * lift),
            (0.9 * azimuth, 80, 0.75 * lift),
            (180 - 0.7 * azimuth, 70, 0.5 * lift),
        )
        guide = np.array([on_head(head, a, e, o) for a, e, o in points])
        yield Clump(guide, 0.118, 0.034, Profile(0.10, 0.35, 0.7, 0.2), rings=13, ring_shift=0.10)


def find_front_hairline(look: Look) -> float:
    """Returns the height of the hairline over the middle of the forehead, H."""
    height = 0.78 if look.hair in ("short", "buzz") else 0.80
    if look.fringe == "parted":
        return height + 0.14
    if look.fringe == "back":
        return height + 0.05 + 0.05 * float(np.clip((look.age - 35) / 30, 0, 1))
    return height


def _grow_one(
    head: Head, look: Look, row: Row, offset: float, profile: Profile, shift: float, *, is_inner: bool = False
) -> Clump:
    """Grows a clump that falls straight over the forehead and turns towards its tip."""
    azimuth, tip_azimuth, tip_height, width = row
    root = azimuth * 0.75
    if look.fringe in PARTING and azimuth * tip_azimuth > 0:
        root = PARTING[look.fringe] * 0.6 + azimuth * 0.35
    turn = tip_azimuth - azimuth
    guide = [
        on_head(head, root, 85 if look.fringe != "parted" else 78, offset * 0.5),
        on_head(head, azimuth * 0.94 + tip_azimuth * 0.06, 54, offset * 1.02),
        on_head(head, azimuth + 0.15 * turn, 30, offset * 1.04),
        on_head(head, azimuth + 0.45 * turn, 8, offset * 1.04),
    ]
    radius, a = head.radius(direction(tip_azimuth, 0)[None])[0] + offset * 0.84, np.radians(tip_azimuth)
    tip = np.array([np.sin(a) * radius, tip_height + shift, CENTER[2] + np.cos(a) * radius])
    guide.append(head.push_out(tip[None], CLEARANCE)[0])
    return Clump(np.array(guide), width, 0.032, profile, rings=13, is_inner=is_inner)
