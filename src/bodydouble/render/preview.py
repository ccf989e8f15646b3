"""The film: the source with what was seen in it, beside the characters seen by the same camera."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from bodydouble.data import BoolArray, Character, FloatArray, Performance, RgbImage, Track
from bodydouble.errors import InvalidDataError
from bodydouble.render.overlay import draw_name, draw_skeleton, person_color
from bodydouble.render.scene import Scene
from bodydouble.render.surroundings import Light, Stage
from bodydouble.render.text import label, lay_over

MAX_WIDTH = 1920
MAX_HEIGHT = 720
GUTTER = 4
_SMALLEST = 480
_GUTTER_COLOR = (24, 26, 32)
LONGEST_HIDDEN = 3.0
"""s; who is out of sight for longer is not drawn meanwhile: they may be anywhere."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Sizes of a film in px, all even, as video codecs want them."""

    panel: tuple[int, int]
    """Width and height of each half."""
    size: tuple[int, int]
    """Width and height of the film."""


def layout(source: tuple[int, int]) -> Layout:
    """Sizes of the film of a source of width and height px.

    The source is scaled down to fit, and up only if it is so small that the film would be hard to see.
    """
    width, height = source
    fit = min((MAX_WIDTH - GUTTER) / 2 / width, MAX_HEIGHT / height)
    scale = min(fit, max(1.0, _SMALLEST / max(source)))
    panel = max(2, 2 * int(width * scale / 2 + 1e-9)), max(2, 2 * int(height * scale / 2 + 1e-9))
    return Layout(panel, (2 * panel[0] + GUTTER, panel[1]))


class Poses(Protocol):
    """World matrices of a character's joints, frame by frame: an array (T, J, 4, 4) or something that makes them."""

    def __len__(self) -> int: ...

    def __getitem__(self, frame: int, /) -> FloatArray: ...


class Film:
    """Composes frames, one at a time and in any order. A context manager; owns a Scene.

    Args:
        performance: camera and people.
        characters: one per person.
        pose_matrices: per person, world_from_joint (T, J, 4, 4) of the character's joints in the frames of its track.

    Raises:
        RenderingUnavailableError: there is no OpenGL on this machine.
        InvalidDataError: characters or poses do not fit the people.
    """

    def __init__(
        self, performance: Performance, characters: Sequence[Character], pose_matrices: Sequence[Poses]
    ) -> None:
        _check_counts(performance, characters, pose_matrices)
        self._performance = performance
        self._pose_matrices = pose_matrices
        self._drawn = [shown(person.track, float(performance.fps)) for person in performance.people]
        self._layout = layout(performance.camera.image_size)
        self._intrinsics = _scaled(performance.camera.intrinsics, performance.camera.image_size, self._layout.panel)
        self._captions = "source", ", ".join(dict.fromkeys(character.name for character in characters))
        self._colors = [person_color(i) for i in range(len(characters))]
        studio = Stage(_light_beside(performance.camera.camera_from_world[0]))
        self._scene = Scene(self._layout.panel, characters, self._colors, studio)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the film's frames, px."""
        return self._layout.size

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Gives the renderer back."""
        self._scene.close()

    def frame(self, index: int, source: NDArray[np.uint8]) -> RgbImage:
        """One frame of the film.

        Args:
            index: of the source frame.
            source: (H, W, 3) RGB, the source frame; stays as it is.

        Returns:
            (height, width, 3) RGB of the film's size.
        """
        width, height = self.size
        panel_width = self._layout.panel[0]
        film = np.empty((height, width, 3), dtype=np.uint8)
        film[:, :panel_width] = self._source_panel(index, source)
        film[:, panel_width:-panel_width] = _GUTTER_COLOR
        film[:, -panel_width:] = self._character_panel(index)
        for caption, x in zip(self._captions, (0, width - panel_width), strict=True):
            _write_caption(film, caption, x)
        return film

    def _source_panel(self, index: int, source: NDArray[np.uint8]) -> RgbImage:
        shrinks = source.shape[1] > self._layout.panel[0]
        method = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
        panel = np.asarray(cv2.resize(source, self._layout.panel, interpolation=method), dtype=np.uint8)
        if panel is source:
            panel = source.copy()
        scale = np.array([*np.divide(self._layout.panel, self._performance.camera.image_size), 1.0])
        seen = [
            (person.name, person.track.keypoints[index - first] * scale, color)
            for person, color in zip(self._performance.people, self._colors, strict=True)
            if 0 <= index - (first := int(person.track.frames[0])) < len(person.track.frames)
        ]
        for _, keypoints, color in seen:
            draw_skeleton(panel, keypoints, color)
        for name, keypoints, color in seen:
            draw_name(panel, keypoints, name, color)
        return panel

    def _character_panel(self, index: int) -> RgbImage:
        poses: list[FloatArray | None] = []
        for person, matrices, drawn in zip(self._performance.people, self._pose_matrices, self._drawn, strict=True):
            at = index - int(person.track.frames[0])
            poses.append(matrices[at] if 0 <= at < len(matrices) and drawn[at] else None)
        return self._scene.draw(poses, self._intrinsics, self._performance.camera.camera_from_world[index])


def shown(track: Track, fps: float) -> BoolArray:
    """(T,) whether somebody is drawn: while seen, and while out of sight for no longer than LONGEST_HIDDEN."""
    drawn = track.observed.copy()
    for hidden in np.split(np.arange(len(drawn)), np.flatnonzero(np.diff(drawn)) + 1):
        drawn[hidden] |= len(hidden) <= LONGEST_HIDDEN * fps
    return drawn


def _check_counts(performance: Performance, characters: Sequence[Character], pose_matrices: Sequence[Poses]) -> None:
    people = performance.people
    if not len(people) == len(characters) == len(pose_matrices):
        raise InvalidDataError(
            f"Film: {len(people)} people, {len(characters)} characters and {len(pose_matrices)} pose arrays; "
            "give one of each per person"
        )
    for person, character, matrices in zip(people, characters, pose_matrices, strict=True):
        expected = (len(person.track.frames), len(character.skeleton.joint_names), 4, 4)
        shape = (len(matrices), *matrices[0].shape)
        if shape != expected:
            raise InvalidDataError(f"Film: poses of {person.name} are {shape}, expected {expected}")


def _scaled(intrinsics: FloatArray, source: tuple[int, int], panel: tuple[int, int]) -> FloatArray:
    return np.diag([panel[0] / source[0], panel[1] / source[1], 1.0]) @ intrinsics


def _light_beside(camera_from_world: FloatArray) -> Light:
    """The studio's light, its direction turned about the vertical so that it stands beside this camera."""
    back = -camera_from_world[2, :3]
    turn = float(np.arctan2(back[0], back[2]))
    x, y, z = Light().direction
    direction = x * math.cos(turn) + z * math.sin(turn), y, z * math.cos(turn) - x * math.sin(turn)
    return Light(direction)


def _write_caption(film: NDArray[np.uint8], text: str, x: int) -> None:
    patch = label(text, max(11, round(film.shape[0] / 42)), _GUTTER_COLOR, 0.55)
    margin = max(6, film.shape[0] // 60)
    lay_over(film, patch, x + margin, film.shape[0] - margin - patch.shape[0])
