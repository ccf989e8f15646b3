"""What the landmark network sees on rendered people, beside what is there: the detector's true noise."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from bodydouble.data import FloatArray, Motion, Performance
from bodydouble.formats.atomic import atomic_write
from bodydouble.geometry import camera
from bodydouble.perception.pose.blazepose import BlazePose
from bodydouble.perception.protocols import Detection, Landmarks, RotatedRoi
from bodydouble.skeletons import coco
from bodydouble.synthetic import rendered_clip
from bodydouble.synthetic.cameras import Move
from bodydouble.training.augmentation import Repertoire

FPS = Fraction(30)
FRAMES = 64
SIZE = (640, 360)
"""px; the landmark network looks at 256 x 256 anyway."""
OBJECTS_SHARE = 0.3
"""Of the clips, with something in front of the person."""
STATIC_SHARE = 0.6
"""Of the clips, from a camera that stands still."""


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
    camera_from_world: FloatArray
    """(T, 4, 4)."""
    rest_offsets: FloatArray
    """(22, 3) m of the person's skeleton."""
    rotations: FloatArray
    """(T, 22, 4) xyzw, true, local."""
    root_position: FloatArray
    """(T, 3) m, true, world."""
    contacts: FloatArray
    """(T, 4) true."""


ARRAYS = tuple(field.name for field in fields(SeenClip) if field.name not in ("size", "intrinsics", "rest_offsets"))
"""What there is of each frame."""


def seen_clips(motions: Sequence[Motion], count: int, seed: int, networks: Sequence[BlazePose]) -> Iterator[SeenClip]:
    """Renders random stretches of motions and looks at them.

    Args:
        motions: of the 22 humanoid joints.
        count: how many clips are rendered.
        seed: of all that is random.
        networks: each looks at every clip, where the person was in the frame before, as in a video.

    Yields:
        One clip per network for each that is rendered.
    """
    rng = np.random.default_rng(seed)
    repertoire = Repertoire(motions, FRAMES, FPS)
    for number in range(count):
        move = Move.STATIC if rng.random() < STATIC_SHARE else list(Move)[int(rng.integers(len(Move)))]
        options = rendered_clip.ShotOptions(move, SIZE, objects=int(rng.random() < OBJECTS_SHARE))
        made = rendered_clip.direct([repertoire.draw(rng)], seed * 100_003 + number, options)
        yield from _seen(made, networks)


def _seen(made: rendered_clip.Shot, networks: Sequence[BlazePose]) -> Iterator[SeenClip]:
    truth = rendered_clip.truth_of(made)
    looks: list[list[Landmarks]] = [[] for _ in networks]
    for frame, picture in enumerate(rendered_clip.pictures(made)):
        for network, own in zip(networks, looks, strict=True):
            there = own and own[-1].presence > 0.5
            region = own[-1].roi if there else _true_region(truth, frame, network)
            own.append(network.locate(picture, region))
    motion = truth.people[0].motion
    for own in looks:
        yield SeenClip(
            truth.camera.image_size,
            truth.camera.intrinsics,
            np.stack([look.keypoints for look in own]),
            np.stack([look.landmarks_3d for look in own]),
            camera.transform(truth.camera.camera_from_world, made.actors[0].landmarks),
            truth.camera.camera_from_world,
            motion.skeleton.rest_offsets,
            motion.rotations,
            motion.root_position,
            motion.contacts,
        )


def _true_region(truth: Performance, frame: int, network: BlazePose) -> RotatedRoi:
    track = truth.people[0].track
    return network.roi_from_detection(
        Detection(track.boxes[frame], track.keypoints[frame][list(coco.FROM_BLAZEPOSE)], 1.0)
    )


def save(path: Path, clips: Sequence[SeenClip]) -> None:
    """Writes clips of equal length as one file.

    Raises:
        OutputError: the file cannot be written.
    """
    arrays: dict[str, Any] = {
        name: np.concatenate([getattr(clip, name) for clip in clips]).astype(np.float32) for name in ARRAYS
    }
    arrays["rest_offsets"] = np.stack([clip.rest_offsets for clip in clips])
    arrays["sizes"] = np.array([clip.size for clip in clips])
    arrays["intrinsics"] = np.stack([clip.intrinsics for clip in clips])
    arrays["lengths"] = np.array([len(clip.keypoints) for clip in clips])
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)
