"""Joins the observations of single frames into one track per person.

Source: the tracking-by-detection scheme of Bewley et al., Simple Online and Realtime Tracking (2016): constant
velocity, optimal assignment; with the similarity of poses beside that of boxes.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from scipy.optimize import linear_sum_assignment

from bodydouble.data import LANDMARK_COUNT, FloatArray, Observation, Track
from bodydouble.geometry.similarity import box_area, box_iou, pose_center, pose_extent, pose_similarity
from bodydouble.skeletons import coco
from bodydouble.tracking.likelihoods import ReidentificationOptions, appearance_llr
from bodydouble.tracking.reidentification import link_tracklets
from bodydouble.tracking.tracklets import Tracklet, median_appearance

_COCO = list(coco.FROM_BLAZEPOSE)


@dataclass(frozen=True, slots=True)
class AssociationOptions:
    """When observations belong to one person."""

    min_similarity: float = 0.2
    """Mean of box overlap and pose similarity above which an observation continues a track, wherever it is."""
    max_deviation_speed: float = 8.0
    """Half body heights per second by which a person may stray from constant velocity and still be the same one."""
    max_deviation: float = 4.0
    """Half body heights by which a person may stray at most."""
    max_gap: float = 1.0
    """Seconds that a person may be out of sight within one track."""
    min_duration: float = 0.4
    """Seconds, or half the clip if that is shorter, that a person must be seen to be kept."""
    velocity_window: float = 0.2
    """Seconds of the past from which a person's velocity is estimated."""
    duplicate_similarity: float = 0.6
    """Tracks whose poses are more similar than this, in the median over the frames they share, are one person's."""
    appearance_memory: int = 25
    """Frames from which it is known what a person looks like."""
    appearance_weight: float = 0.11
    """Of the look's logarithm of a likelihood ratio beside the similarity of place."""
    reidentification: ReidentificationOptions = field(default_factory=ReidentificationOptions)
    """What speaks for one person where following may have failed."""


def build_tracks(
    observations: Sequence[Sequence[Observation]],
    fps: Fraction,
    options: AssociationOptions | None = None,
    shot_starts: Sequence[int] = (),
) -> tuple[Track, ...]:
    """Join observations into tracks.

    Args:
        observations: What was seen in each frame of the clip; the order within a frame does not matter.
        fps: Frame rate.
        options: When observations belong to one person.
        shot_starts: The first frame of every shot but the first, ascending. Nobody is followed over a cut; who is who on its
            two sides is told by looks.

    Returns:
        The tracks of all who were seen for long enough, in order of appearance, the larger first.
    """
    options = options or AssociationOptions()
    tracklets = _track_frame_by_frame(observations, float(fps), options, shot_starts)
    tracklets = link_tracklets(
        _merge_duplicates(tracklets, options.duplicate_similarity), float(fps), options.reidentification, shot_starts
    )
    min_frames = min(options.min_duration * float(fps), 0.5 * len(observations))
    return tuple(build_track(tracklet) for tracklet in tracklets if len(tracklet.frames) >= min_frames)


def _track_frame_by_frame(
    observations: Sequence[Sequence[Observation]], fps: float, options: AssociationOptions, shot_starts: Sequence[int]
) -> list[Tracklet]:
    """All tracks, however short. Those just seen choose first, so that one long lost takes nothing from them."""
    tracklets: list[Tracklet] = []
    max_gap = max(options.max_gap * fps, 1)
    shot = 0
    for frame, seen in enumerate(observations):
        shot = frame if frame in shot_starts else shot
        unmatched = sorted(seen, key=lambda one: (-float(box_area(one.box)), -one.score))
        alive = [draft for draft in tracklets if shot <= draft.frames[-1] and frame - draft.frames[-1] <= max_gap]
        recent = [draft for draft in alive if draft.frames[-1] == frame - 1]
        lost = [draft for draft in alive if draft.frames[-1] < frame - 1]
        for group in (recent, lost):
            unmatched = _match(group, unmatched, frame, fps, options)
        tracklets += [Tracklet([frame], [one]) for one in unmatched]
    return tracklets


def _match(
    tracklets: Sequence[Tracklet],
    observations: Sequence[Observation],
    frame: int,
    fps: float,
    options: AssociationOptions,
) -> list[Observation]:
    """Append to each draft what continues it in this frame; returns the observations that continue none."""
    if not tracklets or not observations:
        return list(observations)
    score = _match_scores(tracklets, observations, frame, fps, options)
    matched: set[int] = set()
    rows, columns = linear_sum_assignment(score, maximize=True)
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        if score[row, column] > 0:
            tracklets[row].frames.append(frame)
            tracklets[row].observations.append(observations[column])
            matched.add(column)
    return [one for column, one in enumerate(observations) if column not in matched]


def _match_scores(
    tracklets: Sequence[Tracklet],
    observations: Sequence[Observation],
    frame: int,
    fps: float,
    options: AssociationOptions,
) -> FloatArray:
    """(D, S) how well each observation continues each draft; 0 where it cannot."""
    window = max(round(options.velocity_window * fps), 1)
    predicted = [_predict(draft, frame, window) for draft in tracklets]
    boxes, poses = (np.stack(parts)[:, None] for parts in zip(*predicted, strict=True))
    observed_boxes, observed_poses = (
        np.stack(parts)[None] for parts in zip(*map(_box_and_pose, observations), strict=True)
    )
    similarity = 0.5 * (box_iou(boxes, observed_boxes) + pose_similarity(poses, observed_poses))
    elapsed = np.array([frame - draft.frames[-1] for draft in tracklets])[:, None] / fps
    max_distance = np.minimum(options.max_deviation_speed * elapsed, options.max_deviation)
    proximity = np.maximum(1.0 - _normalized_distance(poses, observed_poses) / max_distance, 0.0)
    # Nearness decides only where overlap and pose say nothing.
    position_scores = np.where(similarity >= options.min_similarity, similarity, 0.0) + 0.1 * proximity
    is_possible = position_scores > 0
    is_ambiguous = is_possible & ((is_possible.sum(axis=0) > 1) | (is_possible.sum(axis=1, keepdims=True) > 1))
    if not is_ambiguous.any():
        return np.asarray(position_scores)
    appearances = np.stack(
        [median_appearance(draft.observations[-options.appearance_memory :]) for draft in tracklets]
    )[:, None]
    appearance_scores = appearance_llr(
        appearances, np.stack([one.appearance for one in observations])[None], options.reidentification
    )
    scores = np.maximum(position_scores + options.appearance_weight * appearance_scores, 1e-3)
    return np.asarray(np.where(is_ambiguous, scores, position_scores))


def _normalized_distance(a: FloatArray, b: FloatArray) -> FloatArray:
    """Distance (...) of the middles of poses (..., 17, 2), in units of half a body's height."""
    distance = np.linalg.norm(pose_center(a) - pose_center(b), axis=-1)
    return np.asarray(distance / np.maximum(np.maximum(pose_extent(a), pose_extent(b)), 1e-6))


def _box_and_pose(observation: Observation) -> tuple[FloatArray, FloatArray]:
    return observation.box, observation.keypoints[_COCO, :2]


def _predict(tracklet: Tracklet, frame: int, window: int) -> tuple[FloatArray, FloatArray]:
    """Box (4,) and pose (17, 2), px, of a person who goes on at the mean velocity of the last frames."""
    box, pose = _box_and_pose(tracklet.observations[-1])
    window_start = bisect_left(tracklet.frames, tracklet.frames[-1] - window)
    elapsed = tracklet.frames[-1] - tracklet.frames[window_start]
    if elapsed == 0:
        return box, pose
    velocity = (pose_center(pose) - pose_center(_box_and_pose(tracklet.observations[window_start])[1])) / elapsed
    step = velocity * (frame - tracklet.frames[-1])
    return box + np.tile(step, 2), pose + step


def _merge_duplicates(tracklets: Sequence[Tracklet], min_similarity: float) -> list[Tracklet]:
    """The drafts less those that another one already tells, which takes over the frames that only they have."""
    kept: list[Tracklet] = []
    for tracklet in sorted(tracklets, key=lambda draft: -len(draft.frames)):
        duplicate = next((other for other in kept if _median_similarity(tracklet, other) >= min_similarity), None)
        if duplicate is None:
            kept.append(tracklet)
        else:
            merged = dict(zip(tracklet.frames, tracklet.observations, strict=True)) | dict(
                zip(duplicate.frames, duplicate.observations, strict=True)
            )
            duplicate.frames, duplicate.observations = sorted(merged), [merged[frame] for frame in sorted(merged)]
    return sorted(kept, key=lambda draft: (draft.frames[0], -float(box_area(draft.observations[0].box))))


def _median_similarity(a: Tracklet, b: Tracklet) -> float:
    """Median similarity of two drafts' poses over the frames that both have seen; 0 if there is none."""
    if a.frames[-1] < b.frames[0] or b.frames[-1] < a.frames[0]:
        return 0.0
    mine, theirs = dict(zip(a.frames, a.observations, strict=True)), dict(zip(b.frames, b.observations, strict=True))
    shared = sorted(mine.keys() & theirs.keys())
    if not shared:
        return 0.0
    poses = (np.stack([_box_and_pose(seen[frame])[1] for frame in shared]) for seen in (mine, theirs))
    return float(np.median(pose_similarity(*poses)))


def build_track(tracklet: Tracklet) -> Track:
    """The person as a track; frames between those in which they were seen are not observed."""
    frames = np.arange(tracklet.frames[0], tracklet.frames[-1] + 1)
    rows = np.asarray(tracklet.frames) - tracklet.frames[0]
    count = len(frames)
    observed = np.zeros(count, dtype=bool)
    boxes = np.full((count, 4), np.nan)
    keypoints = np.full((count, LANDMARK_COUNT, 3), np.nan)
    keypoints[..., 2] = 0.0
    landmarks_3d = np.full((count, LANDMARK_COUNT, 3), np.nan)
    observed[rows] = True
    boxes[rows] = [one.box for one in tracklet.observations]
    keypoints[rows] = [one.keypoints for one in tracklet.observations]
    landmarks_3d[rows] = [one.landmarks_3d for one in tracklet.observations]
    return Track(frames, observed, boxes, keypoints, landmarks_3d)
