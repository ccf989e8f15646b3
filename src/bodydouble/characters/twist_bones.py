"""Twist bones: the axial rotation of a limb, spread over the joints along it.

A limb that turns about its own axis at one joint wrings its skin there. Rigs have further joints for it, along arms and
legs. Each gets a share of the twist by its position, so that the skin turns evenly from one end to the other:

- Upper arm and thigh do not turn about their axis at shoulder and hip; at elbow and knee they turn fully.
- Forearm and shin do not turn at elbow and knee; at wrist and ankle they turn like hand and foot.

Joints keep their positions, and the ends of the limbs their rotations.

Source: the swing-twist decomposition, e.g. P. Dobrowolski, "Swing-twist decomposition in Clifford algebra" (2015);
L. Kavan, "Skinning: real-time shape deformation" (SIGGRAPH course, 2014), for the artefact.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bodydouble.characters.rig_vertices import humanoid_owners, skin_weights, vertices_of
from bodydouble.characters.t_pose_rotations import TPoseRotations
from bodydouble.data import Character, FloatArray, Skeleton
from bodydouble.geometry import kinematics, rotation

LIMBS = (("UpperArm", "LowerArm"), ("LowerArm", "Hand"), ("UpperLeg", "LowerLeg"), ("LowerLeg", "Foot"))
"""Bones with a joint at their end, without their side."""
TURNED_ENDS = ("Hand", "Foot")
"""Ends whose own twist is spread over the bone before them; knees and elbows are hinges."""
MAX_DISTANCE = 0.1
"""Maximum distance of a twist bone from the line of its limb, in lengths of the limb."""
MARGIN = 0.05
"""Length by which a twist bone may lie beyond the ends of its limb, in lengths of the limb."""
FULL_TWIST = 0.75 * np.pi
"""Twist in rad that is spread in full; beyond it the share falls to 0 at half a turn, where its sign is arbitrary."""
MIN_CERTAINTY = 0.2
"""Certainty of a twist below which its share falls to 0: the limb points against its direction in the T-pose."""


@dataclass(frozen=True, slots=True)
class TwistLimb:
    """A limb with twist bones."""

    bone: str
    """Humanoid bone whose joint begins the limb."""
    end: str
    """Humanoid bone whose joint ends it."""
    positions: Mapping[int, float]
    """Joint -> place along the limb, 0 to 1, of the twist bones, and of the limb's own joint by the skin it moves."""


def spread_twist(character: Character, skeleton: Skeleton, rotations: FloatArray) -> FloatArray:
    """Spreads the twist of arms and legs over the twist bones of a rig.

    Args:
        character: Jc joints; without twist bones the rotations are returned unchanged.
        skeleton: the motion's skeleton, whose limbs at rest define the T-pose.
        rotations: (T, Jc, 4) xyzw, local to the parent joint.

    Returns:
        The rotations (T, Jc, 4) with spread twist.
    """
    limbs = find_twist_limbs(character)
    if not limbs:
        return rotations
    parents = character.skeleton.parents
    world = kinematics.world_rotations(parents, rotations)
    t_pose = TPoseRotations(character, skeleton)
    turned = world.copy()
    for limb in limbs:
        _turn_limb(character, limb, t_pose, world, turned)
    return rotation.make_continuous(kinematics.local_rotations(parents, turned))


def find_twist_limbs(character: Character) -> tuple[TwistLimb, ...]:
    """Finds the limbs of a rig with skinned joints on the line between their ends that are no humanoid bones."""
    limbs = (
        TwistLimb(side + bone, side + end, _find_positions(character, side + bone, side + end))
        for side in ("left", "right")
        for bone, end in LIMBS
        if {side + bone, side + end} <= character.humanoid.keys()
    )
    return tuple(limb for limb in limbs if limb.positions)


def _find_positions(character: Character, bone: str, end: str) -> dict[int, float]:
    """Returns joint -> place along a limb of its twist bones and of its own joint; empty if it has no twist bones."""
    start, stop = character.humanoid[bone], character.humanoid[end]
    bind = kinematics.bind_matrices(character)[:, :3, 3]
    axis = bind[stop] - bind[start]
    length = float(np.linalg.norm(axis))
    if length == 0:
        return {}
    between = _joints_between(character, start, stop)
    owned = np.flatnonzero(humanoid_owners(character) == start)
    is_skinned = skin_weights(character) > 0
    positions = {}
    for joint in (int(j) for j in owned if j != start and (is_skinned[j] or j in between)):
        step = bind[joint] - bind[start]
        place = float(step @ axis) / length**2
        if np.linalg.norm(step - place * axis) <= MAX_DISTANCE * length and -MARGIN <= place <= 1 + MARGIN:
            positions[joint] = float(np.clip(place, 0.0, 1.0))
    if not positions:
        return {}
    own = 0.0 if between else _place_of_skin(character, start, tuple(positions), bind[start], axis)
    return {start: own, **positions}


def _joints_between(character: Character, start: int, stop: int) -> set[int]:
    """Returns the joints on the way from one joint down to another, without both."""
    between = set()
    joint = character.skeleton.parents[stop]
    while joint not in (start, -1):
        between.add(joint)
        joint = character.skeleton.parents[joint]
    return between if joint == start else set()


def _place_of_skin(
    character: Character, start: int, others: tuple[int, ...], origin: FloatArray, axis: FloatArray
) -> float:
    """Returns 1 if the skin of a limb's own joint lies farther along it than that of its twist bones, else 0.

    In some rigs the limb's joint moves the skin at the elbow, and a twist bone at its beginning holds the shoulder.
    """
    own, twisted = (vertices_of(character, joints) for joints in ((start,), others))
    if len(own) == 0 or len(twisted) == 0:
        return 0.0
    return float((own - origin).mean(axis=0) @ axis > (twisted - origin).mean(axis=0) @ axis)


def _turn_limb(
    character: Character, limb: TwistLimb, t_pose: TPoseRotations, world: FloatArray, turned: FloatArray
) -> None:
    """Writes the world rotations of a limb's joints, from those (T, Jc, 4) without spread twist, into ``turned``."""
    axis = t_pose.direction(limb.bone, limb.end)
    before = twist_angle(t_pose.relative_to_parent(limb.bone, world), axis)
    after = np.zeros_like(before)
    if limb.end.endswith(TURNED_ENDS):
        after = twist_angle(t_pose.relative_to_parent(limb.end, world), axis)
    direction = rotation.rotate(t_pose.from_t_pose(limb.bone, world), axis)
    carriers = _carriers(character, limb)
    for joint, place in limb.positions.items():
        angle = place * after - (1 - place) * before
        turn = rotation.from_rotvec(direction * angle[:, None])
        moved = [j for j, carrier in carriers.items() if carrier == joint]
        turned[:, moved] = rotation.multiply(turn[:, None], world[:, moved])


def _carriers(character: Character, limb: TwistLimb) -> dict[int, int]:
    """Returns, of each joint of a limb before the next humanoid bone, the joint of the limb that it turns with."""
    start = character.humanoid[limb.bone]
    carriers: dict[int, int] = {}
    for joint in (int(j) for j in np.flatnonzero(humanoid_owners(character) == start)):
        carriers[joint] = joint if joint in limb.positions else carriers[character.skeleton.parents[joint]]
    return carriers


def twist_angle(rotations: FloatArray, axis: FloatArray) -> FloatArray:
    """Returns the twist (T,) rad of rotations (T, 4) about a unit vector (3,), a continuous function of the rotation.

    It is the angle of the swing-twist decomposition, except near half a turn of twist or swing, where that angle jumps.
    """
    sine, cosine = rotations[:, :3] @ axis, rotations[:, 3]
    angle = 2 * np.arctan2(np.where(cosine < 0, -sine, sine), np.abs(cosine))
    size = np.minimum(np.abs(angle), FULL_TWIST * (np.pi - np.abs(angle)) / (np.pi - FULL_TWIST))
    certainty = np.clip(np.hypot(sine, cosine) / MIN_CERTAINTY, 0.0, 1.0)
    return np.asarray(np.sign(angle) * size * certainty**2 * (3 - 2 * certainty))
