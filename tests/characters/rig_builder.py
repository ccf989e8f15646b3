"""Small rigs made in code: one humanoid tree in a T-pose or A-pose, with the joint names of any family."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike

from bodydouble.characters.humanoid_map import RigDescription
from bodydouble.data import FloatArray
from bodydouble.geometry import rotation
from bodydouble.skeletons import humanoid

FINGERS = ("Index", "Middle", "Ring", "Little")
CENTRE: dict[str, tuple[float, float, float]] = {
    "hips": (0.0, 0.95, 0.0),
    "spine": (0.0, 1.06, -0.01),
    "chest": (0.0, 1.19, -0.01),
    "upperChest": (0.0, 1.31, -0.02),
    "neck": (0.0, 1.47, -0.03),
    "head": (0.0, 1.57, 0.0),
}
SIDE: dict[str, tuple[float, float, float]] = {
    "Shoulder": (0.03, 1.42, -0.01),
    "UpperArm": (0.17, 1.43, -0.02),
    "LowerArm": (0.44, 1.43, -0.03),
    "Hand": (0.69, 1.43, -0.02),
    "UpperLeg": (0.09, 0.90, 0.0),
    "LowerLeg": (0.09, 0.48, 0.01),
    "Foot": (0.09, 0.08, -0.02),
    "Toes": (0.09, 0.02, 0.11),
    "ThumbMetacarpal": (0.715, 1.42, 0.005),
    "ThumbProximal": (0.745, 1.415, 0.035),
    "ThumbDistal": (0.77, 1.41, 0.055),
}
KNUCKLES = {"Index": (0.78, 0.01), "Middle": (0.785, -0.015), "Ring": (0.78, -0.04), "Little": (0.765, -0.06)}
"""Finger -> x and z of its first joint."""
for _finger, (_x, _z) in KNUCKLES.items():
    for _part, _reach in (("Proximal", 0.0), ("Intermediate", 0.04), ("Distal", 0.065)):
        SIDE[_finger + _part] = (_x + _reach, 1.43, _z)


@dataclass
class RigBuilder:
    """Joints of a rig by name, in the order in which they were added."""

    parent: dict[str, str | None] = field(default_factory=dict)
    position: dict[str, FloatArray] = field(default_factory=dict)
    weight: dict[str, float] = field(default_factory=dict)

    def add(self, name: str, parent: str | None, position: ArrayLike, weight: float = 1.0) -> None:
        """Adds a joint."""
        self.parent[name], self.position[name], self.weight[name] = parent, np.array(position, dtype=np.float64), weight

    def insert(self, name: str, above: str, fraction: float = 0.5) -> None:
        """Inserts a joint in the line from the parent of a joint to it, as twist joints lie."""
        parent = self.parent[above]
        assert parent is not None
        start = self.position[parent]
        self.add(name, parent, start + fraction * (self.position[above] - start))
        self.parent[above] = name

    def remove(self, name: str) -> None:
        """Removes a joint; its children hang on its parent."""
        for child, parent in self.parent.items():
            if parent == name:
                self.parent[child] = self.parent[name]
        del self.parent[name], self.position[name], self.weight[name]

    def rename(self, names: Mapping[str, str]) -> None:
        """Gives joints other names."""
        new = {name: names.get(name, name) for name in self.parent}
        self.parent = {new[n]: None if p is None else new[p] for n, p in self.parent.items()}
        self.position = {new[n]: p for n, p in self.position.items()}
        self.weight = {new[n]: w for n, w in self.weight.items()}

    def describe(self, weighted: bool = False) -> RigDescription:
        """Returns the rig."""
        names = list(self.parent)
        parents = tuple(-1 if (p := self.parent[n]) is None else names.index(p) for n in names)
        weights = np.array([self.weight[n] for n in names]) if weighted else None
        return RigDescription(tuple(names), parents, np.array([self.position[n] for n in names]), weights)


def humanoid_rig(pose: str = "t") -> RigBuilder:
    """Returns a person of 52 joints that have the names of VRM bones, in a "t" or "a" pose."""
    rig = RigBuilder()
    for bone in humanoid.JOINTS + humanoid.FINGERS:
        side = next((s for s in ("left", "right") if bone.startswith(s)), "")
        position = np.array(SIDE[bone.removeprefix(side)] if side else CENTRE[bone])
        if side and pose == "a" and not any(part in bone for part in ("Leg", "Foot", "Toes", "Shoulder")):
            position = _lower_arm(position)
        rig.add(bone, _parent(bone), position * [-1 if side == "right" else 1, 1, 1])
    return rig


def _lower_arm(position: FloatArray) -> FloatArray:
    shoulder = np.array(SIDE["UpperArm"])
    return shoulder + rotation.rotate(rotation.from_rotvec(np.radians([0, 0, -45])), position - shoulder)


def _parent(bone: str) -> str | None:
    if bone in humanoid.PARENT:
        return humanoid.PARENT[bone]
    side = "left" if bone.startswith("left") else "right"
    place = humanoid.FINGERS.index(bone)
    return f"{side}Hand" if place % 3 == 0 else humanoid.FINGERS[place - 1]


def number_joints(rig: RigDescription, seed: int) -> tuple[RigDescription, list[int]]:
    """Returns a rig whose joints have numbers for names and another order, and the old place of each joint."""
    order = np.random.default_rng(seed).permutation(len(rig.names)).tolist()
    place = {joint: i for i, joint in enumerate(order)}
    numbered = RigDescription(
        names=tuple(str(i) for i in range(len(order))),
        parents=tuple(-1 if rig.parents[j] < 0 else place[rig.parents[j]] for j in order),
        rest_positions=rig.rest_positions[order],
        skin_weights=None if rig.skin_weights is None else rig.skin_weights[order],
    )
    return numbered, order


def move_rig(rig: RigDescription, seed: int) -> RigDescription:
    """Returns a rig rotated, shifted and scaled at random."""
    rng = np.random.default_rng(seed)
    quaternion = rotation.normalize(rng.normal(size=4))
    points = rotation.rotate(quaternion, rig.rest_positions) * 10 ** rng.uniform(-2, 3) + rng.normal(size=3)
    return replace(rig, rest_positions=points)
