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

from bodydouble.data import LOOK_FROM_ALL_SIDES
from bodydouble.tracking.clustering import grouped
from bodydouble.tracking.likelihoods import IdentityOptions, same_face, same_look
from bodydouble.tracking.tracklets import Piece, Sequel, cut, whole


def linked(
    tracks: Sequence[Sequel], fps: float, options: IdentityOptions | None = None, cuts: Sequence[int] = ()
) -> list[Sequel]:
    """Tracks of whole people.

    Args:
        tracks: as people were followed from frame to frame, none over a cut.
        fps: frames per second.
        options: what speaks for one person.
        cuts: the first frame of every shot but the first, ascending.
    """
    options = options or IdentityOptions()
    shots = [[track for track in tracks if bisect_right(cuts, track.frames[0]) == n] for n in range(len(cuts) + 1)]
    people = [person for own in shots for person in _linked_in_shot(own, fps, options)]
    return _linked_over_cuts(people, fps, options, cuts) if cuts else people


def _linked_in_shot(tracks: Sequence[Sequel], fps: float, options: IdentityOptions) -> list[Sequel]:
    return _joined(grouped(cut(tracks, fps, options.cutting), fps, options))


def _linked_over_cuts(
    people: Sequence[Sequel], fps: float, options: IdentityOptions, cuts: Sequence[int]
) -> list[Sequel]:
    """The people of all shots, those of one shot joined with those of another by who they look like as a whole."""
    own = whole(people, fps, options.cutting)
    shots = [bisect_right(cuts, piece.frames[0]) for piece in own]
    scores = np.zeros((len(own), len(own)))
    for i, one in enumerate(own):
        for j, other in enumerate(own):
            if shots[i] < shots[j]:
                scores[i, j] = max(_over_cut(one, other, fps, options), 0.0)
    after = {int(i): int(j) for i, j in zip(*linear_sum_assignment(scores, maximize=True), strict=True) if scores[i, j]}
    chains = [[i] for i in range(len(own)) if i not in after.values()]
    for members in chains:
        while members[-1] in after:
            members.append(after[members[-1]])
    return _joined([[own[i] for i in members] for members in chains])


def _joined(groups: Iterable[Sequence[Piece]]) -> list[Sequel]:
    """Each group's pieces one after the other; who was seen first comes first."""
    people = [
        Sequel([f for piece in group for f in piece.frames], [one for piece in group for one in piece.seen])
        for group in groups
    ]
    return sorted(people, key=lambda person: person.frames[0])


def _over_cut(one: Piece, other: Piece, fps: float, options: IdentityOptions) -> float:
    """How much speaks for a link between two shots: where somebody is and how large says nothing about another camera.

    Nor do head and shoulders: one camera sees the face and the other one the hair.
    """
    gap = (other.frames[0] - one.frames[-1]) / fps
    if gap > options.longest_absence:
        return 0.0
    # Whom one shot shows the next one shows, too, more often than not.
    looks = one.look[LOOK_FROM_ALL_SIDES], other.look[LOOK_FROM_ALL_SIDES]
    alike = float(same_look(*looks, options)) + same_face(one.face, other.face, options)
    worth = min(len(one.frames), len(other.frames)) / (options.long_piece * fps)
    return float(options.near - np.log1p(gap) + alike - options.least) * min(worth, 1.0)
