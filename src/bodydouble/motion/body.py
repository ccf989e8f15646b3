"""The segments whose depth is resolved, and the adult template they come from."""

from dataclasses import dataclass

import numpy as np

from bodydouble.data import FloatArray, IntArray, Skeleton
from bodydouble.geometry import kinematics
from bodydouble.skeletons import blazepose, humanoid, rest


@dataclass(frozen=True, slots=True)
class Segment:
    """A body segment between two groups of landmarks; a group stands for the mean of its landmarks."""

    name: str
    start: tuple[str, ...]
    end: tuple[str, ...]
    centered: bool = False
    """It hangs on its middle, not on its start."""
    slack: float = 0.05
    """Relative standard deviation of its length: the trunk bends and shoulders are shrugged."""


HIPS = ("left_hip", "right_hip")
SHOULDERS = ("left_shoulder", "right_shoulder")

SEGMENTS: tuple[Segment, ...] = (
    Segment("spine", HIPS, SHOULDERS, slack=0.12),
    Segment("pelvis", ("right_hip",), ("left_hip",), centered=True),
    Segment("shoulders", ("right_shoulder",), ("left_shoulder",), centered=True),
    *(
        Segment(f"{side}_{name}", (f"{side}_{start}",), tuple(f"{side}_{end}" for end in ends))
        for name, start, ends in (
            ("upper_arm", "shoulder", ("elbow",)),
            ("forearm", "elbow", ("wrist",)),
            ("palm", "wrist", ("index", "pinky")),
            ("thigh", "hip", ("knee",)),
            ("shank", "knee", ("ankle",)),
            ("instep", "ankle", ("foot_index",)),
            ("heel_bone", "ankle", ("heel",)),
        )
        for side in ("left", "right")
    ),
)
SEGMENT_INDEX: dict[str, int] = {segment.name: i for i, segment in enumerate(SEGMENTS)}


def template_skeleton() -> Skeleton:
    """An adult of average proportions."""
    return Skeleton(humanoid.JOINTS, humanoid.PARENTS, np.array(rest.REST_OFFSETS))


def rest_landmarks(skeleton: Skeleton) -> FloatArray:
    """Positions (33, 3) m of the BlazePose landmarks on the skeleton at rest; see attached_landmarks."""
    joints, offsets = attached_landmarks(skeleton)
    return np.asarray(kinematics.rest_positions(skeleton)[joints] + offsets)


_SEEN_SHARE: dict[str, tuple[float, float, float]] = {
    "index": (0.76, 0.76, 0.76),
    "pinky": (0.75, 0.75, 0.75),
    "thumb": (0.55, 0.55, 0.55),
    "foot_index": (1.0, 1.0, 0.5),
}
"""The network puts these nearer to wrist and ankle than the points they are named after: part of the offset, x, y, z.

From the lengths of its hands and feet relative to its shanks, in three dimensions and in profile, on four real clips.
"""


_CARRIERS = np.array([humanoid.INDEX[rest.REST_LANDMARKS[name][0]] for name in blazepose.LANDMARKS])
_TEMPLATE_OFFSETS = np.array(
    [
        np.array(rest.REST_LANDMARKS[name][1]) * _SEEN_SHARE.get(name.split("_", 1)[-1], (1.0, 1.0, 1.0))
        for name in blazepose.LANDMARKS
    ]
)
_ON_FEET = np.isin(_CARRIERS, [humanoid.INDEX[side + part] for side in ("left", "right") for part in ("Foot", "Toes")])
_ON_FEET &= _TEMPLATE_OFFSETS[:, 1] < 0
"""Heels and foot indices: they hang below joints, on the sole."""


def attached_landmarks(skeleton: Skeleton) -> tuple[IntArray, FloatArray]:
    """The joint (33,) each BlazePose landmark is rigidly attached to, and its offset (33, 3) m from it at rest.

    The offsets are the adult template's; those of the soles are scaled so that they reach the floor at rest.
    """
    own, template = (kinematics.rest_positions(one)[_CARRIERS, 1] for one in (skeleton, template_skeleton()))
    ratio = np.where(_ON_FEET, own / template, 1.0)
    return _CARRIERS, _TEMPLATE_OFFSETS * ratio[:, None]


def group_mean(points: FloatArray, group: tuple[str, ...]) -> FloatArray:
    """Mean (..., N) of the landmarks of a group among points (..., 33, N)."""
    return np.asarray(points[..., [blazepose.INDEX[name] for name in group], :].mean(axis=-2))


def segment_vectors(points: FloatArray) -> FloatArray:
    """Vectors (..., S, N) from start to end of each segment among landmark points (..., 33, N)."""
    return np.stack([group_mean(points, s.end) - group_mean(points, s.start) for s in SEGMENTS], axis=-2)


def segment_starts(points: FloatArray) -> FloatArray:
    """Where each segment hangs (..., S, N) among landmark points (..., 33, N): its start, or its middle if centered."""
    groups = [(*s.start, *s.end) if s.centered else s.start for s in SEGMENTS]
    return np.stack([group_mean(points, group) for group in groups], axis=-2)


def segment_lengths(skeleton: Skeleton) -> FloatArray:
    """Length (S,) m of each segment on the skeleton."""
    return np.asarray(np.linalg.norm(segment_vectors(rest_landmarks(skeleton)), axis=-1))
