"""Builders of skinned characters made of capsules and balls."""

import numpy as np

from bodydouble.data import Character, FloatArray, IntArray, Material, Mesh, Skeleton
from bodydouble.geometry.kinematics import forward_kinematics, rest_positions
from bodydouble.geometry.rotation import IDENTITY, between, from_rotvec, normalize, rotate, to_matrix
from bodydouble.skeletons import humanoid

_POSITIONS = {
    "hips": (0.0, 0.95, 0.0),
    "spine": (0.0, 1.05, 0.0),
    "chest": (0.0, 1.17, 0.0),
    "upperChest": (0.0, 1.29, 0.0),
    "neck": (0.0, 1.46, 0.0),
    "head": (0.0, 1.55, 0.02),
    "leftShoulder": (0.05, 1.40, 0.0),
    "leftUpperArm": (0.18, 1.40, 0.0),
    "leftLowerArm": (0.46, 1.40, 0.0),
    "leftHand": (0.72, 1.40, 0.0),
    "leftUpperLeg": (0.10, 0.90, 0.0),
    "leftLowerLeg": (0.10, 0.49, 0.0),
    "leftFoot": (0.10, 0.08, -0.02),
    "leftToes": (0.10, 0.03, 0.12),
}
_RADIUS = {"head": 0.11, "neck": 0.05, "leftUpperArm": 0.05, "leftLowerArm": 0.04, "leftHand": 0.04}
_RADIUS |= {"leftUpperLeg": 0.075, "leftLowerLeg": 0.055, "leftFoot": 0.04, "leftToes": 0.03, "leftShoulder": 0.06}
_TIP = {"head": (0.0, 0.12, 0.01), "leftHand": (0.12, 0.0, 0.0), "leftToes": (0.0, 0.0, 0.07)}


def build_skeleton() -> Skeleton:
    """Returns the body joints of an adult of about 1.75 m."""
    placed = np.array([_mirrored(_POSITIONS, name) for name in humanoid.JOINTS])
    parents = np.array(humanoid.PARENTS)
    offsets = np.where(parents[:, None] < 0, placed, placed - placed[np.maximum(parents, 0)])
    return Skeleton(humanoid.JOINTS, humanoid.PARENTS, offsets)


def _mirrored(table: dict[str, tuple[float, float, float]], name: str) -> FloatArray:
    if name.startswith("right"):
        return np.array(table[humanoid.mirrored_name(name)]) * [-1.0, 1.0, 1.0]
    return np.array(table[name])


def build_capsule(a: FloatArray, b: FloatArray, radius: float, rings: int) -> tuple[FloatArray, IntArray]:
    """Returns points and unit normals (V, 6) and triangles (N, 3) of a capsule from a to b, or a sphere if a == b."""
    sides = 3 * rings
    latitude = np.concatenate([np.linspace(-np.pi / 2, 0, rings), np.linspace(0, np.pi / 2, rings)])
    lat, lon = np.meshgrid(latitude, np.linspace(0, 2 * np.pi, sides, endpoint=False), indexing="ij")
    normals = np.stack([np.cos(lat) * np.sin(lon), np.sin(lat), np.cos(lat) * np.cos(lon)], axis=-1)
    if not np.array_equal(a, b):
        normals = rotate(between(np.array([0.0, 1.0, 0.0]), normalize(b - a)), normals)
    centres = np.where((np.arange(2 * rings) >= rings)[:, None, None], b, a)
    vertices = np.concatenate([centres + radius * normals, normals], axis=-1).reshape(-1, 6)
    ring, side = np.meshgrid(np.arange(2 * rings - 1), np.arange(sides), indexing="ij")
    p, q = ring * sides + side, ring * sides + (side + 1) % sides
    quads = np.stack([p, q, q + sides, p, q + sides, p + sides], axis=-1)
    return vertices, quads.reshape(-1, 3)


def build_figure(base_color: tuple[float, float, float, float] = (0.8, 0.8, 0.8, 1.0), detail: int = 4) -> Character:
    """Returns a humanoid of capsules, each moved by two joints near its upper end."""
    bones = build_skeleton()
    joints = rest_positions(bones)
    parts, faces, indices, weights, start = [], [], [], [], 0
    for j, name in enumerate(humanoid.JOINTS):
        children = [k for k, parent in enumerate(humanoid.PARENTS) if parent == j]
        tip = joints[children[0]] if children else joints[j] + _mirrored(_TIP, name)
        vertices, triangles = build_capsule(joints[j], tip, _RADIUS.get(name.replace("right", "left"), 0.12), detail)
        parts.append(vertices)
        faces.append(triangles + start)
        start += len(vertices)
        shared = np.clip(1.0 - np.linalg.norm(vertices[:, :3] - joints[j], axis=1) / 0.15, 0.0, 0.5)
        indices.append(np.tile([j, max(humanoid.PARENTS[j], 0), 0, 0], (len(vertices), 1)))
        weights.append(np.stack([1 - shared, shared, 0 * shared, 0 * shared], axis=1))
    skin = np.concatenate(parts)
    mesh = Mesh(
        skin[:, :3], skin[:, 3:], np.concatenate(faces), np.concatenate(indices), np.concatenate(weights),
        Material(base_color=base_color),
    )  # fmt: skip
    rest = np.tile(IDENTITY, (len(joints), 1))
    return Character("figure", bones, rest, dict(humanoid.INDEX), (mesh,))


def pose_figure(
    character: Character, rotation_vectors: dict[str, tuple[float, float, float]], root: FloatArray
) -> FloatArray:
    """Returns world_from_joint (J, 4, 4) with some joints rotated by rotation vectors, radians."""
    local = np.tile(IDENTITY, (len(character.skeleton.joint_names), 1))
    for name, rotation_vector in rotation_vectors.items():
        local[character.skeleton.index(name)] = from_rotvec(np.array(rotation_vector))
    positions, rotations = forward_kinematics(character.skeleton, local, root)
    matrices = np.tile(np.eye(4), (len(local), 1, 1))
    matrices[:, :3, :3] = to_matrix(rotations)
    matrices[:, :3, 3] = positions
    return matrices


STRIDE = {
    "leftUpperArm": (0.0, 0.0, -1.1),
    "rightUpperArm": (0.0, -0.9, 0.3),
    "rightLowerArm": (0.0, -0.9, 0.0),
    "leftUpperLeg": (-0.6, 0.0, 0.1),
    "rightLowerLeg": (0.6, 0.0, 0.0),
    "chest": (0.1, 0.2, 0.1),
}
"""Rotation vectors of a figure in mid-stride."""


def build_rigid_body(
    positions: FloatArray, normals: FloatArray, triangles: IntArray, material: Material, uvs: FloatArray | None = None
) -> Character:
    """Returns a rigid body with one joint at the origin."""
    count = len(positions)
    weights = np.tile([1.0, 0.0, 0.0, 0.0], (count, 1))
    mesh = Mesh(positions, normals, triangles, np.zeros((count, 4), dtype=int), weights, material, uvs)
    return Character("body", Skeleton(("hips",), (-1,), np.zeros((1, 3))), IDENTITY[None], {"hips": 0}, (mesh,))


def build_ball(radius: float, color: tuple[float, float, float, float]) -> Character:
    """Returns a ball around the origin."""
    skin, triangles = build_capsule(np.zeros(3), np.zeros(3), radius, 6)
    return build_rigid_body(skin[:, :3], skin[:, 3:], triangles, Material(base_color=color))


def place_joint(position: FloatArray) -> FloatArray:
    """Returns world_from_joint (1, 4, 4) of a single joint at a position (3,) m."""
    matrix = np.eye(4)[None].copy()
    matrix[0, :3, 3] = position
    return matrix
