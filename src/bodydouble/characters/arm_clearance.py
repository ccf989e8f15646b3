"""Arm clearance: elbows, forearms and hands are kept out of trunk, head and thighs of a character of any girth.

1. Points along the forearm and the hand that lie in a body part give the way out of it, by the skin at rest.
2. Elbow and wrist are moved so that these points come out. Two palms that meet are moved alike.
3. Movements come and go smoothly over time, and the arms are solved by inverse kinematics; hands keep their rotations.

Where no arm is in the body, nothing changes.

Source: A. Aristidou et al., "Inverse kinematics techniques in computer graphics: a survey" (2018), section 4; the
envelope over time is that of foot planting.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.ndimage import gaussian_filter1d, maximum_filter1d

from bodydouble.characters.bend_direction import bend_direction
from bodydouble.characters.hand_contacts import PalmTouches
from bodydouble.characters.posed_body import BodyShape, PosedBody, measure_body
from bodydouble.characters.rig_vertices import descendants, vertices_of
from bodydouble.data import Character, FloatArray
from bodydouble.geometry import kinematics, rotation
from bodydouble.geometry.two_bone_ik import solve_towards

ARM_BONES = ("UpperArm", "LowerArm", "Hand")
SIDES = ("left", "right")
FOREARM_PLACES = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
"""Places of points along the forearm, in lengths of it from the elbow."""
HAND_PLACES = np.array([0.3, 0.55])
"""Places of points along the hand, in lengths of the forearm from the wrist."""
FOREARM_CLEARANCE, HAND_CLEARANCE = 0.7, 0.3
"""Distance of points on forearm and hand from the body, in radii of the forearm; skin yields to skin."""
DEFAULT_RADIUS = 0.16
"""Radius of the forearm relative to its length, if it has no skin."""
ELBOW_FOLLOWS = 0.4
"""Movement of the elbow with the wrist, when the arm turns about the shoulder."""
TOUCH_HOLD = 0.5
"""Part of the movement that the forearm would give to a wrist that is withheld while the palm touches something."""
ROUNDS = 4
"""Number of rounds in which what is still inside is moved out."""
BLEND_SECONDS = 0.3
"""Time in s over which a movement comes and goes."""
POLE_WEIGHT = 0.1
"""Movement, and bend of a straight arm that is moved, relative to the length of the upper arm."""
BACKWARD = np.array([0.0, 0.0, -1.0])


@dataclass(frozen=True, slots=True)
class _Arm:
    """An arm over T frames."""

    shoulder: FloatArray
    """(T, 3) m."""
    elbow: FloatArray
    """(T, 3) m."""
    wrist: FloatArray
    """(T, 3) m."""
    hand: FloatArray
    """(T, 3) m, from the wrist along the hand, as long as the forearm."""
    pole: FloatArray
    """(T, 3) unit direction in which the straight arm bends."""
    radius: float
    """Radius of the forearm, m."""

    @property
    def length(self) -> float:
        """Length of the upper arm, m."""
        return float(np.linalg.norm(self.elbow[0] - self.shoulder[0]))

    def points(self) -> FloatArray:
        """Returns the points (T, P, 3) m along forearm and hand."""
        forearm = self.elbow[:, None] + FOREARM_PLACES[:, None] * (self.wrist - self.elbow)[:, None]
        return np.concatenate([forearm, self.wrist[:, None] + HAND_PLACES[:, None] * self.hand[:, None]], axis=1)

    def clearances(self) -> FloatArray:
        """Returns the distance (P,) m of each point from the body."""
        shares = [FOREARM_CLEARANCE] * len(FOREARM_PLACES) + [HAND_CLEARANCE] * len(HAND_PLACES)
        return self.radius * np.array(shares)

    def solve(self, elbow_step: FloatArray, wrist_step: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Returns the rotations (T, 4) of upper arm and forearm that move elbow and wrist by steps (T, 3) m."""
        moved = np.linalg.norm(elbow_step, axis=1) + np.linalg.norm(wrist_step, axis=1)
        weight = np.minimum(moved / (POLE_WEIGHT * self.length), 1.0) * POLE_WEIGHT * self.length
        hint = self.elbow + elbow_step + weight[:, None] * self.pole
        turns = solve_towards(self.shoulder, self.elbow, self.wrist, self.wrist + wrist_step, hint)
        upper, lower = (np.where(moved[:, None] > 0, turn, rotation.IDENTITY) for turn in turns)
        return upper, lower

    def turn(self, upper: FloatArray, lower: FloatArray) -> Self:
        """Returns the arm with upper arm and forearm turned."""
        elbow = self.shoulder + rotation.rotate(upper, self.elbow - self.shoulder)
        wrist = elbow + rotation.rotate(lower, self.wrist - self.elbow)
        return type(self)(self.shoulder, elbow, wrist, self.hand, self.pole, self.radius)


def clear_arms(
    character: Character, rotations: FloatArray, hips_translation: FloatArray, touches: PalmTouches, fps: float
) -> FloatArray:
    """Moves the arms of a character out of its trunk, head and thighs.

    Args:
        character: Jc joints; without arms, a head or a mesh the rotations are returned unchanged.
        rotations: (T, Jc, 4) xyzw, local to the parent joint.
        hips_translation: (T, 3) m, of the hips, local to their parent.
        touches: what the palms touch. A palm that touches is moved less by the forearm, and two that touch each other
            are moved alike.
        fps: frames per second.

    Returns:
        The corrected rotations (T, Jc, 4).
    """
    if not has_arms(character):
        return rotations
    positions, world = kinematics.forward_kinematics(
        character.skeleton, rotations, hips_translation, character.humanoid["hips"]
    )
    body = PosedBody(measure_body(character), positions, world)
    arms = {side: _pose_arm(character, side, positions, world) for side in SIDES}
    turns = _find_turns(body, arms, touches, fps)
    if turns is None:
        return rotations
    new_world = world.copy()
    for side, (upper, lower) in turns.items():
        joints = (character.humanoid[side + bone] for bone in ARM_BONES)
        for joint, turn in zip(joints, (upper, lower, np.broadcast_to(rotation.IDENTITY, upper.shape)), strict=True):
            below = descendants(character, joint)
            new_world[:, below] = rotation.multiply(turn[:, None], world[:, below])
    return rotation.make_continuous(kinematics.local_rotations(character.skeleton.parents, new_world))


def arm_depths(
    character: Character, rotations: FloatArray, hips_translation: FloatArray, shape: BodyShape | None = None
) -> FloatArray:
    """Returns how deep (T, 2) m the axes of the left and the right forearm and hand lie in trunk, head or thighs.

    Args:
        character: Jc joints with arms and a head.
        rotations: (T, Jc, 4) xyzw, local to the parent joint.
        hips_translation: (T, 3) m, of the hips, local to their parent.
        shape: the body at rest, measured if not given.
    """
    hips = character.humanoid["hips"]
    positions, world = kinematics.forward_kinematics(character.skeleton, rotations, hips_translation, hips)
    body = PosedBody(measure_body(character) if shape is None else shape, positions, world)
    depths = []
    for side in SIDES:
        points = _pose_arm(character, side, positions, world).points()
        pushes = [depth.max(axis=1) for depth, _ in body.pushes(points, np.zeros(points.shape[1]))]
        depths.append(np.max([np.zeros(len(points)), *pushes], axis=0))
    return np.stack(depths, axis=1)


def has_arms(character: Character) -> bool:
    """Returns whether a character has the bones that arm clearance needs."""
    return {"hips", "head", *(side + bone for side in SIDES for bone in ARM_BONES)} <= character.humanoid.keys()


def _pose_arm(character: Character, side: str, positions: FloatArray, world: FloatArray) -> _Arm:
    shoulder, elbow, wrist = (character.humanoid[side + bone] for bone in ARM_BONES)
    bind = kinematics.bind_matrices(character)[:, :3, 3]
    forearm = bind[wrist] - bind[elbow]
    knuckle = character.humanoid.get(side + "MiddleProximal", wrist)
    along = rotation.normalize(bind[knuckle] - bind[wrist] if knuckle != wrist else forearm) * np.linalg.norm(forearm)
    turn = rotation.multiply(world[:, wrist], rotation.conjugate(character.rest_rotations[wrist]))
    return _Arm(
        shoulder=positions[:, shoulder],
        elbow=positions[:, elbow],
        wrist=positions[:, wrist],
        hand=rotation.rotate(turn, along),
        pole=rotation.normalize(bend_direction(character, shoulder, world, BACKWARD)),
        radius=_forearm_radius(vertices_of(character, (elbow,)), bind[elbow], forearm),
    )


def _forearm_radius(vertices: FloatArray, elbow: FloatArray, forearm: FloatArray) -> float:
    """Returns the median distance in m of the skin (V, 3) of a forearm from its axis, or a usual radius."""
    length = float(np.linalg.norm(forearm))
    if len(vertices) == 0 or length == 0:
        return DEFAULT_RADIUS * length
    distances = np.linalg.norm(np.cross(vertices - elbow, forearm / length), axis=1)
    return float(np.median(distances))


def _find_turns(
    body: PosedBody, arms: dict[str, _Arm], touches: PalmTouches, fps: float
) -> dict[str, tuple[FloatArray, FloatArray]] | None:
    """Returns the rotations (T, 4) of upper arm and forearm of each side; None if no arm is in the body."""
    steps = {side: (np.zeros_like(arm.elbow), np.zeros_like(arm.wrist)) for side, arm in arms.items()}
    moved, turns = arms, None
    for _ in range(ROUNDS):
        found = {side: _steps_out(body, moved[side], touches.anything[:, i]) for i, side in enumerate(SIDES)}
        if not any(np.any(step) for pair in found.values() for step in pair):
            break
        found = _move_alike(found, touches.each_other)
        steps = {side: _add_in_time(steps[side], found[side], fps) for side in SIDES}
        turns = {side: arm.solve(*steps[side]) for side, arm in arms.items()}
        moved = {side: arm.turn(*turns[side]) for side, arm in arms.items()}
    return turns


def _steps_out(body: PosedBody, arm: _Arm, touching: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Returns the steps (T, 3) m of elbow and wrist that move the points of an arm out of the body.

    A point between elbow and wrist moves both, by the smallest steps that suffice. Of several points the deepest count
    most. Where the palm touches, by weight (T,), the forearm moves the wrist less.
    """
    points = arm.points()
    places = np.concatenate([FOREARM_PLACES, np.ones(len(HAND_PLACES))])
    on_elbow, on_wrist = 1 - places, ELBOW_FOLLOWS + (1 - ELBOW_FOLLOWS) * places
    gain = on_wrist**2 + on_elbow**2
    freedom = 1 - TOUCH_HOLD * touching[:, None] * (places < 1)
    sums, weights = [np.zeros_like(arm.elbow), np.zeros_like(arm.wrist)], [np.zeros(len(points)), np.zeros(len(points))]
    for depths, directions in body.pushes(points, arm.clearances()):
        for end, shares in enumerate((on_elbow, on_wrist * freedom)):
            weight = shares * depths**4
            sums[end] += np.sum((weight * shares / gain * depths)[..., None] * directions, axis=1)
            weights[end] += weight.sum(axis=1)
    elbow, wrist = (s / np.maximum(w, 1e-12)[:, None] for s, w in zip(sums, weights, strict=True))
    return elbow, wrist


def _move_alike(
    steps: dict[str, tuple[FloatArray, FloatArray]], together: FloatArray
) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Moves both wrists by the mean of their steps where the palms are together, by weight (T,)."""
    mean = (steps["left"][1] + steps["right"][1]) / 2
    weight = together[:, None]
    return {side: (elbow, (1 - weight) * wrist + weight * mean) for side, (elbow, wrist) in steps.items()}


def _add_in_time(
    total: tuple[FloatArray, FloatArray], steps: tuple[FloatArray, FloatArray], fps: float
) -> tuple[FloatArray, FloatArray]:
    """Adds the smooth steps of elbow and wrist to those before."""
    return total[0] + _blend_in_time(steps[0], fps), total[1] + _blend_in_time(steps[1], fps)


def _blend_in_time(steps: FloatArray, fps: float) -> FloatArray:
    """Returns smooth steps (T, 3) that are nowhere shorter than the given ones, and 0 far from them."""
    width = 2 * round(BLEND_SECONDS * fps / 2) + 1
    envelope = gaussian_filter1d(maximum_filter1d(np.linalg.norm(steps, axis=1), width), width / 6, truncate=3.0)
    near, far = (gaussian_filter1d(steps, width / n, axis=0, truncate=4.0, mode="nearest") for n in (10, 3))
    return np.asarray(envelope[:, None] * rotation.normalize(near + 1e-3 * far))
