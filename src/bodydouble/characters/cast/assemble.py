"""Assembly of a drawn character: ``Look`` -> ``Character`` with skin, morph targets, textures and toon values."""

from dataclasses import replace
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from bodydouble.characters.cast.body import JOINTS, Body, build_body, build_skin
from bodydouble.characters.cast.clothes import build_clothes
from bodydouble.characters.cast.face import build_face
from bodydouble.characters.cast.hair import Hair, build_hair
from bodydouble.characters.cast.hats import build_hat, cover_hair
from bodydouble.characters.cast.head import Head, build_head
from bodydouble.characters.cast.head_details import build_beard, build_ears, build_glasses
from bodydouble.characters.cast.look import Look
from bodydouble.characters.cast.meshes import Bone, Part
from bodydouble.characters.cast.paints import choose_paints, create_material, describe_toon
from bodydouble.characters.cast.springs import describe_springs
from bodydouble.characters.cast.tails import build_ties
from bodydouble.data import (
    Character,
    FloatArray,
    IntArray,
    Material,
    Mesh,
    MorphTarget,
    Skeleton,
)
from bodydouble.skeletons import humanoid

MTOON = "VRMC_materials_mtoon"
COVERED = "covered"
"""Name of the mesh of skin under clothes."""
META: dict[str, Any] = {
    "version": "1",
    "authors": ["bodydouble"],
    "avatarPermission": "everyone",
    "allowExcessivelyViolentUsage": True,
    "allowExcessivelySexualUsage": False,
    "commercialUsage": "corporation",
    "allowPoliticalOrReligiousUsage": True,
    "allowAntisocialOrHateUsage": False,
    "creditNotation": "unnecessary",
    "allowRedistribution": True,
    "modification": "allowModificationRedistribution",
}
"""Metadata of a VRM file: the character belongs to whoever made it."""


def build_character(look: Look, *, has_covered_skin: bool = False) -> Character:
    """Builds the character of a look, in the T-pose and in metres.

    Args:
        look: the look.
        has_covered_skin: whether the skin under the clothes is kept, as a mesh ``COVERED``, to be measured.
    """
    # With several threads for each of many small products, they wait for each other on a busy machine.
    with threadpool_limits(1, "blas"):
        return _build_character(look, has_covered_skin)


def _build_character(look: Look, has_covered_skin: bool) -> Character:
    body, head = build_body(look), build_head(look)
    outfit, hair = build_clothes(look, body), build_hair(head, look)
    visible = outfit.visible(body.skin.positions)
    skin = build_skin(body, visible)
    if has_covered_skin:
        skin.append(replace(build_skin(body, -visible)[0], mesh=COVERED))
    parts = [*skin, *outfit.parts, *(_carry(part, body) for part in _build_head_parts(look, head, hair))]
    bones = [*outfit.bones, *(replace(bone, position=_place(bone.position, body)) for bone in hair.bones)]
    tips = outfit.tips | {name: _place(tip, body) for name, tip in hair.tips.items()}
    paints = choose_paints(look, outfit.textures)
    materials = {name: create_material(name, paint) for name, paint in paints.items()}
    skeleton, morphs = _build_skeleton(body, bones), _name_morphs(parts)
    meshes = tuple(_create_mesh(group, morphs[group[0].mesh], materials, skeleton) for group in _group(parts))
    used = {mesh.material.name for mesh in meshes}
    vrm: dict[str, Any] = {
        "meta": META,
        "expressions": {"preset": {"happy": _describe_happiness(morphs)}},
        MTOON: {name: describe_toon(paint) for name, paint in paints.items() if paint.toon and name in used},
        "lookAt": _describe_gaze(look, body),
    }
    if bones:
        vrm["VRMC_springBone"] = describe_springs(body, skeleton, bones, tips)
    rest = np.tile([0.0, 0.0, 0.0, 1.0], (len(skeleton.joint_names), 1))
    return Character(look.name, skeleton, rest, {bone: j for j, bone in enumerate(JOINTS)}, meshes, vrm=vrm)


def _build_head_parts(look: Look, head: Head, hair: Hair) -> list[Part]:
    """Builds what the head carries, in its frame, H."""
    return [
        *build_face(head, look),
        *build_ears(look),
        cover_hair(hair.part, head, look),
        *build_hat(head, look),
        *build_ties(look),
        *build_beard(head, look),
        *build_glasses(head, look),
    ]


def _place(points: FloatArray, body: Body) -> FloatArray:
    """Places points (..., 3) of the frame of the head, H, on the body, m."""
    return np.asarray(points * body.head_height + body.head_origin)


def _describe_gaze(look: Look, body: Body) -> dict[str, Any]:
    """Describes how far expressions turn the gaze, degrees."""
    eyes = body.head_origin + np.array([0.0, look.eye_level, 0.35]) * body.head_height - body.joints["head"]
    ranges = {"Inner": 35.0, "Outer": 35.0}
    maps = {f"rangeMapHorizontal{k}": {"inputMaxValue": v, "outputScale": 1.0} for k, v in ranges.items()}
    maps |= {f"rangeMapVertical{k}": {"inputMaxValue": 25.0, "outputScale": 1.0} for k in ("Down", "Up")}
    return {"type": "expression", "offsetFromHeadBone": eyes.tolist(), **maps}


def _build_skeleton(body: Body, bones: list[Bone]) -> Skeleton:
    names = (*JOINTS, *(bone.name for bone in bones))
    parents = [*(_parent(bone) for bone in JOINTS), *(names.index(bone.parent) for bone in bones)]
    places = [*body.joints.values(), *(bone.position for bone in bones)]
    offsets = [p - (places[parent] if parent >= 0 else 0.0) for p, parent in zip(places, parents, strict=True)]
    return Skeleton(names, tuple(parents), np.array(offsets))


def _parent(bone: str) -> int:
    if bone in humanoid.PARENT:
        parent = humanoid.PARENT[bone]
        return JOINTS.index(parent) if parent else -1
    first = bone.endswith("Metacarpal") or (bone.endswith("Proximal") and "Thumb" not in bone)
    hand = "leftHand" if bone.startswith("left") else "rightHand"
    return JOINTS.index(hand) if first else JOINTS.index(bone) - 1


def _carry(part: Part, body: Body) -> Part:
    """Places a part of the head on the body; the head's joint carries it."""
    positions = _place(part.positions, body)
    morphs = {name: offsets * body.head_height for name, offsets in part.morphs.items()}
    weights = np.tile(body.weights_of(head=1.0), (len(positions), 1))
    return replace(part, positions=positions, weights=weights, morphs=morphs)


def _group(parts: list[Part]) -> list[list[Part]]:
    """Groups the parts that have both mesh and material in common."""
    groups: dict[tuple[str, str], list[Part]] = {}
    for part in parts:
        groups.setdefault((part.mesh, part.material), []).append(part)
    return list(groups.values())


def _name_morphs(parts: list[Part]) -> dict[str, list[str]]:
    """Returns the names of the morph targets by mesh; all materials of a mesh have the same ones."""
    names: dict[str, dict[str, None]] = {}
    for part in parts:
        names.setdefault(part.mesh, {}).update(dict.fromkeys(part.morphs))
    return {mesh: list(found) for mesh, found in names.items()}


def _describe_happiness(morphs: dict[str, list[str]]) -> dict[str, Any]:
    """Describes a laugh: the eyes are arches and the mouth smiles."""
    weights = {"eyeArchLeft": 1.0, "eyeArchRight": 1.0, "mouthSmileLeft": 0.8, "mouthSmileRight": 0.8}
    binds = [
        {"mesh": mesh, "index": names.index(name), "weight": weight}
        for mesh, names in morphs.items()
        for name, weight in weights.items()
        if name in names
    ]
    return {"morphTargetBinds": binds, "overrideBlink": "block", "overrideLookAt": "block"}


def _create_mesh(group: list[Part], morphs: list[str], materials: dict[str, Material], skeleton: Skeleton) -> Mesh:
    starts = np.cumsum([0, *[len(part.positions) for part in group]])
    triangles = np.concatenate([part.triangles + start for part, start in zip(group, starts[:-1], strict=True)])
    joints, weights = _limit_weights(np.concatenate([_weights(part, skeleton) for part in group]))
    return Mesh(
        np.concatenate([part.positions for part in group]),
        np.concatenate([part.normals for part in group]),
        triangles,
        joints,
        weights,
        materials[group[0].material],
        uvs=np.concatenate([part.uvs for part in group]),
        name=group[0].mesh,
        morph_targets=tuple(MorphTarget(name, _join_offsets(group, name)) for name in morphs),
    )


def _weights(part: Part, skeleton: Skeleton) -> FloatArray:
    """Returns the skin weights (V, J) of a part over all joints."""
    weights = np.zeros((len(part.positions), len(skeleton.joint_names)))
    if part.weights is not None:
        left = 1 - np.sum(list(part.bones.values()), axis=0)
        weights[:, : len(JOINTS)] = part.weights * np.reshape(left, (-1, 1))
    for name, values in part.bones.items():
        weights[:, skeleton.index(name)] = values
    return weights


def _join_offsets(group: list[Part], name: str) -> FloatArray:
    return np.concatenate([part.morphs.get(name, np.zeros_like(part.positions)) for part in group])


def _limit_weights(weights: FloatArray) -> tuple[IntArray, FloatArray]:
    """Returns the four largest weights of each vertex and their joints."""
    order = np.argsort(-weights, axis=1, kind="stable")[:, :4]
    largest = np.take_along_axis(weights, order, axis=1)
    largest = np.where(largest < 1e-4, 0.0, largest)
    return order, largest / largest.sum(axis=1, keepdims=True)
