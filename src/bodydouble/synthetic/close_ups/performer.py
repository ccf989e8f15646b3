"""Performers: a body and its looks -> `Character` whose fingers, eyes and face move as a person's do."""

from dataclasses import replace

import numpy as np

from bodydouble.data import BoolArray, Character, FloatArray, IntArray, Material, Mesh, MorphTarget, Skeleton
from bodydouble.geometry import rotation
from bodydouble.skeletons import humanoid
from bodydouble.synthetic import clothing, textures
from bodydouble.synthetic.bodies import JOINTS, Body, BodyMixture, load_topology, parent_joint
from bodydouble.synthetic.close_ups import face_parts
from bodydouble.synthetic.close_ups.eyes import build_eye, sample_iris_color
from bodydouble.synthetic.close_ups.face_texture import map_head, paint_face
from bodydouble.synthetic.close_ups.hand_rig import HandRig

EYE_JOINTS = ("leftEye", "rightEye")
HEAD, NECK = humanoid.INDEX["head"], humanoid.INDEX["neck"]
CAVITY_COLOR, TEETH_COLOR, TONGUE_COLOR = (0.16, 0.07, 0.07), (0.74, 0.71, 0.64), (0.55, 0.27, 0.27)
"""sRGB colours of the inside of the mouth, of teeth and of the tongue."""
LASH_COLOR, LASH_ALPHA = (0.05, 0.04, 0.04), 0.85
"""sRGB colour of the lashes, and their alpha at the lid."""
NAIL_TINT = (1.06, 0.92, 0.92)
"""Factor of the skin's colour on nails."""
SKIN_ROUGHNESS = 0.62


def build_performer(
    body: Body, mixture: BodyMixture, clothed: clothing.ClothedBody, rig: HandRig, rng: np.random.Generator
) -> Character:
    """Builds the character of a body that is seen from near; its face has the 52 shapes of ARKit.

    Args:
        body: the body at rest.
        mixture: mixture of stored bodies that the body is.
        clothed: skin and clothes.
        rig: joints and skinning of the body.
        rng: source of everything that is random.
    """
    centers, radii = face_parts.eyeballs(body)
    iris = sample_iris_color(rng)
    meshes = (
        *_skin_meshes(body, clothed, rig, rng),
        *(build_eye(centers[k], float(radii[k]), len(JOINTS) + k, iris) for k in range(len(EYE_JOINTS))),
        *_inner_meshes(body, mixture),
        *clothed.garments,
    )
    skeleton = build_skeleton(rig, centers)
    identity = np.tile(rotation.IDENTITY, (len(skeleton.joint_names), 1))
    return Character("person", skeleton, identity, {name: j for j, name in enumerate(skeleton.joint_names)}, meshes)


def build_skeleton(rig: HandRig, eye_centers: FloatArray) -> Skeleton:
    """Builds the skeleton of the 52 joints of a rig and of both eyes."""
    parents = tuple(-1 if (parent := parent_joint(name)) is None else JOINTS.index(parent) for name in JOINTS)
    parents = (*parents, HEAD, HEAD)
    positions = np.concatenate([rig.joints, eye_centers])
    offsets = positions - np.where(np.array(parents)[:, None] >= 0, positions[np.array(parents)], 0.0)
    return Skeleton((*JOINTS, *EYE_JOINTS), parents, offsets)


def _skin_meshes(
    body: Body, clothed: clothing.ClothedBody, rig: HandRig, rng: np.random.Generator
) -> tuple[Mesh, Mesh]:
    """Builds the skin of the head, which is textured, and that of the rest of the body."""
    faces = clothed.skin_faces
    is_head = _is_head()[faces].all(axis=1)
    nails = face_parts.load_face_topology().nails[:, None]
    colors = np.clip(clothed.skin_colors * (1 + nails * (np.array(NAIL_TINT) - 1)), 0.0, 1.0)
    return (
        _head_mesh(body, faces[is_head], clothed, rng),
        _finish(clothing.build_mesh(body.positions, faces[~is_head], colors), rig.weights[np.unique(faces[~is_head])]),
    )


def _is_head() -> BoolArray:
    """Returns a mask (V,) of the vertices that only head and neck move."""
    topology = load_topology()
    moved = np.isin(topology.joint_indices, [HEAD, NECK]) | (topology.joint_weights < 1e-3)
    return np.asarray(moved.all(axis=1) & (topology.joint_weights * (topology.joint_indices == HEAD)).any(axis=1))


def _head_mesh(body: Body, faces: IntArray, clothed: clothing.ClothedBody, rng: np.random.Generator) -> Mesh:
    """Builds the skin of the head with brows and morph targets."""
    used = np.unique(faces)
    head, face_scale = map_head(body), face_parts.eyes_to_mouth(body) / face_parts.ADULT_EYES_TO_MOUTH
    brow_color = np.clip(clothed.hair_color * 0.8 / clothed.skin_tone, 0.05, 0.8)
    texture = textures.encode_png(paint_face(body, head, brow_color, face_scale, rng))
    coordinates = head.coordinates(body.positions)
    mesh = clothing.build_mesh(body.positions, faces, clothed.browless_colors, texture, coordinates)
    targets = _morph_targets(body.positions[used], np.searchsorted(used, faces), face_parts.shape_offsets(body, used))
    return replace(mesh, material=replace(mesh.material, roughness=SKIN_ROUGHNESS), morph_targets=targets)


def _morph_targets(points: FloatArray, faces: IntArray, offsets: FloatArray) -> tuple[MorphTarget, ...]:
    """Returns the morph targets of a mesh whose vertices (V, 3) the shapes move by offsets (52, V, 3)."""
    return tuple(
        MorphTarget(name, moved, face_parts.turn_normals(points, faces, moved))
        for name, moved in face_parts.moved_names(offsets)
    )


def _inner_meshes(body: Body, mixture: BodyMixture) -> list[Mesh]:
    """Builds cavities, teeth, tongue and lashes."""
    parts = face_parts.part_positions(mixture)
    points = np.concatenate([body.positions, parts])
    colors = {"cavities": CAVITY_COLOR, "teeth": TEETH_COLOR, "tongue": TONGUE_COLOR, "lashes": LASH_COLOR}
    return [_inner_mesh(body, points, name, np.array(color)) for name, color in colors.items()]


def _inner_mesh(body: Body, points: FloatArray, name: str, color: FloatArray) -> Mesh:
    faces = face_parts.load_face_topology().faces[name]
    used = np.unique(faces)
    own_points, own_faces = points[used], np.searchsorted(used, faces)
    alpha = _lash_alpha(own_points, body) if name == "lashes" else np.ones(len(used))
    joints = np.zeros((len(used), 4), dtype=np.int64)
    joints[:, 0] = HEAD
    return Mesh(
        positions=own_points,
        normals=face_parts.vertex_normals(own_points, own_faces),
        triangles=own_faces,
        joints=joints,
        weights=np.tile([1.0, 0.0, 0.0, 0.0], (len(used), 1)),
        material=Material(base_color=(1.0, 1.0, 1.0, 1.0), is_double_sided=True,
                          alpha_mode="blend" if name == "lashes" else "opaque"),
        colors=np.column_stack([np.tile(color**2.2, (len(used), 1)), alpha]),
        morph_targets=_morph_targets(own_points, own_faces, face_parts.shape_offsets(body, used)),
    )  # fmt: skip


def _lash_alpha(points: FloatArray, body: Body) -> FloatArray:
    """Returns the alpha (V,) of lashes, which fades towards their tips."""
    skin = body.positions[np.unique(load_topology().faces["skin"])]
    near = skin[np.linalg.norm(skin - points.mean(axis=0), axis=1) < 0.08]
    distance = np.linalg.norm(points[:, None] - near, axis=-1).min(axis=1)
    return np.asarray(LASH_ALPHA * np.clip(1 - distance / max(float(distance.max()), 1e-6), 0.0, 1.0))


def _finish(mesh: Mesh, weights: FloatArray) -> Mesh:
    """Returns a mesh of skin with skinning weights (V, 52), the four largest of each vertex."""
    order = np.argsort(-weights, axis=1, kind="stable")[:, :4]
    largest = np.take_along_axis(weights, order, axis=1)
    return replace(
        mesh,
        joints=order,
        weights=largest / largest.sum(axis=1, keepdims=True),
        material=replace(mesh.material, roughness=SKIN_ROUGHNESS),
    )
