"""Direction in which a character's knee or elbow bends, for the inverse kinematics of its limbs."""

from bodydouble.data import Character, FloatArray
from bodydouble.geometry import rotation


def bend_direction(character: Character, joint: int, world: FloatArray, at_rest: FloatArray) -> FloatArray:
    """Returns the direction (T, 3) to which the knee or elbow below a joint points, from that (3,) at rest.

    Args:
        character: Jc joints.
        joint: the joint of the upper bone.
        world: (T, Jc, 4) world rotations of the joints.
        at_rest: direction in the character's rest pose.
    """
    turn = rotation.multiply(world[:, joint], rotation.conjugate(character.rest_rotations[joint]))
    return rotation.rotate(turn, at_rest)
