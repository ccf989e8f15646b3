"""Known motions, a static camera and the tracks that a detector would give."""

from dataclasses import replace
from fractions import Fraction

import numpy as np

from bodydouble.data import FloatArray, Motion, Track
from bodydouble.geometry import camera, rotation
from bodydouble.motion.body import body_landmarks
from bodydouble.motion.body.body_landmarks import landmark_positions
from bodydouble.skeletons import blazepose, coco, humanoid

IMAGE_SIZE = (1280, 720)
FPS = Fraction(30)


def static_camera(height: float = 1.4, distance: float = 5.0, pitch: float = 0.0, yaw: float = 0.0) -> FloatArray:
    """Returns camera_from_world (4, 4) of a camera that looks at the world's vertical axis, tilted down by pitch."""
    sine, cosine = np.sin(yaw), np.cos(yaw)
    backward = np.array([sine * np.cos(pitch), np.sin(pitch), cosine * np.cos(pitch)])
    right = np.array([cosine, 0.0, -sine])
    up = np.cross(backward, right)
    view = np.eye(4)
    view[:3, :3] = np.stack([right, -up, -backward])
    view[:3, 3] = -view[:3, :3] @ np.array([distance * sine, height, distance * cosine])
    return view


def waving_motion(frames: int = 60) -> Motion:
    """Returns a motion on the spot: both arms swing, the left knee bends, the chest rotates, the right foot rests."""
    skeleton = body_landmarks.template_skeleton()
    turn = np.zeros((frames, 22, 3))
    phase = np.linspace(0, 4 * np.pi, frames)
    turn[:, humanoid.INDEX["spine"], 1] = 0.4 * np.sin(phase / 2)
    for side, sign in (("left", -1.0), ("right", 1.0)):
        turn[:, humanoid.INDEX[f"{side}UpperArm"], 2] = sign * (0.8 + 0.5 * np.sin(phase))
        turn[:, humanoid.INDEX[f"{side}LowerArm"], 1] = sign * (0.7 + 0.4 * np.cos(phase))
    lift = 0.5 * (1 - np.cos(phase))
    turn[:, humanoid.INDEX["leftUpperLeg"], 0] = -0.7 * lift
    turn[:, humanoid.INDEX["leftLowerLeg"], 0] = 1.2 * lift
    root = np.tile(skeleton.rest_offsets[0], (frames, 1))
    return Motion(skeleton, FPS, rotation.from_rotvec(turn), root, np.ones((frames, 4)), np.full((frames, 22), 0.05))


def simulated_track(
    motion: Motion, camera_from_world: FloatArray, intrinsics: FloatArray, noise: float = 0.0, seed: int = 0
) -> Track:
    """Returns the track of an ideal detector: keypoints with noise in px, depth of 3D landmarks compressed to 80 %."""
    rng = np.random.default_rng(seed)
    points = camera.transform(
        camera_from_world, landmark_positions(motion.skeleton, motion.rotations, motion.root_position)
    )
    pixels = camera.project(intrinsics, points)
    pixels = pixels + noise * rng.normal(size=pixels.shape)
    hips = [blazepose.INDEX["left_hip"], blazepose.INDEX["right_hip"]]
    landmarks_3d = (points - points[:, hips].mean(axis=1, keepdims=True)) * np.array([1.0, 1.0, 0.8])
    frames = len(points)
    return Track(
        frames=np.arange(frames),
        observed=np.ones(frames, dtype=bool),
        boxes=np.concatenate([pixels.min(axis=1), pixels.max(axis=1)], axis=-1),
        keypoints=np.concatenate([pixels, np.full((frames, 33, 1), 0.95)], axis=-1),
        landmarks_3d=landmarks_3d,
    )


_FEET = [i for i, name in enumerate(blazepose.LANDMARKS) if name.endswith(("ankle", "heel", "foot_index"))]


def without_feet(track: Track, first: int = 0) -> Track:
    """Returns the track with feet of confidence 0 from a row on, as if they were outside the image."""
    keypoints = track.keypoints.copy()
    keypoints[first:, _FEET, 2] = 0.0
    return replace(track, keypoints=keypoints)


def coco_track(track: Track) -> Track:
    """Returns the track as it is read from keypoints of COCO: neither heels, toes nor 3D landmarks."""
    keypoints = track.keypoints.copy()
    missing = np.setdiff1d(np.arange(len(blazepose.LANDMARKS)), coco.BLAZEPOSE_INDICES)
    keypoints[:, missing, 2] = 0.0
    return replace(track, keypoints=keypoints, landmarks_3d=np.full_like(track.landmarks_3d, np.nan))


def flipped_track(track: Track, width: int) -> Track:
    """Returns the track of the horizontally flipped image."""
    swap = list(blazepose.MIRROR)
    flip = np.array([-1.0, 1.0, 1.0])
    keypoints = track.keypoints[:, swap] * flip + np.array([width, 0.0, 0.0])
    boxes = np.stack(
        [width - track.boxes[:, 2], track.boxes[:, 1], width - track.boxes[:, 0], track.boxes[:, 3]], axis=-1
    )
    return Track(track.frames, track.observed, boxes, keypoints, track.landmarks_3d[:, swap] * flip)
