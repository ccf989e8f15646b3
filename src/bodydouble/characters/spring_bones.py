"""Spring bones: hair and clothes of a character swing by VRMC_springBone, baked into the rotations of its joints.

1. Colliders, axes of the bones and the places of their joints are sampled at the steps of a fixed rate, so that the
   result does not depend on the frame rate. At a cut the motion is divided.
2. Each part of the motion starts settled, and is simulated step by step.
3. The directions of the bones in the frames become rotations relative to the pose that was given.

Colliders and centres move as without springs.

Source: https://github.com/vrm-c/vrm-specification/blob/master/specification/VRMC_springBone-1.0/README.md
"""

from collections.abc import Collection
from itertools import pairwise

import numpy as np

from bodydouble.characters.spring_chains import SpringChains, read_chains
from bodydouble.characters.spring_simulation import STEP_RATE, PosedSprings, simulate
from bodydouble.data import Character, FloatArray, IntArray
from bodydouble.geometry import kinematics, rotation

MAX_HIPS_SPEED = 15.0
"""Speed of the hips, m/s, that no person reaches; a faster step in a file of another program is a cut."""
MAX_HIPS_TURN = 50.0
"""Angular velocity of the hips, rad/s, that no person reaches."""


def swing_springs(
    character: Character,
    rotations: FloatArray,
    hips_translation: FloatArray,
    fps: float,
    shot_starts: Collection[int] = (),
) -> FloatArray:
    """Swings the spring bones of a character over a motion.

    Args:
        character: J joints; without VRMC_springBone in its VRM content nothing changes.
        rotations: (T, J, 4) xyzw, local to the parents; those of the spring bones are what the springs return to.
        hips_translation: (T, 3) m of the hips, local to their parent joint.
        fps: frames per second.
        shot_starts: first frames of further shots.

    Returns:
        Rotations (T, J, 4) with those of the spring bones replaced.
    """
    chains = read_chains(character)
    if chains is None or not len(rotations):
        return rotations
    hips = character.humanoid["hips"]
    positions, world = kinematics.forward_kinematics(character.skeleton, rotations, hips_translation, hips)
    world = rotation.make_continuous(world)
    directions = [
        _simulate_part(chains, positions[part], world[part], fps)
        for part in _parts_between_cuts(positions[:, hips], world[:, hips], fps, shot_starts)
    ]
    return _turn_joints(character, chains, rotations, world, np.concatenate(directions))


def _parts_between_cuts(hips: FloatArray, turns: FloatArray, fps: float, shot_starts: Collection[int]) -> list[slice]:
    """Divides the frames at shots, and where the hips (T, 3) or their rotations (T, 4) jump as in no motion."""
    speed = np.linalg.norm(np.diff(hips, axis=0), axis=-1) * fps
    turn = rotation.angle_between(turns[1:], turns[:-1]) * fps
    jumps = np.flatnonzero((speed > MAX_HIPS_SPEED) | (turn > MAX_HIPS_TURN)) + 1
    cuts = sorted({*jumps.tolist(), *(start for start in shot_starts if 0 < start < len(hips))})
    return [slice(start, end) for start, end in pairwise([0, *cuts, len(hips)])]


def _simulate_part(chains: SpringChains, positions: FloatArray, world: FloatArray, fps: float) -> FloatArray:
    """Returns the directions (T, B, 3) of the bones in frames without a cut."""
    frames = len(positions)
    steps = int(np.ceil((frames - 1) / fps * STEP_RATE - 1e-6)) + 1
    times = np.minimum(np.arange(steps) / STEP_RATE * fps, frames - 1)
    directions = simulate(chains, _pose_springs(chains, positions, world, times))
    return rotation.normalize(_interpolate_linearly(directions, np.arange(frames) / fps * STEP_RATE))


def _pose_springs(chains: SpringChains, positions: FloatArray, world: FloatArray, times: FloatArray) -> PosedSprings:
    """Samples the pose without springs at times (S,) in frames."""

    def sample(joints: IntArray) -> tuple[FloatArray, FloatArray]:
        turned = rotation.normalize(_interpolate(world[:, joints], times))
        return _interpolate(positions[:, joints], times), turned

    heads, turns = sample(chains.joints)
    before = np.where(chains.parents[:, None] >= 0, heads[:, chains.parents], 0.0)
    places, carriers = sample(chains.collider_joints)
    centers, center_turns = sample(np.maximum(chains.centers, 0))
    return PosedSprings(
        offsets=heads - before,
        axes=rotation.rotate(turns, chains.axes),
        collider_places=places + rotation.rotate(carriers, chains.collider_offsets),
        collider_tails=rotation.rotate(carriers, chains.collider_tails),
        centers=centers,
        center_turns=rotation.to_matrix(center_turns),
    )


def _interpolate(values: FloatArray, times: FloatArray) -> FloatArray:
    """Interpolates values (T, ...) at times in frames by cubics through them (Catmull and Rom, 1974)."""
    frame = np.minimum(times.astype(int), max(len(values) - 2, 0))
    u = (times - frame).reshape(-1, *[1] * (values.ndim - 1))
    before, start, end, after = (values[np.clip(frame + k, 0, len(values) - 1)] for k in (-1, 0, 1, 2))
    cubic = (3 * (start - end) + after - before) * u + 2 * before - 5 * start + 4 * end - after
    return np.asarray(start + 0.5 * u * (end - before + u * cubic))


def _interpolate_linearly(values: FloatArray, times: FloatArray) -> FloatArray:
    frame = np.clip(times.astype(int), 0, max(len(values) - 2, 0))
    u = (times - frame).reshape(-1, *[1] * (values.ndim - 1))
    return np.asarray(values[frame] * (1 - u) + values[np.minimum(frame + 1, len(values) - 1)] * u)


def _turn_joints(
    character: Character, chains: SpringChains, rotations: FloatArray, world: FloatArray, directions: FloatArray
) -> FloatArray:
    """Turns the joints of the bones by the shortest rotations to their directions (T, B, 3)."""
    turned = rotations.copy()
    swings: list[FloatArray] = []
    for bone, (joint, parent) in enumerate(zip(chains.joints, chains.parents, strict=True)):
        carried = swings[parent] if parent >= 0 else np.broadcast_to(rotation.IDENTITY, world[:, 0].shape)
        axis = rotation.rotate(world[:, joint], chains.axes[bone])
        swing = rotation.between(axis, rotation.rotate(rotation.conjugate(carried), directions[:, bone]))
        swings.append(rotation.multiply(carried, swing))
        above = character.skeleton.parents[joint]
        parent_turn = world[:, above] if above >= 0 else np.broadcast_to(rotation.IDENTITY, swing.shape)
        own = rotation.multiply(swing, world[:, joint])
        turned[:, joint] = rotation.normalize(rotation.multiply(rotation.conjugate(parent_turn), own))
    turned[:, chains.joints] = rotation.make_continuous(turned[:, chains.joints])
    return turned
