"""Content of a VRM file beside rig and meshes -> ``Character.vrm``: what a .vrm file made from the character keeps."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bodydouble.characters.gltf_arrays import GltfFile
from bodydouble.characters.gltf_materials import read_texture
from bodydouble.characters.gltf_meshes import mesh_name
from bodydouble.characters.gltf_rig import Rig
from bodydouble.characters.spring_chains import EXTENDED_COLLIDER
from bodydouble.characters.vrm0_materials import MTOON
from bodydouble.characters.vrm0_migration import migrate, name_lost_content
from bodydouble.characters.vrm_nodes import FURTHER_BONES, as_object, as_objects, find_constraint
from bodydouble.data import FloatArray
from bodydouble.errors import FormatError
from bodydouble.geometry import rotation

PERMISSIONS = (
    "avatarPermission commercialUsage creditNotation modification allowExcessivelyViolentUsage "
    "allowExcessivelySexualUsage allowPoliticalOrReligiousUsage allowAntisocialOrHateUsage allowRedistribution"
)
TEXTS = "name version copyrightInformation contactInformation thirdPartyLicenses licenseUrl otherLicenseUrl"
META_NAMES = (*PERMISSIONS.split(), *TEXTS.split(), "authors", "references")
BIND_KINDS = ("morphTargetBinds", "materialColorBinds", "textureTransformBinds")


def read_vrm_content(file: GltfFile, rig: Rig, turn: FloatArray, scale: float) -> dict[str, Any] | None:
    """Reads the content of a VRM file that does not depend on its own indices.

    Args:
        file: the file.
        rig: its rig.
        turn: (4,) xyzw, world rotation from the file to the character.
        scale: factor from the file to the character.

    Returns:
        Objects of VRM 1.0 in which nodes are joints of the rig, and meshes and materials are named: ``meta``,
        ``thumbnail`` (an image file), ``expressions``, ``lookAt``, ``firstPerson``, ``humanBones``, and the extensions
        ``VRMC_springBone`` (whose springs may have a ``tail``, the offset of a further node from the last joint),
        ``VRMC_node_constraint`` by joint and ``VRMC_materials_mtoon`` by material. None if the
        file is no VRM file.
    """
    extensions = as_object(file.document.get("extensions"))
    if not {"VRMC_vrm", "VRM"} & extensions.keys():
        return None
    reader = _Reader(file, rig, turn, scale)
    try:
        content = reader.read(extensions if "VRMC_vrm" in extensions else migrate(file.document))
        # Numbers that are not finite raise ValueError, since a glTF file cannot hold them.
        json.dumps(content, allow_nan=False, default=lambda _: None)
    except (FormatError, ValueError, KeyError, TypeError, IndexError, AttributeError):
        file.note("its VRM content beside the skeleton is damaged and was left out")
        return None
    lost = reader.lost if "VRMC_vrm" in extensions else reader.lost + name_lost_content(as_object(extensions["VRM"]))
    if lost:
        file.note(f"of its VRM content, these were left out: {', '.join(dict.fromkeys(lost))}")
    return content


def _is_valid(name: str, value: object) -> bool:
    """Returns whether a value of the metadata has the type that VRM 1.0 wants."""
    if name in ("authors", "references"):
        return isinstance(value, list) and bool(value) and all(isinstance(item, str) for item in value)
    return isinstance(value, bool if name.startswith("allow") else str)


@dataclass
class _Reader:
    """Reader of VRM 1.0 objects that replaces indices of a file."""

    file: GltfFile
    rig: Rig
    turn: FloatArray
    scale: float
    lost: list[str] = field(default_factory=list)
    """Names of the content that cannot be kept."""

    def read(self, extensions: Mapping[str, Any]) -> dict[str, Any]:
        vrm = as_object(extensions.get("VRMC_vrm"))
        meta = as_object(vrm.get("meta"))
        bones = as_object(as_object(vrm.get("humanoid")).get("humanBones"))
        content: dict[str, Any] = {
            "meta": {name: meta[name] for name in META_NAMES if _is_valid(name, meta.get(name))},
            "thumbnail": self._thumbnail(meta.get("thumbnailImage")),
            "expressions": self._expressions(as_object(vrm.get("expressions"))),
            "humanBones": self._further_bones(bones),
            "lookAt": self._look_at(as_object(vrm.get("lookAt"))),
            "firstPerson": self._first_person(as_object(vrm.get("firstPerson"))),
            "VRMC_springBone": self._spring_bones(as_object(extensions.get("VRMC_springBone"))),
            "VRMC_node_constraint": self._constraints(),
            MTOON: self._toon_materials(),
        }
        return {name: value for name, value in content.items() if value}

    def _thumbnail(self, image: object) -> bytes | None:
        if not isinstance(image, int):
            return None
        encoded = self.file.image_file(image)
        if encoded.startswith((b"\x89PNG", b"\xff\xd8\xff")):
            return encoded
        self.lost.append("the thumbnail")
        return None

    def _further_bones(self, bones: Mapping[str, Any]) -> dict[str, int]:
        nodes = {bone: as_object(bones.get(bone)).get("node") for bone in FURTHER_BONES}
        return {bone: self.rig.joint_of_node[node] for bone, node in nodes.items() if node in self.rig.joint_of_node}

    def _expressions(self, kinds: Mapping[str, Any]) -> dict[str, Any]:
        return {
            kind: {name: self._expression(as_object(value)) for name, value in as_object(kinds[kind]).items()}
            for kind in ("preset", "custom")
            if kinds.get(kind)
        }

    def _expression(self, expression: Mapping[str, Any]) -> dict[str, Any]:
        binds = {
            kind: [self._name_target(bind) for bind in as_objects(expression[kind])]
            for kind in BIND_KINDS
            if expression.get(kind)
        }
        return {name: value for name, value in expression.items() if name != "extensions"} | binds

    def _name_target(self, bind: Mapping[str, Any]) -> dict[str, Any]:
        """Returns a bind, or an annotation of a mesh, with names for its node and material."""
        named = dict(bind)
        if "node" in named:
            named["mesh"] = mesh_name(self.file, named.pop("node"))
        if "material" in named:
            named["material"] = self._material_name(named["material"])
        return named

    def _material_name(self, index: int) -> str:
        return str(self.file.entries("materials")[index].get("name") or f"material_{index}")

    def _look_at(self, look_at: Mapping[str, Any]) -> dict[str, Any]:
        offset = self.scale * np.array(look_at.get("offsetFromHeadBone", [0.0, 0.0, 0.0]), dtype=np.float64)
        kept = {name: value for name, value in look_at.items() if name != "extensions"}
        return kept | {"offsetFromHeadBone": offset.tolist()} if look_at else {}

    def _first_person(self, first_person: Mapping[str, Any]) -> dict[str, Any]:
        annotations = [self._name_target(a) for a in as_objects(first_person.get("meshAnnotations"))]
        return {"meshAnnotations": annotations} if annotations else {}

    def _spring_bones(self, springs: Mapping[str, Any]) -> dict[str, Any]:
        colliders = {
            k: self._collider(collider)
            for k, collider in enumerate(as_objects(springs.get("colliders")))
            if collider.get("node") in self.rig.joint_of_node
        }
        place = {k: i for i, k in enumerate(colliders)}
        groups = [
            {**group, "colliders": [place[k] for k in group["colliders"] if k in place]}
            for group in as_objects(springs.get("colliderGroups"))
        ]
        kept = [s for spring in as_objects(springs.get("springs")) if (s := self._spring(spring))]
        if not kept:
            return {}
        return {"specVersion": "1.0", "colliders": list(colliders.values()), "colliderGroups": groups, "springs": kept}

    def _collider(self, collider: Mapping[str, Any]) -> dict[str, Any]:
        joint = self.rig.joint_of_node[collider["node"]]
        extended = as_object(as_object(collider.get("extensions")).get(EXTENDED_COLLIDER))
        shape = self._shape(as_object(extended.get("shape")), joint, ("sphere", "capsule", "plane"))
        kept = {"node": joint, "shape": self._shape(as_object(collider.get("shape")), joint, ("sphere", "capsule"))}
        return kept | ({"extensions": {EXTENDED_COLLIDER: {"specVersion": "1.0", "shape": shape}}} if shape else {})

    def _shape(self, shape: Mapping[str, Any], joint: int, kinds: Sequence[str]) -> dict[str, Any]:
        """Returns the shape of a collider with lengths in metres."""
        unit = self._unit(joint)
        read: dict[str, Callable[[Any], Any]] = {
            **dict.fromkeys(("offset", "tail", "radius"), lambda value: (np.array(value) * unit).tolist()),
            "normal": lambda value: rotation.normalize(np.array(value, dtype=np.float64).reshape(3)).tolist(),
            "inside": bool,
        }
        return {
            kind: {name: read[name](value) for name, value in as_object(values).items() if name in read}
            for kind, values in shape.items()
            if kind in kinds
        }

    def _unit(self, joint: int) -> float:
        """Returns the metres of the character per unit of a joint's axes."""
        return float(self.scale * np.cbrt(abs(np.linalg.det(self.rig.bind[joint, :3, :3]))))

    def _spring(self, spring: Mapping[str, Any]) -> dict[str, Any]:
        """Returns a spring; empty if it has joints outside of the rig."""
        joints, of_node = as_objects(spring.get("joints")), self.rig.joint_of_node
        if not joints or not all(joint.get("node") in of_node for joint in joints):
            self.lost.append(f"the spring bones {spring.get('name') or ''}".strip())
            return {}
        kept = {name: value for name, value in spring.items() if name in ("name", "colliderGroups")}
        if spring.get("center") in of_node:
            kept["center"] = of_node[spring["center"]]
        if "tail" in spring:
            kept["tail"] = (np.array(spring["tail"]) * self._unit(of_node[joints[-1]["node"]])).tolist()
        return kept | {"joints": [self._spring_joint(joint) for joint in joints]}

    def _spring_joint(self, joint: Mapping[str, Any]) -> dict[str, Any]:
        gravity = np.array(joint.get("gravityDir", [0.0, -1.0, 0.0]), dtype=np.float64)
        index = self.rig.joint_of_node[joint["node"]]
        moved = {
            "node": index,
            "gravityDir": rotation.rotate(self.turn, gravity).tolist(),
            "hitRadius": joint.get("hitRadius", 0.0) * self._unit(index),
        }
        return {name: value for name, value in joint.items() if name != "extensions"} | moved

    def _constraints(self) -> dict[int, Any]:
        kept, of_node = {}, self.rig.joint_of_node
        for node, entry in enumerate(self.file.entries("nodes")):
            found = find_constraint(entry)
            if found and node in of_node and found[1].get("source") in of_node:
                kind, parameters = found
                kept[of_node[node]] = {kind: {**parameters, "source": of_node[parameters["source"]]}}
            elif found:
                self.lost.append("constraints of nodes outside of the skeleton")
        return kept

    def _toon_materials(self) -> dict[str, Any]:
        """Returns material name -> (parameters, textures by name) of MToon."""
        found: dict[str, Any] = {}
        for k, material in enumerate(self.file.entries("materials")):
            toon = as_object(as_object(material.get("extensions")).get(MTOON))
            base = as_object(as_object(material.get("pbrMetallicRoughness")).get("baseColorTexture"))
            if toon and base.get("texCoord", 0) != 0:
                self.lost.append(f"MToon of {self._material_name(k)}")
            elif toon:
                references = {name: value for name, value in toon.items() if name.endswith("Texture")}
                textures = {name: read_texture(self.file, value, "scale") for name, value in references.items()}
                parameters = {n: v for n, v in toon.items() if n not in references and n != "extensions"}
                found[self._material_name(k)] = parameters, {n: t for n, t in textures.items() if t is not None}
        return found
