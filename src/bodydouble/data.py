"""Data types that stages pass to each other: from ``Clip`` to ``Performance``. All are frozen.

Arrays are checked at construction. Frames of reference, units and names: docs/conventions.md.
T frames of one person, F frames of the clip, J joints, V vertices.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import hypot
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bodydouble.errors import InvalidDataError

FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.integer[Any]]
BoolArray = NDArray[np.bool_]
RgbImage = NDArray[np.uint8]
"""(height, width, 3) red, green and blue, 0 to 255."""

LANDMARK_COUNT = 33
COCO_KEYPOINT_COUNT = 17
FULL_FRAME_DIAGONAL_MM = hypot(36.0, 24.0)
"""Diagonal in mm of the full-frame format (36 mm x 24 mm) to which focal lengths are converted: 43.27."""
APPEARANCE_PARTS = 8
"""Number of body parts with a clothing colour."""
VIEW_INVARIANT_PARTS = slice(2, None)
"""Body parts that look alike from all sides: without the head and the part that hair may cover."""
FACE_EMBEDDING_DIM = 1024
CONTACT_POINTS = ("left heel", "left toes", "right heel", "right toes")
HAND_LANDMARK_COUNT = 21
FINGER_BONE_COUNT = 30
"""Number of finger bones of both hands: ``skeletons.humanoid.FINGERS``."""
BLENDSHAPE_COUNT = 52
"""Number of ARKit's face blend shapes: ``skeletons.arkit.BLENDSHAPES``."""
UNKNOWN_TRACK_ID = -1
"""Id of an observation that no external tracker has identified."""


def _check(owner: object, name: str, expected: tuple[int | None, ...]) -> None:
    """Raises InvalidDataError if an array has another shape; None stands for any length."""
    shape = np.shape(getattr(owner, name))
    is_valid = len(shape) == len(expected) and all(e is None or e == s for e, s in zip(expected, shape, strict=True))
    if not is_valid:
        expected_text = "(" + ", ".join("any" if e is None else str(e) for e in expected) + ")"
        raise InvalidDataError(f"{type(owner).__name__}: {name} is {shape}, expected {expected_text}")


@dataclass(frozen=True, slots=True)
class Clip:
    """Metadata of a video."""

    path: Path
    image_size: tuple[int, int]
    """Width and height in px of the upright image (after the rotation flag)."""
    fps: Fraction
    """Exact frame rate of the decoded frames."""
    frame_count: int | None
    """Number of frames that will be decoded; None if the container does not tell."""
    has_audio: bool = False
    focal_length_35mm: float | None = None
    """Focal length in mm from the metadata of the file, relative to the full-frame diagonal of 43.27 mm."""

    @property
    def focal_length_px(self) -> float | None:
        """Focal length in px of the upright image: ``focal_length_35mm * hypot(width, height) / 43.27``."""
        if self.focal_length_35mm is None:
            return None
        return self.focal_length_35mm * hypot(*self.image_size) / FULL_FRAME_DIAGONAL_MM


@dataclass(frozen=True, slots=True)
class Camera:
    """Pinhole camera with one pose per frame."""

    image_size: tuple[int, int]
    """Width and height, px."""
    intrinsics: FloatArray
    """(3, 3) px."""
    camera_from_world: FloatArray
    """(F, 4, 4)."""

    def __post_init__(self) -> None:
        _check(self, "intrinsics", (3, 3))
        _check(self, "camera_from_world", (None, 4, 4))


@dataclass(frozen=True, slots=True)
class HandObservation:
    """One hand of a person in one frame. Landmarks are in the order of ``skeletons.hand.LANDMARKS``."""

    keypoints: FloatArray
    """(21, 3) x px, y px, confidence."""
    landmarks_3d: FloatArray
    """(21, 3) m, relative to the wrist, camera axes."""

    def __post_init__(self) -> None:
        _check(self, "keypoints", (HAND_LANDMARK_COUNT, 3))
        _check(self, "landmarks_3d", (HAND_LANDMARK_COUNT, 3))


@dataclass(frozen=True, slots=True)
class FaceObservation:
    """The face of a person in one frame."""

    weights: FloatArray
    """(52,) weights of the blend shapes, 0 to 1, in the order of ``skeletons.arkit.BLENDSHAPES``."""
    camera_from_head: FloatArray
    """(4,) xyzw, rotation of the head in camera axes, relative to the view ray through the face; identity: upright,
    facing the camera."""
    confidence: float
    """Probability that the region shows a face."""

    def __post_init__(self) -> None:
        _check(self, "weights", (BLENDSHAPE_COUNT,))
        _check(self, "camera_from_head", (4,))


@dataclass(frozen=True, slots=True)
class Observation:
    """One person in one frame, as perception observed it."""

    box: FloatArray
    """(4,) x_min, y_min, x_max, y_max, px."""
    keypoints: FloatArray
    """(33, 3) x px, y px, confidence; BlazePose order."""
    landmarks_3d: FloatArray
    """(33, 3) m, relative to the middle of the hips, camera axes. The depth (z) is inaccurate."""
    score: float
    """Probability that this is a person."""
    appearance: FloatArray = field(default_factory=lambda: np.full((APPEARANCE_PARTS, 3), np.nan))
    """(8, 3) CIELAB colours of head, between the shoulders, trunk, upper arms, forearms, thighs, shins and feet; NaN
    where not observed."""
    face_embedding: FloatArray | None = None
    """(1024,) unit vector; embeddings of one person have a large cosine. None if the face was not embedded."""
    second_keypoints: FloatArray | None = None
    """(17, 3) x px, y px, confidence in COCO order, of the second network; None if it did not run."""
    hands: tuple[HandObservation | None, HandObservation | None] = (None, None)
    """Left and right hand; None where the hand was not observed."""
    face: FaceObservation | None = None
    """The face; None where it was not observed."""

    def __post_init__(self) -> None:
        _check(self, "appearance", (APPEARANCE_PARTS, 3))
        if self.face_embedding is not None:
            _check(self, "face_embedding", (FACE_EMBEDDING_DIM,))
        if self.second_keypoints is not None:
            _check(self, "second_keypoints", (COCO_KEYPOINT_COUNT, 3))
        _check(self, "box", (4,))
        _check(self, "keypoints", (LANDMARK_COUNT, 3))
        _check(self, "landmarks_3d", (LANDMARK_COUNT, 3))


@dataclass(frozen=True, slots=True)
class PastObservation:
    """An observation in an earlier frame."""

    frames_ago: int
    """Number of frames before the current one, from 1."""
    observation: Observation


@dataclass(frozen=True, slots=True)
class FrameObservations:
    """Observations that result from processing one frame."""

    current: tuple[Observation, ...]
    """People in this frame."""
    backfilled: tuple[PastObservation, ...] = ()
    """People who were detected late, added to earlier frames by tracking them backward."""


@dataclass(frozen=True, slots=True)
class Background:
    """Corners of the static background, tracked through the clip. N observations, K keyframes."""

    frame_count: int
    keyframes: IntArray
    """(K,) ascending; up to the next keyframe, corners are compared with their image patch in this one."""
    frames: IntArray
    """(N,) ascending, frame of each observation."""
    corner_ids: IntArray
    """(N,) id of the observed corner; each at most once per frame."""
    points: FloatArray
    """(N, 2) px, position of the corner."""

    def __post_init__(self) -> None:
        count = len(self.frames)
        _check(self, "keyframes", (None,))
        _check(self, "frames", (count,))
        _check(self, "corner_ids", (count,))
        _check(self, "points", (count, 2))


@dataclass(frozen=True, slots=True)
class Track:
    """One person in the image over a contiguous range of frames."""

    frames: IntArray
    """(T,) source frame indices, contiguous."""
    observed: BoolArray
    """(T,) False where the frame lies in a gap."""
    boxes: FloatArray
    """(T, 4) x_min, y_min, x_max, y_max, px; NaN where not observed."""
    keypoints: FloatArray
    """(T, 33, 3) x px, y px, confidence; NaN, NaN, 0 where not observed."""
    landmarks_3d: FloatArray
    """(T, 33, 3) m, relative to the middle of the hips, camera axes; NaN where not observed."""

    def __post_init__(self) -> None:
        t = len(self.frames)
        _check(self, "frames", (None,))
        _check(self, "observed", (t,))
        _check(self, "boxes", (t, 4))
        _check(self, "keypoints", (t, LANDMARK_COUNT, 3))
        _check(self, "landmarks_3d", (t, LANDMARK_COUNT, 3))
        if t == 0 or np.any(np.diff(self.frames) != 1):
            raise InvalidDataError("Track: frames must be contiguous and at least one")


@dataclass(frozen=True, slots=True)
class Skeleton:
    """Joints, their hierarchy and their rest pose. Parents precede children; joint 0 is the root."""

    joint_names: tuple[str, ...]
    parents: tuple[int, ...]
    """J indices of joints, -1 for the root."""
    rest_offsets: FloatArray
    """(J, 3) m, position relative to the parent at rest; for the root, its position at rest."""

    def __post_init__(self) -> None:
        joints = len(self.joint_names)
        _check(self, "rest_offsets", (joints, 3))
        if len(self.parents) != joints:
            raise InvalidDataError(f"Skeleton: {len(self.parents)} parents for {joints} joints")
        if self.parents[0] != -1 or any(not 0 <= p < j for j, p in enumerate(self.parents) if j > 0):
            raise InvalidDataError("Skeleton: joint 0 must be the only root and parents must stand before children")

    def index(self, joint: str) -> int:
        """Returns the index of the joint with that name; raises InvalidDataError if there is none."""
        try:
            return self.joint_names.index(joint)
        except ValueError:
            raise InvalidDataError(f"Skeleton has no joint {joint!r}; it has {', '.join(self.joint_names)}") from None


@dataclass(frozen=True, slots=True)
class Motion:
    """Motion of a skeleton in the world. Quaternions are xyzw, local to the parent."""

    skeleton: Skeleton
    fps: Fraction
    rotations: FloatArray
    """(T, J, 4) xyzw, local to the parent, unit."""
    root_position: FloatArray
    """(T, 3) m, world."""
    contacts: FloatArray
    """(T, 4) probability of floor contact: left heel, left toes, right heel, right toes."""
    joint_sigma: FloatArray
    """(T, J) m, standard deviation of each joint position, per axis."""

    def __post_init__(self) -> None:
        t, joints = len(self.rotations), len(self.skeleton.joint_names)
        _check(self, "rotations", (t, joints, 4))
        _check(self, "root_position", (t, 3))
        _check(self, "contacts", (t, len(CONTACT_POINTS)))
        _check(self, "joint_sigma", (t, joints))


@dataclass(frozen=True, slots=True)
class Hands:
    """Both hands of a person over T frames. The axis of length 2 is left, right."""

    observed: BoolArray
    """(T, 2) False where the fingers are filled in."""
    keypoints: FloatArray
    """(T, 2, 21, 3) x px, y px, confidence; NaN, NaN, 0 where not observed."""
    rest_offsets: FloatArray
    """(30, 3) m, position of each finger bone relative to its parent at rest, in the order of ``humanoid.FINGERS``: in
    the T-pose, with the palms down and straight fingers."""
    rotations: FloatArray
    """(T, 30, 4) xyzw, local to the parent, unit."""

    def __post_init__(self) -> None:
        t = len(self.observed)
        _check(self, "observed", (t, 2))
        _check(self, "keypoints", (t, 2, HAND_LANDMARK_COUNT, 3))
        _check(self, "rest_offsets", (FINGER_BONE_COUNT, 3))
        _check(self, "rotations", (t, FINGER_BONE_COUNT, 4))


@dataclass(frozen=True, slots=True)
class Face:
    """The face of a person over T frames."""

    observed: BoolArray
    """(T,) False where the weights are filled in."""
    weights: FloatArray
    """(T, 52) weights of the blend shapes, 0 to 1, in the order of ``skeletons.arkit.BLENDSHAPES``."""
    gaze: FloatArray
    """(T, 2) rad, direction of the eyes relative to the head: towards the person's left, and up."""

    def __post_init__(self) -> None:
        t = len(self.observed)
        _check(self, "observed", (t,))
        _check(self, "weights", (t, BLENDSHAPE_COUNT))
        _check(self, "gaze", (t, 2))


@dataclass(frozen=True, slots=True)
class Person:
    """One person of a clip: the 2D track and the 3D motion, over the same frames."""

    name: str
    track: Track
    motion: Motion
    hands: Hands | None = None
    """None if no hand was observed."""
    face: Face | None = None
    """None if the face was not observed."""

    def __post_init__(self) -> None:
        frames = len(self.track.frames)
        for name, part in (("motion", self.motion.rotations), ("hands", self.hands), ("face", self.face)):
            length = len(part.observed) if isinstance(part, Hands | Face) else frames if part is None else len(part)
            if length != frames:
                raise InvalidDataError(f"Person {self.name}: track has {frames} frames, {name} {length}")


@dataclass(frozen=True, slots=True)
class Performance:
    """Captured performance of a clip: the camera and all people."""

    fps: Fraction
    frame_count: int
    camera: Camera
    people: tuple[Person, ...]
    """In order of prominence: the person with the largest area on screen first."""


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
        _check(self, "position_offsets", (None, 3))
        if self.normal_offsets is not None:
            _check(self, "normal_offsets", (len(self.position_offsets), 3))


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
        _check(self, "positions", (vertices, 3))
        _check(self, "normals", (vertices, 3))
        _check(self, "triangles", (None, 3))
        _check(self, "joints", (vertices, 4))
        _check(self, "weights", (vertices, 4))
        if self.uvs is not None:
            _check(self, "uvs", (vertices, 2))
        if self.colors is not None:
            _check(self, "colors", (vertices, 4))
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
        _check(self, "rest_rotations", (len(self.skeleton.joint_names), 4))
