"""Input and output of the humanoid mapping: ``RigDescription`` -> ``HumanoidMap``."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.errors import FormatError, InvalidDataError
from bodydouble.skeletons.rigs import vrm


@dataclass(frozen=True)
class RigDescription:
    """J joints of a file, in any order, with any number of roots, in any axes and unit."""

    names: tuple[str, ...]
    parents: tuple[int, ...]
    """J indices of joints, -1 for a root."""
    rest_positions: FloatArray
    """(J, 3) world positions in the rest pose (for a skinned rig: in the bind pose)."""
    skin_weights: FloatArray | None = None
    """(J,) sum of the skin weights of each joint; None if the file has no skin."""
    declared: Mapping[str, int] | None = None
    """VRM 1.0 humanoid bone -> joint, as the file declares it."""

    def __post_init__(self) -> None:
        joints = len(self.names)
        if len(self.parents) != joints or np.shape(self.rest_positions) != (joints, 3):
            raise InvalidDataError("RigDescription: names, parents and rest_positions must have one entry per joint")
        if self.skin_weights is not None and np.shape(self.skin_weights) != (joints,):
            raise InvalidDataError("RigDescription: skin_weights must have one entry per joint")


@dataclass(frozen=True)
class HumanoidMap:
    """Joints of a rig by their humanoid bones."""

    bones: dict[str, int]
    """VRM 1.0 humanoid bone -> joint."""
    source: str
    """Evidence that decided: the VRM extension, a family of names, words in names, or the shape of the skeleton."""
    missing: tuple[str, ...]
    """Bones of the 22-joint skeleton that the rig lacks."""
    notes: tuple[str, ...] = ()
    """Sentences for the user about evidence that was ignored or is weak."""


class RigTree:
    """Hierarchy of the joints of a rig."""

    def __init__(self, parents: tuple[int, ...]) -> None:
        """Builds the tree.

        Raises:
            FormatError: the joints form a loop.
        """
        self.parents = parents
        self.children: list[list[int]] = [[] for _ in parents]
        for joint, parent in enumerate(parents):
            if parent >= 0:
                self.children[parent].append(joint)
        self.order: list[int] = []
        """All joints, depth first."""
        waiting = [joint for joint, parent in enumerate(parents) if parent < 0][::-1]
        while waiting:
            self.order.append(waiting.pop())
            waiting.extend(reversed(self.children[self.order[-1]]))
        if len(self.order) != len(parents):
            raise FormatError("its joints form a loop")
        self._place = {joint: i for i, joint in enumerate(self.order)}
        self._size = self.sums(np.ones(len(parents)))

    def ancestors(self, joint: int) -> list[int]:
        """Returns the joints above a joint, the nearest first."""
        above = []
        while (joint := self.parents[joint]) >= 0:
            above.append(joint)
        return above

    def is_below(self, joint: int, ancestor: int) -> bool:
        """Returns whether a joint is a descendant of another one."""
        steps = self._place[joint] - self._place[ancestor]
        return bool(0 < steps < self._size[ancestor])

    def path(self, ancestor: int, joint: int) -> list[int]:
        """Returns the joints from below an ancestor down to a descendant, which is the last."""
        chain = [joint, *self.ancestors(joint)]
        return chain[: chain.index(ancestor)][::-1]

    def common_ancestor(self, a: int, b: int) -> int | None:
        """Returns the lowest joint that is above or equal to both; None if they have different roots."""
        above = {a, *self.ancestors(a)}
        return next((joint for joint in (b, *self.ancestors(b)) if joint in above), None)

    def sums(self, values: FloatArray) -> FloatArray:
        """Returns the sum of a value (J,) over each joint and all joints below it."""
        totals = np.array(values, dtype=np.float64)
        for joint in reversed(self.order):
            if self.parents[joint] >= 0:
                totals[self.parents[joint]] += totals[joint]
        return totals


def missing_bones(bones: Mapping[str, int]) -> list[str]:
    """Returns the bones without which a character cannot be animated that a mapping lacks."""
    return [bone for bone in vrm.REQUIRED_BONES if bone not in bones]
