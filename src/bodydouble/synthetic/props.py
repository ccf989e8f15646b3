"""Occluders: boxes on the floor that hide parts of people, as `Prop`s and as renderable `Character`s."""

from dataclasses import dataclass

import numpy as np

from bodydouble.data import Character, FloatArray, Material, Mesh, Skeleton
from bodydouble.geometry import rotation
from bodydouble.synthetic import textures


@dataclass(frozen=True, slots=True)
class Prop:
    """Box on the floor, such as a carton, a bench or a post."""

    world_from_prop: FloatArray
    """Pose (4, 4) of the box in the world; its origin is the centre."""
    half_extents: FloatArray
    """Half the width, height and length (3,) in m."""
    color: FloatArray
    """sRGB colour (3,), 0 to 1."""


def sample_occluder(point: FloatArray, camera_position: FloatArray, rng: np.random.Generator) -> Prop:
    """Draws a box between a point (3,) and a camera (3,) in m that hides something around the point."""
    fraction = rng.uniform(0.12, 0.45)
    position = point + fraction * (camera_position - point) + rng.normal(0, 0.25, 3)
    is_wide = rng.random() < 0.5
    half_extents = (
        rng.uniform([0.25, 0.2, 0.15], [0.6, 0.45, 0.4]) if is_wide else rng.uniform([0.03, 1.0, 0.03], [0.1, 1.3, 0.1])
    )
    world_from_prop = np.eye(4)
    world_from_prop[:3, :3] = rotation.to_matrix(rotation.from_rotvec(np.array([0.0, rng.uniform(0, np.pi), 0.0])))
    world_from_prop[:3, 3] = position[0], half_extents[1], position[2]
    return Prop(world_from_prop, half_extents, textures.sample_color(rng))


def build_character(prop: Prop) -> Character:
    """Builds the box as a character with one joint at its centre."""
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) * prop.half_extents
    positions: list[FloatArray] = []
    normals: list[FloatArray] = []
    triangles: list[list[int]] = []
    for axis in range(3):
        for sign in (-1.0, 1.0):
            face = corners[np.sign(corners[:, axis]) == sign][[0, 1, 3, 2]]
            outward = np.eye(3)[axis] * sign
            clockwise = np.cross(face[1] - face[0], face[2] - face[1]) @ outward < 0
            triangles += [[4 * len(positions) + i for i in corner] for corner in ([0, 1, 2], [0, 2, 3])]
            positions.append(face[::-1] if clockwise else face)
            normals.append(np.repeat(outward[None], 4, axis=0))
    count = 4 * len(positions)
    linear = prop.color**2.2
    mesh = Mesh(
        np.concatenate(positions), np.concatenate(normals), np.array(triangles),
        np.zeros((count, 4), dtype=int), np.tile([1.0, 0.0, 0.0, 0.0], (count, 1)),
        Material(base_color=(1.0, 1.0, 1.0, 1.0)),
        colors=np.tile([*linear, 1.0], (count, 1)),
    )  # fmt: skip
    skeleton = Skeleton(("hips",), (-1,), np.zeros((1, 3)))
    return Character("prop", skeleton, rotation.IDENTITY[None], {"hips": 0}, (mesh,))
