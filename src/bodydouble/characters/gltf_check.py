"""Structural check of a glTF document, before anything in it is used: types, references, sizes, the node tree.

A file that passes cannot make the readers follow a reference into nothing, walk in a circle or fill the memory.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bodydouble.errors import FormatError

Document = Mapping[str, Any]

EACH = object()
"""Step of a path: every element of a list, or every value of a mapping."""
REFERENCES: tuple[tuple[str, tuple[object, ...], str], ...] = (
    # kind of the entry, path to an index in it, kind of the entry that the index names
    ("nodes", ("children", EACH), "nodes"),
    ("nodes", ("mesh",), "meshes"),
    ("nodes", ("skin",), "skins"),
    ("skins", ("joints", EACH), "nodes"),
    ("skins", ("inverseBindMatrices",), "accessors"),
    ("meshes", ("primitives", EACH, "indices"), "accessors"),
    ("meshes", ("primitives", EACH, "material"), "materials"),
    ("meshes", ("primitives", EACH, "attributes", EACH), "accessors"),
    ("meshes", ("primitives", EACH, "targets", EACH, EACH), "accessors"),
    ("meshes", ("primitives", EACH, "extensions", "KHR_draco_mesh_compression", "bufferView"), "bufferViews"),
    ("materials", ("pbrMetallicRoughness", "baseColorTexture", "index"), "textures"),
    ("materials", ("pbrMetallicRoughness", "metallicRoughnessTexture", "index"), "textures"),
    ("materials", ("normalTexture", "index"), "textures"),
    ("materials", ("occlusionTexture", "index"), "textures"),
    ("materials", ("emissiveTexture", "index"), "textures"),
    ("materials", ("extensions", "KHR_materials_pbrSpecularGlossiness", "diffuseTexture", "index"), "textures"),
    ("textures", ("source",), "images"),
    ("textures", ("sampler",), "samplers"),
    ("textures", ("extensions", "EXT_texture_webp", "source"), "images"),
    ("images", ("bufferView",), "bufferViews"),
    ("accessors", ("bufferView",), "bufferViews"),
    ("accessors", ("sparse", "indices", "bufferView"), "bufferViews"),
    ("accessors", ("sparse", "values", "bufferView"), "bufferViews"),
    ("bufferViews", ("buffer",), "buffers"),
)
KINDS = (
    "nodes",
    "skins",
    "meshes",
    "materials",
    "textures",
    "samplers",
    "images",
    "accessors",
    "bufferViews",
    "buffers",
)
SIZES: tuple[tuple[str, tuple[object, ...]], ...] = (
    ("accessors", ("count",)),
    ("accessors", ("byteOffset",)),
    ("accessors", ("sparse", "count")),
    ("accessors", ("sparse", "indices", "byteOffset")),
    ("accessors", ("sparse", "values", "byteOffset")),
    ("bufferViews", ("byteOffset",)),
    ("bufferViews", ("byteLength",)),
    ("bufferViews", ("byteStride",)),
    ("buffers", ("byteLength",)),
)
MAX_ENTRIES = 100_000
"""Maximum number of entries of a kind, far above that of any character."""
MAX_ELEMENTS = 20_000_000
"""Maximum number of elements of an array, and of vectors of all meshes with their repetitions."""
VERTEX_VECTORS = 4
"""Number of vectors of a vertex without morph targets, about."""
NODE_VECTORS = {"translation": 3, "rotation": 4, "scale": 3, "matrix": 16}

USED_EXTENSIONS = frozenset(
    {
        "KHR_draco_mesh_compression",
        "KHR_mesh_quantization",
        "KHR_texture_transform",
        "KHR_materials_unlit",
        "KHR_materials_emissive_strength",
        "KHR_materials_pbrSpecularGlossiness",
        "EXT_texture_webp",
        "VRM",
        "VRMC_vrm",
    }
)
"""Extensions whose content is read."""
VRM_EXTENSIONS = frozenset({"VRMC_springBone", "VRMC_node_constraint", "VRMC_materials_mtoon"})
"""Extensions beside VRMC_vrm that are kept where the character is written as VRM."""
DISPENSABLE_EXTENSIONS = (
    "KHR_materials_", "KHR_lights_", "KHR_animation_", "KHR_node_", "KHR_xmp", "EXT_lights_", "VRMC_",
)  # fmt: skip
"""Beginnings of the names of extensions without which a character still has its shape and its base colour."""
LOST_EXTENSIONS = frozenset({"KHR_draco_mesh_compression", "KHR_mesh_quantization", "VRM", "VRMC_vrm"})
"""Extensions that say nothing that a note should name: storage, and the humanoid block."""


def check_document(document: Document) -> None:
    """Checks the types, references, sizes and node tree of a document, and the extensions that it requires.

    Raises:
        FormatError: something is wrong; the message names the first such thing.
    """
    for kind in KINDS:
        if not _is_list_of_mappings(document.get(kind, [])):
            raise FormatError(f"damaged, its {kind} are not a list of objects")
        if len(document.get(kind, [])) > MAX_ENTRIES:
            raise FormatError(f"it has more than {MAX_ENTRIES:,} {kind}")
    _check_required_extensions(document.get("extensionsRequired", []))
    for kind, path, target in REFERENCES:
        _check_references(document, kind, path, target)
    for kind, path in SIZES:
        _check_sizes(document, kind, path)
    for i, node in enumerate(document.get("nodes", [])):
        _check_node_vectors(node, i)
    for i, skin in enumerate(document.get("skins", [])):
        if not skin.get("joints"):
            raise FormatError(f"damaged, its skin {i} has no joints")
    parents_first(node_parents(document.get("nodes", [])))
    _check_mesh_sizes(document)


def describe_lost_extensions(document: Document) -> str | None:
    """Names the extensions in use that are not kept, or in .vrm and .glb files only; None if there is none."""
    declared = document.get("extensionsUsed", [])
    used = {str(name) for name in declared} if isinstance(declared, list) else set()
    of_vrm = used & VRM_EXTENSIONS if "VRMC_vrm" in used else set()
    lost = used - USED_EXTENSIONS - LOST_EXTENSIONS - of_vrm
    parts = (("not kept", lost), ("kept in .vrm and .glb files only", of_vrm))
    return "; ".join(f"{reason}: {', '.join(sorted(names))}" for reason, names in parts if names) or None


def node_parents(nodes: Sequence[Mapping[str, Any]]) -> list[int]:
    """Returns the parent of every node, -1 at the top; raises FormatError if a node has two."""
    parents = [-1] * len(nodes)
    for i, node in enumerate(nodes):
        for child in node.get("children", []):
            if parents[child] >= 0:
                raise FormatError(f"damaged, its node {child} has two parents")
            parents[child] = i
    return parents


def parents_first(parents: Sequence[int]) -> list[int]:
    """Returns all nodes in the order of a depth-first walk; raises FormatError if the nodes form a loop."""
    children: list[list[int]] = [[] for _ in parents]
    for node, parent in enumerate(parents):
        if parent >= 0:
            children[parent].append(node)
    order, waiting = [], [node for node in reversed(range(len(parents))) if parents[node] < 0]
    while waiting:
        order.append(waiting.pop())
        waiting.extend(reversed(children[order[-1]]))
    if len(order) < len(parents):
        raise FormatError("damaged, its nodes form a loop")
    return order


def _check_mesh_sizes(document: Document) -> None:
    counts = [accessor.get("count", 0) for accessor in document.get("accessors", [])]
    sizes = [
        sum(_count_elements(primitive, counts) for primitive in mesh.get("primitives", []))
        for mesh in document.get("meshes", [])
    ]
    if sum(sizes[node["mesh"]] for node in document.get("nodes", []) if "mesh" in node) > MAX_ELEMENTS:
        raise FormatError(f"its meshes have more than {MAX_ELEMENTS:,} elements, counted with their repetitions")


def _count_elements(primitive: Mapping[str, Any], counts: Sequence[int]) -> int:
    """Returns the number of vectors of vertices and morph targets and of indices that a primitive claims."""
    attributes = primitive.get("attributes", {})
    vertices = max((counts[accessor] for accessor in attributes.values()), default=0)
    indices = counts[primitive["indices"]] if "indices" in primitive else 0
    return int(vertices * (VERTEX_VECTORS + len(primitive.get("targets", []))) + indices)


def _is_list_of_mappings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(entry, dict) for entry in value)


def _check_required_extensions(required: object) -> None:
    names = [str(name) for name in required] if isinstance(required, list) else []
    unknown = [name for name in names if name not in USED_EXTENSIONS and not name.startswith(DISPENSABLE_EXTENSIONS)]
    if unknown:
        raise FormatError(f"it requires {', '.join(unknown)}, which is not supported; export it without this extension")


def _values(value: object, path: tuple[object, ...]) -> Iterator[object]:
    """Yields the values at a path; a part that is missing yields nothing."""
    if not path:
        yield value
    elif path[0] is EACH:
        elements = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
        if elements is None:
            raise FormatError("damaged, it has a number or text where a list belongs")
        for element in elements:
            yield from _values(element, path[1:])
    elif not isinstance(value, dict):
        raise FormatError("damaged, it has a number, text or list where an object belongs")
    elif path[0] in value:
        yield from _values(value[path[0]], path[1:])


def _is_index(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _check_references(document: Document, kind: str, path: tuple[object, ...], target: str) -> None:
    count = len(document.get(target, []))
    for i, entry in enumerate(document.get(kind, [])):
        for value in _values(entry, path):
            if not (_is_index(value) and isinstance(value, int) and value < count):
                raise FormatError(f"damaged, entry {i} of its {kind} names {target} {value!r:.40}, which do not exist")


def _check_sizes(document: Document, kind: str, path: tuple[object, ...]) -> None:
    for i, entry in enumerate(document.get(kind, [])):
        for value in _values(entry, path):
            if not _is_index(value):
                raise FormatError(f"damaged, entry {i} of its {kind} has {path[-1]} {value!r:.40}")


def _check_node_vectors(node: Mapping[str, Any], index: int) -> None:
    for name in NODE_VECTORS.keys() & node.keys():
        values, length = node[name], NODE_VECTORS[name]
        is_valid = isinstance(values, list) and len(values) == length
        if not (is_valid and all(isinstance(v, int | float) and math.isfinite(v) for v in values)):
            raise FormatError(f"damaged, the {name} of its node {index} is not {length} finite numbers")
