"""Videos in which no person was found: a video -> what is wrong, and whether it shows hands close up."""

from pathlib import Path

import numpy as np

from bodydouble.data import RgbImage
from bodydouble.formats.media import FrameReader
from bodydouble.perception.hands.networks import HandNetworks
from bodydouble.perception.protocols import RotatedRoi

SAMPLE_COUNT = 8
"""Number of frames that are looked at."""
MIN_PALM_SCORE = 0.7
"""Minimum probability of a palm in a frame that shows a hand."""
MIN_SHARE = 0.3
"""Minimum share of the frames that show a hand."""
MAX_SIDE = 640
"""Maximum long side in px of the frames; hands close up are large."""


def describe_absence(video: Path, *, looks_for_hands: bool) -> str:
    """Returns what is wrong with a video in which nobody was found, and what to do."""
    if looks_for_hands and shows_hands(video):
        return (
            f"{video} shows hands, but not whose they are; hands are captured with the body, so that head and "
            "shoulders must be in the picture"
        )
    return (
        f"nobody was found in {video} for long enough; people must be visible for about half a second, "
        "not too small and not too dark"
    )


def shows_hands(video: Path) -> bool:
    """Returns whether a video shows hands, by some of its frames.

    Raises:
        MediaError: the video cannot be read.
        ModelError: the networks cannot be loaded.
    """
    networks = HandNetworks()
    with FrameReader(video, max_side=MAX_SIDE) as reader:
        step = max((reader.clip.frame_count or SAMPLE_COUNT) // SAMPLE_COUNT, 1)
        found = [_shows_palm(networks, frame) for index, frame in enumerate(reader) if index % step == step // 2]
    return len(found) > 0 and float(np.mean(found)) >= MIN_SHARE


def _shows_palm(networks: HandNetworks, frame: RgbImage) -> bool:
    height, width = frame.shape[:2]
    whole = RotatedRoi(np.array([width / 2, height / 2]), float(max(height, width)), 0.0)
    return any(palm.score >= MIN_PALM_SCORE for palm in networks.detect_palms(frame, whole)[:1])
