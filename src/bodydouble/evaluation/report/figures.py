"""What can be said about a performance without a truth: how each person was seen, and how their motion behaves."""

from dataclasses import dataclass

import numpy as np

from bodydouble.data import BoolArray, FloatArray, IntArray, Performance, Person
from bodydouble.evaluation.evaluation_clip import Subject, recording
from bodydouble.evaluation.metrics import floor, keypoints_2d, pose
from bodydouble.evaluation.metrics.averages import mean, mean_over, percentile
from bodydouble.evaluation.naturalness import Rating, rate, take_of_subject
from bodydouble.evaluation.report.spans import BODY, SURE, body_confidence
from bodydouble.geometry import camera, rotation
from bodydouble.motion.body.root_translation import landmark_positions
from bodydouble.skeletons import blazepose, humanoid

ANGLES = ("left elbow", "right elbow", "left knee", "right knee", "left hip", "right hip")
LIMBS = {
    "left arm": ("left_elbow", "left_wrist"),
    "right arm": ("right_elbow", "right_wrist"),
    "left leg": ("left_knee", "left_ankle"),
    "right leg": ("right_knee", "right_ankle"),
}
FEET = {side: (f"{side}_heel", f"{side}_foot_index") for side in ("left", "right")}
FAST_STEP = 0.1
"""Of the person's size in the picture; hands and feet that move further from one frame to the next are fast."""
HALF_OUTSIDE = 0.5
"""Share of the body's landmarks from which somebody is out of the picture."""


@dataclass(frozen=True, slots=True)
class PersonFigures:
    """One person over T frames. What could not be measured is NaN."""

    name: str
    fps: float
    frame_count: int
    """Of the whole clip."""
    frames: IntArray
    """(T,) source frame indices, contiguous."""
    observed: BoolArray
    """(T,) False where the pose was filled in."""
    confidence: FloatArray
    """(T,) mean of the body's keypoints; 0 where not observed."""
    size_px: FloatArray
    """(T,) longer side of the person's box in the picture."""
    picture_side_px: int
    """Longer side of the picture."""
    reprojection_px: FloatArray
    """(T,) mean distance between the keypoints that were seen and the same landmarks of the motion."""
    reprojection_percent: FloatArray
    """(T,) the same, relative to size_px."""
    flexion_deg: FloatArray
    """(T, 6) in the order of ANGLES; 0 is straight. Hips: thigh against trunk, forwards."""
    touching: BoolArray
    """(T, 4) in the order of data.CONTACT_POINTS."""
    unclear_limbs: BoolArray
    """(T, 4) in the order of LIMBS: inside the picture, but not seen for sure."""
    foot_outside: BoolArray
    """(T,) at least one foot is out of the picture."""
    body_outside: BoolArray
    """(T,) half of the body or more is out of the picture."""
    fast: BoolArray
    """(T,) a hand or foot that was seen has moved by more than FAST_STEP since the frame before."""
    floating_mm: float
    """Mean height of touching points above the floor."""
    penetration_p99_mm: float
    """99th percentile over frames of the depth of the lowest point of the soles."""
    rating: Rating
    """Statistics and scores beside those of real motion capture."""

    @property
    def seconds(self) -> FloatArray:
        """(T,) when the frames are shown."""
        return np.asarray(self.frames / self.fps)


def figures(performance: Performance) -> tuple[PersonFigures, ...]:
    """The figures of each person of a performance.

    Raises:
        InvalidDataError: a person has other joints than humanoid.JOINTS.
    """
    pairs = zip(performance.people, recording(performance).subjects, strict=True)
    return tuple(_person_figures(performance, person, subject) for person, subject in pairs)


def _person_figures(performance: Performance, person: Person, subject: Subject) -> PersonFigures:
    fps, track = float(performance.fps), person.track
    error_px, error_share = _reprojection(performance, person)
    outside = _outside(track.keypoints, performance.camera.image_size)
    seen = np.asarray(track.keypoints[..., 2] >= SURE)
    size = np.max(track.boxes[:, 2:] - track.boxes[:, :2], axis=1)
    return PersonFigures(
        name=person.name,
        fps=fps,
        frame_count=performance.frame_count,
        frames=track.frames,
        observed=track.observed,
        confidence=body_confidence(track),
        size_px=size,
        picture_side_px=max(performance.camera.image_size),
        reprojection_px=error_px,
        reprojection_percent=100 * error_share,
        flexion_deg=_flexion_deg(subject),
        touching=np.asarray(subject.contacts >= floor.CONTACT_PROBABILITY),
        unclear_limbs=_unclear_limbs(seen, outside) & track.observed[:, None],
        foot_outside=np.any([outside[:, _indices(foot)].all(axis=1) for foot in FEET.values()], axis=0),
        body_outside=np.asarray(outside[:, BODY].mean(axis=1) >= HALF_OUTSIDE),
        fast=_fast(track.keypoints[..., :2], seen, size),
        floating_mm=mean(floor.floating_mm(subject.feet, subject.contacts)),
        penetration_p99_mm=percentile(floor.penetration_mm(subject.feet), 99.0),
        rating=rate(take_of_subject(subject, fps)),
    )


def _indices(names: tuple[str, ...]) -> list[int]:
    return [blazepose.INDEX[name] for name in names]


def _reprojection(performance: Performance, person: Person) -> tuple[FloatArray, FloatArray]:
    """Mean distance (T,) in px, and relative to the person's size, of the body's keypoints that were seen."""
    motion, track, view = person.motion, person.track, performance.camera
    landmarks = landmark_positions(motion.skeleton, motion.rotations, motion.root_position)[:, BODY]
    points = camera.transform(view.camera_from_world[track.frames], landmarks)
    pixels = camera.project(view.intrinsics, np.where(points[..., 2:] > 0, points, np.nan))
    keypoints = track.keypoints[:, BODY]
    seen = keypoints[..., 2] >= SURE
    distance = np.linalg.norm(pixels - keypoints[..., :2], axis=-1)
    relative = keypoints_2d.relative_errors(pixels, keypoints[..., :2], track.boxes)
    return mean_over(np.where(seen, distance, np.nan), axis=1), mean_over(np.where(seen, relative, np.nan), axis=1)


def _outside(keypoints: FloatArray, size: tuple[int, int]) -> BoolArray:
    """(T, 33) whether keypoints (T, 33, 3) lie out of the picture; False where not observed."""
    return np.asarray(((keypoints[..., :2] < 0) | (keypoints[..., :2] > np.array(size))).any(axis=-1))


def _unclear_limbs(seen: BoolArray, outside: BoolArray) -> BoolArray:
    """(T, 4) limbs with a keypoint that lies in the picture and was not seen for sure."""
    missed = ~seen & ~outside
    return np.stack([missed[:, _indices(limb)].any(axis=1) for limb in LIMBS.values()], axis=1)


def _fast(pixels: FloatArray, seen: BoolArray, size: FloatArray) -> BoolArray:
    ends = _indices(tuple(f"{side}_{part}" for side in ("left", "right") for part in ("wrist", "ankle")))
    both = seen[1:, ends] & seen[:-1, ends]
    step = np.linalg.norm(np.diff(pixels[:, ends], axis=0), axis=-1)
    moved = (both & (step > FAST_STEP * size[1:, None])).any(axis=1)
    return np.concatenate([[False], moved])[: len(pixels)]


def _flexion_deg(subject: Subject) -> FloatArray:
    left_elbow, left_knee, right_elbow, right_knee = np.moveaxis(pose.flexion_deg(subject.joints), -1, 0)
    hips = [_hip_flexion_deg(subject.rotations[:, humanoid.INDEX[f"{side}UpperLeg"]]) for side in ("left", "right")]
    return np.stack([left_elbow, right_elbow, left_knee, right_knee, *hips], axis=1)


def _hip_flexion_deg(thigh_from_pelvis: FloatArray) -> FloatArray:
    """Angle (T,) degrees of the thigh against the trunk, seen from the side; behind it, negative down to -120.

    Source: G. Wu et al., "ISB recommendation on definitions of joint coordinate systems", J. Biomechanics 2002, reduced
    to the direction of the thigh.
    """
    down = rotation.rotate(thigh_from_pelvis, np.array([0.0, -1.0, 0.0]))
    angle = np.degrees(np.arctan2(down[:, 2], -down[:, 1]))
    return np.asarray(np.where(angle < -120.0, angle + 360.0, angle))
