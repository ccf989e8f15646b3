"""Rest pose of a loaded character: upright along +Y, facing +Z, of a plausible human height."""

import itertools
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from bodydouble.data import Character, FloatArray, Mesh
from bodydouble.geometry import kinematics, rotation

MAX_LEAN = np.radians(15.0)
"""A body at rest leans by at most this much from an axis of its file that is meant to be up."""
EXACT_AXES_DEG = 0.5
"""A facing this close to a quarter turn is one."""
MIN_HEIGHT, MAX_HEIGHT = 0.3, 4.0
"""Heights, m, between which a character is taken as it is."""
HUMAN_HEIGHTS = (0.8, 2.5)
"""Heights, m, that make a unit plausible."""
HUMAN_HEIGHT = 1.7
UNITS = {"centimetres": 0.01, "millimetres": 0.001, "inches": 0.0254, "feet": 0.3048, "decimetres": 0.1}
"""Metres per unit in which a file may have been made, in the order of preference."""
REPEATED_CONVERSIONS = (100.0, 1000.0, 10_000.0, 39.37)
"""Factors that undo a conversion to metres that was made twice."""


def face_forward(character: Character) -> Character:
    """Rotates a character so that up is along +Y and its left is along +X, by any angle.

    Up is the axis of the file that the body is along; the body itself, if it is along none. Quarter turns are exact.
    """
    bind = kinematics.bind_matrices(character)
    matrix = _upright_rotation({bone: bind[j, :3, 3] for bone, j in character.humanoid.items()})
    return character if np.allclose(matrix, np.eye(3)) else _transform(character, matrix, 1.0)


def fit_human_height(character: Character) -> Character:
    """Scales a character that is smaller than 0.3 m or taller than 4 m to a human height, with a note.

    The factor is the unit in which the file was probably made; if none gives a human height, the height becomes 1.7 m.
    """
    height = character_height(character)
    if height <= 0 or MIN_HEIGHT <= height <= MAX_HEIGHT:
        return character
    factor, reason = _plausible_scale(height)
    note = f"the character was {height:.4g} m tall: {reason}, it is now {height * factor:.2f} m tall"
    scaled = _transform(character, np.eye(3), factor)
    return replace(scaled, notes=(*character.notes, note))


def character_height(character: Character) -> float:
    """Returns the height, m, of the meshes at rest; of the joints if there are no meshes."""
    parts = [mesh.positions for mesh in character.meshes] or [kinematics.bind_matrices(character)[:, :3, 3]]
    heights = np.concatenate(parts)[:, 1]
    return float(np.ptp(heights))


def _plausible_scale(height: float) -> tuple[float, str]:
    """Returns the factor to a human height, and the reason."""
    for unit, factor in UNITS.items():
        if HUMAN_HEIGHTS[0] <= height * factor <= HUMAN_HEIGHTS[1]:
            return factor, f"its unit is taken for {unit}"
    for factor in REPEATED_CONVERSIONS:
        if HUMAN_HEIGHTS[0] <= height * factor <= HUMAN_HEIGHTS[1]:
            return factor, "its unit is taken for one converted twice"
    return HUMAN_HEIGHT / height, "no unit makes that a human height"


def lean_angle(positions: Mapping[str, FloatArray]) -> float:
    """Returns the angle, rad, between a body at rest and the nearest axis; 0 if bones are missing that tell it.

    Args:
        positions: humanoid bone -> position (3,).
    """
    if not {"head", "leftUpperLeg", "rightUpperLeg", "leftLowerLeg", "rightLowerLeg"} <= positions.keys():
        return 0.0
    up = _up_vector(positions)
    return _angle(nearest_axis(up), up)


def _angle(a: FloatArray, b: FloatArray) -> float:
    """Returns the angle, rad, between unit vectors (3,)."""
    return float(np.arccos(np.clip(a @ b, -1.0, 1.0)))


def _upright_rotation(positions: Mapping[str, FloatArray]) -> FloatArray:
    """Returns the rotation (3, 3) that brings up to +Y and left to +X."""
    up, left = _up_vector(positions), left_vector(positions)
    axis = nearest_axis(up)
    if _angle(axis, up) <= MAX_LEAN:
        up = axis
    # Columns of the axes of the character in the file: up is exact, left is made perpendicular to it.
    axes = rotation.from_axes(up, left)[:, [1, 0, 2]] * [1.0, 1.0, -1.0]
    exact = _nearest_axis_permutation(axes.T)
    angle = np.degrees(np.arccos(np.clip((np.trace(exact @ axes) - 1) / 2, -1.0, 1.0)))
    return exact if angle <= EXACT_AXES_DEG else axes.T


def _up_vector(positions: Mapping[str, FloatArray]) -> FloatArray:
    """Returns the unit vector (3,) along legs and trunk."""
    ends = "Foot" if {"leftFoot", "rightFoot"} <= positions.keys() else "LowerLeg"
    hips = (positions["leftUpperLeg"] + positions["rightUpperLeg"]) / 2
    legs = hips - (positions["left" + ends] + positions["right" + ends]) / 2
    return rotation.normalize(rotation.normalize(legs) + rotation.normalize(positions["head"] - hips))


def left_vector(positions: Mapping[str, FloatArray]) -> FloatArray:
    """Returns the vector (3,) from the right hip and shoulder to the left ones."""
    hips = positions["leftUpperLeg"] - positions["rightUpperLeg"]
    return hips + positions["leftUpperArm"] - positions["rightUpperArm"]


def nearest_axis(direction: FloatArray) -> FloatArray:
    """Returns the unit vector (3,) along the axis that is nearest to a direction (3,)."""
    axis = np.zeros(3)
    largest = int(np.argmax(np.abs(direction)))
    axis[largest] = np.sign(direction[largest])
    return axis


def _nearest_axis_permutation(matrix: FloatArray) -> FloatArray:
    """Returns the nearest to a rotation (3, 3) of the 24 rotations that permute the axes."""
    signs = np.array(list(itertools.product((-1.0, 1.0), repeat=3)))
    permutations = (np.eye(3)[list(order)] * sign for order in itertools.permutations(range(3)) for sign in signs)
    return max((p for p in permutations if np.linalg.det(p) > 0), key=lambda p: float(np.sum(p * matrix)))


def _transform(character: Character, matrix: FloatArray, scale: float) -> Character:
    """Rotates a character by (3, 3) and scales it."""
    offsets = scale * character.skeleton.rest_offsets
    offsets[0] = matrix @ offsets[0]
    return replace(
        character,
        skeleton=replace(character.skeleton, rest_offsets=offsets),
        rest_rotations=rotation.multiply(rotation.from_matrix(matrix), character.rest_rotations),
        meshes=tuple(_transform_mesh(mesh, matrix, scale) for mesh in character.meshes),
    )


def _transform_mesh(mesh: Mesh, matrix: FloatArray, scale: float) -> Mesh:
    targets = tuple(
        replace(
            target,
            position_offsets=scale * target.position_offsets @ matrix.T,
            normal_offsets=None if target.normal_offsets is None else target.normal_offsets @ matrix.T,
        )
        for target in mesh.morph_targets
    )
    positions, normals = scale * mesh.positions @ matrix.T, mesh.normals @ matrix.T
    return replace(mesh, positions=positions, normals=normals, morph_targets=targets)
