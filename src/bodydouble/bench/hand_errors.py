"""Errors of captured hands against the ground truth of rendered ones, and those of the landmark network alone."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from bodydouble.data import BoolArray, Camera, FloatArray, Hands, Motion, Performance
from bodydouble.formats.media import FrameReader
from bodydouble.geometry import camera, kinematics, rotation
from bodydouble.motion.hands.hand_model import FINGER_LANDMARKS
from bodydouble.motion.hands.landmark_positions import hand_landmark_positions
from bodydouble.perception.hands.networks import HandNetworks
from bodydouble.perception.hands.regions import roi_from_landmarks
from bodydouble.skeletons import hand
from bodydouble.synthetic.close_ups.scene import HandsScene, hand_sizes

SIDES = ("left", "right")
TIPS = FINGER_LANDMARKS[:, -1]
MAX_FOUND_DISTANCE = 0.5
"""Maximum mean distance of 2D landmarks from the true ones at which a hand counts as found, lengths of the hand."""


@dataclass(frozen=True, slots=True)
class HandSamples:
    """Hands of one or several clips: N true hands, one per side and frame."""

    sizes: FloatArray
    """(N,) px, length of the hand in the image."""
    is_visible: BoolArray
    """(N,) whether nothing hides the hand."""
    is_found: BoolArray
    """(N,) whether the hand was observed where it is."""
    is_exchanged: BoolArray
    """(N,) whether a hand was observed where the other one is."""
    tip_errors: FloatArray
    """(N, 5) m, of the fingertips relative to the wrist, in camera axes and at the true size; NaN if not observed."""
    bend_errors: FloatArray
    """(N, 15) rad, of the bends of three joints of each finger; NaN if not observed."""
    network_tip_errors: FloatArray
    """(N, 5) m, those of the network's own 3D landmarks in the true region, at the true size in each frame."""
    network_bend_errors: FloatArray
    """(N, 15) rad."""
    jitter: FloatArray
    """(N, 5) m, second difference of the error of each fingertip where the hand is held still; NaN elsewhere."""

    def select(self, mask: BoolArray) -> "HandSamples":
        """Returns the hands of a mask (N,)."""
        return HandSamples(*(getattr(self, field.name)[mask] for field in fields(self)))


def join_samples(samples: Sequence[HandSamples]) -> HandSamples:
    """Joins the hands of several clips."""
    return HandSamples(*(np.concatenate([getattr(one, f.name) for one in samples]) for f in fields(HandSamples)))


def measure_hands(scene: HandsScene, estimate: Performance, network_landmarks: FloatArray) -> HandSamples:
    """Compares the hands of a clip.

    Args:
        scene: the scene with its ground truth, T frames.
        estimate: the performance that was captured.
        network_landmarks: (T, 2, 21, 3) m relative to the wrist in camera axes, as ``locate_in_true_regions`` returns.
    """
    view, hands = scene.scene.camera, scene.hands
    truth, true_pixels = relative_to_wrist(scene.landmarks, view.camera_from_world), hands.keypoints[..., :2]
    sizes = hand_sizes(scene.landmarks, view)
    pixels, landmarks = estimated_hands(estimate, len(truth))
    landmarks = landmarks * (palm_lengths(truth) / palm_lengths(landmarks))[..., None, None]
    distance = np.linalg.norm(pixels - true_pixels, axis=-1).mean(axis=-1) / sizes
    other_distance = np.linalg.norm(pixels - true_pixels[:, ::-1], axis=-1).mean(axis=-1) / sizes
    network = network_landmarks * (palm_lengths(truth) / palm_lengths(network_landmarks))[..., None, None]
    errors = landmarks - truth
    return HandSamples(
        sizes=sizes.ravel(),
        is_visible=hands.observed.ravel(),
        is_found=(distance < MAX_FOUND_DISTANCE).ravel(),
        is_exchanged=((other_distance < MAX_FOUND_DISTANCE) & (other_distance < distance)).ravel(),
        tip_errors=_flat(np.linalg.norm(errors[:, :, TIPS], axis=-1)),
        bend_errors=_flat(np.abs(finger_bends(landmarks) - finger_bends(truth))),
        network_tip_errors=_flat(np.linalg.norm((network - truth)[:, :, TIPS], axis=-1)),
        network_bend_errors=_flat(np.abs(finger_bends(network) - finger_bends(truth))),
        jitter=_flat(held_jitter(errors[:, :, TIPS], scene.is_held)),
    )


def relative_to_wrist(landmarks: FloatArray, camera_from_world: FloatArray) -> FloatArray:
    """Returns landmarks (T, 2, 21, 3) in the world relative to the wrist, in camera axes."""
    relative = landmarks - landmarks[:, :, :1]
    return np.asarray(relative @ np.swapaxes(camera_from_world[:, None, :3, :3], -1, -2))


def estimated_hands(estimate: Performance, frame_count: int) -> tuple[FloatArray, FloatArray]:
    """Returns 2D landmarks (T, 2, 21, 2) px and 3D landmarks (T, 2, 21, 3) m, as ``relative_to_wrist``, of a capture.

    Those of the person with most observed hands; NaN where a hand was not observed.
    """
    pixels = np.full((frame_count, 2, len(hand.LANDMARKS), 2), np.nan)
    landmarks = np.full((frame_count, 2, len(hand.LANDMARKS), 3), np.nan)
    seen = [(person.hands, person) for person in estimate.people if person.hands is not None]
    if seen:
        hands, person = max(seen, key=lambda one: int(one[0].observed.sum()))
        frames, observed = person.track.frames, hands.observed[..., None, None]
        relative = _relative_landmarks(hands, person.motion, estimate.camera.camera_from_world[frames])
        pixels[frames] = np.where(observed, hands.keypoints[..., :2], np.nan)
        landmarks[frames] = np.where(observed, relative, np.nan)
    return pixels, landmarks


def _relative_landmarks(hands: Hands, motion: Motion, camera_from_world: FloatArray) -> FloatArray:
    """Returns the landmarks (T, 2, 21, 3) of hands relative to the wrist, in camera axes."""
    world = kinematics.world_rotations(motion.skeleton.parents, motion.rotations)
    wrists = world[:, [motion.skeleton.index(f"{side}Hand") for side in SIDES]]
    return relative_to_wrist(rotation.rotate(wrists[:, :, None], hand_landmark_positions(hands)), camera_from_world)


def palm_lengths(landmarks: FloatArray) -> FloatArray:
    """Returns the distances (...) from the wrist to the first joint of the middle finger of landmarks (..., 21, 3)."""
    return np.asarray(np.linalg.norm(landmarks[..., hand.INDEX["middle_mcp"], :] - landmarks[..., 0, :], axis=-1))


def finger_bends(landmarks: FloatArray) -> FloatArray:
    """Returns the bends (..., 15) rad of landmarks (..., 21, 3): the angles between the bones of each finger."""
    wrist = np.broadcast_to(landmarks[..., None, :1, :], (*landmarks.shape[:-2], len(FINGER_LANDMARKS), 1, 3))
    chains = np.concatenate([wrist, landmarks[..., FINGER_LANDMARKS, :]], axis=-2)
    bones = rotation.normalize(np.diff(chains, axis=-2))
    cosines = (bones[..., 1:, :] * bones[..., :-1, :]).sum(axis=-1)
    return np.asarray(np.arccos(np.clip(cosines, -1.0, 1.0))).reshape(*landmarks.shape[:-2], -1)


def held_jitter(errors: FloatArray, is_held: BoolArray) -> FloatArray:
    """Returns the lengths (T, 2, 5) of second differences of errors (T, 2, 5, 3); NaN where (T, 2) a hand moves."""
    jitter = np.full(errors.shape[:-1], np.nan)
    jitter[1:-1] = np.linalg.norm(errors[2:] - 2 * errors[1:-1] + errors[:-2], axis=-1)
    held = is_held.copy()
    held[1:-1] &= is_held[2:] & is_held[:-2]
    jitter[~held] = np.nan
    return jitter


def _flat(values: FloatArray) -> FloatArray:
    """Returns values (T, 2, N) as (2 T, N)."""
    return values.reshape(-1, values.shape[-1])


def locate_in_true_regions(video: Path, scene: HandsScene) -> FloatArray:
    """Returns the network's 3D landmarks (T, 2, 21, 3) m in camera axes, each hand located in its true region.

    Raises:
        MediaError: the video cannot be read.
    """
    networks, true_pixels = HandNetworks(), scene.hands.keypoints[..., :2]
    with FrameReader(video) as reader:
        located = [
            [networks.locate_landmarks(frame, roi_from_landmarks(points)) for points in both]
            for frame, both in zip(reader, true_pixels, strict=True)
        ]
    landmarks = np.array([[one.landmarks_3d for one in both] for both in located])
    return in_camera_axes(landmarks, true_pixels.mean(axis=2), scene.scene.camera)


def in_camera_axes(landmarks: FloatArray, pixels: FloatArray, view: Camera) -> FloatArray:
    """Returns landmarks (..., 21, 3) as seen along the view rays of pixels (..., 2), in camera axes."""
    ray_axes = rotation.between(np.array([0.0, 0.0, 1.0]), rotation.normalize(camera.rays(view.intrinsics, pixels)))
    return rotation.rotate(ray_axes[..., None, :], landmarks)
