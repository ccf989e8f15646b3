"""Adult template skeleton, and BlazePose landmarks that are rigidly attached to the joints of a skeleton."""

import numpy as np

from bodydouble.data import FloatArray, IntArray, Skeleton
from bodydouble.geometry import kinematics, rotation
from bodydouble.skeletons import adult_template, blazepose, humanoid

HIPS = ("left_hip", "right_hip")
SHOULDERS = ("left_shoulder", "right_shoulder")


def template_skeleton() -> Skeleton:
    """Returns the skeleton of an adult of average proportions."""
    return Skeleton(humanoid.JOINTS, humanoid.PARENTS, np.array(adult_template.REST_OFFSETS))


def rest_landmarks(skeleton: Skeleton) -> FloatArray:
    """Returns the positions (33, 3) m of the BlazePose landmarks on a skeleton at rest; see landmark_attachments."""
    joints, offsets = landmark_attachments(skeleton)
    return np.asarray(kinematics.rest_positions(skeleton)[joints] + offsets)


_CARRIER_JOINTS = np.array([humanoid.INDEX[adult_template.REST_LANDMARKS[name][0]] for name in blazepose.LANDMARKS])
"""(33,) joint that carries each landmark."""
_TEMPLATE_OFFSETS = np.array([adult_template.REST_LANDMARKS[name][1] for name in blazepose.LANDMARKS])
"""(33, 3) m from the carrier, on the template at rest."""
_FOOT_JOINTS = [humanoid.INDEX[side + part] for side in ("left", "right") for part in ("Foot", "Toes")]
_IS_ON_SOLE = np.isin(_CARRIER_JOINTS, _FOOT_JOINTS) & (_TEMPLATE_OFFSETS[:, 1] < 0)
"""(33,) True for heels and foot indices, which lie on the sole below their joints."""
_SCALE_JOINTS = np.where(
    _IS_ON_SOLE, [humanoid.INDEX[humanoid.JOINTS[c].replace("Foot", "Toes")] for c in _CARRIER_JOINTS], _CARRIER_JOINTS
)
"""(33,) joint whose distance from its parent scales the offset of each landmark."""


def landmark_attachments(skeleton: Skeleton) -> tuple[IntArray, FloatArray]:
    """Returns the joint (33,) that carries each BlazePose landmark rigidly, and its offset (33, 3) m at rest.

    The offsets are those of the adult template, scaled by the length of the bone; soles reach the floor at rest.
    """
    skeletons = (skeleton, template_skeleton())
    length, template_length = (np.linalg.norm(one.rest_offsets, axis=-1)[_SCALE_JOINTS] for one in skeletons)
    height, template_height = (kinematics.rest_positions(one)[_CARRIER_JOINTS, 1] for one in skeletons)
    offsets = _TEMPLATE_OFFSETS * (length / template_length)[:, None]
    offsets[_IS_ON_SOLE, 1] = (_TEMPLATE_OFFSETS[:, 1] * height / template_height)[_IS_ON_SOLE]
    return _CARRIER_JOINTS, offsets


def landmark_positions(
    skeleton: Skeleton,
    rotations: FloatArray,
    root_position: FloatArray,
    attachments: tuple[IntArray, FloatArray] | None = None,
) -> FloatArray:
    """Returns the positions (T, 33, 3) m of the BlazePose landmarks on a posed skeleton, in the root's frame.

    Args:
        skeleton: J joints.
        rotations: (T, J, 4) xyzw, local to the parent.
        root_position: (T, 3) m, or (3,) for all frames.
        attachments: the joint (33,) that carries each landmark and its offset (33, 3) m at rest; those of
            landmark_attachments if not given.
    """
    positions, world = kinematics.forward_kinematics(skeleton, rotations, root_position)
    joints, offsets = landmark_attachments(skeleton) if attachments is None else attachments
    return positions[:, joints] + rotation.rotate(world[:, joints], offsets)


def group_mean(points: FloatArray, group: tuple[str, ...]) -> FloatArray:
    """Returns the mean (..., N) of the landmarks of a group among points (..., 33, N)."""
    return np.asarray(points[..., [blazepose.INDEX[name] for name in group], :].mean(axis=-2))
