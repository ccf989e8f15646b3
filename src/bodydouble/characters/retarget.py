"""Moves a character by a person's motion, whatever its rest pose and proportions.

A motion's world rotations are relative to the T-pose with all axes parallel to the world's. So each humanoid joint of a
character gets ``motion * t_pose_from_rest * rest``: its own rest rotation, then the rotation that brings its limb into
the T-pose, then the person's rotation.
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
BLOCK_FRAMES = 64
"""Frames whose matrices are held at once."""
FLOOR_TOLERANCE = 0.005
"""Soles this close to y = 0, as a part of the height of the hips, stand on it: the rest is the shape of the shoe."""


def retarget(motion: Motion, character: Character) -> tuple[FloatArray, FloatArray]:
    """A person's motion on a character.

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
    world_motion = kinematics.world_rotations(motion.skeleton.parents, motion.rotations)
    positions = bind_matrices(character)[:, :3, 3]
    rest_positions = {bone: positions[j] for bone, j in character.humanoid.items()}
    t_pose = t_pose_corrections(rest_positions, motion.skeleton)
    local = _undriven_rotations(character)
    driven = {
        character.humanoid[bone]: (t_pose[bone], source) for bone, source in _source_joints(motion, character).items()
    }
    parents = character.skeleton.parents
    world = np.empty((len(motion.rotations), len(parents), 4))
    for j, parent in enumerate(parents):
        if j in driven:
            correction, source = driven[j]
            in_t_pose = rotation.multiply(correction, character.rest_rotations[j])
            world[:, j] = rotation.multiply(world_motion[:, source], in_t_pose)
        else:
            world[:, j] = local[j] if parent < 0 else rotation.multiply(world[:, parent], local[j])
    rotations = rotation.make_continuous(kinematics.local_rotations(parents, world))
    return rotations, _hips_translation(motion, character)


def pose_matrices(character: Character, rotations: FloatArray, hips_translation: FloatArray) -> FloatArray:
    """World matrices of the joints.

    Args:
        character: Jc joints.
        rotations: (T, Jc, 4) xyzw, local to the parent joint.
        hips_translation: (T, 3) m of the hips, local to their parent joint.

    Returns:
        (T, Jc, 4, 4) world from joint. A vertex of the rest pose is skinned by this times inverse_bind_matrices.
    """
    hips = character.humanoid["hips"]
    world = np.zeros((*rotations.shape[:2], 4, 4))
    world_rotations = kinematics.world_rotations(character.skeleton.parents, rotations)
    world[..., :3, :3] = rotation.to_matrix(world_rotations)
    world[..., 3, 3] = 1.0
    for j, parent in enumerate(character.skeleton.parents):
        offset = hips_translation if j == hips else character.skeleton.rest_offsets[j]
        if parent < 0:
            world[:, j, :3, 3] = offset
        else:
            world[:, j, :3, 3] = world[:, parent, :3, 3] + rotation.rotate(world_rotations[:, parent], offset)
    return world


class JointMatrixSequence:
    """The pose_matrices (Jc, 4, 4) of one frame after the other, made by the block so that long clips fit in memory."""

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


def bind_matrices(character: Character) -> FloatArray:
    """(Jc, 4, 4) world from joint in the rest pose."""
    local = kinematics.local_rotations(character.skeleton.parents, character.rest_rotations)
    hips = character.skeleton.rest_offsets[character.humanoid["hips"]]
    bind: FloatArray = pose_matrices(character, local[None], hips[None])[0]
    return bind


def inverse_bind_matrices(character: Character) -> FloatArray:
    """(Jc, 4, 4) joint from world in the rest pose."""
    return camera.inverse(bind_matrices(character))


def _source_joints(motion: Motion, character: Character) -> dict[str, int]:
    """Bone of the character -> joint of the motion that it follows.

    A part of the spine that the character lacks is bent in the part below it.
    """
    sources = {}
    joints = motion.skeleton.joint_names
    for bone in character.humanoid:
        followed = bone
        if bone in SPINE_BONES:
            for above in SPINE_BONES[SPINE_BONES.index(bone) + 1 :]:
                if above in character.humanoid:
                    break
                followed = above
        if followed in joints:
            sources[bone] = joints.index(followed)
    return sources


def _undriven_rotations(character: Character) -> FloatArray:
    """Rotations (Jc, 4) local to the parent, at rest; the fingers of characters with identity axes are curled."""
    local = kinematics.local_rotations(character.skeleton.parents, character.rest_rotations)
    for bone, curl in FINGER_CURL_DEG.items():
        joint = character.humanoid.get(bone)
        if joint is not None and abs(character.rest_rotations[joint, 3]) > 1 - 1e-9:
            local[joint] = rotation.from_rotvec(np.radians(curl))
    return local


def t_pose_corrections(rest_positions: Mapping[str, FloatArray], skeleton: Skeleton) -> dict[str, FloatArray]:
    """The rotations that bring the limbs of a rig at rest into the T-pose; the trunk, neck and shoulders stay.

    Args:
        rest_positions: humanoid bone -> position (3,) of its joint in the rig's rest pose, +Y up, facing +Z.
        skeleton: whose limbs show the T-pose.

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
    return corrections


def _rest_direction(skeleton: Skeleton, end: str, default: FloatArray) -> FloatArray:
    """Where a bone points at rest, from its joint to the joint named end."""
    return skeleton.rest_offsets[skeleton.index(end)] if end in skeleton.joint_names else default


def _align(start: FloatArray, direction: FloatArray, target: FloatArray) -> FloatArray:
    """The rotation start, and then the shortest that turns the direction to the target."""
    current = rotation.rotate(start, rotation.normalize(direction))
    return rotation.multiply(rotation.between(current, rotation.normalize(target)), start)


def _hips_translation(motion: Motion, character: Character) -> FloatArray:
    hips = character.humanoid["hips"]
    positions = bind_matrices(character)[:, :3, 3]
    character_height = _standing_height({bone: positions[j] for bone, j in character.humanoid.items()})
    person_positions = kinematics.rest_positions(motion.skeleton)
    person_height = _standing_height(dict(zip(motion.skeleton.joint_names, person_positions, strict=True)))
    world = motion.root_position * ((character_height - _sole_height(character, character_height)) / person_height)
    parent = character.skeleton.parents[hips]
    return world if parent < 0 else camera.transform(inverse_bind_matrices(character)[parent], world)


def _standing_height(rest_positions: dict[str, FloatArray]) -> float:
    """Height of the hips when the legs are straight and the last joint stands as high as at rest, m."""
    chain = [rest_positions[bone] for bone in ("leftUpperLeg", "leftLowerLeg", "leftFoot") if bone in rest_positions]
    lengths = np.linalg.norm(np.diff(chain, axis=0), axis=1)
    return float(rest_positions["hips"][1] - chain[0][1] + lengths.sum() + chain[-1][1])


def _sole_height(character: Character, hips_height: float) -> float:
    """Height of the soles in the rest pose: the lowest vertex that the feet carry most."""
    feet = [
        character.humanoid[b] for b in ("leftFoot", "leftToes", "rightFoot", "rightToes") if b in character.humanoid
    ]
    lowest = [
        float(mesh.positions[carried, 1].min())
        for mesh in character.meshes
        if (carried := np.isin(mesh.joints[np.arange(len(mesh.joints)), mesh.weights.argmax(axis=1)], feet)).any()
    ]
    floor = min(lowest, default=0.0)
    return floor if abs(floor) > FLOOR_TOLERANCE * abs(hips_height) else 0.0
