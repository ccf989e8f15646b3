"""Surface of the mannequin: detailed `Body` -> decimated, coloured and symmetric `Surface`."""

from dataclasses import fields, replace

import fast_simplification
import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import spsolve

from baking.rest import FINGER_NAMES
from baking.source import Array, Body
from baking.suit import Surface, color_suit
from bodydouble.geometry import rotation
from bodydouble.skeletons import arkit, humanoid

FACES = 13_200
"""Number of triangles of the skin before the seams of the suit are cut."""
FACE_CENTRE, FACE_RADIUS = np.array([0.0, 1.53, 0.11]), 0.085
"""Ball in m around eyes and mouth, in which the mesh is kept finer."""
FACE_MAGNIFICATION = 2.5
"""Magnification of that ball while the mesh is decimated."""


def adjacency_matrix(faces: Array, count: int) -> sparse.csr_matrix:
    """Returns the adjacency matrix (count, count) of the vertices."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    ones = np.ones(2 * len(edges))
    both = np.concatenate([edges, edges[:, ::-1]])
    return (sparse.csr_matrix((ones, both.T), shape=(count, count)) > 0).astype(float)


def connected_parts(body: Body) -> list[NDArray[np.int64]]:
    """Returns the faces of each connected part of the body, the largest, which is the skin, first."""
    label = connected_components(adjacency_matrix(body.faces, len(body.positions)))[1][body.faces[:, 0]]
    return sorted((body.faces[label == k] for k in np.unique(label)), key=len, reverse=True)


def smooth_region(body: Body, region: NDArray[np.bool_]) -> Body:
    """Moves the vertices of a region onto the smoothest surface through their surroundings (zero bi-Laplacian)."""
    adjacency = adjacency_matrix(body.faces, len(body.positions))
    degree = np.maximum(np.asarray(adjacency.sum(axis=1)).ravel(), 1)
    laplacian = sparse.diags(1 / degree) @ adjacency - sparse.identity(len(degree))
    square = (laplacian.T @ laplacian).tocsr()
    inside, outside = np.flatnonzero(region), np.flatnonzero(~region)
    positions = body.positions.copy()
    positions[inside] = spsolve(square[inside][:, inside].tocsc(), -square[inside][:, outside] @ positions[outside])
    return replace(body, positions=positions)


def simplify_body(body: Body) -> Body:
    """Returns a mannequin's skin, without eyes and tongue, and without folds of the pelvis."""
    body = replace(body, faces=connected_parts(body)[0])
    x, y, z = np.abs(body.positions[:, 0]), body.positions[:, 1], body.positions[:, 2]
    crotch = y[(x < 1e-6) & (y > 0.6)].min()
    region = np.linalg.norm(body.positions - [0.0, crotch + 0.01, 0.0], axis=1) < 0.05
    region |= (x < 0.02) & (z < -0.03) & (y > crotch - 0.01) & (y < crotch + 0.13)
    return smooth_region(body, region)


def magnify_face(points: Array, factor: float = FACE_MAGNIFICATION) -> Array:
    """Moves points (V, 3) away from the centre of the face, so that its ball is magnified; all outside make room."""
    offsets = points - FACE_CENTRE
    distance = np.maximum(np.linalg.norm(offsets, axis=1, keepdims=True), 1e-12)
    inner = FACE_RADIUS if factor > 1 else FACE_RADIUS / factor
    scale = np.where(distance < inner, factor, 1 + (factor - 1) * inner / distance)
    return np.asarray(FACE_CENTRE + offsets * scale)


def decimate_half(body: Body) -> tuple[Array, Array, sparse.csr_matrix]:
    """Decimates the left half to FACES / 2 faces; the edge on the middle plane stays on it.

    Returns:
        Positions (P, 3), faces (N, 3), and the weights (P, V) by which values of the vertices of the body are averaged
        at the new ones: vertices that were joined count by the inverse of their distance.
    """
    half = body.faces[(body.positions[body.faces][:, :, 0] > -1e-6).all(axis=1)]
    used, local = np.unique(half, return_inverse=True)
    points = body.positions[used]
    points[np.abs(points[:, 0]) < 1e-6, 0] = 0.0
    magnified, faces = magnify_face(points), local.reshape(-1, 3)
    collapses = fast_simplification.simplify(magnified, faces, target_count=FACES // 2, return_collapses=True)[2]
    positions, faces, joined = fast_simplification.replay_simplification(magnified, faces, collapses)
    new = magnify_face(np.asarray(positions, np.float64), 1 / FACE_MAGNIFICATION)
    closeness = 1 / (1e-5 + np.linalg.norm(points - new[joined], axis=1))
    average = sparse.csr_matrix((closeness, (joined, used)), shape=(len(new), len(body.positions)))
    return new, np.asarray(faces, np.int64), sparse.diags(1 / np.asarray(average.sum(axis=1)).ravel()) @ average


def vertex_normals(body: Body) -> Array:
    """Returns the unit normals (V, 3) of a body."""
    return surface_normals(body.positions, body.faces)


def surface_normals(positions: Array, faces: Array) -> Array:
    """Returns unit normals (V, 3), weighted by the areas of the faces."""
    a, b, c = np.moveaxis(positions[faces], 1, 0)
    normals = np.zeros_like(positions)
    for corner in faces.T:
        np.add.at(normals, corner, np.cross(b - a, c - a))
    return rotation.normalize(normals)


def humanoid_weights(body: Body) -> Array:
    """Returns weights (V, 52) of the humanoid joints and fingers, summed over the MakeHuman bones of each."""
    weights = np.zeros((len(body.positions), len(RIG)))
    for i, bone in enumerate(body.bones):
        weights[:, RIG.index(carrier_joint(bone))] += body.weights[:, i]
    return weights


def carrier_joint(bone: str) -> str:
    """Returns the humanoid joint that moves the vertices of a MakeHuman bone."""
    stem, _, side = bone.partition(".")
    prefix = "right" if side == "R" else "left"
    if stem.startswith("finger"):
        finger = next(name for name, number in FINGER_NAMES.items() if number == int(stem[6]))
        parts = ("Metacarpal", "Proximal", "Distal") if finger == "Thumb" else ("Proximal", "Intermediate", "Distal")
        return prefix + finger + parts[int(stem[8]) - 1]
    joint = next(joint for start, joint in CARRIERS.items() if stem.startswith(start))
    return prefix + joint if joint[0].isupper() else joint


CARRIERS = {
    "root": "hips", "pelvis": "hips", "spine05": "hips", "spine04": "spine", "spine03": "spine", "spine02": "chest",
    "spine01": "upperChest", "neck": "neck", "head": "head", "eye": "head", "clavicle": "Shoulder",
    "shoulder": "Shoulder", "upperarm": "UpperArm", "lowerarm": "LowerArm", "wrist": "Hand", "metacarpal": "Hand",
    "upperleg": "UpperLeg", "lowerleg": "LowerLeg", "foot": "Foot", "toe": "Toes",
}  # fmt: skip
RIG = humanoid.JOINTS + humanoid.FINGERS
RIG_MIRROR = [RIG.index(humanoid.mirrored_name(name)) for name in RIG]


def limit_to_four_weights(weights: Array) -> Array:
    """Limits weights to four joints per vertex with sum one; equal weights are kept or dropped together."""
    fifth = np.sort(weights, axis=1)[:, -5:-4]
    kept = np.where(weights > np.maximum(fifth + 1e-9, 0.01), weights, 0.0)
    return kept / kept.sum(axis=1, keepdims=True)


def build_mannequin(body: Body, left_parts: list[Surface]) -> Surface:
    """Builds the mesh: decimates and colours the left half of the skin, adds the left parts, and mirrors them."""
    points, faces, average = decimate_half(body)
    skin = color_suit(
        Surface(
            positions=points,
            normals=rotation.normalize(average @ vertex_normals(body)),
            faces=faces,
            weights=average @ humanoid_weights(body),
            colors=np.ones((len(points), 4)),
            targets=(average @ body.targets.reshape(len(body.targets), -1)).reshape(len(points), -1, 3),
            mouth=average @ body.mouth,
        )
    )
    return mirror_half(join_surfaces([skin, *left_parts]))


def join_surfaces(surfaces: list[Surface]) -> Surface:
    """Returns one surface with the vertices and faces of all."""
    starts = np.cumsum([0, *(len(surface.positions) for surface in surfaces)])
    values = {
        field.name: np.concatenate([getattr(surface, field.name) for surface in surfaces])
        for field in fields(Surface)
        if field.name != "faces"
    }
    faces = [surface.faces + start for surface, start in zip(surfaces, starts, strict=False)]
    return Surface(faces=np.concatenate(faces), **values)


def mirror_half(half: Surface) -> Surface:
    """Welds the mirror image of the left half on at the middle plane."""
    weights, normals, targets = half.weights.copy(), half.normals.copy(), half.targets.copy()
    flip = np.array([-1.0, 1.0, 1.0])
    mirrored_targets = targets[:, list(arkit.MIRROR)] * flip
    middle = half.positions[:, 0] == 0.0
    weights[middle] = (weights[middle] + weights[middle][:, RIG_MIRROR]) / 2
    targets[middle] = (targets[middle] + mirrored_targets[middle]) / 2
    normals[middle, 0] = 0.0
    weights, normals = limit_to_four_weights(weights), rotation.normalize(normals)
    mirrored_index = np.arange(len(weights))
    mirrored_index[~middle] = len(weights) + np.arange((~middle).sum())
    return Surface(
        positions=np.concatenate([half.positions, half.positions[~middle] * flip]),
        normals=np.concatenate([normals, normals[~middle] * flip]),
        faces=np.concatenate([half.faces, mirrored_index[half.faces][:, ::-1]]),
        weights=np.concatenate([weights, weights[~middle][:, RIG_MIRROR]]),
        colors=np.concatenate([half.colors, half.colors[~middle]]),
        targets=np.concatenate([targets, mirrored_targets[~middle]]),
        mouth=np.concatenate([half.mouth, half.mouth[~middle]]),
    )
