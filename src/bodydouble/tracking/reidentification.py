"""Re-identification over the whole clip: ``Tracklet``s of frame-by-frame tracking -> one ``Tracklet`` per person.

While people overlap, frame-by-frame tracking may confuse them, and a person who returns starts a new tracklet.
Therefore tracklets are split into segments where that may have happened, and the segments are clustered by person.
Across a cut, positions and sizes are not comparable, so only clothing colours and faces decide.

Source: Huang et al., Robust Object Tracking by Hierarchical Association of Detection Responses (2008).
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from bodydouble.data import VIEW_INVARIANT_PARTS, FloatArray
from bodydouble.tracking.clustering import cluster_segments
from bodydouble.tracking.likelihoods import ReidentificationOptions, appearance_llr, face_llr
from bodydouble.tracking.tracklets import Tracklet, TrackletSegment, as_single_segments, split_tracklets


def link_tracklets(
    tracklets: Sequence[Tracklet],
    fps: float,
    options: ReidentificationOptions | None = None,
    shot_starts: Sequence[int] = (),
) -> list[Tracklet]:
    """Links tracklets of the same person.

    Args:
        tracklets: results of frame-by-frame tracking; none extends across a cut.
        fps: frames per second.
        options: parameters of re-identification.
        shot_starts: first frame of every shot but the first, ascending.

    Returns:
        One tracklet per person, ordered by the first frame.
    """
    options = options or ReidentificationOptions()
    shots: list[list[Tracklet]] = [[] for _ in range(len(shot_starts) + 1)]
    for tracklet in tracklets:
        shots[bisect_right(shot_starts, tracklet.frames[0])].append(tracklet)
    people = [person for shot in shots for person in _link_within_shot(shot, fps, options)]
    return _link_across_shots(people, fps, options, shot_starts) if shot_starts else people


def _link_within_shot(tracklets: Sequence[Tracklet], fps: float, options: ReidentificationOptions) -> list[Tracklet]:
    segments = split_tracklets(tracklets, fps, options.split)
    return _merge_segments(cluster_segments(segments, fps, options))


def _link_across_shots(
    people: Sequence[Tracklet], fps: float, options: ReidentificationOptions, shot_starts: Sequence[int]
) -> list[Tracklet]:
    """Links people of different shots by optimal assignment; each person gets at most one successor."""
    segments = as_single_segments(people, fps, options.split)
    scores = _cross_shot_scores(segments, fps, options, shot_starts)
    matches = zip(*linear_sum_assignment(scores, maximize=True), strict=True)
    successors = {int(i): int(j) for i, j in matches if scores[i, j]}
    followers = set(successors.values())
    chains = [[i] for i in range(len(segments)) if i not in followers]
    for members in chains:
        while members[-1] in successors:
            members.append(successors[members[-1]])
    return _merge_segments([[segments[i] for i in members] for members in chains])


def _merge_segments(clusters: Iterable[Sequence[TrackletSegment]]) -> list[Tracklet]:
    """Concatenates the segments of each cluster and orders the results by the first frame."""
    people = [
        Tracklet(
            [frame for segment in segments for frame in segment.frames],
            [observation for segment in segments for observation in segment.observations],
        )
        for segments in clusters
    ]
    return sorted(people, key=lambda person: person.frames[0])


def _cross_shot_scores(
    segments: Sequence[TrackletSegment], fps: float, options: ReidentificationOptions, shot_starts: Sequence[int]
) -> FloatArray:
    """(S, S) score, at least 0, of each segment being followed by each segment of a later shot."""
    shots = np.array([bisect_right(shot_starts, segment.frames[0]) for segment in segments])
    first_frames = np.array([segment.frames[0] for segment in segments])
    scores = np.zeros((len(segments), len(segments)))
    for i, earlier in enumerate(segments):
        gaps = (first_frames - earlier.frames[-1]) / fps
        for j in np.flatnonzero((shots > shots[i]) & (gaps <= options.max_absence)).tolist():
            scores[i, j] = max(_cross_shot_score(earlier, segments[j], fps, options), 0.0)
    return scores


def _cross_shot_score(
    earlier: TrackletSegment, later: TrackletSegment, fps: float, options: ReidentificationOptions
) -> float:
    """Returns the score of a link between two shots that are at most ``max_absence`` apart.

    Position and size do not matter, as the camera is another one. The colours of head and shoulders are
    ignored: one camera may observe the face and the other one the hair.
    """
    gap = (later.frames[0] - earlier.frames[-1]) / fps
    # The prior is positive: a person in one shot usually appears in the next one, too.
    prior = options.position_score - np.log1p(gap)
    colors = earlier.appearance[VIEW_INVARIANT_PARTS], later.appearance[VIEW_INVARIANT_PARTS]
    llr = float(appearance_llr(*colors, options)) + face_llr(earlier.face_embedding, later.face_embedding, options)
    weight = min(len(earlier.frames), len(later.frames)) / (options.full_weight_duration * fps)
    return float(prior + llr - options.min_link_score) * min(weight, 1.0)
