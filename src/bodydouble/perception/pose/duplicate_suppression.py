"""Decides which landmarks of a frame show the same person, and which of two contradicting ones to believe."""

from collections.abc import Iterable, Sequence

import numpy as np

from bodydouble.data import BoolArray, FloatArray
from bodydouble.geometry.similarity import box_area, box_iou, pose_similarity
from bodydouble.perception.protocols import Detection, Landmarks
from bodydouble.skeletons import coco

_COCO = list(coco.FROM_BLAZEPOSE)
_SAME_PLACE = 0.5
"""Boxes with more intersection over union than this are of one person."""
_SAME_BODY = 0.7
"""Likewise, of two people who have been followed."""


def bounding_box(pose: FloatArray) -> FloatArray:
    """(4,) x_min, y_min, x_max, y_max px around landmarks (33, 2), inside the frame or not."""
    return np.concatenate([pose.min(axis=0), pose.max(axis=0)])


def clipped(box: FloatArray, size: tuple[int, int]) -> FloatArray:
    """The part (4,) of a box that lies in a frame of this width and height, px."""
    return np.clip(box, 0, np.tile(size, 2))


def visible_part(pose: FloatArray, size: tuple[int, int]) -> float:
    """How much of the box around landmarks (33, 2) lies in a frame of this width and height, 0 to 1."""
    box = bounding_box(pose)
    return float(box_area(clipped(box, size)) / max(float(box_area(box)), 1.0))


def similarity(a: Landmarks, b: Landmarks) -> float:
    """How alike the poses of two people in the picture are, 0 to 1."""
    poses = a.keypoints[_COCO], b.keypoints[_COCO]
    weights = poses[0][:, 2] * poses[1][:, 2]
    return float(pose_similarity(poses[0][:, :2], poses[1][:, :2], weights))


def agreement(detections: Sequence[Detection], people: Sequence[Landmarks]) -> FloatArray:
    """(D, P) how alike the pose of each detection and each person is, 0 to 1."""
    detected = np.array([d.keypoints for d in detections]).reshape(-1, 1, len(_COCO), 3)
    poses = np.array([p.keypoints[_COCO] for p in people]).reshape(1, -1, len(_COCO), 3)
    return pose_similarity(detected[..., :2], poses[..., :2], detected[..., 2])


def distinct(people: Iterable[Landmarks], same_person: float) -> list[Landmarks]:
    """The people, each once: where two regions have come to show the same person, the more certain one stays.

    Args:
        people: in any order.
        same_person: poses more similar than this are one person's.
    """
    kept: list[Landmarks] = []
    for person in sorted(people, key=lambda person: -person.presence):
        if all(similarity(person, other) < same_person for other in kept):
            kept.append(person)
    return kept


def with_recovered(people: Iterable[Landmarks], recovered: Iterable[Landmarks]) -> list[Landmarks]:
    """The people, each once, and those who seem to be back, unless somebody else is in their place."""
    kept = list(people)
    for other in sorted(recovered, key=lambda person: -person.presence):
        if not _overlaps(other, kept, _SAME_PLACE):
            kept.append(other)
    return kept


def is_alone(person: Landmarks, others: Sequence[Landmarks], same_person: float) -> bool:
    """Whether none of the others is in somebody's place, or has nearly the same pose."""
    alike = any(similarity(person, other) >= same_person for other in others)
    return not alike and not _overlaps(person, others, _SAME_PLACE)


def reconcile(
    followed: Sequence[Landmarks], confirmed: BoolArray, found: Sequence[Landmarks], same_person: float
) -> list[Landmarks]:
    """The people of a frame after the detector has run.

    Somebody who was found anew replaces a followed person in the same place, unless the detector confirms that one:
    then there are two people there. Whom the detector does not confirm, and who is on top of somebody whom it does, is
    the same body, seen wrongly.

    Args:
        followed: P people who were followed from the frame before.
        confirmed: (P,) whether the detector sees them, too.
        found: People of whom only the detector knew.
        same_person: Poses more similar than this are one person's.
    """
    new = [person for person in found if all(similarity(person, other) < same_person for other in followed)]
    surest = [person for person, sure in zip(followed, confirmed, strict=True) if sure]
    kept = [
        person
        for person, sure in zip(followed, confirmed, strict=True)
        if sure or not (_overlaps(person, new, _SAME_PLACE) or _overlaps(person, surest, _SAME_BODY))
    ]
    return distinct([*kept, *new], same_person)


def _overlaps(person: Landmarks, others: Iterable[Landmarks], least: float) -> bool:
    """Whether the intersection over union of somebody's box and that of one of the others reaches the least."""
    box = bounding_box(person.pose)
    return any(box_iou(box, bounding_box(other.pose)) >= least for other in others)
