"""Poses to start a fit to markers from: rigid parts by their markers, limbs by the directions between markers."""

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.geometry import rotation
from bodydouble.geometry.rotation_log import exponential, logarithm
from mocap.marker_body import INDEX, JOINT_COUNT, MarkerBody
from mocap.marker_fit import Poses

LATERAL = 0.3
"""Weight of the trunk's sideways axis in the axis of a hinge, relative to the sine of its flexion."""


def estimate_poses(body: MarkerBody, markers: FloatArray) -> Poses:
    """Estimates poses from markers (T, M, 3) m; NaN where not seen."""
    rotations = np.tile(np.eye(3), (len(markers), JOINT_COUNT, 1, 1))
    hips, root = _fit_rigid_part(body, markers, "hips")
    chest, _ = _fit_rigid_part(body, markers, "upperChest")
    head, _ = _fit_rigid_part(body, markers, "head")
    rotations[:, 0] = hips
    third = exponential(logarithm(np.swapaxes(hips, -1, -2) @ chest) / 3)
    for joint in ("spine", "chest", "upperChest"):
        rotations[:, INDEX[joint]] = third
    half = exponential(logarithm(np.swapaxes(chest, -1, -2) @ head) / 2)
    rotations[:, INDEX["neck"]] = rotations[:, INDEX["head"]] = half
    points = {label: markers[:, i] for i, label in enumerate(body.labels)}
    for side, sign in (("left", 1.0), ("right", -1.0)):
        s = side[0].upper()
        wrist = _middle(points[s + "WRA"], points[s + "WRB"])
        upper = _arm_frame(points[s + "ELB"] - points[s + "SHO"], wrist - points[s + "ELB"], chest, sign)
        _add_limb(rotations, chest, upper, (f"{side}UpperArm", f"{side}LowerArm"), wrist - points[s + "ELB"], sign * X)
        hip = root + hips @ body.build_skeleton().rest_offsets[INDEX[f"{side}UpperLeg"]]
        thigh, shank = points[s + "KNE"] - hip, points[s + "ANK"] - points[s + "KNE"]
        upper = _leg_frame(thigh, shank, hips)
        _add_limb(rotations, hips, upper, (f"{side}UpperLeg", f"{side}LowerLeg"), shank, -Y)
    return Poses(np.where(np.isfinite(rotations), rotations, np.eye(3)), root)


X, Y = np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0])


def _middle(a: FloatArray, b: FloatArray) -> FloatArray:
    """Returns the middle (T, 3) of two points, or the one that is seen."""
    return (np.where(np.isnan(a), b, a) + np.where(np.isnan(b), a, b)) / 2


def _fit_rigid_part(body: MarkerBody, markers: FloatArray, carrier: str) -> tuple[FloatArray, FloatArray]:
    """Returns rotations (T, 3, 3) and positions (T, 3) of a joint by the markers that it carries (Kabsch)."""
    rows = np.flatnonzero(body.carriers == INDEX[carrier])
    points, offsets = markers[:, rows], body.offsets[rows]
    seen = np.isfinite(points[..., :1])
    count = np.maximum(seen.sum(axis=1), 1)
    points = np.where(seen, points, 0.0)
    center = points.sum(axis=1) / count
    center_offset = (seen * offsets).sum(axis=1) / count
    covariance = np.einsum("tmi,tmj->tij", seen * (points - center[:, None]), offsets - center_offset[:, None])
    u, _, vt = np.linalg.svd(covariance)
    u[..., 2] *= np.linalg.det(u @ vt)[:, None]
    rotations = u @ vt
    return rotations, center - (rotations @ center_offset[..., None])[..., 0]


def _arm_frame(upper: FloatArray, lower: FloatArray, chest: FloatArray, sign: float) -> FloatArray:
    """Returns the rotations (T, 3, 3) of an upper arm whose elbow bends about its own y axis."""
    x = sign * rotation.normalize(upper)
    y = -sign * np.cross(rotation.normalize(upper), rotation.normalize(lower)) + LATERAL * chest[..., 1]
    return _frame(x, y, 0, 1)


def _leg_frame(upper: FloatArray, lower: FloatArray, hips: FloatArray) -> FloatArray:
    """Returns the rotations (T, 3, 3) of a thigh whose knee bends about its own x axis."""
    x = np.cross(rotation.normalize(upper), rotation.normalize(lower)) + LATERAL * hips[..., 0]
    return _frame(-rotation.normalize(upper), x, 1, 0)


def _frame(first: FloatArray, second: FloatArray, first_axis: int, second_axis: int) -> FloatArray:
    """Returns rotations (T, 3, 3) with one exact axis and another one near a vector."""
    second = rotation.normalize(second - (second * first).sum(axis=-1, keepdims=True) * first)
    third_axis = 3 - first_axis - second_axis
    sign = 1.0 if (second_axis - first_axis) % 3 == 1 else -1.0
    axes = {first_axis: first, second_axis: second, third_axis: sign * np.cross(first, second)}
    return np.stack([axes[0], axes[1], axes[2]], axis=-1)


def _add_limb(
    rotations: FloatArray,
    trunk: FloatArray,
    upper: FloatArray,
    joints: tuple[str, str],
    lower: FloatArray,
    rest: FloatArray,
) -> None:
    """Sets the rotations of an upper arm or thigh, and of the hinge below it, which points at rest along an axis."""
    rotations[:, INDEX[joints[0]]] = np.swapaxes(trunk, -1, -2) @ upper
    direction = (np.swapaxes(upper, -1, -2) @ rotation.normalize(lower)[..., None])[..., 0]
    turn = rotation.between(np.broadcast_to(rest, direction.shape), np.nan_to_num(direction) + 1e-9 * rest)
    rotations[:, INDEX[joints[1]]] = rotation.to_matrix(turn)
