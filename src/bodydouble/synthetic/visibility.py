"""Occlusion of landmarks by other people (capsules) and objects (boxes): line-of-sight tests."""

from dataclasses import dataclass

import numpy as np

from bodydouble.data import BoolArray, FloatArray
from bodydouble.geometry import camera
from bodydouble.skeletons import humanoid
from bodydouble.synthetic.bodies import Body, load_topology
from bodydouble.synthetic.props import Prop

BONES = tuple((humanoid.INDEX[parent], j) for j, parent in enumerate(humanoid.PARENT.values()) if parent)
"""Indices of the joints at both ends of each bone."""
HEAD_LENGTH = 0.16
"""Distance in m from the head joint to the middle of the top of the skull."""


@dataclass(frozen=True, slots=True)
class Capsules:
    """Shape of a person: S capsules, segments with a radius."""

    starts: FloatArray
    """Start points (T, S, 3) in the world, m."""
    ends: FloatArray
    """End points (T, S, 3) in the world, m."""
    radii: FloatArray
    """Radii (S,) in m."""


def build_capsules(body: Body, joints: FloatArray, head_up: FloatArray) -> Capsules:
    """Builds the capsules of a body in T poses.

    Args:
        body: the body at rest; its skin gives the radii.
        joints: joint positions (T, 22, 3) in the world, m.
        head_up: unit vectors (T, 3) from the head joint to the crown.
    """
    starts = np.stack([joints[:, a] for a, _ in BONES] + [joints[:, humanoid.INDEX["head"]]], axis=1)
    crown = joints[:, humanoid.INDEX["head"]] + HEAD_LENGTH * head_up
    ends = np.stack([joints[:, b] for _, b in BONES] + [crown], axis=1)
    return Capsules(starts, ends, _capsule_radii(body))


def _capsule_radii(body: Body) -> FloatArray:
    """Returns the radii (S,) in m: the median distance between a bone and the skin that its first joint moves."""
    topology = load_topology()
    skin = np.unique(topology.faces["skin"])
    dominant_joints = topology.joint_indices[skin, topology.joint_weights[skin].argmax(axis=1)]
    rest = body.joints
    head = humanoid.INDEX["head"]
    lines = [(a, rest[a], rest[b]) for a, b in BONES] + [(head, rest[head], rest[head] + [0.0, HEAD_LENGTH, 0.0])]
    radii = []
    for joint, start, end in lines:
        points = body.positions[skin[dominant_joints == joint]]
        axis = end - start
        along = np.clip((points - start) @ axis / (axis @ axis), 0, 1)
        radii.append(np.median(np.linalg.norm(points - start - along[:, None] * axis, axis=1)))
    return np.array(radii)


def is_occluded_by_person(camera_positions: FloatArray, points: FloatArray, person: Capsules) -> BoolArray:
    """Returns a mask (T, N): True if a person is between the camera (T, 3) and points (T, N, 3)."""
    distance = _segment_distance(
        camera_positions[:, None, None], points[:, :, None], person.starts[:, None], person.ends[:, None]
    )  # (T, N, S)
    return np.asarray((distance < person.radii).any(axis=-1))


def _segment_distance(a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray) -> FloatArray:
    """Returns the distance (...) between the segments from a to b and from c to d, (..., 3).

    Source: C. Ericson, Real-Time Collision Detection (2005), 5.1.9.
    """
    u, v, w = b - a, d - c, a - c
    uu, uv, vv = (u * u).sum(-1), (u * v).sum(-1), np.maximum((v * v).sum(-1), 1e-12)
    uw, vw = (u * w).sum(-1), (v * w).sum(-1)
    s = np.clip((uv * vw - uw * vv) / np.maximum(uu * vv - uv * uv, 1e-12), 0, 1)
    t = np.clip((uv * s + vw) / vv, 0, 1)
    s = np.clip((uv * t - uw) / np.maximum(uu, 1e-12), 0, 1)
    return np.asarray(np.linalg.norm(w + s[..., None] * u - t[..., None] * v, axis=-1))


def is_occluded_by_prop(camera_positions: FloatArray, points: FloatArray, prop: Prop) -> BoolArray:
    """Returns a mask (T, N): True if a box is between the camera (T, 3) and points (T, N, 3)."""
    prop_from_world = camera.inverse(prop.world_from_prop)
    start = camera.transform(prop_from_world, camera_positions)[:, None]
    step = camera.transform(prop_from_world, points) - start
    step = np.where(np.abs(step) < 1e-9, 1e-9, step)
    near, far = (-prop.half_extents - start) / step, (prop.half_extents - start) / step
    enter, leave = np.minimum(near, far).max(axis=-1), np.maximum(near, far).min(axis=-1)
    return np.asarray((enter < leave) & (leave > 0) & (enter < 1))
