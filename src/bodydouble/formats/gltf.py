"""glTF 2.0 binary (GLB): ``Character``, node rotations and hips translation -> one file with its animations.

Meshes with their morph targets, the skin, the animation and the materials are written.

Source: the glTF 2.0 specification, https://www.khronos.org/gltf/
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from importlib.metadata import version
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pygltflib
from numpy.typing import NDArray

from bodydouble.data import BoolArray, Character, FloatArray, Mesh, MorphTarget
from bodydouble.errors import InvalidDataError
from bodydouble.formats.atomic import atomic_write
from bodydouble.formats.gltf_materials import MaterialTable
from bodydouble.formats.gltf_tangents import compute_tangents
from bodydouble.geometry import camera, kinematics, rotation

STATIC_ROTATION_TOLERANCE = 1e-6
"""A joint whose quaternion stays this close to that of its node gets no track."""
MIN_MORPH_OFFSET = 1e-7
"""Smaller offsets of a morph target, m, are zero."""

NodePose = tuple[FloatArray, FloatArray]
"""Rotations (J, 4) xyzw of all joints, and the translation (3,) m of the hips, local to their parents."""
ContentWriter = Callable[["Document"], None]
"""Function that adds content to a document."""

_COMPONENT_TYPES = {
    np.dtype(np.uint8): pygltflib.UNSIGNED_BYTE,
    np.dtype(np.uint16): pygltflib.UNSIGNED_SHORT,
    np.dtype(np.uint32): pygltflib.UNSIGNED_INT,
    np.dtype(np.float32): pygltflib.FLOAT,
}
_TYPES: dict[tuple[int, ...], str] = {(): "SCALAR", (2,): "VEC2", (3,): "VEC3", (4,): "VEC4", (4, 4): "MAT4"}


def write(
    path: Path,
    character: Character,
    rotations: FloatArray,
    hips_translation: FloatArray,
    fps: Fraction,
    name: str,
    keys: tuple[BoolArray, BoolArray] | None = None,
    extensions: Mapping[str, Any] | None = None,
    node_pose: NodePose | None = None,
    add_content: ContentWriter | None = None,
) -> None:
    """Writes a character with an animation.

    Args:
        path: the .glb file to write; it appears only when it is complete.
        character: a character with J joints.
        rotations: (T, J, 4) xyzw, rotation of every joint node, local to its parent.
        hips_translation: (T, 3) m, translation of the hips node, in the axes of its parent.
        fps: rate of the frames; frame i is shown at i / fps seconds.
        name: name of the animation.
        keys: (T, J) and (T,) True where a joint's rotation and the hips' translation have a key. The first and the last
            frame need one. None: keys in all frames for all joints.
        extensions: glTF extensions of the whole file, by name. Node j is joint j.
        node_pose: pose in which the nodes are stored; the rest pose of the character if not given.
        add_content: function that adds further content to the document before it is written.

    Raises:
        InvalidDataError: the arrays do not fit the character or hold values that are not finite.
        OutputError: the file cannot be written.
    """
    _check_animation(character, rotations, hips_translation)
    keys = keys or _all_keys(rotations)
    _check_keys(rotations, *keys)
    document = Document(character, node_pose)
    document.add_skeleton()
    if character.meshes:
        document.add_skin_and_meshes()
    document.add_animation(rotations, hips_translation, fps, name, keys)
    document.add_extensions(extensions or {})
    if add_content is not None:
        add_content(document)
    with atomic_write(path) as temporary:
        temporary.write_bytes(document.to_bytes())


@dataclass(frozen=True, slots=True)
class NamedAnimation:
    """Animation of a character with J joints."""

    name: str
    rotations: FloatArray
    """(T, J, 4) xyzw, of every joint node, local to its parent."""
    hips_translation: FloatArray
    """(T, 3) m, of the hips node, in the axes of its parent."""
    fps: Fraction


def write_animations(
    path: Path,
    character: Character,
    animations: Sequence[NamedAnimation],
    node_pose: NodePose | None = None,
    add_content: ContentWriter | None = None,
) -> None:
    """Writes a character with several animations, each with a key in every frame; otherwise as ``write`` does."""
    document = Document(character, node_pose)
    document.add_skeleton()
    if character.meshes:
        document.add_skin_and_meshes()
    for animation in animations:
        _check_animation(character, animation.rotations, animation.hips_translation)
        document.add_animation(
            animation.rotations,
            animation.hips_translation,
            animation.fps,
            animation.name,
            _all_keys(animation.rotations),
        )
    if add_content is not None:
        add_content(document)
    with atomic_write(path) as temporary:
        temporary.write_bytes(document.to_bytes())


def _all_keys(rotations: FloatArray) -> tuple[BoolArray, BoolArray]:
    return np.ones(rotations.shape[:2], dtype=np.bool_), np.ones(len(rotations), dtype=np.bool_)


def _check_animation(character: Character, rotations: FloatArray, hips_translation: FloatArray) -> None:
    frames, joints = len(rotations), len(character.skeleton.joint_names)
    if frames == 0 or rotations.shape != (frames, joints, 4) or hips_translation.shape != (frames, 3):
        raise InvalidDataError(
            f"animation of {character.name}: rotations {rotations.shape} and hips_translation "
            f"{hips_translation.shape}, expected (frames, {joints}, 4) and (frames, 3)"
        )
    if not (np.isfinite(rotations).all() and np.isfinite(hips_translation).all()):
        raise InvalidDataError(f"animation of {character.name}: there are values that are not finite")


def _check_keys(rotations: FloatArray, rotation_keys: BoolArray, translation_keys: BoolArray) -> None:
    if rotation_keys.shape != rotations.shape[:2] or translation_keys.shape != rotations.shape[:1]:
        raise InvalidDataError(
            f"keys are {rotation_keys.shape} and {translation_keys.shape} for rotations {rotations.shape}"
        )
    if not (rotation_keys[[0, -1]].all() and translation_keys[[0, -1]].all()):
        raise InvalidDataError("keys: the first and the last frame need one on every joint")


class Document:
    """Builder of a glTF document: its JSON objects and its binary chunk."""

    def __init__(self, character: Character, node_pose: NodePose | None = None) -> None:
        """Takes the character, and the pose in which its nodes are stored; its rest pose if not given."""
        self.character = character
        self.gltf = pygltflib.GLTF2(
            asset=pygltflib.Asset(generator=f"bodydouble {version('bodydouble')}"),
            scene=0,
            scenes=[pygltflib.Scene(nodes=[0])],
        )
        self.binary = bytearray()
        self.materials = MaterialTable(self.gltf, self.add_buffer_view)
        rest = kinematics.local_rotations(character.skeleton.parents, character.rest_rotations)
        self.bind_local = rotation.normalize(rest)
        hips = character.humanoid["hips"]
        self.node_rotations, hips_translation = node_pose or (self.bind_local, character.skeleton.rest_offsets[hips])
        self.node_translations = character.skeleton.rest_offsets.copy()
        self.node_translations[hips] = hips_translation

    def to_bytes(self) -> bytes:
        """Returns the bytes of the file."""
        self.gltf.buffers = [pygltflib.Buffer(byteLength=len(self.binary))]
        self.gltf.set_binary_blob(bytes(self.binary))
        return b"".join(self.gltf.save_to_bytes())

    def add_extensions(self, extensions: Mapping[str, Any]) -> None:
        """Adds extensions of the whole file."""
        self.gltf.extensions.update(extensions)
        for name in extensions:
            self.declare_extension(name)

    def declare_extension(self, name: str) -> None:
        """Declares that the file uses an extension."""
        if name not in self.gltf.extensionsUsed:
            self.gltf.extensionsUsed.append(name)

    def add_buffer_view(self, data: bytes, target: int | None = None) -> int:
        """Appends bytes at a multiple of four; returns the index of their buffer view."""
        self.gltf.bufferViews.append(
            pygltflib.BufferView(buffer=0, byteOffset=len(self.binary), byteLength=len(data), target=target)
        )
        self.binary += data + bytes(-len(data) % 4)
        return len(self.gltf.bufferViews) - 1

    def add_accessor(self, array: NDArray[Any], target: int | None = None, bounds: bool = False) -> int:
        """Appends an array whose first axis is the elements; returns the index of its accessor."""
        accessor = pygltflib.Accessor(
            bufferView=self.add_buffer_view(np.ascontiguousarray(array).tobytes(), target),
            componentType=_COMPONENT_TYPES[array.dtype],
            count=len(array),
            type=_TYPES[array.shape[1:]],
        )
        if bounds:
            accessor.min = np.atleast_1d(array.min(axis=0)).tolist()
            accessor.max = np.atleast_1d(array.max(axis=0)).tolist()
        self.gltf.accessors.append(accessor)
        return len(self.gltf.accessors) - 1

    def add_skeleton(self) -> None:
        """Adds one node per joint, so that node j is joint j."""
        skeleton = self.character.skeleton
        for j, joint_name in enumerate(skeleton.joint_names):
            self.gltf.nodes.append(
                pygltflib.Node(
                    name=joint_name,
                    translation=self.node_translations[j].tolist(),
                    rotation=self.node_rotations[j].tolist(),
                    children=[child for child, parent in enumerate(skeleton.parents) if parent == j],
                )
            )

    def add_node(self, joint: int, translation: list[float]) -> int:
        """Adds a node below a joint that is no joint of the skin; returns its index."""
        nodes = self.gltf.nodes
        nodes[joint].children.append(len(nodes))
        nodes.append(pygltflib.Node(name=f"{nodes[joint].name}_end", translation=translation))
        return len(nodes) - 1

    def add_skin_and_meshes(self) -> None:
        """Adds the meshes of each name as the primitives of one skinned node at the top of the scene."""
        gltf, joints = self.gltf, len(self.character.skeleton.joint_names)
        gltf.skins.append(
            pygltflib.Skin(
                joints=list(range(joints)),
                skeleton=0,
                inverseBindMatrices=self.add_accessor(self._inverse_bind_matrices()),
            )
        )
        for (name, target_names), meshes in _group_meshes(self.character):
            mesh = pygltflib.Mesh(name=name, primitives=[self._add_primitive(mesh) for mesh in meshes])
            if target_names:
                mesh.weights = [target.weight for target in meshes[0].morph_targets]
                mesh.extras = {"targetNames": list(target_names)}
            gltf.scenes[0].nodes.append(len(gltf.nodes))
            gltf.nodes.append(pygltflib.Node(name=name, mesh=len(gltf.meshes), skin=0))
            gltf.meshes.append(mesh)

    def _inverse_bind_matrices(self) -> NDArray[np.float32]:
        """(J, 4, 4), column-major as glTF wants it."""
        skeleton = self.character.skeleton
        bind = kinematics.joint_matrices(skeleton, self.bind_local, skeleton.rest_offsets[0])
        return np.swapaxes(camera.inverse(bind), -1, -2).astype(np.float32)

    def _add_primitive(self, mesh: Mesh) -> pygltflib.Primitive:
        joints, weights = _normalize_skin_weights(mesh)
        attributes = {
            "POSITION": self.add_accessor(mesh.positions.astype(np.float32), pygltflib.ARRAY_BUFFER, bounds=True),
            "NORMAL": self._add_floats(_unit_normals(mesh.normals)),
            "JOINTS_0": self.add_accessor(joints, pygltflib.ARRAY_BUFFER),
            "WEIGHTS_0": self._add_floats(weights),
        }
        uv_sets = [] if mesh.uvs is None else [mesh.uvs, *mesh.further_uvs]
        for k, uvs in enumerate(uv_sets):
            attributes[f"TEXCOORD_{k}"] = self._add_floats(uvs)
        if mesh.material.normal_map is not None and uv_sets:
            uvs = uv_sets[mesh.material.normal_map.placement.uv_set]
            tangents = compute_tangents(mesh.positions, _unit_normals(mesh.normals), uvs, mesh.triangles)
            attributes["TANGENT"] = self._add_floats(tangents)
        if mesh.colors is not None:
            attributes["COLOR_0"] = self._add_floats(mesh.colors)
        # The largest index of a type is reserved for primitive restart.
        index_type = np.uint16 if len(mesh.positions) <= np.iinfo(np.uint16).max else np.uint32
        return pygltflib.Primitive(
            attributes=pygltflib.Attributes(**attributes),
            indices=self.add_accessor(mesh.triangles.ravel().astype(index_type), pygltflib.ELEMENT_ARRAY_BUFFER),
            material=self.materials.index(mesh.material),
            targets=[self._add_morph_target(target) for target in mesh.morph_targets],
        )

    def _add_morph_target(self, target: MorphTarget) -> dict[str, int]:
        attributes = {"POSITION": self._add_sparse(target.position_offsets)}
        if target.normal_offsets is not None:
            attributes["NORMAL"] = self._add_sparse(target.normal_offsets)
        return attributes

    def _add_sparse(self, offsets: FloatArray) -> int:
        """Appends offsets (V, 3), of which only those that are not zero are stored."""
        values = offsets.astype(np.float32)
        changed = np.flatnonzero(np.abs(values).max(axis=1) > MIN_MORPH_OFFSET).astype(np.uint32)
        values = np.where(np.isin(np.arange(len(values)), changed)[:, None], values, np.float32(0.0))
        sparse = pygltflib.AccessorSparseIndices, pygltflib.AccessorSparseValues
        self.gltf.accessors.append(
            pygltflib.Accessor(
                byteOffset=None,
                componentType=pygltflib.FLOAT,
                count=len(values),
                type="VEC3",
                min=values.min(axis=0).tolist(),
                max=values.max(axis=0).tolist(),
                sparse=pygltflib.Sparse(
                    count=len(changed),
                    indices=sparse[0](
                        bufferView=self.add_buffer_view(changed.tobytes()), componentType=pygltflib.UNSIGNED_INT
                    ),
                    values=sparse[1](bufferView=self.add_buffer_view(values[changed].tobytes())),
                )
                if len(changed)
                else None,
            )
        )
        return len(self.gltf.accessors) - 1

    def _add_floats(self, values: FloatArray) -> int:
        return self.add_accessor(values.astype(np.float32), pygltflib.ARRAY_BUFFER)

    def add_animation(
        self,
        rotations: FloatArray,
        hips_translation: FloatArray,
        fps: Fraction,
        name: str,
        keys: tuple[BoolArray, BoolArray],
    ) -> None:
        """Adds tracks for the hips' translation and for every joint that leaves its rest rotation."""
        seconds = (np.arange(len(rotations)) * (fps.denominator / fps.numerator)).astype(np.float32)
        animation = pygltflib.Animation(name=name)
        self.gltf.animations.append(animation)
        times: dict[bytes, int] = {}

        def add_track(joint: int, path: str, values: FloatArray, key_mask: BoolArray) -> None:
            # Curves with keys in the same frames share their times.
            if key_mask.tobytes() not in times:
                times[key_mask.tobytes()] = self.add_accessor(seconds[key_mask], bounds=True)
            target = pygltflib.AnimationChannelTarget(node=joint, path=path)
            animation.channels.append(pygltflib.AnimationChannel(sampler=len(animation.samplers), target=target))
            output = self.add_accessor(values.astype(np.float32))
            animation.samplers.append(pygltflib.AnimationSampler(input=times[key_mask.tobytes()], output=output))

        rotation_keys, translation_keys = keys
        hips = self.character.humanoid["hips"]
        add_track(hips, pygltflib.TRANSLATION, hips_translation[translation_keys], translation_keys)
        # With the node's rotation as first element, the whole track lies in its hemisphere.
        stored = self.node_rotations[None]
        quaternions = rotation.make_continuous(np.concatenate([stored, rotation.normalize(rotations)]))
        moving = np.abs(quaternions - quaternions[0]).max(axis=(0, 2)) > STATIC_ROTATION_TOLERANCE
        for joint in np.flatnonzero(moving):
            key_mask = rotation_keys[:, joint]
            # Between distant keys, the shorter arc may need the opposite sign of the quaternion.
            add_track(
                int(joint), pygltflib.ROTATION, rotation.make_continuous(quaternions[1:, joint][key_mask]), key_mask
            )


def _group_meshes(character: Character) -> list[tuple[tuple[str, tuple[str, ...]], list[Mesh]]]:
    """Groups meshes that become one mesh of the file: of one name, with the same morph targets."""
    groups: dict[tuple[str, tuple[str, ...]], list[Mesh]] = {}
    for mesh in character.meshes:
        key = mesh.name or character.name, tuple(target.name for target in mesh.morph_targets)
        groups.setdefault(key, []).append(mesh)
    return list(groups.items())


def _normalize_skin_weights(mesh: Mesh) -> tuple[NDArray[Any], NDArray[np.float32]]:
    """Returns joints and weights (V, 4) that meet the rules of glTF.

    Each joint occurs once in a row, weights sum to 1 in float32, and slots without weight name joint 0.
    """
    joints, weights = np.array(mesh.joints), np.array(mesh.weights, dtype=np.float64)
    for a, b in combinations(range(4), 2):
        duplicated = joints[:, a] == joints[:, b]
        weights[duplicated, a] += weights[duplicated, b]
        weights[duplicated, b] = 0.0
    total = weights.sum(axis=1, keepdims=True)
    if np.any(weights < 0) or np.any(total <= 0):
        raise InvalidDataError("Mesh: weights must not be negative and every vertex needs one above zero")
    rounded = (weights / total).astype(np.float32)
    rows, max_slots = np.arange(len(rounded)), rounded.argmax(axis=1)
    rounded[rows, max_slots] += (1.0 - rounded.sum(axis=1, dtype=np.float64)).astype(np.float32)
    index_type = np.uint8 if joints.max(initial=0) <= np.iinfo(np.uint8).max else np.uint16
    return np.where(rounded > 0, joints, 0).astype(index_type), rounded


def _unit_normals(normals: FloatArray) -> FloatArray:
    """Normalizes normals; zero normals, which degenerate triangles have, become +Y."""
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return rotation.normalize(np.where(length > 1e-12, normals, [0.0, 1.0, 0.0]))
