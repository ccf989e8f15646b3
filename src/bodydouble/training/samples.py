"""Training samples: augmented motion capture and detected windows -> batches of features and `Window`s.

Motion capture is put on random bodies in front of random cameras, and the real noise of the detector is added.
Augmentation continues with keypoint dropout, outliers, camera roll, horizontal flips, time reversal and gaps.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from bodydouble.data import LANDMARK_COUNT, BoolArray, FloatArray, Motion
from bodydouble.geometry import rotation
from bodydouble.motion.lifting import lifter, person_view
from bodydouble.motion.resampling.smoothing import whittaker
from bodydouble.skeletons import blazepose, humanoid
from bodydouble.synthetic import bodies, cameras
from bodydouble.synthetic.grounding import ground_motion
from bodydouble.training.augmentation import MotionAugmenter, Recording
from bodydouble.training.detections import FPS, WINDOW_FRAMES
from bodydouble.training.detector_noise import DetectorNoise, NoiseLibrary
from bodydouble.training.varied_bodies import vary_proportions
from bodydouble.training.windows import (
    Window,
    camera_rolled,
    create_window,
    flip_horizontally,
    stack_windows,
    time_reversed,
)

CAMERA_DISTANCES = (1.3, 9.0)
"""Range of the horizontal distance of the camera in m."""
CAMERA_HEIGHTS = (0.3, 2.8)
"""Range of the height of the camera in m."""
MIN_CAMERA_HEIGHT = 0.1
"""Minimum height of the camera in m."""
AIM_HEIGHT = 0.9
"""Height in m of the point that cameras look towards."""
STEEP_FRACTION = 0.25
"""Fraction of cameras that look up or down by any angle of CAMERA_PITCHES instead."""
CAMERA_PITCHES = (np.radians(-20), np.radians(60))
"""Range of the pitch in rad of those; positive looks down."""
ROLL_FRACTION = 0.25
"""Fraction of windows that are rolled by any angle."""
ROLL_SIGMA = 0.06
"""Standard deviation in rad of the roll of cameras."""
TILTED_FRACTION = 0.35
"""Fraction of cameras that are rolled by any angle up to MAX_ROLL instead."""
MAX_ROLL = np.radians(30)
"""Maximum roll in rad of those."""
LIMB_LANDMARKS = [
    [i for i, name in enumerate(blazepose.LANDMARKS) if name.startswith(side) and name.split("_")[1] in parts]
    for side in ("left", "right")
    for parts in (("elbow", "wrist", "pinky", "index", "thumb"), ("knee", "ankle", "heel", "foot"))
]
"""Indices of the landmarks of each arm and each leg."""
MIXED_NOISE_FRACTION = 0.3
"""Fraction of windows in which some limbs have the noise of other clips."""
NOISE_SCALES = (0.5, 1.4)
"""Range of the factor of the detector's noise of points."""
LANDMARK_NOISE_SCALES = (0.3, 1.2)
"""Range of the factor of the detector's noise of 3D landmarks."""
OFFSET_SIGMA = 0.03
"""Standard deviation of a constant offset of each landmark, in sizes: detectors place joints in real people somewhat
differently than in rendered ones."""
DEPTH_SCALE_SIGMA = 0.12
"""Standard deviation of the logarithm of a factor of the depths of all 3D landmarks of a window, likewise."""
MAX_OFF_AXIS = 0.35
"""Maximum angle in rad between the optical axis and the person, on each axis."""
PAN_FRACTION = 0.35
"""Fraction of windows with a camera that pans after the person."""
PAN_CUTOFF = 0.5
"""Cutoff frequency in Hz of the pan."""
FRAME_STEPS = (1, 1, 1, 1, 2, 3)
"""Steps between observed frames, drawn uniformly, as in clips of a low frame rate."""
GAP_FRACTION = 0.15
"""Fraction of windows with a gap."""
MAX_GAP = 12
"""Length in frames that a gap stays below."""
DROPOUT_FRACTION = 0.35
"""Fraction of windows with keypoint dropout: up to three limbs have little or no confidence for a while."""
MAX_DROPOUT = 40
"""Length in frames that a keypoint dropout stays below."""
POOL_SIZE, MIN_POOL_SIZE = 2000, 500
"""Number of simulated windows that are kept, and number from which on they are used again."""
REUSED_FRACTION = 0.75
"""Fraction of simulated windows that were used before."""
CUT_OFF_FRACTION = 0.12
"""Fraction of windows in which the edge of the picture cuts off legs, or one side of the person."""
CUT_OFF_SIGMA = 0.15
"""Standard deviation of the constant error of landmarks outside the picture, sizes."""
CUT_OFF_RANGE = 0.1
"""Distance outside the picture at which the confidence is 0, in sizes; about a tenth of the trunk."""
OUTLIER_SCALE = 0.3
"""Standard deviation of the displacement of dropped-out limbs in person sizes, on each axis."""


class WindowSampler:
    """Sampler of training windows: detected clips, and simulated ones from motion capture."""

    def __init__(self, recordings: Sequence[Recording], detected: Sequence[Window], seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._detected = list(detected)
        self._pool: list[Window] = []
        self._noise = NoiseLibrary(detected)
        grounded = [replace(recording, motion=stand_on_floor(recording.motion)) for recording in recordings]
        self._augmenter = MotionAugmenter(grounded, WINDOW_FRAMES, FPS)

    def sample_batch(self, count: int, detected_fraction: float) -> tuple[FloatArray, Window]:
        """Draws features (count, T, F) and their windows, of which the given fraction are detected clips."""
        rng = self._rng
        chosen = [
            self._sample_detected() if rng.random() < detected_fraction else self._sample_synthetic()
            for _ in range(count)
        ]
        windows = [
            self._cut_off(self._drop_keypoints(self._roll_camera(_flip_at_random(self._offset(window), rng))))
            for window in chosen
        ]
        observed = np.stack([_sample_observed(rng) for _ in windows])
        stacked = stack_windows(windows)
        return build_features_with_gaps(stacked, observed), stacked

    def _offset(self, window: Window) -> Window:
        """Moves each landmark by a constant offset, and changes the depth range of the 3D landmarks."""
        rng = self._rng
        offsets = rng.normal(0, OFFSET_SIGMA, (LANDMARK_COUNT, 3))
        offsets -= offsets[person_view.HIP_INDICES].mean(axis=0)  # the hips stay in the middle of the view
        size = np.median(np.linalg.norm(window.landmarks_3d[:, person_view.SCALE_LANDMARKS], axis=-1))
        landmarks_3d = window.landmarks_3d + size * offsets
        landmarks_3d[..., 2] *= np.exp(rng.normal(0, DEPTH_SCALE_SIGMA))
        return replace(window, points=window.points + offsets[:, :2], landmarks_3d=landmarks_3d)

    def _drop_keypoints(self, window: Window) -> Window:
        """Applies keypoint dropout at random: limbs lose confidence for a while, and may be displaced as outliers."""
        rng = self._rng
        if rng.random() > DROPOUT_FRACTION:
            return window
        points, landmarks_3d, confidence = window.points.copy(), window.landmarks_3d.copy(), window.confidence.copy()
        landmark_size = np.median(np.linalg.norm(landmarks_3d[:, person_view.SCALE_LANDMARKS], axis=-1))
        for limb in (LIMB_LANDMARKS[i] for i in rng.permutation(len(LIMB_LANDMARKS))[: rng.integers(1, 4)]):
            start = int(rng.integers(WINDOW_FRAMES))
            rows = np.ix_(range(start, min(start + int(rng.integers(4, MAX_DROPOUT)), WINDOW_FRAMES)), limb)
            points[rows] += rng.normal(0, OUTLIER_SCALE, 2) * rng.integers(2)
            landmarks_3d[rows] += rng.normal(0, OUTLIER_SCALE * landmark_size, 3) * rng.integers(2)
            confidence[rows] *= rng.uniform(0, 0.3) * rng.integers(2)
        return replace(window, points=points, landmarks_3d=landmarks_3d, confidence=confidence)

    def _cut_off(self, window: Window) -> Window:
        """Moves an edge of the picture over the person at random: what is outside is guessed, without confidence."""
        rng = self._rng
        if rng.random() > CUT_OFF_FRACTION:
            return window
        # Downward, the edge lies between hips and ankles; sideways, beside the middle of the body.
        angle, edge = (
            (np.pi / 2, rng.uniform(0.0, 1.6)) if rng.random() < 0.6 else (rng.choice([0, np.pi]), rng.uniform(0, 0.6))
        )
        outside = window.true_points @ [np.cos(angle), np.sin(angle)] - edge
        fraction = np.clip(outside / CUT_OFF_RANGE, 0.0, 1.0)
        guess = rng.normal(0, CUT_OFF_SIGMA, (1, LANDMARK_COUNT, 3))
        size = np.median(np.linalg.norm(window.landmarks_3d[:, person_view.SCALE_LANDMARKS], axis=-1))
        return replace(
            window,
            points=window.points + fraction[..., None] * guess[..., :2],
            landmarks_3d=window.landmarks_3d + fraction[..., None] * size * guess,
            confidence=window.confidence * (1 - fraction),
        )

    def _roll_camera(self, window: Window) -> Window:
        """Rolls a window at random, as a person in a cartwheel appears; its upward direction becomes NaN.

        A camera that is rolled by any angle tells nothing about gravity, while most cameras are held nearly level.
        """
        rng = self._rng
        if rng.random() > ROLL_FRACTION:
            return window
        return replace(
            camera_rolled(window, rng.uniform(-np.pi, np.pi)), gravity_up=np.full_like(window.gravity_up, np.nan)
        )

    def _sample_detected(self) -> Window:
        """Draws a detected clip, in half of the cases in reverse, with scaled noise of the 3D landmarks."""
        index, scale = int(self._rng.integers(len(self._detected))), self._rng.uniform(*LANDMARK_NOISE_SCALES)
        window, noise = self._detected[index], self._noise.of_window(index)
        window = replace(window, landmarks_3d=window.landmarks_3d - (1 - scale) * noise.landmarks_3d)
        return time_reversed(window) if self._rng.random() < 0.5 else window

    def _sample_synthetic(self) -> Window:
        """Draws a simulated window, most of the time one of the last POOL_SIZE ones.

        Simulation takes longer than a training step; flips, rolls and losses of keypoints differ each time.
        """
        rng = self._rng
        if len(self._pool) >= MIN_POOL_SIZE and rng.random() < REUSED_FRACTION:
            return self._pool[int(rng.integers(len(self._pool)))]
        window = simulate_window(self._sample_performer(), self._choose_noise, rng)
        if len(self._pool) < POOL_SIZE:
            self._pool.append(window)
        else:
            self._pool[int(rng.integers(POOL_SIZE))] = window
        return window

    def _sample_performer(self) -> tuple[bodies.Body, Motion]:
        """Draws a body and an augmented motion on it."""
        rng = self._rng
        motion = self._augmenter.sample(rng)
        body = vary_proportions(bodies.load_bodies()[int(rng.integers(len(bodies.load_bodies())))], rng)
        return body, transfer_motion(motion, body)

    def _choose_noise(self, true_points: FloatArray, depths: FloatArray) -> DetectorNoise:
        """Chooses the detector's noise for a pose, sometimes with that of other clips for some limbs."""
        rng = self._rng
        noise = self._noise.choose(true_points, depths, rng)
        if rng.random() < MIXED_NOISE_FRACTION:
            for limb in LIMB_LANDMARKS:
                if rng.random() < 0.5:
                    noise = noise.with_limb(limb, self._noise.choose(true_points, depths, rng))
        return noise


def _flip_at_random(window: Window, rng: np.random.Generator) -> Window:
    return flip_horizontally(window) if rng.random() < 0.5 else window


def _leg_length(offsets: FloatArray) -> float:
    bones = [humanoid.INDEX["leftLowerLeg"], humanoid.INDEX["leftFoot"]]
    return float(np.linalg.norm(offsets[bones], axis=-1).sum())


def transfer_motion(motion: Motion, body: bodies.Body) -> Motion:
    """Transfers a motion to another body and scales its path by the length of the legs."""
    skeleton = bodies.build_humanoid_skeleton(body)
    root = motion.root_position * (_leg_length(skeleton.rest_offsets) / _leg_length(motion.skeleton.rest_offsets))
    return replace(motion, skeleton=skeleton, root_position=root)


def stand_on_floor(motion: Motion) -> Motion:
    """Transfers a motion to an adult's body and grounds it; adds contacts."""
    body = bodies.load_bodies()[0]
    return ground_motion(transfer_motion(motion, body), partial(bodies.landmark_positions, body=body))


@dataclass(frozen=True, slots=True)
class Observation:
    """A performer in front of a camera, and the noise with which a detector would see them."""

    camera_rotation: FloatArray
    """(3, 3) camera_from_world."""
    true_landmarks_3d: FloatArray
    """(T, 33, 3) m, camera axes and origin."""
    view: person_view.PersonView
    """View of the true landmarks."""
    landmarks_3d: FloatArray
    """(T, 33, 3) m, those of a landmark network without error, hip-centred, view axes."""
    noise: DetectorNoise


def observe(
    performer: tuple[bodies.Body, Motion],
    choose_noise: Callable[[FloatArray, FloatArray], DetectorNoise],
    rng: np.random.Generator,
) -> Observation:
    """Puts a performer in front of a random camera; arguments as for ``simulate_window``."""
    body, motion = performer
    points = bodies.landmark_positions(motion, body)
    camera_from_world = _sample_camera(points, rng)
    true_landmarks = points @ camera_from_world[:3, :3].T + camera_from_world[:3, 3]
    true_landmarks[..., 2] = np.maximum(true_landmarks[..., 2], 0.3)
    image_points = true_landmarks[..., :2] / true_landmarks[..., 2:]
    view = person_view.view_straight_at(image_points, np.ones(true_landmarks.shape[:2]))
    noise = choose_noise(view.points, person_view.relative_depths(true_landmarks, view))
    view = person_view.view_straight_at(image_points, noise.confidence)
    view_landmarks = true_landmarks @ view.camera_from_view
    relative = view_landmarks - view_landmarks[:, person_view.HIP_INDICES].mean(axis=1, keepdims=True)
    relative *= lifter.LANDMARKS_3D_SIZE / np.median(np.linalg.norm(relative[:, person_view.SCALE_LANDMARKS], axis=-1))
    return Observation(camera_from_world[:3, :3], true_landmarks, view, relative, noise)


def simulate_window(
    performer: tuple[bodies.Body, Motion],
    choose_noise: Callable[[FloatArray, FloatArray], DetectorNoise],
    rng: np.random.Generator,
) -> Window:
    """Simulates detections of a performer by a random camera.

    Args:
        performer: body and motion of T frames.
        choose_noise: function from true points (T, 33, 2) and depths (T, 33) in the person view to noise.
        rng: source of everything that is random.
    """
    motion, seen = performer[1], observe(performer, choose_noise, rng)
    view, noise = seen.view, seen.noise
    noisy_points = view.points + rng.uniform(*NOISE_SCALES) * noise.points
    hips = noisy_points[:, person_view.HIP_INDICES].mean(axis=1, keepdims=True)
    if rng.random() < PAN_FRACTION:
        view = replace(view, direction=_pan_camera(view.direction, rng))
    window = create_window(
        replace(view, points=noisy_points - hips), noise.confidence,
        seen.landmarks_3d + rng.uniform(*LANDMARK_NOISE_SCALES) * noise.landmarks_3d, seen.true_landmarks_3d,
        np.broadcast_to(seen.camera_rotation, (len(noisy_points), 3, 3)), motion.skeleton.rest_offsets,
        motion.rotations, motion.root_position, motion.contacts,
    )  # fmt: skip
    return replace(window, true_points=window.true_points - hips)


def _pan_camera(direction: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Returns the direction (T, 2) of the hips as seen by a camera that pans after them."""
    deviation = direction - direction.mean(axis=0)
    pan = whittaker(deviation, np.ones((len(deviation), 1)), float(FPS), PAN_CUTOFF)
    return direction - rng.uniform(0.5, 1.0) * pan


def _sample_camera(points: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Draws camera_from_world (4, 4) of a static camera that looks towards points (T, 33, 3)."""
    center = points.mean(axis=(0, 1)) * [1.0, 0.0, 1.0]
    yaw, distance = rng.uniform(-np.pi, np.pi), np.exp(rng.uniform(*np.log(CAMERA_DISTANCES)))
    height = rng.uniform(*CAMERA_HEIGHTS)
    if rng.random() < STEEP_FRACTION:
        pitch = rng.uniform(*CAMERA_PITCHES)
        distance, height = distance * np.cos(pitch), max(AIM_HEIGHT + distance * np.sin(pitch), MIN_CAMERA_HEIGHT)
    camera_position = center + distance * np.array([np.sin(yaw), 0.0, np.cos(yaw)]) + [0.0, height, 0.0]
    offset_angles = rng.uniform(-MAX_OFF_AXIS, MAX_OFF_AXIS, 2)
    roll = rng.uniform(-MAX_ROLL, MAX_ROLL) if rng.random() < TILTED_FRACTION else rng.normal(0, ROLL_SIGMA)
    offset_rotation = rotation.to_matrix(rotation.from_rotvec(np.array([offset_angles[0], offset_angles[1], roll])))
    pose = np.eye(4)
    pose[:3, :3] = offset_rotation @ cameras.level_rotation(camera_position - center - np.array([0.0, AIM_HEIGHT, 0.0]))
    pose[:3, 3] = -pose[:3, :3] @ camera_position
    return pose


def _sample_observed(rng: np.random.Generator) -> BoolArray:
    """Draws a mask (T,) of observed frames."""
    step = FRAME_STEPS[int(rng.integers(len(FRAME_STEPS)))]
    observed = np.zeros(WINDOW_FRAMES, dtype=bool)
    observed[int(rng.integers(step)) :: step] = True
    if rng.random() < GAP_FRACTION:
        start = int(rng.integers(WINDOW_FRAMES))
        observed[start : start + int(rng.integers(2, MAX_GAP))] = False
    return observed


def build_features_with_gaps(windows: Window, observed: BoolArray) -> FloatArray:
    """Builds features (N, T, F), float32, of N windows; frames that are not observed (N, T) are interpolated."""
    ages = np.stack([lifter.seconds_since_observed(row, float(FPS)) for row in observed])
    features = lifter.build_features(
        windows.points, windows.confidence, windows.landmarks_3d, windows.direction, windows.scale, ages
    )
    frames = np.arange(observed.shape[1])
    for window_features, is_observed in zip(features, observed, strict=True):
        if not is_observed.all():
            window_features[:, :-1] = lifter.interpolate_linear(
                frames, frames[is_observed], window_features[is_observed, :-1]
            )
    return features.astype(np.float32)
