"""Conversion of a ``Motion`` of any humanoid rig to one of the 22 humanoid joints: the inverse of ``retarget``.

``retarget`` gives each joint of a rig ``motion * t_pose_from_rest * rest``. Here the world rotations of the joints and
the rest pose are known, and the equation is solved for the motion.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from bodydouble.characters.humanoid_map import OTHER_POSE, HumanoidMap, RigDescription, describe_pose, map_humanoid
from bodydouble.characters.retarget import t_pose_corrections
from bodydouble.characters.rig_pose import Bones, RigPose, standing_rig_pose
from bodydouble.data import FloatArray, Motion, Skeleton
from bodydouble.errors import FormatError
from bodydouble.geometry import kinematics, rotation
from bodydouble.skeletons import adult_template, humanoid

UNITS_CM = {"cm": 1.0, "m": 100.0, "mm": 0.1, "inch": 2.54, "5.64 cm, as in the CMU database": 2.54 / 0.45}
"""Units of files, cm."""
STATURE_RANGE = (1.2, 2.2)
"""Range in m of the stature of people."""
DEFAULT_LEG_LENGTH = 0.85
"""Distance in m from hip to ankle that is assumed if the unit of a file is unknown."""
ANKLE_HEIGHT_RANGE = (0.3, 2.0)
"""Range of plausible heights of a rig's ankles, relative to the template's."""
MIN_PELVIS_LENGTH = 0.02
"""Minimum distance in m of the spine from the hips; a shorter pelvis counts as missing."""
T_POSE_TOLERANCE = np.radians(5.0)
"""Maximum angle of the limbs of a rig at rest from those of the template in rad that is a T-pose of its own."""
MAX_HIPS_DEPTH = 0.01
"""Maximum depth in m of the hips below the joints of the legs."""

TRUNK_BONES = ("hips", "spine", "chest", "upperChest", "neck", "head")
LIMB_BONES = (("UpperArm", "LowerArm"), ("LowerArm", "Hand"), ("UpperLeg", "LowerLeg"), ("LowerLeg", "Foot"))
BONE_ENDS = {"neck": "head"} | {side + bone: side + end for side in ("left", "right") for bone, end in LIMB_BONES}
"""Bone -> the joint at its far end, of bones with only one."""
HAND_ENDS = ("leftMiddleProximal", "rightMiddleProximal")
"""Fingers that define the direction of a hand."""


def _template() -> Skeleton:
    """Returns the adult template with its feet straight ahead."""
    offsets = np.array(adult_template.REST_OFFSETS)
    offsets[[humanoid.INDEX["leftToes"], humanoid.INDEX["rightToes"]], 0] = 0.0
    return Skeleton(humanoid.JOINTS, humanoid.PARENTS, offsets)


TEMPLATE = _template()
_ADULT_POSITIONS: Bones = dict(zip(humanoid.JOINTS, kinematics.rest_positions(TEMPLATE), strict=True))


def convert_to_humanoid(
    motion: Motion,
    *,
    rest_rotations: FloatArray | None = None,
    scale: float | None = None,
    bones: Mapping[str, int] | None = None,
) -> Motion:
    """Converts a motion of any humanoid rig to a motion of the 22 humanoid joints.

    The skeleton is that of the rig in the T-pose, soles on the floor; a neck that leans back at rest is upright in it.
    Joints that the rig lacks are placed as on an adult of that size and do not rotate relative to their parents. All
    others move like those of the rig, with two exceptions. The hips are placed between the legs if the spine begins in
    them or they are below the legs. Bones that the rig divides keep their length.

    Args:
        motion: T frames of any rig. If the rig does not stand at rest, it must stand in the first frame.
        rest_rotations: (J, 4) xyzw, world rotations of the rig's rest pose; the offsets are in these axes, as in a
            Character. All identity if not given.
        scale: metres per metre of the motion. If not given, it is estimated for a file that was read as centimetres:
            by the first of the units centimetre, metre, millimetre, inch and CMU's that gives a human stature. If none
            does, the legs become 0.85 m long.
        bones: humanoid bone -> joint; found by `describe_rig` if not given.

    Returns:
        T frames of the 22 joints; contacts and joint_sigma as given.

    Raises:
        FormatError: the rig is not humanoid, or stands neither at rest nor in the first frame.
    """
    bones = _body_bones(describe_rig(motion, rest_rotations).humanoid.bones if bones is None else bones)
    pose = standing_rig_pose(motion, bones, rest_rotations)
    pose = pose.scale(_estimate_scale(pose.rest_positions) if scale is None else scale)
    corrections = _t_pose_from_rest(pose.rest_positions)
    t_pose, hips_shift = _build_t_pose(pose.rest_positions, corrections)
    rotations = {bone: _bone_rotations(bone, pose, corrections[bone]) for bone in bones}
    for bone in filter(lambda bone: _is_divided(bone, bones, motion.skeleton.parents), BONE_ENDS):
        rotations[bone] = _aim_at_end(rotations[bone], t_pose, pose, bone)
    world = np.stack([rotations[_nearest_mapped_bone(bone, bones)] for bone in humanoid.JOINTS], axis=1)
    return Motion(
        skeleton=_skeleton_from_positions(t_pose),
        fps=motion.fps,
        rotations=rotation.make_continuous(kinematics.local_rotations(humanoid.PARENTS, world)),
        root_position=pose.positions["hips"] + rotation.rotate(rotations["hips"], hips_shift),
        contacts=motion.contacts,
        joint_sigma=motion.joint_sigma[:, [bones[_nearest_mapped_bone(bone, bones)] for bone in humanoid.JOINTS]],
    )


def _t_pose_from_rest(rest_positions: Bones) -> Bones:
    """Returns the rotation (4,) of each bone from the rest pose to the T-pose; none for a rig that stands in one."""
    corrections = t_pose_corrections(rest_positions, TEMPLATE)
    if max(rotation.angle_between(q, rotation.IDENTITY) for q in corrections.values()) <= T_POSE_TOLERANCE:
        corrections = dict.fromkeys(corrections, rotation.IDENTITY)
    return corrections | _upright_neck(rest_positions)


def _upright_neck(rest_positions: Bones) -> Bones:
    """Returns the rotation (4,) of neck and head that makes a neck upright that leans back at rest, as in CMU rigs.

    People do not stand like that: without this correction the person would look down all the time.
    """
    step = rest_positions["head"] - rest_positions.get("neck", rest_positions["head"])
    lean = float(np.arctan2(step[2], step[1]))
    return {} if lean >= 0 else dict.fromkeys(("neck", "head"), rotation.from_rotvec(np.array([-lean, 0.0, 0.0])))


@dataclass(frozen=True)
class MotionRig:
    """Humanoid rig of a motion."""

    humanoid: HumanoidMap
    rest_positions: Bones
    """(3,) of each bone at rest, in the axes of the motion."""
    unit: str
    """Unit of the file that was read as centimetres."""
    stature: float
    """Estimated height of the person, m."""


def describe_rig(
    motion: Motion, rest_rotations: FloatArray | None = None, overrides: Mapping[str, str] | None = None
) -> MotionRig:
    """Finds the humanoid bones of a motion's rig, and its size.

    If the skeleton does not stand at rest, as in files with all bones along one axis, the first frame is its rest pose.

    Args:
        motion: T frames of any rig.
        rest_rotations: (J, 4) xyzw, world rotations of the rest pose; all identity if not given.
        overrides: humanoid bone -> joint name, chosen by a person.

    Raises:
        FormatError: the rig is not humanoid, or the overrides cannot be right.
    """
    skeleton = motion.skeleton
    at_rest = np.tile(rotation.IDENTITY, (len(skeleton.parents), 1)) if rest_rotations is None else rest_rotations
    local = kinematics.local_rotations(skeleton.parents, at_rest)
    rest, _ = kinematics.forward_kinematics(skeleton, local, skeleton.rest_offsets[0])
    first, _ = kinematics.forward_kinematics(skeleton, motion.rotations[0], motion.root_position[0])
    rigs: list[MotionRig] = []
    for points in (rest, first):
        with suppress(FormatError):
            rigs.append(_describe_points(skeleton, points, overrides))
            if describe_pose(rigs[-1].rest_positions).pose != OTHER_POSE:
                return rigs[-1]
    return rigs[0] if rigs else _describe_points(skeleton, rest, overrides)


def _describe_points(skeleton: Skeleton, points: FloatArray, overrides: Mapping[str, str] | None) -> MotionRig:
    """Describes a rig whose joints are at points (J, 3) at rest."""
    found = map_humanoid(RigDescription(skeleton.joint_names, skeleton.parents, points), overrides)
    rest_positions = {bone: points[joint] for bone, joint in found.bones.items()}
    return MotionRig(found, rest_positions, *_estimate_unit(rest_positions))


def _body_bones(bones: Mapping[str, int]) -> dict[str, int]:
    """Returns humanoid bone -> joint, of the body and the ends of the hands."""
    return {bone: joint for bone, joint in bones.items() if bone in humanoid.JOINTS or bone in HAND_ENDS}


def _nearest_mapped_bone(bone: str, bones: Mapping[str, object]) -> str:
    """Returns the nearest bone that the rig has, from a bone towards the hips."""
    while bone not in bones:
        bone = humanoid.PARENT[bone] or "hips"
    return bone


def _bone_rotations(bone: str, pose: RigPose, correction: FloatArray) -> FloatArray:
    """Returns the world rotations (T, 4) of a bone relative to the T-pose."""
    in_t_pose = rotation.multiply(correction, pose.rest_rotations[bone])
    return rotation.multiply(pose.rotations[bone], rotation.conjugate(in_t_pose))


def _is_divided(bone: str, bones: Mapping[str, int], parents: tuple[int, ...]) -> bool:
    """Returns whether the rig has further joints between the ends of a bone."""
    end = BONE_ENDS[bone]
    return bone in bones and end in bones and parents[bones[end]] != bones[bone]


def _aim_at_end(rotations: FloatArray, t_pose: Bones, pose: RigPose, bone: str) -> FloatArray:
    """Composes the rotations (T, 4) of a bone with the shortest rotations that point it at its end."""
    end = BONE_ENDS[bone]
    current = rotation.rotate(rotations, rotation.normalize(t_pose[end] - t_pose[bone]))
    target = rotation.normalize(pose.positions[end] - pose.positions[bone])
    return rotation.multiply(rotation.between(current, target), rotations)


def _build_t_pose(rest_positions: Bones, corrections: Bones) -> tuple[Bones, FloatArray]:
    """Returns the positions (3,) of the 22 joints in the T-pose, and the shift (3,) of the hips from the rig's."""
    positions: Bones = {"hips": np.zeros(3)}
    for bone in (bone for bone in humanoid.JOINTS[1:] if bone in rest_positions):
        parent = _nearest_mapped_bone(humanoid.PARENT[bone] or "hips", rest_positions)
        positions[bone] = positions[parent] + rotation.rotate(
            corrections[parent], rest_positions[bone] - rest_positions[parent]
        )
    scale_to_rig = _leg_length(positions) / _leg_length({bone: _ADULT_POSITIONS[bone] for bone in positions})
    spine, legs = positions[_next_in_trunk("hips", positions)], _legs_midpoint(positions)
    if np.linalg.norm(spine) < MIN_PELVIS_LENGTH or legs[1] > MAX_HIPS_DEPTH:
        positions["hips"] = legs + scale_to_rig * (_ADULT_POSITIONS["hips"] - _legs_midpoint(_ADULT_POSITIONS))
    shift = positions["hips"]
    for bone in humanoid.JOINTS:
        if bone not in positions:
            positions[bone] = _missing_joint_position(bone, positions, scale_to_rig)
    floor = (positions["leftFoot"] + positions["rightFoot"])[1] / 2 - _ankle_height(rest_positions, scale_to_rig)
    return {bone: positions[bone] - np.array([0.0, floor, 0.0]) for bone in humanoid.JOINTS}, shift


def _missing_joint_position(bone: str, positions: Bones, scale_to_rig: float) -> FloatArray:
    """Returns the position (3,) of a joint that the rig lacks, in the proportions of the template."""
    parent = humanoid.PARENT[bone] or "hips"
    if bone not in TRUNK_BONES:
        return positions[parent] + scale_to_rig * (_ADULT_POSITIONS[bone] - _ADULT_POSITIONS[parent])
    above = _next_in_trunk(bone, positions)
    fraction = float(
        (_ADULT_POSITIONS[bone] - _ADULT_POSITIONS[parent])[1] / (_ADULT_POSITIONS[above] - _ADULT_POSITIONS[parent])[1]
    )
    return positions[parent] + fraction * (positions[above] - positions[parent])


def _next_in_trunk(bone: str, positions: Bones) -> str:
    return next(above for above in TRUNK_BONES[TRUNK_BONES.index(bone) + 1 :] if above in positions)


def _legs_midpoint(positions: Bones) -> FloatArray:
    middle: FloatArray = (positions["leftUpperLeg"] + positions["rightUpperLeg"]) / 2
    return middle


def _leg_length(positions: Bones) -> float:
    """Returns the mean length of the legs: of the thighs, and of the shanks if there are feet."""
    chains = [
        [positions[s + b] for b in ("UpperLeg", "LowerLeg", "Foot") if s + b in positions] for s in ("left", "right")
    ]
    return sum(float(np.linalg.norm(np.diff(chain, axis=0), axis=1).sum()) for chain in chains) / 2


def _ankle_height(rest_positions: Bones, scale_to_rig: float) -> float:
    """Returns the height of the ankles above the soles: that at rest, if the rest pose stands on the floor."""
    adult_height = scale_to_rig * adult_template.ANKLE_HEIGHT
    feet = [rest_positions[side + "Foot"][1] for side in ("left", "right") if side + "Foot" in rest_positions]
    rig_height = float(np.mean(feet)) if feet else adult_height
    return rig_height if ANKLE_HEIGHT_RANGE[0] < rig_height / adult_height < ANKLE_HEIGHT_RANGE[1] else adult_height


def _estimate_scale(rest_positions: Bones) -> float:
    """Returns metres per metre of a rig at rest whose file was read as centimetres."""
    unit, _ = _estimate_unit(rest_positions)
    if unit in UNITS_CM:
        return UNITS_CM[unit]
    adult = {bone: p for bone, p in _ADULT_POSITIONS.items() if bone in rest_positions}
    return DEFAULT_LEG_LENGTH / (_leg_length(_ADULT_POSITIONS) * _leg_length(rest_positions) / _leg_length(adult))


def _estimate_unit(rest_positions: Bones) -> tuple[str, float]:
    """Returns the first unit that gives a human stature, and that stature, m.

    If there is none, the unit is "unknown" and the stature is that of a person with legs of DEFAULT_LEG_LENGTH.
    """
    adult = {bone: p for bone, p in _ADULT_POSITIONS.items() if bone in rest_positions}
    heights = [_leg_length(p) + float(np.linalg.norm(p["head"] - _legs_midpoint(p))) for p in (rest_positions, adult)]
    stature = adult_template.STATURE * heights[0] / heights[1]
    for name, unit in UNITS_CM.items():
        if STATURE_RANGE[0] <= stature * unit <= STATURE_RANGE[1]:
            return name, stature * unit
    return "unknown", stature * DEFAULT_LEG_LENGTH / max(_leg_length(rest_positions), 1e-9)


def _skeleton_from_positions(t_pose: Bones) -> Skeleton:
    positions = np.array([t_pose[bone] for bone in humanoid.JOINTS])
    offsets = positions.copy()
    offsets[1:] -= positions[list(humanoid.PARENTS[1:])]
    return Skeleton(humanoid.JOINTS, humanoid.PARENTS, offsets)
