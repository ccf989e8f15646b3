"""From the detailed body to the mannequin's surface."""

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
from baking.suit import Surface, dressed
from bodydouble.geometry import rotation
from bodydouble.skeletons import humanoid

FACES = 13_600
"""Triangles before the seams of the suit are cut."""


def neighbours(faces: Array, count: int) -> sparse.csr_matrix:
    """(count, count) 1 where two vertices share an edge."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    ones = np.ones(2 * len(edges))
    both = np.concatenate([edges, edges[:, ::-1]])
    return (sparse.csr_matrix((ones, both.T), shape=(count, count)) > 0).astype(float)


def boundary_loops(faces: Array) -> list[list[int]]:
    """Closed chains of directed edges that only one face has."""
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


def without_cavities(body: Body) -> Body:
    """The skin alone: eyes, teeth, the insides of sockets and mouth removed, and their holes closed with fans."""
    faces = body.faces[~body.cavity]
    label = connected_components(neighbours(faces, len(body.positions)))[1]
    faces = faces[label[faces[:, 0]] == np.bincount(label).argmax()]
    positions, weights, fans = list(body.positions), list(body.weights), [faces]
    for loop in boundary_loops(faces):
        fans.append(np.array([[b, a, len(positions)] for a, b in zip(loop, loop[1:] + loop[:1], strict=True)]))
        positions.append(body.positions[loop].mean(axis=0))
        weights.append(body.weights[loop].mean(axis=0))
    return replace(body, positions=np.array(positions), weights=np.array(weights), faces=np.concatenate(fans))


def fair(body: Body, region: NDArray[np.bool_]) -> Body:
    """The vertices of a region moved onto the smoothest surface through their surroundings (zero bi-Laplacian)."""
    near = neighbours(body.faces, len(body.positions))
    degree = np.maximum(np.asarray(near.sum(axis=1)).ravel(), 1)
    laplacian = sparse.diags(1 / degree) @ near - sparse.identity(len(degree))
    square = (laplacian.T @ laplacian).tocsr()
    inside, outside = np.flatnonzero(region), np.flatnonzero(~region)
    positions = body.positions.copy()
    positions[inside] = spsolve(square[inside][:, inside].tocsc(), -square[inside][:, outside] @ positions[outside])
    return replace(body, positions=positions)


def rings(body: Body, seeds: Array, count: int) -> NDArray[np.bool_]:
    """The vertices within a number of edges of the seeds."""
    near = neighbours(body.faces, len(body.positions)) + sparse.identity(len(body.positions))
    reached = seeds.astype(float)
    for _ in range(count):
        reached = (near @ reached > 0).astype(float)
    return reached > 0


def plain(body: Body) -> Body:
    """The skin without eyes, open lips and folds of the pelvis: a mannequin's."""
    count = len(body.positions)
    body = without_cavities(body)
    x, y, z = np.abs(body.positions[:, 0]), body.positions[:, 1], body.positions[:, 2]
    filled = np.arange(len(body.positions)) >= count
    crotch = y[(x < 1e-6) & (y > 0.6)].min()
    region = rings(body, filled & (x > 0.01), 7) | rings(body, filled & (x < 0.01), 3)
    region |= np.linalg.norm(body.positions - [0.0, crotch + 0.01, 0.0], axis=1) < 0.05
    region |= (x < 0.02) & (z < -0.03) & (y > crotch - 0.01) & (y < crotch + 0.13)
    return fair(body, region)


def half_decimated(body: Body) -> tuple[Array, Array]:
    """Vertices and faces of the left half with FACES / 2 faces; the middle plane's edge stays on it."""
    half = body.faces[(body.positions[body.faces][:, :, 0] > -1e-6).all(axis=1)]
    used, local = np.unique(half, return_inverse=True)
    points = body.positions[used]
    points[np.abs(points[:, 0]) < 1e-6, 0] = 0.0
    points, faces = fast_simplification.simplify(points, local.reshape(-1, 3), target_count=FACES // 2)
    return np.asarray(points, np.float64), np.asarray(faces, np.int64)


def interpolated(body: Body, values: Array, points: Array) -> Array:
    """Values (V, C) of the vertices, at the place on the surface that is closest to each point."""
    corners = body.positions[body.faces]
    nearest = cKDTree(corners.mean(axis=1)).query(points, k=24)[1]
    shares = closest_barycentric(points[:, None], corners[nearest])
    distance = np.linalg.norm(np.einsum("pkc,pkci->pki", shares, corners[nearest]) - points[:, None], axis=-1)
    best = (np.arange(len(points)), distance.argmin(axis=1))
    return np.einsum("pc,pcb->pb", shares[best], values[body.faces[nearest[best]]])


def closest_barycentric(points: Array, triangles: Array) -> Array:
    """Barycentric coordinates (..., 3), clamped to the triangle, of points projected on triangles (..., 3, 3)."""
    a, b, c = np.moveaxis(triangles, -2, 0)
    u, v, w = b - a, c - a, points - a
    uu, uv, vv, wu, wv = ((p * q).sum(axis=-1) for p, q in ((u, u), (u, v), (v, v), (w, u), (w, v)))
    scale = np.maximum(uu * vv - uv * uv, 1e-18)
    second, third = (vv * wu - uv * wv) / scale, (uu * wv - uv * wu) / scale
    shares = np.clip(np.stack([1 - second - third, second, third], axis=-1), 0, None)
    return shares / shares.sum(axis=-1, keepdims=True)


def vertex_normals(body: Body) -> Array:
    """Unit normals (V, 3), weighted by the areas of the faces."""
    a, b, c = np.moveaxis(body.positions[body.faces], 1, 0)
    normals = np.zeros_like(body.positions)
    for corner in body.faces.T:
        np.add.at(normals, corner, np.cross(b - a, c - a))
    return rotation.normalize(normals)


def humanoid_weights(body: Body) -> Array:
    """(V, 52) weights of the humanoid joints and fingers, summed over the bones that each one stands for."""
    weights = np.zeros((len(body.positions), len(RIG)))
    for i, bone in enumerate(body.bones):
        weights[:, RIG.index(carrier(bone))] += body.weights[:, i]
    return weights


def carrier(bone: str) -> str:
    """The humanoid joint that moves the vertices of a MakeHuman bone."""
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


def four_strongest(weights: Array) -> Array:
    """Weights with at most four joints per vertex, summing to one; equal weights stay or go together."""
    fifth = np.sort(weights, axis=1)[:, -5:-4]
    kept = np.where(weights > np.maximum(fifth + 1e-9, 0.01), weights, 0.0)
    return kept / kept.sum(axis=1, keepdims=True)


def mannequin(body: Body) -> Surface:
    """The finished mesh: the left half decimated and dressed, its mirror image welded to it at the middle plane."""
    points, faces = half_decimated(body)
    attributes = np.hstack([humanoid_weights(body), vertex_normals(body)])
    found = interpolated(body, attributes, points)
    half = dressed(Surface(points, rotation.normalize(found[:, -3:]), faces, found[:, :-3], np.ones((len(points), 4))))
    weights, normals = half.weights.copy(), half.normals.copy()
    middle = half.positions[:, 0] == 0.0
    weights[middle] = (weights[middle] + weights[middle][:, RIG_MIRROR]) / 2
    normals[middle, 0] = 0.0
    weights, normals = four_strongest(weights), rotation.normalize(normals)
    twin = np.arange(len(weights))
    twin[~middle] = len(weights) + np.arange((~middle).sum())
    flip = np.array([-1.0, 1.0, 1.0])
    return Surface(
        positions=np.concatenate([half.positions, half.positions[~middle] * flip]),
        normals=np.concatenate([normals, normals[~middle] * flip]),
        faces=np.concatenate([half.faces, twin[half.faces][:, ::-1]]),
        weights=np.concatenate([weights, weights[~middle][:, RIG_MIRROR]]),
        colors=np.concatenate([half.colors, half.colors[~middle]]),
    )
