"""Labelled training windows: detections of one person in T frames and the outputs that the lifter shall give.

Input: files of `DetectedClip`s, or landmarks with ground truth. Output: `Window`s, in the view of
``motion.lifting.person_view``; lengths are in units of the person's size there, unless they are in m.
"""

from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

from bodydouble.data import FloatArray, Skeleton
from bodydouble.geometry import camera, rotation
from bodydouble.motion.body import body_landmarks, proportions
from bodydouble.motion.lifting import lifter, person_view
from bodydouble.skeletons import blazepose, humanoid
from bodydouble.training.detections import FILE_KEYS, FPS, FRAME_ARRAYS, WINDOW_FRAMES

FLIP_QUATERNION = np.array([1.0, -1.0, -1.0, 1.0])
"""Signs of an xyzw quaternion in the horizontally flipped image."""


@dataclass(frozen=True, slots=True)
class Window:
    """Detections of one person in T frames with their ground truth; or N windows, stacked along a first axis."""

    points: FloatArray
    """Detected points (T, 33, 2) in the person view."""
    confidence: FloatArray
    """Confidence (T, 33) of the points."""
    landmarks_3d: FloatArray
    """Detected 3D landmarks (T, 33, 3), hip-centred, camera axes, m."""
    direction: FloatArray
    """Direction (T, 2) of the hips on the plane z = 1 of the camera."""
    scale: FloatArray
    """Scale () of the person view."""
    true_points: FloatArray
    """True points (T, 33, 2) in the person view."""
    depths: FloatArray
    """True depths (T, 33) relative to the hips."""
    rotations: FloatArray
    """True local rotations (T, 22, 4), xyzw; that of the root is view_from_hips."""
    gravity_up: FloatArray
    """Upward direction (T, 3) in view axes; NaN if it is not to be learned."""
    velocity: FloatArray
    """World velocity (T, 3) of the hips in view axes, person sizes per second."""
    contacts: FloatArray
    """Contacts (T, 4) of heels and toes."""
    offsets: FloatArray
    """Rest offsets (T, 22, 3) of the skeleton, in person sizes."""
    log_bone_scales: FloatArray
    """Logarithms (T, K) of the lengths of bones relative to the template."""


def flip_horizontally(window: Window) -> Window:
    """Returns the window of the horizontally flipped image, with left and right exchanged."""
    swap, joints = list(blazepose.MIRROR), list(humanoid.MIRROR)
    points, confidence, landmarks_3d, direction = lifter.mirror_input(
        window.points, window.confidence, window.landmarks_3d, window.direction
    )
    return replace(
        window,
        points=points,
        confidence=confidence,
        landmarks_3d=landmarks_3d,
        direction=direction,
        true_points=window.true_points[:, swap] * lifter.MIRROR_SIGNS[:2],
        depths=window.depths[:, swap],
        rotations=window.rotations[:, joints] * FLIP_QUATERNION,
        gravity_up=window.gravity_up * lifter.MIRROR_SIGNS,
        velocity=window.velocity * lifter.MIRROR_SIGNS,
        contacts=window.contacts[:, lifter.MIRROR_CONTACT_ORDER],
        offsets=window.offsets[:, joints] * lifter.MIRROR_SIGNS,
    )


def time_reversed(window: Window) -> Window:
    """Returns the window with its frames in reverse order."""
    reversed_arrays = {f.name: getattr(window, f.name)[::-1] for f in fields(Window) if f.name != "scale"}
    return replace(window, **reversed_arrays | {"velocity": -reversed_arrays["velocity"]})


def camera_rolled(window: Window, angle: float) -> Window:
    """Returns the window as seen by a camera that is rolled by an angle in rad."""
    roll = rotation.from_rotvec(np.array([0.0, 0.0, angle]))
    matrix = rotation.to_matrix(roll)
    image_rotation = matrix[:2, :2].T
    rotations = window.rotations.copy()
    rotations[:, 0] = rotation.multiply(roll, rotations[:, 0])
    return replace(
        window,
        points=window.points @ image_rotation,
        landmarks_3d=window.landmarks_3d @ matrix.T,
        direction=window.direction @ image_rotation,
        true_points=window.true_points @ image_rotation,
        rotations=rotations,
        gravity_up=window.gravity_up @ matrix.T,
        velocity=window.velocity @ matrix.T,
    )


def stack_windows(windows: list[Window]) -> Window:
    """Stacks N windows along a new first axis."""
    return Window(*(np.stack([getattr(window, field.name) for window in windows]) for field in fields(Window)))


def read_windows(path: Path) -> list[Window]:
    """Reads the last WINDOW_FRAMES frames of each clip of a file of detections that is long enough."""
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[FILE_KEYS.get(name, name)].astype(np.float64) for name in FRAME_ARRAYS}
        lengths, intrinsics, offsets = (file[name] for name in ("lengths", "intrinsics", "rest_offsets"))
        offsets = offsets.astype(np.float64)
    ends = np.cumsum(lengths)
    return [
        _window_of_clip(
            intrinsics[clip],
            offsets[clip].astype(np.float64),
            {n: a[end - WINDOW_FRAMES : end] for n, a in arrays.items()},
        )
        for clip, end in enumerate(ends)
        if lengths[clip] >= WINDOW_FRAMES
    ]


def _window_of_clip(intrinsics: FloatArray, rest_offsets: FloatArray, arrays: dict[str, FloatArray]) -> Window:
    confidence = arrays["keypoints"][..., 2]
    view = person_view.view_straight_at(camera.rays(intrinsics, arrays["keypoints"][..., :2])[..., :2], confidence)
    return create_window(
        view, confidence, arrays["landmarks_3d"], arrays["true_landmarks_3d"],
        arrays["camera_from_world"][:, :3, :3], rest_offsets,
        arrays["rotations"], arrays["root_position"], arrays["contacts"],
    )  # fmt: skip


def create_window(
    view: person_view.PersonView,
    confidence: FloatArray,
    landmarks_3d: FloatArray,
    true_landmarks_3d: FloatArray,
    camera_from_world: FloatArray,
    rest_offsets: FloatArray,
    rotations: FloatArray,
    root_position: FloatArray,
    contacts: FloatArray,
) -> Window:
    """Creates a window from detections and ground truth.

    Args:
        view: person view of the detected points.
        confidence: confidence (T, 33) of the points.
        landmarks_3d: detected 3D landmarks (T, 33, 3), hip-centred, camera axes, m.
        true_landmarks_3d: true landmarks (T, 33, 3), camera axes and origin, m.
        camera_from_world: camera rotations (T, 3, 3).
        rest_offsets: rest offsets (22, 3) of the skeleton, m.
        rotations: true local rotations (T, 22, 4), xyzw; that of the root is world_from_hips.
        root_position: true positions (T, 3) of the hips in the world, m.
        contacts: true contacts (T, 4).
    """
    view_landmarks = true_landmarks_3d @ view.camera_from_view
    distance = view_landmarks[:, person_view.HIP_INDICES, 2].mean(axis=1)
    metres_per_size = (distance * view.scale)[:, None, None]
    view_from_world = np.swapaxes(view.camera_from_view, -1, -2) @ camera_from_world
    view_rotations = rotations.copy()
    view_rotations[:, 0] = rotation.multiply(rotation.from_matrix(view_from_world), rotations[:, 0])
    velocity = np.gradient(root_position, axis=0) * float(FPS)
    return Window(
        points=view.points,
        confidence=confidence,
        landmarks_3d=landmarks_3d,
        direction=view.direction,
        scale=np.array(view.scale),
        true_points=view_landmarks[..., :2] / view_landmarks[..., 2:] / view.scale,
        depths=person_view.relative_depths(true_landmarks_3d, view),
        rotations=view_rotations,
        gravity_up=view_from_world[..., 1],
        velocity=(view_from_world @ velocity[..., None])[..., 0] / metres_per_size[..., 0],
        contacts=contacts,
        offsets=rest_offsets / metres_per_size,
        log_bone_scales=np.tile(compute_log_bone_scales(rest_offsets), (len(true_landmarks_3d), 1)),
    )


def compute_log_bone_scales(rest_offsets: FloatArray) -> FloatArray:
    """Returns the logarithms (K,) of the lengths of ``proportions.BONES`` relative to the template."""
    skeleton = Skeleton(humanoid.JOINTS, humanoid.PARENTS, rest_offsets)
    return np.log(proportions.bone_lengths(skeleton) / proportions.bone_lengths(body_landmarks.template_skeleton()))
