"""Skins of a glTF file: the pose in which the meshes were bound, wherever the nodes stand.

A file may be stored in any frame of an animation. The inverse bind matrices alone tell the rest pose; of the nodes only
the scale is used, and the place where a skin has no joint in common with the others.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bodydouble.characters.gltf_arrays import GltfFile
from bodydouble.characters.rest_pose import lean_angle
from bodydouble.data import FloatArray
from bodydouble.errors import FormatError

SAME_POSE_TOLERANCE = 1e-3
"""Maximum difference between places of one mesh space, relative to the scale or to the size of the rig."""
MIN_LEAN = np.radians(1.0)
"""A body that leans by this much more in the nodes than in its mesh space does so because the nodes are posed."""
MAX_CONDITION = 1e12
"""Condition number from which on a matrix is singular."""

Bound = dict[int, FloatArray]
"""Node -> matrix (4, 4), world or mesh from joint, in the bind pose."""


def inverse_bind_matrices(file: GltfFile, skin: Mapping[str, Any]) -> FloatArray:
    """Returns the matrices (K, 4, 4) joint from mesh of the K joints of a skin."""
    count = len(skin["joints"])
    if "inverseBindMatrices" not in skin:
        return np.tile(np.eye(4), (count, 1, 1))
    rows = file.floats(skin["inverseBindMatrices"])
    if rows.shape[1] != 16 or len(rows) < count:
        raise FormatError(f"damaged, a skin has {count} joints and {len(rows)} inverse bind matrices")
    return np.swapaxes(rows[:count].reshape(-1, 4, 4), 1, 2)


def mesh_bind_matrices(file: GltfFile, skin: Mapping[str, Any]) -> Bound:
    """Returns mesh from joint of the joints of a skin; one whose matrix is singular is left out."""
    joints, inverse_bind = skin["joints"], inverse_bind_matrices(file, skin)
    is_regular = np.linalg.cond(inverse_bind) < MAX_CONDITION
    return {joint: np.linalg.inv(m) for joint, m, ok in zip(joints, inverse_bind, is_regular, strict=True) if ok}


def place_skins(
    skins: Sequence[Bound],
    joints: Sequence[int],
    world: FloatArray,
    parents: Sequence[int],
    bones: Mapping[str, int],
) -> Bound:
    """Places the bind poses of several skins in one world.

    Args:
        skins: bind pose of each skin, mesh from joint.
        joints: nodes of all joints of the rig, parents first.
        world: (N, 4, 4) world from node, in the pose in which the nodes are stored.
        parents: N parents of the nodes.
        bones: humanoid bone -> node; empty if they are not known yet.

    Returns:
        Node -> world from joint of all joints of the skins. The skin with most humanoid bones comes first; the others
        are placed by the joints that they share with it, or by the nodes.
    """
    body = set(bones.values())
    waiting = sorted(skins, key=lambda skin: (len(body & skin.keys()), len(skin)), reverse=True)
    placed: Bound = {}
    world_from_body: FloatArray = np.eye(4)
    while waiting:
        k = next((k for k, skin in enumerate(waiting) if skin.keys() & placed.keys()), 0)
        skin = waiting.pop(k)
        if not skin:
            continue
        shared = [joint for joint in skin if joint in placed]
        if not placed:
            world_from_body = _place_first_skin(skin, world, bones)
            placements = dict.fromkeys(skin, world_from_body)
        elif shared:
            placements = _place_by_shared_joints(skin, shared, placed, joints, parents)
        else:
            placements = dict.fromkeys(
                skin, _place_separate_skin(skin, placed, joints, world, parents, world_from_body)
            )
        for joint, matrix in skin.items():
            placed.setdefault(joint, placements[joint] @ matrix)
    return placed


def _place_by_shared_joints(
    skin: Bound, shared: Sequence[int], placed: Bound, joints: Sequence[int], parents: Sequence[int]
) -> dict[int, FloatArray]:
    """Returns joint -> world from mesh (4, 4), by the nearest joint above that is placed already."""
    at = {joint: placed[joint] @ np.linalg.inv(skin[joint]) for joint in shared}
    nearest: dict[int, int] = {}
    for joint in joints:
        nearest[joint] = joint if joint in at else nearest.get(parents[joint], shared[0])
    return {joint: at[nearest[joint]] for joint in skin}


def _place_first_skin(skin: Bound, world: FloatArray, bones: Mapping[str, int]) -> FloatArray:
    """Returns world from mesh (4, 4): that of the nodes if they all agree and let the body stand, else their scale."""
    joints = list(skin)
    each = world[joints] @ np.linalg.inv(np.stack([skin[joint] for joint in joints]))
    scales = np.cbrt(np.abs(np.linalg.det(each[:, :3, :3])))
    scale = float(np.median(scales)) or 1.0
    extent = float(np.ptp(world[joints][:, :3, 3], axis=0).max())
    turned = np.abs(each[:, :3, :3] - each[0, :3, :3]).max() / scale
    moved = np.abs(each[:, :3, 3] - each[0, :3, 3]).max() / (extent or 1.0)
    world_from_mesh = np.diag([scale, scale, scale, 1.0])
    if max(turned, moved) < SAME_POSE_TOLERANCE and not _makes_lean(each[0], world_from_mesh, skin, bones):
        world_from_mesh = each[0]
    is_mirrored = np.linalg.det(world_from_mesh[:3, :3]) < 0
    if is_mirrored and (not bones or _walks_backwards(world_from_mesh, skin, bones)):
        # The nodes mirror the character, so that its left side bears the names of the right one.
        world_from_mesh = world_from_mesh @ np.diag([-1.0, 1.0, 1.0, 1.0])
    return np.asarray(world_from_mesh)


def _makes_lean(world_from_mesh: FloatArray, other: FloatArray, skin: Bound, bones: Mapping[str, int]) -> bool:
    """Returns whether a body leans more in a world from mesh (4, 4) than in another one, as with rotated hips."""
    leans = [lean_angle(_bone_positions(matrix, skin, bones)) for matrix in (world_from_mesh, other)]
    return bool(leans[0] > leans[1] + MIN_LEAN)


def _bone_positions(world_from_mesh: FloatArray, skin: Bound, bones: Mapping[str, int]) -> dict[str, FloatArray]:
    return {bone: (world_from_mesh @ skin[node])[:3, 3] for bone, node in bones.items() if node in skin}


def _walks_backwards(world_from_mesh: FloatArray, skin: Bound, bones: Mapping[str, int]) -> bool:
    """Returns whether the toes point away from the side that is the front by left, right and up."""
    position = _bone_positions(world_from_mesh, skin, bones)
    names = ("leftUpperLeg", "rightUpperLeg", "head", "hips", "leftFoot", "leftToes", "rightFoot", "rightToes")
    if any(name not in position for name in names):
        return False
    left, up = position["leftUpperLeg"] - position["rightUpperLeg"], position["head"] - position["hips"]
    toes = sum(position[side + "Toes"] - position[side + "Foot"] for side in ("left", "right"))
    return bool(np.dot(np.cross(left, up), toes) < 0)


def _nearest_above(joint: int, placed: Bound, parents: Sequence[int]) -> int:
    """Returns the nearest placed joint above a joint; -1 if there is none."""
    node = parents[joint]
    while node >= 0 and node not in placed:
        node = parents[node]
    return node


def _place_separate_skin(
    skin: Bound,
    placed: Bound,
    joints: Sequence[int],
    world: FloatArray,
    parents: Sequence[int],
    world_from_body: FloatArray,
) -> FloatArray:
    """Returns world from mesh (4, 4) of a skin that shares no joint with those placed.

    Its mesh space is that of the body if its topmost joint is then as far from the joint above as in the nodes, which
    no rotation of a bone changes. Otherwise the nodes tell where it is.
    """
    top = min(skin, key=joints.index)
    above = _nearest_above(top, placed, parents)
    if above < 0:
        return world_from_body
    of_nodes = placed[above] @ np.linalg.inv(world[above]) @ world[top]
    in_body_space = world_from_body @ skin[top]
    length, bound_length = (np.linalg.norm(m[:3, 3] - placed[above][:3, 3]) for m in (of_nodes, in_body_space))
    if abs(length - bound_length) <= 0.01 * max(length, bound_length):
        return world_from_body
    return np.asarray(of_nodes @ np.linalg.inv(skin[top]))
