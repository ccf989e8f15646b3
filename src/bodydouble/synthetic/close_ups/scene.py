"""Scenes of close-ups: a seed -> `ClipScene` of one person whose hands or face fill the image, static camera."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from bodydouble.data import BoolArray, Camera, Character, Face, FloatArray, Hands, Motion
from bodydouble.geometry import camera, kinematics, rotation
from bodydouble.motion.hands.merge import merge_hands
from bodydouble.skeletons import blazepose, hand
from bodydouble.synthetic import bodies, cameras, clothing, environments, sensor
from bodydouble.synthetic.close_ups import face_parts, gestures, posture
from bodydouble.synthetic.close_ups.expressions import sample_face
from bodydouble.synthetic.close_ups.hand_rig import HandRig, build_hand_rig, finger_motion, hand_landmarks
from bodydouble.synthetic.close_ups.performer import build_performer
from bodydouble.synthetic.rendered_clip import LANDSCAPE, ClipScene, SyntheticPerson

CLIP_FPS = Fraction(30)
"""Frame rate in frames/s."""
FOCAL_LENGTHS_MM = (26.0, 50.0)
"""Range of focal lengths in mm, for a sensor of 36 mm along the longer side."""
MAX_BEARING = np.radians(35.0)
"""Maximum angle in rad between the direction in which a person faces and the camera."""
FRAME_MARGIN = 0.03
"""Minimum distance of hands and head from the edges of the image, in widths or heights of it."""
SIZE_STEP = 0.95
"""Factor by which the size in the image is reduced until everything that must be seen is in it."""
HEAD_LANDMARKS = [blazepose.INDEX[name] for name in ("left_eye", "right_eye", "mouth_left", "mouth_right")]
SHOULDERS = [blazepose.INDEX[name] for name in ("left_shoulder", "right_shoulder")]
FACE_HEIGHT_RATIO = 16.5 / 7.0
"""Ratio of the height of a face to the distance between eyes and mouth, as perception measures faces."""
HAND_LENGTH_LANDMARKS = [hand.INDEX[name] for name in ("wrist", "middle_mcp", "middle_pip", "middle_dip", "middle_tip")]


@dataclass(frozen=True, slots=True)
class HandsScene:
    """Scene of moving hands with what is known about them."""

    scene: ClipScene
    landmarks: FloatArray
    """(T, 2, 21, 3) m, landmarks of both hands in the world."""
    hands: Hands
    """Motion of the fingers, and the landmarks in the image."""
    is_held: BoolArray
    """(T, 2) where neither the arm nor the fingers of a hand move."""


@dataclass(frozen=True, slots=True)
class FaceScene:
    """Scene of a moving face with what is known about it."""

    scene: ClipScene
    face: Face
    """Motion of the face."""
    sizes: FloatArray
    """(T,) px, height of the face from forehead to chin, as if it faced the camera."""


@dataclass(frozen=True, slots=True)
class _Performer:
    """A body with its rig and its looks."""

    body: bodies.Body
    rig: HandRig
    character: Character


def sample_hands_scene(
    seed: int, hand_size: float, frame_count: int, image_size: tuple[int, int] = LANDSCAPE
) -> HandsScene:
    """Draws a person who gestures with both hands before a static camera.

    The same seed gives the same scene.

    Args:
        seed: seed of everything that is random.
        hand_size: length of the hands in the image, px; less if they would leave the image.
        frame_count: number of frames.
        image_size: width and height, px.
    """
    rng = np.random.default_rng(seed)
    performer = _sample_performer(rng)
    standing = posture.stand(bodies.build_humanoid_skeleton(performer.body), CLIP_FPS, frame_count, rng)
    motion, is_still = posture.raise_hands(standing, rng)
    fingers = [gestures.sample_gestures(frame_count, float(CLIP_FPS), rng) for _ in range(2)]
    rotations = finger_motion(performer.rig, np.stack([each.angles for each in fingers], axis=1))
    landmarks = _landmarks_of_motion(performer.rig, motion, rotations)
    noses = bodies.landmark_positions(motion, performer.body)[:, blazepose.INDEX["nose"]]
    seen = np.concatenate([landmarks.reshape(-1, 3), noses])
    view = _place_camera(seen, float(hand_lengths(landmarks[0, 0])) / hand_size, frame_count, image_size, rng)
    hands = _true_hands(performer.rig, rotations, landmarks, view)
    face = sample_face(frame_count, float(CLIP_FPS), rng)
    scene = _complete_scene(performer, motion, hands, face, view, rng)
    return HandsScene(scene, landmarks, hands, is_still & np.stack([each.is_held for each in fingers], axis=1))


def sample_face_scene(
    seed: int, face_size: float, frame_count: int, image_size: tuple[int, int] = LANDSCAPE
) -> FaceScene:
    """Draws a person whose face moves before a static camera, with hanging arms.

    The same seed gives the same scene.

    Args:
        seed: seed of everything that is random.
        face_size: height of the face in the image, px; less if the head would leave the image.
        frame_count: number of frames.
        image_size: width and height, px.
    """
    rng = np.random.default_rng(seed)
    performer = _sample_performer(rng)
    skeleton = bodies.build_humanoid_skeleton(performer.body)
    motion = posture.turn_head(posture.stand(skeleton, CLIP_FPS, frame_count, rng), rng)
    landmarks = bodies.landmark_positions(motion, performer.body)
    face_height = FACE_HEIGHT_RATIO * face_parts.eyes_to_mouth(performer.body)
    seen = np.concatenate([_head_box(landmarks, face_height), landmarks[:, SHOULDERS].reshape(-1, 3)])
    view = _place_camera(seen, face_height / face_size, frame_count, image_size, rng)
    face = sample_face(frame_count, float(CLIP_FPS), rng)
    depth = camera.transform(view.camera_from_world[0], landmarks[:, HEAD_LANDMARKS].mean(axis=1))[:, 2]
    scene = _complete_scene(performer, motion, None, face, view, rng)
    return FaceScene(scene, face, face_height * view.intrinsics[0, 0] / depth)


def _sample_performer(rng: np.random.Generator) -> _Performer:
    mixture = bodies.sample_mixture(rng)
    body = bodies.mix_bodies(mixture)
    rig = build_hand_rig(body)
    return _Performer(body, rig, build_performer(body, mixture, clothing.clothe_body(body, rng), rig, rng))


def _complete_scene(
    performer: _Performer, motion: Motion, hands: Hands | None, face: Face, view: Camera, rng: np.random.Generator
) -> ClipScene:
    """Draws the environment and the sensor of a scene."""
    landmarks = bodies.landmark_positions(motion, performer.body)
    person = SyntheticPerson(performer.body, performer.character, motion, landmarks, hands, face)
    positions = camera.inverse(view.camera_from_world)[:, :3, 3]
    environment = environments.sample_environment(landmarks, positions, rng)
    return ClipScene(motion.fps, (person,), (), view, environment, sensor.sample_exposure(rng))


def _head_box(landmarks: FloatArray, face_height: float) -> FloatArray:
    """Returns points (2 T, 3) above and below the head of landmarks (T, 33, 3)."""
    middle = landmarks[:, HEAD_LANDMARKS].mean(axis=1)
    up = np.array([0.0, face_height, 0.0])
    return np.concatenate([middle + up, middle - up])


def _landmarks_of_motion(rig: HandRig, motion: Motion, rotations: FloatArray) -> FloatArray:
    """Returns the landmarks (T, 2, 21, 3) m of the hands of a motion with rotations (T, 30, 4) of the fingers."""
    frames = len(rotations)
    empty = np.zeros((frames, 2, len(hand.LANDMARKS), 3))
    hands = Hands(np.ones((frames, 2), dtype=np.bool_), empty, rig.rest_offsets, rotations)
    merged = merge_hands(motion, hands)
    return hand_landmarks(rig, *kinematics.forward_kinematics(merged.skeleton, merged.rotations, merged.root_position))


def hand_lengths(landmarks: FloatArray) -> FloatArray:
    """Returns the lengths (...) m of hands (..., 21, 3): the bones from the wrist to the tip of the middle finger."""
    chain = landmarks[..., HAND_LENGTH_LANDMARKS, :]
    return np.asarray(np.linalg.norm(np.diff(chain, axis=-2), axis=-1).sum(axis=-1))


def hand_sizes(landmarks: FloatArray, view: Camera) -> FloatArray:
    """Returns the sizes (T, 2) px that hands (T, 2, 21, 3) in the world would have if they faced the camera."""
    depth = camera.transform(view.camera_from_world, landmarks.mean(axis=2))[..., 2]
    return np.asarray(hand_lengths(landmarks) * view.intrinsics[0, 0] / depth)


def _place_camera(
    points: FloatArray,
    metres_per_pixel: float,
    frame_count: int,
    image_size: tuple[int, int],
    rng: np.random.Generator,
) -> Camera:
    """Draws a static camera in front of a person that has points (N, 3) in view.

    Args:
        points: what must be seen, m.
        metres_per_pixel: size of a pixel at the points; more if they would leave the image.
        frame_count: number of frames.
        image_size: width and height, px.
        rng: source of everything that is random.
    """
    intrinsics = camera.intrinsics_from_focal_length(rng.uniform(*FOCAL_LENGTHS_MM) / 36 * max(image_size), image_size)
    bearing, elevation = rng.uniform(-MAX_BEARING, MAX_BEARING), rng.uniform(-0.15, 0.25)
    outward = np.array([np.sin(bearing), np.tan(elevation), np.cos(bearing)])
    while True:
        view = _look_at(points, outward, intrinsics[0, 0] * metres_per_pixel, intrinsics, image_size, frame_count)
        off_center = np.abs(_project(view, points) / np.array(image_size) - 0.5)
        if off_center.max() < 0.5 - FRAME_MARGIN:
            return view
        metres_per_pixel /= SIZE_STEP


def _look_at(
    points: FloatArray,
    outward: FloatArray,
    distance: float,
    intrinsics: FloatArray,
    image_size: tuple[int, int],
    frame_count: int,
) -> Camera:
    """Returns a static camera at a distance in m from the middle of points (N, 3), in a direction (3,) from them."""
    target = (points.min(axis=0) + points.max(axis=0)) / 2
    position = target + distance * rotation.normalize(outward)
    pose = np.eye(4)
    pose[:3, :3] = cameras.level_rotation(position - target)
    pose[:3, 3] = -pose[:3, :3] @ position
    return Camera(image_size, intrinsics, np.tile(pose, (frame_count, 1, 1)))


def _project(view: Camera, points: FloatArray) -> FloatArray:
    """Returns the pixels (..., 2) of points (..., 3) in the world, by a static camera."""
    return camera.project(view.intrinsics, camera.transform(view.camera_from_world[0], points))


def _true_hands(rig: HandRig, rotations: FloatArray, landmarks: FloatArray, view: Camera) -> Hands:
    """Returns the hands with landmarks (T, 2, 21, 3) in the world; a hand is observed where nothing hides it."""
    pixels = _project(view, landmarks)
    is_visible = _is_in_image(pixels, view.image_size) & ~_is_behind_other(pixels, landmarks, view)
    keypoints = np.concatenate([pixels, np.broadcast_to(is_visible[..., None, None], (*pixels.shape[:3], 1))], axis=-1)
    return Hands(is_visible, keypoints, rig.rest_offsets, rotations)


def _is_in_image(pixels: FloatArray, image_size: tuple[int, int]) -> BoolArray:
    return np.asarray(((pixels > 0) & (pixels < np.array(image_size))).all(axis=(-1, -2)))


def _is_behind_other(pixels: FloatArray, landmarks: FloatArray, view: Camera) -> BoolArray:
    """Returns where (T, 2) the other hand lies before a hand, by the boxes around their landmarks."""
    low, high = pixels.min(axis=2), pixels.max(axis=2)
    overlaps = ((low < high[:, ::-1]) & (low[:, ::-1] < high)).all(axis=-1)
    depth = camera.transform(view.camera_from_world[0], landmarks.mean(axis=2))[..., 2]
    return np.asarray(overlaps & (depth > depth[:, ::-1]))
