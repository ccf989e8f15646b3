"""Shots of a film: frames and person masks -> ``Shot``s, each with the alignment of its frames on a plate."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from bodydouble.data import Background, Camera, FloatArray, RgbImage
from bodydouble.film.backgrounds.alignment import Alignment, align_frames, is_static
from bodydouble.film.backgrounds.person_masks import PersonMasks
from bodydouble.perception.background import BackgroundTracker
from bodydouble.perception.shots.detect import split_into_shots

MAX_PLATE_SIZE = np.array([4.0, 2.5])
"""Maximum width and height of a plate, in widths and heights of the frame."""
MIN_INLIER_FRACTION = 0.6
"""Minimum fraction of the corners that fit the alignment; with fewer, near and far things move differently."""
MIN_BACKDROP_INLIER_FRACTION = 0.85
"""The same where the plate shows the whole frame, not only what people cover."""
MIN_PLATE_FRAMES = 12
"""Minimum number of frames with a plate of their own."""


@dataclass(frozen=True, slots=True)
class Shot:
    """Stretch of frames that show one plate: a shot, or a part of one in which the camera moves far."""

    start: int
    """First frame."""
    plate_from_frame: FloatArray | None
    """(N, 3, 3) px, homography of each frame onto the plate; None if the camera stands still."""
    frame_count: int
    has_backdrop: bool
    """Whether one plate shows the whole frames; False where near and far things move differently."""

    @property
    def stop(self) -> int:
        """Frame after the last one."""
        return self.start + self.frame_count

    @property
    def is_static(self) -> bool:
        """Whether the camera stands still."""
        return self.plate_from_frame is None


def find_shots(frames: Iterable[RgbImage], masks: PersonMasks, camera: Camera) -> list[Shot]:
    """Finds the shots of a film and aligns the frames of those in which the camera moves.

    Args:
        frames: (H, W, 3) RGB, in order, all of one size.
        masks: the people.
        camera: as the performance has it; where it stands still, small movements of the background do not count.
    """
    tracker = BackgroundTracker()
    starts: set[int] = {0}
    size, count = (1, 1), 0
    for frame in split_into_shots(frames):
        size, count = (frame.image.shape[1], frame.image.shape[0]), count + 1
        if frame.is_shot_start:
            tracker.begin_shot()
        starts.update(frame.shot_starts)
        tracker.process_frame(frame.image, masks.boxes(frame.index) * (size[0] / masks.size[0]))
    background = tracker.result()
    bounds = [*sorted(starts), count]
    return [
        shot
        for start, stop in pairwise(bounds)
        for shot in _align_shot(background, start, stop, size, camera.camera_from_world)
    ]


def _align_shot(
    background: Background, start: int, stop: int, size: tuple[int, int], camera_from_world: FloatArray
) -> list[Shot]:
    """Aligns the frames of a shot; if they do not fit on one plate, each half of it gets one of its own."""
    poses = camera_from_world[start:stop]
    stands_still = not len(poses) or bool(np.allclose(poses, poses[:1], atol=1e-6))
    if is_static(background, start, stop, size[0], stands_still=stands_still):
        return [Shot(start, None, stop - start, has_backdrop=True)]
    alignment = align_frames(background, start, stop, size[0])
    if stop - start < 2 * MIN_PLATE_FRAMES or _fits_on_plate(alignment, size):
        has_backdrop = float(np.median(alignment.inlier_fraction)) >= MIN_BACKDROP_INLIER_FRACTION
        return [Shot(start, alignment.plate_from_frame, stop - start, has_backdrop)]
    middle = (start + stop) // 2
    return [
        shot
        for low, high in ((start, middle), (middle, stop))
        for shot in _align_shot(background, low, high, size, camera_from_world)
    ]


def _fits_on_plate(alignment: Alignment, size: tuple[int, int]) -> bool:
    low, high = canvas_bounds(alignment.plate_from_frame, size)
    is_small = bool(np.all(high - low <= MAX_PLATE_SIZE * np.array(size)))
    return is_small and float(np.median(alignment.inlier_fraction)) >= MIN_INLIER_FRACTION


def canvas_bounds(plate_from_frame: FloatArray, size: tuple[int, int]) -> tuple[FloatArray, FloatArray]:
    """Returns the lowest and highest x and y (2,) px of the frames on their plate, whole numbers.

    Args:
        plate_from_frame: (N, 3, 3) homographies.
        size: width and height of the frames, px.
    """
    width, height = size
    corners = np.array([[0.0, 0.0, 1.0], [width, 0.0, 1.0], [0.0, height, 1.0], [width, height, 1.0]])
    mapped = corners @ np.swapaxes(plate_from_frame, -1, -2)
    mapped = mapped[..., :2] / mapped[..., 2:]
    return np.floor(mapped.min(axis=(0, 1))), np.ceil(mapped.max(axis=(0, 1)))


def shot_of_frame(shots: Sequence[Shot], index: int) -> int:
    """Returns the index of the shot that shows a frame; of the nearest one if the frame lies outside the film."""
    return int(np.clip(np.searchsorted([shot.start for shot in shots], index, side="right") - 1, 0, len(shots) - 1))
