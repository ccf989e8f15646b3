"""Targets of VRM expressions in a glTF document: meshes and materials by name -> indices of nodes and materials."""

from collections.abc import Mapping
from typing import Any

from bodydouble.formats.gltf import Document


class TargetTable:
    """Table of the meshes with their morph targets, and of the materials of a document."""

    def __init__(self, document: Document) -> None:
        """Takes a document whose meshes are complete."""
        gltf = document.gltf
        self._nodes: dict[str, list[int]] = {}
        self.morph_targets: dict[int, list[str]] = {}
        """Node of a mesh -> names of its morph targets."""
        for n, node in enumerate(gltf.nodes):
            if node.mesh is not None:
                mesh = gltf.meshes[node.mesh]
                self._nodes.setdefault(mesh.name, []).append(n)
                self.morph_targets[n] = mesh.extras.get("targetNames", [])
        self._materials = {material.name: k for k, material in enumerate(gltf.materials)}

    def resolve_expression(self, expression: Mapping[str, Any]) -> dict[str, Any]:
        """Returns an expression whose binds have indices; those whose mesh or material is missing are dropped."""
        resolved = dict(expression)
        if "morphTargetBinds" in expression:
            resolved["morphTargetBinds"] = [
                {"node": node, "index": bind["index"], "weight": bind["weight"]}
                for bind in expression["morphTargetBinds"]
                for node in self._nodes.get(bind["mesh"], [])
                if bind["index"] < len(self.morph_targets[node])
            ]
        for kind in ("materialColorBinds", "textureTransformBinds"):
            if kind in expression:
                binds = [bind for bind in expression[kind] if bind["material"] in self._materials]
                resolved[kind] = [{**bind, "material": self._materials[bind["material"]]} for bind in binds]
        return {name: value for name, value in resolved.items() if value != []}

    def resolve_annotations(self, first_person: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the object ``firstPerson`` with the nodes of its meshes, each once."""
        kinds = {
            node: annotation["type"]
            for annotation in first_person.get("meshAnnotations", [])
            for node in self._nodes.get(annotation["mesh"], [])
        }
        annotations = [{"node": node, "type": kind} for node, kind in kinds.items()]
        return {"meshAnnotations": annotations} if annotations else {}
