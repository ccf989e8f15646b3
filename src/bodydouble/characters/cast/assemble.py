"""Assembly of a drawn character: ``Look`` -> ``Character`` with skin, morph targets, textures and toon values."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bodydouble.characters.cast.body import JOINTS, Body, build_body, build_skin
from bodydouble.characters.cast.clothes import build_clothes
from bodydouble.characters.cast.face import build_face
from bodydouble.characters.cast.face_textures import draw_face_texture
from bodydouble.characters.cast.hair import build_hair
from bodydouble.characters.cast.hair_texture import draw_hair_texture
from bodydouble.characters.cast.hats import build_hat, cover_hair
from bodydouble.characters.cast.head import build_head
from bodydouble.characters.cast.head_details import build_beard, build_ears, build_glasses
from bodydouble.characters.cast.look import Color, Look
from bodydouble.characters.cast.meshes import Bone, Part
from bodydouble.characters.cast.springs import describe_springs
from bodydouble.characters.cast.tails import build_ties
from bodydouble.characters.cast.toon import (
    CLOTH,
    DARK_CLOTH,
    FACE,
    HAIR,
    SHOES,
    SKIN,
    THIN_CLOTH,
    Toon,
    describe_mtoon,
    to_linear,
)
from bodydouble.data import (
    Character,
    FloatArray,
    IntArray,
    Material,
    Mesh,
    MorphTarget,
    Skeleton,
    Texture,
    TexturePlacement,
)
from bodydouble.skeletons import humanoid

MTOON = "VRMC_materials_mtoon"
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
    "otherLicenseUrl": "https://creativecommons.org/publicdomain/zero/1.0/",
}
"""Metadata of a VRM file: the character belongs to whoever made it."""
CLAMPED = TexturePlacement(wrap=("clamp", "clamp"))
UNLIT = ("drawing", "soft drawing")
ONE_SIDED = ("face", "skin", "shoes", "sole", "drawing", "soft drawing", "glasses", "hair tie", "bow")


@dataclass(frozen=True, slots=True)
class Paint:
    """Colour of a material, its texture and its toon values."""

    color: Color
    """sRGB."""
    toon: Toon | None
    """None: the colour is shown without light."""
    texture: bytes | None = None
    placement: TexturePlacement = CLAMPED


def build_character(look: Look) -> Character:
    """Builds the character of a look, in the T-pose and in metres."""
    body, head = build_body(look), build_head(look)

    def place(point: FloatArray) -> FloatArray:
        return np.asarray(point * body.head_height + body.head_origin)

    outfit, hair = build_clothes(look, body), build_hair(head, look)
    carried = [
        *build_face(head, look),
        *build_ears(look),
        cover_hair(hair.part, head, look),
        *build_hat(head, look),
        *build_ties(look),
        *build_beard(head, look),
        *build_glasses(head, look),
    ]
    parts = [*build_skin(body, outfit.visible(body.skin.positions)), *outfit.parts]
    parts += [_carry(part, body) for part in carried]
    paints = _choose_paints(look, outfit.textures)
    materials = {name: _create_material(name, paint) for name, paint in paints.items()}
    bones = [*outfit.bones, *(replace(bone, position=place(bone.position)) for bone in hair.bones)]
    tips = outfit.tips | {name: place(tip) for name, tip in hair.tips.items()}
    skeleton = _build_skeleton(body, bones)
    morphs = _name_morphs(parts)
    meshes = tuple(_create_mesh(group, morphs[group[0].mesh], materials, skeleton) for group in _group(parts))
    used = {mesh.material.name for mesh in meshes}
    toons = {name: _describe(paint) for name, paint in paints.items() if paint.toon and name in used}
    return Character(
        look.name,
        skeleton,
        np.tile([0.0, 0.0, 0.0, 1.0], (len(skeleton.joint_names), 1)),
        {bone: j for j, bone in enumerate(JOINTS)},
        meshes,
        vrm={
            "meta": META,
            "expressions": {"preset": {"happy": _describe_happiness(morphs)}},
            MTOON: toons,
            "lookAt": _describe_gaze(look, body),
            **({"VRMC_springBone": describe_springs(body, skeleton, bones, tips)} if bones else {}),
        },
    )


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
    first = bone.endswith(("Metacarpal",)) or (bone.endswith("Proximal") and "Thumb" not in bone)
    hand = "leftHand" if bone.startswith("left") else "rightHand"
    return JOINTS.index(hand) if first else JOINTS.index(bone) - 1


def _carry(part: Part, body: Body) -> Part:
    """Places a part of the head on the body; the head's joint carries it."""
    positions = part.positions * body.head_height + body.head_origin
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


def _choose_paints(look: Look, textures: dict[str, bytes]) -> dict[str, Paint]:
    """Chooses the paint of every material."""
    face, skirt = draw_face_texture(look), TexturePlacement(wrap=("repeat", "clamp"))
    collar = look.top_color if look.top in ("shirt", "hoodie") else look.second_color
    dark: Color = (0.17, 0.15, 0.20)
    sole: Color = tuple(0.55 * c for c in look.shoe_color) if sum(look.shoe_color) < 2.2 else (0.85, 0.30, 0.30)  # type: ignore[assignment]
    bottom = skirt if look.bottom == "skirt" else CLAMPED
    return {
        "face": Paint(look.skin_color, FACE),
        "skin": Paint(look.skin_color, SKIN),
        "drawing": Paint((1.0, 1.0, 1.0), None, face),
        "soft drawing": Paint((1.0, 1.0, 1.0), None, face),
        "hair": Paint(look.hair_color, HAIR, draw_hair_texture(look.hair_color)),
        "top": Paint(look.top_color, CLOTH, textures["top"]),
        "collar": Paint(collar, CLOTH),
        "bottom": Paint(look.bottom_color, DARK_CLOTH, textures["bottom"], bottom),
        "underwear": Paint(dark, THIN_CLOTH),
        "socks": Paint(look.sock_color, THIN_CLOTH),
        "shoes": Paint(look.shoe_color, SHOES),
        "sole": Paint(sole, SHOES),
        "white": Paint((0.96, 0.96, 0.96), THIN_CLOTH),
        "bow": Paint((0.86, 0.22, 0.26), CLOTH),
        "hair tie": Paint((0.86, 0.25, 0.32), CLOTH),
        "hat": Paint(look.hat_color, CLOTH),
        "glasses": Paint((0.24, 0.18, 0.20), THIN_CLOTH),
    }


def _create_material(name: str, paint: Paint) -> Material:
    color = (1.0, 1.0, 1.0) if paint.texture else paint.color
    red, green, blue = (to_linear(channel) for channel in color)
    return Material(
        name,
        base_color=(red, green, blue, 1.0),
        roughness=0.9,
        texture_png=paint.texture,
        texture_placement=paint.placement,
        alpha_mode="blend" if name == "soft drawing" else "opaque",
        is_double_sided=name not in ONE_SIDED,
        is_unlit=name in UNLIT,
    )


def _describe(paint: Paint) -> tuple[dict[str, Any], dict[str, Texture]]:
    """Returns parameters and textures of MToon."""
    assert paint.toon is not None
    parameters = describe_mtoon(paint.toon, paint.color, is_textured=paint.texture is not None)
    textures = {"shadeMultiplyTexture": Texture(paint.texture, paint.placement)} if paint.texture else {}
    return parameters, textures
