"""Identity scores and 2D keypoint errors of a clip.

In: predicted and true ``EvaluationClip`` and their ``Matching``. Out: ``IdentityScores`` and ``ImageErrors``.
"""

from dataclasses import dataclass

import numpy as np

from bodydouble.data import BoolArray, FloatArray
from bodydouble.evaluation.evaluation_clip import EvaluationClip
from bodydouble.evaluation.matching import Matching
from bodydouble.evaluation.metrics import keypoints_2d, tracking
from bodydouble.evaluation.metrics.counts import Counts
from bodydouble.evaluation.metrics.tracking import HotaCounts
from bodydouble.skeletons import coco

MIN_VISIBLE_CONFIDENCE = 0.5
"""Minimum confidence of a true keypoint that counts as visible."""


@dataclass(frozen=True, slots=True)
class ImageErrors:
    """Errors of the 17 COCO keypoints in the image."""

    keypoint_error_percent: float = float("nan")
    """Median distance in percent of the longer side of the true box."""
    pck: float = float("nan")
    """Fraction of visible keypoints within 5 % of the longer side of the true box, 0 to 1."""
    oks_ap: float = float("nan")
    """Average precision over object keypoint similarities of 0.5 to 0.95, 0 to 1."""


@dataclass(frozen=True, slots=True)
class IdentityScores:
    """Identity metrics; a person is detected where its object keypoint similarity is at least 0.5."""

    frames: Counts
    """Person-frames with the correct identity, false and missed ones."""
    switches: int
    """Number of identity switches."""
    hota: HotaCounts

    def __add__(self, other: "IdentityScores") -> "IdentityScores":
        return IdentityScores(self.frames + other.frames, self.switches + other.switches, self.hota + other.hota)

    def as_dict(self) -> dict[str, float]:
        """Returns IDF1, HOTA with its two parts, and the number of switches under their JSON keys."""
        return {
            "idf1": self.frames.f1,
            "hota": self.hota.hota,
            "detection_accuracy": self.hota.detection_accuracy,
            "association_accuracy": self.hota.association_accuracy,
            "identity_switches": self.switches,
        }


@dataclass(frozen=True, slots=True)
class _ImagePeople:
    """Keypoints of N people in F frames."""

    keypoints: FloatArray
    """(F, N, 17, 3) px, px, confidence; NaN, NaN, 0 where the person is not observed."""
    boxes: FloatArray
    """(F, N, 4) px; NaN where the person is not observed."""
    present: BoolArray
    """(F, N) True in the frames of the person's track, observed or not."""


def compare_keypoints(
    predicted: EvaluationClip, truth: EvaluationClip, matching: Matching
) -> tuple[IdentityScores, ImageErrors]:
    """Compares identities and 2D keypoints in the frames in which people are observed.

    A predicted person is ignored where its matched true person is occluded and it matches no other person.

    Args:
        predicted: M people.
        truth: N people; only visible keypoints count, and only people who have some.
        matching: pairs of true and predicted people over the clip.
    """
    frames = max(len(predicted.camera.camera_from_world), len(truth.camera.camera_from_world))
    predicted_people, true_people = _image_people(predicted, frames), _image_people(truth, frames)
    visible = true_people.keypoints[..., 2] >= MIN_VISIBLE_CONFIDENCE
    present = np.asarray(visible.any(axis=-1))
    predicted_present = np.asarray(np.isfinite(predicted_people.keypoints[..., 0]).any(axis=-1))
    similarity = keypoints_2d.keypoint_similarity(
        predicted_people.keypoints[:, None, ..., :2],
        true_people.keypoints[:, :, None, :, :2],
        visible[:, :, None],
        true_people.boxes[:, :, None],
    )
    occluded = true_people.present & ~present
    for i, j in matching.pairs:
        predicted_present[:, j] &= ~occluded[:, i] | (similarity[:, :, j] >= tracking.MIN_SIMILARITY).any(axis=1)
    similarity = np.where(predicted_present[:, None], similarity, 0.0)
    identities = IdentityScores(
        frames=tracking.identity_counts(similarity, present, predicted_present),
        switches=tracking.identity_switches(similarity),
        hota=tracking.hota_counts(similarity, present, predicted_present),
    )
    scores = np.where(predicted_present, predicted_people.keypoints[..., 2].mean(axis=-1), np.nan)
    errors = _matched_errors(predicted_people, true_people, matching)
    return identities, ImageErrors(
        keypoint_error_percent=_median_percent(errors, visible),
        pck=keypoints_2d.pck(errors, visible),
        oks_ap=keypoints_2d.average_precision(similarity, scores, present),
    )


def _image_people(clip: EvaluationClip, frames: int) -> _ImagePeople:
    subjects = clip.people
    keypoints = np.full((frames, len(subjects), len(coco.KEYPOINTS), 3), np.nan)
    keypoints[..., 2] = 0.0
    boxes = np.full((frames, len(subjects), 4), np.nan)
    present = np.zeros((frames, len(subjects)), dtype=bool)
    for n, person in enumerate(subjects):
        present[person.frames, n] = True
        rows = person.frames[person.observed]
        keypoints[rows, n] = person.keypoints[person.observed][:, list(coco.BLAZEPOSE_INDICES)]
        boxes[rows, n] = person.boxes[person.observed]
    return _ImagePeople(keypoints, boxes, present)


def _matched_errors(predicted_people: _ImagePeople, true_people: _ImagePeople, matching: Matching) -> FloatArray:
    """Returns errors (F, N, 17) relative to the size of the true person; NaN where its match is not observed."""
    errors = np.full(true_people.keypoints.shape[:-1], np.nan)
    for i, j in matching.pairs:
        errors[:, i] = keypoints_2d.relative_errors(
            predicted_people.keypoints[:, j, :, :2], true_people.keypoints[:, i, :, :2], true_people.boxes[:, i]
        )
    return errors


def _median_percent(errors: FloatArray, visible: BoolArray) -> float:
    visible_errors = errors[visible & np.isfinite(errors)]
    return 100 * float(np.median(visible_errors)) if visible_errors.size else float("nan")
