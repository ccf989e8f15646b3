"""Check of a character's file, in the helper process: whether it can be animated, what is lost of it, its picture."""

from pathlib import Path

import numpy as np
from PIL import Image

from bodydouble.characters.load import load_character
from bodydouble.data import Character, FloatArray, RgbaImage
from bodydouble.errors import BodydoubleError, FormatError, RenderingUnavailableError
from bodydouble.film.toon_renderer import ToonRenderer
from bodydouble.formats.atomic import atomic_write
from bodydouble.geometry import kinematics

PICTURE_SIZE = 320
"""Width and height of the picture, px."""
VIEW_DEG = 20.0
MARGIN = 1.08
"""Height of the picture relative to that of the character."""
TURN_DEG = 24.0


def examine_character(path: Path, picture: Path) -> tuple[str, ...]:
    """Loads a character as ``animate`` does, and draws it if something can be rendered.

    Args:
        path: its file.
        picture: PNG file to write.

    Returns:
        Notes on what of the file is not kept.

    Raises:
        FormatError: it cannot be animated; the message is a line without the path.
        OutputError: the picture cannot be written.
    """
    try:
        character = load_character(str(path))
    except BodydoubleError as error:
        raise FormatError(_shorten(str(error), path)) from error
    try:
        image = draw_character(character)
    except RenderingUnavailableError:
        return character.notes
    with atomic_write(picture) as temporary:
        Image.fromarray(image).save(temporary, "PNG")
    return character.notes


def _shorten(message: str, path: Path) -> str:
    """Returns a message of the loader without the path, and without the advice that is for the command line."""
    return message.replace(str(path), "").strip(": ").removesuffix(", or give the joints with --map")


def draw_character(character: Character) -> RgbaImage:
    """Draws a character in its rest pose, turned a little, as an image (320, 320, 4) without background."""
    vertices = np.concatenate([mesh.positions for mesh in character.meshes])
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    width, height, depth = high - low
    turn = np.radians(TURN_DEG)
    extent = MARGIN * float(max(height, width * np.cos(turn) + depth * np.sin(turn)))
    focal = PICTURE_SIZE / (2 * np.tan(np.radians(VIEW_DEG) / 2))
    intrinsics = np.array([[focal, 0.0, PICTURE_SIZE / 2], [0.0, focal, PICTURE_SIZE / 2], [0.0, 0.0, 1.0]])
    camera = _look_at((low + high) / 2, extent * focal / PICTURE_SIZE)
    with ToonRenderer((PICTURE_SIZE, PICTURE_SIZE), [character]) as renderer:
        return _divide_by_alpha(renderer.draw([kinematics.bind_matrices(character)], intrinsics, camera))


def _look_at(middle: FloatArray, distance: float) -> FloatArray:
    """Returns camera_from_world of a level camera before a point, to the left of the character."""
    angle = np.radians(TURN_DEG)
    turn = np.array([[np.cos(angle), 0.0, -np.sin(angle)], [0.0, 1.0, 0.0], [np.sin(angle), 0.0, np.cos(angle)]])
    camera = np.eye(4)
    camera[:3, :3] = np.diag([1.0, -1.0, -1.0]) @ turn
    camera[:3, 3] = [0.0, 0.0, distance] - camera[:3, :3] @ middle
    return camera


def _divide_by_alpha(image: RgbaImage) -> RgbaImage:
    """Returns a picture whose colours are not multiplied by alpha, as PNG files have them."""
    alpha = image[..., 3:].astype(float)
    colors = np.where(alpha > 0, image[..., :3] * 255.0 / np.maximum(alpha, 1.0), 0.0)
    return np.concatenate([colors.clip(0, 255), alpha], axis=-1).round().astype(np.uint8)
