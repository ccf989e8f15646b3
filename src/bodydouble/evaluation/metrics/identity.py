"""Detection and identity metrics of a clip by boxes: coverage, false discoveries, IDF1, HOTA, identity switches.

The similarity of two people in a frame is the intersection over union of the boxes around all of their landmarks,
occluded ones included, clipped to the image. (``evaluation.comparison`` uses the visible keypoints instead, which
measure the position of limbs better and identity less well.)
"""

from dataclasses import dataclass

import numpy as np

from bodydouble.data import BoolArray, FloatArray, IntArray, Performance
from bodydouble.evaluation.metrics import tracking
from bodydouble.evaluation.metrics.counts import Counts
from bodydouble.evaluation.metrics.keypoints_2d import bounding_boxes, box_overlap
from bodydouble.evaluation.metrics.tracking import HotaCounts
from bodydouble.geometry.similarity import box_area


@dataclass(frozen=True, slots=True)
class IdentityFrames:
    """Similarity and presence of N true and M predicted people in each of F frames."""

    similarity: FloatArray
    """(F, N, M) 0 to 1; 0 where either is absent."""
    true_present: BoolArray
    """(F, N) true people who are visible."""
    predicted_present: BoolArray
    """(F, M) predicted people who are observed, except those that match an occluded person."""
    pairs: IntArray
    """(F, N) index of the predicted person that matches each true one, one to one; -1 where none does."""


@dataclass(frozen=True, slots=True)
class IdentityMetrics:
    """Identity metrics as counts; those of several clips are added before a ratio is taken."""

    person_frames: Counts
    """Visible person-frames that are matched, predicted ones without a match, visible ones that are missed."""
    identities: Counts
    """Person-frames with the correct identity, false and missed ones; their ``f1`` is IDF1."""
    hota: HotaCounts
    switches: int
    """Number of matches of a true person to another identity than in its previous match."""

    def __add__(self, other: "IdentityMetrics") -> "IdentityMetrics":
        return IdentityMetrics(
            self.person_frames + other.person_frames,
            self.identities + other.identities,
            self.hota + other.hota,
            self.switches + other.switches,
        )

    @property
    def visible_person_frames(self) -> int:
        """Number of person-frames in which a true person is visible."""
        return self.person_frames.true_positive + self.person_frames.false_negative

    @property
    def coverage(self) -> float:
        """Fraction of the visible person-frames that are matched, 0 to 1: the recall of CLEAR MOT."""
        return self.person_frames.recall

    @property
    def false_discovery_rate(self) -> float:
        """Fraction of the predicted person-frames that are false or duplicates, 0 to 1."""
        return 1.0 - self.person_frames.precision

    @property
    def switches_per_2000(self) -> float:
        """Identity switches per 2,000 visible person-frames."""
        return 2000.0 * self.switches / self.visible_person_frames if self.visible_person_frames else float("nan")


def compute_identity_metrics(frames: IdentityFrames) -> IdentityMetrics:
    """Computes coverage, false discovery rate, IDF1, HOTA and identity switches of a clip.

    Source: K. Bernardin and R. Stiefelhagen, "Evaluating multiple object tracking performance: the CLEAR MOT metrics",
    2008 (coverage is recall, false discovery rate is 1 - precision, switches); E. Ristani et al., "Performance
    measures and a data set for multi-target, multi-camera tracking", 2016 (IDF1); J. Luiten et al., "HOTA: a higher
    order metric for evaluating multi-object tracking", 2020.
    """
    present, predicted_present = frames.true_present, frames.predicted_present
    matched = int(np.count_nonzero(frames.pairs >= 0))
    return IdentityMetrics(
        person_frames=Counts(matched, int(predicted_present.sum()) - matched, int(present.sum()) - matched),
        identities=tracking.identity_counts(frames.similarity, present, predicted_present),
        hota=tracking.hota_counts(frames.similarity, present, predicted_present),
        switches=tracking.identity_switches(frames.similarity),
    )


def build_identity_frames(predicted: Performance, truth: Performance) -> IdentityFrames:
    """Matches predicted to true people frame by frame by the overlap of their boxes.

    Args:
        predicted: M people; frames that are not observed do not count as detected.
        truth: N people, ``observed`` where they are visible, with keypoints (also the occluded ones) in every frame. A
            predicted person is ignored, like COCO's ignore regions, if at least half of its box lies in that of an
            occluded person and it matches no visible person.
    """
    frames = max(predicted.frame_count, truth.frame_count)
    true_boxes, visible = _landmark_boxes(truth, frames, include_occluded=True)
    predicted_boxes, present = _landmark_boxes(predicted, frames, include_occluded=False)
    overlap = box_overlap(predicted_boxes[:, None], true_boxes[:, :, None])
    similarity = np.where(visible[:, :, None], overlap, 0.0)
    pairs = tracking.match_frames(similarity)
    matched = (pairs[..., None] == np.arange(overlap.shape[2])).any(axis=1)
    fraction_inside = _fraction_inside(predicted_boxes[:, None], true_boxes[:, :, None], overlap)
    matches_occluded = (np.where(visible[:, :, None], 0.0, fraction_inside) >= tracking.MIN_SIMILARITY).any(axis=1)
    matches_visible = (similarity >= tracking.MIN_SIMILARITY).any(axis=1)
    present = present & (matched | matches_visible | ~matches_occluded)
    return IdentityFrames(np.where(present[:, None], similarity, 0.0), visible, present, pairs)


def _fraction_inside(boxes: FloatArray, others: FloatArray, iou: FloatArray) -> FloatArray:
    """Returns the fraction (...) of boxes (..., 4) inside others (..., 4), from their intersection over union (...)."""
    intersection = iou / (1 + iou) * (box_area(boxes) + box_area(others))
    return np.asarray(np.nan_to_num(intersection / np.maximum(box_area(boxes), 1e-12)))


def _landmark_boxes(performance: Performance, frames: int, *, include_occluded: bool) -> tuple[FloatArray, BoolArray]:
    """Returns boxes (frames, P, 4) px around all landmarks, clipped to the image, and observed (frames, P).

    Boxes are NaN where the person is absent or, unless occluded people are included, not observed.
    """
    count, size = len(performance.people), np.tile(performance.camera.image_size, 2)
    boxes, observed = np.full((frames, count, 4), np.nan), np.zeros((frames, count), dtype=bool)
    for n, person in enumerate(performance.people):
        track = person.track
        observed[track.frames, n] = track.observed
        rows = np.ones(len(track.frames), dtype=bool) if include_occluded else track.observed
        points = track.keypoints[rows, :, :2]
        boxes[track.frames[rows], n] = np.clip(bounding_boxes(points), 0.0, size)
    return boxes, observed
