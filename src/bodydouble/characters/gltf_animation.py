"""Animations of a glTF or VRMA file: key frames of its nodes -> a ``Motion`` of the humanoid joints.

Source: https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html#animations and
https://github.com/vrm-c/vrm-specification/tree/master/specification/VRMC_vrm_animation-1.0
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from bodydouble.characters.gltf_arrays import GltfFile
from bodydouble.characters.gltf_check import node_parents, parents_first
from bodydouble.characters.gltf_rig import local_matrices, read_rig, world_matrices
from bodydouble.characters.humanoid_map import HumanoidMap
from bodydouble.characters.to_humanoid import convert_to_humanoid
from bodydouble.data import CONTACT_POINTS, FloatArray, IntArray, Motion, Skeleton
from bodydouble.errors import FormatError
from bodydouble.geometry import kinematics, rotation
from bodydouble.skeletons import humanoid

DEFAULT_FPS = Fraction(30)
"""Frame rate at which animations with keys at irregular times are sampled, frames/s."""
FPS_RANGE = (10, 240)
"""Range of frame rates, frames/s, that the distance of keys is taken for."""
MIN_KEY_DISTANCE = 1e-3
"""Minimum distance in s of different keys; nearer ones differ by rounding."""
MAX_FRAME_MISS = 0.02
"""Maximum distance in frames of a key from the nearest frame of the rate that is taken."""
MAX_FRAMES = 1_000_000


@dataclass(frozen=True, slots=True)
class _Channel:
    """Curve of one property of a node."""

    node: int
    path: str
    """"translation", "rotation" or "scale"."""
    times: FloatArray
    """(K,) s, ascending."""
    values: FloatArray
    """(K, 3 or 4); for CUBICSPLINE (3 K, 3 or 4): in-tangent, value, out-tangent of each key."""
    interpolation: str

    def sample(self, times: FloatArray) -> FloatArray:
        """Returns the values (T, 3 or 4) at times (T,) s; constant before the first and after the last key."""
        right = np.clip(np.searchsorted(self.times, times, side="right"), 1, max(len(self.times) - 1, 1))
        if len(self.times) == 1:
            return np.repeat(self._keys()[:1], len(times), axis=0)
        left = right - 1
        step = (self.times[right] - self.times[left])[:, None]
        fraction = np.clip((times - self.times[left])[:, None] / step, 0.0, 1.0)
        if self.interpolation == "STEP":
            return np.where(fraction >= 1.0, self._keys()[right], self._keys()[left])
        if self.interpolation == "CUBICSPLINE":
            return self._hermite(left, right, fraction, step)
        start, end = self._keys()[left], self._keys()[right]
        if self.path == "rotation":
            turn = rotation.to_rotvec(rotation.multiply(rotation.conjugate(start), end))
            return rotation.multiply(start, rotation.from_rotvec(fraction * turn))
        return start + fraction * (end - start)

    def _keys(self) -> FloatArray:
        keys = self.values.reshape(len(self.times), 3, -1)[:, 1] if self._is_cubic else self.values
        return rotation.normalize(keys) if self.path == "rotation" else keys

    @property
    def _is_cubic(self) -> bool:
        return self.interpolation == "CUBICSPLINE"

    def _hermite(self, left: IntArray, right: IntArray, fraction: FloatArray, step: FloatArray) -> FloatArray:
        triples = self.values.reshape(len(self.times), 3, -1)
        s, s2, s3 = fraction, fraction**2, fraction**3
        values = (2 * s3 - 3 * s2 + 1) * triples[left, 1] + step * (s3 - 2 * s2 + s) * triples[left, 2]
        values = values + (3 * s2 - 2 * s3) * triples[right, 1] + step * (s3 - s2) * triples[right, 0]
        return rotation.normalize(values) if self.path == "rotation" else np.asarray(values)


@dataclass(frozen=True, slots=True)
class _RestPose:
    """Humanoid bones of a file at rest."""

    nodes: dict[str, int]
    """Humanoid bone -> node."""
    bind: dict[str, FloatArray]
    """Humanoid bone -> world from bone (4, 4)."""


def read_animations(path: Path) -> dict[str, Motion]:
    """Reads all animations of a humanoid rig, of a .glb, .gltf, .vrm or .vrma file.

    Args:
        path: the file to read.

    Returns:
        Name of the animation -> motion of the 22 humanoid joints; contacts and joint_sigma are NaN.

    Raises:
        FormatError: the file is damaged, has no humanoid rig or no animation that moves it.
    """
    file = GltfFile(path)
    try:
        rest = _read_rest_pose(file)
        motions = {
            _animation_name(animation, i): _read_animation(file, rest, channels)
            for i, animation in enumerate(file.animations)
            if (channels := _read_channels(file, animation, set(rest.nodes.values())))
        }
    except FormatError as error:
        raise error if str(path) in str(error) else FormatError(f"{path}: {error}") from error
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise FormatError(f"{path}: damaged glTF animation ({type(error).__name__}: {error})") from error
    if not motions:
        raise FormatError(f"{path}: no animation moves its skeleton; export the file with its animation")
    return motions


def describe_animations(file: GltfFile) -> dict[str, tuple[int, Fraction]]:
    """Returns the animations of a file with anything that moves: name -> number of frames, and their rate."""
    found = {}
    for i, animation in enumerate(file.animations):
        channels = _read_channels(file, animation, set(range(len(file.entries("nodes")))))
        if channels:
            found[_animation_name(animation, i)] = _frame_count(channels), _estimate_fps(channels)
    return found


def read_animation_map(file: GltfFile) -> tuple[HumanoidMap, tuple[str, ...], dict[str, FloatArray]]:
    """Returns the bones that a VRMA file declares, the names of its nodes, and bone -> position (3,) m at rest.

    Raises:
        FormatError: the file declares no humanoid bones.
    """
    if "VRMC_vrm_animation" not in (file.document.get("extensions") or {}):
        raise FormatError(f"{file.path}: no VRM animation: it declares no humanoid bones; export it as a VRM animation")
    rest = _read_rest_pose(file)
    names = tuple(str(node.get("name") or f"node_{n}") for n, node in enumerate(file.entries("nodes")))
    missing = tuple(bone for bone in humanoid.JOINTS if bone not in rest.nodes)
    found = HumanoidMap(rest.nodes, "VRM animation", missing)
    return found, names, {bone: matrix[:3, 3] for bone, matrix in rest.bind.items()}


def _animation_name(animation: Mapping[str, Any], index: int) -> str:
    return str(animation.get("name") or f"animation{index}")


def _frame_count(channels: list[_Channel]) -> int:
    seconds = max(float(channel.times[-1]) for channel in channels)
    return int(seconds * float(_estimate_fps(channels)) + 1e-3) + 1


def _read_rest_pose(file: GltfFile) -> _RestPose:
    """Returns the bones that a VRMA file declares, in the pose of its nodes; else those of the rig, as it is bound."""
    declared = file.document.get("extensions", {}).get("VRMC_vrm_animation")
    if declared is not None:
        nodes = {bone: int(entry["node"]) for bone, entry in declared["humanoid"]["humanBones"].items()}
        entries = file.entries("nodes")
        world = world_matrices(local_matrices(entries), node_parents(entries))
        return _RestPose(nodes, {bone: world[node] for bone, node in nodes.items()})
    rig = read_rig(file)
    nodes = {bone: rig.nodes[joint] for bone, joint in rig.humanoid.items()}
    return _RestPose(nodes, {bone: rig.bind[joint] for bone, joint in rig.humanoid.items()})


def _read_channels(file: GltfFile, animation: Mapping[str, Any], nodes: set[int]) -> list[_Channel]:
    """Returns the curves of an animation; none if it moves no bone."""
    channels = [
        _read_channel(file, channel["target"], animation["samplers"][channel["sampler"]])
        for channel in animation["channels"]
        if "node" in channel["target"] and channel["target"]["path"] in ("translation", "rotation", "scale")
    ]
    return channels if any(channel.node in nodes for channel in channels) else []


def _read_channel(file: GltfFile, target: Mapping[str, Any], sampler: Mapping[str, Any]) -> _Channel:
    times, values = file.floats(sampler["input"]).ravel(), file.floats(sampler["output"])
    interpolation = sampler.get("interpolation", "LINEAR")
    keys = len(times) * (3 if interpolation == "CUBICSPLINE" else 1)
    shape = (keys, 4 if target["path"] == "rotation" else 3)
    if len(times) == 0 or values.shape != shape or np.any(np.diff(times) <= 0):
        raise FormatError(f"damaged, an animation has {values.shape} values of {target['path']} for {len(times)} times")
    return _Channel(int(target["node"]), target["path"], times, values, interpolation)


def _read_animation(file: GltfFile, rest: _RestPose, channels: list[_Channel]) -> Motion:
    fps = _estimate_fps(channels)
    count = _frame_count(channels)
    if count > MAX_FRAMES:
        raise FormatError(f"an animation of {float(count / fps):.0f} s is too long")
    times = np.array([float(frame / fps) for frame in range(count)])
    world = _animate_nodes(file.entries("nodes"), channels, times, set(rest.nodes.values()))
    return _to_humanoid(rest, {bone: world[node] for bone, node in rest.nodes.items()}, fps)


def _estimate_fps(channels: list[_Channel]) -> Fraction:
    """Returns the frame rate of which all key times are multiples, else DEFAULT_FPS."""
    times = np.unique(np.concatenate([channel.times for channel in channels]))
    steps = np.diff(times)
    steps = steps[steps > MIN_KEY_DISTANCE]
    if len(steps) == 0 or not FPS_RANGE[0] <= 1 / steps.min() <= FPS_RANGE[1]:
        return DEFAULT_FPS
    rates = Fraction(round(1 / steps.min())), Fraction(round(1.001 / steps.min()) * 1000, 1001)
    misses = [np.abs(times * float(fps) - np.round(times * float(fps))).max() for fps in rates]
    return rates[int(np.argmin(misses))] if min(misses) < MAX_FRAME_MISS else DEFAULT_FPS


def _animate_nodes(
    nodes: list[dict[str, Any]], channels: list[_Channel], times: FloatArray, wanted: set[int]
) -> dict[int, FloatArray]:
    """Returns world from node (T, 4, 4) of the wanted nodes."""
    parents = node_parents(nodes)
    needed = {node for start in wanted for node in _with_ancestors(parents, start)}
    curves = {(channel.node, channel.path): channel.sample(times) for channel in channels}
    at_rest = local_matrices(nodes)
    world: dict[int, FloatArray] = {}
    for node in parents_first(parents):
        if node in needed:
            local = _local_matrices_over_time(nodes[node], at_rest[node], node, curves, len(times))
            world[node] = local if parents[node] < 0 else world[parents[node]] @ local
    return world


def _with_ancestors(parents: Sequence[int], node: int) -> list[int]:
    chain = [node]
    while parents[chain[-1]] >= 0:
        chain.append(parents[chain[-1]])
    return chain


def _local_matrices_over_time(
    entry: Mapping[str, Any], at_rest: FloatArray, node: int, curves: Mapping[tuple[int, str], FloatArray], count: int
) -> FloatArray:
    """Returns parent from node (T, 4, 4); properties without a curve keep the node's value."""
    if not any((node, path) in curves for path in ("translation", "rotation", "scale")):
        return np.broadcast_to(at_rest, (count, 4, 4))
    quaternion = entry.get("rotation", rotation.IDENTITY)
    local = np.tile(np.eye(4), (count, 1, 1))
    turn = rotation.to_matrix(curves.get((node, "rotation"), rotation.normalize(np.array(quaternion, dtype=float))))
    scale = curves.get((node, "scale"), np.array(entry.get("scale", [1.0, 1.0, 1.0])))
    local[:, :3, :3] = turn * np.atleast_2d(scale)[:, None, :]
    local[:, :3, 3] = curves.get((node, "translation"), np.array(entry.get("translation", [0.0, 0.0, 0.0])))
    return local


def _to_humanoid(rest: _RestPose, world: Mapping[str, FloatArray], fps: Fraction) -> Motion:
    """Converts world from bone (T, 4, 4) of the bones to a motion of the 22 humanoid joints."""
    bones = [bone for bone in (*humanoid.JOINTS, *humanoid.FINGERS) if bone in rest.nodes]
    parents = tuple(-1 if bone == "hips" else bones.index(_bone_above(bone, rest.nodes)) for bone in bones)
    bind_rotations = np.stack([_rotation_of(rest.bind[bone]) for bone in bones])
    positions = np.stack([rest.bind[bone][:3, 3] for bone in bones])
    offsets = positions.copy()
    for j, parent in enumerate(parents[1:], start=1):
        offsets[j] = rotation.rotate(rotation.conjugate(bind_rotations[parent]), positions[j] - positions[parent])
    rotations = np.stack([_rotation_of(world[bone]) for bone in bones], axis=1)
    frames = len(rotations)
    motion = Motion(
        Skeleton(tuple(bones), parents, offsets),
        fps,
        rotation.make_continuous(kinematics.local_rotations(parents, rotations)),
        np.array(world["hips"][:, :3, 3]),
        np.full((frames, len(CONTACT_POINTS)), np.nan),
        np.full((frames, len(bones)), np.nan),
    )
    return convert_to_humanoid(motion, rest_rotations=bind_rotations)


def _bone_above(bone: str, bones: Mapping[str, int]) -> str:
    """Returns the nearest bone of the file above a bone; of fingers, the hand."""
    if bone in humanoid.FINGERS:
        return ("left" if bone.startswith("left") else "right") + "Hand"
    above = humanoid.PARENT[bone] or "hips"
    while above not in bones:
        above = humanoid.PARENT[above] or "hips"
    return above


def _rotation_of(matrices: FloatArray) -> FloatArray:
    """Returns the rotations (..., 4) of matrices (..., 4, 4) that may contain scale."""
    return rotation.from_matrix(rotation.nearest_rotation(matrices[..., :3, :3]))
