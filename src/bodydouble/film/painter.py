"""Painter: plan of a film and surroundings of a frame -> frame of the film."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import pairwise
from typing import Self

import cv2
import numpy as np

from bodydouble.data import FloatArray, RgbaImage, RgbImage
from bodydouble.film.compositing import composite, put_behind
from bodydouble.film.figures import Figure, FramePoses, poses_in_frame
from bodydouble.film.plan import FilmPlan
from bodydouble.film.surroundings import Surroundings
from bodydouble.film.toon_renderer import ToonRenderer


class Painter:
    """Painter of the frames of a film. A context manager; owns one renderer per picture with characters.

    Args:
        plan: content of the film.
        is_transparent: whether there is nothing behind the characters.

    Raises:
        RenderingUnavailableError: there is no OpenGL on this machine.
    """

    def __init__(self, plan: FilmPlan, *, is_transparent: bool = False) -> None:
        self._plan = plan
        self._channels = 4 if is_transparent else 3
        with ExitStack() as stack:
            self._drawers = [stack.enter_context(_CastDrawer(cast, plan.layout.panel_size)) for cast in plan.casts]
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Releases the renderers."""
        self._stack.close()

    def paint(self, frame: int, surroundings: Surroundings) -> RgbImage | RgbaImage:
        """Paints a frame of the film: (height, width, 3) RGB, or (height, width, 4) RGBA if it is transparent.

        It must not be modified.
        """
        panels, pictures = self._plan.layout.panels, self._paint_pictures(frame, surroundings)
        width, height = self._plan.layout.image_size
        if len(panels) == 1 and self._plan.layout.panel_size == (width, height):
            return next(pictures)
        image = np.zeros((height, width, self._channels), dtype=np.uint8)
        for panel, picture in zip(panels, pictures, strict=True):
            image[panel.slices] = picture
        return image

    def _paint_pictures(self, frame: int, surroundings: Surroundings) -> Iterator[RgbImage | RgbaImage]:
        """Paints the pictures of a frame: the source, if it is shown, and those with characters."""
        if surroundings.source is not None:
            yield _with_channels(surroundings.source, self._channels)
        for drawer in self._drawers:
            drawn = self._draw(drawer, frame)
            if surroundings.before is not None:
                drawn = put_behind(drawn, surroundings.before)
            behind = surroundings.behind
            yield drawn if behind is None else composite(drawn, behind)

    def _draw(self, drawer: "_CastDrawer", frame: int) -> RgbaImage:
        plan = self._plan
        poses = poses_in_frame(drawer.cast, int(plan.drawn_frames[frame]))
        intrinsics = plan.views[frame].intrinsics(plan.camera.intrinsics)
        return drawer.draw(poses, intrinsics, plan.camera.camera_from_world[frame])


class _CastDrawer:
    """Drawer of the characters of one picture; the same poses in the same view are drawn once."""

    def __init__(self, cast: Sequence[Figure], image_size: tuple[int, int]) -> None:
        self.cast = cast
        self._renderer = ToonRenderer(image_size, [figure.character for figure in cast])
        self._inputs: tuple[FramePoses, FloatArray, FloatArray] | None = None
        self._image = np.zeros((image_size[1], image_size[0], 4), dtype=np.uint8)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._renderer.close()

    def draw(self, poses: FramePoses, intrinsics: FloatArray, camera_from_world: FloatArray) -> RgbaImage:
        """Returns the picture (H, W, 4), which must not be modified."""
        if not self._is_drawn(poses, intrinsics, camera_from_world):
            self._inputs = poses, intrinsics, camera_from_world
            self._image = self._draw_fading(poses, intrinsics, camera_from_world)
        return self._image

    def _draw_fading(self, poses: FramePoses, intrinsics: FloatArray, camera_from_world: FloatArray) -> RgbaImage:
        """Draws the picture; while characters fade, it is a mean of pictures with and without them."""
        levels = sorted({*poses.opacities, 0.0}, reverse=True)
        if levels in ([0.0], [1.0, 0.0], [1.0]):
            return self._draw_opaque(poses, intrinsics, camera_from_world)
        mean = np.zeros(self._image.shape, dtype=np.float32)
        for level, following in pairwise(levels):
            drawn = self._draw_opaque(poses.keep_opaque(level), intrinsics, camera_from_world)
            mean += np.float32(level - following) * drawn
        return np.round(mean).astype(np.uint8)

    def _draw_opaque(self, poses: FramePoses, intrinsics: FloatArray, camera_from_world: FloatArray) -> RgbaImage:
        if poses.is_empty:
            return np.zeros(self._image.shape, dtype=np.uint8)
        return self._renderer.draw(poses.joint_matrices, intrinsics, camera_from_world, poses.morph_weights)

    def _is_drawn(self, poses: FramePoses, intrinsics: FloatArray, camera_from_world: FloatArray) -> bool:
        if self._inputs is None:
            return False
        drawn, drawn_intrinsics, drawn_camera = self._inputs
        is_same_view = np.array_equal(drawn_intrinsics, intrinsics) and np.array_equal(drawn_camera, camera_from_world)
        return drawn.rows == poses.rows and drawn.opacities == poses.opacities and is_same_view


def _with_channels(image: RgbImage, channels: int) -> RgbImage | RgbaImage:
    return image if channels == 3 else np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2RGBA), dtype=np.uint8)
