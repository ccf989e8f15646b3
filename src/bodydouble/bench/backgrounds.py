"""Backgrounds of films: flicker, what remains of people, errors where they stood, and time.

On rendered clips the truth is the same scene rendered without people. On other videos only flicker and time are
measured.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from time import process_time
from typing import Any

import cv2
import numpy as np

from bodydouble.bench.capture_cache import load_or_capture
from bodydouble.bench.clip_cache import cache_key, default_cache_dir, load_or_render
from bodydouble.bench.report import TableData
from bodydouble.bench.synthetic_set import DEFAULT_FPS, loop_to_equal_length, resample_for_video
from bodydouble.data import FloatArray, Performance, RgbImage
from bodydouble.errors import NoPeopleError
from bodydouble.film.backgrounds import create_background
from bodydouble.formats.media import FrameReader
from bodydouble.pipeline import Progress, capture, motion_library
from bodydouble.synthetic import rendered_clip
from bodydouble.synthetic.cameras import CameraMotion

IMAGE_SIZE = (960, 540)
"""Width and height of the rendered clips, px."""
SEED = 7000
"""First seed of the rendered clips."""
MOTIONS = ("walk", "wave")
"""Motions of the two people of the rendered clips."""
MIN_PERSON_DIFFERENCE = 20.0
"""Minimum difference between a frame and the place without people where it shows a person, grey levels."""


@dataclass(frozen=True, slots=True)
class BackgroundFigures:
    """Figures of one kind of background on one clip; NaN where nothing was measured."""

    name: str
    kind: str
    frames: int
    flicker: float
    """Mean difference between consecutive frames, grey levels; static cameras only."""
    error: float
    """Mean difference from the truth where people stood, grey levels."""
    visible_percent: float
    """Pixels of people that are closer to the frame than to the truth, in percent."""
    preparation_seconds: float
    """Processor time before the first frame, s."""
    frame_milliseconds: float
    """Processor time per frame, ms."""


def measure_videos(videos: Sequence[Path], quality: str, progress: Progress | None = None) -> list[BackgroundFigures]:
    """Captures videos and measures their backgrounds.

    Raises:
        BodydoubleError: a video cannot be read.
    """
    progress = progress or Progress()
    figures: list[BackgroundFigures] = []
    with progress.stage("backgrounds", len(videos)):
        for video in progress.track(videos):
            try:
                performance = capture(video, quality=quality)
            except NoPeopleError:
                continue
            figures += [_measure(video.stem, kind, video, performance) for kind in ("clean", "toon")]
    return figures


def measure_rendered(quality: str, progress: Progress | None = None) -> list[BackgroundFigures]:
    """Renders and captures clips of two people before a static and moving cameras, and measures their backgrounds.

    Raises:
        BodydoubleError: there is no OpenGL on this machine, or a clip cannot be written.
    """
    progress = progress or Progress()
    moves = list(CameraMotion)
    figures: list[BackgroundFigures] = []
    with progress.stage("backgrounds", len(moves)):
        for number, move in enumerate(progress.track(moves)):
            scene = _build_scene(number, move)
            key = cache_key([MOTIONS, SEED, move.value, IMAGE_SIZE], [motion_library.LIBRARY_FILE])
            clip = load_or_render(move.value, key, partial(_build_scene, number, move), _cache_dir())
            performance, _ = load_or_capture(clip.video, quality)
            if performance is not None:
                truth = rendered_clip.render_frames(_remove_people(scene))
                figures.append(_measure(clip.name, "clean", clip.video, performance, truth))
                figures.append(_measure(clip.name, "toon", clip.video, performance))
    return figures


def _cache_dir() -> Path:
    return default_cache_dir().with_name("backgrounds")


def _build_scene(number: int, move: CameraMotion) -> rendered_clip.ClipScene:
    """Builds the scene of one of the rendered clips."""
    motions = [resample_for_video(motion_library.load(name)[1], DEFAULT_FPS) for name in MOTIONS]
    options = rendered_clip.SceneOptions(move, IMAGE_SIZE)
    return rendered_clip.sample_scene(loop_to_equal_length(motions), SEED + number, options)


def _remove_people(scene: rendered_clip.ClipScene) -> rendered_clip.ClipScene:
    """Returns a scene without people, noise and motion blur."""
    return replace(scene, people=(), exposure=replace(scene.exposure, noise_sigma=0.0, subframe_count=1))


def _measure(
    name: str, kind: str, video: Path, performance: Performance, truth: Iterable[RgbImage] | None = None
) -> BackgroundFigures:
    with FrameReader(video, fps=performance.fps) as reader:
        start = process_time()
        background = create_background(kind, performance, lambda: reader, reader.clip.image_size)
        preparation = process_time() - start
        frames, places = list(reader), None if truth is None else list(truth)
    start = process_time()
    images = [background.frame(index, frame) for index, frame in enumerate(frames)]
    seconds = process_time() - start
    poses = performance.camera.camera_from_world
    is_static = bool(np.allclose(poses, poses[:1]))
    errors = _compare_with_truth(frames, images, places) if places else np.full(2, np.nan)
    return BackgroundFigures(
        name, kind, len(frames), measure_flicker(images) if is_static else np.nan,
        float(errors[0]), float(errors[1]), preparation, 1000 * seconds / max(len(frames), 1),
    )  # fmt: skip


def measure_flicker(images: Sequence[RgbImage]) -> float:
    """Returns the mean difference between consecutive images (H, W, 3), grey levels."""
    differences = [float(cv2.absdiff(a, b).mean()) for a, b in pairwise(images)]
    return float(np.mean(differences)) if differences else float("nan")


def _compare_with_truth(
    frames: Sequence[RgbImage], images: Sequence[RgbImage], places: Sequence[RgbImage]
) -> FloatArray:
    """Returns the mean error where people stood, and the percentage of their pixels that remain visible."""
    count, error, visible = 0, 0.0, 0
    for frame, image, place in zip(frames, images, places, strict=False):
        person = np.abs(frame.astype(np.int16) - place).mean(axis=-1) > MIN_PERSON_DIFFERENCE
        from_place = np.abs(image.astype(np.int16) - place).mean(axis=-1)[person]
        from_frame = np.abs(image.astype(np.int16) - frame).mean(axis=-1)[person]
        count += int(person.sum())
        error += float(from_place.sum())
        visible += int((from_frame < from_place).sum())
    return np.array([error, 100.0 * visible]) / max(count, 1)


def tabulate(figures: Sequence[BackgroundFigures]) -> TableData:
    """Returns headings and rows of a table, one row per clip and kind."""
    headings = ["clip", "kind", "frames", "flicker", "error", "visible, %", "preparation, s", "ms per frame"]
    rows = [
        [
            f.name, f.kind, str(f.frames), f"{f.flicker:.2f}", f"{f.error:.1f}", f"{f.visible_percent:.1f}",
            f"{f.preparation_seconds:.1f}", f"{f.frame_milliseconds:.0f}",
        ]
        for f in figures
    ]  # fmt: skip
    return headings, [["-" if cell == "nan" else cell for cell in row] for row in rows]


def as_dict(quality: str, figures: Sequence[BackgroundFigures]) -> dict[str, Any]:
    """Returns all figures, ready for JSON; None where nothing was measured."""
    clips = [
        {key: None if isinstance(value, float) and np.isnan(value) else value for key, value in asdict(f).items()}
        for f in figures
    ]
    return {"quality": quality, "clips": clips}
