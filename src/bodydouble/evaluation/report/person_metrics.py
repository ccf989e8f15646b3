"""Metrics of each person without ground truth: visibility in the images, reprojection error, motion statistics.

In: a ``Performance``. Out: one ``PersonMetrics`` per person.
"""

from dataclasses import dataclass

import numpy as np

from bodydouble.data import BoolArray, Camera, FloatArray, IntArray, Performance, Person
from bodydouble.evaluation.evaluation_clip import EvaluatedPerson, to_evaluation_clip
from bodydouble.evaluation.metrics import floor, keypoints_2d, pose
from bodydouble.evaluation.metrics.averages import mean, mean_over, percentile
from bodydouble.evaluation.naturalness import NaturalnessScore, sample_from_person, score
from bodydouble.evaluation.physics import PhysicsMeasures, measure_physics
from bodydouble.evaluation.report.spans import BODY_LANDMARKS, MIN_CONFIDENCE, body_confidence
from bodydouble.geometry import camera, rotation
from bodydouble.motion.body.body_landmarks import landmark_positions
from bodydouble.motion.floor.contacts import known_contacts, landmark_confidence
from bodydouble.skeletons import blazepose, humanoid

ANGLES = ("left elbow", "right elbow", "left knee", "right knee", "left hip", "right hip")
LIMBS = {
    "left arm": ("left_elbow", "left_wrist"),
    "right arm": ("right_elbow", "right_wrist"),
    "left leg": ("left_knee", "left_ankle"),
    "right leg": ("right_knee", "right_ankle"),
}
FEET = {side: (f"{side}_heel", f"{side}_foot_index") for side in ("left", "right")}
BLOCK_FRAMES = 6000
"""Number of frames whose landmarks are in memory at once."""
FAST_STEP_FRACTION = 0.1
"""Minimum movement of a fast hand or foot between two frames, relative to the person's size in the image."""
MIN_OUTSIDE_FRACTION = 0.5
"""Minimum fraction of the body's landmarks outside the image for the person to count as outside."""


@dataclass(frozen=True, slots=True)
class PersonMetrics:
    """Metrics of one person over T frames; NaN marks values that could not be measured."""

    name: str
    fps: float
    frame_count: int
    """Number of frames of the whole clip."""
    frames: IntArray
    """(T,) source frame indices, contiguous."""
    observed: BoolArray
    """(T,) False where the pose was filled in."""
    confidence: FloatArray
    """(T,) mean confidence of the body's keypoints; 0 where not observed."""
    size_px: FloatArray
    """(T,) longer side of the person's box in the image."""
    image_side_px: int
    """Longer side of the image."""
    reprojection_px: FloatArray
    """(T,) mean distance of confident keypoints from the projected landmarks of the motion."""
    reprojection_percent: FloatArray
    """(T,) reprojection_px in percent of size_px."""
    flexion_deg: FloatArray
    """(T, 6) in the order of ANGLES; 0 is straight. Hips: forward flexion of the thigh against the trunk."""
    in_contact: BoolArray
    """(T, 4) contact with the floor, in the order of data.CONTACT_POINTS."""
    uncertain_limbs: BoolArray
    """(T, 4) limbs inside the image with a low confidence, in the order of LIMBS."""
    foot_outside_image: BoolArray
    """(T,) True if at least one foot is outside the image."""
    body_outside_image: BoolArray
    """(T,) True if at least half of the body is outside the image."""
    moves_fast: BoolArray
    """(T,) True if a visible hand or foot moved by more than FAST_STEP_FRACTION since the previous frame."""
    floating_mm: float
    """Mean height above the floor of points in contact."""
    penetration_p99_mm: float
    """99th percentile over frames of the depth below the floor of the lowest point of the soles."""
    hand_coverage: tuple[float, float]
    """Fractions of the frames in which the left and the right hand were observed."""
    face_coverage: float
    """Fraction of the frames in which the face was observed."""
    physics: PhysicsMeasures
    """Force and torque that no contact explains, and balance; NaN where the feet are not seen."""
    score: NaturalnessScore
    """Naturalness and realism relative to real motion capture."""

    @property
    def seconds(self) -> FloatArray:
        """(T,) presentation times of the frames in s."""
        return np.asarray(self.frames / self.fps)


def measure_people(performance: Performance) -> tuple[PersonMetrics, ...]:
    """Measures each person of a performance.

    Raises:
        InvalidDataError: a person has other joints than humanoid.JOINTS.
    """
    pairs = zip(performance.people, to_evaluation_clip(performance).people, strict=True)
    return tuple(_measure_person(performance, person, subject) for person, subject in pairs)


def _measure_person(performance: Performance, person: Person, evaluated: EvaluatedPerson) -> PersonMetrics:
    fps, track = float(performance.fps), person.track
    error_px, error_fraction = _reprojection_errors(performance, person)
    outside = _outside_image(track.keypoints, performance.camera.image_size)
    confident = np.asarray(track.keypoints[..., 2] >= MIN_CONFIDENCE)
    size = np.max(track.boxes[:, 2:] - track.boxes[:, :2], axis=1)
    return PersonMetrics(
        name=person.name,
        fps=fps,
        frame_count=performance.frame_count,
        frames=track.frames,
        observed=track.observed,
        confidence=body_confidence(track),
        size_px=size,
        image_side_px=max(performance.camera.image_size),
        reprojection_px=error_px,
        reprojection_percent=100 * error_fraction,
        flexion_deg=_flexion_deg(evaluated),
        in_contact=np.asarray(evaluated.contacts >= floor.CONTACT_PROBABILITY),
        uncertain_limbs=_uncertain_limbs(confident, outside) & track.observed[:, None],
        foot_outside_image=np.any([outside[:, _landmark_indices(foot)].all(axis=1) for foot in FEET.values()], axis=0),
        body_outside_image=np.asarray(outside[:, BODY_LANDMARKS].mean(axis=1) >= MIN_OUTSIDE_FRACTION),
        moves_fast=_moves_fast(track.keypoints[..., :2], confident, size),
        floating_mm=mean(floor.floating_mm(evaluated.feet, evaluated.contacts)),
        penetration_p99_mm=percentile(floor.penetration_mm(evaluated.feet), 99.0),
        hand_coverage=_hand_coverage(person),
        face_coverage=0.0 if person.face is None else float(person.face.observed.mean()),
        physics=measure_physics(person.motion, np.asarray(known_contacts(landmark_confidence(track), fps).all(axis=1))),
        score=score(sample_from_person(evaluated, fps)),
    )


def _hand_coverage(person: Person) -> tuple[float, float]:
    if person.hands is None:
        return 0.0, 0.0
    left, right = person.hands.observed.mean(axis=0).tolist()
    return left, right


def _landmark_indices(names: tuple[str, ...]) -> list[int]:
    return [blazepose.INDEX[name] for name in names]


def _reprojection_errors(performance: Performance, person: Person) -> tuple[FloatArray, FloatArray]:
    """Returns the mean distance (T,) of confident body keypoints in px, and relative to the person's size."""
    blocks = [
        _reprojection_errors_in(performance.camera, person, slice(start, start + BLOCK_FRAMES))
        for start in range(0, len(person.track.frames), BLOCK_FRAMES)
    ]
    error_px, error_fraction = zip(*blocks, strict=True)
    return np.concatenate(error_px), np.concatenate(error_fraction)


def _reprojection_errors_in(view_camera: Camera, person: Person, rows: slice) -> tuple[FloatArray, FloatArray]:
    motion, track = person.motion, person.track
    landmarks = landmark_positions(motion.skeleton, motion.rotations[rows], motion.root_position[rows])
    points = camera.transform(view_camera.camera_from_world[track.frames[rows]], landmarks[:, BODY_LANDMARKS])
    pixels = camera.project(view_camera.intrinsics, np.where(points[..., 2:] > 0, points, np.nan))
    keypoints = track.keypoints[rows][:, BODY_LANDMARKS]
    confident = keypoints[..., 2] >= MIN_CONFIDENCE
    distance = np.linalg.norm(pixels - keypoints[..., :2], axis=-1)
    relative = keypoints_2d.relative_errors(pixels, keypoints[..., :2], track.boxes[rows])
    return mean_over(np.where(confident, distance, np.nan), axis=1), mean_over(
        np.where(confident, relative, np.nan), axis=1
    )


def _outside_image(keypoints: FloatArray, size: tuple[int, int]) -> BoolArray:
    """Returns (T, 33) True where keypoints (T, 33, 3) are outside the image; False where not observed."""
    return np.asarray(((keypoints[..., :2] < 0) | (keypoints[..., :2] > np.array(size))).any(axis=-1))


def _uncertain_limbs(confident: BoolArray, outside: BoolArray) -> BoolArray:
    """Returns (T, 4) limbs with a keypoint inside the image whose confidence is low."""
    uncertain = ~confident & ~outside
    return np.stack([uncertain[:, _landmark_indices(limb)].any(axis=1) for limb in LIMBS.values()], axis=1)


def _moves_fast(pixels: FloatArray, confident: BoolArray, size: FloatArray) -> BoolArray:
    ends = _landmark_indices(tuple(f"{side}_{part}" for side in ("left", "right") for part in ("wrist", "ankle")))
    confident_twice = confident[1:, ends] & confident[:-1, ends]
    step = np.linalg.norm(np.diff(pixels[:, ends], axis=0), axis=-1)
    fast = (confident_twice & (step > FAST_STEP_FRACTION * size[1:, None])).any(axis=1)
    return np.concatenate([[False], fast])[: len(pixels)]


def _flexion_deg(person: EvaluatedPerson) -> FloatArray:
    left_elbow, left_knee, right_elbow, right_knee = np.moveaxis(pose.flexion_deg(person.joints), -1, 0)
    hips = [_hip_flexion_deg(person.rotations[:, humanoid.INDEX[f"{side}UpperLeg"]]) for side in ("left", "right")]
    return np.stack([left_elbow, right_elbow, left_knee, right_knee, *hips], axis=1)


def _hip_flexion_deg(thigh_from_pelvis: FloatArray) -> FloatArray:
    """Returns the flexion (T,) degrees of the thigh against the trunk in the sagittal plane, from -120 (extension).

    Source: G. Wu et al., "ISB recommendation on definitions of joint coordinate systems", J. Biomechanics 2002, reduced
    to the direction of the thigh.
    """
    down = rotation.rotate(thigh_from_pelvis, np.array([0.0, -1.0, 0.0]))
    angle = np.degrees(np.arctan2(down[:, 2], -down[:, 1]))
    return np.asarray(np.where(angle < -120.0, angle + 360.0, angle))
