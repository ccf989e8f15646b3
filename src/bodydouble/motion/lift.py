"""From a 2D track to joint rotations in the camera's frame."""

from dataclasses import dataclass, field

import numpy as np

from bodydouble.data import FloatArray, Skeleton, Track
from bodydouble.geometry import camera, rotation
from bodydouble.motion import body, pose, prior, proportions
from bodydouble.motion.depth import DepthOptions, resolve
from bodydouble.motion.place import fit_sideways, fit_translation, landmark_positions
from bodydouble.motion.smooth import robust_whittaker, whittaker
from bodydouble.skeletons import blazepose, humanoid

DEPTH_CUTOFF = 1.0
"""Hz; how fast the distance from the camera changes."""
ROUNDS = 3
CONFIDENT_SIGMA, LOST_SIGMA = 0.05, 0.30
"""m; a joint's standard deviation at confidence 1 and 0."""


@dataclass(frozen=True, slots=True)
class LiftOptions:
    """How the 2D track is smoothed and lifted."""

    cutoff: float = 6.0
    """Hz, of the landmarks in the picture."""
    outlier: float = 0.02
    """Relative to the person's height in px: a landmark this far off the smooth curve counts half."""
    prior: bool = True
    """Whether the learned prior corrects the depths of the landmark network."""
    depth: DepthOptions = field(default_factory=DepthOptions)


@dataclass(frozen=True, slots=True)
class LiftedPose:
    """A person's pose relative to the camera, before the fit over the whole clip."""

    skeleton: Skeleton
    rotations: FloatArray
    """(T, 22, 4) xyzw, local to the parent; the root's is camera_from_hips."""
    landmarks: FloatArray
    """(T, 33, 2) px, smooth, gaps filled."""
    confidence: FloatArray
    """(T, 33) of the landmarks; near 0 where not observed."""
    joint_sigma: FloatArray
    """(T, 22) m, one standard deviation per axis."""


def lift(
    track: Track,
    intrinsics: FloatArray,
    fps: float,
    options: LiftOptions | None = None,
    skeleton: Skeleton | None = None,
) -> LiftedPose:
    """2D track and rough depth -> bone lengths and joint rotations.

    Args:
        track: one person.
        intrinsics: (3, 3) px.
        fps: frames per second.
        options: smoothing and depth.
        skeleton: the person's, if it is known.

    Returns:
        The person's skeleton and rotations relative to the camera.
    """
    options = options or LiftOptions()
    confidence = np.where(track.observed[:, None], track.keypoints[..., 2], 0.0)
    landmarks = _smooth_landmarks(track, confidence, fps, options)
    rough = _smooth_rough(track, confidence, fps, options.cutoff)
    image_points = camera.rays(intrinsics, landmarks)[..., :2]
    if options.prior:
        rough = prior.corrected(image_points, confidence, rough, fps)
    weights = _segment_confidence(confidence)
    directions = rotation.normalize(body.segment_vectors(rough))
    found = skeleton or body.template_skeleton()
    for _ in range(ROUNDS):
        landmarks_3d = _placed(found, directions, rough, image_points, confidence, fps)
        if skeleton is None:
            found = _measured(image_points, landmarks_3d, directions, weights)
        guess = rotation.normalize(body.segment_vectors(rough))
        starts, lengths = body.segment_starts(landmarks_3d), body.segment_lengths(found)
        directions = resolve(image_points, starts, lengths, guess, weights, fps, options.depth)
    rotations = pose.local_rotations(found, directions, rough, confidence, fps)
    return LiftedPose(found, rotations, landmarks, confidence, _joint_sigma(confidence))


def _measured(
    image_points: FloatArray, landmarks_3d: FloatArray, directions: FloatArray, weights: FloatArray
) -> Skeleton:
    """The skeleton with the bone lengths that are seen across the line of sight."""
    root_depth = body.group_mean(landmarks_3d, body.HIPS)[:, 2:]
    across = np.linalg.norm(body.segment_vectors(image_points), axis=-1) * root_depth
    return proportions.scaled_skeleton(proportions.segment_ratios(across, directions, weights))


def _smooth_landmarks(track: Track, confidence: FloatArray, fps: float, options: LiftOptions) -> FloatArray:
    frames = len(track.frames)
    height = float(np.nanmedian(track.boxes[:, 3] - track.boxes[:, 1]))
    weights = np.repeat(confidence**2 + 1e-4 * track.observed[:, None], 2, axis=1)
    flat = track.keypoints[..., :2].reshape(frames, -1)
    smooth = robust_whittaker(flat, weights, fps, options.cutoff, np.asarray(options.outlier * height))
    return smooth.reshape(frames, -1, 2)


def _smooth_rough(track: Track, confidence: FloatArray, fps: float, cutoff: float) -> FloatArray:
    frames = len(track.frames)
    weights = np.repeat(confidence**2 + 1e-4 * track.observed[:, None], 3, axis=1)
    return whittaker(track.rough_joints.reshape(frames, -1), weights, fps, cutoff).reshape(frames, -1, 3)


def _segment_confidence(confidence: FloatArray) -> FloatArray:
    """(T, S): as good as the worse of its two ends."""
    points = confidence[..., None]
    ends = [np.minimum(body.group_mean(points, s.start), body.group_mean(points, s.end))[..., 0] for s in body.SEGMENTS]
    return np.stack(ends, axis=-1)


def _placed(
    skeleton: Skeleton,
    directions: FloatArray,
    rough: FloatArray,
    image_points: FloatArray,
    confidence: FloatArray,
    fps: float,
) -> FloatArray:
    """Landmarks (T, 33, 3) m, camera axes, of the skeleton laid along the directions, at a slowly changing distance."""
    rotations = pose.local_rotations(skeleton, directions, rough, confidence, fps)
    free = fit_translation(skeleton, rotations, image_points, confidence)
    trust = confidence.mean(axis=1, keepdims=True) + 1e-3
    depth = np.exp(whittaker(np.log(np.maximum(free[:, 2:], 0.1)), trust, fps, DEPTH_CUTOFF))[:, 0]
    root = fit_sideways(skeleton, rotations, depth, image_points, confidence)
    return landmark_positions(skeleton, rotations, root)


def _joint_sigma(confidence: FloatArray) -> FloatArray:
    """(T, 22) m. A rule of thumb, not calibrated: from the confidence of the landmarks around each joint."""
    joints, _ = body.attached_landmarks(body.template_skeleton())
    around = np.zeros((confidence.shape[1], len(humanoid.JOINTS)))
    around[np.arange(len(joints)), joints] = 1.0
    lonely = around.sum(axis=0) == 0
    trunk = [blazepose.INDEX[name] for name in (*body.HIPS, *body.SHOULDERS)]
    around[trunk] += lonely
    mean = confidence @ (around / around.sum(axis=0))
    return np.asarray(CONFIDENT_SIGMA + (LOST_SIGMA - CONFIDENT_SIGMA) * (1 - mean))
