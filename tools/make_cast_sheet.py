"""Makes docs/cast.jpg, a sheet of drawn characters: their heads from three sides, and their figures.

Usage::

    python tools/make_cast_sheet.py docs/cast.jpg

The characters are the presets and looks drawn at random from seeds.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from bodydouble.characters.cast.assemble import build_character
from bodydouble.characters.cast.look import Look
from bodydouble.characters.cast.presets import PRESETS
from bodydouble.characters.cast.random_looks import draw_look
from bodydouble.characters.spring_bones import swing_springs
from bodydouble.data import Character, FloatArray, RgbImage
from bodydouble.film.toon_renderer import ToonRenderer
from bodydouble.geometry import kinematics, rotation

SEEDS = (3, 8, 12, 21, 33, 47)
VIEWS_DEG = {"front": 0.0, "three-quarter": 40.0, "side": 90.0}
HEAD_SIZE = (160, 160)
FIGURE_SIZE = (160, 320)
COLUMNS = 6
BACKGROUND = (236, 238, 242)
FIELD_OF_VIEW_DEG = 20.0
STANDING_DEG = {
    "leftShoulder": (0, 0, -8), "leftUpperArm": (0, 0, -60), "leftLowerArm": (0, -14, 0),
    "rightShoulder": (0, 0, 8), "rightUpperArm": (0, 0, 60), "rightLowerArm": (0, 14, 0),
}  # fmt: skip
"""Rotation vectors of a figure that stands at ease."""


def choose_looks() -> list[Look]:
    """Returns the twelve looks of the sheet."""
    return [*PRESETS.values(), *(draw_look(seed) for seed in SEEDS)]


def stand(character: Character, turn_deg: float) -> FloatArray:
    """Returns the joint matrices (J, 4, 4) of a character that stands at ease, turned to its left."""
    rotations = np.tile(rotation.IDENTITY, (1, len(character.skeleton.joint_names), 1))
    for bone, degrees in STANDING_DEG.items():
        rotations[0, character.humanoid[bone]] = rotation.from_rotvec(np.radians(np.array(degrees, dtype=float)))
    for bone, joint in character.humanoid.items():
        if bone.endswith(("Proximal", "Intermediate", "Distal")) and "Thumb" not in bone:
            curl = -14.0 if bone.startswith("left") else 14.0
            rotations[0, joint] = rotation.from_rotvec(np.radians([0.0, 0.0, curl]))
    hips = character.humanoid["hips"]
    rotations[0, hips] = rotation.from_rotvec(np.radians([0.0, turn_deg, 0.0]))
    place = character.skeleton.rest_offsets[hips][None]
    swung = swing_springs(character, rotations, place, 30.0)
    return kinematics.joint_matrices(character.skeleton, swung[0], place[0], hips)


def draw(character: Character, turn_deg: float, size: tuple[int, int], middle: float, extent: float) -> RgbImage:
    """Draws a standing character.

    Args:
        character: the character.
        turn_deg: turn to its left, degrees.
        size: width and height of the image, px.
        middle: height in the middle of the image, m.
        extent: height of what the image shows, m.
    """
    focal = size[1] / (2 * np.tan(np.radians(FIELD_OF_VIEW_DEG) / 2))
    intrinsics = np.array([[focal, 0.0, size[0] / 2], [0.0, focal, size[1] / 2], [0.0, 0.0, 1.0]])
    camera = np.diag([1.0, -1.0, -1.0, 1.0])
    camera[:3, 3] = [0.0, middle, extent * focal / size[1]]
    with ToonRenderer((2 * size[0], 2 * size[1]), [character]) as renderer:
        doubled = intrinsics * np.array([[2.0], [2.0], [1.0]])
        image = renderer.draw([stand(character, turn_deg)], doubled, camera).astype(float)
    flat = image[..., :3] + (1 - image[..., 3:] / 255) * BACKGROUND
    return np.asarray(Image.fromarray(flat.clip(0, 255).astype(np.uint8)).resize(size, Image.Resampling.BOX))


def draw_head(look: Look, character: Character, turn_deg: float, size: tuple[int, int] = HEAD_SIZE) -> RgbImage:
    """Draws the head and the shoulders of a look."""
    height = look.height / look.head_count
    return draw(character, turn_deg, size, look.height - 0.42 * height, 1.7 * height)


def draw_figure(character: Character, turn_deg: float, size: tuple[int, int] = FIGURE_SIZE) -> RgbImage:
    """Draws a whole figure; all figures have one scale."""
    return draw(character, turn_deg, size, 0.93, 2.0)


def make_sheet(looks: Sequence[Look]) -> Image.Image:
    """Makes a sheet with a column per look: heads from three sides above the figure."""
    columns = []
    for look in looks:
        character = build_character(look)
        cells = [draw_head(look, character, turn) for turn in VIEWS_DEG.values()]
        columns.append(np.concatenate([*cells, draw_figure(character, 25.0)]))
    rows = [np.concatenate(columns[k : k + COLUMNS], axis=1) for k in range(0, len(columns), COLUMNS)]
    return Image.fromarray(np.concatenate(rows))


def main() -> None:
    """Reads the arguments and writes the sheet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("image_path", type=Path, help="JPEG file to write")
    path = parser.parse_args().image_path
    make_sheet(choose_looks()).save(path, quality=82)
    print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
