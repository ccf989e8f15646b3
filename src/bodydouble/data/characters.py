"""Materials, meshes and characters."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bodydouble.data.arrays import (
    FloatArray,
    IntArray,
    check_shape,
)
from bodydouble.data.motions import Skeleton
from bodydouble.errors import InvalidDataError


@dataclass(frozen=True, slots=True)
class TexturePlacement:
    """Placement of a texture on a mesh: p -> offset + rotation * scale * p, then the wrap modes."""

    uv_set: int = 0
    """Set of texture coordinates: 0 is ``Mesh.uvs``, k is ``Mesh.further_uvs[k - 1]``."""
    wrap: tuple[str, str] = ("repeat", "repeat")
    """Beyond 0 to 1, along u and v: "repeat", "clamp" or "mirror"."""
    is_pixelated: bool = False
    """Whether the nearest texel is shown and not a mean."""
    offset: tuple[float, float] = (0.0, 0.0)
    rotation: float = 0.0
    """Counter-clockwise in the image, rad, about the offset."""
    scale: tuple[float, float] = (1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Texture:
    """Image on a mesh."""

    image: bytes
    """Encoded PNG or JPEG file."""
    placement: TexturePlacement = field(default_factory=TexturePlacement)
    strength: float = 1.0
    """Scale of a normal map, strength of an occlusion map."""


@dataclass(frozen=True, slots=True)
class Material:
    """Material of a mesh: glTF metallic-roughness."""

    name: str = "material"
    base_color: tuple[float, float, float, float] = (0.8, 0.8, 0.8, 1.0)
    """Linear RGBA, 0 to 1."""
    roughness: float = 0.8
    metallic: float = 0.0
    texture_png: bytes | None = None
    """Base colour texture as an encoded PNG or JPEG file."""
    texture_placement: TexturePlacement = field(default_factory=TexturePlacement)
    """Placement of the base colour texture."""
    alpha_mode: str | None = None
    """"opaque", "mask" or "blend"; None: "blend" if the base colour is transparent, else "opaque"."""
    alpha_cutoff: float = 0.5
    """Alpha below which nothing is drawn in the mode "mask"."""
    is_double_sided: bool = False
    is_unlit: bool = False
    """Whether the base colour is shown without any light."""
    emissive_color: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Linear RGB of the emitted light, above 1 if it is bright."""
    emissive_map: Texture | None = None
    normal_map: Texture | None = None
    metallic_roughness_map: Texture | None = None
    occlusion_map: Texture | None = None

    @property
    def effective_alpha_mode(self) -> str:
        """Alpha mode: "opaque", "mask" or "blend"."""
        return self.alpha_mode or ("blend" if self.base_color[3] < 1 else "opaque")


@dataclass(frozen=True, slots=True)
class MorphTarget:
    """Shape that a mesh changes to in part, as a smile or a closed eye."""

    name: str
    position_offsets: FloatArray
    """(V, 3) m, added to the positions at weight 1."""
    normal_offsets: FloatArray | None = None
    """(V, 3), added to the normals at weight 1."""
    weight: float = 0.0
    """Weight at rest."""

    def __post_init__(self) -> None:
        check_shape(self, "position_offsets", (None, 3))
        if self.normal_offsets is not None:
            check_shape(self, "normal_offsets", (len(self.position_offsets), 3))


MorphWeights = tuple[FloatArray | None, ...]
"""Weights of the morph targets of each mesh of a character, (T, K), or (K,) in one frame; None: those at rest."""


@dataclass(frozen=True, slots=True)
class Mesh:
    """Skinned triangle mesh with one material, in the character's rest pose."""

    positions: FloatArray
    """(V, 3) m."""
    normals: FloatArray
    """(V, 3) unit."""
    triangles: IntArray
    """(N, 3) vertex indices, counter-clockwise seen from outside."""
    joints: IntArray
    """(V, 4) indices into the character's skeleton."""
    weights: FloatArray
    """(V, 4), each row sums to 1."""
    material: Material = field(default_factory=Material)
    uvs: FloatArray | None = None
    """(V, 2) texture coordinates, origin at the top left; None: untextured."""
    colors: FloatArray | None = None
    """(V, 4) linear RGBA that multiplies the base colour; None: white."""
    name: str = ""
    """Meshes of one name are the parts of one mesh with several materials; empty: the name of the character."""
    further_uvs: tuple[FloatArray, ...] = ()
    """(V, 2) each, further sets of texture coordinates."""
    morph_targets: tuple[MorphTarget, ...] = ()

    def __post_init__(self) -> None:
        vertices = len(self.positions)
        check_shape(self, "positions", (vertices, 3))
        check_shape(self, "normals", (vertices, 3))
        check_shape(self, "triangles", (None, 3))
        check_shape(self, "joints", (vertices, 4))
        check_shape(self, "weights", (vertices, 4))
        if self.uvs is not None:
            check_shape(self, "uvs", (vertices, 2))
        if self.colors is not None:
            check_shape(self, "colors", (vertices, 4))
        if any(np.shape(uvs) != (vertices, 2) for uvs in self.further_uvs):
            raise InvalidDataError(f"Mesh: further_uvs are not all ({vertices}, 2)")
        if any(len(target.position_offsets) != vertices for target in self.morph_targets):
            raise InvalidDataError(f"Mesh: morph_targets are not all for {vertices} vertices")


@dataclass(frozen=True, slots=True)
class Character:
    """Skinned character with a humanoid skeleton.

    ``skeleton`` has every joint of the rig under its original name. Its rest pose is the bind pose of the meshes:
    joint j is at ``rest_offsets`` chained over the parents, with world rotation ``rest_rotations[j]``.
    """

    name: str
    skeleton: Skeleton
    """Offsets are in the axes of the (rotated) parent joint, as in a glTF node."""
    rest_rotations: FloatArray
    """(J, 4) xyzw, world rotation of each joint in the bind pose; all identity for the built-in characters."""
    humanoid: dict[str, int]
    """Index of the joint by VRM 1.0 humanoid bone name."""
    meshes: tuple[Mesh, ...]
    is_builtin: bool = False
    """Whether the character comes with bodydouble; then it gets the proportions of the person who performs."""
    notes: tuple[str, ...] = ()
    """Lines for the user: what of the file was not kept, and what was repaired or rescaled."""
    vrm: Mapping[str, Any] = field(default_factory=dict)
    """Content of a VRM file beside rig and meshes, as ``characters.vrm_content`` reads it."""

    def __post_init__(self) -> None:
        check_shape(self, "rest_rotations", (len(self.skeleton.joint_names), 4))
