"""Keypoints of the network for the page that annotates: the automatic performance -> one piece of JSON and numbers."""

from dataclasses import asdict, dataclass
from pathlib import Path

from bodydouble.data import Person
from bodydouble.motion.annotations.annotated_track import MAX_GAP_SECONDS
from bodydouble.skeletons import blazepose, coco
from bodydouble.studio.annotation_store import read_applied, read_draft, split_by_motion
from bodydouble.studio.correction_store import load_automatic
from bodydouble.studio.number_block import Block, NumberBlock


@dataclass(frozen=True, slots=True)
class NetworkPerson:
    """A person of the automatic performance."""

    name: str
    first_frame: int
    frames: int
    keypoints: Block
    """(T, 33, 3) x px, y px, confidence."""
    observed: Block
    """(T,) 0 where the network has not seen the person."""


@dataclass(frozen=True, slots=True)
class LandmarkSet:
    """Landmarks that are annotated together."""

    name: str
    label: str
    landmarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NetworkKeypoints:
    """Everything that the page needs to annotate a take, but for the numbers themselves and the annotations."""

    people: tuple[NetworkPerson, ...]
    landmarks: tuple[str, ...]
    """Names of the 33 landmarks in the order of the numbers."""
    sets: tuple[LandmarkSet, ...]
    max_gap: float
    """Maximum number of frames from one key of a landmark to the next between which it is interpolated."""
    shot_starts: tuple[int, ...]
    applied: str | None
    """Version of the saved annotations if the motion is fitted to them."""


SETS = (
    LandmarkSet("blazepose", "All 33", blazepose.LANDMARKS),
    LandmarkSet("coco", "COCO 17", coco.KEYPOINTS),
)


def pack_keypoints(folder: Path) -> bytes:
    """Returns the fields of ``NetworkKeypoints`` of a folder of results and its numbers, as ``NumberBlock.pack`` does.

    Raises:
        BodydoubleError: the performance or the annotations cannot be read.
    """
    automatic, draft = load_automatic(folder), read_draft(folder)
    used, _ = split_by_motion(automatic, draft.annotations)
    is_applied = used == read_applied(folder).annotations
    numbers = NumberBlock()
    keypoints = NetworkKeypoints(
        tuple(_describe_person(person, numbers) for person in automatic.people),
        blazepose.LANDMARKS,
        SETS,
        MAX_GAP_SECONDS * float(automatic.fps),
        tuple(map(int, automatic.shot_starts)),
        draft.version if is_applied else None,
    )
    return numbers.pack(asdict(keypoints))


def _describe_person(person: Person, numbers: NumberBlock) -> NetworkPerson:
    track = person.track
    return NetworkPerson(
        person.name, int(track.frames[0]), len(track.frames), numbers.add(track.keypoints), numbers.add(track.observed)
    )
