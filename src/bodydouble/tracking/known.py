"""Tracks of people of whom it is known who they are."""

from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction

from bodydouble.data import Observation, Track
from bodydouble.tracking.association import AssociateOptions, associate, track_of
from bodydouble.tracking.tracklets import Sequel

UNKNOWN = -1


def tracks_of(
    observations: Sequence[Sequence[Observation]],
    ids: Sequence[Sequence[int]],
    fps: Fraction,
    options: AssociateOptions | None = None,
    cuts: Sequence[int] = (),
) -> tuple[Track, ...]:
    """Join observations into tracks; those of whom it is not known who they are, as ``associate`` does.

    Args:
        observations: what was seen in each frame of the clip.
        ids: who it is, likewise; -1 where that is not known.
        fps: frame rate.
        options: when observations belong to one person.
        cuts: the first frame of every shot but the first, ascending.

    Returns:
        The tracks of all who were seen for long enough: those who are known, by their ids, then the others.
    """
    options = options or AssociateOptions()
    least = min(options.min_duration * float(fps), 0.5 * len(observations))
    known: defaultdict[int, Sequel] = defaultdict(lambda: Sequel([], []))
    strangers: list[list[Observation]] = []
    for frame, (seen, who) in enumerate(zip(observations, ids, strict=True)):
        strangers.append([one for one, number in zip(seen, who, strict=True) if number == UNKNOWN])
        for one, number in zip(seen, who, strict=True):
            if number != UNKNOWN:
                known[number].frames.append(frame)
                known[number].seen.append(one)
    own = tuple(track_of(known[number]) for number in sorted(known) if len(known[number].frames) >= least)
    return own + associate(strangers, fps, options, cuts)
