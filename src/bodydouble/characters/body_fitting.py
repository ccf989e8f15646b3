"""Body fitting: a built-in ``Character`` and a person's ``Skeleton`` -> the character with the person's proportions."""

from dataclasses import replace

import numpy as np

from bodydouble.data import Character, FloatArray, Mesh, Skeleton
from bodydouble.errors import InvalidDataError
from bodydouble.geometry import kinematics, rotation
from bodydouble.skeletons import humanoid

LENGTH_EXPONENT = 0.25
"""Exponent of a bone's length ratio in its thickness; that of the stature ratio is 1 minus this."""
WIDTH_EXPONENT = 0.5
"""Exponent of the width ratio in the width of pelvis and chest; that of the stature ratio is 1 minus this."""
RATIO_LIMITS = (0.6, 1.6)
"""Limits of all ratios of thickness, so that an estimate that is far off does not deform the body."""

END_JOINTS = {
    "hips": "spine", "spine": "chest", "chest": "upperChest", "upperChest": "neck", "neck": "head",
    "Shoulder": "UpperArm", "UpperArm": "LowerArm", "LowerArm": "Hand", "UpperLeg": "LowerLeg", "LowerLeg": "Foot",
}  # fmt: skip
"""Bone -> the joint at its far end."""
STATURE_BONES = ("spine", "chest", "upperChest", "neck", "head", "leftLowerLeg", "leftFoot")


def fit_character(character: Character, skeleton: Skeleton) -> Character:
    """Moves the joints of a character to those of the person and reshapes its mesh smoothly.

    Each joint has an affine map: along the bone it scales by the ratio of the lengths, across it by a moderate ratio.
    Neighbouring maps agree at the joints. The vertices blend the maps by their skin weights.

    Args:
        character: built-in, or any in the T-pose with identity rest rotations and all 22 joints.
        skeleton: the person's 22 humanoid joints.

    Raises:
        InvalidDataError: the character's rest rotations are not identity, or it lacks a joint.
    """
    _check_is_fittable(character)
    old = kinematics.rest_positions(character.skeleton)
    bones = {bone: character.humanoid[bone] for bone in humanoid.JOINTS}
    person = kinematics.rest_positions(skeleton)
    target = {bone: person[skeleton.index(bone)] for bone in humanoid.JOINTS}
    maps = _bone_maps({bone: old[j] for bone, j in bones.items()}, target)
    linear, new = np.empty((len(old), 3, 3)), np.empty_like(old)
    carrier = {j: bone for bone, j in bones.items()}
    for j, parent in enumerate(character.skeleton.parents):
        if j in carrier:
            linear[j], new[j] = maps[carrier[j]], target[carrier[j]]
        else:
            linear[j] = linear[parent]
            new[j] = new[parent] + linear[parent] @ (old[j] - old[parent])
    shift = new - np.einsum("jik,jk->ji", linear, old)
    for side in ("left", "right"):
        # One map for the whole foot keeps the sole flat, even if the person's toe joint is inaccurate.
        foot, toes = bones[side + "Foot"], bones[side + "Toes"]
        linear[toes], shift[toes] = linear[foot], shift[foot]
    return _reshape(character, linear, shift, new)


def _check_is_fittable(character: Character) -> None:
    missing = [bone for bone in humanoid.JOINTS if bone not in character.humanoid]
    if missing or not np.allclose(np.abs(character.rest_rotations[:, 3]), 1.0, atol=1e-9):
        raise InvalidDataError(f"fit: {character.name} is not a built-in character (a T-pose with identity axes)")


def _bone_maps(old: dict[str, FloatArray], new: dict[str, FloatArray]) -> dict[str, FloatArray]:
    """Returns the linear part (3, 3) of each bone's map."""
    thickness, width = _thickness_ratios(old, new)
    maps = {}
    for bone in humanoid.JOINTS:
        scale = np.array([width.get(bone, thickness[bone]), thickness[bone], thickness[bone]])
        if bone.endswith("Foot"):
            maps[bone] = np.diag(_foot_scale(bone, old, new, scale[0]))
        else:
            end = end_joint(bone)
            maps[bone] = (
                np.diag(scale) if end is None else _scale_to_reach(scale, old[end] - old[bone], new[end] - new[bone])
            )
    return maps


def end_joint(bone: str) -> str | None:
    """Returns the joint at the far end of a bone; None if the bone ends in no other joint."""
    if bone in END_JOINTS:
        return END_JOINTS[bone]
    side = next((side for side in ("left", "right") if bone.startswith(side)), None)
    end = END_JOINTS.get(bone[len(side) :]) if side else None
    return f"{side}{end}" if end else None


def _scale_to_reach(scale: FloatArray, old: FloatArray, new: FloatArray) -> FloatArray:
    """Returns the map (3, 3) that scales by (3,) across a bone and takes the vector old along it to new."""
    return np.diag(scale) + np.outer(new - scale * old, old) / (old @ old)


def _foot_scale(foot: str, old: dict[str, FloatArray], new: dict[str, FloatArray], width: float) -> FloatArray:
    """Returns the scale (3,) that keeps the sole on the floor and the ball of the foot below its joint."""
    toes = foot.replace("Foot", "Toes")
    height = new[foot][1] / old[foot][1]
    length = (new[toes][2] - new[foot][2]) / (old[toes][2] - old[foot][2])
    return np.array([width, *np.clip([height, length], *RATIO_LIMITS)])


def _thickness_ratios(
    old: dict[str, FloatArray], new: dict[str, FloatArray]
) -> tuple[dict[str, float], dict[str, float]]:
    """Returns the ratio of thickness of each bone, and the ratio of width of the bones of the trunk."""
    stature = _clipped_ratio(
        sum(_bone_length(new, b) for b in STATURE_BONES), sum(_bone_length(old, b) for b in STATURE_BONES)
    )
    thickness = {}
    for bone in humanoid.JOINTS:
        end = end_joint(bone) or bone
        length_ratio = _clipped_ratio(_bone_length(new, end), _bone_length(old, end))
        thickness[bone] = stature ** (1 - LENGTH_EXPONENT) * length_ratio**LENGTH_EXPONENT
    hips, chest = (
        stature ** (1 - WIDTH_EXPONENT) * _clipped_ratio(new[bone][0], old[bone][0]) ** WIDTH_EXPONENT
        for bone in ("leftUpperLeg", "leftUpperArm")
    )
    return thickness, {"hips": hips, "spine": float(np.sqrt(hips * chest)), "chest": chest, "upperChest": chest}


def _bone_length(positions: dict[str, FloatArray], bone: str) -> float:
    """Returns the distance of a joint from its parent; for the hips, their height."""
    parent = humanoid.PARENT[bone]
    return float(np.linalg.norm(positions[bone] - positions[parent])) if parent else float(positions[bone][1])


def _clipped_ratio(new: float, old: float) -> float:
    return float(np.clip(new / old, *RATIO_LIMITS))


def _reshape(character: Character, linear: FloatArray, shift: FloatArray, new: FloatArray) -> Character:
    """Moves the joints to new (J, 3) and the vertices by the joints' affine maps p -> linear @ p + shift."""
    offsets = new.copy()
    for j, parent in enumerate(character.skeleton.parents):
        if parent >= 0:
            offsets[j] = new[j] - new[parent]
    meshes = tuple(_reshape_mesh(mesh, linear, shift) for mesh in character.meshes)
    return replace(character, skeleton=replace(character.skeleton, rest_offsets=offsets), meshes=meshes)


def _transform_offsets(matrices: FloatArray, offsets: FloatArray) -> FloatArray:
    """Transforms offsets (V, 3), most of which are zero, by (V, 3, 3)."""
    moved = np.flatnonzero(np.abs(offsets) @ np.ones(3))
    result = np.zeros_like(offsets)
    result[moved] = np.einsum("vij,vj->vi", matrices[moved], offsets[moved])
    return result


def _reshape_mesh(mesh: Mesh, linear: FloatArray, shift: FloatArray) -> Mesh:
    blend = np.einsum("vk,vkij->vij", mesh.weights, linear[mesh.joints])
    translation = np.einsum("vk,vki->vi", mesh.weights, shift[mesh.joints])
    normals = np.linalg.solve(np.swapaxes(blend, 1, 2), mesh.normals[:, :, None])[..., 0]
    positions = np.einsum("vij,vj->vi", blend, mesh.positions) + translation
    targets = tuple(
        replace(target, position_offsets=_transform_offsets(blend, target.position_offsets))
        for target in mesh.morph_targets
    )
    return replace(mesh, positions=positions, normals=rotation.normalize(normals), morph_targets=targets)
