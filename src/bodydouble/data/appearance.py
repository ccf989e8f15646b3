"""The appearance of a person as far as it was seen: colours, classes and lengths, each with a confidence."""

from dataclasses import dataclass, fields
from typing import Generic, TypeVar

from bodydouble.data.arrays import BoolArray, FloatArray, RgbImage, check_shape
from bodydouble.errors import InvalidDataError

Color = tuple[float, float, float]
"""sRGB, 0 to 1."""
T = TypeVar("T", Color, str, float)

HAIR_LENGTHS = ("bald", "buzz", "short", "bob", "shoulder", "long", "tied")
FRINGES = ("none", "fringe")
PATTERNS = ("plain", "stripes", "two-tone", "print")
BOTTOMS = ("trousers", "skirt")
SHOES = ("shoes", "bare")
GLASSES = ("none", "glasses")
BEARDS = ("none", "beard")
HATS = ("none", "hat")

CHOICES = {
    "hair": HAIR_LENGTHS, "fringe": FRINGES, "pattern": PATTERNS, "bottom": BOTTOMS, "shoes": SHOES,
    "glasses": GLASSES, "beard": BEARDS, "hat": HATS,
}  # fmt: skip
"""Values of the traits that are classes."""


@dataclass(frozen=True, slots=True)
class Trait(Generic[T]):
    """One trait of a person, with the probability that it is right."""

    value: T
    confidence: float
    """0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    """Appearance of a person; None where a trait was not seen. It identifies nobody: it holds no face."""

    skin_color: Trait[Color] | None = None
    hair_color: Trait[Color] | None = None
    hair: Trait[str] | None = None
    """One of HAIR_LENGTHS."""
    fringe: Trait[str] | None = None
    beard: Trait[str] | None = None
    glasses: Trait[str] | None = None
    hat: Trait[str] | None = None
    hat_color: Trait[Color] | None = None
    top_color: Trait[Color] | None = None
    """The colour that covers most of the upper garment."""
    second_color: Trait[Color] | None = None
    """The other colour of a pattern on the upper garment."""
    pattern: Trait[str] | None = None
    sleeve: Trait[float] | None = None
    """Length of the sleeves: 0 at the shoulder, 1 at the wrist."""
    bottom: Trait[str] | None = None
    bottom_color: Trait[Color] | None = None
    leg: Trait[float] | None = None
    """Length of trousers or skirt: 0 at the hip, 1 at the ankle."""
    shoes: Trait[str] | None = None
    shoe_color: Trait[Color] | None = None

    def __post_init__(self) -> None:
        for item in fields(self):
            _check_trait(item.name, getattr(self, item.name))


def _check_trait(name: str, trait: Trait[Color] | Trait[str] | Trait[float] | None) -> None:
    """Raises InvalidDataError if the value or the confidence of a trait is out of its range."""
    if trait is None:
        return
    if name in CHOICES:
        is_valid = trait.value in CHOICES[name]
    elif isinstance(trait.value, tuple):
        is_valid = len(trait.value) == 3 and all(0.0 <= channel <= 1.0 for channel in trait.value)
    else:
        is_valid = isinstance(trait.value, float) and 0.0 <= trait.value <= 1.0
    if not (is_valid and 0.0 <= trait.confidence <= 1.0):
        raise InvalidDataError(f"Appearance: {name} is {trait.value!r} with the confidence {trait.confidence!r}")


LIMB_SEGMENTS = ("upper arm", "forearm", "thigh", "shin")
SEGMENT_POINTS = 8
"""Number of points along a segment of a limb, from its upper to its lower end."""
TORSO_GRID = (10, 8)
"""Rows from the shoulders to the hips, and columns from the right to the left side of the person."""
FACE_GRID = (5, 6)
"""Rows from the eyes to the mouth, and columns from the right to the left side of the person."""
HEAD_PATCH_SIDE = 64
"""Side of the image of the head, px; each is about a centimetre."""


@dataclass(frozen=True, slots=True)
class AppearanceSample:
    """Colours of a person in one frame, sRGB 0 to 1; NaN where the point does not show the person."""

    limbs: FloatArray
    """(4, 2, 8, 3) of LIMB_SEGMENTS, left and right, along the middle of the segment."""
    arms_over_trunk: BoolArray
    """(2, 2, 8) whether points of upper arms and forearms, left and right, may show the trunk before or behind which
    they are."""
    between_legs: FloatArray
    """(2, 8, 3) halfway between the thighs, then between the shins; NaN where they are close together."""
    beside_legs: FloatArray
    """(2, 2, 8, 3) beside thighs and shins, on the left and the right side: the surroundings."""
    torso: FloatArray
    """(10, 8, 3) grid between shoulders and hips."""
    feet: FloatArray
    """(2, 3) left and right."""
    hands: FloatArray
    """(2, 3) backs or palms, left and right."""
    face: FloatArray
    """(5, 6, 3) grid between eyes and mouth; NaN if the head is not seen from the front."""
    head: RgbImage
    """(64, 64, 3) the head, upright, about 1 cm per pixel; the point between eyes and mouth is at the pixel 32, 22."""
    turn: float
    """Place of the nose between the ears: 0 in the middle, about -1 and 1 in profile, towards the image's left and
    right; NaN if the head is seen from behind."""
    glasses: float
    """1 if glasses are seen, 0 if not; NaN if the eyes are too small or turned away."""
    weight: float
    """Size, sharpness and confidence, 0 to 1."""

    def __post_init__(self) -> None:
        segments = len(LIMB_SEGMENTS)
        check_shape(self, "limbs", (segments, 2, SEGMENT_POINTS, 3))
        check_shape(self, "arms_over_trunk", (2, 2, SEGMENT_POINTS))
        check_shape(self, "between_legs", (2, SEGMENT_POINTS, 3))
        check_shape(self, "beside_legs", (2, 2, SEGMENT_POINTS, 3))
        check_shape(self, "torso", (*TORSO_GRID, 3))
        check_shape(self, "feet", (2, 3))
        check_shape(self, "hands", (2, 3))
        check_shape(self, "face", (*FACE_GRID, 3))
        check_shape(self, "head", (HEAD_PATCH_SIDE, HEAD_PATCH_SIDE, 3))
