"""Runs MediaPipe Pose over a video: a path -> the number of frames on standard output.

Usage: python mediapipe_pose.py VIDEO. The interpreter is that of another environment, which has mediapipe and the
OpenCV that comes with it, but not this package. Complexity 1 is the variant "full" of the landmark network.
"""

import importlib
import sys
from typing import Any


def count_frames(video: str) -> int:
    """Tracks the person in a video with the options that MediaPipe has for videos; returns the number of frames."""
    cv2: Any = importlib.import_module("cv2")
    mediapipe: Any = importlib.import_module("mediapipe")
    capture, frames = cv2.VideoCapture(video), 0
    with mediapipe.solutions.pose.Pose(model_complexity=1) as pose:
        while True:
            is_read, image = capture.read()
            if not is_read:
                return frames
            pose.process(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
            frames += 1


if __name__ == "__main__":
    sys.stdout.write(f"{count_frames(sys.argv[1])}\n")
