"""Sheets: a person -> the frames that show front, three-quarter view, side and face, and their views."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bodydouble.data import Camera, FloatArray, Person, RgbImage
from bodydouble.film.views import View, person_bounds, view_at
from bodydouble.geometry import camera as cameras
from bodydouble.geometry import kinematics, rotation
from bodydouble.motion.body.proportions import stature

BODY_ANGLES_DEG = (0.0, 45.0, 90.0)
"""Angles between the chest and the direction to the camera of the views of the whole body."""
TILE_SIZE = (360, 540)
"""Width and height of each picture, px."""
GAP = 6
"""Width of the gap between pictures, px."""
BODY_MARGIN = 1.35
"""Height of a picture of the body relative to that of the joints."""
FACE_CENTER = (0.0, 0.0, 0.04)
"""Middle of the face relative to the joint of the head, in the axes of the head, m, of an adult."""
FACE_PICTURE_HEIGHT = 0.5
"""Height of a picture of the face in m, of an adult; drawn heads are large."""
ADULT_STATURE = 1.7
"""Stature in m to which these lengths belong."""
HIDDEN_PENALTY_DEG = 120.0
"""Angle that counts as much as a body out of sight."""
SIZE_BONUS_DEG = 25.0
"""Angle by which the view of the largest body may be worse than that of a very small one."""


@dataclass(frozen=True, slots=True)
class SheetTile:
    """A frame of the source and the part of it that a picture of a sheet shows."""

    frame: int
    view: View


def choose_tiles(person: Person, camera: Camera) -> list[SheetTile]:
    """Chooses the pictures of a person: front, three-quarter view, side and face, each the best that the clip has."""
    low, high = person_bounds(person, camera)
    heights = (high - low)[:, 1]
    penalty = HIDDEN_PENALTY_DEG * (1.0 - _visible_fraction(low, high, person, camera.image_size))
    penalty -= SIZE_BONUS_DEG * heights / heights.max()
    first = int(person.track.frames[0])
    tiles = []
    for wanted in BODY_ANGLES_DEG:
        row = int(np.argmin(np.abs(_angles_deg(person, camera, "chest") - wanted) + penalty))
        view = view_at((low[row] + high[row]) / 2, heights[row] * BODY_MARGIN, camera.image_size, TILE_SIZE)
        tiles.append(SheetTile(first + row, view))
    row = int(np.argmin(_angles_deg(person, camera, "head") + penalty))
    return [*tiles, SheetTile(first + row, _face_view(person, camera, row))]


def _angles_deg(person: Person, camera: Camera, joint: str) -> FloatArray:
    """Returns the angles (T,), 0 to 180, between the forward direction of a joint and that to the camera, level."""
    motion = person.motion
    index = motion.skeleton.index(joint)
    world = kinematics.world_rotations(motion.skeleton.parents, motion.rotations)[:, index]
    forward = rotation.rotate(world, np.array([0.0, 0.0, 1.0]))[:, [0, 2]]
    eye = cameras.inverse(camera.camera_from_world[person.track.frames])[:, :3, 3]
    towards = (eye - kinematics.joint_positions(motion)[:, index])[:, [0, 2]]
    cosine = (forward * towards).sum(axis=1) / (np.linalg.norm(forward, axis=1) * np.linalg.norm(towards, axis=1))
    return np.asarray(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))


def _visible_fraction(low: FloatArray, high: FloatArray, person: Person, image_size: tuple[int, int]) -> FloatArray:
    """Returns the fraction (T,) of the rectangle around a body that is in the picture; 0 where nobody was observed."""
    inside = np.clip(high, 0.0, image_size) - np.clip(low, 0.0, image_size)
    return np.asarray((inside / np.maximum(high - low, 1e-6)).prod(axis=1) * person.track.observed)


def _face_view(person: Person, camera: Camera, row: int) -> View:
    """Returns the view of the face in a row of the track."""
    motion = person.motion
    head = motion.skeleton.index("head")
    scale = stature(motion.skeleton) / ADULT_STATURE
    world = kinematics.world_rotations(motion.skeleton.parents, motion.rotations[row])[head]
    center = kinematics.joint_positions(motion)[row, head] + rotation.rotate(world, scale * np.array(FACE_CENTER))
    in_camera = cameras.transform(camera.camera_from_world[person.track.frames[row]], center[None])[0]
    height = scale * FACE_PICTURE_HEIGHT * camera.intrinsics[1, 1] / in_camera[2]
    return view_at(cameras.project(camera.intrinsics, in_camera), height, camera.image_size, TILE_SIZE)


def arrange_tiles(rows: Sequence[Sequence[RgbImage]], color: tuple[int, int, int]) -> RgbImage:
    """Arranges pictures of TILE_SIZE in rows and columns on a ground of a colour, as one image (H, W, 3)."""
    width, height = TILE_SIZE
    columns = max(len(row) for row in rows)
    sheet = np.full((len(rows) * (height + GAP) + GAP, columns * (width + GAP) + GAP, 3), color, dtype=np.uint8)
    for i, row in enumerate(rows):
        for j, picture in enumerate(row):
            y, x = GAP + i * (height + GAP), GAP + j * (width + GAP)
            sheet[y : y + height, x : x + width] = picture
    return sheet
