"""Mass of a body: skeleton -> point masses that move rigidly with its joints.

Every segment is represented by six points with its mass, centre of mass and principal moments of inertia, so that
momentum and its change follow from the paths of points. Masses are fractions of the mass of the body.

Source: P. de Leva, "Adjustments to Zatsiorsky-Seluyanov's segment inertia parameters", J. Biomechanics 29 (1996),
table 4, the mean of women and men. Lengths of segments are those of the skeleton.
"""

from dataclasses import dataclass

import numpy as np

from bodydouble.data import FloatArray, IntArray, Skeleton
from bodydouble.geometry import kinematics, rotation
from bodydouble.motion.body.body_landmarks import rest_landmarks
from bodydouble.motion.body.proportions import stature
from bodydouble.motion.physics.dynamics import UP
from bodydouble.skeletons import blazepose, humanoid

NAVEL_FRACTION, XIPHOID_FRACTION = 0.27, 0.61
"""Heights of navel and lower end of the breastbone between the hips and the neck."""
KNUCKLE_FRACTION = 0.31
"""Length of the hand from wrist to third knuckle, relative to the forearm."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the body between two points, rigidly attached to a joint. Names of both sides lack the side."""

    joint: str
    origin: str
    end: str
    mass: float
    """Fraction of the mass of the body."""
    center: float
    """Distance of the centre of mass from the origin, relative to the length of the segment."""
    radii: tuple[float, float, float]
    """Radii of gyration about the sagittal, transverse and longitudinal axes, relative to the length."""


TRUNK_SEGMENTS = (
    Segment("head", "vertex", "neck", 0.0681, 0.4921, (0.287, 0.305, 0.261)),
    Segment("upperChest", "neck", "xiphoid", 0.1570, 0.5058, (0.4855, 0.317, 0.457)),
    Segment("spine", "xiphoid", "navel", 0.1549, 0.4507, (0.4575, 0.3685, 0.4415)),
    Segment("hips", "navel", "mid hips", 0.1182, 0.5518, (0.524, 0.4765, 0.5155)),
)
LIMB_SEGMENTS = (
    Segment("UpperArm", "UpperArm", "LowerArm", 0.0263, 0.5763, (0.2815, 0.2645, 0.153)),
    Segment("LowerArm", "LowerArm", "Hand", 0.0150, 0.4567, (0.2685, 0.261, 0.1075)),
    Segment("Hand", "Hand", "knuckle", 0.0059, 0.7687, (0.5795, 0.4835, 0.368)),
    Segment("UpperLeg", "UpperLeg", "LowerLeg", 0.1447, 0.3854, (0.349, 0.3465, 0.1555)),
    Segment("LowerLeg", "LowerLeg", "Foot", 0.0457, 0.4374, (0.259, 0.2545, 0.097)),
    Segment("Foot", "heel", "toe tip", 0.0133, 0.4208, (0.278, 0.262, 0.1315)),
)
"""Segments of one side of the body."""


@dataclass(frozen=True, slots=True)
class MassDistribution:
    """Point masses of a body."""

    joints: IntArray
    """(K,) joint that carries each point."""
    offsets: FloatArray
    """(K, 3) m from the joint at rest."""
    masses: FloatArray
    """(K,) fraction of the mass of the body; the sum is 1."""


def distribute_mass(skeleton: Skeleton) -> MassDistribution:
    """Returns the point masses of a body with the 22 humanoid joints."""
    joint_positions, ends = kinematics.rest_positions(skeleton), _segment_ends(skeleton)
    joints, offsets, masses = [], [], []
    for side in ("", "left", "right"):
        for segment in LIMB_SEGMENTS if side else TRUNK_SEGMENTS:
            joint = humanoid.INDEX[side + segment.joint]
            points = _mass_points(segment, ends[side + segment.origin], ends[side + segment.end])
            joints += [joint] * len(points)
            offsets.append(points - joint_positions[joint])
            masses += [segment.mass / len(points)] * len(points)
    return MassDistribution(np.array(joints), np.concatenate(offsets), np.array(masses) / np.sum(masses))


def mass_positions(
    body: MassDistribution, skeleton: Skeleton, rotations: FloatArray, root_position: FloatArray
) -> FloatArray:
    """Returns the positions (T, K, 3) m of the point masses of a posed body.

    Args:
        body: K point masses.
        skeleton: the 22 humanoid joints.
        rotations: (T, 22, 4) xyzw, local to the parent.
        root_position: (T, 3) m.
    """
    positions, world = kinematics.forward_kinematics(skeleton, rotations, root_position)
    return positions[:, body.joints] + rotation.rotate(world[:, body.joints], body.offsets)


def center_of_mass(body: MassDistribution, joints: FloatArray, rotations: FloatArray) -> FloatArray:
    """Returns the centre of mass (T, 3) m of a posed body.

    Args:
        body: its point masses.
        joints: (T, 22, 3) m.
        rotations: (T, 22, 3, 3) of the joints, from their own axes to those of the positions.
    """
    masses = np.bincount(body.joints, body.masses, len(humanoid.JOINTS))
    moments = np.zeros((len(humanoid.JOINTS), 3))
    np.add.at(moments, body.joints, body.masses[:, None] * body.offsets)
    return np.asarray(masses @ joints + np.einsum("tjab,jb->ta", rotations, moments))


def leg_length(skeleton: Skeleton) -> float:
    """Returns the height, m, of the hip joints above the floor at rest."""
    return float(kinematics.rest_positions(skeleton)[humanoid.INDEX["leftUpperLeg"], 1])


def _segment_ends(skeleton: Skeleton) -> dict[str, FloatArray]:
    """Returns the ends of segments (3,) m at rest by name, with the side."""
    joint_positions, landmarks = kinematics.rest_positions(skeleton), rest_landmarks(skeleton)
    ends = dict(zip(humanoid.JOINTS, joint_positions, strict=True))
    hips = (ends["leftUpperLeg"] + ends["rightUpperLeg"]) / 2
    trunk = ends["neck"] - hips
    ends |= {
        "mid hips": hips,
        "navel": hips + NAVEL_FRACTION * trunk,
        "xiphoid": hips + XIPHOID_FRACTION * trunk,
        "vertex": ends["head"] + (stature(skeleton) - ends["head"][1]) * UP,
    }
    for side in ("left", "right"):
        forearm = ends[f"{side}Hand"] - ends[f"{side}LowerArm"]
        heel, toes = (landmarks[blazepose.INDEX[f"{side}_{part}"]] for part in ("heel", "foot_index"))
        ends |= {f"{side}knuckle": ends[f"{side}Hand"] + KNUCKLE_FRACTION * forearm}
        ends |= {f"{side}heel": heel, f"{side}toe tip": toes}
    return ends


def _mass_points(segment: Segment, origin: FloatArray, end: FloatArray) -> FloatArray:
    """Returns two points on each principal axis of a segment (6, 3) m at rest, which share its mass equally."""
    length = np.linalg.norm(end - origin)
    squared = np.square(segment.radii)
    distances = length * np.sqrt(1.5 * squared.sum() - 3.0 * squared)
    steps = distances[:, None] * _principal_axes((end - origin) / length)
    return np.asarray(origin + segment.center * (end - origin) + np.concatenate([steps, -steps]))


def _principal_axes(longitudinal: FloatArray) -> FloatArray:
    """Returns the sagittal, transverse and longitudinal axes (3, 3) of a segment with a longitudinal axis (3,).

    The transverse axis is lateral for trunk, legs and feet, and vertical for arms, which are stretched out at rest.
    """
    reference = UP if abs(longitudinal[0]) > max(abs(longitudinal[1]), abs(longitudinal[2])) else [1.0, 0.0, 0.0]
    sagittal = np.cross(reference, longitudinal)
    sagittal = sagittal / np.linalg.norm(sagittal)
    return np.stack([sagittal, np.cross(longitudinal, sagittal), longitudinal])
