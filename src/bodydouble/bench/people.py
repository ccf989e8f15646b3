"""Identity association, distances and poses of several people on synthetic clips."""

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from scipy.optimize import linear_sum_assignment

from bodydouble.bench.capture_cache import TOTAL, BenchCapture
from bodydouble.data import BoolArray, FloatArray, IntArray, Performance, Track
from bodydouble.evaluation.evaluation_clip import EvaluatedPerson, EvaluationClip, to_evaluation_clip
from bodydouble.evaluation.keypoint_comparison import MIN_VISIBLE_CONFIDENCE
from bodydouble.evaluation.metrics import pose, tracking
from bodydouble.evaluation.metrics.averages import mean, percentile
from bodydouble.evaluation.metrics.identity import (
    IdentityFrames,
    IdentityMetrics,
    build_identity_frames,
    compute_identity_metrics,
)
from bodydouble.skeletons import coco

TRACKING_STAGES = ("tracking", "identity")
"""Stages of a capture that associate identities."""
MIN_VISIBLE_FRACTION = 0.25
"""Minimum visible fraction of a person's COCO keypoints, which have one point per hand, for a frame to count."""
MAX_OCCLUDED_VISIBILITY = 0.9
"""Maximum visible fraction of the landmarks of a partly occluded person."""


@dataclass(frozen=True, slots=True)
class PeopleFigures:
    """Figures of one clip, or of several ones added up."""

    people: int
    """Number of true people."""
    predicted_people: int
    """Number of estimated people."""
    identity: IdentityMetrics
    hip_distance_errors: FloatArray
    """Relative errors (K,) of the distance between the hips of two people."""
    scaled_hip_distance_errors: FloatArray
    """Relative errors (K,) of these distances after one change of scale per clip."""
    visible_errors_mm: FloatArray
    """PA-MPJPE (K,) in mm of each fully visible person-frame."""
    occluded_errors_mm: FloatArray
    """PA-MPJPE (K,) in mm of each partly occluded person-frame."""
    seconds: float
    """Time in s of the whole capture."""
    tracking_seconds: float
    """Time in s of the stages in TRACKING_STAGES."""

    def __add__(self, other: "PeopleFigures") -> "PeopleFigures":
        return PeopleFigures(
            self.people + other.people,
            self.predicted_people + other.predicted_people,
            self.identity + other.identity,
            np.concatenate([self.hip_distance_errors, other.hip_distance_errors]),
            np.concatenate([self.scaled_hip_distance_errors, other.scaled_hip_distance_errors]),
            np.concatenate([self.visible_errors_mm, other.visible_errors_mm]),
            np.concatenate([self.occluded_errors_mm, other.occluded_errors_mm]),
            self.seconds + other.seconds,
            self.tracking_seconds + other.tracking_seconds,
        )

    def as_dict(self) -> dict[str, float | int | None]:
        """Returns all figures, ready for JSON; None for figures that cannot be measured."""
        identity = self.identity
        visible, occluded = mean(self.visible_errors_mm), mean(self.occluded_errors_mm)
        values: dict[str, float | int] = {
            "people": self.people,
            "found": self.predicted_people,
            "person_frames": identity.visible_person_frames,
            "coverage": identity.coverage,
            "ghosts": identity.false_discovery_rate,
            "idf1": identity.identities.f1,
            "hota": identity.hota.hota,
            "association_accuracy": identity.hota.association_accuracy,
            "identity_switches": identity.switches,
            "switches_per_2000": identity.switches_per_2000,
            "hip_distance_error": percentile(self.hip_distance_errors, 50),
            "hip_distance_error_at_true_scale": percentile(self.scaled_hip_distance_errors, 50),
            "pa_mpjpe_clear_mm": visible,
            "pa_mpjpe_partly_hidden_mm": occluded,
            "pa_mpjpe_ratio": occluded / visible,
            "tracking_share": self.tracking_seconds / self.seconds,
        }
        return {name: value if np.isfinite(value) else None for name, value in values.items()}


def measure_clip(captured: BenchCapture) -> PeopleFigures:
    """Measures the figures of a clip."""
    truth = drop_barely_visible_frames(captured.truth)
    frames = build_identity_frames(captured.performance, truth)
    estimate, truth_clip = to_evaluation_clip(captured.performance), to_evaluation_clip(truth)
    estimated_joints = _joints_by_frame(estimate, len(frames.pairs))
    partners = assign_estimates(frames, np.asarray(np.isfinite(estimated_joints).all(axis=(2, 3))))
    true_joints = _joints_by_frame(truth_clip, len(frames.pairs))
    joints = _select_partners(estimated_joints, partners)
    distances, true_distances = hip_distances(joints), hip_distances(true_joints)
    measured = np.isfinite(distances) & np.isfinite(true_distances)
    ratios = distances[measured] / true_distances[measured]
    errors = pose.aligned_errors_mm(joints[:, :, list(pose.LIMB_JOINTS)], true_joints[:, :, list(pose.LIMB_JOINTS)])
    visible_fraction = _visible_fractions(truth_clip, len(frames.pairs))
    person_errors = np.where(frames.true_present, errors.mean(axis=-1), np.nan)
    return PeopleFigures(
        people=len(truth_clip.people),
        predicted_people=len(estimate.people),
        identity=compute_identity_metrics(frames),
        hip_distance_errors=np.abs(ratios - 1),
        scaled_hip_distance_errors=np.abs(ratios / np.median(ratios) - 1) if ratios.size else ratios,
        visible_errors_mm=_finite(person_errors[visible_fraction == 1.0]),
        occluded_errors_mm=_finite(person_errors[visible_fraction <= MAX_OCCLUDED_VISIBILITY]),
        seconds=captured.stage_seconds[TOTAL],
        tracking_seconds=sum(captured.stage_seconds.get(stage, 0.0) for stage in TRACKING_STAGES),
    )


def drop_barely_visible_frames(truth: Performance) -> Performance:
    """Marks frames of the ground truth as unobserved in which hardly more than two hands are visible."""
    return replace(truth, people=tuple(replace(p, track=_drop_barely_visible(p.track)) for p in truth.people))


def _drop_barely_visible(track: Track) -> Track:
    visible_fraction = (track.keypoints[:, list(coco.BLAZEPOSE_INDICES), 2] > MIN_VISIBLE_CONFIDENCE).mean(axis=1)
    return replace(track, observed=track.observed & (visible_fraction >= MIN_VISIBLE_FRACTION))


def assign_estimates(frames: IdentityFrames, has_pose: BoolArray) -> IntArray:
    """Assigns an estimated person to each visible true person in each frame.

    Without a match in a frame, it is the estimated person that matches the true one most often in the clip.

    Args:
        frames: matches of N true and M estimated people.
        has_pose: mask (F, M) of frames in which the estimated people have a pose.

    Returns:
        Indices (F, N) of estimated people; -1 where there is none.
    """
    shared_frames = (frames.similarity >= tracking.MIN_SIMILARITY).sum(axis=0)
    partners = frames.pairs.copy()
    for i, j in zip(*linear_sum_assignment(shared_frames, maximize=True), strict=True):
        unmatched = frames.true_present[:, i] & (partners[:, i] < 0) & has_pose[:, j] & (frames.pairs != j).all(axis=1)
        partners[unmatched & (shared_frames[i, j] > 0), i] = j
    return partners


def hip_distances(joints: FloatArray) -> FloatArray:
    """Returns the distances (F, pairs) in m between the hips of each pair of people, from joints (F, N, 22, 3) in m."""
    hips = joints[:, :, list(pose.HIP_JOINTS)].mean(axis=2)
    pairs = list(combinations(range(hips.shape[1]), 2))
    if not pairs:
        return np.zeros((len(hips), 0))
    first, second = np.array(pairs).T
    return np.asarray(np.linalg.norm(hips[:, first] - hips[:, second], axis=-1))


def _joints_by_frame(clip: EvaluationClip, frames: int) -> FloatArray:
    """Returns joints (frames, P, 22, 3) in m, in world coordinates; NaN without a pose."""
    joints = np.full((frames, len(clip.people), 22, 3), np.nan)
    for n, person in enumerate(clip.people):
        joints[person.frames, n] = person.joints
    return joints


def _select_partners(joints: FloatArray, partners: IntArray) -> FloatArray:
    """Selects the joints (F, N, 22, 3) of the partners (F, N) from (F, M, 22, 3); NaN without a partner."""
    padded = np.concatenate([joints, np.full((len(joints), 1, *joints.shape[2:]), np.nan)], axis=1)
    return np.asarray(np.take_along_axis(padded, partners[..., None, None], axis=1))


def _visible_fractions(truth: EvaluationClip, frames: int) -> FloatArray:
    """Returns the visible fraction (frames, N) of the landmarks of each true person."""
    fractions = np.zeros((frames, len(truth.people)))
    for n, person in enumerate(truth.people):
        fractions[person.frames, n] = _visible_fraction(person)
    return fractions


def _visible_fraction(person: EvaluatedPerson) -> FloatArray:
    return np.asarray((person.keypoints[..., 2] > MIN_VISIBLE_CONFIDENCE).mean(axis=1))


def _finite(values: FloatArray) -> FloatArray:
    return np.asarray(values[np.isfinite(values)])
