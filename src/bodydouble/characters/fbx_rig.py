"""Characters and motions of FBX files: joints below one root, their bind pose and their humanoid bones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bodydouble.characters.humanoid_map import HumanoidMap, RigDescription, map_humanoid
from bodydouble.data import CONTACT_POINTS, Character, FloatArray, IntArray, Motion, Skeleton
from bodydouble.errors import FormatError
from bodydouble.formats.fbx.document import damage_errors
from bodydouble.formats.fbx.scene import FRAME_BLOCK, FbxScene, read_scene
from bodydouble.formats.fbx.scene_meshes import cluster_bones, cluster_weights, read_meshes
from bodydouble.geometry import kinematics, rotation

MAX_JOINTS = 4096


@dataclass(frozen=True)
class _Rig:
    """J joints of a file, parents before children."""

    models: IntArray
    """(J,) objects of the scene."""
    names: tuple[str, ...]
    parents: tuple[int, ...]
    bind: FloatArray
    """(J, 4, 4) world from joint in the bind pose, m."""
    humanoid: dict[str, int]
    """Humanoid bone -> joint."""
    found: HumanoidMap
    """Humanoid map; its bones are objects of the scene."""


def read_fbx_character(path: Path, overrides: Mapping[str, str] | None = None) -> Character:
    """Reads the character of a file in metres, in the bind pose of its skin, with +Y up.

    Overrides are humanoid bone -> joint name, chosen by a person.

    Raises:
        FormatError: the file is damaged or contains no humanoid character.
    """
    scene = read_scene(path)
    with damage_errors(path):
        rig = _read_rig(scene, overrides)
        meshes = read_meshes(scene, {int(model): j for j, model in enumerate(rig.models)}, rig.bind)
        skeleton, rest_rotations = _skeleton(rig.names, rig.parents, rig.bind)
    if not meshes:
        raise FormatError(f"{path}: no mesh moves with its skeleton; bind the mesh to the bones and export it again")
    return Character(path.stem, skeleton, rest_rotations, rig.humanoid, meshes, notes=rig.found.notes)


def read_fbx_map(
    path: Path, overrides: Mapping[str, str] | None = None
) -> tuple[HumanoidMap, tuple[str, ...], dict[str, FloatArray]]:
    """Reads the humanoid map of a file, the names of its objects, and humanoid bone -> position (3,) m at rest.

    Raises:
        FormatError: the file is damaged or contains no humanoid skeleton.
    """
    scene = read_scene(path)
    with damage_errors(path):
        rig = _read_rig(scene, overrides)
        positions = {bone: rig.bind[joint, :3, 3] for bone, joint in rig.humanoid.items()}
        return rig.found, tuple(scene.names), positions


def read_fbx_motion(path: Path) -> tuple[Motion, FloatArray]:
    """Reads the first animation of a file.

    Returns:
        The motion of the hips and all joints below them, in metres with +Y up, contacts and joint_sigma NaN; and the
        world rotations (J, 4) xyzw of their rest pose.

    Raises:
        FormatError: the file is damaged, or contains no humanoid skeleton or no animation.
    """
    scene = read_scene(path)
    with damage_errors(path):
        rig = _below_hips(_read_rig(scene))
        rotations, positions = _animated_joints(scene, rig)
        skeleton, rest_rotations = _skeleton(rig.names, rig.parents, rig.bind)
        offsets = skeleton.rest_offsets.copy()
        for j, parent in enumerate(rig.parents[1:], start=1):
            steps = positions[:, j] - positions[:, parent]
            offsets[j] = np.median(rotation.rotate(rotation.conjugate(rotations[:, parent]), steps), axis=0)
        local = rotation.make_continuous(kinematics.local_rotations(rig.parents, rotations))
    motion = Motion(
        skeleton=Skeleton(rig.names, rig.parents, offsets),
        fps=scene.fps,
        rotations=local,
        root_position=positions[:, 0],
        contacts=np.full((len(rotations), len(CONTACT_POINTS)), np.nan),
        joint_sigma=np.full(rotations.shape[:2], np.nan),
    )
    return motion, rest_rotations


def _animated_joints(scene: FbxScene, rig: _Rig) -> tuple[FloatArray, FloatArray]:
    """Returns the world rotations (T, J, 4) and positions (T, J, 3) m of the joints in all frames."""
    if scene.take is None:
        raise FormatError("contains no animation")
    rotations, positions = [], []
    for first in range(0, scene.take.frame_count, FRAME_BLOCK):
        last = min(first + FRAME_BLOCK, scene.take.frame_count)
        matrices = scene.frame_matrices(first, last)[:, rig.models]
        rotations.append(_rotations(matrices))
        positions.append(matrices[..., :3, 3])
    return np.concatenate(rotations), np.concatenate(positions)


def _read_rig(scene: FbxScene, overrides: Mapping[str, str] | None = None) -> _Rig:
    """Finds the joints of the humanoid skeleton, their bind pose and the humanoid bones."""
    bound = cluster_bones(scene)
    bones = [i for i in range(len(scene.models)) if scene.is_bone(i) or i in bound]
    # Some programs write the skeleton of a motion as empty objects.
    bones = bones or [i for i in range(len(scene.models)) if scene.is_empty(i)]
    if not bones:
        raise FormatError("no skeleton in this file; export the character with its bones and skin")
    if len(bones) > MAX_JOINTS:
        raise FormatError(f"its skeleton has {len(bones)} joints; at most {MAX_JOINTS} are supported")
    known = {**scene.bind_pose(), **bound}
    found = _map_bones(scene, bones, known, overrides)
    mapped = found.bones
    joints = _joint_tree(scene, bones, mapped["hips"])
    joint_of_model = {model: j for j, model in enumerate(joints)}
    if lost := [bone for bone, model in mapped.items() if model not in joint_of_model]:
        raise FormatError(
            f"its skeleton is in several parts; {', '.join(lost)} must be below the same root as the hips"
        )
    return _Rig(
        models=np.array(joints),
        names=tuple(scene.names[i] for i in joints),
        parents=tuple(joint_of_model.get(scene.parents[i], -1) for i in joints),
        bind=_bind_matrices(scene, joints, known),
        humanoid={bone: joint_of_model[model] for bone, model in mapped.items()},
        found=found,
    )


def _map_bones(
    scene: FbxScene, bones: Sequence[int], bound: dict[int, FloatArray], overrides: Mapping[str, str] | None
) -> HumanoidMap:
    """Returns the humanoid map; its bones are objects of the scene."""
    place = {model: k for k, model in enumerate(bones)}
    weights = cluster_weights(scene)
    rig = RigDescription(
        names=tuple(scene.names[model] for model in bones),
        parents=tuple(place.get(scene.parents[model], -1) for model in bones),
        rest_positions=_bind_matrices(scene, bones, bound)[:, :3, 3],
        skin_weights=np.array([weights.get(model, 0.0) for model in bones]) if weights else None,
    )
    found = map_humanoid(rig, overrides)
    return replace(found, bones={bone: bones[k] for bone, k in found.bones.items()})


def _joint_tree(scene: FbxScene, bones: Sequence[int], hips: int) -> list[int]:
    """Returns the bones of the tree of the hips and the objects between them, parents first.

    The root is the topmost bone above the hips.
    """
    chain = [hips]
    while scene.parents[chain[-1]] >= 0:
        chain.append(scene.parents[chain[-1]])
    is_bone = set(bones)
    root = next(model for model in reversed(chain) if model in is_bone)
    needed: set[int] = set()
    for bone in bones:
        path = [bone]
        while path[-1] != root and path[-1] not in needed and scene.parents[path[-1]] >= 0:
            path.append(scene.parents[path[-1]])
        if path[-1] == root or path[-1] in needed:
            needed.update(path)
    return sorted(needed)


def _bind_matrices(scene: FbxScene, joints: Sequence[int], bound: dict[int, FloatArray]) -> FloatArray:
    """Returns world from joint (J, 4, 4): from the bind pose, else where the file puts the joint below its parent."""
    rest = scene.rest_matrices()
    world: dict[int, FloatArray] = {}
    for model in joints:
        above = scene.parents[model]
        free = world[above] @ np.linalg.inv(rest[above]) @ rest[model] if above in world else rest[model]
        world[model] = bound.get(model, free)
    return np.stack([world[model] for model in joints])


def _below_hips(rig: _Rig) -> _Rig:
    """Returns the rig with the hips as its root and only the joints below them."""
    hips = rig.humanoid["hips"]
    kept: list[int] = [hips]
    for j, parent in enumerate(rig.parents):
        if parent in kept:
            kept.append(j)
    place = {j: k for k, j in enumerate(kept)}
    return _Rig(
        models=rig.models[kept],
        names=tuple(rig.names[j] for j in kept),
        parents=tuple(place.get(rig.parents[j], -1) for j in kept),
        bind=rig.bind[kept],
        humanoid={bone: place[j] for bone, j in rig.humanoid.items() if j in place},
        found=rig.found,
    )


def _rotations(matrices: FloatArray) -> FloatArray:
    """Returns the rotations (..., 4) of matrices (..., 4, 4) that may contain scale."""
    return rotation.from_matrix(rotation.nearest_rotation(matrices[..., :3, :3]))


def _skeleton(names: tuple[str, ...], parents: tuple[int, ...], bind: FloatArray) -> tuple[Skeleton, FloatArray]:
    """Returns the skeleton without scale, and the world rotations (J, 4) of its joints."""
    rotations, offsets = _rotations(bind), bind[:, :3, 3].copy()
    inner = np.array(parents[1:], np.int64)
    steps = bind[1:, :3, 3] - bind[inner, :3, 3]
    offsets[1:] = rotation.rotate(rotation.conjugate(rotations[inner]), steps)
    return Skeleton(names, parents, offsets), rotations
