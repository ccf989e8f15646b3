"""glTF 2.0 binary (GLB): ``Character``, node rotations and hips translation -> one file with its animations.

Meshes with their morph targets, the skin, the animation and the materials are written.

Source: the glTF 2.0 specification, https://www.khronos.org/gltf/
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pygltflib
from numpy.typing import NDArray

from bodydouble.data import BoolArray, Character, FloatArray, Mesh, MorphTarget, MorphWeights
from bodydouble.errors import InvalidDataError
from bodydouble.formats.atomic import atomic_write
from bodydouble.formats.gltf_buffer import GltfBuffer
from bodydouble.formats.gltf_tangents import compute_tangents
from bodydouble.formats.gltf_weights import add_weight_channels, check_weights
from bodydouble.geometry import camera, kinematics, rotation

STATIC_ROTATION_TOLERANCE = 1e-6
"""A joint whose quaternion stays this close to that of its node gets no track."""

NodePose = tuple[FloatArray, FloatArray]
"""Rotations (J, 4) xyzw of all joints, and the translation (3,) m of the hips, local to their parents."""
ContentWriter = Callable[["Document"], None]
"""Function that adds content to a document."""


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
    weights: MorphWeights | None = None,
    weight_keys: Sequence[BoolArray | None] | None = None,
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
        weights: (T, K) of the morph targets of each mesh.
        weight_keys: (T,) True where the weights of a mesh have a key; None: everywhere.

    Raises:
        InvalidDataError: the arrays do not fit the character or hold values that are not finite.
        OutputError: the file cannot be written.
    """
    animation = NamedAnimation(name, rotations, hips_translation, fps, weights=weights)
    _check_animation(character, animation)
    keys = keys or _all_keys(rotations)
    _check_keys(rotations, *keys)
    document = Document(character, node_pose)
    document.add_skeleton()
    if character.meshes:
        document.add_skin_and_meshes()
    document.add_tracks(document.add_animation(name), animation, keys, weight_keys)
    document.add_extensions(extensions or {})
    if add_content is not None:
        add_content(document)
    with atomic_write(path) as temporary:
        document.write_to(temporary)


@dataclass(frozen=True, slots=True)
class NamedAnimation:
    """Animation of a character with J joints."""

    name: str
    rotations: FloatArray
    """(T, J, 4) xyzw, of every joint node, local to its parent."""
    hips_translation: FloatArray
    """(T, 3) m, of the hips node, in the axes of its parent."""
    fps: Fraction
    root_translation: FloatArray | None = None
    """(T, 3) m, of joint 0 where it is a root bone above the hips that moves; None: it stands still."""
    first_frame: int = 0
    """Frame at which the animation begins; the character stands still before and after it."""
    weights: MorphWeights | None = None
    """(T, K) weights of the morph targets of each mesh; None: the face stands still."""


@dataclass(frozen=True, slots=True)
class AnimatedModel:
    """A character of a scene and its animation; the name of the animation is that of the character in the scene."""

    character: Character
    animation: NamedAnimation


def write_animations(
    path: Path,
    character: Character,
    animations: Sequence[NamedAnimation],
    node_pose: NodePose | None = None,
    add_content: ContentWriter | None = None,
) -> None:
    """Writes a character with several animations, each with a key in every frame; raises as ``write`` does."""
    document = Document(character, node_pose)
    document.add_skeleton()
    if character.meshes:
        document.add_skin_and_meshes()
    for animation in animations:
        _check_animation(character, animation)
        document.add_tracks(document.add_animation(animation.name), animation, _all_keys(animation.rotations))
    if add_content is not None:
        add_content(document)
    with atomic_write(path) as temporary:
        document.write_to(temporary)


def write_scene(path: Path, models: Sequence[AnimatedModel], name: str) -> None:
    """Writes several characters, each with its own skeleton below a node of its name, and one animation of them all.

    Args:
        path: the .glb file to write; it appears only when it is complete.
        models: at least one, with different names; their animations play at the same time.
        name: name of the animation.

    Raises:
        InvalidDataError: the arrays do not fit the characters or hold values that are not finite.
        OutputError: the file cannot be written.
    """
    buffer = GltfBuffer()
    scene = pygltflib.Animation(name=name)
    for model in models:
        animation = model.animation
        _check_animation(model.character, animation)
        document = Document(model.character, buffer=buffer, group=animation.name)
        document.add_skeleton()
        if model.character.meshes:
            document.add_skin_and_meshes()
        document.add_tracks(scene, animation, _all_keys(animation.rotations))
    buffer.gltf.animations.append(scene)
    with atomic_write(path) as temporary:
        buffer.write_to(temporary)


def _all_keys(rotations: FloatArray) -> tuple[BoolArray, BoolArray]:
    return np.ones(rotations.shape[:2], dtype=np.bool_), np.ones(len(rotations), dtype=np.bool_)


def _check_animation(character: Character, animation: NamedAnimation) -> None:
    rotations, hips_translation = animation.rotations, animation.hips_translation
    root_translation = hips_translation if animation.root_translation is None else animation.root_translation
    frames, joints = len(rotations), len(character.skeleton.joint_names)
    if (
        frames == 0
        or rotations.shape != (frames, joints, 4)
        or not hips_translation.shape == root_translation.shape == (frames, 3)
    ):
        raise InvalidDataError(
            f"animation of {character.name}: rotations {rotations.shape} and hips_translation "
            f"{hips_translation.shape}, expected (frames, {joints}, 4) and (frames, 3)"
        )
    if not all(np.isfinite(values).all() for values in (rotations, hips_translation, root_translation)):
        raise InvalidDataError(f"animation of {character.name}: there are values that are not finite")
    check_weights(character, animation.weights, frames)


def _check_keys(rotations: FloatArray, rotation_keys: BoolArray, translation_keys: BoolArray) -> None:
    if rotation_keys.shape != rotations.shape[:2] or translation_keys.shape != rotations.shape[:1]:
        raise InvalidDataError(
            f"keys are {rotation_keys.shape} and {translation_keys.shape} for rotations {rotations.shape}"
        )
    if not (rotation_keys[[0, -1]].all() and translation_keys[[0, -1]].all()):
        raise InvalidDataError("keys: the first and the last frame need one on every joint")


class Document(GltfBuffer):
    """Builder of a glTF document with a character: the nodes of its joints, its meshes and its animations."""

    def __init__(
        self,
        character: Character,
        node_pose: NodePose | None = None,
        buffer: GltfBuffer | None = None,
        group: str | None = None,
    ) -> None:
        """Takes a character.

        Args:
            character: its joints become nodes.
            node_pose: pose in which the nodes are stored; the rest pose of the character if not given.
            buffer: document that the character is added to; a new one if not given.
            group: name of a node above the joints; none if not given.
        """
        super().__init__(buffer)
        self.character = character
        self._first_node, self._group = len(self.gltf.nodes), group
        self._mesh_nodes: list[tuple[int, list[int]]] = []
        rest = kinematics.local_rotations(character.skeleton.parents, character.rest_rotations)
        self.bind_local = rotation.normalize(rest)
        hips = character.humanoid["hips"]
        self.node_rotations, hips_translation = node_pose or (self.bind_local, character.skeleton.rest_offsets[hips])
        self.node_translations = character.skeleton.rest_offsets.copy()
        self.node_translations[hips] = hips_translation

    def add_skeleton(self) -> None:
        """Adds one node per joint; in a document of one character, node j is joint j."""
        skeleton, first, nodes = self.character.skeleton, self._first_node, self.gltf.nodes
        for j, joint_name in enumerate(skeleton.joint_names):
            nodes.append(
                pygltflib.Node(
                    name=joint_name,
                    translation=self.node_translations[j].tolist(),
                    rotation=self.node_rotations[j].tolist(),
                    children=[first + child for child, parent in enumerate(skeleton.parents) if parent == j],
                )
            )
        top = first
        if self._group is not None:
            top = len(nodes)
            nodes.append(pygltflib.Node(name=self._group, children=[first]))
        self.gltf.scenes[0].nodes.append(top)

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
                joints=list(range(self._first_node, self._first_node + joints)),
                skeleton=self._first_node,
                inverseBindMatrices=self.add_accessor(self._inverse_bind_matrices()),
            )
        )
        for index, (_, members) in zip(self._mesh_indices(), _group_meshes(self.character), strict=True):
            self._mesh_nodes.append((len(gltf.nodes), members))
            name = gltf.meshes[index].name
            node_name = name if self._group is None else f"{self._group}_{name}"
            gltf.scenes[0].nodes.append(len(gltf.nodes))
            gltf.nodes.append(pygltflib.Node(name=node_name, mesh=index, skin=len(gltf.skins) - 1))

    def _mesh_indices(self) -> list[int]:
        """Returns the meshes of the character, which a document stores once for all who look like it."""
        if id(self.character) not in self.meshes:
            groups = _group_meshes(self.character)
            self.meshes[id(self.character)] = [self._add_mesh(*names, members) for names, members in groups]
        return self.meshes[id(self.character)]

    def _add_mesh(self, name: str, target_names: tuple[str, ...], members: Sequence[int]) -> int:
        meshes = [self.character.meshes[m] for m in members]
        mesh = pygltflib.Mesh(name=name, primitives=[self._add_primitive(mesh) for mesh in meshes])
        if target_names:
            mesh.weights = [target.weight for target in meshes[0].morph_targets]
            mesh.extras = {"targetNames": list(target_names)}
        self.gltf.meshes.append(mesh)
        return len(self.gltf.meshes) - 1

    def _inverse_bind_matrices(self) -> NDArray[np.float32]:
        """(J, 4, 4), column-major as glTF wants it."""
        skeleton = self.character.skeleton
        bind = kinematics.joint_matrices(skeleton, self.bind_local, skeleton.rest_offsets[0])
        return np.swapaxes(camera.inverse(bind), -1, -2).astype(np.float32)

    def _add_primitive(self, mesh: Mesh) -> pygltflib.Primitive:
        joints, weights = _normalize_skin_weights(mesh)
        attributes = {
            "POSITION": self.add_accessor(mesh.positions.astype(np.float32), pygltflib.ARRAY_BUFFER, bounds=True),
            "NORMAL": self.add_floats(_unit_normals(mesh.normals)),
            "JOINTS_0": self.add_accessor(joints, pygltflib.ARRAY_BUFFER),
            "WEIGHTS_0": self.add_floats(weights),
        }
        uv_sets = [] if mesh.uvs is None else [mesh.uvs, *mesh.further_uvs]
        for k, uvs in enumerate(uv_sets):
            attributes[f"TEXCOORD_{k}"] = self.add_floats(uvs)
        if mesh.material.normal_map is not None and uv_sets:
            uvs = uv_sets[mesh.material.normal_map.placement.uv_set]
            tangents = compute_tangents(mesh.positions, _unit_normals(mesh.normals), uvs, mesh.triangles)
            attributes["TANGENT"] = self.add_floats(tangents)
        if mesh.colors is not None:
            attributes["COLOR_0"] = self.add_floats(mesh.colors)
        # The largest index of a type is reserved for primitive restart.
        index_type = np.uint16 if len(mesh.positions) <= np.iinfo(np.uint16).max else np.uint32
        return pygltflib.Primitive(
            attributes=pygltflib.Attributes(**attributes),
            indices=self.add_accessor(mesh.triangles.ravel().astype(index_type), pygltflib.ELEMENT_ARRAY_BUFFER),
            material=self.materials.index(mesh.material),
            targets=[self._add_morph_target(target) for target in mesh.morph_targets],
        )

    def _add_morph_target(self, target: MorphTarget) -> dict[str, int]:
        attributes = {"POSITION": self.add_sparse(target.position_offsets)}
        if target.normal_offsets is not None:
            attributes["NORMAL"] = self.add_sparse(target.normal_offsets)
        return attributes

    def add_animation(self, name: str) -> pygltflib.Animation:
        """Adds an animation without tracks."""
        self.gltf.animations.append(pygltflib.Animation(name=name))
        return self.gltf.animations[-1]

    def add_all_tracks(self, target: pygltflib.Animation, animation: NamedAnimation) -> None:
        """Adds the tracks of an animation with keys in all frames; raises as ``write`` does."""
        _check_animation(self.character, animation)
        self.add_tracks(target, animation, _all_keys(animation.rotations))

    def add_animated_node(
        self, target: pygltflib.Animation, name: str, path: str, values: FloatArray, fps: Fraction
    ) -> int:
        """Adds a node at the top of the scene with a track of its translation or rotation; returns its index."""
        seconds = np.arange(len(values)) * (fps.denominator / fps.numerator)
        node = len(self.gltf.nodes)
        self.gltf.nodes.append(pygltflib.Node(name=name))
        self.gltf.scenes[0].nodes.append(node)
        channel_target = pygltflib.AnimationChannelTarget(node=node, path=path)
        target.channels.append(pygltflib.AnimationChannel(sampler=len(target.samplers), target=channel_target))
        sampler = pygltflib.AnimationSampler(
            input=self.add_accessor(seconds.astype(np.float32), bounds=True),
            output=self.add_accessor(values.astype(np.float32)),
        )
        target.samplers.append(sampler)
        return node

    def add_tracks(
        self,
        target: pygltflib.Animation,
        animation: NamedAnimation,
        keys: tuple[BoolArray, BoolArray],
        weight_keys: Sequence[BoolArray | None] | None = None,
    ) -> None:
        """Adds tracks for hips and root, every joint that leaves its rest rotation, and the morph targets that move."""
        frames = animation.first_frame + np.arange(len(animation.rotations))
        seconds = (frames * (animation.fps.denominator / animation.fps.numerator)).astype(np.float32)
        times: dict[bytes, int] = {}

        def add_track(joint: int, path: str, values: FloatArray, key_mask: BoolArray) -> None:
            # Curves with keys in the same frames share their times.
            if key_mask.tobytes() not in times:
                times[key_mask.tobytes()] = self.add_accessor(seconds[key_mask], bounds=True)
            channel_target = pygltflib.AnimationChannelTarget(node=self._first_node + joint, path=path)
            target.channels.append(pygltflib.AnimationChannel(sampler=len(target.samplers), target=channel_target))
            output = self.add_accessor(values.astype(np.float32))
            target.samplers.append(pygltflib.AnimationSampler(input=times[key_mask.tobytes()], output=output))

        rotation_keys, translation_keys = keys
        hips = self.character.humanoid["hips"]
        add_track(hips, pygltflib.TRANSLATION, animation.hips_translation[translation_keys], translation_keys)
        if animation.root_translation is not None:
            add_track(0, pygltflib.TRANSLATION, animation.root_translation[translation_keys], translation_keys)
        for joint, stored in enumerate(self.node_rotations):
            # With the node's rotation as first element, the whole track lies in its hemisphere.
            normalized = rotation.normalize(animation.rotations[:, joint])
            quaternions = rotation.make_continuous(np.concatenate([stored[None], normalized]))
            if np.abs(quaternions - stored).max() > STATIC_ROTATION_TOLERANCE:
                key_mask = rotation_keys[:, joint]
                # Between distant keys, the shorter arc may need the opposite sign of the quaternion.
                add_track(joint, pygltflib.ROTATION, rotation.make_continuous(quaternions[1:][key_mask]), key_mask)
        if animation.weights is not None and self._mesh_nodes:
            all_keys = weight_keys or [None] * len(animation.weights)
            add_weight_channels(self, target, self._mesh_nodes, animation.weights, seconds, all_keys)


def _group_meshes(character: Character) -> list[tuple[tuple[str, tuple[str, ...]], list[int]]]:
    """Groups the numbers of meshes that become one mesh of the file: of one name, with the same morph targets."""
    groups: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    for m, mesh in enumerate(character.meshes):
        key = mesh.name or character.name, tuple(target.name for target in mesh.morph_targets)
        groups.setdefault(key, []).append(m)
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
