"""Migration of the extension VRM (0.x) to the objects of VRM 1.0; nodes, meshes and materials are those of the file.

The vectors of VRM 0.x have the opposite sign of z.

Source: https://github.com/vrm-c/vrm-specification/blob/master/specification/0.0/README.md
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from bodydouble.characters.vrm0_materials import flip_transform, name_lost_materials, to_linear
from bodydouble.characters.vrm_nodes import FURTHER_BONES, as_object, as_objects, child_nodes
from bodydouble.geometry import rotation

TAIL_LENGTH = 0.07
META_NAMES = {
    "title": "name",
    "version": "version",
    "contactInformation": "contactInformation",
    "otherLicenseUrl": "otherLicenseUrl",
}
AVATAR_PERMISSIONS = {"Everyone": "everyone", "ExplicitlyLicensedPerson": "onlySeparatelyLicensedPerson"}
PRESETS = {
    "neutral": "neutral",
    "a": "aa",
    "i": "ih",
    "u": "ou",
    "e": "ee",
    "o": "oh",
    "blink": "blink",
    "blink_l": "blinkLeft",
    "blink_r": "blinkRight",
    "joy": "happy",
    "angry": "angry",
    "sorrow": "sad",
    "fun": "relaxed",
    "lookup": "lookUp",
    "lookdown": "lookDown",
    "lookleft": "lookLeft",
    "lookright": "lookRight",
}
"""Preset of a blend shape group -> preset of an expression."""

FIRST_PERSON_TYPES = {name.lower(): name for name in ("auto", "both", "thirdPersonOnly", "firstPersonOnly")}
MAX_GAZE_DEG, MIN_GAZE_DEG = 90.0, 0.01
"""Angle of the gaze at the end of a range that is assumed, and the smallest one."""
COLOR_TYPES = {
    "_Color": "color",
    "_EmissionColor": "emissionColor",
    "_ShadeColor": "shadeColor",
    "_RimColor": "rimColor",
    "_OutlineColor": "outlineColor",
}
"""Property of a material -> type of a bind to a colour."""


def migrate(document: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the extensions VRMC_vrm and VRMC_springBone of a file with the extension VRM."""
    extension = as_object(as_object(document.get("extensions")).get("VRM"))
    entries = as_objects(as_object(extension.get("humanoid")).get("humanBones"))
    bones = {e["bone"]: {"node": e.get("node")} for e in entries if e.get("bone") in FURTHER_BONES}
    meta = as_object(extension.get("meta"))
    textures = dict(enumerate(document.get("textures", [])))
    vrm = {
        "meta": _migrate_meta(meta) | {"thumbnailImage": textures.get(meta.get("texture", -1), {}).get("source")},
        "humanoid": {"humanBones": bones},
        "expressions": _migrate_expressions(document, as_object(extension.get("blendShapeMaster"))),
    } | _migrate_first_person(document, as_object(extension.get("firstPerson")))
    springs = _migrate_springs(as_object(extension.get("secondaryAnimation")), document.get("nodes", []))
    return {"VRMC_vrm": vrm} | ({"VRMC_springBone": springs} if springs["springs"] else {})


def name_lost_content(extension: Mapping[str, Any]) -> list[str]:
    """Returns names of the content of the extension VRM that is not migrated."""
    return name_lost_materials(as_objects(extension.get("materialProperties")))


def _migrate_first_person(document: Mapping[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the objects lookAt and firstPerson; curves of the gaze become ranges, since VRM 1.0 has no curves."""
    if not old:
        return {}
    is_expression = str(old.get("lookAtTypeName")).lower() == "blendshape"
    default_scale = 1.0 if is_expression else 10.0
    ranges = {
        f"rangeMap{direction}": _range_map(as_object(old.get(f"lookAt{direction}")), default_scale)
        for direction in ("HorizontalInner", "HorizontalOuter", "VerticalDown", "VerticalUp")
    }
    offset = {"offsetFromHeadBone": _vector(old.get("firstPersonBoneOffset"))}
    nodes_of_mesh = _nodes_of_mesh(document)
    annotations = [
        {"node": node, "type": FIRST_PERSON_TYPES.get(str(entry.get("firstPersonFlag")).lower(), "auto")}
        for entry in as_objects(old.get("meshAnnotations"))
        for node in nodes_of_mesh.get(entry.get("mesh", -2), [])
    ]
    look_at = {"type": "expression" if is_expression else "bone"} | offset | ranges
    return {"lookAt": look_at} | ({"firstPerson": {"meshAnnotations": annotations}} if annotations else {})


def _range_map(old: Mapping[str, Any], default_scale: float) -> dict[str, float]:
    angle = float(old.get("xRange", MAX_GAZE_DEG))
    return {
        "inputMaxValue": min(max(angle, MIN_GAZE_DEG), 2 * MAX_GAZE_DEG),
        "outputScale": float(old.get("yRange", default_scale)),
    }


def _nodes_of_mesh(document: Mapping[str, Any]) -> dict[int, list[int]]:
    """Returns mesh -> its nodes; nodes without a mesh are at -1."""
    nodes: dict[int, list[int]] = {}
    for n, node in enumerate(document.get("nodes", [])):
        nodes.setdefault(node.get("mesh", -1), []).append(n)
    return nodes


def _migrate_meta(old: Mapping[str, Any]) -> dict[str, Any]:
    """Returns metadata of VRM 1.0 that permit no more than the old ones; licences outside of VRM stay as an address."""
    meta = {new: old[name] for name, new in META_NAMES.items() if old.get(name)}
    return meta | {
        "authors": [old.get("author") or "unknown"],
        "references": [old["reference"]] if old.get("reference") else [],
        "avatarPermission": AVATAR_PERMISSIONS.get(str(old.get("allowedUserName")), "onlyAuthor"),
        "allowExcessivelyViolentUsage": old.get("violentUssageName") == "Allow",
        "allowExcessivelySexualUsage": old.get("sexualUssageName") == "Allow",
        "commercialUsage": "personalProfit" if old.get("commercialUssageName") == "Allow" else "personalNonProfit",
    }


def _migrate_expressions(document: Mapping[str, Any], master: Mapping[str, Any]) -> dict[str, Any]:
    nodes_of_mesh = _nodes_of_mesh(document)
    materials = {m.get("name"): k for k, m in reversed(list(enumerate(document.get("materials", []))))}
    expressions: dict[str, Any] = {"preset": {}, "custom": {}}
    for group in as_objects(master.get("blendShapeGroups")):
        preset = PRESETS.get(str(group.get("presetName")).lower())
        binds = [
            {"node": node, "index": bind.get("index"), "weight": bind.get("weight", 0.0) / 100}
            for bind in as_objects(group.get("binds"))
            for node in nodes_of_mesh.get(bind.get("mesh", -2), [])
        ]
        name = preset or str(group.get("name") or "")
        further = _migrate_material_values(as_objects(group.get("materialValues")), materials)
        if name and (binds or further):
            expression = {"isBinary": bool(group.get("isBinary")), "morphTargetBinds": binds} | further
            expressions["preset" if preset else "custom"].setdefault(name, expression)
    return expressions


def _migrate_material_values(values: Sequence[Mapping[str, Any]], materials: Mapping[Any, int]) -> dict[str, Any]:
    """Returns the binds of an expression to colours and to placements of textures; those of no material are dropped."""
    colors, transforms = [], []
    for entry in values:
        prop, target = str(entry.get("propertyName")), entry.get("targetValue") or []
        material = {"material": materials.get(entry.get("materialName"))}
        if material["material"] is None or len(target) < 4:
            continue
        if prop in COLOR_TYPES:
            color = target if prop == "_EmissionColor" else to_linear(target)
            colors.append(material | {"type": COLOR_TYPES[prop], "targetValue": list(color)})
        elif prop.startswith("_MainTex_ST"):
            u, v = prop != "_MainTex_ST_T", prop != "_MainTex_ST_S"
            scale = (target[0] if u else 1.0, target[1] if v else 1.0)
            offset = (target[2] if u else 0.0, target[3] if v else 0.0)
            transforms.append(material | flip_transform(offset, scale))
    binds = {"materialColorBinds": colors, "textureTransformBinds": transforms}
    return {name: found for name, found in binds.items() if found}


def _migrate_springs(secondary: Mapping[str, Any], nodes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Returns the extension VRMC_springBone: a chain per path, since springs of VRM 1.0 do not branch."""
    colliders: list[dict[str, Any]] = []
    groups: list[dict[str, Any]] = []
    for group in as_objects(secondary.get("colliderGroups")):
        spheres = as_objects(group.get("colliders"))
        groups.append({"colliders": list(range(len(colliders), len(colliders) + len(spheres)))})
        for sphere in spheres:
            shape = {"offset": _vector(sphere.get("offset")), "radius": sphere.get("radius", 0.0)}
            colliders.append({"node": group.get("node"), "shape": {"sphere": shape}})
    springs = [
        {
            "name": str(group.get("comment") or f"spring_{k}"),
            "joints": [{"node": node, **_joint_settings(group)} for node in chain],
            "tail": _tail(nodes[chain[-1]]),
            "colliderGroups": list(group.get("colliderGroups") or []),
            "center": group.get("center", -1),
        }
        for k, group in enumerate(as_objects(secondary.get("boneGroups")))
        for root in group.get("bones") or []
        for chain in _chains(nodes, root)
    ]
    return {"specVersion": "1.0", "colliders": colliders, "colliderGroups": groups, "springs": springs}


def _tail(leaf: Mapping[str, Any]) -> list[float]:
    """Returns the offset (3,) of the end of a last bone, which VRM 0.x continues by 7 cm."""
    offset = np.array(leaf.get("translation", [0.0, 0.0, 0.0]), dtype=np.float64)
    return list((TAIL_LENGTH * rotation.normalize(offset)).tolist() if offset.any() else (0.0, -TAIL_LENGTH, 0.0))


def _joint_settings(group: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "hitRadius": group.get("hitRadius", 0.0),
        # The misspelling is that of the format.
        "stiffness": group.get("stiffiness", 1.0),
        "gravityPower": group.get("gravityPower", 0.0),
        "gravityDir": _vector(group.get("gravityDir"), (0.0, -1.0, 0.0)),
        "dragForce": group.get("dragForce", 0.5),
    }


def _vector(value: object, default: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> list[float]:
    stored = as_object(value)
    x, y, z = (stored.get(axis, default[k]) for k, axis in enumerate("xyz"))
    return [x, y, -z]


def _chains(nodes: Sequence[Mapping[str, Any]], root: int) -> Iterator[list[int]]:
    """Yields the paths that cover a node and all below it: the first child continues a path, others begin one."""
    starts = [root]
    while starts:
        chain = [starts.pop()]
        while children := child_nodes(nodes, chain[-1]):
            starts += children[1:]
            chain.append(children[0])
        yield chain
