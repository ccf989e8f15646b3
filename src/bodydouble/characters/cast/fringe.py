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
        (-50, -56, 0.40, 0.094), (-33, -37, 0.445, 0.090), (-18, -21, 0.475, 0.078), (-5, -6, 0.44, 0.070),
        (7, 10, 0.485, 0.074), (21, 24, 0.455, 0.088), (36, 39, 0.46, 0.084), (50, 56, 0.39, 0.094),
    ),
    "side": (
        (-52, -60, 0.38, 0.10), (-34, -45, 0.42, 0.10), (-18, -30, 0.44, 0.10), (-2, -14, 0.46, 0.10),
        (14, 4, 0.50, 0.09), (26, 34, 0.50, 0.08), (44, 54, 0.42, 0.10),
    ),
    "parted": (
        (-54, -66, 0.36, 0.10), (-38, -56, 0.44, 0.10), (-24, -46, 0.52, 0.10),
        (54, 66, 0.36, 0.10), (38, 56, 0.44, 0.10), (24, 46, 0.52, 0.10),
    ),
    "pointed": (
        (-50, -58, 0.36, 0.10), (-32, -44, 0.42, 0.10), (-17, -25, 0.46, 0.085), (-2, -3, 0.36, 0.080),
        (15, 24, 0.46, 0.085), (32, 44, 0.42, 0.10), (50, 58, 0.36, 0.10),
    ),
    "spiky": (
        (-56, -70, 0.47, 0.085), (-40, -52, 0.42, 0.085), (-24, -34, 0.47, 0.08), (-8, -12, 0.40, 0.08),
        (8, 2, 0.47, 0.075), (24, 30, 0.42, 0.08), (40, 50, 0.47, 0.085), (56, 68, 0.44, 0.085),
    ),
}  # fmt: skip
INNER: dict[str, tuple[Row, ...]] = {
    "straight": (
        (-42, -42, 0.50, 0.07), (-9, -11, 0.52, 0.07), (28, 27, 0.515, 0.07), (42, 46, 0.49, 0.07),
        (13, 14, 0.53, 0.07),
        (-25, -28, 0.52, 0.07),
    ),
    "side": (
        (-42, -52, 0.47, 0.075), (-26, -38, 0.48, 0.075), (-9, -22, 0.50, 0.075), (6, -4, 0.52, 0.075),
        (36, 44, 0.49, 0.075),
    ),
    "parted": ((-46, -60, 0.46, 0.08), (46, 60, 0.46, 0.08), (-32, -52, 0.54, 0.08), (32, 52, 0.54, 0.08)),
    "pointed": (
        (-40, -46, 0.50, 0.075), (-10, -14, 0.50, 0.075), (9, 13, 0.50, 0.075), (40, 46, 0.50, 0.075),
        (24, 30, 0.53, 0.075), (-24, -30, 0.53, 0.075),
    ),
    "spiky": (
        (-46, -50, 0.52, 0.075), (-16, -22, 0.50, 0.075), (16, 18, 0.51, 0.075), (33, 40, 0.52, 0.075),
        (0, -5, 0.53, 0.075),
    ),
}  # fmt: skip
PARTING = {"side": 26.0, "parted": 0.0}
"""Azimuth of the parting, degrees."""
STRANDS = 3
STRAY = ("straight", "side", "pointed", "spiky")
"""Fringes that have them."""
STRAND_AZIMUTHS = (-58.0, -41.0, -27.0, 14.0, 29.0, 44.0, 58.0)
"""Number of thin strands over the fringe, and the azimuths that they choose from, degrees."""
CLEARANCE = 0.035
"""Least distance of a tip from the forehead, H."""


def grow_fringe(head: Head, look: Look, offset: float, rng: np.random.Generator) -> Iterator[Clump]:
    """Grows the fringe of a look; nothing for "none"."""
    is_spiky = look.fringe == "spiky"
    profile = Profile(0.8, 0.35, 1.05) if is_spiky else Profile(0.8, 0.55, 0.8)
    reach = offset * (1.1 if is_spiky else 0.95)
    for row in OUTER.get(look.fringe, ()):
        yield _grow_one(head, look, row, reach, profile, rng.uniform(-0.018, 0.018))
    for azimuth in rng.choice(STRAND_AZIMUTHS, STRANDS if look.fringe in STRAY else 0, replace=False):
        row = (azimuth, 1.12 * azimuth + rng.uniform(-7, 7), 0.43 + rng.uniform(-0.03, 0.04), rng.uniform(0.020, 0.032))
        yield _grow_one(head, look, row, 1.12 * reach, Profile(0.5, 0.5, 0.9), 0.0)
    for row in INNER.get(look.fringe, ()):
        yield _grow_one(head, look, row, offset * 0.69, Profile(0.8, 0.55, 0.75), 0.0, is_inner=True)


def _grow_one(
    head: Head, look: Look, row: Row, offset: float, profile: Profile, shift: float, *, is_inner: bool = False
) -> Clump:
    azimuth, tip_azimuth, tip_height, width = row
    root = azimuth * 0.75
    if look.fringe in PARTING and azimuth * tip_azimuth > 0:
        root = PARTING[look.fringe] * 0.6 + azimuth * 0.35
    guide = [
        on_head(head, root, 85 if look.fringe != "parted" else 72, offset * 0.5),
        on_head(head, azimuth * 0.92 + tip_azimuth * 0.08, 52, offset * 1.02),
        on_head(head, (azimuth + tip_azimuth) / 2, 26, offset),
    ]
    radius, a = head.radius(direction(tip_azimuth, 0)[None])[0] + offset * 0.88, np.radians(tip_azimuth)
    tip = np.array([np.sin(a) * radius, tip_height + shift, CENTER[2] + np.cos(a) * radius])
    guide.append(head.push_out(tip[None], CLEARANCE)[0])
    return Clump(np.array(guide), width, 0.032, profile, rings=12, is_inner=is_inner)
