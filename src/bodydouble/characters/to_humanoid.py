"""A motion of any rig as a motion of the 22 humanoid joints: the inverse of ``retarget``.

``retarget`` gives each joint of a rig ``motion * t_pose_from_rest * rest``. Here the world rotations of the joints and
the rest pose are known, and the motion is what is left.
"""

from collections.abc import Mapping

import numpy as np

from bodydouble.characters import humanoid_map
from bodydouble.characters.retarget import t_pose_corrections
from bodydouble.characters.rig_pose import Bones, RigPose, rig_pose
from bodydouble.data import FloatArray, Motion, Skeleton
from bodydouble.geometry import kinematics, rotation
from bodydouble.skeletons import adult_template, humanoid

UNITS_CM = (1.0, 100.0, 0.1, 2.54, 2.54 / 0.45)
"""Units of files: centimetre, metre, millimetre, inch, and the CMU database's unit."""
STATURES = (1.2, 2.2)
"""m; people are between these."""
TEMPLATE_STATURE = 1.70
USUAL_LEG = 0.85
"""m from hip to ankle of a person in a file of an unknown unit."""
ANKLE_HEIGHTS = (0.3, 2.0)
"""Between these times the template's height of the ankle, the rig's own is believed."""
SHORTEST_PELVIS = 0.02
"""m; a spine that begins nearer to the hips than this begins in the hips."""
DEEPEST_HIPS = 0.01
"""m below the joints of the legs."""

TRUNK = ("hips", "spine", "chest", "upperChest", "neck", "head")
LIMBS = (("UpperArm", "LowerArm"), ("LowerArm", "Hand"), ("UpperLeg", "LowerLeg"), ("LowerLeg", "Foot"))
ENDS = {"neck": "head"} | {side + bone: side + end for side in ("left", "right") for bone, end in LIMBS}
"""Bone -> the only joint at its end."""
HAND_ENDS = ("leftMiddleProximal", "rightMiddleProximal")
"""The fingers that show where a hand points."""


def _template() -> Skeleton:
    """The adult template with its feet straight ahead."""
    offsets = np.array(adult_template.REST_OFFSETS)
    offsets[[humanoid.INDEX["leftToes"], humanoid.INDEX["rightToes"]], 0] = 0.0
    return Skeleton(humanoid.JOINTS, humanoid.PARENTS, offsets)


TEMPLATE = _template()
_ADULT: Bones = dict(zip(humanoid.JOINTS, kinematics.rest_positions(TEMPLATE), strict=True))


def humanoid_motion(motion: Motion, *, rest_rotations: FloatArray | None = None, scale: float | None = None) -> Motion:
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
    pose = rig_pose(motion, bones, rest_rotations)
    pose = pose.scaled(_scale(pose.rest_place) if scale is None else scale)
    corrections = t_pose_corrections(pose.rest_place, TEMPLATE) | _upright_neck(pose.rest_place)
    t_pose, hips_shift = _t_pose(pose.rest_place, corrections)
    turns = {bone: _turns(bone, pose, corrections[bone]) for bone in bones}
    for bone in filter(lambda bone: _is_divided(bone, bones, motion.skeleton.parents), ENDS):
        turns[bone] = _aimed(turns[bone], t_pose, pose, bone)
    world = np.stack([turns[_carrier(bone, bones)] for bone in humanoid.JOINTS], axis=1)
    return Motion(
        skeleton=_skeleton(t_pose),
        fps=motion.fps,
        rotations=rotation.continuous(kinematics.local_rotations(humanoid.PARENTS, world)),
        root_position=pose.place["hips"] + rotation.rotate(turns["hips"], hips_shift),
        contacts=motion.contacts,
        joint_sigma=motion.joint_sigma[:, [bones[_carrier(bone, bones)] for bone in humanoid.JOINTS]],
    )


def _upright_neck(place: Bones) -> Bones:
    """The rotation (4,) of neck and head that makes a neck upright which leans back at rest, as some CMU rigs have it.

    Nobody stands like that: without this the person would look down all the time.
    """
    step = place["head"] - place.get("neck", place["head"])
    lean = float(np.arctan2(step[2], step[1]))
    return {} if lean >= 0 else dict.fromkeys(("neck", "head"), rotation.from_rotvec(np.array([-lean, 0.0, 0.0])))


def _body_bones(names: tuple[str, ...]) -> dict[str, int]:
    """Humanoid bone -> joint, of the body and the ends of the hands."""
    return {b: j for b, j in humanoid_map.from_names(names).items() if b in humanoid.JOINTS or b in HAND_ENDS}


def _carrier(bone: str, bones: Mapping[str, object]) -> str:
    """The nearest bone that the rig has, from a bone towards the hips."""
    while bone not in bones:
        bone = humanoid.PARENT[bone] or "hips"
    return bone


def _turns(bone: str, pose: RigPose, correction: FloatArray) -> FloatArray:
    """World rotations (T, 4) of a bone relative to the T-pose."""
    in_t_pose = rotation.multiply(correction, pose.rest_turn[bone])
    return rotation.multiply(pose.turn[bone], rotation.conjugate(in_t_pose))


def _is_divided(bone: str, bones: Mapping[str, int], parents: tuple[int, ...]) -> bool:
    """Whether the rig has further joints between the ends of a bone."""
    end = ENDS[bone]
    return bone in bones and end in bones and parents[bones[end]] != bones[bone]


def _aimed(turns: FloatArray, t_pose: Bones, pose: RigPose, bone: str) -> FloatArray:
    """The rotations (T, 4) of a bone, and then the shortest that point it at where its end is."""
    end = ENDS[bone]
    now = rotation.rotate(turns, rotation.normalize(t_pose[end] - t_pose[bone]))
    aim = rotation.normalize(pose.place[end] - pose.place[bone])
    return rotation.multiply(rotation.between(now, aim), turns)


def _t_pose(place: Bones, corrections: Bones) -> tuple[Bones, FloatArray]:
    """Positions (3,) of the 22 joints in the T-pose, and how far (3,) the hips were moved from the rig's own."""
    pose: Bones = {"hips": np.zeros(3)}
    for bone in (bone for bone in humanoid.JOINTS[1:] if bone in place):
        above = _carrier(humanoid.PARENT[bone] or "hips", place)
        pose[bone] = pose[above] + rotation.rotate(corrections[above], place[bone] - place[above])
    size = _leg(pose) / _leg({bone: _ADULT[bone] for bone in pose})
    spine, legs = pose[_next_in_trunk("hips", pose)], _between_legs(pose)
    if np.linalg.norm(spine) < SHORTEST_PELVIS or legs[1] > DEEPEST_HIPS:
        pose["hips"] = legs + size * (_ADULT["hips"] - _between_legs(_ADULT))
    shift = pose["hips"]
    for bone in humanoid.JOINTS:
        if bone not in pose:
            pose[bone] = _added(bone, pose, size)
    floor = (pose["leftFoot"] + pose["rightFoot"])[1] / 2 - _ankle_height(place, size)
    return {bone: pose[bone] - np.array([0.0, floor, 0.0]) for bone in humanoid.JOINTS}, shift


def _added(bone: str, pose: Bones, size: float) -> FloatArray:
    """Position (3,) of a joint that the rig lacks: in proportion along the trunk, or as far from its parent."""
    parent = humanoid.PARENT[bone] or "hips"
    if bone not in TRUNK:
        return pose[parent] + size * (_ADULT[bone] - _ADULT[parent])
    above = _next_in_trunk(bone, pose)
    share = float((_ADULT[bone] - _ADULT[parent])[1] / (_ADULT[above] - _ADULT[parent])[1])
    return pose[parent] + share * (pose[above] - pose[parent])


def _next_in_trunk(bone: str, pose: Bones) -> str:
    return next(above for above in TRUNK[TRUNK.index(bone) + 1 :] if above in pose)


def _between_legs(place: Bones) -> FloatArray:
    middle: FloatArray = (place["leftUpperLeg"] + place["rightUpperLeg"]) / 2
    return middle


def _leg(place: Bones) -> float:
    """Mean length of the thighs, and of the shanks where there are feet."""
    chains = [[place[s + b] for b in ("UpperLeg", "LowerLeg", "Foot") if s + b in place] for s in ("left", "right")]
    return sum(float(np.linalg.norm(np.diff(chain, axis=0), axis=1).sum()) for chain in chains) / 2


def _ankle_height(place: Bones, size: float) -> float:
    """Height of the ankles above the soles: as at rest, if that pose stands on the floor."""
    usual = size * adult_template.ANKLE_HEIGHT
    feet = [place[side + "Foot"][1] for side in ("left", "right") if side + "Foot" in place]
    own = float(np.mean(feet)) if feet else usual
    return own if ANKLE_HEIGHTS[0] < own / usual < ANKLE_HEIGHTS[1] else usual


def _scale(place: Bones) -> float:
    """Metres for each metre of a rig at rest whose file was read as centimetres."""
    adult = {bone: p for bone, p in _ADULT.items() if bone in place}
    heights = [_leg(p) + float(np.linalg.norm(p["head"] - _between_legs(p))) for p in (place, adult)]
    stature = TEMPLATE_STATURE * heights[0] / heights[1]
    fitting = (unit for unit in UNITS_CM if STATURES[0] <= stature * unit <= STATURES[1])
    return next(fitting, USUAL_LEG / (_leg(_ADULT) * _leg(place) / _leg(adult)))


def _skeleton(t_pose: Bones) -> Skeleton:
    positions = np.array([t_pose[bone] for bone in humanoid.JOINTS])
    offsets = positions.copy()
    offsets[1:] -= positions[list(humanoid.PARENTS[1:])]
    return Skeleton(humanoid.JOINTS, humanoid.PARENTS, offsets)
