"""One predicted person against the true one."""

from dataclasses import dataclass, field, replace

import numpy as np

from bodydouble.data import BoolArray, FloatArray, IntArray
from bodydouble.evaluation.evaluation_clip import Recording, Subject
from bodydouble.evaluation.matching import common_frames, posed
from bodydouble.evaluation.metrics import body, floor, motion, pose, world
from bodydouble.evaluation.metrics.averages import mean, mean_over, percentile
from bodydouble.evaluation.metrics.counts import Counts
from bodydouble.geometry import rotation
from bodydouble.skeletons import humanoid

NAN = float("nan")
LIMBS = list(pose.LIMB_JOINTS)


@dataclass(frozen=True, slots=True)
class PoseErrors:
    """Errors in the camera's axes, relative to the middle of the hip joints, where the true person is visible."""

    mpjpe_mm: float = NAN
    mpjpe_limbs_mm: float = NAN
    """Over shoulders, elbows, wrists, hips, knees and ankles."""
    pa_mpjpe_mm: float = NAN
    pa_mpjpe_limbs_mm: float = NAN
    """The same twelve joints, aligned by themselves."""
    pck3d: float = NAN
    """Share of these joints within 150 mm, 0 to 1."""
    pck3d_auc: float = NAN
    across_mm: float = NAN
    depth_mm: float = NAN
    hidden_mpjpe_mm: float = NAN
    """Where the true person is hidden and the pose was filled in."""
    acceleration_error_m_s2: float = NAN
    rotation_error_deg: float = NAN
    """Of the joints' local rotations; of the hips, relative to the camera."""
    direction_error_deg: float = NAN
    """Of the bones, relative to the camera."""
    flexion_error_deg: float = NAN
    """Of elbows and knees."""
    joints_mm: dict[str, float] = field(default_factory=dict)
    """Mean error of each joint."""
    joints_deg: dict[str, float] = field(default_factory=dict)
    """Mean rotation error of each joint."""


@dataclass(frozen=True, slots=True)
class MotionErrors:
    """What an animator sees, on every frame that both people have. ``true_...`` are the same measures of the truth."""

    jitter_10m_s3: float = NAN
    true_jitter_10m_s3: float = NAN
    foot_slide_mm: float = NAN
    """Per 1/30 s, while the true foot touches the floor."""
    true_foot_slide_mm: float = NAN
    penetration_mm: float = NAN
    penetration_p99_mm: float = NAN
    floating_mm: float = NAN
    """Of feet that truly touch the floor."""
    floating_p99_mm: float = NAN
    bone_length_error_percent: float = NAN
    bone_length_variation_percent: float = NAN
    joint_limit_violation_percent: float = NAN
    """Share of joints and frames beyond the limits."""
    true_joint_limit_violation_percent: float = NAN


@dataclass(frozen=True, slots=True)
class WorldErrors:
    """Errors of the path through the world, where the true person is visible."""

    wa_mpjpe_mm: float = NAN
    w_mpjpe_mm: float = NAN
    root_translation_error_percent: float = NAN
    """Of the length of the true path; NaN for somebody who stays in place."""


@dataclass(frozen=True, slots=True)
class PersonComparison:
    """How wrong one person is."""

    name: str
    """Of the true person."""
    predicted_name: str
    compared_frames: int
    """Frames with a pose in which the true person is visible: the weight of this person in means over people."""
    hidden_frames: int
    """Frames with a pose in which the true person is hidden."""
    pose: PoseErrors
    motion: MotionErrors
    world: WorldErrors
    contacts: Counts
    joints: Counts
    """Limb joints: right within 150 mm, predicted but wrong, and present but not right, over the compared frames."""
    frames: IntArray
    """(T,) source frame indices that both people have."""
    error_mm: FloatArray
    """(T,) mean joint error of each frame, NaN where the true person is hidden or no pose was given."""


@dataclass(frozen=True, slots=True)
class _Pair:
    """Both people over the frames they have in common."""

    guess: Subject
    real: Subject
    guess_local: FloatArray
    """(T, 22, 3) m, camera's axes, relative to the middle of the hip joints."""
    real_local: FloatArray
    fps: float


def compare_person(predicted: Recording, guess: Subject, truth: Recording, real: Subject) -> PersonComparison:
    """All measures of one predicted person against the true person it was matched to."""
    in_guess, in_real = common_frames(guess.frames, real.frames)
    guess, real = _cut(guess, in_guess), _cut(real, in_real)
    guess = replace(guess, rotations=_relative_to_camera(predicted, guess))
    real = replace(real, rotations=_relative_to_camera(truth, real))
    pair = _Pair(guess, real, pose.centred(predicted.in_camera(guess)), pose.centred(truth.in_camera(real)),
                 float(truth.fps))  # fmt: skip
    errors = pose.joint_errors_mm(pair.guess_local, pair.real_local)
    given = posed(guess)
    visible_errors = _where(real.observed, errors)
    return PersonComparison(
        name=real.name,
        predicted_name=guess.name,
        compared_frames=int((given & real.observed).sum()),
        hidden_frames=int((given & ~real.observed).sum()),
        pose=_pose_errors(pair, errors),
        motion=_motion_errors(pair),
        world=_world_errors(pair),
        contacts=floor.contact_counts(guess.contacts, real.contacts),
        joints=_joint_counts(visible_errors[:, LIMBS]),
        frames=real.frames,
        error_mm=mean_over(visible_errors, axis=1),
    )


def _cut(subject: Subject, part: slice) -> Subject:
    return Subject(
        name=subject.name,
        frames=subject.frames[part],
        observed=subject.observed[part],
        joints=subject.joints[part],
        rotations=subject.rotations[part],
        feet=subject.feet[part],
        contacts=subject.contacts[part],
        keypoints=subject.keypoints[part],
        boxes=subject.boxes[part],
    )


def _relative_to_camera(recorded: Recording, subject: Subject) -> FloatArray:
    """Local rotations (T, 22, 4), the root's being camera_from_hips."""
    camera_from_world = rotation.from_matrix(recorded.camera.camera_from_world[subject.frames, :3, :3])
    rotations = np.array(subject.rotations)
    rotations[:, 0] = rotation.multiply(camera_from_world, rotations[:, 0])
    return rotations


def _where(frames: BoolArray, values: FloatArray) -> FloatArray:
    """Values (T, ...) of the frames (T,) that are True, NaN elsewhere."""
    return np.where(frames.reshape(-1, *[1] * (values.ndim - 1)), values, np.nan)


def _pose_errors(pair: _Pair, errors: FloatArray) -> PoseErrors:
    visible = pair.real.observed
    guess, real = pair.guess_local, _where(visible, pair.real_local)
    across, depth = pose.axis_errors_mm(guess, real)
    seen = _where(visible, errors)
    turns = _where(visible, pose.rotation_errors_deg(pair.guess.rotations, pair.real.rotations))
    return PoseErrors(
        mpjpe_mm=mean(seen),
        mpjpe_limbs_mm=mean(seen[:, LIMBS]),
        pa_mpjpe_mm=mean(pose.aligned_errors_mm(guess, real)),
        pa_mpjpe_limbs_mm=mean(pose.aligned_errors_mm(guess[:, LIMBS], real[:, LIMBS])),
        pck3d=pose.pck3d(seen[:, LIMBS]),
        pck3d_auc=pose.pck3d_auc(seen[:, LIMBS]),
        across_mm=mean(across),
        depth_mm=mean(depth),
        hidden_mpjpe_mm=mean(_where(~visible, errors)),
        acceleration_error_m_s2=mean(motion.acceleration_errors_m_s2(guess, real, pair.fps)),
        rotation_error_deg=mean(turns),
        direction_error_deg=mean(pose.direction_errors_deg(guess, real)),
        flexion_error_deg=mean(np.abs(pose.flexion_deg(guess) - pose.flexion_deg(real))),
        joints_mm=_by_joint(seen),
        joints_deg=_by_joint(turns),
    )


def _by_joint(values: FloatArray) -> dict[str, float]:
    return dict(zip(humanoid.JOINTS, mean_over(values, axis=0).tolist(), strict=True))


def _motion_errors(pair: _Pair) -> MotionErrors:
    guess, real, contacts = pair.guess, pair.real, pair.real.contacts
    depth = floor.penetration_mm(guess.feet)
    height = floor.floating_mm(guess.feet, contacts)
    lengths, true_lengths = body.bone_lengths_m(guess.joints), body.bone_lengths_m(real.joints)
    return MotionErrors(
        jitter_10m_s3=mean(motion.jitter_10m_s3(guess.joints, pair.fps)),
        true_jitter_10m_s3=mean(motion.jitter_10m_s3(real.joints, pair.fps)),
        foot_slide_mm=mean(floor.foot_slide_mm(guess.feet, contacts, pair.fps)),
        true_foot_slide_mm=mean(floor.foot_slide_mm(real.feet, contacts, pair.fps)),
        penetration_mm=mean(depth),
        penetration_p99_mm=percentile(depth, 99),
        floating_mm=mean(height),
        floating_p99_mm=percentile(height, 99),
        bone_length_error_percent=mean(body.bone_length_errors_percent(lengths, true_lengths)),
        bone_length_variation_percent=mean(body.bone_length_variation_percent(lengths)),
        joint_limit_violation_percent=_violations_percent(guess),
        true_joint_limit_violation_percent=_violations_percent(real),
    )


def _violations_percent(subject: Subject) -> float:
    excess = body.joint_limit_excess_deg(subject.rotations)
    return mean(np.where(np.isfinite(excess), 100.0 * (excess > 0), np.nan))


def _world_errors(pair: _Pair) -> WorldErrors:
    kept = pair.real.observed & posed(pair.guess)
    if not kept.any():
        return WorldErrors()
    guess, real = pair.guess.joints[kept], pair.real.joints[kept]
    guess_root, real_root = (joints[:, list(pose.HIPS)].mean(axis=1) for joints in (guess, real))
    return WorldErrors(
        wa_mpjpe_mm=mean(world.world_aligned_errors_mm(guess, real)),
        w_mpjpe_mm=mean(world.first_aligned_errors_mm(guess, real)),
        root_translation_error_percent=mean(world.root_translation_errors_percent(guess_root, real_root)),
    )


def _joint_counts(errors: FloatArray) -> Counts:
    given = np.isfinite(errors)
    right = int((errors[given] <= pose.PCK3D_THRESHOLD_MM).sum())
    return Counts(right, int(given.sum()) - right, 0)
