"""Surface of the mannequin: detailed `Body` -> decimated, coloured and symmetric `Surface`."""

from dataclasses import replace

import fast_simplification
import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import spsolve
from scipy.spatial import cKDTree

from baking.rest import FINGER_NAMES
from baking.source import Array, Body
from baking.suit import Surface, color_suit
from bodydouble.geometry import rotation
from bodydouble.skeletons import humanoid

FACES = 13_600
"""Number of triangles before the seams of the suit are cut."""


def adjacency_matrix(faces: Array, count: int) -> sparse.csr_matrix:
    """Returns the adjacency matrix (count, count) of the vertices."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    ones = np.ones(2 * len(edges))
    both = np.concatenate([edges, edges[:, ::-1]])
    return (sparse.csr_matrix((ones, both.T), shape=(count, count)) > 0).astype(float)


def boundary_loops(faces: Array) -> list[list[int]]:
    """Returns closed loops of directed edges that belong to a single face."""
    edges = {(int(a), int(b)) for f in faces for a, b in ((f[0], f[1]), (f[1], f[2]), (f[2], f[0]))}
    after = {a: b for a, b in sorted(edges) if (b, a) not in edges}
    loops = []
    while after:
        start = min(after)
        loop = [start]
        while (step := after.pop(loop[-1])) != start:
            loop.append(step)
        loops.append(loop)
    return loops


def remove_cavities(body: Body) -> Body:
    """Removes eyes, teeth and the insides of sockets and mouth, and closes the holes of the skin with fans."""
    faces = body.faces[~body.cavity]
    label = connected_components(adjacency_matrix(faces, len(body.positions)))[1]
    faces = faces[label[faces[:, 0]] == np.bincount(label).argmax()]
    positions, weights, fans = list(body.positions), list(body.weights), [faces]
    for loop in boundary_loops(faces):
        fans.append(np.array([[b, a, len(positions)] for a, b in zip(loop, loop[1:] + loop[:1], strict=True)]))
        positions.append(body.positions[loop].mean(axis=0))
        weights.append(body.weights[loop].mean(axis=0))
    return replace(body, positions=np.array(positions), weights=np.array(weights), faces=np.concatenate(fans))


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


def grow_region(body: Body, seeds: Array, count: int) -> NDArray[np.bool_]:
    """Returns a mask of the vertices within a number of edges of the seeds."""
    adjacency = adjacency_matrix(body.faces, len(body.positions)) + sparse.identity(len(body.positions))
    reached = seeds.astype(float)
    for _ in range(count):
        reached = (adjacency @ reached > 0).astype(float)
    return reached > 0


def simplify_body(body: Body) -> Body:
    """Returns a mannequin's skin, without eyes, open lips and folds of the pelvis."""
    count = len(body.positions)
    body = remove_cavities(body)
    x, y, z = np.abs(body.positions[:, 0]), body.positions[:, 1], body.positions[:, 2]
    filled = np.arange(len(body.positions)) >= count
    crotch = y[(x < 1e-6) & (y > 0.6)].min()
    region = grow_region(body, filled & (x > 0.01), 7) | grow_region(body, filled & (x < 0.01), 3)
    region |= np.linalg.norm(body.positions - [0.0, crotch + 0.01, 0.0], axis=1) < 0.05
    region |= (x < 0.02) & (z < -0.03) & (y > crotch - 0.01) & (y < crotch + 0.13)
    return smooth_region(body, region)


def decimate_half(body: Body) -> tuple[Array, Array]:
    """Decimates the left half to FACES / 2 faces; the edge on the middle plane stays on it."""
    half = body.faces[(body.positions[body.faces][:, :, 0] > -1e-6).all(axis=1)]
    used, local = np.unique(half, return_inverse=True)
    points = body.positions[used]
    points[np.abs(points[:, 0]) < 1e-6, 0] = 0.0
    points, faces = fast_simplification.simplify(points, local.reshape(-1, 3), target_count=FACES // 2)
    return np.asarray(points, np.float64), np.asarray(faces, np.int64)


def interpolate_on_surface(body: Body, values: Array, points: Array) -> Array:
    """Interpolates values (V, C) of the vertices at the closest point on the surface to each given point."""
    corners = body.positions[body.faces]
    nearest = cKDTree(corners.mean(axis=1)).query(points, k=24)[1]
    barycentric = closest_barycentric(points[:, None], corners[nearest])
    distance = np.linalg.norm(np.einsum("pkc,pkci->pki", barycentric, corners[nearest]) - points[:, None], axis=-1)
    best = (np.arange(len(points)), distance.argmin(axis=1))
    return np.einsum("pc,pcb->pb", barycentric[best], values[body.faces[nearest[best]]])


def closest_barycentric(points: Array, triangles: Array) -> Array:
    """Returns barycentric coordinates (..., 3) of points projected on triangles (..., 3, 3), clamped to these."""
    a, b, c = np.moveaxis(triangles, -2, 0)
    u, v, w = b - a, c - a, points - a
    uu, uv, vv, wu, wv = ((p * q).sum(axis=-1) for p, q in ((u, u), (u, v), (v, v), (w, u), (w, v)))
    scale = np.maximum(uu * vv - uv * uv, 1e-18)
    second, third = (vv * wu - uv * wv) / scale, (uu * wv - uv * wu) / scale
    barycentric = np.clip(np.stack([1 - second - third, second, third], axis=-1), 0, None)
    return barycentric / barycentric.sum(axis=-1, keepdims=True)


def vertex_normals(body: Body) -> Array:
    """Returns unit normals (V, 3), weighted by the areas of the faces."""
    a, b, c = np.moveaxis(body.positions[body.faces], 1, 0)
    normals = np.zeros_like(body.positions)
    for corner in body.faces.T:
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


def build_mannequin(body: Body) -> Surface:
    """Builds the mesh: decimates and colours the left half, and welds its mirror image on at the middle plane."""
    points, faces = decimate_half(body)
    attributes = np.hstack([humanoid_weights(body), vertex_normals(body)])
    attributes_at_points = interpolate_on_surface(body, attributes, points)
    normals = rotation.normalize(attributes_at_points[:, -3:])
    half = color_suit(Surface(points, normals, faces, attributes_at_points[:, :-3], np.ones((len(points), 4))))
    weights, normals = half.weights.copy(), half.normals.copy()
    middle = half.positions[:, 0] == 0.0
    weights[middle] = (weights[middle] + weights[middle][:, RIG_MIRROR]) / 2
    normals[middle, 0] = 0.0
    weights, normals = limit_to_four_weights(weights), rotation.normalize(normals)
    mirrored_index = np.arange(len(weights))
    mirrored_index[~middle] = len(weights) + np.arange((~middle).sum())
    flip = np.array([-1.0, 1.0, 1.0])
    return Surface(
        positions=np.concatenate([half.positions, half.positions[~middle] * flip]),
        normals=np.concatenate([normals, normals[~middle] * flip]),
        faces=np.concatenate([half.faces, mirrored_index[half.faces][:, ::-1]]),
        weights=np.concatenate([weights, weights[~middle][:, RIG_MIRROR]]),
        colors=np.concatenate([half.colors, half.colors[~middle]]),
    )
