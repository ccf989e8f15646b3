"""Random clothes, hair and skin: `Body` -> skinned `Character` with textures.

Garments are cut from the body's own surfaces, so that they are skinned as the body is.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse
from scipy.spatial import ConvexHull, cKDTree

from bodydouble.data import BoolArray, Character, FloatArray, IntArray, Material, Mesh
from bodydouble.geometry import rotation
from bodydouble.synthetic import textures
from bodydouble.synthetic.bodies import JOINTS, Body, build_full_skeleton, load_topology

SKIN_TONES = ((0.95, 0.80, 0.72), (0.88, 0.69, 0.58), (0.78, 0.57, 0.44), (0.63, 0.43, 0.31), (0.45, 0.29, 0.20),
              (0.33, 0.21, 0.15))  # fmt: skip
HAIR_COLORS = ((0.07, 0.06, 0.05), (0.16, 0.10, 0.06), (0.32, 0.20, 0.10), (0.62, 0.46, 0.24), (0.45, 0.20, 0.08),
               (0.62, 0.62, 0.62))  # fmt: skip
"""sRGB colours of skin and hair, 0 to 1."""
SLEEVE_ENDS = (0.12, 0.38, 0.42, 0.65, 0.97)
"""Ends of sleeves as fractions of the way from the shoulder to the wrist."""
TROUSER_ENDS = (0.30, 0.48, 0.62, 0.97)
"""Ends of trousers as fractions of the way from the hip to the ankle."""
SKIRT_ENDS = (0.35, 0.5, 0.75)
"""Ends of skirts as fractions of the way from the hip to the ankle."""
SKIN_MARGIN = 0.03
"""Length in m by which the skin continues beneath a hem."""
SHOE_MARGIN = 0.012
"""Distance in m between shoe and foot."""


@dataclass(frozen=True, slots=True)
class Outfit:
    """Outfit of a person. Heights and lengths are in m, in the T-pose."""

    waist: float
    sleeve_end: float
    """Distance of the ends of the sleeves from the middle of the body."""
    top_hem: float
    collar: float
    leg_hem: float
    skirt: bool
    top_ease: float
    """Distance of the top from the skin beyond that of tights."""
    bottom_ease: float
    """Distance of the trousers from the skin beyond that of tights."""
    shoes: bool
    hair: str
    """Hair: none, short or long."""


@dataclass(frozen=True, slots=True)
class ClothedBody:
    """Looks of a person: visible skin and everything that is worn on it, hair included."""

    outfit: Outfit
    skin_tone: FloatArray
    """sRGB colour (3,) of the skin, 0 to 1."""
    hair_color: FloatArray
    """sRGB colour (3,) of hair and brows, 0 to 1."""
    skin_faces: IntArray
    """Triangles (N, 3) of the skin that no garment covers, vertex indices of the body."""
    skin_colors: FloatArray
    """sRGB colours (V, 3) of the skin with lips, brows and scalp, 0 to 1."""
    browless_colors: FloatArray
    """The same without brows."""
    garments: tuple[Mesh, ...]
    """Hair, top, trousers or skirt, and shoes, named so."""


def dress_body(body: Body, rng: np.random.Generator) -> Character:
    """Gives a body random skin, clothes and hair.

    Args:
        body: the body in the T-pose.
        rng: source of everything that is random.

    Returns:
        A character called "person" with 52 joints and identity rest rotations; its meshes are named skin, eyes, hair,
        top, trousers or skirt, and shoes.
    """
    clothed = clothe_body(body, rng)
    skin = build_mesh(body.positions, clothed.skin_faces, clothed.skin_colors)
    skeleton = build_full_skeleton(body)
    identity = np.tile(rotation.IDENTITY, (len(JOINTS), 1))
    meshes = (replace(skin, name="skin"), replace(eye_mesh(body), name="eyes"), *clothed.garments)
    return Character("person", skeleton, identity, {name: j for j, name in enumerate(JOINTS)}, meshes)


def clothe_body(body: Body, rng: np.random.Generator) -> ClothedBody:
    """Draws skin, clothes and hair of a body in the T-pose."""
    outfit = _sample_outfit(body, rng)
    tone_index, hair_color = rng.choice(len(SKIN_TONES)), np.array(HAIR_COLORS[rng.choice(len(HAIR_COLORS))])
    skin_tone = np.array(SKIN_TONES[tone_index]) * rng.uniform(0.92, 1.08)
    colors = _color_skin(body, outfit, skin_tone, hair_color, rng)
    hair, top = _hair_meshes(body, outfit, hair_color, rng), _top_mesh(body, outfit, rng)
    bottom = _skirt_mesh(body, outfit, rng) if outfit.skirt else _trousers_mesh(body, outfit, rng)
    shoes = _shoe_meshes(body, outfit, rng)
    named = (("hair", hair), ("top", [top]), ("skirt" if outfit.skirt else "trousers", [bottom]), ("shoes", shoes))
    garments = tuple(replace(mesh, name=name) for name, meshes in named for mesh in meshes)
    return ClothedBody(outfit, skin_tone, hair_color, _visible_skin(body, outfit), *colors, garments)


def _sample_outfit(body: Body, rng: np.random.Generator) -> Outfit:
    hips, hip, ankle = body.joint_position("hips"), body.joint_position("leftUpperLeg"), body.joint_position("leftFoot")
    shoulder, wrist = body.joint_position("leftUpperArm"), body.joint_position("leftHand")
    has_skirt = bool(rng.random() < 0.2)
    leg_end = rng.choice(SKIRT_ENDS if has_skirt else TROUSER_ENDS, p=None if has_skirt else (0.1, 0.2, 0.1, 0.6))
    waist = hips[1] + rng.uniform(0.02, 0.10)
    return Outfit(
        waist=waist,
        sleeve_end=shoulder[0] + rng.choice(SLEEVE_ENDS) * (wrist[0] - shoulder[0]),
        top_hem=waist - rng.choice([0.0, 0.06]),
        collar=body.joint_position("neck")[1] + rng.uniform(-0.02, 0.04),
        leg_hem=hip[1] + leg_end * (ankle[1] - hip[1]),
        skirt=has_skirt,
        top_ease=0.002 if has_skirt else rng.uniform(0.008, 0.024),
        bottom_ease=rng.uniform(0.001, 0.006),
        shoes=bool(rng.random() < 0.85),
        hair=str(rng.choice(["none", "short", "long"], p=[0.15, 0.5, 0.35])),
    )


def _dominant_joints() -> IntArray:
    topology = load_topology()
    return np.asarray(
        topology.joint_indices[np.arange(len(topology.joint_indices)), topology.joint_weights.argmax(axis=1)]
    )


def vertices_moved_by(*name_parts: str) -> BoolArray:
    """Returns a mask (V,) of the vertices whose strongest joint has one of these words in its name."""
    joints = [j for j, name in enumerate(JOINTS) if any(part in name for part in name_parts)]
    return np.isin(_dominant_joints(), joints)


def _arm_vertices() -> BoolArray:
    return vertices_moved_by("UpperArm", "LowerArm", "Hand", "Thumb", "Index", "Middle", "Ring", "Little")


def _visible_skin(body: Body, outfit: Outfit) -> IntArray:
    """Returns the triangles (N, 3) of the skin that no garment covers."""
    points, faces = body.positions, load_topology().faces["skin"]
    x, y = np.abs(points[:, 0]), points[:, 1]
    arms, legs = _arm_vertices(), vertices_moved_by("UpperLeg", "LowerLeg", "Foot", "Toes")
    trunk = ~arms & ~legs & (y < outfit.collar - SKIN_MARGIN)
    covered = (arms & (x < outfit.sleeve_end - SKIN_MARGIN)) | trunk
    covered |= legs & (y > outfit.leg_hem + SKIN_MARGIN)
    if outfit.shoes:
        covered |= y < 0.6 * body.joint_position("leftFoot")[1]
    return faces[~covered[faces].all(axis=1)]


def _color_skin(
    body: Body, outfit: Outfit, tone: FloatArray, hair_color: FloatArray, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Returns the sRGB colours (V, 3) of the skin with lips, brows and scalp, and those without brows."""
    lip_tint = np.array([0.80, 0.45, 0.45])
    srgb = tone * (1 + 0.04 * _wave_noise(body.positions, rng, 0.05)[:, None])
    srgb = srgb * (1 + load_topology().lips[:, None] * (lip_tint - 1) * 0.8)
    scalp = scalp_mask(body)[:, None] * (0.9 if outfit.hair != "none" else rng.choice([0.0, 0.6]))
    brows = _brow_weights(body)[:, None] * 0.8
    return srgb + np.maximum(scalp, brows) * (hair_color - srgb), srgb + scalp * (hair_color - srgb)


def scalp_mask(body: Body) -> FloatArray:
    """Returns 1 for the vertices (V,) of the scalp, else 0."""
    distance = cKDTree(body.positions[np.unique(load_topology().faces["hair"])]).query(body.positions)[0]
    eye, ear = body.landmarks[2], body.landmarks[7]
    y, z = body.positions[:, 1], body.positions[:, 2]
    above = (y > eye[1] + 0.045) | ((z < ear[2]) & (y > ear[1] - 0.05))
    return np.asarray(vertices_moved_by("head") & above & (distance < 0.03), dtype=np.float64)


def _brow_weights(body: Body) -> FloatArray:
    """Returns weights (V,) of the brows, an arc above each eye: 1 in the middle, 0 outside."""
    eye = body.landmarks[2]
    offset = (np.abs(body.positions[:, :2]) - [eye[0], eye[1] + 0.018]) / [0.024, 0.006]
    in_front = body.positions[:, 2] > eye[2] - 0.03
    return np.where(in_front & vertices_moved_by("head"), np.exp(-((np.abs(offset) ** 2).sum(axis=1) ** 2)), 0.0)


def eye_mesh(body: Body) -> Mesh:
    """Builds the eyeballs of a body."""
    faces = load_topology().faces["eyes"]
    used = np.unique(faces)
    points = body.positions
    srgb = np.full_like(points, 0.92)
    for side in (points[used, 0] > 0, points[used, 0] < 0):
        ball = used[side]
        center, front = points[ball].mean(axis=0), points[ball, 2].max()
        off_axis = np.linalg.norm(points[ball, :2] - center[:2], axis=1)
        iris = (off_axis < 0.45 * (front - center[2])) & (points[ball, 2] > center[2])
        srgb[ball[iris]] = 0.08
    return build_mesh(points, faces, srgb)


def _hair_meshes(body: Body, outfit: Outfit, color: FloatArray, rng: np.random.Generator) -> list[Mesh]:
    if outfit.hair == "none":
        return []
    faces, points = load_topology().faces["hair"], body.positions
    eye, ear = body.landmarks[2], body.landmarks[7]
    end = ear[1] - 0.05 if outfit.hair == "short" else ear[1] - rng.uniform(0.12, 0.35)
    y, z = points[:, 1], points[:, 2]
    is_hair = (y > eye[1] + 0.055) | ((z < ear[2] + 0.005) & (y > end))
    hair_faces = faces[is_hair[faces].all(axis=1)]
    if not len(hair_faces):
        return []
    texture = textures.encode_png(textures.sample_hair(color, rng))
    return [build_mesh(points, hair_faces, None, texture, np.stack([np.abs(points[:, 0]) * 8, y * 2], axis=1))]


def _top_mesh(body: Body, outfit: Outfit, rng: np.random.Generator) -> Mesh:
    points, faces = _loosen_tights(body, outfit.top_ease, rng)
    arms, legs = _arm_vertices(), vertices_moved_by("UpperLeg", "LowerLeg", "Foot", "Toes")
    outside_hems = (arms & (np.abs(points[:, 0]) > outfit.sleeve_end)) | (points[:, 1] < outfit.top_hem)
    throat = vertices_moved_by("neck", "head", "upperChest", "Shoulder") & (np.abs(points[:, 0]) < 0.07)
    outside_hems |= throat & (points[:, 1] > outfit.collar)
    hemmed = points.copy()
    hemmed[arms, 0] = np.clip(points[arms, 0], -outfit.sleeve_end, outfit.sleeve_end)
    hemmed[~arms, 1] = np.maximum(points[~arms, 1], outfit.top_hem)
    hemmed[throat, 1] = np.minimum(hemmed[throat, 1], outfit.collar)
    outside = outside_hems | (legs & (points[:, 1] < outfit.top_hem))
    return _cloth_mesh(hemmed, faces[~outside[faces].all(axis=1)], arms, rng)


def _trousers_mesh(body: Body, outfit: Outfit, rng: np.random.Generator) -> Mesh:
    points, faces = _loosen_tights(body, outfit.bottom_ease, rng)
    arms = _arm_vertices()
    outside = arms | (points[:, 1] > outfit.waist) | (points[:, 1] < outfit.leg_hem)
    hemmed = points.copy()
    hemmed[~arms, 1] = np.clip(points[~arms, 1], outfit.leg_hem, outfit.waist)
    return _cloth_mesh(hemmed, faces[~outside[faces].all(axis=1) & ~arms[faces].any(axis=1)], arms, rng)


def _skirt_mesh(body: Body, outfit: Outfit, rng: np.random.Generator) -> Mesh:
    faces, points = load_topology().faces["skirt"], body.positions
    hemmed = points.copy()
    hemmed[:, 1] = np.maximum(points[:, 1], outfit.leg_hem)
    outside = points[:, 1] < outfit.leg_hem
    return _cloth_mesh(hemmed, faces[~outside[faces].all(axis=1)], np.zeros(len(points), dtype=bool), rng)


def _loosen_tights(body: Body, ease: float, rng: np.random.Generator) -> tuple[FloatArray, IntArray]:
    """Returns vertices (V, 3) in which the tights are smoothed, widened and wrinkled, and the faces of the tights."""
    faces = load_topology().faces["tights"]
    used = np.unique(faces)
    points, outward = body.positions.copy(), vertex_normals(body.positions, faces)
    smooth = _smoothing_matrix(faces, len(points))
    for _ in range(3):
        points[used] = (smooth @ points)[used]
    inset = np.maximum(((body.positions - points) * outward).sum(axis=1), 0.0)
    shift = inset + 0.003 + ease * (1 + 0.25 * _wave_noise(points, rng, 0.12))
    points[used] += (shift[:, None] * outward)[used]
    return points, faces


def _smoothing_matrix(faces: IntArray, vertex_count: int) -> sparse.csr_matrix:
    """Returns the matrix (V, V) that averages each vertex with its neighbours."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    ends = np.concatenate([edges, edges[:, ::-1]])
    ends = np.unique(np.concatenate([ends, np.repeat(np.arange(vertex_count)[:, None], 2, axis=1)]), axis=0)
    adjacency = sparse.csr_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(vertex_count, vertex_count))
    return sparse.csr_matrix(sparse.diags(1 / np.asarray(adjacency.sum(axis=1)).ravel()) @ adjacency)


def _cloth_mesh(points: FloatArray, faces: IntArray, arms: BoolArray, rng: np.random.Generator) -> Mesh:
    """Builds a mesh of cloth with a random pattern, which runs around sleeves as it runs around the trunk."""
    across = np.where(arms, points[:, 2] + points[:, 1], points[:, 0] + points[:, 2])
    along = np.where(arms, np.abs(points[:, 0]), points[:, 1])
    return build_mesh(
        points, faces, None, textures.encode_png(textures.sample_cloth(rng)), np.stack([across, along], axis=1) * 2
    )


def _shoe_meshes(body: Body, outfit: Outfit, rng: np.random.Generator) -> list[Mesh]:
    if not outfit.shoes:
        return []
    color = textures.sample_color(rng)
    top = 0.95 * body.joint_position("leftFoot")[1]
    topology = load_topology()
    skin = np.unique(topology.faces["skin"])
    meshes = []
    for side in ("left", "right"):
        foot = skin[vertices_moved_by(f"{side}Foot", f"{side}Toes", f"{side}LowerLeg")[skin]]
        foot = foot[body.positions[foot, 1] < top]
        hull = ConvexHull(body.positions[foot])
        meshes.append(_shoe_mesh(body.positions, foot, hull.simplices, hull.equations[:, :3], color))
    return meshes


def _shoe_mesh(points: FloatArray, foot: IntArray, faces: IntArray, outward: FloatArray, color: FloatArray) -> Mesh:
    corners = points[foot][faces]
    face_normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    inside_out = (face_normals * outward).sum(axis=1) < 0
    faces = np.where(inside_out[:, None], faces[:, ::-1], faces)
    triangles = foot[faces]
    center = points[foot].mean(axis=0)
    enlarged = points.copy()
    direction = rotation.normalize((points[foot] - center) * [1.0, 0.5, 1.0])
    enlarged[foot] += SHOE_MARGIN * direction
    enlarged[:, 1] = np.maximum(enlarged[:, 1], 0.0)
    srgb = np.where(enlarged[:, 1:2] < 0.018, 0.85 * color + 0.12, color)
    return build_mesh(enlarged, triangles, srgb)


def _wave_noise(points: FloatArray, rng: np.random.Generator, wavelength: float) -> FloatArray:
    """Returns smooth noise (V,) of unit strength, a sum of sine waves of about the given wavelength in m."""
    directions = rng.normal(size=(8, 3)) * (2 * np.pi / wavelength) * 0.6
    return np.asarray(np.sin(points @ directions.T + rng.uniform(0, 2 * np.pi, 8)).sum(axis=1) / 2.0)


def build_mesh(
    points: FloatArray,
    faces: IntArray,
    srgb: FloatArray | None,
    texture: bytes | None = None,
    uvs: FloatArray | None = None,
) -> Mesh:
    """Builds a mesh of the vertices (V, 3) that faces use, with sRGB vertex colours (V, 3) or with a texture."""
    used, local = np.unique(faces, return_inverse=True)
    topology = load_topology()
    colors = None
    if srgb is not None:
        linear = np.clip(np.broadcast_to(srgb, points.shape)[used], 0, 1) ** 2.2
        colors = np.concatenate([linear, np.ones((len(used), 1))], axis=1)
    return Mesh(
        positions=points[used],
        normals=vertex_normals(points, faces)[used],
        triangles=local.reshape(-1, 3),
        joints=topology.joint_indices[used],
        weights=topology.joint_weights[used],
        material=Material(base_color=(1.0, 1.0, 1.0, 1.0), texture_png=texture, is_double_sided=True),
        uvs=None if uvs is None else uvs[used],
        colors=colors,
    )


def vertex_normals(points: FloatArray, faces: IntArray) -> FloatArray:
    """Returns unit normals (V, 3), weighted by the areas of the faces."""
    a, b, c = np.moveaxis(points[faces], 1, 0)
    face_normals = np.cross(b - a, c - a)
    normals = np.zeros_like(points)
    for corner in faces.T:
        np.add.at(normals, corner, face_normals)
    return rotation.normalize(np.where(np.abs(normals).sum(axis=1, keepdims=True) > 0, normals, [0.0, 1.0, 0.0]))
