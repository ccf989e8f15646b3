"""Suppresses duplicates among the people of one frame (pose non-maximum suppression).

In: ``Landmarks`` of tracked people and ``Detection``s of the same frame. Out: ``Landmarks``, each person once.
"""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from bodydouble.data import BoolArray, FloatArray
from bodydouble.geometry.similarity import box_area, box_iou, pose_similarity
from bodydouble.perception.protocols import Detection, Landmarks
from bodydouble.skeletons import coco

_COCO = list(coco.BLAZEPOSE_INDICES)
_SAME_PLACE_IOU = 0.5
"""Intersection over union from which two boxes belong to one person."""
_SAME_BODY_IOU = 0.7
"""Intersection over union from which the boxes of two tracked people belong to one person."""


def bounding_box(pose: FloatArray) -> FloatArray:
    """Returns the box (4,) x_min, y_min, x_max, y_max px around landmarks (33, 2), inside the frame or not."""
    return np.concatenate([pose.min(axis=0), pose.max(axis=0)])


def clip_box(box: FloatArray, image_size: tuple[int, int]) -> FloatArray:
    """Returns the part (4,) of a box that lies in an image of this width and height, px."""
    return np.clip(box, 0, np.tile(image_size, 2))


def visible_fraction(pose: FloatArray, image_size: tuple[int, int]) -> float:
    """Returns the fraction of the box around landmarks (33, 2) that lies in an image of this width and height, px."""
    box = bounding_box(pose)
    return float(box_area(clip_box(box, image_size)) / max(float(box_area(box)), 1.0))


def landmark_similarity(a: Landmarks, b: Landmarks) -> float:
    """Returns the similarity of the 2D poses of two people, 0 to 1."""
    poses = a.keypoints[_COCO], b.keypoints[_COCO]
    weights = poses[0][:, 2] * poses[1][:, 2]
    return float(pose_similarity(poses[0][:, :2], poses[1][:, :2], weights))


def detection_similarity(detections: Sequence[Detection], people: Sequence[Landmarks]) -> FloatArray:
    """Returns the similarity (D, P) of the 2D pose of each detection and each person, 0 to 1."""
    detected = np.array([d.keypoints for d in detections]).reshape(-1, 1, len(_COCO), 3)
    poses = np.array([p.keypoints[_COCO] for p in people]).reshape(1, -1, len(_COCO), 3)
    return pose_similarity(detected[..., :2], poses[..., :2], detected[..., 2])


def suppress_duplicates(
    people: Iterable[Landmarks],
    duplicate_similarity: float,
    certainty: Callable[[Landmarks], float] = lambda person: person.presence,
) -> list[Landmarks]:
    """Returns the people, each once; of landmarks that show the same person the most certain ones stay.

    Args:
        people: Landmarks in any order.
        duplicate_similarity: Similarity from which two poses belong to one person.
        certainty: Returns how certain it is that landmarks are of the person for whom they were searched.
    """
    kept: list[Landmarks] = []
    for person in sorted(people, key=lambda person: -certainty(person)):
        if all(landmark_similarity(person, better) < duplicate_similarity for better in kept):
            kept.append(person)
    return kept


def add_reacquired(people: Iterable[Landmarks], reacquired: Iterable[Landmarks]) -> list[Landmarks]:
    """Adds the reacquired people, each once, unless another person is in the same place."""
    kept = list(people)
    for person in sorted(reacquired, key=lambda person: -person.presence):
        if not _overlaps_any(person, kept, _SAME_PLACE_IOU):
            kept.append(person)
    return kept


def is_distinct(person: Landmarks, others: Sequence[Landmarks], duplicate_similarity: float) -> bool:
    """Returns whether a person differs from all others in place and in pose."""
    is_similar = any(landmark_similarity(person, other) >= duplicate_similarity for other in others)
    return not is_similar and not _overlaps_any(person, others, _SAME_PLACE_IOU)


def merge_detections(
    tracked: Sequence[Landmarks], confirmed: BoolArray, detected: Sequence[Landmarks], duplicate_similarity: float
) -> list[Landmarks]:
    """Merges the tracked and the newly detected people of a frame after the detector has run.

    A new detection replaces a tracked person in the same place, unless the detector confirms that person: then there
    are two people. An unconfirmed tracked person that overlaps a confirmed one (IoU >= 0.7) is a duplicate and dropped.

    Args:
        tracked: P people tracked from the frame before.
        confirmed: (P,) whether the detector detects them, too.
        detected: People that only the detector detected.
        duplicate_similarity: Similarity from which two poses belong to one person.
    """
    new = [
        person
        for person in detected
        if all(landmark_similarity(person, other) < duplicate_similarity for other in tracked)
    ]
    certain = [person for person, is_certain in zip(tracked, confirmed, strict=True) if is_certain]
    kept = [
        person
        for person, is_certain in zip(tracked, confirmed, strict=True)
        if is_certain
        or not (_overlaps_any(person, new, _SAME_PLACE_IOU) or _overlaps_any(person, certain, _SAME_BODY_IOU))
    ]
    return suppress_duplicates([*kept, *new], duplicate_similarity)


def _overlaps_any(person: Landmarks, others: Iterable[Landmarks], min_iou: float) -> bool:
    """Returns whether a person's box and that of one of the others reach a minimum intersection over union."""
    box = bounding_box(person.pose)
    return any(box_iou(box, bounding_box(other.pose)) >= min_iou for other in others)
