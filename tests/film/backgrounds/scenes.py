"""Films of a figure before a textured place, with the performance that belongs to them and the place as truth."""

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

import cv2
import numpy as np
from numpy.typing import NDArray

from bodydouble.data import Camera, FloatArray, Performance, Person, RgbImage, Track
from bodydouble.geometry import silhouette
from tests import builders

SIZE = (320, 240)
FPS = Fraction(20)
TRUNK = 24.0
"""Trunk length of the figure, px."""

_X = {
    "shoulder": 0.35,
    "elbow": 0.5,
    "wrist": 0.55,
    "hip": 0.22,
    "knee": 0.25,
    "ankle": 0.27,
    "ear": 0.1,
    "index": 0.57,
}
_Y = {"shoulder": -1.0, "elbow": -0.5, "wrist": 0.0, "hip": 0.0, "knee": 0.85, "ankle": 1.6, "ear": -1.4, "index": 0.1}


def figure(hips: tuple[float, float]) -> FloatArray:
    """Landmarks (33, 2) px of a standing figure whose hips are at a place."""
    points = np.tile(np.array([0.0, -1.4]), (33, 1))
    pairs = {"shoulder": 11, "elbow": 13, "wrist": 15, "hip": 23, "knee": 25, "ankle": 27, "ear": 7, "index": 19}
    for name, left in pairs.items():
        points[left], points[left + 1] = (_X[name], _Y[name]), (-_X[name], _Y[name])
    points[[17, 21]], points[[18, 22]] = points[19], points[20]
    points[[29, 31]], points[[30, 32]] = (0.27, 1.75), (-0.27, 1.75)
    return np.asarray(TRUNK * points + np.array(hips))


def texture(size: tuple[int, int], seed: int = 0) -> RgbImage:
    """A place with soft patches of colour and sharp marks."""
    rng = np.random.default_rng(seed)
    soft = cv2.resize(rng.uniform(60, 200, (size[1] // 40, size[0] // 40, 3)).astype(np.float32), size)
    marks = cv2.resize(rng.uniform(-30, 30, (size[1] // 6, size[0] // 6)).astype(np.float32), size)
    return np.asarray(np.clip(soft + marks[..., None], 0, 255), np.uint8)


def draw_figure(image: RgbImage, points: FloatArray, color: tuple[int, int, int] = (40, 30, 160)) -> RgbImage:
    """A copy of an image with a figure, a little thinner than a silhouette."""
    image = image.copy()
    lines = silhouette.build_silhouettes(points)
    for start, end, radius in zip(lines.starts, lines.ends, lines.radii, strict=True):
        ends = np.round([start, end]).astype(int).tolist()
        cv2.line(image, ends[0], ends[1], color, max(1, round(1.8 * radius)))
    return image


@dataclass(frozen=True)
class Film:
    """Frames, the same without the figure, and the performance."""

    frames: list[RgbImage]
    places: list[RgbImage]
    performance: Performance
    size: tuple[int, int] = field(default=SIZE)

    def open(self) -> list[RgbImage]:
        return self.frames

    def covered(self, index: int) -> NDArray[np.bool_]:
        """(H, W) where the figure differs from the place."""
        return np.asarray((self.frames[index] != self.places[index]).any(axis=-1))


def make_film(
    places: list[RgbImage],
    hips: Callable[[int], tuple[float, float]],
    paint: Callable[[int, RgbImage], RgbImage] | None = None,
    first: int = 0,
) -> Film:
    """A film of a figure that appears in a frame and moves; ``paint`` draws what stands before it."""
    count = len(places)
    points = np.stack([figure(hips(i)) for i in range(count)])
    paint = paint or (lambda _, image: image)
    frames = [paint(i, draw_figure(place, points[i]) if i >= first else place) for i, place in enumerate(places)]
    performance = performance_of(points[first:], first, count)
    return Film(frames, [paint(i, place) for i, place in enumerate(places)], performance)


def performance_of(points: FloatArray, first: int, count: int) -> Performance:
    """A performance with keypoints (T, 33, 2) from a frame on, whose 3D body is behind the camera."""
    frames = len(points)
    motion = builders.smooth_motion(frames, fps=FPS)
    motion.root_position[:] += (0.0, 0.0, 50.0)
    track = Track(
        np.arange(first, first + frames),
        np.ones(frames, bool),
        np.concatenate([points.min(axis=1), points.max(axis=1)], axis=-1),
        np.concatenate([points, np.ones((frames, 33, 1))], axis=-1),
        np.zeros((frames, 33, 3)),
    )
    camera = builders.level_camera(count, SIZE)
    return Performance(FPS, count, camera, (Person("person1", track, motion),))


def moving_camera(performance: Performance) -> Performance:
    """The same performance with a camera that turns."""
    poses = performance.camera.camera_from_world.copy()
    poses[:, 0, 3] += 0.01 * np.arange(len(poses))
    camera = Camera(performance.camera.image_size, performance.camera.intrinsics, poses)
    return Performance(performance.fps, performance.frame_count, camera, performance.people)
