"""What the landmark network sees on rendered people, beside what is there: the detector's true noise."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from bodydouble.data import FloatArray, Motion, Performance
from bodydouble.evaluation.truth import shot
from bodydouble.evaluation.truth.cameras import Move
from bodydouble.formats.atomic import atomic_write
from bodydouble.geometry import camera
from bodydouble.motion.resample import motion_at, rows
from bodydouble.perception.landmarks import BlazePose
from bodydouble.perception.protocols import Detection, Region
from bodydouble.skeletons import coco

FPS = Fraction(30)
FRAMES = 64
SIZE = (640, 360)
"""px; the landmark network looks at 256 x 256 anyway."""
OBJECTS_SHARE = 0.3
"""Of the clips, with something in front of the person."""


@dataclass(frozen=True, slots=True)
class SeenClip:
    """One person in one clip, as seen and as it is."""

    size: tuple[int, int]
    intrinsics: FloatArray
    """(3, 3) px."""
    keypoints: FloatArray
    """(T, 33, 3) px, px, confidence, as detected."""
    rough_joints: FloatArray
    """(T, 33, 3) m, as detected."""
    true_joints: FloatArray
    """(T, 33, 3) m, camera axes: where the landmarks truly are."""


def seen_clips(motions: Sequence[Motion], count: int, seed: int, network: BlazePose) -> Iterator[SeenClip]:
    """Renders random stretches of motions and looks at them.

    Args:
        motions: of the 22 humanoid joints.
        count: how many clips.
        seed: of all that is random.
        network: looks where the person was in the frame before, as in a video.
    """
    rng = np.random.default_rng(seed)
    seconds = np.array([len(motion.rotations) / float(motion.fps) for motion in motions])
    for number in range(count):
        motion = motions[int(rng.choice(len(motions), p=seconds / seconds.sum()))]
        options = shot.ShotOptions(
            list(Move)[int(rng.integers(len(Move)))], SIZE, objects=int(rng.random() < OBJECTS_SHARE)
        )
        made = shot.direct([_stretch(motion, rng)], seed * 100_003 + number, options)
        yield _seen(made, network)


def _stretch(motion: Motion, rng: np.random.Generator) -> Motion:
    at_rate = motion_at(motion, FPS)
    spare = max(len(at_rate.rotations) - FRAMES, 0)
    start = int(rng.integers(spare + 1))
    return rows(at_rate, slice(start, start + FRAMES))


def _seen(made: shot.Shot, network: BlazePose) -> SeenClip:
    truth = shot.truth_of(made)
    looks = []
    region: Region | None = None
    for frame, picture in enumerate(shot.pictures(made)):
        found = network.locate(picture, region or _true_region(truth, frame, network))
        region = found.region if found.presence > 0.5 else None
        looks.append(found)
    return SeenClip(
        truth.camera.size,
        truth.camera.intrinsics,
        np.stack([look.keypoints for look in looks]),
        np.stack([look.rough_joints for look in looks]),
        _camera_joints(made, truth),
    )


def _true_region(truth: Performance, frame: int, network: BlazePose) -> Region:
    track = truth.people[0].track
    return network.first_region(Detection(track.boxes[frame], track.keypoints[frame][list(coco.FROM_BLAZEPOSE)], 1.0))


def _camera_joints(made: shot.Shot, truth: Performance) -> FloatArray:
    return camera.transform(truth.camera.camera_from_world, made.actors[0].landmarks)


def save(path: Path, clips: Sequence[SeenClip]) -> None:
    """Writes clips of equal length as one file.

    Raises:
        OutputError: the file cannot be written.
    """
    arrays: dict[str, Any] = {
        name: np.concatenate([getattr(clip, name) for clip in clips]).astype(np.float32)
        for name in ("keypoints", "rough_joints", "true_joints")
    }
    arrays["sizes"] = np.array([clip.size for clip in clips])
    arrays["intrinsics"] = np.stack([clip.intrinsics for clip in clips])
    arrays["lengths"] = np.array([len(clip.keypoints) for clip in clips])
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)
