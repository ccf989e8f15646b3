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
from bodydouble.tracking.likelihoods import IdentityOptions, same_look
from bodydouble.tracking.reidentification import linked
from bodydouble.tracking.tracklets import Sequel, usual_look

_COCO = list(coco.FROM_BLAZEPOSE)


@dataclass(frozen=True, slots=True)
class AssociateOptions:
    """When observations belong to one person."""

    min_similarity: float = 0.2
    """Mean of box overlap and pose similarity above which an observation continues a track, wherever it is."""
    max_deviation: float = 8.0
    """Half body heights per second by which a person may stray from constant velocity and still be the same one."""
    max_stray: float = 4.0
    """Half body heights by which a person may stray at most."""
    max_gap: float = 1.0
    """Seconds that a person may be out of sight within one track."""
    min_duration: float = 0.4
    """Seconds, or half the clip if that is shorter, that a person must be seen to be kept."""
    velocity_window: float = 0.2
    """Seconds of the past from which a person's velocity is estimated."""
    same_person: float = 0.6
    """Tracks whose poses are more similar than this, in the median over the frames they share, are one person's."""
    look_memory: int = 25
    """Frames from which it is known what a person looks like."""
    look_weight: float = 0.11
    """Of the look's logarithm of a likelihood ratio beside the similarity of place."""
    identity: IdentityOptions = field(default_factory=IdentityOptions)
    """What speaks for one person where following may have failed."""


def associate(
    observations: Sequence[Sequence[Observation]],
    fps: Fraction,
    options: AssociateOptions | None = None,
    cuts: Sequence[int] = (),
) -> tuple[Track, ...]:
    """Join observations into tracks.

    Args:
        observations: What was seen in each frame of the clip; the order within a frame does not matter.
        fps: Frame rate.
        options: When observations belong to one person.
        cuts: The first frame of every shot but the first, ascending. Nobody is followed over a cut; who is who on its
            two sides is told by looks.

    Returns:
        The tracks of all who were seen for long enough, in order of appearance, the larger first.
    """
    options = options or AssociateOptions()
    drafts = _drafts(observations, float(fps), options, cuts)
    drafts = linked(_merge_duplicates(drafts, options.same_person), float(fps), options.identity, cuts)
    least = min(options.min_duration * float(fps), 0.5 * len(observations))
    return tuple(track_of(draft) for draft in drafts if len(draft.frames) >= least)


def _drafts(
    observations: Sequence[Sequence[Observation]], fps: float, options: AssociateOptions, cuts: Sequence[int]
) -> list[Sequel]:
    """All tracks, however short. Those just seen choose first, so that one long lost takes nothing from them."""
    drafts: list[Sequel] = []
    longest_gap = max(options.max_gap * fps, 1)
    shot = 0
    for frame, seen in enumerate(observations):
        shot = frame if frame in cuts else shot
        left = sorted(seen, key=lambda one: (-float(box_area(one.box)), -one.score))
        alive = [draft for draft in drafts if shot <= draft.frames[-1] and frame - draft.frames[-1] <= longest_gap]
        just_seen = [draft for draft in alive if draft.frames[-1] == frame - 1]
        lost = [draft for draft in alive if draft.frames[-1] < frame - 1]
        for group in (just_seen, lost):
            left = _continue(group, left, frame, fps, options)
        drafts += [Sequel([frame], [one]) for one in left]
    return drafts


def _continue(
    drafts: Sequence[Sequel], seen: Sequence[Observation], frame: int, fps: float, options: AssociateOptions
) -> list[Observation]:
    """Append to each draft what continues it in this frame; returns the observations that continue none."""
    if not drafts or not seen:
        return list(seen)
    score = _score(drafts, seen, frame, fps, options)
    taken: set[int] = set()
    rows, columns = linear_sum_assignment(score, maximize=True)
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        if score[row, column] > 0:
            drafts[row].frames.append(frame)
            drafts[row].seen.append(seen[column])
            taken.add(column)
    return [one for column, one in enumerate(seen) if column not in taken]


def _score(
    drafts: Sequence[Sequel], seen: Sequence[Observation], frame: int, fps: float, options: AssociateOptions
) -> FloatArray:
    """(D, S) how well each observation continues each draft; 0 where it cannot."""
    window = max(round(options.velocity_window * fps), 1)
    predicted = [_predict(draft, frame, window) for draft in drafts]
    boxes, poses = (np.stack(parts)[:, None] for parts in zip(*predicted, strict=True))
    seen_boxes, seen_poses = (np.stack(parts)[None] for parts in zip(*map(_box_and_pose, seen), strict=True))
    similarity = 0.5 * (box_iou(boxes, seen_boxes) + pose_similarity(poses, seen_poses))
    elapsed = np.array([frame - draft.frames[-1] for draft in drafts])[:, None] / fps
    reach = np.minimum(options.max_deviation * elapsed, options.max_stray)
    near = np.maximum(1.0 - _distance(poses, seen_poses) / reach, 0.0)
    # Nearness decides only where overlap and pose say nothing.
    place = np.where(similarity >= options.min_similarity, similarity, 0.0) + 0.1 * near
    can = place > 0
    contested = can & ((can.sum(axis=0) > 1) | (can.sum(axis=1, keepdims=True) > 1))
    if not contested.any():
        return np.asarray(place)
    known = np.stack([usual_look(draft.seen[-options.look_memory :]) for draft in drafts])[:, None]
    alike = same_look(known, np.stack([one.look for one in seen])[None], options.identity)
    judged = np.maximum(place + options.look_weight * alike, 1e-3)
    return np.asarray(np.where(contested, judged, place))


def _distance(a: FloatArray, b: FloatArray) -> FloatArray:
    """Distance (...) of the middles of poses (..., 17, 2), in units of half a body's height."""
    distance = np.linalg.norm(pose_center(a) - pose_center(b), axis=-1)
    return np.asarray(distance / np.maximum(np.maximum(pose_extent(a), pose_extent(b)), 1e-6))


def _box_and_pose(one: Observation) -> tuple[FloatArray, FloatArray]:
    return one.box, one.keypoints[_COCO, :2]


def _predict(draft: Sequel, frame: int, window: int) -> tuple[FloatArray, FloatArray]:
    """Box (4,) and pose (17, 2), px, of a person who goes on at the mean velocity of the last frames."""
    box, pose = _box_and_pose(draft.seen[-1])
    earlier = bisect_left(draft.frames, draft.frames[-1] - window)
    elapsed = draft.frames[-1] - draft.frames[earlier]
    if elapsed == 0:
        return box, pose
    velocity = (pose_center(pose) - pose_center(_box_and_pose(draft.seen[earlier])[1])) / elapsed
    step = velocity * (frame - draft.frames[-1])
    return box + np.tile(step, 2), pose + step


def _merge_duplicates(drafts: Sequence[Sequel], same_person: float) -> list[Sequel]:
    """The drafts less those that another one already tells, which takes over the frames that only they have."""
    kept: list[Sequel] = []
    for draft in sorted(drafts, key=lambda draft: -len(draft.frames)):
        twin = next((other for other in kept if _shared_similarity(draft, other) >= same_person), None)
        if twin is None:
            kept.append(draft)
        else:
            merged = dict(zip(draft.frames, draft.seen, strict=True)) | dict(zip(twin.frames, twin.seen, strict=True))
            twin.frames, twin.seen = sorted(merged), [merged[frame] for frame in sorted(merged)]
    return sorted(kept, key=lambda draft: (draft.frames[0], -float(box_area(draft.seen[0].box))))


def _shared_similarity(a: Sequel, b: Sequel) -> float:
    """Median similarity of two drafts' poses over the frames that both have seen; 0 if there is none."""
    if a.frames[-1] < b.frames[0] or b.frames[-1] < a.frames[0]:
        return 0.0
    mine, theirs = dict(zip(a.frames, a.seen, strict=True)), dict(zip(b.frames, b.seen, strict=True))
    shared = sorted(mine.keys() & theirs.keys())
    if not shared:
        return 0.0
    poses = (np.stack([_box_and_pose(seen[frame])[1] for frame in shared]) for seen in (mine, theirs))
    return float(np.median(pose_similarity(*poses)))


def track_of(draft: Sequel) -> Track:
    """The person as a track; frames between those in which they were seen are not observed."""
    frames = np.arange(draft.frames[0], draft.frames[-1] + 1)
    rows = np.asarray(draft.frames) - draft.frames[0]
    count = len(frames)
    observed = np.zeros(count, dtype=bool)
    boxes = np.full((count, 4), np.nan)
    keypoints = np.full((count, LANDMARK_COUNT, 3), np.nan)
    keypoints[..., 2] = 0.0
    rough_joints = np.full((count, LANDMARK_COUNT, 3), np.nan)
    observed[rows] = True
    boxes[rows] = [one.box for one in draft.seen]
    keypoints[rows] = [one.keypoints for one in draft.seen]
    rough_joints[rows] = [one.landmarks_3d for one in draft.seen]
    return Track(frames, observed, boxes, keypoints, rough_joints)
