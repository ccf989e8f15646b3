"""Compares the speed of capture with that of MediaPipe Pose: a video -> frames/s of both and their ratio."""

import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bodydouble.bench import mediapipe_pose
from bodydouble.errors import BodydoubleError

PAIRS = 3
"""Number of times that both run, in turn; other work on the machine then slows both alike."""


def check_mediapipe(python: str) -> None:
    """Raises BodydoubleError unless a Python interpreter has MediaPipe with its Pose solution."""
    try:
        outcome = subprocess.run([python, "-c", "import cv2, mediapipe; mediapipe.solutions.pose"],
                                 capture_output=True, check=False)  # fmt: skip
    except OSError as error:
        raise BodydoubleError(
            f"{python} is no Python interpreter; give that of an environment with mediapipe"
        ) from error
    if outcome.returncode != 0:
        raise BodydoubleError(f"{python} has no mediapipe; install it with: {python} -m pip install mediapipe==0.10.21")


def compare_with_mediapipe(clip: Path, python: str, run: Callable[[], float], pairs: int = PAIRS) -> dict[str, Any]:
    """Runs capture and MediaPipe in turn, each as a process of its own, start-up included.

    Args:
        clip: video.
        python: interpreter of an environment with MediaPipe.
        run: function that captures the video and returns frames/s.
        pairs: number of times that both run.

    Returns:
        Frames/s of both in each pair, the medians, and the median ratio (bodydouble to MediaPipe) of the pairs.

    Raises:
        BodydoubleError: a run failed.
    """
    rates = [(run(), _mediapipe_frames_per_second(clip, python)) for _ in range(pairs)]
    ours, theirs = zip(*rates, strict=True)
    return {
        "pairs": [{"bodydouble": a, "mediapipe": b, "ratio": a / b} for a, b in rates],
        "bodydouble": statistics.median(ours),
        "mediapipe": statistics.median(theirs),
        "ratio": statistics.median(a / b for a, b in rates),
    }


def _mediapipe_frames_per_second(clip: Path, python: str) -> float:
    start = time.perf_counter()
    outcome = subprocess.run([python, mediapipe_pose.__file__, str(clip)], capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    if outcome.returncode != 0:
        raise BodydoubleError(f"MediaPipe failed: {outcome.stderr.strip()[-500:]}")
    return int(outcome.stdout.split()[-1]) / seconds
