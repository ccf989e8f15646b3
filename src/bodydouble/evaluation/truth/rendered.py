"""Clips of a rendered person, and the performance that really took place in them."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from bodydouble.characters.fit import fit
from bodydouble.characters.load import load
from bodydouble.characters.retarget import pose_matrices, retarget
from bodydouble.data import Camera, FloatArray, Motion, Performance, Person, Skeleton, Track
from bodydouble.formats import performance
from bodydouble.formats.media import VideoWriter
from bodydouble.geometry import camera, rotation
from bodydouble.motion import body, pose, proportions
from bodydouble.motion.contacts import POINTS
from bodydouble.motion.place import landmark_positions
from bodydouble.render.overlay import PALETTE, person_color
from bodydouble.render.scene import Picture, Scene

SIZE = (1280, 720)
MILLIMETRES_35 = (26.0, 60.0)
"""Focal lengths, as on 35 mm film, 36 mm wide."""
CAMERA_HEIGHT = (0.6, 2.4)
SEGMENT_SPREAD, STATURE_SPREAD = 0.05, 0.05
"""Relative standard deviations of the body's proportions and size about the adult template."""
FILLED = 0.8
"""The person and their path fill at most this share of the picture."""
REST_HEIGHT, REST_SPEED = 0.04, 0.3
"""m and m/s: a sole point lower and slower than this rests on the floor."""


@dataclass(frozen=True, slots=True)
class Shot:
    """A person of random build before a random, static camera."""

    motion: Motion
    camera: Camera
    color: tuple[int, int, int]


def shot(landmarks: FloatArray, fps: Fraction, seed: int) -> Shot:
    """A body and a camera for a motion; the same seed gives the same ones.

    Args:
        landmarks: (T, 33, 3) m, y up, BlazePose order.
        fps: exact rate.
        seed: of all that is random.
    """
    rng = np.random.default_rng(seed)
    motion = _on_floor(_performed(landmarks, fps, _build(rng)))
    points = landmark_positions(motion.skeleton, motion.rotations, motion.root_position)
    view = _camera(points, rng)
    return Shot(motion, view, person_color(int(rng.integers(len(PALETTE)))))


def _build(rng: np.random.Generator) -> Skeleton:
    left_right = {s.name.split("_", 1)[-1]: rng.normal(1.0, SEGMENT_SPREAD) for s in body.SEGMENTS}
    ratios = np.array([left_right[s.name.split("_", 1)[-1]] for s in body.SEGMENTS])
    stature = np.clip(rng.normal(1.0, STATURE_SPREAD), 0.88, 1.12)
    return proportions.resized(proportions.scaled_skeleton(np.clip(ratios, 0.88, 1.12)), float(stature))


def _performed(landmarks: FloatArray, fps: Fraction, skeleton: Skeleton) -> Motion:
    """The motion on another body; its path is scaled by the length of the legs."""
    directions = rotation.normalize(body.segment_vectors(landmarks))
    ones = np.ones(landmarks.shape[:2])
    rotations = rotation.continuous(pose.local_rotations(skeleton, directions, landmarks, ones, float(fps)))
    hips = body.group_mean(landmarks, body.HIPS)
    legs = np.linalg.norm(body.segment_vectors(landmarks)[0, [body.SEGMENT_INDEX["left_thigh"]]])
    scale = np.linalg.norm(skeleton.rest_offsets[skeleton.index("leftLowerLeg")]) / legs
    frames = len(landmarks)
    return Motion(skeleton, fps, rotations, hips * scale, np.zeros((frames, 4)), np.zeros((frames, 22)))


def _on_floor(motion: Motion) -> Motion:
    """The lowest landmark of the clip lies on the floor; contacts are those of the soles."""
    points = landmark_positions(motion.skeleton, motion.rotations, motion.root_position)
    down = np.array([0.0, np.percentile(points[..., 1].min(axis=1), 2), 0.0])
    soles = points[:, POINTS] - down
    speed = np.linalg.norm(np.gradient(soles, axis=0), axis=-1) * float(motion.fps)
    contacts = ((soles[..., 1] < REST_HEIGHT) & (speed < REST_SPEED)).astype(float)
    root = motion.root_position - down
    return Motion(motion.skeleton, motion.fps, motion.rotations, root, contacts, motion.joint_sigma)


def _camera(points: FloatArray, rng: np.random.Generator) -> Camera:
    """A static camera that has all points (T, N, 3) in view."""
    focal = rng.uniform(*MILLIMETRES_35) / 36 * SIZE[0]
    intrinsics = camera.intrinsics_from_focal(focal, SIZE)
    yaw, height = rng.uniform(-np.pi, np.pi), rng.uniform(*CAMERA_HEIGHT)
    middle = (points.min(axis=(0, 1)) + points.max(axis=(0, 1))) / 2
    away = np.array([np.sin(yaw), 0.0, np.cos(yaw)])
    for distance in np.arange(2.0, 30.0, 0.25):
        view = _look_at(middle * np.array([1.0, 0.0, 1.0]) + distance * away + np.array([0.0, height, 0.0]), middle)
        seen = camera.transform(view, points)
        if seen[..., 2].min() < 0.8:
            continue
        off_center = np.abs(camera.project(intrinsics, seen) / np.array(SIZE) - 0.5)
        if off_center.max() < FILLED / 2:
            break
    return Camera(SIZE, intrinsics, np.repeat(view[None], len(points), axis=0))


def _look_at(position: FloatArray, target: FloatArray) -> FloatArray:
    """camera_from_world (4, 4) of a level camera."""
    backward = rotation.normalize(position - target)
    right = rotation.normalize(np.cross([0.0, 1.0, 0.0], backward))
    view = np.eye(4)
    view[:3, :3] = np.stack([right, -np.cross(backward, right), -backward])
    view[:3, 3] = -view[:3, :3] @ position
    return view


def truth_of(scene: Shot) -> Performance:
    """The performance that takes place in a shot, as perfect eyes would see it."""
    motion, view = scene.motion, scene.camera
    points = landmark_positions(motion.skeleton, motion.rotations, motion.root_position)
    seen = camera.transform(view.camera_from_world, points)
    pixels = camera.project(view.intrinsics, seen)
    inside = np.all((pixels > 0) & (pixels < np.array(view.size)), axis=-1)
    frames = len(points)
    track = Track(
        frames=np.arange(frames),
        observed=np.ones(frames, dtype=bool),
        boxes=np.concatenate([pixels.min(axis=1), pixels.max(axis=1)], axis=-1),
        keypoints=np.concatenate([pixels, inside[..., None]], axis=-1),
        rough_joints=seen - body.group_mean(seen, body.HIPS)[:, None],
    )
    return Performance(motion.fps, frames, view, (Person("person1", track, motion),))


def pictures(scene: Shot) -> Iterator[Picture]:
    """The frames (H, W, 3) uint8 RGB of a shot."""
    character = fit(load("mannequin"), scene.motion.skeleton)
    rotations, translation = retarget(scene.motion, character)
    with Scene(scene.camera.size, [character], [scene.color]) as stage:
        for frame, view in enumerate(scene.camera.camera_from_world):
            rows = slice(frame, frame + 1)
            matrices = pose_matrices(character, rotations[rows], translation[rows])[0]
            yield stage.draw([matrices], scene.camera.intrinsics, view)


def make(scene: Shot, video: Path, truth: Path) -> None:
    """Writes the video of a shot, and its truth as a performance file.

    Raises:
        OutputError: a file cannot be written.
        RenderingUnavailableError: there is no OpenGL on this machine.
    """
    with VideoWriter(video, size=scene.camera.size, fps=scene.motion.fps) as writer:
        for picture in pictures(scene):
            writer.write(np.ascontiguousarray(picture))
    performance.save(truth, truth_of(scene))
