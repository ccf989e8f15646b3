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
    level: int
    """Segments of a level need only the depths of lower levels."""
    parent: str | None = None
    """Segment at whose end this one starts; None: at the middle of the hips."""
    centered: bool = False
    """The parent's end is the middle of this segment, not its start."""
    parent_share: float = 1.0
    """Where along the parent this segment starts."""
    slack: float = 0.05
    """Relative standard deviation of its length: the trunk bends and shoulders are shrugged."""


def _both_sides(name: str, start: str, end: str, level: int, parent: str, share: float) -> tuple[Segment, Segment]:
    left, right = (
        Segment(f"{side}_{name}", (f"{side}_{start}",), (f"{side}_{end}",), level, f"{side}_{parent}", False, share)
        for side in ("left", "right")
    )
    return left, right


HIPS = ("left_hip", "right_hip")
SHOULDERS = ("left_shoulder", "right_shoulder")

SEGMENTS: tuple[Segment, ...] = (
    Segment("spine", HIPS, SHOULDERS, 0, slack=0.12),
    Segment("pelvis", ("right_hip",), ("left_hip",), 0, None, True),
    Segment("shoulders", ("right_shoulder",), ("left_shoulder",), 1, "spine", True),
    Segment("left_upper_arm", ("left_shoulder",), ("left_elbow",), 2, "shoulders", False, 0.5),
    Segment("right_upper_arm", ("right_shoulder",), ("right_elbow",), 2, "shoulders", False, -0.5),
    Segment("left_thigh", ("left_hip",), ("left_knee",), 2, "pelvis", False, 0.5),
    Segment("right_thigh", ("right_hip",), ("right_knee",), 2, "pelvis", False, -0.5),
    *_both_sides("forearm", "elbow", "wrist", 3, "upper_arm", 1.0),
    *_both_sides("shank", "knee", "ankle", 3, "thigh", 1.0),
    *_both_sides("instep", "ankle", "foot_index", 4, "shank", 1.0),
    *_both_sides("heel_bone", "ankle", "heel", 4, "shank", 1.0),
)
SEGMENT_INDEX: dict[str, int] = {segment.name: i for i, segment in enumerate(SEGMENTS)}
LEVELS: tuple[tuple[int, ...], ...] = tuple(
    tuple(i for i, segment in enumerate(SEGMENTS) if segment.level == level) for level in range(5)
)


def template_skeleton() -> Skeleton:
    """An adult of average proportions."""
    return Skeleton(humanoid.JOINTS, humanoid.PARENTS, np.array(rest.REST_OFFSETS))


def rest_landmarks(skeleton: Skeleton) -> FloatArray:
    """Positions (33, 3) m of the BlazePose landmarks on the skeleton at rest; see attached_landmarks."""
    joints, offsets = attached_landmarks()
    return np.asarray(kinematics.rest_positions(skeleton)[joints] + offsets)


def attached_landmarks() -> tuple[IntArray, FloatArray]:
    """The joint (33,) each BlazePose landmark is rigidly attached to, and its offset (33, 3) m from it at rest."""
    attached = [rest.REST_LANDMARKS[name] for name in blazepose.LANDMARKS]
    joints = np.array([humanoid.INDEX[joint] for joint, _ in attached])
    return joints, np.array([offset for _, offset in attached])


def group_mean(points: FloatArray, group: tuple[str, ...]) -> FloatArray:
    """Mean (..., N) of the landmarks of a group among points (..., 33, N)."""
    return np.asarray(points[..., [blazepose.INDEX[name] for name in group], :].mean(axis=-2))


def segment_vectors(points: FloatArray) -> FloatArray:
    """Vectors (..., S, N) from start to end of each segment among landmark points (..., 33, N)."""
    return np.stack([group_mean(points, s.end) - group_mean(points, s.start) for s in SEGMENTS], axis=-2)


def segment_lengths(skeleton: Skeleton) -> FloatArray:
    """Length (S,) m of each segment on the skeleton."""
    return np.asarray(np.linalg.norm(segment_vectors(rest_landmarks(skeleton)), axis=-1))
