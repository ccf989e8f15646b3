"""Rotations of a character's humanoid bones relative to its T-pose, where every rig has the same axes."""

from bodydouble.characters.retarget import t_pose_corrections
from bodydouble.data import Character, FloatArray, Skeleton
from bodydouble.geometry import kinematics, rotation


class TPoseRotations:
    """World and local rotations of humanoid bones that are identity in the T-pose.

    Args:
        character: Jc joints, any rest pose.
        skeleton: its limbs at rest define the T-pose.
    """

    def __init__(self, character: Character, skeleton: Skeleton) -> None:
        bind = kinematics.bind_matrices(character)
        self._character = character
        self._rest_positions = {bone: bind[j, :3, 3] for bone, j in character.humanoid.items()}
        self._corrections = t_pose_corrections(self._rest_positions, skeleton)
        self._bones = {j: bone for bone, j in character.humanoid.items()}

    def direction(self, bone: str, end: str) -> FloatArray:
        """Returns the unit vector (3,) from the joint of a bone to that at its end, in the T-pose."""
        step = self._rest_positions[end] - self._rest_positions[bone]
        return rotation.rotate(self._corrections[bone], rotation.normalize(step))

    def from_t_pose(self, bone: str, world: FloatArray) -> FloatArray:
        """Returns the rotations (T, 4) of a bone from the T-pose, of the world rotations (T, Jc, 4) of all joints."""
        joint = self._character.humanoid[bone]
        in_t_pose = rotation.multiply(self._corrections[bone], self._character.rest_rotations[joint])
        return rotation.multiply(world[:, joint], rotation.conjugate(in_t_pose))

    def relative_to_parent(self, bone: str, world: FloatArray) -> FloatArray:
        """Returns the rotations (T, 4) of a bone relative to the humanoid bone above it; identity in the T-pose."""
        turned, parent = self.from_t_pose(bone, world), self._parent(bone)
        if parent is None:
            return turned
        return rotation.multiply(rotation.conjugate(self.from_t_pose(parent, world)), turned)

    def _parent(self, bone: str) -> str | None:
        """Returns the nearest humanoid bone above a bone."""
        parents = self._character.skeleton.parents
        joint = parents[self._character.humanoid[bone]]
        while joint >= 0 and joint not in self._bones:
            joint = parents[joint]
        return self._bones[joint] if joint >= 0 else None
