"""Errors of 2D keypoints in the image: PCK, object keypoint similarity (OKS), OKS-AP."""

import numpy as np

from bodydouble.data import BoolArray, FloatArray
from bodydouble.geometry.similarity import box_iou
from bodydouble.skeletons import coco

PCK_THRESHOLD = 0.05
"""Maximum error of a correct keypoint, relative to the longer side of the true box."""
SEGMENT_AREA_FRACTION = 0.53
"""Area of a person's silhouette relative to its box, in place of COCO's segment area; as in CrowdPose."""
OKS_THRESHOLDS = tuple(np.linspace(0.5, 0.95, 10).tolist())
"""Similarity thresholds over which OKS-AP is averaged."""
_RECALL_LEVELS = np.linspace(0.0, 1.0, 101)


def relative_errors(predicted: FloatArray, truth: FloatArray, boxes: FloatArray) -> FloatArray:
    """Returns distances (..., K) of keypoints (..., K, 2) px relative to the longer side of true boxes (..., 4) px."""
    side = np.max(boxes[..., 2:] - boxes[..., :2], axis=-1)
    side = np.where(side > 0, side, np.nan)
    return np.asarray(np.linalg.norm(predicted - truth, axis=-1) / side[..., None])


def pck(errors: FloatArray, visible: BoolArray, threshold: float = PCK_THRESHOLD) -> float:
    """Returns the fraction of visible keypoints within the threshold; a missing keypoint is wrong.

    Args:
        errors: (...) relative to the size of the person; NaN where no keypoint is predicted.
        visible: (...) keypoints of the ground truth that count.
        threshold: maximum error of a correct keypoint.

    Source: Y. Yang and D. Ramanan, "Articulated human detection with flexible mixtures of parts", PAMI 2013.
    """
    return float(np.mean(errors[visible] <= threshold)) if visible.any() else float("nan")


def keypoint_similarity(predicted: FloatArray, truth: FloatArray, visible: BoolArray, boxes: FloatArray) -> FloatArray:
    """Returns the object keypoint similarity (...), 0 to 1, of a predicted person and a true one.

    Args:
        predicted: (..., 17, 2) px, COCO order; NaN where no keypoint is predicted.
        truth: (..., 17, 2) px.
        visible: (..., 17) keypoints of the ground truth that count.
        boxes: (..., 4) px of the true person: x_min, y_min, x_max, y_max.

    Returns:
        (...); 0 if no keypoint is visible.

    Source: COCO keypoint evaluation, https://cocodataset.org/#keypoints-eval
    """
    sides = boxes[..., 2:] - boxes[..., :2]
    area = SEGMENT_AREA_FRACTION * sides[..., 0] * sides[..., 1]
    falloff = 2 * np.asarray(coco.OKS_SIGMAS)
    squared_distance = np.sum((predicted - truth) ** 2, axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        similarity = np.exp(-squared_distance / (2 * area[..., None] * falloff**2))
    similarity = np.where(visible & np.isfinite(similarity), similarity, 0.0)
    return np.asarray(similarity.sum(axis=-1) / np.maximum(visible.sum(axis=-1), 1))


def box_overlap(a: FloatArray, b: FloatArray) -> FloatArray:
    """Returns the intersection over union (...) of boxes (..., 4) x_min, y_min, x_max, y_max; 0 where one is NaN."""
    return np.asarray(np.nan_to_num(box_iou(a, b)))


def bounding_boxes(points: FloatArray) -> FloatArray:
    """Returns the boxes (..., 4) x_min, y_min, x_max, y_max around points (..., K, 2)."""
    return np.concatenate([points.min(axis=-2), points.max(axis=-2)], axis=-1)


def average_precision(similarity: FloatArray, scores: FloatArray, true_present: BoolArray) -> float:
    """Returns OKS-AP: the area under the precision-recall curve, averaged over OKS thresholds 0.5, 0.55, ..., 0.95.

    Args:
        similarity: (F, N, M) of true person n and predicted person m in each frame; 0 where either is absent.
        scores: (F, M) confidence of the predicted people; NaN where there is none.
        true_present: (F, N) True where a true person is visible.

    Returns:
        0 to 1; NaN if no true person is present.

    Source: COCO keypoint evaluation, https://cocodataset.org/#keypoints-eval (101 recall levels, greedy matching).
    """
    total = int(true_present.sum())
    if total == 0:
        return float("nan")
    detected = np.isfinite(scores)
    order = np.argsort(-scores[detected], kind="stable")
    true_positive = _greedy_matches(similarity, scores, true_present)[:, detected][:, order]
    return float(np.mean([_area_under_curve(row, total) for row in true_positive]))


def _greedy_matches(similarity: FloatArray, scores: FloatArray, true_present: BoolArray) -> BoolArray:
    """Returns (thresholds, F, M) correct detections; in each frame, the most confident are matched first."""
    frames, _, detections = similarity.shape
    thresholds = np.array(OKS_THRESHOLDS)[:, None]
    unmatched = np.repeat(true_present[None], len(thresholds), axis=0)
    true_positive = np.zeros((len(thresholds), frames, detections), dtype=bool)
    rank = np.argsort(np.where(np.isfinite(scores), -scores, np.inf), axis=1, kind="stable")
    frame_index = np.arange(frames)
    for detection in rank.T:
        candidates = np.where(unmatched, similarity[frame_index, :, detection], -1.0)
        best = candidates.argmax(axis=2)
        hit = (np.take_along_axis(candidates, best[..., None], axis=2)[..., 0] >= thresholds) & np.isfinite(
            scores[frame_index, detection]
        )
        true_positive[:, frame_index, detection] = hit
        level, frame = np.nonzero(hit)
        unmatched[level, frame, best[level, frame]] = False
    return true_positive


def _area_under_curve(true_positive: BoolArray, total: int) -> float:
    """Returns the mean precision at 101 levels of recall; detections (D,) by descending confidence."""
    hits = np.cumsum(true_positive)
    precision = hits / np.arange(1, len(true_positive) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    first = np.searchsorted(hits / total, _RECALL_LEVELS, side="left")
    return float(np.append(envelope, 0.0)[np.minimum(first, len(envelope))].mean())
