"""A motion of any rig as a motion of the 22 humanoid joints: the inverse of ``retarget``.

``retarget`` gives each joint of a rig ``motion * t_pose_from_rest * rest``. Here the world rotations of the joints and
the rest pose are known, and the motion is what is left.
"""

from collections.abc import Mapping

import numpy as np

from bodydouble.characters import humanoid_map
from bodydouble.characters.retarget import t_pose_corrections
from bodydouble.characters.rig_pose import Bones, RigPose, standing_rig_pose
from bodydouble.data import FloatArray, Motion, Skeleton
from bodydouble.geometry import kinematics, rotation
from bodydouble.skeletons import adult_template, humanoid

UNITS_CM = (1.0, 100.0, 0.1, 2.54, 2.54 / 0.45)
"""Units of files: centimetre, metre, millimetre, inch, and the CMU database's unit."""
STATURE_RANGE = (1.2, 2.2)
"""m; people are between these."""
TEMPLATE_STATURE = 1.70
DEFAULT_LEG_LENGTH = 0.85
"""m from hip to ankle of a person in a file of an unknown unit."""
ANKLE_HEIGHT_RANGE = (0.3, 2.0)
"""Between these times the template's height of the ankle, the rig's own is believed."""
MIN_PELVIS_LENGTH = 0.02
"""m; a spine that begins nearer to the hips than this begins in the hips."""
MAX_HIPS_DEPTH = 0.01
"""m below the joints of the legs."""

TRUNK_BONES = ("hips", "spine", "chest", "upperChest", "neck", "head")
LIMB_BONES = (("UpperArm", "LowerArm"), ("LowerArm", "Hand"), ("UpperLeg", "LowerLeg"), ("LowerLeg", "Foot"))
BONE_ENDS = {"neck": "head"} | {side + bone: side + end for side in ("left", "right") for bone, end in LIMB_BONES}
"""Bone -> the only joint at its end."""
HAND_ENDS = ("leftMiddleProximal", "rightMiddleProximal")
"""The fingers that show where a hand points."""


def _template() -> Skeleton:
    """The adult template with its feet straight ahead."""
    offsets = np.array(adult_template.REST_OFFSETS)
    offsets[[humanoid.INDEX["leftToes"], humanoid.INDEX["rightToes"]], 0] = 0.0
    return Skeleton(humanoid.JOINTS, humanoid.PARENTS, offsets)


TEMPLATE = _template()
_ADULT_POSITIONS: Bones = dict(zip(humanoid.JOINTS, kinematics.rest_positions(TEMPLATE), strict=True))


def convert_to_humanoid(
    motion: Motion, *, rest_rotations: FloatArray | None = None, scale: float | None = None
) -> Motion:
    """A motion of any humanoid rig as a motion of the 22 humanoid joints.

    The skeleton is the rig's own in the T-pose, soles on the floor; a neck that leans back at rest is upright in it.
    Joints that the rig lacks stand where an adult of that size has them and do not move against their parents. All
    others move as the rig's, with two exceptions: the hips are put between the legs if the spine begins in them or they
    are below the legs, and bones that the rig divides keep their length.

    Args:
        motion: T frames of any rig whose joints are named as one of skeletons.rigs has them. If the rig does not stand
            at rest, it must stand in the first frame.
        rest_rotations: (J, 4) xyzw, world rotations of the rig's rest pose, in whose axes the offsets are, as in a
            Character; all identity if not given.
        scale: metres for each metre of the motion. If not given, the first of the units centimetre, metre, millimetre,
            inch and CMU's in which the rig has a human stature, for a file that was read as centimetres; if it has in
            none, legs of 0.85 m.

    Returns:
        T frames of the 22 joints; contacts and joint_sigma as given.

    Raises:
        FormatError: the rig is no humanoid, or stands neither at rest nor in the first frame.
    """
    bones = _body_bones(motion.skeleton.joint_names)
    pose = standing_rig_pose(motion, bones, rest_rotations)
    pose = pose.scale(_estimate_scale(pose.rest_positions) if scale is None else scale)
    corrections = t_pose_corrections(pose.rest_positions, TEMPLATE) | _upright_neck(pose.rest_positions)
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


def _upright_neck(rest_positions: Bones) -> Bones:
    """The rotation (4,) of neck and head that makes a neck upright which leans back at rest, as some CMU rigs have it.

    Nobody stands like that: without this the person would look down all the time.
    """
    step = rest_positions["head"] - rest_positions.get("neck", rest_positions["head"])
    lean = float(np.arctan2(step[2], step[1]))
    return {} if lean >= 0 else dict.fromkeys(("neck", "head"), rotation.from_rotvec(np.array([-lean, 0.0, 0.0])))


def _body_bones(names: tuple[str, ...]) -> dict[str, int]:
    """Humanoid bone -> joint, of the body and the ends of the hands."""
    return {b: j for b, j in humanoid_map.from_names(names).items() if b in humanoid.JOINTS or b in HAND_ENDS}


def _nearest_mapped_bone(bone: str, bones: Mapping[str, object]) -> str:
    """The nearest bone that the rig has, from a bone towards the hips."""
    while bone not in bones:
        bone = humanoid.PARENT[bone] or "hips"
    return bone


def _bone_rotations(bone: str, pose: RigPose, correction: FloatArray) -> FloatArray:
    """World rotations (T, 4) of a bone relative to the T-pose."""
    in_t_pose = rotation.multiply(correction, pose.rest_rotations[bone])
    return rotation.multiply(pose.rotations[bone], rotation.conjugate(in_t_pose))


def _is_divided(bone: str, bones: Mapping[str, int], parents: tuple[int, ...]) -> bool:
    """Whether the rig has further joints between the ends of a bone."""
    end = BONE_ENDS[bone]
    return bone in bones and end in bones and parents[bones[end]] != bones[bone]


def _aim_at_end(rotations: FloatArray, t_pose: Bones, pose: RigPose, bone: str) -> FloatArray:
    """The rotations (T, 4) of a bone, and then the shortest that point it at where its end is."""
    end = BONE_ENDS[bone]
    current = rotation.rotate(rotations, rotation.normalize(t_pose[end] - t_pose[bone]))
    target = rotation.normalize(pose.positions[end] - pose.positions[bone])
    return rotation.multiply(rotation.between(current, target), rotations)


def _build_t_pose(rest_positions: Bones, corrections: Bones) -> tuple[Bones, FloatArray]:
    """Positions (3,) of the 22 joints in the T-pose, and how far (3,) the hips were moved from the rig's own."""
    positions: Bones = {"hips": np.zeros(3)}
    for bone in (bone for bone in humanoid.JOINTS[1:] if bone in rest_positions):
        parent = _nearest_mapped_bone(humanoid.PARENT[bone] or "hips", rest_positions)
        positions[bone] = positions[parent] + rotation.rotate(
            corrections[parent], rest_positions[bone] - rest_positions[parent]
        )
    size = _leg_length(positions) / _leg_length({bone: _ADULT_POSITIONS[bone] for bone in positions})
    spine, legs = positions[_next_in_trunk("hips", positions)], _legs_midpoint(positions)
    if np.linalg.norm(spine) < MIN_PELVIS_LENGTH or legs[1] > MAX_HIPS_DEPTH:
        positions["hips"] = legs + size * (_ADULT_POSITIONS["hips"] - _legs_midpoint(_ADULT_POSITIONS))
    shift = positions["hips"]
    for bone in humanoid.JOINTS:
        if bone not in positions:
            positions[bone] = _missing_joint_position(bone, positions, size)
    floor = (positions["leftFoot"] + positions["rightFoot"])[1] / 2 - _ankle_height(rest_positions, size)
    return {bone: positions[bone] - np.array([0.0, floor, 0.0]) for bone in humanoid.JOINTS}, shift


def _missing_joint_position(bone: str, positions: Bones, size: float) -> FloatArray:
    """Position (3,) of a joint that the rig lacks: in proportion along the trunk, or as far from its parent."""
    parent = humanoid.PARENT[bone] or "hips"
    if bone not in TRUNK_BONES:
        return positions[parent] + size * (_ADULT_POSITIONS[bone] - _ADULT_POSITIONS[parent])
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
    """Mean length of the thighs, and of the shanks where there are feet."""
    chains = [
        [positions[s + b] for b in ("UpperLeg", "LowerLeg", "Foot") if s + b in positions] for s in ("left", "right")
    ]
    return sum(float(np.linalg.norm(np.diff(chain, axis=0), axis=1).sum()) for chain in chains) / 2


def _ankle_height(rest_positions: Bones, size: float) -> float:
    """Height of the ankles above the soles: as at rest, if that pose stands on the floor."""
    adult_height = size * adult_template.ANKLE_HEIGHT
    feet = [rest_positions[side + "Foot"][1] for side in ("left", "right") if side + "Foot" in rest_positions]
    rig_height = float(np.mean(feet)) if feet else adult_height
    return rig_height if ANKLE_HEIGHT_RANGE[0] < rig_height / adult_height < ANKLE_HEIGHT_RANGE[1] else adult_height


def _estimate_scale(rest_positions: Bones) -> float:
    """Metres for each metre of a rig at rest whose file was read as centimetres."""
    adult = {bone: p for bone, p in _ADULT_POSITIONS.items() if bone in rest_positions}
    heights = [_leg_length(p) + float(np.linalg.norm(p["head"] - _legs_midpoint(p))) for p in (rest_positions, adult)]
    stature = TEMPLATE_STATURE * heights[0] / heights[1]
    fitting = (unit for unit in UNITS_CM if STATURE_RANGE[0] <= stature * unit <= STATURE_RANGE[1])
    return next(
        fitting, DEFAULT_LEG_LENGTH / (_leg_length(_ADULT_POSITIONS) * _leg_length(rest_positions) / _leg_length(adult))
    )


def _skeleton_from_positions(t_pose: Bones) -> Skeleton:
    positions = np.array([t_pose[bone] for bone in humanoid.JOINTS])
    offsets = positions.copy()
    offsets[1:] -= positions[list(humanoid.PARENTS[1:])]
    return Skeleton(humanoid.JOINTS, humanoid.PARENTS, offsets)
