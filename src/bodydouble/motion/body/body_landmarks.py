"""An adult of average proportions, and where the landmarks lie on a body."""

import numpy as np

from bodydouble.data import FloatArray, IntArray, Skeleton
from bodydouble.geometry import kinematics
from bodydouble.skeletons import adult_template, blazepose, humanoid

HIPS = ("left_hip", "right_hip")
SHOULDERS = ("left_shoulder", "right_shoulder")


def template_skeleton() -> Skeleton:
    """An adult of average proportions."""
    return Skeleton(humanoid.JOINTS, humanoid.PARENTS, np.array(adult_template.REST_OFFSETS))


def rest_landmarks(skeleton: Skeleton) -> FloatArray:
    """Positions (33, 3) m of the BlazePose landmarks on the skeleton at rest; see attached_landmarks."""
    joints, offsets = landmark_attachments(skeleton)
    return np.asarray(kinematics.rest_positions(skeleton)[joints] + offsets)


_CARRIER_JOINTS = np.array([humanoid.INDEX[adult_template.REST_LANDMARKS[name][0]] for name in blazepose.LANDMARKS])
_TEMPLATE_OFFSETS = np.array([adult_template.REST_LANDMARKS[name][1] for name in blazepose.LANDMARKS])
_IS_ON_SOLE = np.isin(
    _CARRIER_JOINTS, [humanoid.INDEX[side + part] for side in ("left", "right") for part in ("Foot", "Toes")]
)
_IS_ON_SOLE &= _TEMPLATE_OFFSETS[:, 1] < 0
"""Heels and foot indices: they hang below joints, on the sole."""
_SCALE_JOINTS = np.where(
    _IS_ON_SOLE, [humanoid.INDEX[humanoid.JOINTS[c].replace("Foot", "Toes")] for c in _CARRIER_JOINTS], _CARRIER_JOINTS
)  # fmt: skip
"""(33,) the joint whose distance from its parent tells how large the part of the body is that carries a landmark."""


def landmark_attachments(skeleton: Skeleton) -> tuple[IntArray, FloatArray]:
    """The joint (33,) each BlazePose landmark is rigidly attached to, and its offset (33, 3) m from it at rest.

    The offsets are the adult template's, as large as the bone is; soles reach the floor at rest.
    """
    template = template_skeleton()
    size, usual = (np.linalg.norm(one.rest_offsets, axis=-1)[_SCALE_JOINTS] for one in (skeleton, template))
    own, height = (kinematics.rest_positions(one)[_CARRIER_JOINTS, 1] for one in (skeleton, template))
    offsets = _TEMPLATE_OFFSETS * (size / usual)[:, None]
    offsets[_IS_ON_SOLE, 1] = (_TEMPLATE_OFFSETS[:, 1] * own / height)[_IS_ON_SOLE]
    return _CARRIER_JOINTS, offsets


def group_mean(points: FloatArray, group: tuple[str, ...]) -> FloatArray:
    """Mean (..., N) of the landmarks of a group among points (..., 33, N)."""
    return np.asarray(points[..., [blazepose.INDEX[name] for name in group], :].mean(axis=-2))
