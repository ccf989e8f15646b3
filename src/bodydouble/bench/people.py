"""Whether several people keep their names, their places and their poses, on rendered clips."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

from bodydouble.bench.capture_cache import TOTAL, load_or_capture
from bodydouble.bench.people_clips import BenchClip, ClipFactory
from bodydouble.data import BoolArray, FloatArray, IntArray, Performance, Track
from bodydouble.evaluation.evaluation_clip import Recording, Subject, recording
from bodydouble.evaluation.keypoint_comparison import VISIBLE
from bodydouble.evaluation.metrics import people, pose
from bodydouble.evaluation.metrics.averages import mean, percentile
from bodydouble.evaluation.metrics.identity import IdentityFigures, Sightings, identity_figures, sightings
from bodydouble.formats import performance
from bodydouble.pipeline import Progress
from bodydouble.skeletons import coco

TRACKING_STAGES = ("tracking", "identity")
"""Stages of a capture that say who is who."""
MIN_VISIBLE_FRACTION = 0.25
"""Somebody is to be found while at least this share of the COCO keypoints is visible, which have one point per hand."""
MAX_OCCLUDED_VISIBILITY = 0.9
"""Somebody of whom at most this share of the landmarks is visible is partly hidden."""


@dataclass(frozen=True, slots=True)
class BenchCapture:
    """What our pipeline made of a clip."""

    clip: BenchClip
    truth: Performance
    performance: Performance
    """Without people if nobody was found."""
    stage_seconds: dict[str, float]
    """Of each stage of the capture."""


@dataclass(frozen=True, slots=True)
class PeopleFigures:
    """The figures of one clip, or of several."""

    people: int
    predicted_people: int
    identity: IdentityFigures
    hip_distance_errors: FloatArray
    """(K,) relative errors of the distance between two people's hips."""
    scaled_hip_distance_errors: FloatArray
    """(K,) the same at the clip's true scale."""
    visible_errors_mm: FloatArray
    """(K,) PA-MPJPE mm of each fully visible person-frame."""
    occluded_errors_mm: FloatArray
    """(K,) PA-MPJPE mm of each partly hidden person-frame."""
    seconds: float
    tracking_seconds: float

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
        """All figures, ready for JSON: None stands for what could not be measured."""
        identity = self.identity
        visible, occluded = mean(self.visible_errors_mm), mean(self.occluded_errors_mm)
        values: dict[str, float | int] = {
            "people": self.people,
            "found": self.predicted_people,
            "person_frames": identity.visible,
            "coverage": identity.coverage,
            "ghosts": identity.ghosts,
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


def capture_clips(
    factories: Sequence[ClipFactory],
    *,
    quality: str = "best",
    cache_dir: Path | None = None,
    progress: Progress | None = None,
) -> list[BenchCapture]:
    """Makes the clips and captures them. What is in the folder from an earlier, perhaps interrupted run is used.

    Args:
        factories: of the clips.
        quality: as for ``pipeline.capture``.
        cache_dir: where clips and captures are kept.
        progress: is told about the progress.

    Raises:
        BodydoubleError: a motion cannot be read or a clip cannot be written.
    """
    progress = progress or Progress()
    with progress.stage("rendering", len(factories)):
        clips = [factory(cache_dir) for factory in progress.track(factories)]
    with progress.stage("capture", len(clips)):
        return [_capture_clip(clip, quality) for clip in progress.track(clips)]


def _capture_clip(clip: BenchClip, quality: str) -> BenchCapture:
    truth = performance.load(clip.truth)
    estimate, seconds = load_or_capture(clip.video, quality)
    return BenchCapture(clip, truth, estimate or empty_performance(truth), seconds)


def empty_performance(truth: Performance) -> Performance:
    """A performance of the same clip in which nobody was found."""
    return Performance(truth.fps, truth.frame_count, truth.camera, ())


def measure_clip(clip: BenchCapture) -> PeopleFigures:
    """The figures of a clip."""
    truth = drop_barely_visible_frames(clip.truth)
    frames = sightings(clip.performance, truth)
    estimate, truth_recording = recording(clip.performance), recording(truth)
    estimated_joints = _joints_by_frame(estimate, len(frames.pairs))
    partners = assign_estimates(frames, np.asarray(np.isfinite(estimated_joints).all(axis=(2, 3))))
    true_joints = _joints_by_frame(truth_recording, len(frames.pairs))
    joints = _select_partners(estimated_joints, partners)
    distances, true_distances = hip_distances(joints), hip_distances(true_joints)
    measured = np.isfinite(distances) & np.isfinite(true_distances)
    ratios = distances[measured] / true_distances[measured]
    errors = pose.aligned_errors_mm(joints[:, :, list(pose.LIMB_JOINTS)], true_joints[:, :, list(pose.LIMB_JOINTS)])
    visible_fraction = _visible_fractions(truth_recording, len(frames.pairs))
    person_errors = np.where(frames.true_present, errors.mean(axis=-1), np.nan)
    return PeopleFigures(
        people=len(truth_recording.subjects),
        predicted_people=len(estimate.subjects),
        identity=identity_figures(frames),
        hip_distance_errors=np.abs(ratios - 1),
        scaled_hip_distance_errors=np.abs(ratios / np.median(ratios) - 1) if ratios.size else ratios,
        visible_errors_mm=_finite(person_errors[visible_fraction == 1.0]),
        occluded_errors_mm=_finite(person_errors[visible_fraction <= MAX_OCCLUDED_VISIBILITY]),
        seconds=clip.stage_seconds[TOTAL],
        tracking_seconds=sum(clip.stage_seconds.get(stage, 0.0) for stage in TRACKING_STAGES),
    )


def drop_barely_visible_frames(truth: Performance) -> Performance:
    """The truth without observed frames in which hardly more than two hands, with all their landmarks, are visible."""
    return replace(truth, people=tuple(replace(p, track=_drop_barely_visible(p.track)) for p in truth.people))


def _drop_barely_visible(track: Track) -> Track:
    visible_fraction = (track.keypoints[:, list(coco.FROM_BLAZEPOSE), 2] > VISIBLE).mean(axis=1)
    return replace(track, observed=track.observed & (visible_fraction >= MIN_VISIBLE_FRACTION))


def assign_estimates(frames: Sightings, has_pose: BoolArray) -> IntArray:
    """(F, N) the found person that performs each visible true one: who shows them or, where nobody does, the usual one.

    Args:
        frames: who shows whom.
        has_pose: (F, M) frames in which the found people have a pose.
    """
    shared_frames = (frames.similarity >= people.SAME_PERSON).sum(axis=0)
    partners = frames.pairs.copy()
    for i, j in zip(*linear_sum_assignment(shared_frames, maximize=True), strict=True):
        unmatched = frames.true_present[:, i] & (partners[:, i] < 0) & has_pose[:, j] & (frames.pairs != j).all(axis=1)
        partners[unmatched & (shared_frames[i, j] > 0), i] = j
    return partners


def hip_distances(joints: FloatArray) -> FloatArray:
    """Distances (F, pairs) m between the hips of every two people of joints (F, N, 22, 3) m."""
    hips = joints[:, :, list(pose.HIPS)].mean(axis=2)
    pairs = list(combinations(range(hips.shape[1]), 2))
    if not pairs:
        return np.zeros((len(hips), 0))
    first, second = np.array(pairs).T
    return np.asarray(np.linalg.norm(hips[:, first] - hips[:, second], axis=-1))


def _joints_by_frame(recorded: Recording, frames: int) -> FloatArray:
    """(frames, P, 22, 3) m, world; NaN where there is no pose."""
    joints = np.full((frames, len(recorded.subjects), 22, 3), np.nan)
    for n, subject in enumerate(recorded.subjects):
        joints[subject.frames, n] = subject.joints
    return joints


def _select_partners(joints: FloatArray, partners: IntArray) -> FloatArray:
    """Joints (F, N, 22, 3) of the partners (F, N) among (F, M, 22, 3); NaN where there is none."""
    padded = np.concatenate([joints, np.full((len(joints), 1, *joints.shape[2:]), np.nan)], axis=1)
    return np.asarray(np.take_along_axis(padded, partners[..., None, None], axis=1))


def _visible_fractions(truth: Recording, frames: int) -> FloatArray:
    """(frames, N) of each true person's landmarks."""
    fractions = np.zeros((frames, len(truth.subjects)))
    for n, subject in enumerate(truth.subjects):
        fractions[subject.frames, n] = _visible_fraction(subject)
    return fractions


def _visible_fraction(subject: Subject) -> FloatArray:
    return np.asarray((subject.keypoints[..., 2] > VISIBLE).mean(axis=1))


def _finite(values: FloatArray) -> FloatArray:
    return np.asarray(values[np.isfinite(values)])
