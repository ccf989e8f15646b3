"""Windows of motion as the lifter sees them, and what it should say about them."""

from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

from bodydouble.data import FloatArray, Skeleton
from bodydouble.geometry import camera, rotation
from bodydouble.motion.body import body_landmarks, proportions
from bodydouble.motion.lifting import lifter, person_view
from bodydouble.skeletons import blazepose, humanoid
from bodydouble.training.detections import ARRAYS, FPS, FRAMES

MIRROR_QUATERNION = np.array([1.0, -1.0, -1.0, 1.0])


@dataclass(frozen=True, slots=True)
class Window:
    """One person for T frames, in the view of ``motion.crop`` at what was seen; or N of them, stacked."""

    points: FloatArray
    """(T, 33, 2) as seen."""
    confidence: FloatArray
    """(T, 33)."""
    rough: FloatArray
    """(T, 33, 3) m, as seen."""
    direction: FloatArray
    """(T, 2)."""
    size: FloatArray
    """()."""
    true_points: FloatArray
    """(T, 33, 2)."""
    depths: FloatArray
    """(T, 33)."""
    rotations: FloatArray
    """(T, 22, 4) xyzw, local; the root's is crop_from_hips."""
    up: FloatArray
    """(T, 3)."""
    velocity: FloatArray
    """(T, 3) of the hips in the world, sizes per second."""
    contacts: FloatArray
    """(T, 4)."""
    offsets: FloatArray
    """(T, 22, 3) of the skeleton at rest, in sizes."""
    lengths: FloatArray
    """(T, K) logarithms of lengths relative to the template."""


def mirrored(window: Window) -> Window:
    """The mirror image."""
    swap, joints = list(blazepose.MIRROR), list(humanoid.MIRROR)
    points, confidence, rough, direction = lifter.mirrored(
        window.points, window.confidence, window.rough, window.direction
    )
    return replace(
        window,
        points=points,
        confidence=confidence,
        rough=rough,
        direction=direction,
        true_points=window.true_points[:, swap] * lifter.MIRROR[:2],
        depths=window.depths[:, swap],
        rotations=window.rotations[:, joints] * MIRROR_QUATERNION,
        up=window.up * lifter.MIRROR,
        velocity=window.velocity * lifter.MIRROR,
        contacts=window.contacts[:, lifter.MIRROR_CONTACTS],
        offsets=window.offsets[:, joints] * lifter.MIRROR,
    )


def backwards(window: Window) -> Window:
    """The last frame first."""
    timed = {f.name: getattr(window, f.name)[::-1] for f in fields(Window) if f.name != "size"}
    return replace(window, **timed | {"velocity": -timed["velocity"]})


def rolled(window: Window, angle: float) -> Window:
    """The same before a camera that is turned about its line of sight, by an angle in rad."""
    turn = rotation.from_rotvec(np.array([0.0, 0.0, angle]))
    matrix = rotation.to_matrix(turn)
    flat = matrix[:2, :2].T
    rotations = window.rotations.copy()
    rotations[:, 0] = rotation.multiply(turn, rotations[:, 0])
    return replace(
        window,
        points=window.points @ flat,
        rough=window.rough @ matrix.T,
        direction=window.direction @ flat,
        true_points=window.true_points @ flat,
        rotations=rotations,
        up=window.up @ matrix.T,
        velocity=window.velocity @ matrix.T,
    )


def stacked(windows: list[Window]) -> Window:
    """N windows as one whose arrays have a first axis N."""
    return Window(*(np.stack([getattr(one, field.name) for one in windows]) for field in fields(Window)))


def read_windows(path: Path) -> list[Window]:
    """The clips of a file of detections that are long enough, the last FRAMES of each."""
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name].astype(np.float64) for name in ARRAYS}
        lengths, intrinsics, offsets = (file[name] for name in ("lengths", "intrinsics", "rest_offsets"))
        offsets = offsets.astype(np.float64)
    ends = np.cumsum(lengths)
    return [
        _window(
            intrinsics[clip], offsets[clip].astype(np.float64), {n: a[end - FRAMES : end] for n, a in arrays.items()}
        )
        for clip, end in enumerate(ends)
        if lengths[clip] >= FRAMES
    ]


def _window(intrinsics: FloatArray, rest_offsets: FloatArray, seen: dict[str, FloatArray]) -> Window:
    confidence = seen["keypoints"][..., 2]
    view = person_view.crop(camera.rays(intrinsics, seen["keypoints"][..., :2])[..., :2], confidence)
    return window(
        view, confidence, seen["rough_joints"], seen["true_joints"], seen["camera_from_world"][:, :3, :3], rest_offsets,
        seen["rotations"], seen["root_position"], seen["contacts"],
    )  # fmt: skip


def window(
    view: person_view.Crop,
    confidence: FloatArray,
    rough: FloatArray,
    truth: FloatArray,
    camera_from_world: FloatArray,
    rest_offsets: FloatArray,
    rotations: FloatArray,
    root_position: FloatArray,
    contacts: FloatArray,
) -> Window:
    """What is seen and what is true.

    Args:
        view: of what was seen.
        confidence: (T, 33).
        rough: (T, 33, 3) m.
        truth: (T, 33, 3) m, true landmarks, camera axes.
        camera_from_world: (T, 3, 3).
        rest_offsets: (22, 3) m.
        rotations: (T, 22, 4) true, local, world axes.
        root_position: (T, 3) m, world.
        contacts: (T, 4).
    """
    flat = truth @ view.camera_from_crop
    distance = flat[:, person_view.HIPS, 2].mean(axis=1)
    unit = (distance * view.size)[:, None, None]
    crop_from_world = np.swapaxes(view.camera_from_crop, -1, -2) @ camera_from_world
    turned = rotations.copy()
    turned[:, 0] = rotation.multiply(rotation.from_matrix(crop_from_world), rotations[:, 0])
    velocity = np.gradient(root_position, axis=0) * float(FPS)
    return Window(
        points=view.points,
        confidence=confidence,
        rough=rough,
        direction=view.direction,
        size=np.array(view.size),
        true_points=flat[..., :2] / flat[..., 2:] / view.size,
        depths=person_view.depths_of(truth, view),
        rotations=turned,
        up=crop_from_world[..., 1],
        velocity=(crop_from_world @ velocity[..., None])[..., 0] / unit[..., 0],
        contacts=contacts,
        offsets=rest_offsets / unit,
        lengths=np.tile(log_lengths(rest_offsets), (len(truth), 1)),
    )


def log_lengths(rest_offsets: FloatArray) -> FloatArray:
    """(K,) logarithms of the lengths of bones relative to the template, by ``proportions.BONES``."""
    own = Skeleton(humanoid.JOINTS, humanoid.PARENTS, rest_offsets)
    return np.log(proportions.bone_lengths(own) / proportions.bone_lengths(body_landmarks.template_skeleton()))
