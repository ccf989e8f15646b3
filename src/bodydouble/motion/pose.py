"""Joint rotations from the directions of body segments.

All directions are in the axes of one frame of reference (the camera's); the rotations that come out are
``frame_from_joint`` until they are made local to the parent.
"""

from dataclasses import dataclass

import numpy as np

from bodydouble.data import FloatArray, Skeleton
from bodydouble.geometry import kinematics, rotation
from bodydouble.motion import body
from bodydouble.motion.smooth import whittaker
from bodydouble.skeletons import blazepose, humanoid

HINGE_CUTOFF = 3.0
"""Hz; how fast the plane of an elbow or knee turns."""
STRAIGHT_ELBOW, STRAIGHT_KNEE = 0.15, 0.35
"""Sine of the bend at which the plane of the limb and the habit of the joint count alike."""
KNUCKLE_WEIGHT, HAND_HABIT = 0.5, 0.15
"""How much the roll of the hand and its being in line with the forearm count, against 1 for where the palm points."""
NECK_SHARE = 0.4
FOREARM_TWIST_SHARE = 0.5

LIMITS: dict[str, float] = {
    "spine": 0.6, "chest": 0.5, "upperChest": 0.5, "neck": 0.7, "head": 0.8,
    "leftHand": 1.3, "rightHand": 1.3, "leftFoot": 0.9, "rightFoot": 0.9,
}  # fmt: skip
"""Largest angle (rad) between a joint and its parent."""

_FACE = ("nose", "left_eye", "right_eye", "left_ear", "right_ear", "mouth_left", "mouth_right")


@dataclass(frozen=True, slots=True)
class Limb:
    """An arm or a leg: two bones and a hinge between them."""

    side: str
    upper: str
    lower: str
    end: str
    upper_segment: str
    lower_segment: str
    rest_hinge: tuple[float, float, float]
    """Axis of the middle joint at rest; a positive turn about it is flexion."""
    straight: float


ARMS = tuple(
    Limb(side, f"{side}UpperArm", f"{side}LowerArm", f"{side}Hand", f"{side}_upper_arm", f"{side}_forearm",
         (0.0, hinge, 0.0), STRAIGHT_ELBOW)
    for side, hinge in (("left", -1.0), ("right", 1.0))
)  # fmt: skip
LEGS = tuple(
    Limb(side, f"{side}UpperLeg", f"{side}LowerLeg", f"{side}Foot", f"{side}_thigh", f"{side}_shank",
         (1.0, 0.0, 0.0), STRAIGHT_KNEE)
    for side in ("left", "right")
)  # fmt: skip


def fit_rotation(rest: FloatArray, vectors: FloatArray, weights: FloatArray) -> FloatArray:
    """The rotation (..., 3, 3) that best turns rest vectors (..., N, 3) into vectors (..., N, 3), weights (..., N).

    Source: Kabsch, Acta Crystallographica A32 (1976), for Wahba's problem.
    """
    covariance = np.einsum("...ni,...nj,...n->...ij", vectors, rest, weights)
    u, _, vt = np.linalg.svd(covariance)
    sign = np.ones(covariance.shape[:-1])
    sign[..., 2] = np.sign(np.linalg.det(u @ vt))
    return np.asarray((u * sign[..., None, :]) @ vt)


def local_rotations(
    skeleton: Skeleton, directions: FloatArray, rough: FloatArray, confidence: FloatArray, fps: float
) -> FloatArray:
    """Local joint rotations that lay the skeleton along the segments.

    Args:
        skeleton: the person's.
        directions: (T, S, 3) unit directions of ``body.SEGMENTS``.
        rough: (T, 33, 3) m rough landmarks, for hands and head.
        confidence: (T, 33) of the landmarks.
        fps: frames per second.

    Returns:
        (T, 22, 4) xyzw, local to the parent; the root's is frame_from_hips.
    """
    solver = _Solver(skeleton, directions, rough, confidence, fps)
    world = solver.solve()
    # Joint by joint: the conversion needs several times the memory of its input.
    turns = np.stack([rotation.from_matrix(world[:, j]) for j in range(len(humanoid.JOINTS))], axis=1)
    local = kinematics.local_rotations(humanoid.PARENTS, turns)
    return _limited(local)


def _limited(local: FloatArray) -> FloatArray:
    limits = np.array([LIMITS.get(name, np.pi) for name in humanoid.JOINTS])
    turn = rotation.to_rotvec(local)
    angle = np.linalg.norm(turn, axis=-1)
    scale = np.minimum(1.0, limits / np.maximum(angle, 1e-9))
    scale[:, 0] = 1.0
    return rotation.from_rotvec(turn * scale[..., None])


class _Solver:
    """Fills the rotations frame_from_joint, from the trunk outwards."""

    def __init__(
        self, skeleton: Skeleton, directions: FloatArray, rough: FloatArray, confidence: FloatArray, fps: float
    ) -> None:
        self.directions = directions
        self.rough = rough
        self.confidence = confidence
        self.fps = fps
        landmarks = body.rest_landmarks(skeleton)
        self.rest_landmarks = landmarks
        self.rest_segments = rotation.normalize(body.segment_vectors(landmarks))
        self.rest_joints = kinematics.rest_positions(skeleton)
        self.world = np.tile(np.eye(3), (len(directions), len(humanoid.JOINTS), 1, 1))

    def solve(self) -> FloatArray:
        """Rotations (T, 22, 3, 3) frame_from_joint."""
        self._trunk()
        self._head()
        for arm in ARMS:
            self._clavicle(arm)
            self._limb(arm)
            self._hand(arm)
        for leg in LEGS:
            self._limb(leg)
            self._foot(leg)
        return self.world

    def _seen(self, *names: str) -> FloatArray:
        return self.directions[:, [body.SEGMENT_INDEX[n] for n in names]]

    def _rest(self, *names: str) -> FloatArray:
        return self.rest_segments[[body.SEGMENT_INDEX[n] for n in names]]

    def _set(self, joint: str, matrices: FloatArray) -> None:
        self.world[:, humanoid.INDEX[joint]] = matrices

    def _get(self, joint: str) -> FloatArray:
        return np.asarray(self.world[:, humanoid.INDEX[joint]])

    def _trunk(self) -> None:
        hips = fit_rotation(self._rest("pelvis", "spine"), self._seen("pelvis", "spine"), np.array([1.0, 0.6]))
        top = fit_rotation(self._rest("shoulders", "spine"), self._seen("shoulders", "spine"), np.array([1.0, 1.0]))
        bend = rotation.to_rotvec(rotation.from_matrix(np.swapaxes(hips, -1, -2) @ top))
        self._set("hips", hips)
        for joint, share in (("spine", 1 / 3), ("chest", 2 / 3), ("upperChest", 1.0)):
            self._set(joint, hips @ rotation.to_matrix(rotation.from_rotvec(bend * share)))

    def _head(self) -> None:
        face = [blazepose.INDEX[name] for name in _FACE]
        ears = [blazepose.INDEX["left_ear"], blazepose.INDEX["right_ear"]]
        rest = self.rest_landmarks[face] - self.rest_landmarks[ears].mean(axis=0)
        seen = self.rough[:, face] - self.rough[:, ears].mean(axis=1, keepdims=True)
        chest = self._get("upperChest")
        habit = 0.03 * np.eye(3)
        vectors = np.concatenate([seen, np.swapaxes(chest, -1, -2) * 0.03], axis=1)
        head = fit_rotation(np.concatenate([rest, habit]), vectors, np.ones(len(face) + 3))
        turn = rotation.to_rotvec(rotation.from_matrix(np.swapaxes(chest, -1, -2) @ head))
        largest = LIMITS["neck"] + LIMITS["head"]
        size = np.linalg.norm(turn, axis=-1, keepdims=True)
        turn = turn * np.minimum(1.0, largest / np.maximum(size, 1e-9))
        self._set("neck", chest @ rotation.to_matrix(rotation.from_rotvec(turn * NECK_SHARE)))
        self._set("head", chest @ rotation.to_matrix(rotation.from_rotvec(turn)))

    def _clavicle(self, arm: Limb) -> None:
        self._set(f"{arm.side}Shoulder", self._get("upperChest"))

    def _rest_bone(self, start: str, end: str) -> FloatArray:
        return rotation.normalize(self.rest_joints[humanoid.INDEX[end]] - self.rest_joints[humanoid.INDEX[start]])

    def _limb(self, limb: Limb) -> None:
        parent = self._get(humanoid.PARENT[limb.upper] or "hips")
        rest_upper = self._rest_bone(limb.upper, limb.lower)
        rest_lower = self._rest_bone(limb.lower, limb.end)
        upper = self._seen(limb.upper_segment)[:, 0]
        lower = self._seen(limb.lower_segment)[:, 0]
        rest_hinge = np.array(limb.rest_hinge)
        hinge = self._hinge(limb, parent, rest_upper, upper, lower)
        if limb in LEGS:
            lower = _without_hyperextension(upper, lower, hinge)
        self._set(limb.upper, _align(rest_upper, rest_hinge, upper, hinge))
        self._set(limb.lower, _align(rest_lower, rest_hinge, lower, hinge))

    def _hinge(
        self, limb: Limb, parent: FloatArray, rest_upper: FloatArray, upper: FloatArray, lower: FloatArray
    ) -> FloatArray:
        """Axis (T, 3) of the limb's middle joint: from its plane when bent, from the joint's habit when straight."""
        swing = rotation.between(parent @ rest_upper, upper)
        habit = rotation.rotate(swing, parent @ np.array(limb.rest_hinge))
        plane = np.cross(upper, lower)
        if limb in LEGS:
            habit = rotation.normalize(habit + self._toe_hinge(limb))
            plane = plane * (np.sum(plane * habit, axis=-1, keepdims=True) > 0)
        hinge = plane + limb.straight * habit
        ones = np.ones((len(hinge), 1))
        return rotation.normalize(whittaker(hinge, ones, self.fps, HINGE_CUTOFF))

    def _toe_hinge(self, leg: Limb) -> FloatArray:
        """The knee's axis (T, 3) as the foot shows it: across shank and instep, short when they are in line."""
        shank, foot = np.moveaxis(self._seen(leg.lower_segment, f"{leg.side}_instep"), 1, 0)
        return np.cross(foot, shank)

    def _hand(self, arm: Limb) -> None:
        """The palm points as it is seen and is rolled as the knuckles lie in the rough landmarks."""
        index, pinky = (blazepose.INDEX[f"{arm.side}_{finger}"] for finger in ("index", "pinky"))
        forearm = self._get(arm.lower)
        palm = f"{arm.side}_palm"
        knuckles = rotation.normalize(self.rough[:, index] - self.rough[:, pinky])
        rest_knuckles = rotation.normalize(self.rest_landmarks[index] - self.rest_landmarks[pinky])
        rest = np.concatenate([self._rest(palm), rest_knuckles[None], np.eye(3)])
        seen = np.concatenate([self._seen(palm), knuckles[:, None], np.swapaxes(forearm, -1, -2)], axis=1)
        clear = self.confidence[:, [index, pinky]].mean(axis=1)
        weight = np.stack([clear, KNUCKLE_WEIGHT * clear, *(np.full_like(clear, HAND_HABIT),) * 3], axis=1)
        hand = fit_rotation(rest, seen, weight)
        axis = self._rest_bone(arm.lower, arm.end)
        relative = rotation.from_matrix(np.swapaxes(forearm, -1, -2) @ hand)
        twist = 2 * np.arctan2(relative[:, :3] @ axis, relative[:, 3])
        twist = (twist + np.pi) % (2 * np.pi) - np.pi
        turn = rotation.from_rotvec(axis * (FOREARM_TWIST_SHARE * np.clip(twist, -1.4, 1.4))[:, None])
        self._set(arm.lower, forearm @ rotation.to_matrix(turn))
        self._set(arm.end, hand)

    def _foot(self, leg: Limb) -> None:
        shank = self._get(leg.lower)
        names = (f"{leg.side}_instep", f"{leg.side}_heel_bone")
        toe, heel, ankle = (blazepose.INDEX[f"{leg.side}_{n}"] for n in ("foot_index", "heel", "ankle"))
        lengths = np.linalg.norm(self.rest_landmarks[[toe, heel]] - self.rest_landmarks[ankle], axis=-1)
        rest = self._rest(*names) * lengths[:, None]
        seen = self._seen(*names) * lengths[:, None]
        habit = 0.05 * np.eye(3)
        weight = np.concatenate([self.confidence[:, [toe, heel]], np.ones((len(seen), 3))], axis=1)
        vectors = np.concatenate([seen, 0.05 * np.swapaxes(shank, -1, -2)], axis=1)
        foot = fit_rotation(np.concatenate([rest, habit]), vectors, weight)
        self._set(leg.end, foot)
        self._set(f"{leg.side}Toes", foot)


def _align(rest_bone: FloatArray, rest_hinge: FloatArray, bone: FloatArray, hinge: FloatArray) -> FloatArray:
    """Rotation (T, 3, 3) that lays the bone along its direction and the hinge as near its axis as that allows."""
    seen = rotation.from_axes(bone, hinge)
    rest = rotation.from_axes(rest_bone, rest_hinge)
    return seen @ rest.T


def _without_hyperextension(upper: FloatArray, lower: FloatArray, hinge: FloatArray) -> FloatArray:
    """Directions (T, 3) of the lower bone with a bend against the hinge made straight."""
    flexed = np.cross(hinge, upper)
    against = np.minimum(np.sum(lower * flexed, axis=-1, keepdims=True), 0.0)
    return rotation.normalize(lower - against * flexed)
