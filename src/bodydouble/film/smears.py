"""Smears: hands that move far between two drawings are drawn out along their way, as in hand-drawn animation.

A hand with its fingers is stretched backward, towards where it was 1/24 s ago, and becomes thinner. Skinning blends the
stretch into the forearm.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bodydouble.data import Character, FloatArray, IntArray
from bodydouble.film.figures import Figure
from bodydouble.render.preview import JointMatrixSequence

DRAWING_TIME = 1 / 24
"""Time in s between two drawings of full animation; a smear shows the way since the last one."""
MIN_WAY = 0.1
"""Way in m in that time from which on a hand is smeared: 2.4 m/s."""
MAX_STRETCH = 3.0
"""Maximum length of a smeared hand, in lengths of the hand along the way."""
LENGTH_SHARE = 0.6
"""Share of the way over which the hand is drawn out."""
HAND_RADIUS = 0.09
"""Half the length of a hand, m."""
THINNING = 0.3
"""Power of the stretch by which the hand becomes thinner."""


@dataclass(frozen=True, slots=True)
class SmearedMatrices:
    """Sequence of joint matrices (J, 4, 4) in which fast hands are smeared."""

    matrices: JointMatrixSequence
    hands: tuple[IntArray, ...]
    """Joints of each hand, the wrist first."""
    ways: FloatArray
    """(T, hands, 3) m, world, from the place of each hand back to where it was."""

    def __len__(self) -> int:
        return len(self.matrices)

    def __getitem__(self, frame: int) -> FloatArray:
        matrices = self.matrices[frame]
        fast = np.flatnonzero(np.linalg.norm(self.ways[frame], axis=-1) >= MIN_WAY)
        if len(fast):
            matrices = matrices.copy()
        for hand in fast:
            joints = self.hands[hand]
            matrices[joints] = stretch_along(matrices[joints], self.ways[frame, hand])
        return matrices


def smear_hands(figure: Figure, fps: float, shot_starts: Collection[int]) -> Figure:
    """Returns a figure whose fast hands are smeared.

    Args:
        figure: a character with its poses.
        fps: frames per second of the film.
        shot_starts: frames of the film with which a shot begins; no hand is smeared across a cut.
    """
    hands = _find_hands(figure.character)
    if not hands:
        return figure
    places = np.array(
        [figure.joint_matrices[row][[hand[0] for hand in hands], :3, 3] for row in range(len(figure.opacity))]
    )
    starts = [start - figure.first_frame for start in shot_starts if 0 < start - figure.first_frame < len(places)]
    parts = np.split(places, sorted(starts))
    ways = np.concatenate([_trail(part, fps) for part in parts])
    return replace(figure, joint_matrices=SmearedMatrices(figure.joint_matrices, hands, ways))


def stretch_along(matrices: FloatArray, way: FloatArray) -> FloatArray:
    """Stretches the joints of a hand backward along a way.

    Args:
        matrices: (N, 4, 4) world_from_joint.
        way: (3,) m, world, to where the hand was.
    """
    length = float(np.linalg.norm(way))
    direction = way / length
    stretch = min(1.0 + LENGTH_SHARE * length / (2 * HAND_RADIUS), MAX_STRETCH)
    along = np.outer(direction, direction)
    scale = stretch * along + stretch**-THINNING * (np.eye(3) - along)
    # The front of the hand stays where it is.
    middle = matrices[:, :3, 3].mean(axis=0)
    front = middle - HAND_RADIUS * direction
    moved = matrices.copy()
    moved[:, :3, :3] = scale @ matrices[:, :3, :3]
    # Beside the axis of the way nothing is shifted, only made thinner about the middle of the hand.
    fixed = along @ front + (np.eye(3) - along) @ middle
    moved[:, :3, 3] = (matrices[:, :3, 3] - fixed) @ scale.T + fixed
    return moved


def _find_hands(character: Character) -> tuple[IntArray, ...]:
    """Returns the joints of each hand with all joints below it, the wrist first."""
    parents = character.skeleton.parents
    hands = [character.humanoid[bone] for bone in ("leftHand", "rightHand") if bone in character.humanoid]
    return tuple(_joints_below(parents, hand) for hand in hands)


def _joints_below(parents: Sequence[int], top: int) -> IntArray:
    below = {top}
    for joint, parent in enumerate(parents):
        if parent in below:
            below.add(joint)
    return np.array(sorted(below))


def _trail(places: FloatArray, fps: float) -> FloatArray:
    """Returns the ways (T, N, 3) from places (T, N, 3) back to those of DRAWING_TIME ago; 0 before the start."""
    past = np.maximum(np.arange(len(places)) - DRAWING_TIME * fps, 0.0)
    low = np.floor(past).astype(int)
    high = np.minimum(low + 1, len(places) - 1)
    part = (past - low)[:, None, None]
    return np.asarray((1 - part) * places[low] + part * places[high] - places)
