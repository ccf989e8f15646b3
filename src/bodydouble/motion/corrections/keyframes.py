"""Keyframes and contacts by hand: a person's motion is deformed so that joints and soles are where they were put.

1. Soles in added contacts get one place each (``contacts.py``); the motion is deformed near them (``deformation.py``).
2. Within the falloff around keyframes, the motion is deformed so that joints reach them. Resting feet hold their
   places; a keyframe of a foot that rests moves the place of the whole contact.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from bodydouble.data import CONTACT_POINTS, BoolArray, Camera, FloatArray, Motion, Person
from bodydouble.data.corrections import ContactEdit, Keyframe
from bodydouble.errors import InvalidDataError
from bodydouble.geometry import camera, kinematics
from bodydouble.motion.corrections.contacts import (
    RESTING,
    SIDE_POINTS,
    edit_contacts,
    find_runs,
    place_soles,
    sole_targets,
)
from bodydouble.motion.corrections.deformation import deform
from bodydouble.motion.corrections.deformation_terms import PointTargets, join_targets
from bodydouble.motion.fit.kinematics import BLOCK_COUNT, block_ancestry
from bodydouble.motion.floor.contacts import sole_positions
from bodydouble.skeletons import humanoid

EXACT_SIGMA, KEPT_SIGMA = 1e-4, 2.5e-4
"""Standard deviations in m of keyframes and of soles in added contacts, and of feet that rest already."""
SOFT_SIGMA = 0.03
"""Standard deviation in m of the points that should stay, or move along, with a joint that is dragged."""
CONTACT_MARGIN = 0.35
"""Time in s before and after an added contact over which its effect decays."""
MAX_CONTACT_SHIFT = 0.6
"""Maximum distance in m by which a sole is moved to the place where it rests."""
MAX_MISS = 0.005
"""Maximum distance in m of a joint from its keyframe."""
_FOOT_JOINTS = ("Foot", "Toes")
_LEG_JOINTS = ("UpperLeg", "LowerLeg", "Foot", "Toes")
_LIMB_JOINTS = ("LowerArm", "Hand", "LowerLeg", "Foot", "Toes")
_MOVED_BY_HIPS = ("hips", "spine", "chest", "leftUpperLeg", "rightUpperLeg")
"""Joints that are dragged with the hips."""
_BEYOND = {"LowerArm": "Hand", "LowerLeg": "Foot"}
"""Joint that stays where it is, as far as possible, if elbow or knee is dragged."""


@dataclass(frozen=True, slots=True)
class _Key:
    """A keyframe in a row of the motion."""

    row: int
    joint: int
    position: FloatArray
    """(3,) m, world."""
    side: str
    """Side of the foot that is dragged; empty for other joints."""
    source: Keyframe


def constrain_motion(
    person: Person, edits: Sequence[ContactEdit], keyframes: Sequence[Keyframe], view: Camera
) -> Motion:
    """Returns the motion of a person with contacts and keyframes by hand.

    Args:
        person: with the 22 humanoid joints.
        edits: contacts of that person.
        keyframes: of that person; of two with the same joint and frame, the later one prevails.
        view: camera, for keyframes in px.

    Raises:
        InvalidDataError: a joint cannot be brought to its keyframe.
    """
    motion, first_frame = person.motion, int(person.track.frames[0])
    contacts, is_added = edit_contacts(motion.contacts, edits, first_frame)
    motion = replace(motion, contacts=contacts)
    if is_added.any():
        motion = _plant_contacts(motion, is_added)
    latest = {(key.joint, key.frame): key for key in keyframes}
    return _reach_keyframes(motion, tuple(latest.values()), first_frame, view) if latest else motion


def _plant_contacts(motion: Motion, is_added: BoolArray) -> Motion:
    """Brings the soles to their places where contacts were added (T, 4)."""
    places = place_soles(motion, motion.contacts, is_added)
    _check_distance(motion, is_added, places)
    margin = max(1, round(CONTACT_MARGIN * float(motion.fps)))
    is_free = np.zeros(len(is_added), dtype=bool)
    for first, stop in find_runs(np.asarray(is_added.any(axis=1))):
        is_free[max(first - margin, 0) : stop + margin] = True
    is_own = np.tile(blocks_that_move("hips"), (len(is_added), 1))
    return deform(motion, _contact_targets(motion, is_added, places), is_free, is_own)


def _reach_keyframes(motion: Motion, keyframes: Sequence[Keyframe], first_frame: int, view: Camera) -> Motion:
    """Brings joints to their keyframes; resting feet stay, unless they are dragged."""
    positions = kinematics.joint_positions(motion)
    keys = [_place_key(key, motion, positions, first_frame, view) for key in keyframes]
    places = sole_positions(motion.skeleton, motion.rotations, motion.root_position)
    _move_contacts(motion.contacts, positions, keys, places)
    targets = [_key_targets(keys), _contact_targets(motion, np.zeros_like(motion.contacts, dtype=bool), places)]
    targets += [part for key in keys for part in _companions(motion, positions, key)]
    is_own = _find_own_blocks(motion, keys)
    deformed = deform(motion, join_targets(targets), np.asarray(is_own.any(axis=1)), is_own)
    _check_keys(deformed, keys)
    return deformed


def _place_key(key: Keyframe, motion: Motion, positions: FloatArray, first_frame: int, view: Camera) -> _Key:
    row, joint = key.frame - first_frame, motion.skeleton.index(key.joint)
    side = next((s for s in SIDE_POINTS if key.joint in {s + part for part in _FOOT_JOINTS}), "")
    if key.pixel is None:
        return _Key(row, joint, np.array(key.position), side, key)
    camera_from_world = view.camera_from_world[key.frame]
    depth = camera.transform(camera_from_world, positions[row, joint][None])[0, 2]
    point = depth * camera.rays(view.intrinsics, np.array(key.pixel))
    return _Key(row, joint, camera.transform(camera.inverse(camera_from_world), point[None])[0], side, key)


def _find_own_blocks(motion: Motion, keys: Sequence[_Key]) -> BoolArray:
    """Returns (T, 23) where the position of the hips, and the rotation of each joint, are meant to move.

    That is in the falloff around a keyframe, or around the contact of a dragged foot.
    """
    is_own = np.zeros((len(motion.contacts), BLOCK_COUNT), dtype=bool)
    for key in keys:
        falloff = max(1, round(key.source.falloff * float(motion.fps)))
        first, stop = _rest_around(motion.contacts, key)
        is_own[max(first - falloff, 0) : stop + falloff] |= blocks_that_move(key.source.joint)
    return is_own


@cache
def blocks_that_move(joint: str) -> BoolArray:
    """Returns (23,) the degrees of freedom with which a joint is dragged.

    These are the joints of the limb above it, or of the trunk. Hips, spine and chest are dragged with the legs.
    """
    names, blocks = humanoid.JOINTS, np.zeros(BLOCK_COUNT, dtype=bool)
    if joint in _MOVED_BY_HIPS:
        blocks[0] = True
        blocks[1:] = [name == "hips" or name.endswith(_LEG_JOINTS) for name in names]
        blocks[1 + humanoid.INDEX["spine"]] = joint == "chest"
        return blocks
    above = block_ancestry()[1:, 1 + humanoid.INDEX[joint]]
    in_limb = np.array([name.startswith(("left", "right")) for name in names])
    blocks[1:] = above & (in_limb if joint.endswith(_LIMB_JOINTS) else np.array(names) != "hips")
    return blocks


def _rest_around(contacts: FloatArray, key: _Key) -> tuple[int, int]:
    """Returns the run of rows around a keyframe in which the dragged foot rests; for other joints the row alone."""
    if key.side:
        rests = np.asarray((contacts[:, list(SIDE_POINTS[key.side])] >= RESTING).any(axis=1))
        for first, stop in find_runs(rests):
            if first <= key.row < stop:
                return int(first), int(stop)
    return key.row, key.row + 1


def _key_targets(keys: Sequence[_Key]) -> PointTargets:
    return PointTargets(
        np.array([key.row for key in keys]),
        np.array([key.joint for key in keys]),
        np.zeros((len(keys), 3)),
        np.array([key.position for key in keys]),
        np.full(len(keys), EXACT_SIGMA),
        np.zeros((len(keys), 3)),
    )


def _move_contacts(contacts: FloatArray, positions: FloatArray, keys: Sequence[_Key], places: FloatArray) -> None:
    """Moves the places (T, 4, 3) of contacts whose foot is dragged; between two keyframes linearly."""
    moves: dict[tuple[str, int, int], dict[int, FloatArray]] = {}
    for key in keys:
        if key.side and (contacts[key.row, list(SIDE_POINTS[key.side])] >= RESTING).any():
            move = key.position - positions[key.row, key.joint]
            moves.setdefault((key.side, *_rest_around(contacts, key)), {})[key.row] = move
    for (side, first, stop), rows in moves.items():
        known = sorted(rows)
        vectors = np.array([rows[row] for row in known])
        curve = np.stack([np.interp(np.arange(first, stop), known, column) for column in vectors.T], axis=1)
        places[first:stop, list(SIDE_POINTS[side])] += curve[:, None]


def _contact_targets(motion: Motion, is_exact: BoolArray, places: FloatArray) -> PointTargets:
    """Returns targets for all resting points of the soles, some of which (T, 4) are exact."""
    rows, columns = np.nonzero(motion.contacts >= RESTING)
    sigmas = np.where(is_exact[rows, columns], EXACT_SIGMA, KEPT_SIGMA)
    return sole_targets(motion.skeleton, rows, columns, places[rows, columns], sigmas)


def _companions(motion: Motion, positions: FloatArray, key: _Key) -> list[PointTargets]:
    """Returns soft targets: a dragged foot keeps its direction; hand or foot stay if elbow or knee is dragged."""
    contacts = motion.contacts
    name, skeleton = motion.skeleton.joint_names[key.joint], motion.skeleton
    if key.side and not (contacts[key.row, list(SIDE_POINTS[key.side])] >= RESTING).any():
        columns = np.array(SIDE_POINTS[key.side])
        soles = sole_positions(skeleton, motion.rotations, motion.root_position)[key.row, columns]
        moved = soles + key.position - positions[key.row, key.joint]
        return [sole_targets(skeleton, np.full(2, key.row), columns, moved, np.full(2, SOFT_SIGMA))]
    beyond = next((name.replace(a, b) for a, b in _BEYOND.items() if name.endswith(a)), None)
    if beyond is None:
        return []
    falloff = max(1, round(key.source.falloff * float(motion.fps)))
    rows = np.arange(max(key.row - falloff, 0), min(key.row + falloff + 1, len(contacts)))
    joints = np.full(len(rows), skeleton.index(beyond))
    sigmas = np.full(len(rows), SOFT_SIGMA)
    nothing = np.zeros((len(rows), 3))
    return [PointTargets(rows, joints, nothing, positions[rows, joints], sigmas, nothing)]


def _check_keys(motion: Motion, keys: Sequence[_Key]) -> None:
    positions = kinematics.joint_positions(motion)
    for key in keys:
        miss = float(np.linalg.norm(positions[key.row, key.joint] - key.position))
        if miss > MAX_MISS:
            raise InvalidDataError(
                f"{key.source.joint} of {key.source.person} cannot be brought to its keyframe in frame "
                f"{key.source.frame}: {1e3 * miss:.0f} mm are missing; put it nearer to the body"
            )


def _check_distance(motion: Motion, is_added: BoolArray, places: FloatArray) -> None:
    soles = sole_positions(motion.skeleton, motion.rotations, motion.root_position)
    distances = np.where(is_added, np.linalg.norm(soles - places, axis=-1), 0.0)
    if distances.max() > MAX_CONTACT_SHIFT:
        row, column = np.unravel_index(int(distances.argmax()), distances.shape)
        raise InvalidDataError(
            f"the {CONTACT_POINTS[column]} cannot rest in all of the added contact: {distances.max():.1f} m from its "
            f"place in the person's frame {row}; add the contact where the foot stands"
        )
