"""Who is who, and where the landmarks are, in the picture."""

from dataclasses import dataclass

import numpy as np

from bodydouble.data import BoolArray, FloatArray
from bodydouble.evaluation.evaluation_clip import Recording
from bodydouble.evaluation.matching import Matching
from bodydouble.evaluation.metrics import keypoints_2d, people
from bodydouble.evaluation.metrics.counts import Counts
from bodydouble.evaluation.metrics.people import HotaCounts
from bodydouble.skeletons import coco

VISIBLE = 0.5
"""Confidence of a true keypoint from which it is to be found."""


@dataclass(frozen=True, slots=True)
class PictureErrors:
    """Errors of the 17 COCO keypoints in the picture."""

    keypoint_error_percent: float = float("nan")
    """Median distance, in percent of the longer side of the true box."""
    pck: float = float("nan")
    """Share of visible keypoints within 5 % of the longer side of the true box, 0 to 1."""
    oks_ap: float = float("nan")


@dataclass(frozen=True, slots=True)
class IdentityScores:
    """Whether people keep their identity; a person is found where its object keypoint similarity is at least 0.5."""

    frames: Counts
    """Person-frames with the right identity, invented and missed ones."""
    switches: int
    hota: HotaCounts

    def __add__(self, other: "IdentityScores") -> "IdentityScores":
        return IdentityScores(self.frames + other.frames, self.switches + other.switches, self.hota + other.hota)

    def as_dict(self) -> dict[str, float]:
        """IDF1, HOTA with its two parts, and the number of switches."""
        return {
            "idf1": self.frames.f1,
            "hota": self.hota.hota,
            "detection_accuracy": self.hota.detection_accuracy,
            "association_accuracy": self.hota.association_accuracy,
            "identity_switches": self.switches,
        }


@dataclass(frozen=True, slots=True)
class _Pictures:
    """F frames, N people."""

    keypoints: FloatArray
    """(F, N, 17, 3) px, px, confidence; NaN, NaN, 0 where the person is not seen."""
    boxes: FloatArray
    """(F, N, 4) px."""
    there: BoolArray
    """(F, N) seen or not."""


def compare_pictures(
    predicted: Recording, truth: Recording, matching: Matching
) -> tuple[IdentityScores, PictureErrors]:
    """Identities and landmarks. People count in the frames in which they are observed.

    A found person whose true person is hidden, and who is not somebody else either, is neither right nor wrong.

    Args:
        predicted: M people.
        truth: N people; of keypoints, only the visible ones count, and only people who have some.
        matching: who is who over the clip.
    """
    frames = max(len(predicted.camera.camera_from_world), len(truth.camera.camera_from_world))
    found, real = _pictures(predicted, frames), _pictures(truth, frames)
    visible = real.keypoints[..., 2] >= VISIBLE
    present = np.asarray(visible.any(axis=-1))
    found_present = np.asarray(np.isfinite(found.keypoints[..., 0]).any(axis=-1))
    similarity = keypoints_2d.keypoint_similarity(
        found.keypoints[:, None, ..., :2],
        real.keypoints[:, :, None, :, :2],
        visible[:, :, None],
        real.boxes[:, :, None],
    )
    hidden = real.there & ~present
    for i, j in matching.pairs:
        found_present[:, j] &= ~hidden[:, i] | (similarity[:, :, j] >= people.SAME_PERSON).any(axis=1)
    similarity = np.where(found_present[:, None], similarity, 0.0)
    identities = IdentityScores(
        frames=people.identity_counts(similarity, present, found_present),
        switches=people.identity_switches(similarity),
        hota=people.hota_counts(similarity, present, found_present),
    )
    scores = np.where(found_present, found.keypoints[..., 2].mean(axis=-1), np.nan)
    errors = _matched_errors(found, real, matching)
    return identities, PictureErrors(
        keypoint_error_percent=_median_percent(errors, visible),
        pck=keypoints_2d.pck(errors, visible),
        oks_ap=keypoints_2d.average_precision(similarity, scores, present),
    )


def _pictures(recorded: Recording, frames: int) -> _Pictures:
    subjects = recorded.subjects
    keypoints = np.full((frames, len(subjects), len(coco.KEYPOINTS), 3), np.nan)
    keypoints[..., 2] = 0.0
    boxes = np.full((frames, len(subjects), 4), np.nan)
    there = np.zeros((frames, len(subjects)), dtype=bool)
    for n, subject in enumerate(subjects):
        there[subject.frames, n] = True
        seen = subject.frames[subject.observed]
        keypoints[seen, n] = subject.keypoints[subject.observed][:, list(coco.FROM_BLAZEPOSE)]
        boxes[seen, n] = subject.boxes[subject.observed]
    return _Pictures(keypoints, boxes, there)


def _matched_errors(found: _Pictures, real: _Pictures, matching: Matching) -> FloatArray:
    """(F, N, 17) relative to the size of the true person; NaN where the matched person was not found."""
    errors = np.full(real.keypoints.shape[:-1], np.nan)
    for i, j in matching.pairs:
        errors[:, i] = keypoints_2d.relative_errors(
            found.keypoints[:, j, :, :2], real.keypoints[:, i, :, :2], real.boxes[:, i]
        )
    return errors


def _median_percent(errors: FloatArray, visible: BoolArray) -> float:
    known = errors[visible & np.isfinite(errors)]
    return 100 * float(np.median(known)) if known.size else float("nan")
