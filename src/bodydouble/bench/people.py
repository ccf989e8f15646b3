"""Whether several people keep their names, their places and their poses, on rendered clips."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

from bodydouble.bench.capture_cache import WHOLE, kept_capture
from bodydouble.bench.people_clips import Clip, Maker
from bodydouble.data import BoolArray, FloatArray, IntArray, Performance, Track
from bodydouble.evaluation.evaluation_clip import Recording, Subject, recording
from bodydouble.evaluation.keypoint_comparison import VISIBLE
from bodydouble.evaluation.metrics import people, pose
from bodydouble.evaluation.metrics.averages import mean, percentile
from bodydouble.evaluation.metrics.identity import IdentityFigures, Sightings, identity_figures, sightings
from bodydouble.formats import performance
from bodydouble.pipeline import Monitor
from bodydouble.skeletons import coco

IDENTITY_STAGES = ("tracking", "identity")
"""Stages of a capture that say who is who."""
SEEN_SHARE = 0.25
"""Somebody is to be found while at least this share of the COCO keypoints is visible, which have one point per hand."""
PARTLY_HIDDEN = 0.9
"""Somebody of whom at most this share of the landmarks is visible is partly hidden."""


@dataclass(frozen=True, slots=True)
class Captured:
    """What our pipeline made of a clip."""

    clip: Clip
    truth: Performance
    performance: Performance
    """Without people if nobody was found."""
    seconds: dict[str, float]
    """Of each stage of the capture."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one clip, or of several."""

    people: int
    found: int
    identity: IdentityFigures
    distance_errors: FloatArray
    """(K,) relative errors of the distance between two people's hips."""
    scaled_distance_errors: FloatArray
    """(K,) the same at the clip's true scale."""
    clear_errors: FloatArray
    """(K,) PA-MPJPE mm of each fully visible person-frame."""
    hidden_errors: FloatArray
    """(K,) PA-MPJPE mm of each partly hidden person-frame."""
    seconds: float
    identity_seconds: float

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(
            self.people + other.people,
            self.found + other.found,
            self.identity + other.identity,
            np.concatenate([self.distance_errors, other.distance_errors]),
            np.concatenate([self.scaled_distance_errors, other.scaled_distance_errors]),
            np.concatenate([self.clear_errors, other.clear_errors]),
            np.concatenate([self.hidden_errors, other.hidden_errors]),
            self.seconds + other.seconds,
            self.identity_seconds + other.identity_seconds,
        )

    def as_dict(self) -> dict[str, float | int | None]:
        """All figures, ready for JSON: None stands for what could not be measured."""
        found = self.identity
        clear, hidden = mean(self.clear_errors), mean(self.hidden_errors)
        values: dict[str, float | int] = {
            "people": self.people,
            "found": self.found,
            "person_frames": found.visible,
            "coverage": found.coverage,
            "ghosts": found.ghosts,
            "idf1": found.identities.f1,
            "hota": found.hota.hota,
            "association_accuracy": found.hota.association_accuracy,
            "identity_switches": found.switches,
            "switches_per_2000": found.switches_per_2000,
            "hip_distance_error": percentile(self.distance_errors, 50),
            "hip_distance_error_at_true_scale": percentile(self.scaled_distance_errors, 50),
            "pa_mpjpe_clear_mm": clear,
            "pa_mpjpe_partly_hidden_mm": hidden,
            "pa_mpjpe_ratio": hidden / clear,
            "tracking_share": self.identity_seconds / self.seconds,
        }
        return {name: value if np.isfinite(value) else None for name, value in values.items()}


def captured_clips(
    makers: Sequence[Maker],
    *,
    quality: str = "best",
    folder: Path | None = None,
    monitor: Monitor | None = None,
) -> list[Captured]:
    """Makes the clips and captures them. What is in the folder from an earlier, perhaps interrupted run is used.

    Args:
        makers: of the clips.
        quality: as for ``pipeline.capture``.
        folder: where clips and captures are kept.
        monitor: is told about the progress.

    Raises:
        BodydoubleError: a motion cannot be read or a clip cannot be written.
    """
    monitor = monitor or Monitor()
    with monitor.stage("rendering", len(makers)):
        clips = [make(folder) for make in monitor.counted(makers)]
    with monitor.stage("capture", len(clips)):
        return [_captured(clip, quality) for clip in monitor.counted(clips)]


def _captured(clip: Clip, quality: str) -> Captured:
    truth = performance.load(clip.truth)
    found, seconds = kept_capture(clip.video, quality)
    return Captured(clip, truth, found or nobody_in(truth), seconds)


def nobody_in(truth: Performance) -> Performance:
    """A performance of the same clip in which nobody was found."""
    return Performance(truth.fps, truth.frame_count, truth.camera, ())


def figures(clip: Captured) -> Figures:
    """The figures of a clip."""
    truth = recognisable(clip.truth)
    seen = sightings(clip.performance, truth)
    found, real = recording(clip.performance), recording(truth)
    guesses = _in_frames(found, len(seen.pairs))
    partners = shown_by(seen, np.asarray(np.isfinite(guesses).all(axis=(2, 3))))
    true_joints = _in_frames(real, len(seen.pairs))
    joints = _taken(guesses, partners)
    distances, true_distances = hip_distances(joints), hip_distances(true_joints)
    known = np.isfinite(distances) & np.isfinite(true_distances)
    ratios = distances[known] / true_distances[known]
    errors = pose.aligned_errors_mm(joints[:, :, list(pose.LIMB_JOINTS)], true_joints[:, :, list(pose.LIMB_JOINTS)])
    share = _visible_share(real, len(seen.pairs))
    each = np.where(seen.true_present, errors.mean(axis=-1), np.nan)
    return Figures(
        people=len(real.subjects),
        found=len(found.subjects),
        identity=identity_figures(seen),
        distance_errors=np.abs(ratios - 1),
        scaled_distance_errors=np.abs(ratios / np.median(ratios) - 1) if ratios.size else ratios,
        clear_errors=_known(each[share == 1.0]),
        hidden_errors=_known(each[share <= PARTLY_HIDDEN]),
        seconds=clip.seconds[WHOLE],
        identity_seconds=sum(clip.seconds.get(stage, 0.0) for stage in IDENTITY_STAGES),
    )


def recognisable(truth: Performance) -> Performance:
    """The truth without observed frames in which hardly more than two hands, with all their landmarks, are visible."""
    return replace(truth, people=tuple(replace(p, track=_recognisable(p.track)) for p in truth.people))


def _recognisable(track: Track) -> Track:
    share = (track.keypoints[:, list(coco.FROM_BLAZEPOSE), 2] > VISIBLE).mean(axis=1)
    return replace(track, observed=track.observed & (share >= SEEN_SHARE))


def shown_by(seen: Sightings, posed: BoolArray) -> IntArray:
    """(F, N) the found person that performs each visible true one: who shows them or, where nobody does, the usual one.

    Args:
        seen: who shows whom.
        posed: (F, M) frames in which the found people have a pose.
    """
    together = (seen.similarity >= people.SAME_PERSON).sum(axis=0)
    partners = seen.pairs.copy()
    for i, j in zip(*linear_sum_assignment(together, maximize=True), strict=True):
        free = seen.true_present[:, i] & (partners[:, i] < 0) & posed[:, j] & (seen.pairs != j).all(axis=1)
        partners[free & (together[i, j] > 0), i] = j
    return partners


def hip_distances(joints: FloatArray) -> FloatArray:
    """Distances (F, pairs) m between the hips of every two people of joints (F, N, 22, 3) m."""
    hips = joints[:, :, list(pose.HIPS)].mean(axis=2)
    pairs = list(combinations(range(hips.shape[1]), 2))
    if not pairs:
        return np.zeros((len(hips), 0))
    one, other = np.array(pairs).T
    return np.asarray(np.linalg.norm(hips[:, one] - hips[:, other], axis=-1))


def _in_frames(recorded: Recording, frames: int) -> FloatArray:
    """(frames, P, 22, 3) m, world; NaN where there is no pose."""
    joints = np.full((frames, len(recorded.subjects), 22, 3), np.nan)
    for n, subject in enumerate(recorded.subjects):
        joints[subject.frames, n] = subject.joints
    return joints


def _taken(joints: FloatArray, partners: IntArray) -> FloatArray:
    """Joints (F, N, 22, 3) of the partners (F, N) among (F, M, 22, 3); NaN where there is none."""
    chosen = np.concatenate([joints, np.full((len(joints), 1, *joints.shape[2:]), np.nan)], axis=1)
    return np.asarray(np.take_along_axis(chosen, partners[..., None, None], axis=1))


def _visible_share(real: Recording, frames: int) -> FloatArray:
    """(frames, N) of each true person's landmarks."""
    share = np.zeros((frames, len(real.subjects)))
    for n, subject in enumerate(real.subjects):
        share[subject.frames, n] = _shares(subject)
    return share


def _shares(subject: Subject) -> FloatArray:
    return np.asarray((subject.keypoints[..., 2] > VISIBLE).mean(axis=1))


def _known(values: FloatArray) -> FloatArray:
    return np.asarray(values[np.isfinite(values)])
