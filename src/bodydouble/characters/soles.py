"""Points of a character's soles that touch the floor: ``Character`` -> heel and toes of both feet, in joint axes."""

from dataclasses import dataclass

import numpy as np

from bodydouble.characters.rig_vertices import vertices_of
from bodydouble.data import Character, FloatArray, IntArray
from bodydouble.geometry import kinematics, rotation

SOLE_THICKNESS = 0.02
"""Height above the lowest vertex of a foot up to which vertices belong to the sole, relative to the hips' height."""
HEEL_LENGTH, TOE_LENGTH = 0.4, 0.4
"""Distance of the heel behind the ankle and of the toes before the ball, relative to the foot, without a mesh."""


@dataclass(frozen=True, slots=True)
class SolePoints:
    """Left heel, left toes, right heel and right toes, in the order of ``data.CONTACT_POINTS``."""

    joints: IntArray
    """(4,) joint that carries each point."""
    offsets: FloatArray
    """(4, 3) m, in the axes of that joint."""

    def positions(self, joint_positions: FloatArray, joint_rotations: FloatArray) -> FloatArray:
        """Returns the points (T, 4, 3) m of world positions (T, Jc, 3) and rotations (T, Jc, 4) of the joints."""
        turned = rotation.rotate(joint_rotations[:, self.joints], self.offsets)
        return np.asarray(joint_positions[:, self.joints] + turned)


def find_sole_points(character: Character) -> SolePoints | None:
    """Finds the points of the soles; returns None if the character has no feet.

    They are the rearmost and the foremost vertices of the sole at rest. Without a mesh on the feet they lie below the
    joints, on the floor.
    """
    bind = kinematics.bind_matrices(character)
    joints, points = [], []
    for side in ("left", "right"):
        if side + "Foot" not in character.humanoid:
            return None
        foot = character.humanoid[side + "Foot"]
        toes = character.humanoid.get(side + "Toes", foot)
        heel_point, toe_point = _sole_ends(character, bind, foot, toes)
        joints += [foot, toes]
        points += [heel_point, toe_point]
    carriers = np.array(joints)
    axes = character.rest_rotations[carriers]
    offsets = rotation.rotate(rotation.conjugate(axes), np.array(points) - bind[carriers, :3, 3])
    return SolePoints(carriers, offsets)


def _sole_ends(character: Character, bind: FloatArray, foot: int, toes: int) -> tuple[FloatArray, FloatArray]:
    """Returns the world positions (3,) of the heel and the toes of a foot at rest."""
    vertices = vertices_of(character, (foot, toes))
    if len(vertices) == 0:
        return _ends_without_mesh(bind[foot, :3, 3], bind[toes, :3, 3])
    thickness = SOLE_THICKNESS * bind[character.humanoid["hips"], 1, 3]
    sole = vertices[vertices[:, 1] <= vertices[:, 1].min() + abs(thickness)]
    ends = sole[sole[:, 2].argmin()].copy(), sole[sole[:, 2].argmax()].copy()
    for end in ends:
        end[1] = vertices[:, 1].min()
    return ends


def _ends_without_mesh(ankle: FloatArray, ball: FloatArray) -> tuple[FloatArray, FloatArray]:
    step = ball - ankle
    heel, toes = ankle - HEEL_LENGTH * step, ball + TOE_LENGTH * step
    heel[1] = toes[1] = min(0.0, float(ball[1]))
    return heel, toes
