"""Puts the body into the T-pose by its own bones and weights."""

from dataclasses import replace

import numpy as np

from baking.source import Array, Body
from bodydouble.geometry import rotation

HEIGHT = 1.70
"""Metres from the soles to the top of the head."""
FINGER_SPREAD = {2: 4.0, 3: 0.0, 4: -4.0, 5: -8.0}
"""Degrees towards the thumb of each straight finger, by MakeHuman's number of the finger."""


def shortest(a: Array, b: Array) -> Array:
    """Matrix of the shortest rotation from direction a to direction b."""
    return rotation.to_matrix(rotation.between(rotation.normalize(a), rotation.normalize(b)))


def turn(axis: int, angle: float) -> Array:
    """Matrix of a rotation about a coordinate axis, radians."""
    return rotation.to_matrix(rotation.from_rotvec(np.eye(3)[axis] * angle))


ARM_AXES = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
"""Columns: along the left arm, forwards, and their cross product."""
MIRROR = np.diag([-1.0, 1.0, 1.0])


def arm_turns(head: dict[str, Array]) -> dict[str, Array]:
    """World rotations that bring the left arm along +X, its elbow bending forwards and its palm down."""
    upper = head["lowerarm01.L"] - head["upperarm01.L"]
    lower = head["wrist.L"] - head["lowerarm01.L"]
    upper_turn = ARM_AXES @ rotation.from_axes(upper, lower).T
    lower_turn = shortest(upper_turn @ lower, ARM_AXES[:, 0]) @ upper_turn
    across = head["finger2-1.L"] - head["finger5-1.L"]
    hand_turn = ARM_AXES @ rotation.from_axes(head["finger3-1.L"] - head["wrist.L"], across).T
    twist = hand_turn @ lower_turn.T
    roll = np.arctan2(twist[2, 1] - twist[1, 2], twist[1, 1] + twist[2, 2])
    return {
        "upperarm01.L": upper_turn,
        "lowerarm01.L": turn(0, 0.3 * roll) @ lower_turn,
        "lowerarm02.L": turn(0, 0.75 * roll) @ lower_turn,
        "wrist.L": hand_turn,
    }


def finger_turns(head: dict[str, Array], tips: dict[str, Array], hand_turn: Array) -> dict[str, Array]:
    """World rotations that make the left fingers straight; the thumb stays as it is in the hand."""
    turns = {}
    for finger, spread in FINGER_SPREAD.items():
        target = turn(1, -np.radians(spread)) @ ARM_AXES[:, 0]
        points = [head[f"finger{finger}-{part}.L"] for part in (1, 2, 3)] + [tips[f"finger{finger}-3.L"]]
        so_far = hand_turn
        for part, step in enumerate(np.diff(points, axis=0), start=1):
            so_far = shortest(so_far @ step, target) @ so_far
            turns[f"finger{finger}-{part}.L"] = so_far
    return turns


def leg_turns(head: dict[str, Array]) -> dict[str, Array]:
    """World rotations that bring the left leg along -Y; the foot keeps its direction."""
    down = np.array([0.0, -1.0, 0.0])
    return {
        "upperleg01.L": shortest(head["lowerleg01.L"] - head["upperleg01.L"], down),
        "lowerleg01.L": shortest(head["foot.L"] - head["lowerleg01.L"], down),
        "foot.L": np.eye(3),
    }


def finger_tips(body: Body) -> dict[str, Array]:
    """The end of each finger: the mean of the vertices of its last bone that lie furthest from its start."""
    tips = {}
    for i, name in enumerate(body.bones):
        if name.startswith("finger") and name[8] == "3":
            own = body.positions[body.weights[:, i] > 0.9]
            far = np.argsort(np.linalg.norm(own - body.heads[i], axis=1))[-12:]
            tips[name] = own[far].mean(axis=0)
    return tips


def t_pose(body: Body, height: float | None = HEIGHT) -> Body:
    """The body posed by its own bones and weights, scaled to a height in m if one is given, the soles on the floor."""
    head = dict(zip(body.bones, body.heads, strict=True))
    turns = arm_turns(head) | leg_turns(head)
    turns |= finger_turns(head, finger_tips(body), turns["wrist.L"])
    turns |= {name.replace(".L", ".R"): MIRROR @ matrix @ MIRROR for name, matrix in turns.items()}
    world, heads = [], []
    for i, (name, parent) in enumerate(zip(body.bones, body.parents, strict=True)):
        world.append(turns.get(name, world[parent] if parent >= 0 else np.eye(3)))
        heads.append(heads[parent] + world[parent] @ (body.heads[i] - body.heads[parent]) if i else body.heads[0])
    posed = np.einsum("bij,vbj->vbi", np.stack(world), body.positions[:, None] - body.heads) + np.stack(heads)
    positions = np.einsum("vb,vbi->vi", body.weights, posed)
    floor, top = positions[:, 1].min(), positions[:, 1].max()
    scale = height / (top - floor) if height else 1.0
    shift = np.array([0.0, -floor, -body.heads[0, 2]])
    return replace(body, positions=(positions + shift) * scale, heads=(np.stack(heads) + shift) * scale)
