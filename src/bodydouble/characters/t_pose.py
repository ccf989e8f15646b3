"""T-pose of a character of any rest pose, as the pose of its joints; mesh and bind pose stay as they are."""

import numpy as np

from bodydouble.characters.retarget import t_pose_corrections
from bodydouble.data import Character, FloatArray, Skeleton
from bodydouble.geometry import camera, kinematics, rotation
from bodydouble.skeletons import adult_template, humanoid


def t_pose(character: Character) -> tuple[FloatArray, FloatArray]:
    """Computes the pose in which a character stands in the T-pose: arms along X, legs straight down, feet forward.

    The skin is not bound again in the new pose. Linear blend skinning cannot be inverted where several joints share a
    vertex, so a mesh that is bound in the T-pose would move differently from the original.

    Args:
        character: J joints, any rest pose, facing +Z.

    Returns:
        rotations (J, 4) xyzw, local to the parent joint (of joint 0: to the world), and the translation (3,) m of the
        hips, local to their parent joint. The lower foot is as high as at rest.
    """
    bind = kinematics.bind_matrices(character)
    rest_positions = {bone: bind[j, :3, 3] for bone, j in character.humanoid.items()}
    skeleton = Skeleton(humanoid.JOINTS, humanoid.PARENTS, np.array(adult_template.REST_OFFSETS))
    rotations = _turn_joints(character, t_pose_corrections(rest_positions, skeleton))
    return rotations, _hips_translation(character, bind, rotations)


def _turn_joints(character: Character, corrections: dict[str, FloatArray]) -> FloatArray:
    """Returns local rotations (J, 4) with the world rotations of the body's joints corrected; others follow."""
    parents = character.skeleton.parents
    local = kinematics.local_rotations(parents, character.rest_rotations)
    bones = {j: bone for bone, j in character.humanoid.items() if bone in humanoid.INDEX}
    world = np.empty_like(character.rest_rotations)
    for j, parent in enumerate(parents):
        if j in bones:
            world[j] = rotation.multiply(corrections[bones[j]], character.rest_rotations[j])
        else:
            world[j] = local[j] if parent < 0 else rotation.multiply(world[parent], local[j])
    return rotation.normalize(kinematics.local_rotations(parents, world))


def _hips_translation(character: Character, bind: FloatArray, rotations: FloatArray) -> FloatArray:
    """Returns the local translation (3,) of the hips that brings the lower foot to its height at rest."""
    skeleton, hips = character.skeleton, character.humanoid["hips"]
    at_rest = skeleton.rest_offsets[hips]
    posed, _ = kinematics.forward_kinematics(skeleton, rotations, at_rest, hips)
    feet = [character.humanoid[foot] for foot in ("leftFoot", "rightFoot") if foot in character.humanoid]
    lift = bind[feet, 1, 3].min() - posed[feet, 1].min() if feet else 0.0
    position = bind[hips, :3, 3] + [0.0, lift, 0.0]
    parent = skeleton.parents[hips]
    return np.asarray(position if parent < 0 else camera.transform(camera.inverse(bind)[parent], position))
