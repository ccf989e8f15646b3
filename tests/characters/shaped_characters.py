"""Characters of other shapes, made of the mannequin: with twist bones, stout, with other limbs."""

from dataclasses import replace
from functools import cache

import numpy as np

from bodydouble.characters.body_fitting import fit_character
from bodydouble.characters.load import load_character
from bodydouble.characters.rig_vertices import humanoid_owners
from bodydouble.data import Character, FloatArray, Motion, Skeleton
from bodydouble.geometry import kinematics
from bodydouble.skeletons import adult_template, humanoid

ADULT = Skeleton(humanoid.JOINTS, humanoid.PARENTS, np.array(adult_template.REST_OFFSETS))
LIMBS = (("UpperArm", "LowerArm"), ("LowerArm", "Hand"), ("UpperLeg", "LowerLeg"), ("LowerLeg", "Foot"))
TRUNK = ("hips", "spine", "chest", "upperChest")


@cache
def adult_mannequin() -> Character:
    """The mannequin with the proportions of the adult template, as a character of a user's own."""
    return replace(fit_character(load_character("mannequin"), ADULT), is_builtin=False)


def mirror_motion(motion: Motion) -> Motion:
    """Exchanges left and right of a motion of the 22 humanoid joints."""
    return replace(
        motion,
        rotations=motion.rotations[:, _mirrored_joints(humanoid.JOINTS)] * [1, -1, -1, 1],
        root_position=motion.root_position * [-1, 1, 1],
        contacts=motion.contacts[:, [2, 3, 0, 1]],
    )


def mirror_rotations(character: Character, rotations: FloatArray) -> FloatArray:
    """Exchanges left and right of the rotations (T, J, 4) of a character with identity axes and mirrored names."""
    return np.asarray(rotations[:, _mirrored_joints(character.skeleton.joint_names)] * [1, -1, -1, 1])


def _mirrored_joints(names: tuple[str, ...]) -> list[int]:
    swap = {"left": "right", "right": "left"}
    sides = [next((side for side in swap if name.startswith(side)), "") for name in names]
    return [
        names.index(swap[side] + name.removeprefix(side)) if side else index
        for index, (name, side) in enumerate(zip(names, sides, strict=True))
    ]


def inflate_trunk(character: Character, factor: float) -> Character:
    """Moves the vertices of the trunk away from its vertical axis by a factor."""
    owners = humanoid_owners(character)
    trunk = [character.humanoid[bone] for bone in TRUNK if bone in character.humanoid]
    meshes = []
    for mesh in character.meshes:
        share = np.sum(np.where(np.isin(owners[mesh.joints], trunk), mesh.weights, 0.0), axis=1, keepdims=True)
        meshes.append(replace(mesh, positions=mesh.positions * (1 + share * (factor - 1) * [1.0, 0.0, 1.0])))
    return replace(character, meshes=tuple(meshes))


def with_twist_bones(character: Character, places: tuple[float, ...], *, in_chain: bool) -> Character:
    """Adds skinned twist bones at places along arms and legs, each below the one before or below the limb's joint."""
    for side in ("left", "right"):
        for bone, end in LIMBS:
            before = side + bone
            for index, place in enumerate(places):
                name = f"{side}{bone}Twist{index}"
                character = _add_twist_bone(character, name, before, (side + bone, side + end), place, in_chain)
                before = name if in_chain else before
    return character


def _add_twist_bone(
    character: Character, name: str, parent_name: str, limb: tuple[str, str], place: float, in_chain: bool
) -> Character:
    rest = kinematics.rest_positions(character.skeleton)
    names, parents = list(character.skeleton.joint_names), list(character.skeleton.parents)
    start, end = (character.humanoid[bone] for bone in limb)
    position = rest[start] + place * (rest[end] - rest[start])
    parent = names.index(parent_name)
    new = parent + 1
    moved = [j if j < new else j + 1 for j in range(len(names))]
    all_parents = [p if p < 0 else moved[p] for p in parents]
    if in_chain:
        all_parents[end] = new
    all_parents.insert(new, parent)
    names.insert(new, name)
    all_rest = np.insert(rest, new, position, axis=0)
    offsets = all_rest - np.where(np.array(all_parents)[:, None] >= 0, all_rest[all_parents], 0.0)
    meshes = []
    for mesh in character.meshes:
        axis = rest[end] - rest[start]
        beyond = (mesh.positions - position) @ axis >= 0
        is_on_limb = humanoid_owners(character)[mesh.joints] == start
        meshes.append(replace(mesh, joints=np.where(is_on_limb & beyond[:, None], new, np.array(moved)[mesh.joints])))
    return replace(
        character,
        skeleton=Skeleton(tuple(names), tuple(all_parents), offsets),
        rest_rotations=np.insert(character.rest_rotations, new, [0.0, 0.0, 0.0, 1.0], axis=0),
        humanoid={bone: moved[j] for bone, j in character.humanoid.items()},
        meshes=tuple(meshes),
    )
