"""Preview: ``Performance``, characters and source frames -> frames of preview.mp4.

The left half shows the source frame with the tracked 2D skeletons, the right half the characters seen by the same
camera.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from bodydouble.data import BoolArray, Character, FloatArray, MorphWeights, Performance, RgbImage, Track
from bodydouble.errors import InvalidDataError
from bodydouble.render.environment import Environment, Light
from bodydouble.render.overlay import draw_face, draw_hand, draw_name, draw_skeleton, person_color
from bodydouble.render.scene import SceneRenderer
from bodydouble.render.text import blend_patch, render_label

MAX_WIDTH = 1920
"""Maximum width of the preview in px."""
MAX_HEIGHT = 720
"""Maximum height of the preview in px."""
GUTTER_WIDTH = 4
"""Width in px of the gap between the halves."""
_MIN_LONG_SIDE = 480
"""Longer side in px to which smaller sources are enlarged."""
_GUTTER_COLOR = (24, 26, 32)
MAX_HIDDEN_TIME = 3.0
"""Maximum time in s without observations during which a character is drawn; after that its position is a guess."""


@dataclass(frozen=True, slots=True)
class PreviewLayout:
    """Sizes of a preview in px, all even, which video codecs require."""

    panel_size: tuple[int, int]
    """Width and height of each half."""
    image_size: tuple[int, int]
    """Width and height of the preview."""


def compute_layout(source_size: tuple[int, int]) -> PreviewLayout:
    """Computes the sizes of the preview of a source of width and height px.

    The source is scaled down to fit, and up only if its longer side is under 480 px.
    """
    width, height = source_size
    fit = min((MAX_WIDTH - GUTTER_WIDTH) / 2 / width, MAX_HEIGHT / height)
    scale = min(fit, max(1.0, _MIN_LONG_SIDE / max(source_size)))
    panel_size = max(2, 2 * int(width * scale / 2 + 1e-9)), max(2, 2 * int(height * scale / 2 + 1e-9))
    return PreviewLayout(panel_size, (2 * panel_size[0] + GUTTER_WIDTH, panel_size[1]))


class JointMatrixSequence(Protocol):
    """World matrices of a character's joints per frame: an array (T, J, 4, 4) or an object that computes them."""

    def __len__(self) -> int: ...

    def __getitem__(self, frame: int, /) -> FloatArray: ...


class PreviewRenderer:
    """Renderer of preview frames, one at a time and in any order. A context manager; owns a SceneRenderer.

    Args:
        performance: camera and people.
        characters: one per person.
        joint_matrices: per person, world_from_joint (T, J, 4, 4) of the character's joints in the frames of its track.
        morph_weights: per person, weights (T, K) of the morph targets of each mesh, likewise; None: those at rest.

    Raises:
        RenderingUnavailableError: there is no OpenGL on this machine.
        InvalidDataError: characters or joint matrices do not fit the people.
    """

    def __init__(
        self,
        performance: Performance,
        characters: Sequence[Character],
        joint_matrices: Sequence[JointMatrixSequence],
        morph_weights: Sequence[MorphWeights | None] | None = None,
    ) -> None:
        _check_inputs(performance, characters, joint_matrices)
        self._performance = performance
        self._joint_matrices = joint_matrices
        self._morph_weights = morph_weights or [None] * len(characters)
        fps, starts = float(performance.fps), performance.shot_starts
        self._drawn_masks = [is_drawn(person.track, fps, starts) for person in performance.people]
        self._layout = compute_layout(performance.camera.image_size)
        self._intrinsics = _scale_intrinsics(
            performance.camera.intrinsics, performance.camera.image_size, self._layout.panel_size
        )
        self._captions = "source", ", ".join(dict.fromkeys(character.name for character in characters))
        self._colors = [person_color(i) for i in range(len(characters))]
        environment = Environment(_light_beside_camera(performance.camera.camera_from_world[0]))
        self._scene = SceneRenderer(self._layout.panel_size, characters, self._colors, environment)

    @property
    def image_size(self) -> tuple[int, int]:
        """Width and height of the preview, px."""
        return self._layout.image_size

    @property
    def source_size(self) -> tuple[int, int]:
        """Width and height of source frames, px, of which none are scaled down here."""
        source_size, panel_size = self._performance.camera.image_size, self._layout.panel_size
        return source_size if panel_size[0] > source_size[0] else panel_size

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Releases the renderer."""
        self._scene.close()

    def render_frame(self, index: int, source_frame: NDArray[np.uint8]) -> RgbImage:
        """Renders one frame of the preview.

        Args:
            index: index of the source frame.
            source_frame: (H, W, 3) RGB; not modified.

        Returns:
            (height, width, 3) RGB.
        """
        width, height = self.image_size
        panel_width = self._layout.panel_size[0]
        image = np.empty((height, width, 3), dtype=np.uint8)
        self._start_characters(index)
        self._draw_source(index, source_frame, image[:, :panel_width])
        image[:, panel_width:-panel_width] = _GUTTER_COLOR
        self._scene.read_into(image[:, -panel_width:])
        for caption, x in zip(self._captions, (0, width - panel_width), strict=True):
            _write_caption(image, caption, x)
        return image

    def _draw_source(self, index: int, source_frame: NDArray[np.uint8], panel: NDArray[np.uint8]) -> None:
        """Draws the source frame with the 2D skeletons of all people into a panel."""
        _scale_into(panel, source_frame)
        scale = np.array([*np.divide(self._layout.panel_size, self._performance.camera.image_size), 1.0])
        present = [
            (person.name, person.track.keypoints[index - first] * scale, color)
            for person, color in zip(self._performance.people, self._colors, strict=True)
            if 0 <= index - (first := int(person.track.frames[0])) < len(person.track.frames)
        ]
        for _, keypoints, color in present:
            draw_skeleton(panel, keypoints, color)
        self._draw_details(index, panel, scale)
        for name, keypoints, color in present:
            draw_name(panel, keypoints, name, color)

    def _draw_details(self, index: int, panel: NDArray[np.uint8], scale: FloatArray) -> None:
        """Draws hands, and faces whose outlines are known: a performance from a file has none."""
        for person, color in zip(self._performance.people, self._colors, strict=True):
            row = index - int(person.track.frames[0])
            if person.hands is not None and 0 <= row < len(person.hands.observed):
                left, right = person.hands.keypoints[row] * scale
                draw_hand(panel, left, color, is_left=True)
                draw_hand(panel, right, color, is_left=False)
            if person.face is not None and person.face.outline is not None and 0 <= row < len(person.face.observed):
                draw_face(panel, person.face.outline[row] * scale[:2], color)

    def _start_characters(self, index: int) -> None:
        """Begins to draw the characters, which the driver continues while the source frame is drawn."""
        joint_matrices: list[FloatArray | None] = []
        morph_weights: list[MorphWeights | None] = []
        for person, matrices, weights, drawn in zip(
            self._performance.people, self._joint_matrices, self._morph_weights, self._drawn_masks, strict=True
        ):
            row = index - int(person.track.frames[0])
            is_shown = 0 <= row < len(matrices) and drawn[row]
            joint_matrices.append(matrices[row] if is_shown else None)
            morph_weights.append(_weights_of_frame(weights, row) if is_shown else None)
        camera_from_world = self._performance.camera.camera_from_world[index]
        self._scene.start(joint_matrices, self._intrinsics, camera_from_world, morph_weights)


def _weights_of_frame(weights: MorphWeights | None, row: int) -> MorphWeights | None:
    """Returns the weights of one frame, (K,) per mesh, from those of all frames, (T, K)."""
    return None if weights is None else tuple(None if values is None else values[row] for values in weights)


def is_drawn(track: Track, fps: float, shot_starts: Sequence[int] = ()) -> BoolArray:
    """Returns (T,) whether the person is drawn: while observed, and in gaps of at most MAX_HIDDEN_TIME.

    In a shot in which nobody observed the person, nothing is drawn.

    Args:
        track: the person.
        fps: frame rate.
        shot_starts: first frames of further shots.
    """
    drawn = track.observed.copy()
    for hidden in np.split(np.arange(len(drawn)), np.flatnonzero(np.diff(drawn)) + 1):
        drawn[hidden] |= len(hidden) <= MAX_HIDDEN_TIME * fps
    for shot in np.split(np.arange(len(drawn)), np.searchsorted(track.frames, shot_starts)):
        drawn[shot] &= track.observed[shot].any()
    return drawn


def _check_inputs(
    performance: Performance, characters: Sequence[Character], joint_matrices: Sequence[JointMatrixSequence]
) -> None:
    people = performance.people
    if not len(people) == len(characters) == len(joint_matrices):
        raise InvalidDataError(
            f"PreviewRenderer: {len(people)} people, {len(characters)} characters and {len(joint_matrices)} "
            "joint matrix sequences; give one of each per person"
        )
    for person, character, matrices in zip(people, characters, joint_matrices, strict=True):
        expected = (len(person.track.frames), len(character.skeleton.joint_names), 4, 4)
        shape = (len(matrices), *matrices[0].shape)
        if shape != expected:
            raise InvalidDataError(f"PreviewRenderer: joint matrices of {person.name} are {shape}, expected {expected}")


def _scale_intrinsics(intrinsics: FloatArray, source_size: tuple[int, int], panel_size: tuple[int, int]) -> FloatArray:
    return np.diag([panel_size[0] / source_size[0], panel_size[1] / source_size[1], 1.0]) @ intrinsics


def _light_beside_camera(camera_from_world: FloatArray) -> Light:
    """Returns the studio's light, rotated about the vertical axis so that it stands beside the camera."""
    camera_backward = -camera_from_world[2, :3]
    azimuth = float(np.arctan2(camera_backward[0], camera_backward[2]))
    x, y, z = Light().direction
    direction = x * math.cos(azimuth) + z * math.sin(azimuth), y, z * math.cos(azimuth) - x * math.sin(azimuth)
    return Light(direction)


def _scale_into(panel: NDArray[np.uint8], frame: NDArray[np.uint8]) -> None:
    height, width = panel.shape[:2]
    if frame.shape == panel.shape:
        np.copyto(panel, frame)
        return
    interpolation = cv2.INTER_AREA if frame.shape[1] > width else cv2.INTER_CUBIC
    panel[...] = cv2.resize(frame, (width, height), interpolation=interpolation)


def _write_caption(image: NDArray[np.uint8], text: str, x: int) -> None:
    label_image = render_label(text, max(11, round(image.shape[0] / 42)), _GUTTER_COLOR, 0.55)
    margin = max(6, image.shape[0] // 60)
    blend_patch(image, label_image, x + margin, image.shape[0] - margin - label_image.shape[0])
