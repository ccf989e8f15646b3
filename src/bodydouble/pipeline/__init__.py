"""Runs the stages in order: video -> people -> tracks -> motion -> characters -> files, film and report."""

from bodydouble.pipeline.animating import (
    EMBEDDINGS_FILE,
    PERFORMANCE_FILE,
    AnimatedCharacter,
    Delivery,
    animate,
    capture_to_folder,
    clip_name,
    default_folder,
    play,
)
from bodydouble.pipeline.capturing import CaptureOptions, capture
from bodydouble.pipeline.progress import Monitor

__all__ = [
    "EMBEDDINGS_FILE",
    "PERFORMANCE_FILE",
    "AnimatedCharacter",
    "CaptureOptions",
    "Delivery",
    "Monitor",
    "animate",
    "capture",
    "capture_to_folder",
    "clip_name",
    "default_folder",
    "play",
]
