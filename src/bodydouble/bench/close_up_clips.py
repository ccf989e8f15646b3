"""Test sets of close-ups: rendered hands and faces of known pose, in several sizes; separate sets for tuning."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bodydouble.bench.clip_cache import BenchClip, cache_key, default_cache_dir, load_or_render
from bodydouble.synthetic.close_ups.scene import FaceScene, HandsScene, sample_face_scene, sample_hands_scene

HAND_SIZES = (44, 50, 60, 70, 80, 95, 110, 130, 150, 170, 190, 200)
"""Length in px of the hands of each clip."""
HAND_SEED, TUNING_HAND_SEED = 5000, 6000
"""First seed of the clips that are reported, and of those on which constants may be chosen."""
FACE_SIZES = (44, 50, 64, 72, 84, 96, 110, 130, 160, 200, 250, 300)
"""Height in px of the face of each clip."""
FACE_SEED, TUNING_FACE_SEED = 7000, 8000
"""First seed of the clips that are reported, and of those on which constants may be chosen."""
FRAME_COUNT = 75
"""Number of frames of a clip."""


@dataclass(frozen=True, slots=True)
class HandClip:
    """Specification of a clip of hands."""

    seed: int
    size: int
    """Length of the hands in px."""

    @property
    def name(self) -> str:
        """Name of the clip."""
        return f"hands_{self.size}px_{self.seed}"


def hand_clips(first_seed: int = HAND_SEED) -> list[HandClip]:
    """Specifies the clips of hands, one body per clip."""
    return [HandClip(first_seed + i, size) for i, size in enumerate(HAND_SIZES)]


@cache
def build_hands_scene(spec: HandClip) -> HandsScene:
    """Builds the scene of a clip of hands."""
    return sample_hands_scene(spec.seed, spec.size, FRAME_COUNT)


def render_hands(spec: HandClip, cache_dir: Path | None = None) -> BenchClip:
    """Returns a clip of hands, from the cache if it has been rendered before.

    Raises:
        BodydoubleError: the clip cannot be written.
    """
    key = _key([spec.seed, spec.size, FRAME_COUNT])
    folder = cache_dir or default_cache_dir()
    return load_or_render(spec.name, key, lambda: build_hands_scene(spec).scene, folder, "hands")


@dataclass(frozen=True, slots=True)
class FaceClip:
    """Specification of a clip of a face."""

    seed: int
    size: int
    """Height of the face in px."""

    @property
    def name(self) -> str:
        """Name of the clip."""
        return f"face_{self.size}px_{self.seed}"


def face_clips(first_seed: int = FACE_SEED) -> list[FaceClip]:
    """Specifies the clips of faces, one body per clip."""
    return [FaceClip(first_seed + i, size) for i, size in enumerate(FACE_SIZES)]


@cache
def build_face_scene(spec: FaceClip) -> FaceScene:
    """Builds the scene of a clip of a face."""
    return sample_face_scene(spec.seed, spec.size, FRAME_COUNT)


def render_face(spec: FaceClip, cache_dir: Path | None = None) -> BenchClip:
    """Returns a clip of a face, from the cache if it has been rendered before.

    Raises:
        BodydoubleError: the clip cannot be written.
    """
    key = _key([spec.seed, spec.size, FRAME_COUNT])
    folder = cache_dir or default_cache_dir()
    return load_or_render(spec.name, key, lambda: build_face_scene(spec).scene, folder, "faces")


def _key(description: Sequence[int]) -> str:
    return cache_key(list(description), ())
