"""Tracks of people of whom it is known who they are."""

from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction

from bodydouble.data import Observation, Track
from bodydouble.tracking.association import AssociationOptions, build_track, build_tracks
from bodydouble.tracking.tracklets import Tracklet

UNKNOWN_ID = -1


def build_tracks_from_ids(
    observations: Sequence[Sequence[Observation]],
    ids: Sequence[Sequence[int]],
    fps: Fraction,
    options: AssociationOptions | None = None,
    shot_starts: Sequence[int] = (),
) -> tuple[Track, ...]:
    """Join observations into tracks; those of whom it is not known who they are, as ``associate`` does.

    Args:
        observations: what was seen in each frame of the clip.
        ids: who it is, likewise; -1 where that is not known.
        fps: frame rate.
        options: when observations belong to one person.
        shot_starts: the first frame of every shot but the first, ascending.

    Returns:
        The tracks of all who were seen for long enough: those who are known, by their ids, then the others.
    """
    options = options or AssociationOptions()
    least = min(options.min_duration * float(fps), 0.5 * len(observations))
    known: defaultdict[int, Tracklet] = defaultdict(lambda: Tracklet([], []))
    strangers: list[list[Observation]] = []
    for frame, (seen, who) in enumerate(zip(observations, ids, strict=True)):
        strangers.append([one for one, number in zip(seen, who, strict=True) if number == UNKNOWN_ID])
        for one, number in zip(seen, who, strict=True):
            if number != UNKNOWN_ID:
                known[number].frames.append(frame)
                known[number].observations.append(one)
    own = tuple(build_track(known[number]) for number in sorted(known) if len(known[number].frames) >= least)
    return own + build_tracks(strangers, fps, options, shot_starts)
