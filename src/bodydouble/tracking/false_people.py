"""Drops people who do not exist: ``Track``s of a clip -> whether each shows a person.

Where no head is in the picture, or where cloth, cups and hands resemble limbs, the networks see pieces of bodies that
come and go and lie on each other. Re-identification links them to people who are seen for a small part of the time,
and nearly always with uncertain trunks. A person behind others is not seen for long, but is certain when seen.
"""

import numpy as np

from bodydouble.data import Track
from bodydouble.skeletons import blazepose

MIN_OBSERVED_FRACTION = 0.6
"""Fraction of the frames from first to last in which a person is observed, below which the trunk must be certain."""
MIN_TRUNK_CONFIDENCE = 0.6
"""Minimum mean confidence of shoulders and hips, as the median over the observed frames."""

_TRUNK = [blazepose.INDEX[f"{side}_{part}"] for part in ("shoulder", "hip") for side in ("left", "right")]


def shows_person(track: Track) -> bool:
    """Whether a track shows a person, rather than pieces of bodies that come and go."""
    if track.observed.mean() >= MIN_OBSERVED_FRACTION:
        return True
    confidence = track.keypoints[track.observed][:, _TRUNK, 2].mean(axis=1)
    return bool(np.median(confidence) >= MIN_TRUNK_CONFIDENCE)
