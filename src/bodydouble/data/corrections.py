"""Corrections of a capture by hand. One type per kind; ``Correction`` is the union of all.

Frames are frames of the clip, from 0; spans contain their last frame. People have the names that they have when the
correction is applied: a correction after a ``Rename`` uses the new name.
"""

from dataclasses import dataclass
from typing import TypeAlias

from bodydouble.errors import InvalidDataError

SIDES = ("left", "right")
FOOT_PARTS = ("foot", "heel", "toes")
"""Parts of a foot that rest; "foot" is heel and toes."""
BODY_PARTS = ("body", "arms", "legs")
"""Parts of the body whose left and right can be exchanged."""
FOCAL_LENGTH_RANGE_MM = (8.0, 1000.0)
"""Minimum and maximum focal length in mm, full-frame equivalent."""
HEIGHT_RANGE = (0.4, 2.6)
"""Minimum and maximum height of a person in m."""
FLOOR_RANGE = (-100.0, 100.0)
"""Minimum and maximum height in m of a new floor above the present one."""
CUTOFF_RANGE = (0.01, 1000.0)
"""Minimum and maximum cut-off frequency of smoothing in Hz."""
MAX_COORDINATE = 1e6
"""Maximum absolute value of a coordinate of a keyframe, m or px."""
MAX_NAME = 60
"""Maximum number of characters of a name of a person."""
DEFAULT_FALLOFF = 0.5
"""Time in s on either side of a keyframe over which its effect decays."""


@dataclass(frozen=True, slots=True)
class Rename:
    """Gives a person another name."""

    person: str
    name: str

    def __post_init__(self) -> None:
        _check_name(self, self.name)


@dataclass(frozen=True, slots=True)
class Merge:
    """Makes two people one, with the name and the place of the first. Where both are observed, the first is kept."""

    person: str
    other: str

    def __post_init__(self) -> None:
        _check_two_people(self, self.person, self.other)


@dataclass(frozen=True, slots=True)
class Split:
    """Makes two people of one: from a frame on, the person has a new name."""

    person: str
    frame: int
    name: str

    def __post_init__(self) -> None:
        _check_frame(self, self.frame)
        _check_name(self, self.name)


@dataclass(frozen=True, slots=True)
class Swap:
    """Exchanges two people from a frame on."""

    person: str
    other: str
    frame: int

    def __post_init__(self) -> None:
        _check_two_people(self, self.person, self.other)
        _check_frame(self, self.frame)


@dataclass(frozen=True, slots=True)
class Delete:
    """Removes a person who is none."""

    person: str


@dataclass(frozen=True, slots=True)
class ContactEdit:
    """Says that a foot rests on the floor in a span, or that it does not."""

    person: str
    side: str
    """One of SIDES, the person's own."""
    first_frame: int
    last_frame: int
    resting: bool = True
    part: str = "foot"
    """One of FOOT_PARTS."""

    def __post_init__(self) -> None:
        _check_choice(self, "side", self.side, SIDES)
        _check_choice(self, "part", self.part, FOOT_PARTS)
        _check_span(self, self.first_frame, self.last_frame)


@dataclass(frozen=True, slots=True)
class Keyframe:
    """Puts a joint at a place in one frame; the effect decays before and after it."""

    person: str
    joint: str
    """Name of a joint of the skeleton."""
    frame: int
    position: tuple[float, float, float] | None = None
    """World position in m; None if ``pixel`` is given."""
    pixel: tuple[float, float] | None = None
    """Image position in px, at the depth that the joint has; None if ``position`` is given."""
    falloff: float = DEFAULT_FALLOFF
    """Time in s on either side of the frame, or of the span in which the foot rests, over which the effect decays."""

    def __post_init__(self) -> None:
        _check_frame(self, self.frame)
        if (self.position is None) == (self.pixel is None):
            raise InvalidDataError("Keyframe: expected a position (m) or a pixel (px), and not both")
        for value in self.position or self.pixel or ():
            _check_range(self, "coordinate", value, (-MAX_COORDINATE, MAX_COORDINATE))
        _check_positive(self, "falloff", self.falloff)


@dataclass(frozen=True, slots=True)
class SideExchange:
    """Exchanges left and right of what was seen of a person in a span."""

    person: str
    first_frame: int
    last_frame: int
    part: str = "body"
    """One of BODY_PARTS."""

    def __post_init__(self) -> None:
        _check_choice(self, "part", self.part, BODY_PARTS)
        _check_span(self, self.first_frame, self.last_frame)


@dataclass(frozen=True, slots=True)
class UnreliableSpan:
    """Marks a span whose keypoints are wrong: the motion is filled in from both sides."""

    person: str
    first_frame: int
    last_frame: int

    def __post_init__(self) -> None:
        _check_span(self, self.first_frame, self.last_frame)


@dataclass(frozen=True, slots=True)
class Smoothing:
    """Smooths the motion of a person in a span; resting feet stay where they are."""

    person: str
    first_frame: int
    last_frame: int
    cutoff: float
    """Frequency in Hz at which a vibration is halved: lower is smoother."""

    def __post_init__(self) -> None:
        _check_span(self, self.first_frame, self.last_frame)
        _check_range(self, "cutoff", self.cutoff, CUTOFF_RANGE)


@dataclass(frozen=True, slots=True)
class FloorLevel:
    """Moves the floor up or down."""

    height: float
    """Height in m of the new floor above the present one."""

    def __post_init__(self) -> None:
        _check_range(self, "height", self.height, FLOOR_RANGE)


@dataclass(frozen=True, slots=True)
class PersonHeight:
    """Sets the height of a person, and with it the scale of the world."""

    person: str
    height: float
    """Height in m from sole to crown, standing upright."""

    def __post_init__(self) -> None:
        _check_range(self, "height", self.height, HEIGHT_RANGE)


@dataclass(frozen=True, slots=True)
class FocalLength:
    """Sets the focal length of a static camera."""

    focal_length_mm: float
    """Focal length in mm, as if the diagonal of the image were that of 36 mm x 24 mm (full frame)."""

    def __post_init__(self) -> None:
        _check_range(self, "focal_length_mm", self.focal_length_mm, FOCAL_LENGTH_RANGE_MM)


IdentityCorrection: TypeAlias = Rename | Merge | Split | Swap | Delete
MotionCorrection: TypeAlias = ContactEdit | Keyframe | SideExchange | UnreliableSpan | Smoothing
WorldCorrection: TypeAlias = FloorLevel | PersonHeight | FocalLength
Correction: TypeAlias = IdentityCorrection | MotionCorrection | WorldCorrection


def _check_name(owner: object, name: str) -> None:
    if not name.strip() or len(name) > MAX_NAME or not name.isprintable() or set(name) & set("/\\"):
        raise InvalidDataError(
            f"{type(owner).__name__}: a name must have 1 to {MAX_NAME} visible characters and no slash: "
            f"{name[:MAX_NAME]!r}"
        )


def _check_two_people(owner: object, person: str, other: str) -> None:
    if person == other:
        raise InvalidDataError(f"{type(owner).__name__}: expected two people, got {person!r} twice")


def _check_frame(owner: object, frame: int) -> None:
    if frame < 0:
        raise InvalidDataError(f"{type(owner).__name__}: frame is {frame}; frames are counted from 0")


def _check_span(owner: object, first: int, last: int) -> None:
    _check_frame(owner, first)
    if last < first:
        raise InvalidDataError(f"{type(owner).__name__}: last_frame {last} is before first_frame {first}")


def _check_choice(owner: object, name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise InvalidDataError(f"{type(owner).__name__}: unknown {name} {value!r}; choose one of {', '.join(choices)}")


def _check_positive(owner: object, name: str, value: float) -> None:
    if not value > 0:
        raise InvalidDataError(f"{type(owner).__name__}: {name} is {value:g}; it must be above 0")


def _check_range(owner: object, name: str, value: float, bounds: tuple[float, float]) -> None:
    if not bounds[0] <= value <= bounds[1]:
        raise InvalidDataError(
            f"{type(owner).__name__}: {name} is {value:g}; it must lie between {bounds[0]:g} and {bounds[1]:g}"
        )
