"""T-pose of the body: `Body` in Anny's rest pose -> `Body` in the T-pose, by its own bones and weights."""

from dataclasses import replace

import numpy as np

from baking.source import Array, Body
from bodydouble.geometry import rotation

HEIGHT = 1.70
"""Stature in m."""
FINGER_SPREAD = {2: 4.0, 3: 0.0, 4: -4.0, 5: -8.0}
"""Angle in degrees of each straight finger towards the thumb, by MakeHuman's number of the finger."""


def shortest_rotation(a: Array, b: Array) -> Array:
    """Returns the matrix of the shortest rotation from direction a to direction b."""
    return rotation.to_matrix(rotation.between(rotation.normalize(a), rotation.normalize(b)))


def axis_rotation(axis: int, angle: float) -> Array:
    """Returns the matrix of a rotation by an angle in rad about a coordinate axis."""
    return rotation.to_matrix(rotation.from_rotvec(np.eye(3)[axis] * angle))


ARM_AXES = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
"""Matrix with the columns: along the left arm, forward, and their cross product."""
MIRROR = np.diag([-1.0, 1.0, 1.0])


def arm_rotations(head: dict[str, Array]) -> dict[str, Array]:
    """Returns world rotations that bring the left arm along +X, with the elbow flexing forward and the palm down."""
    upper = head["lowerarm01.L"] - head["upperarm01.L"]
    lower = head["wrist.L"] - head["lowerarm01.L"]
    upper_rotation = ARM_AXES @ rotation.from_axes(upper, lower).T
    lower_rotation = shortest_rotation(upper_rotation @ lower, ARM_AXES[:, 0]) @ upper_rotation
    across = head["finger2-1.L"] - head["finger5-1.L"]
    hand_rotation = ARM_AXES @ rotation.from_axes(head["finger3-1.L"] - head["wrist.L"], across).T
    twist = hand_rotation @ lower_rotation.T
    roll = np.arctan2(twist[2, 1] - twist[1, 2], twist[1, 1] + twist[2, 2])
    return {
        "upperarm01.L": upper_rotation,
        "lowerarm01.L": axis_rotation(0, 0.3 * roll) @ lower_rotation,
        "lowerarm02.L": axis_rotation(0, 0.75 * roll) @ lower_rotation,
        "wrist.L": hand_rotation,
    }


def finger_rotations(head: dict[str, Array], tips: dict[str, Array], hand_rotation: Array) -> dict[str, Array]:
    """Returns world rotations that straighten the left fingers; the thumb keeps its pose in the hand."""
    rotations = {}
    for finger, spread in FINGER_SPREAD.items():
        target = axis_rotation(1, -np.radians(spread)) @ ARM_AXES[:, 0]
        points = [head[f"finger{finger}-{part}.L"] for part in (1, 2, 3)] + [tips[f"finger{finger}-3.L"]]
        accumulated = hand_rotation
        for part, step in enumerate(np.diff(points, axis=0), start=1):
            accumulated = shortest_rotation(accumulated @ step, target) @ accumulated
            rotations[f"finger{finger}-{part}.L"] = accumulated
    return rotations


def leg_rotations(head: dict[str, Array]) -> dict[str, Array]:
    """Returns world rotations that bring the left leg along -Y; the foot keeps its direction."""
    down = np.array([0.0, -1.0, 0.0])
    return {
        "upperleg01.L": shortest_rotation(head["lowerleg01.L"] - head["upperleg01.L"], down),
        "lowerleg01.L": shortest_rotation(head["foot.L"] - head["lowerleg01.L"], down),
        "foot.L": np.eye(3),
    }


def finger_tips(body: Body) -> dict[str, Array]:
    """Returns the tip of each finger: the mean of the farthest vertices from the start of its last bone."""
    tips = {}
    for i, name in enumerate(body.bones):
        if name.startswith("finger") and name[8] == "3":
            vertices = body.positions[body.weights[:, i] > 0.9]
            farthest = np.argsort(np.linalg.norm(vertices - body.heads[i], axis=1))[-12:]
            tips[name] = vertices[farthest].mean(axis=0)
    return tips


def t_pose(body: Body, height: float | None = HEIGHT) -> Body:
    """Poses the body by its bones and weights, scales it to a height in m if given, and puts the soles on the floor."""
    head = dict(zip(body.bones, body.heads, strict=True))
    rotations = arm_rotations(head) | leg_rotations(head)
    rotations |= finger_rotations(head, finger_tips(body), rotations["wrist.L"])
    rotations |= {name.replace(".L", ".R"): MIRROR @ matrix @ MIRROR for name, matrix in rotations.items()}
    world, heads = [], []
    for i, (name, parent) in enumerate(zip(body.bones, body.parents, strict=True)):
        world.append(rotations.get(name, world[parent] if parent >= 0 else np.eye(3)))
        heads.append(heads[parent] + world[parent] @ (body.heads[i] - body.heads[parent]) if i else body.heads[0])
    posed = np.einsum("bij,vbj->vbi", np.stack(world), body.positions[:, None] - body.heads) + np.stack(heads)
    positions = np.einsum("vb,vbi->vi", body.weights, posed)
    floor, top = positions[:, 1].min(), positions[:, 1].max()
    scale = height / (top - floor) if height else 1.0
    shift = np.array([0.0, -floor, -body.heads[0, 2]])
    return replace(
        body,
        positions=(positions + shift) * scale,
        heads=(np.stack(heads) + shift) * scale,
        targets=body.targets * scale,
    )
