"""Naming and selection of people: ``PersonTrack``s and the ``--people`` text -> tracks of the selected people by name.

People are selected all together, as the main person, by number, by name, or by a point in a frame.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bodydouble.data import BoolArray, FloatArray, Track
from bodydouble.errors import InvalidDataError
from bodydouble.geometry.silhouette import segment_distance
from bodydouble.geometry.similarity import box_area, pose_extent
from bodydouble.skeletons import blazepose
from bodydouble.tracking.association import PersonTrack

MIN_CONFIDENCE = 0.3
"""Minimum confidence of a visible landmark. On real clips, a person who walks past in profile is visible from the
head to both feet in 98 % of the frames (86 % with 0.5), and a person whose upper body alone is in the image in none."""
MIN_COMPLETE_FRACTION = 0.5
"""Minimum ratio of the frames in which the main person is complete to the longest visibility of any person."""
MAX_POINT_DISTANCE = 0.25
"""Maximum distance of a selected point from a person's limbs, in half body diagonals, if it is in no box."""

_EXTREMITIES = tuple(
    [blazepose.INDEX[name] for name in names]
    for names in (
        ("nose", "left_ear", "right_ear"),
        ("left_ankle", "left_heel", "left_foot_index"),
        ("right_ankle", "right_heel", "right_foot_index"),
    )
)
"""Landmarks of the head and of both feet; one visible landmark of a group suffices."""
_BONES = np.array(blazepose.EDGES)

_COUNT = re.compile(r"[1-9]\d{0,8}")
_NAME = r"person[1-9]\d{0,8}"
_NUMBER = r"-?\d{1,9}(?:\.\d+)?"
_NAMES = re.compile(rf"{_NAME}(?:\s*,\s*{_NAME})*")
_AT = re.compile(rf"at\s+({_NUMBER})\s*,\s*({_NUMBER})\s*,\s*(-?\d{{1,9}})")


@dataclass(frozen=True, slots=True)
class AllPeople:
    """All people but static ones; if all are static, all."""


@dataclass(frozen=True, slots=True)
class MainPerson:
    """The complete person who covers most of the clip; if there is none, the one who covers most.

    A static person is selected only if all are static.
    """


@dataclass(frozen=True, slots=True)
class MostProminent:
    """A number of people who cover most of the clip; static people come last."""

    count: int


@dataclass(frozen=True, slots=True)
class NamedPeople:
    """People with certain names."""

    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class PersonAtPoint:
    """The person at a point of a frame."""

    point: tuple[float, float]
    """x, y, px."""
    frame: int
    """Index of the frame, from 0."""

    def check(self, image_size: tuple[int, int], frame_count: int | None) -> None:
        """Raises InvalidDataError if the clip has no such point or frame.

        Args:
            image_size: width and height of the image, px.
            frame_count: number of frames of the clip; None if that is not known yet.
        """
        width, height = image_size
        if not (0 <= self.point[0] <= width and 0 <= self.point[1] <= height):
            raise InvalidDataError(f"the point {self._point_text} is outside the image, which is {width} x {height} px")
        if self.frame < 0 or (frame_count is not None and self.frame >= frame_count):
            last = "" if frame_count is None else f" to {frame_count - 1}"
            raise InvalidDataError(f"there is no frame {self.frame} in the clip; frames are counted from 0{last}")

    def find_person(self, people: Mapping[str, Track]) -> str:
        """Returns the name of the person at the point; raises InvalidDataError if there is none.

        If several boxes contain the point, the person with the nearest limbs is returned.
        """
        rows = {name: row for name, track in people.items() if (row := _observed_row(track, self.frame)) is not None}
        poses = {name: people[name].keypoints[row, :, :2] for name, row in rows.items()}
        distances = {name: _distance_to_limbs(self.point, pose) for name, pose in poses.items()}
        inside = [name for name, row in rows.items() if _contains(people[name].boxes[row], self.point)]
        near = [name for name in rows if distances[name] <= MAX_POINT_DISTANCE * float(pose_extent(poses[name]))]
        candidates = inside or near
        if not candidates:
            positions = _describe_positions(people, rows)
            raise InvalidDataError(f"nobody is at {self._point_text} in frame {self.frame}; {positions}")
        return min(candidates, key=distances.__getitem__)

    @property
    def _point_text(self) -> str:
        return "{:g},{:g}".format(*self.point)


Selection = AllPeople | MainPerson | MostProminent | NamedPeople | PersonAtPoint


def parse_selection(text: str) -> Selection:
    """Parses ``all``, ``main``, ``2``, ``person1,person3`` or ``at X,Y,FRAME``.

    Raises:
        InvalidDataError: the text has another form.
    """
    if text in {"all", "main"}:
        return AllPeople() if text == "all" else MainPerson()
    if _COUNT.fullmatch(text):
        return MostProminent(int(text))
    if _NAMES.fullmatch(text):
        return NamedPeople(frozenset(re.findall(_NAME, text)))
    if match := _AT.fullmatch(text):
        return PersonAtPoint((float(match[1]), float(match[2])), int(match[3]))
    raise InvalidDataError(
        f"cannot choose people by {text!r}; use all, main, a number from 1, names such as person1,person3, "
        "or 'at X,Y,FRAME' with a point in px and a frame counted from 0"
    )


def prominence(track: Track) -> float:
    """Returns the area of the person's box in px, summed over the observed frames."""
    return float(box_area(track.boxes[track.observed]).sum())


def name_people(people: Sequence[PersonTrack]) -> dict[str, PersonTrack]:
    """Names all people person1, person2, ... in order of prominence."""
    ordered = sorted(people, key=lambda person: prominence(person.track), reverse=True)
    return {f"person{number}": person for number, person in enumerate(ordered, start=1)}


def select_people(
    people: Mapping[str, Track],
    selection: Selection,
    image_size: tuple[int, int],
    frame_count: int,
    static_people: Collection[str] = (),
) -> dict[str, Track]:
    """Selects people, who keep their order and names.

    Args:
        people: tracks of all people by name, the most prominent first.
        selection: selection to apply.
        image_size: width and height of the image, px.
        frame_count: number of frames of the clip.
        static_people: names of static people. They are selected by name and by point, else only if there are too few
            others.

    Raises:
        InvalidDataError: no person has that name, or is at that point.
    """
    names = _select_names(people, selection, image_size, frame_count, static_people) if people else set()
    return {name: track for name, track in people.items() if name in names}


def _select_names(
    people: Mapping[str, Track],
    selection: Selection,
    image_size: tuple[int, int],
    frame_count: int,
    static_people: Collection[str],
) -> Collection[str]:
    moving_people = {name: track for name, track in people.items() if name not in static_people}
    match selection:
        case AllPeople():
            return moving_people or people
        case MainPerson():
            return {_main_person(moving_people or people, image_size)}
        case MostProminent(count):
            return sorted(people, key=lambda name: name in static_people)[:count]
        case NamedPeople(names):
            _check_names(names, people)
            return names
        case PersonAtPoint():
            selection.check(image_size, frame_count)
            return {selection.find_person(people)}


def _check_names(names: frozenset[str], people: Mapping[str, Track]) -> None:
    unknown = sorted(names - people.keys(), key=lambda name: int(name[len("person") :]))
    if unknown:
        raise InvalidDataError(f"there is no {' and no '.join(unknown)} in the clip; there is {', '.join(people)}")


def _main_person(people: Mapping[str, Track], image_size: tuple[int, int]) -> str:
    min_frames = MIN_COMPLETE_FRACTION * max(int(track.observed.sum()) for track in people.values())
    complete = (name for name, track in people.items() if is_complete(track, image_size).sum() >= min_frames)
    return next(complete, next(iter(people)))


def is_complete(track: Track, image_size: tuple[int, int]) -> BoolArray:
    """Returns (T,) True for frames in which a person is visible from the head to both feet.

    Args:
        track: track of the person.
        image_size: width and height of the image, px; landmarks outside are not visible.
    """
    points, confidence = track.keypoints[..., :2], track.keypoints[..., 2]
    visible = (confidence >= MIN_CONFIDENCE) & np.all((points >= 0) & (points <= image_size), axis=-1)
    return np.asarray(track.observed & np.all([visible[:, group].any(axis=1) for group in _EXTREMITIES], axis=0))


def _observed_row(track: Track, frame: int) -> int | None:
    """Returns the row of a frame in a track; None if the person is not observed in it."""
    row = frame - int(track.frames[0])
    return row if 0 <= row < len(track.frames) and track.observed[row] else None


def _contains(box: FloatArray, point: tuple[float, float]) -> bool:
    return bool(np.all(box[:2] <= point) and np.all(point <= box[2:]))


def _distance_to_limbs(point: tuple[float, float], pose: FloatArray) -> float:
    """Returns the distance in px of a point from the nearest line between landmarks (33, 2)."""
    starts, ends = pose[_BONES[:, 0]], pose[_BONES[:, 1]]
    return float(segment_distance(np.asarray(point), starts, ends).min())


def _describe_positions(people: Mapping[str, Track], rows: Mapping[str, int]) -> str:
    if not rows:
        return f"nobody is visible in that frame; in the clip there is {', '.join(people)}"
    centers = {name: people[name].boxes[row].reshape(2, 2).mean(axis=0) for name, row in rows.items()}
    return "in that frame there is " + ", ".join(f"{name} at {x:.0f},{y:.0f}" for name, (x, y) in centers.items())
