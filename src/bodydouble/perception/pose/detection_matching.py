"""Matching of detections and tracked people: ``Detection``s, ``PersonBox``es and ``Landmarks`` of one frame.

People who overlap look alike to any measure of distance, so each person is matched to at most one detection: what is
left over is somebody else.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from scipy.optimize import linear_sum_assignment

from bodydouble.data import FloatArray
from bodydouble.geometry.similarity import box_intersection, box_iou
from bodydouble.perception.pose.duplicate_suppression import bounding_box, clip_box
from bodydouble.perception.pose.movenet import MAX_PEOPLE
from bodydouble.perception.protocols import Detection, Landmarks, PersonBox
from bodydouble.skeletons import coco

MIN_BOX_IOU = 0.5
"""Minimum intersection over union of the boxes of a detection and of landmarks that show the same person."""
_STANDING = {
    "nose": (0.0, -0.42), "eye": (0.02, -0.44), "ear": (0.04, -0.43), "shoulder": (0.1, -0.32), "elbow": (0.14, -0.16),
    "wrist": (0.15, 0.0), "hip": (0.06, 0.0), "knee": (0.07, 0.22), "ankle": (0.07, 0.45),
}  # fmt: skip
"""Keypoints of a person who stands, seen from the front: to the left and down from the middle, in heights."""
TEMPLATE_CONFIDENCE = 0.3
"""Confidence of the keypoints of a person of whom only the box is known."""


def match_one_to_one(similarity: FloatArray, min_similarity: float) -> dict[int, int]:
    """Returns the best assignment of rows (D) to columns (P) of a similarity (D, P) that reaches a minimum."""
    rows, columns = linear_sum_assignment(np.where(similarity >= min_similarity, similarity, 0.0), maximize=True)
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    return {row: column for row, column in pairs if similarity[row, column] >= min_similarity}


def is_crowded(people: Sequence[Landmarks], detections: Sequence[Detection]) -> bool:
    """Returns whether people overlap, or whether so many are detected that there may be more."""
    boxes = [bounding_box(person.pose) for person in people]
    overlaps = any(float(box_intersection(a, b)) > 0 for a, b in combinations(boxes, 2))
    return overlaps or len(detections) >= MAX_PEOPLE


def box_agreement(landmarks: Landmarks, detection: Detection, image_size: tuple[int, int]) -> float:
    """Returns the intersection over union, 0 to 1, of landmarks and a detection in an image of this width and height.

    Beyond the image, landmarks are guessed and boxes end.
    """
    boxes = (clip_box(box, image_size) for box in (bounding_box(landmarks.pose), detection.box))
    return float(box_iou(*boxes))


def find_unexplained(boxes: Sequence[PersonBox], known: Sequence[FloatArray]) -> list[PersonBox]:
    """Returns the boxes that are left over when each known person, a box (4,) px, explains one at most."""
    if not boxes or not known:
        return list(boxes)
    overlap = box_iou(np.stack([person.box for person in boxes])[:, None], np.stack(known)[None])
    explained = match_one_to_one(overlap, MIN_BOX_IOU)
    return [person for i, person in enumerate(boxes) if i not in explained]


def to_detection(person: PersonBox) -> Detection:
    """Converts a box to a detection of an upright person; their landmarks show how they really are."""
    middle, height = person.box.reshape(2, 2).mean(axis=0), float((person.box[2:] - person.box[:2]).max())
    keypoints = np.full((len(coco.KEYPOINTS), 3), TEMPLATE_CONFIDENCE)
    for i, name in enumerate(coco.KEYPOINTS):
        side, _, part = name.partition("_")
        right, down = _STANDING[part or name]
        keypoints[i, :2] = middle + height * np.array([-right if side == "right" else right, down])
    return Detection(person.box, keypoints, person.score)
