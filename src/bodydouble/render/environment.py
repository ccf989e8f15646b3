"""Environment of a scene: the light, and optionally a room or outdoor scene instead of the studio."""

from dataclasses import dataclass, field
from enum import IntEnum

LinearColor = tuple[float, float, float]
"""Linear RGB."""
Vector3 = tuple[float, float, float]


class SurfacePattern(IntEnum):
    """Pattern of a floor or a wall."""

    PLAIN = 0
    PLANKS = 1
    TILES = 2
    GRAIN = 3
    BRICKS = 4


@dataclass(frozen=True, slots=True)
class SurfaceFinish:
    """Finish of a floor or a wall."""

    pattern: SurfacePattern
    color: LinearColor
    """Linear RGB reflectance."""
    second_color: LinearColor
    """Colour of joints, grain or every other tile."""
    size: float
    """Size in m of a plank, tile or blotch."""


@dataclass(frozen=True, slots=True)
class Light:
    """Key light (a lamp or the sun) and ambient light."""

    direction: Vector3 = (-0.45, 1.0, 0.75)
    """Direction towards the key light, world; by default above, in front and to one side of a person facing +Z."""
    key: LinearColor = (2.36, 2.27, 2.14)
    """Colour of the key light."""
    sky: LinearColor = (0.64, 0.69, 0.78)
    """Ambient light from above."""
    ground: LinearColor = (0.42, 0.39, 0.37)
    """Ambient light from below."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Procedural room or outdoor scene."""

    floor: SurfaceFinish
    wall: SurfaceFinish
    """Finish of the walls of the room, or of the houses around the outdoor scene."""
    sky: LinearColor
    """Colour of the sky overhead, or of the ceiling."""
    horizon: LinearColor
    """Colour of the horizon, or of the view through windows."""
    room: tuple[float, float, float, float, float] | None
    """Coordinates x, z, x, z of two corners and height of the room, m; None: outdoors."""
    skyline: float
    """Elevation of houses and trees around an outdoor scene, as a tangent."""
    seed: float
    """Seed of all random details."""


@dataclass(frozen=True, slots=True)
class Environment:
    """Light and surroundings; without surroundings, the studio."""

    light: Light = field(default_factory=Light)
    surroundings: Surroundings | None = None
