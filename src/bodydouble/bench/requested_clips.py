"""Clips of rendered people on request, and a contact sheet of them."""

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
from bodydouble.synthetic.cameras import Move

FRAME_RATE_RANGE = (Fraction(10), Fraction(60))
TILE_SIZE = (384, 216)
COLUMNS = 5


@dataclass(frozen=True, slots=True)
class ClipOptions:
    """What is asked for; everything else is random."""

    people: int = 1
    camera_move: Move | None = None
    """None: any."""
    portrait: bool = False
    fps: Fraction = Fraction(30)
    seed: int = 0


def load_motions(paths: Sequence[Path]) -> list[Motion]:
    """The motions of files.

    Raises:
        FormatError: a file cannot be read or holds none.
    """
    loaded = [named.motion for path in paths for named in mocap_files.read(path)]
    if not loaded:
        raise FormatError(f"there is no motion in {', '.join(map(str, paths))}")
    return loaded


def build_shot(motions: Sequence[Motion], number: int, options: ClipOptions) -> rendered_clip.Shot:
    """One of many clips: the same number gives the same one."""
    rng = np.random.default_rng([options.seed, number])
    chosen = [motions[(number + k) % len(motions)] if k == 0 else motions[int(rng.integers(len(motions)))]
              for k in range(options.people)]  # fmt: skip
    move = options.camera_move or list(Move)[int(rng.integers(len(Move)))]
    settings = rendered_clip.ShotOptions(
        move,
        rendered_clip.PORTRAIT if options.portrait else rendered_clip.LANDSCAPE,
        objects=int(rng.integers(3)) if options.people > 1 else int(rng.random() < 0.3),
    )
    resampled = [resample_for_video(motion, options.fps) for motion in chosen]
    return rendered_clip.direct(loop_to_equal_length(resampled), int(rng.integers(2**31)), settings)


def write_contact_sheet(clips: Sequence[tuple[Path, Path]], path: Path, seed: int = 0) -> None:
    """A random frame of each clip, the true landmarks drawn in: green where visible, red where hidden.

    Args:
        clips: video and truth of each.
        path: the PNG file.
        seed: of the choice of frames.

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
    """Draws points (33, 3) into a picture (H, W, 3)."""
    height, width = image.shape[:2]
    size = max(2, height // 160)
    for x, y, visible in keypoints:
        if 0 <= x < width and 0 <= y < height:
            rows, columns = slice(max(0, int(y) - size), int(y) + size), slice(max(0, int(x) - size), int(x) + size)
            image[rows, columns] = (40, 220, 60) if visible else (230, 40, 40)
