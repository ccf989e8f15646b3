"""Where characters stand: the light, and a room or an open place instead of the studio."""

from dataclasses import dataclass, field
from enum import IntEnum

Color = tuple[float, float, float]


class Pattern(IntEnum):
    """What a floor or a wall is made of."""

    PLAIN = 0
    PLANKS = 1
    TILES = 2
    GRAIN = 3
    BRICKS = 4


@dataclass(frozen=True, slots=True)
class Finish:
    """How a floor or a wall looks."""

    pattern: Pattern
    color: Color
    """Linear RGB reflectance."""
    second_color: Color
    """Of joints, grain or every other tile."""
    size: float
    """m, of a plank, tile or blotch."""


@dataclass(frozen=True, slots=True)
class Light:
    """A lamp or the sun, and the light from all around. Colours are linear RGB."""

    direction: Color = (-0.45, 1.0, 0.75)
    """Towards the lamp, world; by default above, in front and to one side of a person who faces +Z."""
    key: Color = (2.36, 2.27, 2.14)
    sky: Color = (0.64, 0.69, 0.78)
    """From above ..."""
    ground: Color = (0.42, 0.39, 0.37)
    """... and from below."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A room, or an open place under the sky. All of it is procedural."""

    floor: Finish
    wall: Finish
    """Of the room, or of the houses around the place."""
    sky: Color
    """Linear RGB overhead, or of the ceiling."""
    horizon: Color
    """Linear RGB where the sky meets the ground, or of what is seen through windows."""
    room: tuple[float, float, float, float, float] | None
    """x and z of the two corners, and the height, m; None: outdoors."""
    skyline: float
    """Height of houses and trees around an open place, as a tangent."""
    seed: float
    """Of all that is random in it."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Light and place; without a place, the studio."""

    light: Light = field(default_factory=Light)
    surroundings: Surroundings | None = None
