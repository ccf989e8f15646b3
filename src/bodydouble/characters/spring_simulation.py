"""Simulation of spring bones: Verlet integration of the ends of the bones, from the first to the last of each chain.

The order of computation is that of the specification: inertia, stiffness and gravity move the end of a bone, its length
is restored, and colliders push it. All bones of a level are computed at once. The end of a bone is always at its length
from its joint, so that no motion can make it explode.

Source: https://github.com/vrm-c/vrm-specification/blob/master/specification/VRMC_springBone-1.0/README.md
"""

from dataclasses import dataclass

import numpy as np

from bodydouble.characters.spring_chains import SpringChains
from bodydouble.data import FloatArray

STEP_RATE = 60.0
"""Steps per second: the frame rate for which the values of spring bones are chosen."""
WARM_UP_STEPS = 300
"""Maximum number of steps at the first pose before the motion begins."""
SETTLED = 1e-5
"""Distance, m, that the ends move in a step at most when they are settled."""
COLLISION_ROUNDS = 3
"""Maximum number of times that colliders push an end in a step."""
COLLISION_TOLERANCE = 1e-3
"""Depth in a collider, m, that is pushed in the first round only."""
NEARLY_OPPOSITE = 1e-6
"""Smallest sum of 1 and the cosine of an angle that is divided by."""


@dataclass(frozen=True, slots=True)
class PosedSprings:
    """Pose without springs at S steps, world."""

    offsets: FloatArray
    """(S, B, 3) m, from the joint of the bone that a bone hangs on, or the origin, to its own joint."""
    axes: FloatArray
    """(S, B, 3) unit, direction of each bone."""
    collider_places: FloatArray
    """(S, C, 3) m."""
    collider_tails: FloatArray
    """(S, C, 3) m, from one end to the other, or the unit normals of planes."""
    centers: FloatArray
    """(S, B, 3) m, of the centre joints."""
    center_turns: FloatArray
    """(S, B, 3, 3)."""


def simulate(chains: SpringChains, posed: PosedSprings) -> FloatArray:
    """Simulates springs over S steps from a settled start; returns the directions (S, B, 3) of the bones, unit."""
    state = _Simulation(chains)
    state.reset(posed)
    for _ in range(WARM_UP_STEPS):
        before = state.tails.copy()
        state.step(posed, 0)
        if np.abs(state.tails - before).max() < SETTLED:
            break
    state.stop()
    directions = np.empty_like(posed.axes)
    for k in range(len(directions)):
        state.step(posed, k)
        directions[k] = state.directions
    return directions


class _Simulation:
    """State of the springs: present and previous ends of the bones, in the space of their centres."""

    def __init__(self, chains: SpringChains) -> None:
        count = len(chains.joints)
        self.chains = chains
        self.tails: FloatArray = np.zeros((count, 3))
        self.directions = np.zeros((count, 3))
        self._previous: FloatArray = np.zeros((count, 3))
        self._heads = np.zeros((count, 3))
        self._swings = np.zeros((count, 3, 3))
        self._kept = (1.0 - chains.drag)[:, None]
        self._lengths = chains.lengths[:, None]
        self._stiffness = chains.stiffness[:, None] / STEP_RATE
        self._gravity = chains.gravity / STEP_RATE
        self._centered = chains.centers >= 0
        self._colliders = [_Colliders(chains, level) for level in chains.levels]

    def reset(self, posed: PosedSprings) -> None:
        """Places the ends as in the first pose."""
        heads = np.empty_like(self._heads)
        for bone, parent in enumerate(self.chains.parents):
            heads[bone] = posed.offsets[0, bone] + (heads[parent] if parent >= 0 else 0.0)
        self.tails = self._to_center(heads + posed.axes[0] * self._lengths, posed, 0)
        self.stop()

    def stop(self) -> None:
        """Takes the velocity away."""
        self._previous = self.tails.copy()

    def step(self, posed: PosedSprings, k: int) -> None:
        """Moves the bones on by one step to the pose k."""
        moved = self._from_center(self.tails + (self.tails - self._previous) * self._kept, posed, k)
        moved += self._gravity
        for level, colliders in zip(self.chains.levels, self._colliders, strict=True):
            heads, axes, carried = self._carry(level, posed, k)
            lengths = self._lengths[level]
            arms = moved[level] + axes * self._stiffness[level] - heads
            directions = _normalize(arms, axes)
            tails = heads + directions * lengths
            if colliders.push_out(tails, heads, lengths, posed, k):
                directions = (tails - heads) / lengths
            moved[level], self._heads[level], self.directions[level] = tails, heads, directions
            turn = _rotations_between(axes, directions)
            self._swings[level] = turn if carried is None else turn @ carried
        self._previous = self.tails
        self.tails = self._to_center(moved, posed, k)

    def _carry(self, level: slice, posed: PosedSprings, k: int) -> tuple[FloatArray, FloatArray, FloatArray | None]:
        """Returns joints (N, 3) and axes (N, 3) of a level as the bones above carry them, and the swing of those."""
        offsets, axes = posed.offsets[k, level], posed.axes[k, level]
        if level.start == 0:
            return offsets, axes, None
        above = self.chains.parents[level]
        carried = self._swings[above]
        heads = self._heads[above] + (carried @ offsets[..., None])[..., 0]
        return heads, (carried @ axes[..., None])[..., 0], carried

    def _to_center(self, points: FloatArray, posed: PosedSprings, k: int) -> FloatArray:
        if not self._centered.any():
            return points.copy()
        local = np.swapaxes(posed.center_turns[k], 1, 2) @ (points - posed.centers[k])[..., None]
        return np.where(self._centered[:, None], local[..., 0], points)

    def _from_center(self, points: FloatArray, posed: PosedSprings, k: int) -> FloatArray:
        if not self._centered.any():
            return points.copy()
        placed = (posed.center_turns[k] @ points[..., None])[..., 0] + posed.centers[k]
        return np.where(self._centered[:, None], placed, points)


class _Colliders:
    """Colliders of the bones of a level."""

    def __init__(self, chains: SpringChains, level: slice) -> None:
        used = np.flatnonzero(chains.collides[level].any(axis=0))
        self._used = used
        self._rows = np.arange(len(chains.joints[level]))
        self._sign = np.where(chains.is_inside[used], -1.0, 1.0)
        reach = self._sign * chains.collider_radii[used] + chains.radii[level][:, None]
        self._reach = np.where(chains.collides[level][:, used], reach, -np.inf)
        tails = chains.collider_tails[used]
        self._length_2 = np.maximum(np.einsum("cx,cx->c", tails, tails), 1e-12)
        self._is_plane = chains.is_plane[used]
        self._length_2[self._is_plane] = np.inf

    def push_out(self, tails: FloatArray, heads: FloatArray, lengths: FloatArray, posed: PosedSprings, k: int) -> bool:
        """Pushes ends (N, 3) out of the colliders, keeping their distance from the joints; returns whether any was.

        Each round pushes an end out of the collider that it is deepest in.
        """
        if not len(self._used):
            return False
        places, ends = posed.collider_places[k, self._used], posed.collider_tails[k, self._used]
        for tolerance in (0.0, *[COLLISION_TOLERANCE] * (COLLISION_ROUNDS - 1)):
            steps = tails[:, None] - places
            along = np.einsum("ncx,cx->nc", steps, ends)
            steps -= np.minimum(np.maximum(along / self._length_2, 0.0), 1.0)[..., None] * ends
            distance = np.sqrt(np.einsum("ncx,ncx->nc", steps, steps))
            if self._is_plane.any():
                distance = np.where(self._is_plane, along, distance)
                steps = np.where(self._is_plane[:, None], ends * along[..., None], steps)
            gap = self._sign * distance - self._reach
            deepest = gap.argmin(axis=1)
            depth = -gap[self._rows, deepest]
            hit = np.flatnonzero(depth > tolerance)
            if not len(hit):
                return tolerance > 0
            c = deepest[hit]
            apart = distance[hit, c]
            away = steps[hit, c] * (self._sign[c] / np.where(np.abs(apart) > 1e-9, apart, 1e-9))[:, None]
            arms = tails[hit] + away * depth[hit, None] - heads[hit]
            tails[hit] = heads[hit] + _normalize(arms, away) * lengths[hit]
        return True


def _normalize(vectors: FloatArray, instead: FloatArray) -> FloatArray:
    """Returns unit vectors (N, 3); others in place of those without a length."""
    length = np.sqrt(np.einsum("nx,nx->n", vectors, vectors))[:, None]
    if length.min() < 1e-9:
        return np.where(length < 1e-9, instead, vectors / np.maximum(length, 1e-9))
    return np.asarray(vectors / length)


def _rotations_between(a: FloatArray, b: FloatArray) -> FloatArray:
    """Returns the shortest rotations (N, 3, 3) from unit vectors a (N, 3) to unit vectors b (N, 3)."""
    skew = b[:, :, None] * a[:, None, :] - a[:, :, None] * b[:, None, :]
    cosine = np.einsum("nx,nx->n", a, b)
    share = 1.0 / np.maximum(1.0 + cosine, NEARLY_OPPOSITE)
    return np.asarray(np.eye(3) + skew + (skew @ skew) * share[:, None, None])
