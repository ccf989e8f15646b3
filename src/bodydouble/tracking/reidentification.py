"""Who is who over the whole clip: pieces of tracks that one person left are joined, by all that speaks for it.

While people overlap, following them from frame to frame may mix them up, and who was out of sight begins a new track.
So tracks are cut into pieces where that may have happened, and the pieces are grouped by person. Between two shots
nobody can be followed: there, places and sizes say nothing, and looks and faces decide.

Source: Huang et al., Robust Object Tracking by Hierarchical Association of Detection Responses (2008).
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from bodydouble.data import VIEW_INVARIANT_PARTS
from bodydouble.tracking.clustering import cluster_segments
from bodydouble.tracking.likelihoods import ReidentificationOptions, appearance_llr, face_llr
from bodydouble.tracking.tracklets import Tracklet, TrackletSegment, as_single_segments, split_tracklets


def link_tracklets(
    tracklets: Sequence[Tracklet],
    fps: float,
    options: ReidentificationOptions | None = None,
    shot_starts: Sequence[int] = (),
) -> list[Tracklet]:
    """Tracks of whole people.

    Args:
        tracklets: as people were followed from frame to frame, none over a cut.
        fps: frames per second.
        options: what speaks for one person.
        shot_starts: the first frame of every shot but the first, ascending.
    """
    options = options or ReidentificationOptions()
    shots = [
        [track for track in tracklets if bisect_right(shot_starts, track.frames[0]) == n]
        for n in range(len(shot_starts) + 1)
    ]
    people = [person for own in shots for person in _link_within_shot(own, fps, options)]
    return _link_across_shots(people, fps, options, shot_starts) if shot_starts else people


def _link_within_shot(tracklets: Sequence[Tracklet], fps: float, options: ReidentificationOptions) -> list[Tracklet]:
    return _merge_segments(cluster_segments(split_tracklets(tracklets, fps, options.split), fps, options))


def _link_across_shots(
    people: Sequence[Tracklet], fps: float, options: ReidentificationOptions, shot_starts: Sequence[int]
) -> list[Tracklet]:
    """The people of all shots, those of one shot joined with those of another by who they look like as a whole."""
    segments = as_single_segments(people, fps, options.split)
    shots = [bisect_right(shot_starts, piece.frames[0]) for piece in segments]
    scores = np.zeros((len(segments), len(segments)))
    for i, one in enumerate(segments):
        for j, other in enumerate(segments):
            if shots[i] < shots[j]:
                scores[i, j] = max(_cross_shot_score(one, other, fps, options), 0.0)
    after = {int(i): int(j) for i, j in zip(*linear_sum_assignment(scores, maximize=True), strict=True) if scores[i, j]}
    chains = [[i] for i in range(len(segments)) if i not in after.values()]
    for members in chains:
        while members[-1] in after:
            members.append(after[members[-1]])
    return _merge_segments([[segments[i] for i in members] for members in chains])


def _merge_segments(clusters: Iterable[Sequence[TrackletSegment]]) -> list[Tracklet]:
    """Each group's pieces one after the other; who was seen first comes first."""
    people = [
        Tracklet([f for piece in group for f in piece.frames], [one for piece in group for one in piece.observations])
        for group in clusters
    ]
    return sorted(people, key=lambda person: person.frames[0])


def _cross_shot_score(
    earlier: TrackletSegment, later: TrackletSegment, fps: float, options: ReidentificationOptions
) -> float:
    """How much speaks for a link between two shots: where somebody is and how large says nothing about another camera.

    Nor do head and shoulders: one camera sees the face and the other one the hair.
    """
    gap = (later.frames[0] - earlier.frames[-1]) / fps
    if gap > options.max_absence:
        return 0.0
    # Whom one shot shows the next one shows, too, more often than not.
    looks = earlier.appearance[VIEW_INVARIANT_PARTS], later.appearance[VIEW_INVARIANT_PARTS]
    alike = float(appearance_llr(*looks, options)) + face_llr(earlier.face_embedding, later.face_embedding, options)
    worth = min(len(earlier.frames), len(later.frames)) / (options.full_weight_duration * fps)
    return float(options.position_score - np.log1p(gap) + alike - options.min_link_score) * min(worth, 1.0)
