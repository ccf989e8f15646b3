"""Synthetic clips on request (``synth render``), and a contact sheet of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

from bodydouble.bench.synthetic_set import loop_to_equal_length, resample_for_video
from bodydouble.data import FloatArray, Motion, Performance, RgbImage
from bodydouble.errors import FormatError
from bodydouble.formats import performance
from bodydouble.formats.atomic import atomic_write
from bodydouble.formats.media import FrameReader
from bodydouble.synthetic import mocap_files, rendered_clip
from bodydouble.synthetic.cameras import CameraMotion

FRAME_RATE_RANGE = (Fraction(10), Fraction(60))
"""Minimum and maximum frame rate of a clip in frames/s."""
TILE_SIZE = (384, 216)
"""Width and height in px of a tile of the contact sheet."""
COLUMNS = 5
"""Number of tiles per row of the contact sheet."""


@dataclass(frozen=True, slots=True)
class ClipOptions:
    """Requested properties of the clips; everything else is random."""

    people: int = 1
    """Number of people per clip."""
    camera_motion: CameraMotion | None = None
    """Motion of the virtual camera; None: a random one per clip."""
    portrait: bool = False
    fps: Fraction = Fraction(30)
    """Frame rate in frames/s."""
    seed: int = 0


def load_motions(paths: Sequence[Path]) -> list[Motion]:
    """Loads the motions of files.

    Raises:
        FormatError: a file cannot be read, or no file has a motion.
    """
    loaded = [named.motion for path in paths for named in mocap_files.read(path)]
    if not loaded:
        raise FormatError(f"there is no motion in {', '.join(map(str, paths))}")
    return loaded


def build_clip_scene(motions: Sequence[Motion], number: int, options: ClipOptions) -> rendered_clip.ClipScene:
    """Builds the scene of one of many clips; the same number and seed give the same scene."""
    rng = np.random.default_rng([options.seed, number])
    selected = [motions[(number + k) % len(motions)] if k == 0 else motions[int(rng.integers(len(motions)))]
              for k in range(options.people)]  # fmt: skip
    move = options.camera_motion or list(CameraMotion)[int(rng.integers(len(CameraMotion)))]
    settings = rendered_clip.SceneOptions(
        move,
        rendered_clip.PORTRAIT if options.portrait else rendered_clip.LANDSCAPE,
        occluder_count=int(rng.integers(3)) if options.people > 1 else int(rng.random() < 0.3),
    )
    resampled = [resample_for_video(motion, options.fps) for motion in selected]
    return rendered_clip.sample_scene(loop_to_equal_length(resampled), int(rng.integers(2**31)), settings)


def write_contact_sheet(clips: Sequence[tuple[Path, Path]], path: Path, seed: int = 0) -> None:
    """Writes a random frame of each clip with its true landmarks: green if visible, red if occluded.

    Args:
        clips: video and ground truth of each clip.
        path: PNG file to write.
        seed: seed of the choice of frames.

    Raises:
        BodydoubleError: a clip cannot be read or the file cannot be written.
    """
    rng = np.random.default_rng(seed)
    tiles = [_make_tile(video, performance.load(truth), rng) for video, truth in clips]
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % COLUMNS)
    rows = [np.concatenate(tiles[i : i + COLUMNS], axis=1) for i in range(0, len(tiles), COLUMNS)]
    with atomic_write(path) as temporary:
        Image.fromarray(np.concatenate(rows)).save(temporary, "PNG")


def _make_tile(video: Path, truth: Performance, rng: np.random.Generator) -> RgbImage:
    frame_index = int(rng.integers(truth.frame_count))
    with FrameReader(video) as reader:
        image = next(frame for index, frame in enumerate(reader) if index == frame_index).copy()
    for person in truth.people:
        _draw_keypoints(image, person.track.keypoints[frame_index])
    thumbnail = Image.fromarray(image)
    thumbnail.thumbnail(TILE_SIZE)
    tile = np.zeros((TILE_SIZE[1], TILE_SIZE[0], 3), dtype=np.uint8)
    tile[: thumbnail.height, : thumbnail.width] = np.asarray(thumbnail)
    return tile


def _draw_keypoints(image: RgbImage, keypoints: FloatArray) -> None:
    """Draws landmarks (33, 3) into an image (H, W, 3)."""
    height, width = image.shape[:2]
    size = max(2, height // 160)
    for x, y, visible in keypoints:
        if 0 <= x < width and 0 <= y < height:
            rows, columns = slice(max(0, int(y) - size), int(y) + size), slice(max(0, int(x) - size), int(x) + size)
            image[rows, columns] = (40, 220, 60) if visible else (230, 40, 40)
