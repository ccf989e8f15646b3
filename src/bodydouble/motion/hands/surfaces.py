"""Surfaces of hands, head and trunk as spheres, for their contacts."""

from dataclasses import dataclass

import numpy as np

from bodydouble.data import FloatArray, Skeleton
from bodydouble.geometry import rotation
from bodydouble.motion.hands.hand_model import FINGER_LANDMARKS
from bodydouble.skeletons import adult_template, humanoid

FINGER_RADIUS, PALM_RADIUS = 0.085, 0.15
"""Radii of fingers and palm, lengths of the palm."""
BODY_SPHERES: tuple[tuple[str, tuple[float, float, float], float], ...] = (
    ("head", (0.0, 0.060, 0.012), 0.088),
    ("head", (0.0, 0.000, 0.035), 0.076),
    ("head", (0.0, -0.055, 0.052), 0.047),
    *(
        (joint, (side * x, y, z), radius)
        for joint, x, y, z, radius in (
            ("upperChest", 0.080, 0.100, -0.020, 0.110),
            ("upperChest", 0.070, 0.030, 0.030, 0.130),
            ("chest", 0.060, 0.080, 0.033, 0.120),
            ("chest", 0.050, 0.000, 0.048, 0.100),
            ("spine", 0.050, 0.050, 0.055, 0.100),
            ("hips", 0.060, 0.050, 0.020, 0.100),
        )
        for side in (-1.0, 1.0)
    ),
)
"""Joint, position in m in its axes, and radius in m of the spheres inside head and trunk of the adult template, whose
front is that of the mannequin."""


@dataclass(frozen=True, slots=True)
class Spheres:
    """Spheres over T frames."""

    centers: FloatArray
    """(T, N, 3) m."""
    radii: FloatArray
    """(N,) m."""


def hand_spheres(landmarks: FloatArray, palm_length: float) -> Spheres:
    """Returns the spheres of a hand with landmarks (T, 21, 3) m: along the fingers, and in the palm."""
    chains = landmarks[:, FINGER_LANDMARKS]
    fingers = np.concatenate([chains, (chains[:, :, 1:] + chains[:, :, :-1]) / 2], axis=2)
    fingers = fingers.reshape(len(landmarks), -1, 3)
    knuckles = chains[:, 1:, 0]
    palm = np.concatenate([landmarks[:, :1] + share * (knuckles - landmarks[:, :1]) for share in (0.35, 0.7)], axis=1)
    radii = np.repeat([FINGER_RADIUS, PALM_RADIUS], [fingers.shape[1], palm.shape[1]]) * palm_length
    return Spheres(np.concatenate([fingers, palm], axis=1), radii)


def body_spheres(skeleton: Skeleton, positions: FloatArray, world: FloatArray) -> Spheres:
    """Returns the spheres of head and trunk of a person.

    Args:
        skeleton: skeleton of ``humanoid.JOINTS``.
        positions: (T, J, 3) m of the joints.
        world: (T, J, 4) xyzw, world rotations of the joints.
    """
    joints = [humanoid.INDEX[joint] for joint, _, _ in BODY_SPHERES]
    scale = _trunk_scale(skeleton)
    offsets = scale * np.array([offset for _, offset, _ in BODY_SPHERES])
    centers = positions[:, joints] + rotation.rotate(world[:, joints], offsets)
    return Spheres(centers, scale * np.array([radius for _, _, radius in BODY_SPHERES]))


def _trunk_scale(skeleton: Skeleton) -> float:
    """Returns the size of trunk and head relative to the adult template."""
    joints = [humanoid.INDEX[name] for name in ("chest", "upperChest", "neck", "head", "leftUpperArm")]
    own, template = (
        np.linalg.norm(np.asarray(offsets)[joints], axis=1).sum()
        for offsets in (skeleton.rest_offsets, adult_template.REST_OFFSETS)
    )
    return float(own / template)
