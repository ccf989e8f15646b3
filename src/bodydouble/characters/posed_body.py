"""Trunk, head and thighs of a posed character as solids: how deep points lie in them, and the way out.

Points are brought into the rest pose by the inverse of the skinning, and compared with the skin there. What hangs from
head and hips, as long hair and skirts, is no part of the body.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bodydouble.characters.rig_vertices import humanoid_owners
from bodydouble.characters.skin_distance import SkinDistance, measure_skin, surface_points
from bodydouble.data import Character, FloatArray, IntArray
from bodydouble.geometry import kinematics, rotation

TRUNK = ("hips", "spine", "chest", "upperChest", "neck", "head")
PARTS = (TRUNK, ("leftUpperLeg",), ("rightUpperLeg",))
"""Bones, from below, of each body part that arms stay out of."""
RESOLUTION = 0.01
"""Distance of points on the surface and of nodes of the grid, relative to the height of the head's joint."""
MIN_WEIGHT = 1e-3
"""Weight that the lowest bone of a part keeps everywhere."""


@dataclass(frozen=True, slots=True)
class BodyPart:
    """A body part at rest."""

    joints: tuple[int, ...]
    """Joints of its K bones, from below."""
    middles: FloatArray
    """(K,) m, heights at rest at which each bone alone moves the part."""
    skin: SkinDistance


@dataclass(frozen=True, slots=True)
class BodyShape:
    """Body parts of a character at rest."""

    parts: tuple[BodyPart, ...]
    positions: FloatArray
    """(Jc, 3) m of the joints."""
    rotations: FloatArray
    """(Jc, 4) world rotations of the joints."""


def measure_body(character: Character) -> BodyShape:
    """Measures trunk with head, and thighs, of a character at rest; parts without skin are left out."""
    bind = kinematics.bind_matrices(character)[:, :3, 3]
    owners = _solid_owners(character)
    resolution = max(RESOLUTION * abs(float(bind[character.humanoid["head"], 1])), 1e-6)
    parts = []
    for bones in PARTS:
        joints = [character.humanoid[bone] for bone in bones if bone in character.humanoid]
        points = surface_points(character, owners, set(joints), resolution)
        if joints and len(points):
            parts.append(BodyPart(tuple(joints), _middles(bind[joints, 1], points), measure_skin(points, resolution)))
    return BodyShape(tuple(parts), bind, character.rest_rotations)


def _solid_owners(character: Character) -> IntArray:
    """Returns the humanoid joint (J,) that each joint belongs to; -1 also for spring bones below head and hips."""
    owners = humanoid_owners(character)
    springs = character.vrm.get("VRMC_springBone", {}).get("springs", [])
    swinging = np.array([joint["node"] for spring in springs for joint in spring["joints"]], dtype=np.int64)
    carriers = [character.humanoid[bone] for bone in ("head", "hips")]
    owners[swinging[np.isin(owners[swinging], carriers)]] = -1
    return owners


def _middles(heights: FloatArray, points: FloatArray) -> FloatArray:
    """Returns the ascending heights (K,) of the middles of bones whose joints are at heights (K,)."""
    ends = np.append(heights[1:], max(float(points[:, 1].max()), float(heights[-1])))
    return np.asarray(np.maximum.accumulate((heights + ends) / 2 + 1e-6 * np.arange(len(heights))))


class PosedBody:
    """Body parts of a character over T frames.

    Args:
        shape: the parts at rest.
        positions: (T, Jc, 3) m of the joints.
        world: (T, Jc, 4) world rotations of the joints.
    """

    def __init__(self, shape: BodyShape, positions: FloatArray, world: FloatArray) -> None:
        self._shape = shape
        joints = sorted({joint for part in shape.parts for joint in part.joints})
        turns = rotation.multiply(world[:, joints], rotation.conjugate(shape.rotations[joints]))
        self._turns = dict(zip(joints, np.moveaxis(rotation.to_matrix(turns), 1, 0), strict=True))
        self._positions = {joint: positions[:, joint] for joint in joints}

    def pushes(self, points: FloatArray, clearances: FloatArray) -> Iterator[tuple[FloatArray, FloatArray]]:
        """Yields, of each part, how far points must move out of it, and where to.

        Args:
            points: (T, P, 3) m, world.
            clearances: (P,) m, distance from the surface at which a point is free.

        Yields:
            Depths (T, P) m, at least 0, and directions (T, P, 3), world, unit where the depth is above 0.
        """
        for part in self._shape.parts:
            at_rest, weights = self._to_rest(part.joints, part.middles, points)
            depths = np.maximum(part.skin.depths_at(at_rest) + clearances, 0.0)
            outward = np.zeros_like(points)
            if depths.any():
                outward = self._to_world(part.joints, weights, part.skin.outward_at(at_rest))
            yield depths, rotation.normalize(outward)

    def _to_rest(
        self, joints: Sequence[int], middles: FloatArray, points: FloatArray
    ) -> tuple[FloatArray, list[FloatArray]]:
        """Returns the points (T, P, 3) in the rest pose, and the weight (T, P) of each bone."""
        candidates, weights = [], []
        for index, joint in enumerate(joints):
            step = points - self._positions[joint][:, None]
            at_rest = self._shape.positions[joint] + step @ self._turns[joint]
            candidates.append(at_rest)
            weights.append(_tent(at_rest[..., 1], middles, index) + (MIN_WEIGHT if index == 0 else 0.0))
        total = sum(weights)
        weights = [weight / total for weight in weights]
        blended = sum(w[..., None] * p for w, p in zip(weights, candidates, strict=True))
        return np.asarray(blended), weights

    def _to_world(self, joints: Sequence[int], weights: Sequence[FloatArray], directions: FloatArray) -> FloatArray:
        """Turns directions (T, P, 3) of the rest pose into the world."""
        turned = (
            weight[..., None] * (directions @ np.swapaxes(self._turns[joint], 1, 2))
            for joint, weight in zip(joints, weights, strict=True)
        )
        return np.asarray(sum(turned))


def _tent(heights: FloatArray, middles: FloatArray, index: int) -> FloatArray:
    """Returns the weight (...) at heights (...) that is 1 at one of the ascending middles (K,) and 0 at the others."""
    values = np.zeros(len(middles))
    values[index] = 1.0
    return np.asarray(np.interp(heights, middles, values))
