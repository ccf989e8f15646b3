"""Chooses among the people of a clip: all, the main one, the most prominent ones, by name, or by a point in a frame."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bodydouble.data import BoolArray, FloatArray, Track
from bodydouble.errors import InvalidDataError
from bodydouble.geometry.similarity import box_area, pose_extent
from bodydouble.skeletons import blazepose

MIN_CONFIDENCE = 0.3
"""Confidence from which a landmark counts as seen. On real clips, somebody who walks past in profile is so seen from
the head to both feet in 98 % of the frames (with 0.5 in 86 %),
and somebody of whom the picture shows the upper body in none."""
MIN_COMPLETE_FRACTION = 0.5
"""Of the frames in which the person seen longest is seen: for so long must a complete person be complete."""
MAX_POINT_DISTANCE = 0.25
"""Half body diagonals by which a point may lie beside somebody's limbs, where no box holds it."""

_EXTREMITIES = tuple(
    [blazepose.INDEX[name] for name in names]
    for names in (
        ("nose", "left_ear", "right_ear"),
        ("left_ankle", "left_heel", "left_foot_index"),
        ("right_ankle", "right_heel", "right_foot_index"),
    )
)
"""Landmarks of the head and of both feet; any one of a group shows that it is there."""
_BONES = np.array(blazepose.EDGES)

_COUNT = re.compile(r"[1-9]\d{0,8}")
_NAME = r"person[1-9]\d{0,8}"
_NUMBER = r"-?\d{1,9}(?:\.\d+)?"
_NAMES = re.compile(rf"{_NAME}(?:\s*,\s*{_NAME})*")
_AT = re.compile(rf"at\s+({_NUMBER})\s*,\s*({_NUMBER})\s*,\s*(-?\d{{1,9}})")


@dataclass(frozen=True, slots=True)
class AllPeople:
    """All people but those who never move; if nobody ever moves, all."""


@dataclass(frozen=True, slots=True)
class MainPerson:
    """The complete person who covers most of the clip; if nobody is complete, the one who covers most.

    It is none who never moves, unless nobody ever moves.
    """


@dataclass(frozen=True, slots=True)
class MostProminent:
    """Those who cover most of the clip, that many if there are; those who never move come last."""

    count: int


@dataclass(frozen=True, slots=True)
class NamedPeople:
    """People of these names."""

    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class PersonAtPoint:
    """The person at a point of a frame."""

    point: tuple[float, float]
    """x, y, px."""
    frame: int
    """Counted from 0."""

    def check(self, image_size: tuple[int, int], frame_count: int | None) -> None:
        """Raises InvalidDataError if the clip has no such point or frame.

        Args:
            image_size: width and height of the picture, px.
            frame_count: frames of the clip; None if that is not known yet.
        """
        if not all(0 <= value <= side for value, side in zip(self.point, image_size, strict=True)):
            raise InvalidDataError(
                f"the point {self._point_text} is outside the picture, which is {image_size[0]} x {image_size[1]} px"
            )
        if self.frame < 0 or (frame_count is not None and self.frame >= frame_count):
            last = "" if frame_count is None else f" to {frame_count - 1}"
            raise InvalidDataError(f"there is no frame {self.frame} in the clip; frames are counted from 0{last}")

    def find_person(self, people: Mapping[str, Track]) -> str:
        """Name of the person at the point. Raises InvalidDataError if nobody is there.

        Of several whose boxes hold the point, it is the one whose limbs are nearest.
        """
        here = {name: row for name, track in people.items() if (row := _observed_row(track, self.frame)) is not None}
        apart = {name: _distance_to_limbs(self.point, people[name].keypoints[row, :, :2]) for name, row in here.items()}
        within = [name for name, row in here.items() if _contains(people[name].boxes[row], self.point)]
        near = [
            name for name, row in here.items()
            if apart[name] <= MAX_POINT_DISTANCE * float(pose_extent(people[name].keypoints[row, :, :2]))
        ]  # fmt: skip
        candidates = within or near
        if not candidates:
            raise InvalidDataError(
                f"nobody is at {self._point_text} in frame {self.frame}; {_describe_positions(people, here)}"
            )
        return min(candidates, key=apart.__getitem__)

    @property
    def _point_text(self) -> str:
        return "{:g},{:g}".format(*self.point)


Selection = AllPeople | MainPerson | MostProminent | NamedPeople | PersonAtPoint


def parse_selection(text: str) -> Selection:
    """The meaning of ``all``, ``main``, ``2``, ``person1,person3`` or ``at X,Y,FRAME``.

    Raises:
        InvalidDataError: it is none of these.
    """
    if text in {"all", "main"}:
        return AllPeople() if text == "all" else MainPerson()
    if _COUNT.fullmatch(text):
        return MostProminent(int(text))
    if _NAMES.fullmatch(text):
        return NamedPeople(frozenset(re.findall(_NAME, text)))
    if found := _AT.fullmatch(text):
        return PersonAtPoint((float(found[1]), float(found[2])), int(found[3]))
    raise InvalidDataError(
        f"cannot choose people by {text!r}; use all, main, a number from 1, names such as person1,person3, "
        "or 'at X,Y,FRAME' with a point in px and a frame counted from 0"
    )


def prominence(track: Track) -> float:
    """How much of the clip a person fills: area on screen in px, summed over the frames in which they are observed."""
    return float(box_area(track.boxes[track.observed]).sum())


def name_people(tracks: Sequence[Track]) -> dict[str, Track]:
    """All people by name, the most prominent first: person1, person2, ..."""
    ordered = sorted(tracks, key=prominence, reverse=True)
    return {f"person{number}": track for number, track in enumerate(ordered, start=1)}


def select_people(
    people: Mapping[str, Track],
    selection: Selection,
    image_size: tuple[int, int],
    frame_count: int,
    static_people: Collection[str] = (),
) -> dict[str, Track]:
    """The people asked for, in the order and with the names that they have among all.

    Args:
        people: all people by name, the most prominent first.
        selection: who is asked for.
        image_size: width and height of the picture, px.
        frame_count: frames of the clip.
        static_people: names of those who never move. They are taken by name and by place, otherwise only where the others do
            not suffice.

    Raises:
        InvalidDataError: there is nobody of that name, or at that point.
    """
    chosen = _select_names(people, selection, image_size, frame_count, static_people) if people else set()
    return {name: track for name, track in people.items() if name in chosen}


def _select_names(
    people: Mapping[str, Track],
    selection: Selection,
    image_size: tuple[int, int],
    frame_count: int,
    static_people: Collection[str],
) -> Collection[str]:
    alive = {name: track for name, track in people.items() if name not in static_people}
    match selection:
        case AllPeople():
            return alive or people
        case MainPerson():
            return {_main_person(alive or people, image_size)}
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
    longest = max(int(track.observed.sum()) for track in people.values())
    complete = (
        name
        for name, track in people.items()
        if is_complete(track, image_size).sum() >= MIN_COMPLETE_FRACTION * longest
    )
    return next(complete, next(iter(people)))


def is_complete(track: Track, image_size: tuple[int, int]) -> BoolArray:
    """In which frames (T,) a person is seen from the head to both feet, in a picture of that width and height, px."""
    points, confidence = track.keypoints[..., :2], track.keypoints[..., 2]
    seen = (confidence >= MIN_CONFIDENCE) & np.all((points >= 0) & (points <= image_size), axis=-1)
    return np.asarray(track.observed & np.all([seen[:, end].any(axis=1) for end in _EXTREMITIES], axis=0))


def _observed_row(track: Track, frame: int) -> int | None:
    """Where a track has the frame; None where the person is not observed in it."""
    row = frame - int(track.frames[0])
    return row if 0 <= row < len(track.frames) and track.observed[row] else None


def _contains(box: FloatArray, point: tuple[float, float]) -> bool:
    return bool(np.all(box[:2] <= point) and np.all(point <= box[2:]))


def _distance_to_limbs(point: tuple[float, float], keypoints: FloatArray) -> float:
    """Distance of a point from the nearest line between landmarks (33, 2), px."""
    start, along = keypoints[_BONES[:, 0]], keypoints[_BONES[:, 1]] - keypoints[_BONES[:, 0]]
    length = np.maximum((along**2).sum(axis=-1), 1e-9)
    share = np.clip(((point - start) * along).sum(axis=-1) / length, 0.0, 1.0)
    return float(np.linalg.norm(start + share[:, None] * along - point, axis=-1).min())


def _describe_positions(people: Mapping[str, Track], rows: Mapping[str, int]) -> str:
    if not rows:
        return f"no one is seen in that frame; in the clip there is {', '.join(people)}"
    centers = {name: people[name].boxes[row].reshape(2, 2).mean(axis=0) for name, row in rows.items()}
    return "in that frame there is " + ", ".join(f"{name} at {x:.0f},{y:.0f}" for name, (x, y) in centers.items())
