"""Runs the stages in order: video -> people -> tracks -> motion -> characters -> files, preview and report.

``capture`` returns a ``Performance``; ``animate`` also writes rigged characters and returns an ``AnimationResult``.
Read ``capturing.py`` (video to motion) first, then ``animating.py`` (motion to files).
"""

from bodydouble.pipeline.animated_characters import AnimatedCharacter, retarget_to_character
from bodydouble.pipeline.animating import (
    FACE_EMBEDDINGS_FILE,
    PERFORMANCE_FILE,
    AnimationResult,
    animate,
    capture_to_folder,
    clip_name,
    default_folder,
)
from bodydouble.pipeline.capturing import CaptureOptions, capture
from bodydouble.pipeline.progress import Progress

__all__ = [
    "FACE_EMBEDDINGS_FILE",
    "PERFORMANCE_FILE",
    "AnimatedCharacter",
    "AnimationResult",
    "CaptureOptions",
    "Progress",
    "animate",
    "capture",
    "capture_to_folder",
    "clip_name",
    "default_folder",
    "retarget_to_character",
]
