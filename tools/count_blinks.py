"""Prints the times at which people blink in videos, as captured: for a comparison with what the eye counts.

Usage::

    python tools/count_blinks.py ../shared/data/videos/book.mkv ../shared/data/videos/intel_asl_*.mkv

A blink is a stretch of frames in which both eyes are closed by at least half.
"""

import argparse
from pathlib import Path

import numpy as np

from bodydouble.data import Face
from bodydouble.pipeline.capturing import capture
from bodydouble.skeletons.arkit import INDEX

CLOSED = 0.5
"""Weight from which on an eye counts as closed."""


def blink_frames(face: Face) -> list[tuple[int, int]]:
    """Returns the first and the last frame of each blink, counted from the first frame of the person."""
    closed = face.weights[:, [INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"]]].min(axis=1) >= CLOSED
    edges = np.flatnonzero(np.diff(np.concatenate([[False], closed, [False]]).astype(int)))
    return [(int(first), int(end) - 1) for first, end in edges.reshape(-1, 2)]


def main() -> None:
    """Captures each video and prints the blinks of its people."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", type=Path, nargs="+")
    for video in parser.parse_args().videos:
        for person in capture(video).people:
            if person.face is None:
                print(f"{video.name} {person.name}: no face")
                continue
            first_frame = int(person.track.frames[0])
            blinks = [f"{first + first_frame} to {last + first_frame}" for first, last in blink_frames(person.face)]
            seen = f"face in {100 * person.face.observed.mean():.0f} % of {len(person.face.observed)} frames"
            print(f"{video.name} {person.name}: {seen}; blinks in frames {', '.join(blinks) or 'none'}", flush=True)


if __name__ == "__main__":
    main()
