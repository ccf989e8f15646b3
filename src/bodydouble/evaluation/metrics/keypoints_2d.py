"""Errors of landmarks in the picture."""

import numpy as np

from bodydouble.data import BoolArray, FloatArray
from bodydouble.skeletons import coco

PCK_SHARE = 0.05
"""Of the longer side of the true box."""
SEGMENT_SHARE = 0.53
"""Area of a person's outline in its box, where COCO's scale is the outline's: the usual substitute, as in CrowdPose."""
OKS_THRESHOLDS = tuple(np.linspace(0.5, 0.95, 10).tolist())
_RECALLS = np.linspace(0.0, 1.0, 101)


def relative_errors(predicted: FloatArray, truth: FloatArray, boxes: FloatArray) -> FloatArray:
    """Distance (..., K) between keypoints (..., K, 2) px, relative to the longer side of the true boxes (..., 4) px."""
    side = np.max(boxes[..., 2:] - boxes[..., :2], axis=-1)
    side = np.where(side > 0, side, np.nan)
    return np.asarray(np.linalg.norm(predicted - truth, axis=-1) / side[..., None])


def pck(errors: FloatArray, visible: BoolArray, share: float = PCK_SHARE) -> float:
    """Share of visible keypoints that lie near their true place; one that was not found is wrong.

    Args:
        errors: (...) relative to the size of the person; NaN where nothing was found.
        visible: (...) keypoints that are to be found.
        share: largest error that is right.

    Source: Y. Yang and D. Ramanan, "Articulated human detection with flexible mixtures of parts", PAMI 2013.
    """
    return float(np.mean(errors[visible] <= share)) if visible.any() else float("nan")


def keypoint_similarity(predicted: FloatArray, truth: FloatArray, visible: BoolArray, boxes: FloatArray) -> FloatArray:
    """Object keypoint similarity (...), 0 to 1, of a found person and a true one.

    Args:
        predicted: (..., 17, 2) px, COCO order; NaN where nothing was found.
        truth: (..., 17, 2) px.
        visible: (..., 17) keypoints of the truth that count.
        boxes: (..., 4) px of the true person: x_min, y_min, x_max, y_max.

    Returns:
        (...); 0 if no keypoint is visible.

    Source: COCO keypoint evaluation, https://cocodataset.org/#keypoints-eval
    """
    sides = boxes[..., 2:] - boxes[..., :2]
    area = SEGMENT_SHARE * sides[..., 0] * sides[..., 1]
    falloff = 2 * np.asarray(coco.OKS_SIGMAS)
    square = np.sum((predicted - truth) ** 2, axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        near = np.exp(-square / (2 * area[..., None] * falloff**2))
    near = np.where(visible & np.isfinite(near), near, 0.0)
    return np.asarray(near.sum(axis=-1) / np.maximum(visible.sum(axis=-1), 1))


def box_overlap(one: FloatArray, other: FloatArray) -> FloatArray:
    """Intersection over union (...) of boxes (..., 4) x_min, y_min, x_max, y_max; 0 where either is NaN."""
    low, high = np.maximum(one[..., :2], other[..., :2]), np.minimum(one[..., 2:], other[..., 2:])
    common = np.prod(np.maximum(high - low, 0.0), axis=-1)
    areas = [np.prod(boxes[..., 2:] - boxes[..., :2], axis=-1) for boxes in (one, other)]
    return np.asarray(np.nan_to_num(common / np.maximum(areas[0] + areas[1] - common, 1e-12)))


def average_precision(similarity: FloatArray, scores: FloatArray, true_present: BoolArray) -> float:
    """OKS-AP: mean over OKS thresholds 0.5, 0.55, ..., 0.95 of the area under the precision-recall curve.

    Args:
        similarity: (F, N, M) of true person n and found person m in each frame; 0 where either is absent.
        scores: (F, M) confidence of the found people; NaN where there is none.
        true_present: (F, N).

    Returns:
        0 to 1; NaN if there is nobody to be found.

    Source: COCO keypoint evaluation, https://cocodataset.org/#keypoints-eval (101 recall levels, greedy matching).
    """
    total = int(true_present.sum())
    if total == 0:
        return float("nan")
    found = np.isfinite(scores)
    order = np.argsort(-scores[found], kind="stable")
    right = _greedy_matches(similarity, scores, true_present)[:, found][:, order]
    return float(np.mean([_area_under_curve(row, total) for row in right]))


def _greedy_matches(similarity: FloatArray, scores: FloatArray, true_present: BoolArray) -> BoolArray:
    """(thresholds, F, M) whether a found person is right: the most confident choose first, in each frame."""
    frames, _, found = similarity.shape
    thresholds = np.array(OKS_THRESHOLDS)[:, None]
    free = np.repeat(true_present[None], len(thresholds), axis=0)
    right = np.zeros((len(thresholds), frames, found), dtype=bool)
    rank = np.argsort(np.where(np.isfinite(scores), -scores, np.inf), axis=1, kind="stable")
    every = np.arange(frames)
    for chosen in rank.T:
        candidates = np.where(free, similarity[every, :, chosen], -1.0)
        best = candidates.argmax(axis=2)
        hit = (np.take_along_axis(candidates, best[..., None], axis=2)[..., 0] >= thresholds) & np.isfinite(
            scores[every, chosen]
        )
        right[:, every, chosen] = hit
        level, frame = np.nonzero(hit)
        free[level, frame, best[level, frame]] = False
    return right


def _area_under_curve(right: BoolArray, total: int) -> float:
    """Mean precision at 101 levels of recall; detections (D,) from the most confident."""
    hits = np.cumsum(right)
    precision = hits / np.arange(1, len(right) + 1)
    highest = np.maximum.accumulate(precision[::-1])[::-1]
    place = np.searchsorted(hits / total, _RECALLS, side="left")
    return float(np.append(highest, 0.0)[np.minimum(place, len(highest))].mean())
