"""Retargeting: a person's ``Motion`` -> joint rotations and hips translation of a ``Character`` of any rest pose.

A motion's world rotations are relative to the T-pose with all axes parallel to those of the world. So each humanoid
joint of a character gets ``motion * t_pose_from_rest * rest``: its own rest rotation, then the rotation that brings its
limb into the T-pose, then the person's rotation.
"""

from collections.abc import Mapping

import numpy as np

from bodydouble.characters.relaxed_hand import FINGER_CURL_DEG
from bodydouble.data import Character, FloatArray, Motion, Skeleton
from bodydouble.geometry import camera, kinematics, rotation

SPINE_BONES = ("spine", "chest", "upperChest")
SIDES = ("left", "right")
T_POSE_LIMBS = (
    # bone, the joint that it points at, the bone whose correction it starts from
    ("UpperArm", "LowerArm", None),
    ("LowerArm", "Hand", "UpperArm"),
    ("Hand", "MiddleProximal", "LowerArm"),
    ("UpperLeg", "LowerLeg", None),
    ("LowerLeg", "Foot", "UpperLeg"),
)
FINGER_LIMBS = tuple(
    (bones[i], bones[i + 1] if i + 1 < len(bones) else None, bones[i - 1] if i else "Hand")
    for bones in (
        [f"{finger}{part}" for part in parts]
        for finger, parts in (
            ("Thumb", ("Metacarpal", "Proximal", "Distal")),
            *((name, ("Proximal", "Intermediate", "Distal")) for name in ("Index", "Middle", "Ring", "Little")),
        )
    )
    for i in range(len(bones))
)
"""Finger bones in the manner of T_POSE_LIMBS; the last bone of a finger keeps the correction of the bone before it."""
SOLE_BONES = ("leftFoot", "leftToes", "rightFoot", "rightToes")
BLOCK_FRAMES = 64
"""Number of frames whose matrices are in memory at once."""
FLOOR_TOLERANCE = 0.005
"""Maximum height of the soles above y = 0 that is ignored as the shape of the shoe, relative to that of the hips."""


def retarget(motion: Motion, character: Character) -> tuple[FloatArray, FloatArray]:
    """Transfers a person's motion to a character.

    Joints that the person does not have keep their rest rotations, except that the fingers of characters with identity
    axes are lightly curled. The path of the hips is scaled by the ratio of their standing heights, so that the feet
    meet the floor.

    Args:
        motion: T frames of the 22 humanoid joints.
        character: Jc joints, any rest pose.

    Returns:
        rotations (T, Jc, 4) xyzw, local to the parent joint (of joint 0: to the world), and the translation (T, 3) m of
        the character's hips, local to their parent joint (to the world if they are joint 0).
    """
    bind = kinematics.bind_matrices(character)
    rest_positions = {bone: bind[j, :3, 3] for bone, j in character.humanoid.items()}
    rotations = _retarget_rotations(motion, character, t_pose_corrections(rest_positions, motion.skeleton))
    path = motion.root_position * path_scale(motion.skeleton, character)
    parent = character.skeleton.parents[character.humanoid["hips"]]
    return rotations, path if parent < 0 else camera.transform(camera.inverse(bind)[parent], path)


def _retarget_rotations(motion: Motion, character: Character, corrections: Mapping[str, FloatArray]) -> FloatArray:
    """Returns the local rotations (T, Jc, 4) of a character whose limbs corrections bring into the T-pose."""
    motion_rotations = kinematics.world_rotations(motion.skeleton.parents, motion.rotations)
    sources = {character.humanoid[bone]: (bone, source) for bone, source in _source_joints(motion, character).items()}
    undriven, parents = _undriven_rotations(character), character.skeleton.parents
    world = np.empty((len(motion.rotations), len(parents), 4))
    for j, parent in enumerate(parents):
        if j in sources:
            bone, source = sources[j]
            in_t_pose = rotation.multiply(corrections[bone], character.rest_rotations[j])
            world[:, j] = rotation.multiply(motion_rotations[:, source], in_t_pose)
        else:
            world[:, j] = undriven[j] if parent < 0 else rotation.multiply(world[:, parent], undriven[j])
    return rotation.make_continuous(kinematics.local_rotations(parents, world))


def pose_matrices(character: Character, rotations: FloatArray, hips_translation: FloatArray) -> FloatArray:
    """Computes the world matrices of the joints.

    Args:
        character: Jc joints.
        rotations: (T, Jc, 4) xyzw, local to the parent joint.
        hips_translation: (T, 3) m of the hips, local to their parent joint.

    Returns:
        (T, Jc, 4, 4) world from joint. Their product with kinematics.inverse_bind_matrices skins the vertices of the
        rest pose.
    """
    return kinematics.joint_matrices(character.skeleton, rotations, hips_translation, character.humanoid["hips"])


class JointMatrixSequence:
    """Sequence of the pose_matrices (Jc, 4, 4) of all frames, computed in blocks so that long clips fit in memory."""

    def __init__(self, character: Character, rotations: FloatArray, hips_translation: FloatArray) -> None:
        """Takes the arguments of pose_matrices."""
        self._character, self._rotations, self._hips_translation = character, rotations, hips_translation
        self._first = 0
        self._block: FloatArray = np.empty((0, len(character.skeleton.joint_names), 4, 4))

    def __len__(self) -> int:
        return len(self._rotations)

    def __getitem__(self, frame: int) -> FloatArray:
        if not 0 <= frame < len(self):
            raise IndexError(frame)
        if not self._first <= frame < self._first + len(self._block):
            self._first = frame - frame % BLOCK_FRAMES
            rows = slice(self._first, self._first + BLOCK_FRAMES)
            self._block = pose_matrices(self._character, self._rotations[rows], self._hips_translation[rows])
        matrices: FloatArray = self._block[frame - self._first]
        return matrices


def _source_joints(motion: Motion, character: Character) -> dict[str, int]:
    """Returns the joint of the motion that drives each bone of the character.

    The bend of a spine bone that the character lacks happens in the bone below it.
    """
    sources = {}
    joints = motion.skeleton.joint_names
    for bone in character.humanoid:
        driver = _topmost_missing_spine_bone(bone, character) if bone in SPINE_BONES else bone
        if driver in joints:
            sources[bone] = joints.index(driver)
    return sources


def _topmost_missing_spine_bone(bone: str, character: Character) -> str:
    """Returns the last of the spine bones directly above a bone that the character lacks, or the bone itself."""
    for above in SPINE_BONES[SPINE_BONES.index(bone) + 1 :]:
        if above in character.humanoid:
            break
        bone = above
    return bone


def _undriven_rotations(character: Character) -> FloatArray:
    """Returns the local rotations (Jc, 4) at rest; the fingers of characters with identity axes are curled."""
    local = kinematics.local_rotations(character.skeleton.parents, character.rest_rotations)
    for bone, curl in FINGER_CURL_DEG.items():
        joint = character.humanoid.get(bone)
        if joint is not None and abs(character.rest_rotations[joint, 3]) > 1 - 1e-9:
            local[joint] = rotation.from_rotvec(np.radians(curl))
    return local


def t_pose_corrections(rest_positions: Mapping[str, FloatArray], skeleton: Skeleton) -> dict[str, FloatArray]:
    """Computes the rotations that bring the limbs of a rig at rest into the T-pose; trunk, neck and shoulders stay.

    Args:
        rest_positions: humanoid bone -> position (3,) of its joint in the rig's rest pose, +Y up, facing +Z.
        skeleton: its limbs at rest define the T-pose.

    Returns:
        Humanoid bone -> world rotation (4,) xyzw from the rig's rest pose to the T-pose.
    """
    corrections = dict.fromkeys(rest_positions, rotation.IDENTITY)
    for side, sign in zip(SIDES, (1.0, -1.0), strict=True):
        for bone, end, above in ((side + b, side + e, a and side + a) for b, e, a in T_POSE_LIMBS):
            if bone in rest_positions:
                start = corrections[above] if above else rotation.IDENTITY
                target = _rest_direction(skeleton, end, np.array([sign, 0.0, 0.0]))
                corrections[bone] = (
                    _align(start, rest_positions[end] - rest_positions[bone], target)
                    if end in rest_positions
                    else start
                )
        foot, toes = side + "Foot", side + "Toes"
        if foot in rest_positions and toes in rest_positions:
            flat = np.array([1.0, 0.0, 1.0])
            target = _rest_direction(skeleton, toes, np.array([0.0, 0.0, 1.0]))
            corrections[foot] = corrections[toes] = _align(
                rotation.IDENTITY, (rest_positions[toes] - rest_positions[foot]) * flat, target * flat
            )
        if side + "IndexProximal" in skeleton.joint_names:
            _straighten_fingers(corrections, rest_positions, skeleton, side)
    return corrections


def _straighten_fingers(
    corrections: dict[str, FloatArray], rest_positions: Mapping[str, FloatArray], skeleton: Skeleton, side: str
) -> None:
    """Adds the rotations that bring the fingers of a rig from its rest pose to that of a skeleton with fingers."""
    for bone, end, above in ((side + b, side + e if e else "", side + a) for b, e, a in FINGER_LIMBS):
        if bone in rest_positions:
            start = corrections.get(above, corrections.get(side + "Hand", rotation.IDENTITY))
            corrections[bone] = start
            if end in rest_positions:
                target = skeleton.rest_offsets[skeleton.index(end)]
                corrections[bone] = _align(start, rest_positions[end] - rest_positions[bone], target)


def _rest_direction(skeleton: Skeleton, end: str, default: FloatArray) -> FloatArray:
    """Returns the vector from a bone's joint to the joint named end at rest, or the default if there is none."""
    return skeleton.rest_offsets[skeleton.index(end)] if end in skeleton.joint_names else default


def _align(start: FloatArray, direction: FloatArray, target: FloatArray) -> FloatArray:
    """Composes the rotation start with the shortest rotation that brings the direction onto the target."""
    current = rotation.rotate(start, rotation.normalize(direction))
    return rotation.multiply(rotation.between(current, rotation.normalize(target)), start)


def path_scale(skeleton: Skeleton, character: Character) -> float:
    """Returns the ratio of the standing heights of the character's and the person's hips above their soles."""
    bind = kinematics.bind_matrices(character)
    rest_positions = {bone: bind[j, :3, 3] for bone, j in character.humanoid.items()}
    height = _standing_height(rest_positions)
    person = dict(zip(skeleton.joint_names, kinematics.rest_positions(skeleton), strict=True))
    return (height - _sole_height(character, height)) / _standing_height(person)


def _standing_height(rest_positions: Mapping[str, FloatArray]) -> float:
    """Returns the height, m, of the hips when the legs are straight and the last joint is as high as at rest."""
    chain = [rest_positions[bone] for bone in ("leftUpperLeg", "leftLowerLeg", "leftFoot") if bone in rest_positions]
    lengths = np.linalg.norm(np.diff(chain, axis=0), axis=1)
    return float(rest_positions["hips"][1] - chain[0][1] + lengths.sum() + chain[-1][1])


def _sole_height(character: Character, hips_height: float) -> float:
    """Returns the height, m, of the soles at rest: of the lowest vertex whose largest weight is that of the feet."""
    feet = [character.humanoid[bone] for bone in SOLE_BONES if bone in character.humanoid]
    lowest = [
        float(mesh.positions[on_feet, 1].min())
        for mesh in character.meshes
        if (on_feet := np.isin(mesh.joints[np.arange(len(mesh.joints)), mesh.weights.argmax(axis=1)], feet)).any()
    ]
    height = min(lowest, default=0.0)
    return height if abs(height) > FLOOR_TOLERANCE * abs(hips_height) else 0.0
