"""Hand contacts: hands of the motion that meet, or touch the body, do so on a character of other proportions.

A palm that is near the other palm or the surface of a body part keeps its place there: the same fraction along the
bone, on the character's own girth. The arms are solved by inverse kinematics; the correction fades with the distance in
the motion.

Source: E. S. L. Ho, T. Komura and C.-L. Tai, "Spatial relationship preserving character motion adaptation" (2010), for
the idea of keeping relations of body parts.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d, maximum_filter1d

from bodydouble.characters.bend_direction import bend_direction
from bodydouble.characters.rig_vertices import descendants, vertices_of
from bodydouble.data import Character, FloatArray, Motion
from bodydouble.geometry import kinematics, rotation
from bodydouble.geometry.two_bone_ik import solve_two_bones

ARM_BONES = ("UpperArm", "LowerArm", "Hand")
SIDES = ("left", "right")
PALM_LENGTH = 0.33
"""Distance of the palm from the wrist, in lengths of the forearm."""
TOUCH_DISTANCE, FREE_DISTANCE = 0.06, 0.14
"""Distance in m of a palm from a surface up to which it touches, and from which on it is free, on an adult."""
BLEND_SECONDS = 0.3
"""Time in s over which a correction comes and goes before and after a contact."""
BODY_PARTS: tuple[tuple[str, str, float, float], ...] = (
    ("hips", "neck", 1.0, 0.124),
    ("neck", "head", 2.0, 0.085),
    ("leftUpperLeg", "leftLowerLeg", 1.0, 0.072),
    ("rightUpperLeg", "rightLowerLeg", 1.0, 0.072),
    ("leftLowerLeg", "leftFoot", 1.0, 0.039),
    ("rightLowerLeg", "rightFoot", 1.0, 0.039),
)
"""Bone, the joint that it points at, its length in distances to that joint, and its radius in m on the mannequin."""
TRUNK_BONES = ("hips", "spine", "chest", "upperChest")
MIN_CONTACT = 0.5
"""Minimum weight of a contact that is measured."""
MAX_OFFSET = 0.35
"""Length that corrections of a palm approach, in lengths of the arm."""
ADULT_LENGTH = 1.057
"""Length in m of trunk, neck and one thigh of the adult template."""
BACKWARD = np.array([0.0, 0.0, -1.0])


@dataclass(frozen=True, slots=True)
class _Body:
    """World positions of humanoid bones over T frames."""

    positions: dict[str, FloatArray]
    """(T, 3) m of each bone."""
    palms: dict[str, FloatArray]
    """(T, 3) m of each side."""
    radii: dict[str, float]
    """Radius in m of each body part that exists, by its bone."""


@dataclass(frozen=True, slots=True)
class PalmTouches:
    """Contacts of the palms of a motion over T frames, as weights from 0 to 1."""

    anything: FloatArray
    """(T, 2) of the left and the right palm, with the other palm or the body."""
    each_other: FloatArray
    """(T,) of both palms with each other."""


def keep_hand_contacts(
    motion: Motion, character: Character, rotations: FloatArray, hips_translation: FloatArray
) -> FloatArray:
    """Moves the arms of a character so that the hands touch what they touch in the motion.

    Args:
        motion: T frames of the 22 humanoid joints.
        character: Jc joints; without arms the pose is returned unchanged. Without a neck, the head's joint ends the
            trunk, and hands on the head are not kept.
        rotations: (T, Jc, 4) xyzw, local to the parent, as ``retarget`` returns them for the motion.
        hips_translation: (T, 3) m, of the hips, local to their parent.

    Returns:
        The corrected rotations (T, Jc, 4).
    """
    if not can_keep_contacts(character):
        return rotations
    hips = character.humanoid["hips"]
    positions, world = kinematics.forward_kinematics(character.skeleton, rotations, hips_translation, hips)
    offsets = {
        side: _blend_in_time(offset, weight, float(motion.fps))
        for side, (offset, weight) in _contact_offsets(_source_body(motion), _target_body(character, positions)).items()
    }
    new_world = world.copy()
    for side, offset in offsets.items():
        if np.abs(offset).max() > 1e-6:
            _solve_arm(character, side, offset, positions, world, new_world)
    return rotation.make_continuous(kinematics.local_rotations(character.skeleton.parents, new_world))


def can_keep_contacts(character: Character) -> bool:
    """Returns whether a character has the bones that hand contacts need."""
    ends = {bone for part in BODY_PARTS for bone in part[:2] if bone != "neck"}
    return ends | {side + bone for side in SIDES for bone in ARM_BONES} <= character.humanoid.keys()


def contact_errors(
    motion: Motion, character: Character, rotations: FloatArray, hips_translation: FloatArray
) -> FloatArray:
    """Returns the distance (T, 2) m of the left and the right palm from the place that keeps its contact.

    Args:
        motion: T frames of the 22 humanoid joints.
        character: Jc joints that ``can_keep_contacts``.
        rotations: (T, Jc, 4) xyzw, local to the parent.
        hips_translation: (T, 3) m, of the hips, local to their parent.

    Returns:
        Distances; NaN where the palm touches nothing in the motion.
    """
    hips = character.humanoid["hips"]
    positions, _ = kinematics.forward_kinematics(character.skeleton, rotations, hips_translation, hips)
    offsets = _contact_offsets(_source_body(motion), _target_body(character, positions))
    errors = [
        np.where(weight >= MIN_CONTACT, np.linalg.norm(offset, axis=-1), np.nan) for offset, weight in offsets.values()
    ]
    return np.stack(errors, axis=1)


def _source_body(motion: Motion) -> _Body:
    positions = dict(
        zip(motion.skeleton.joint_names, np.moveaxis(kinematics.joint_positions(motion), 1, 0), strict=True)
    )
    scale = _stature_scale(positions)
    return _Body(positions, _palms(positions), {part[0]: scale * part[3] for part in BODY_PARTS})


def _target_body(character: Character, positions: FloatArray) -> _Body:
    joints = {"neck": character.humanoid["head"], **character.humanoid}
    bones = {bone: positions[:, joint] for bone, joint in joints.items()}
    scale = _stature_scale(bones)
    parts = [part for part in BODY_PARTS if part[0] in character.humanoid]
    radii = {part[0]: _mesh_radius(character, joints, *part[:3]) or scale * part[3] for part in parts}
    return _Body(bones, _palms(bones), radii)


def _stature_scale(positions: dict[str, FloatArray]) -> float:
    """Returns the size of a body relative to the adult template, by the length of trunk, neck and thigh."""
    steps = (("hips", "neck"), ("neck", "head"), ("leftUpperLeg", "leftLowerLeg"))
    return sum(float(np.linalg.norm(positions[a][0] - positions[b][0])) for a, b in steps) / ADULT_LENGTH


def _palms(positions: dict[str, FloatArray]) -> dict[str, FloatArray]:
    """Returns the palms (T, 3) of both sides: on the line of the forearm, beyond the wrist."""
    return {
        side: positions[side + "Hand"] + PALM_LENGTH * (positions[side + "Hand"] - positions[side + "LowerArm"])
        for side in SIDES
    }


def _mesh_radius(character: Character, joints: Mapping[str, int], bone: str, end: str, length: float) -> float | None:
    """Returns the median distance in m of a body part's vertices from its axis at rest; None without vertices."""
    bones = {"hips": TRUNK_BONES, "neck": ("neck", "head")}.get(bone, (bone,))
    vertices = vertices_of(character, [character.humanoid[b] for b in bones if b in character.humanoid])
    bind = kinematics.bind_matrices(character)
    start, stop = (bind[joints[name], :3, 3] for name in (bone, end))
    fraction, step = _nearest_on_bone(vertices, start, start + length * (stop - start))
    beside = (fraction > 0) & (fraction < 1)
    return float(np.median(np.linalg.norm(step[beside], axis=-1))) if beside.any() else None


def _nearest_on_bone(points: FloatArray, start: FloatArray, end: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Returns the fraction (N,) along a bone of the point nearest to each point, and the step (N, 3) from it."""
    axis = end - start
    fraction = np.sum((points - start) * axis, axis=-1) / np.maximum(np.sum(axis * axis, axis=-1), 1e-12)
    fraction = np.clip(fraction, 0.0, 1.0)
    return fraction, points - (start + fraction[..., None] * axis)


def _contact_offsets(source: _Body, target: _Body) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Returns the step (T, 3) m of each palm of the target that keeps the contacts of the source, with its weight."""
    offsets = {}
    for side in SIDES:
        weights, goals = map(np.stack, zip(*_contacts(source, target, side), strict=True))
        total = np.maximum(weights.sum(axis=0), 1e-9)
        goal = np.sum(weights[..., None] * goals, axis=0) / total[:, None]
        offsets[side] = goal - target.palms[side], weights.max(axis=0)
    return offsets


def _blend_in_time(offsets: FloatArray, weights: FloatArray, fps: float) -> FloatArray:
    """Holds weighted offsets (T, 3) around the contacts and lets them come and go smoothly."""
    width = 2 * round(BLEND_SECONDS * fps / 2) + 1
    sigma = width / 6
    envelope = gaussian_filter1d(maximum_filter1d(weights, width), sigma, truncate=3.0)
    total = gaussian_filter1d(weights, sigma / 2, mode="nearest")
    mean = gaussian_filter1d(weights[:, None] * offsets, sigma / 2, axis=0, mode="nearest")
    reach = gaussian_filter1d(weights, 2 * sigma, mode="nearest")
    far = gaussian_filter1d(weights[:, None] * offsets, 2 * sigma, axis=0, mode="nearest")
    # Far from a contact the narrow window is empty, and the wide one decides.
    near = total + 1e-3 * reach
    return np.asarray(envelope[:, None] * (mean + 1e-3 * far) / np.maximum(near, 1e-12)[:, None])


def _limit(offsets: FloatArray, maximum: float) -> FloatArray:
    """Shortens offsets (T, 3) smoothly so that none is longer than a maximum, in m."""
    lengths = np.linalg.norm(offsets, axis=-1, keepdims=True)
    return np.asarray(offsets / np.sqrt(1 + (lengths / maximum) ** 2))


def _contacts(source: _Body, target: _Body, side: str) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Yields the weight (T,) of each contact of a palm and the position (T, 3) of the palm that keeps it."""
    other = SIDES[1 - SIDES.index(side)]
    scale = _stature_scale(source.positions)
    between = source.palms[side] - source.palms[other]
    middle = (target.palms[side] + target.palms[other]) / 2
    ratio = _stature_scale(target.positions) / scale
    yield _touch(np.linalg.norm(between, axis=-1), scale), middle + ratio * between / 2
    for bone, end, length, _ in (part for part in BODY_PARTS if part[0] in target.radii):
        starts, steps = zip(*(_axis(body.positions, bone, end, length) for body in (source, target)), strict=True)
        fraction, step = _nearest_on_bone(source.palms[side], starts[0], starts[0] + steps[0])
        gap = np.linalg.norm(step, axis=-1) - source.radii[bone]
        girth = target.radii[bone] / source.radii[bone]
        yield _touch(gap, scale), starts[1] + fraction[:, None] * steps[1] + girth * step


def _axis(positions: dict[str, FloatArray], bone: str, end: str, length: float) -> tuple[FloatArray, FloatArray]:
    """Returns the start (T, 3) of a body part and the vector (T, 3) along it."""
    return positions[bone], length * (positions[end] - positions[bone])


def _touch(distance: FloatArray, scale: float) -> FloatArray:
    """Returns the weight (T,) of a contact: 1 where the palm touches, falling smoothly to 0 where it is free."""
    free = np.clip((distance / scale - TOUCH_DISTANCE) / (FREE_DISTANCE - TOUCH_DISTANCE), 0.0, 1.0)
    return np.asarray(1 - free**2 * (3 - 2 * free))


def _solve_arm(
    character: Character, side: str, offset: FloatArray, positions: FloatArray, world: FloatArray, new_world: FloatArray
) -> None:
    """Writes the world rotations of an arm whose palm is moved by offset (T, 3) m into ``new_world`` (T, Jc, 4)."""
    shoulder, elbow, hand = (character.humanoid[side + bone] for bone in ARM_BONES)
    pole = bend_direction(character, shoulder, world, BACKWARD)
    start, middle, end = positions[:, shoulder], positions[:, elbow], positions[:, hand]
    length = float(np.linalg.norm(middle[0] - start[0]) + np.linalg.norm(end[0] - middle[0]))
    upper, lower = solve_two_bones(start, middle, end, end + _limit(offset, MAX_OFFSET * length), pole)
    for joint, turn in ((shoulder, upper), (elbow, lower), (hand, None)):
        below = descendants(character, joint)
        new_world[:, below] = world[:, below] if turn is None else rotation.multiply(turn[:, None], world[:, below])


def palm_touches(motion: Motion) -> PalmTouches:
    """Finds what the palms of a motion of the 22 humanoid joints touch."""
    source = _source_body(motion)
    weights = [list(_contacts(source, source, side)) for side in SIDES]
    return PalmTouches(
        np.stack([np.max([weight for weight, _ in contacts], axis=0) for contacts in weights], axis=1), weights[0][0][0]
    )
