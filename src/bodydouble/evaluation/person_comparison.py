"""Comparison of one predicted person with its matched true person.

In: the two people and their clips. Out: a ``PersonComparison`` of pose, motion, world and contact errors.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from bodydouble.data import BoolArray, FloatArray, IntArray
from bodydouble.evaluation.evaluation_clip import EvaluatedPerson, EvaluationClip
from bodydouble.evaluation.matching import common_frames, has_pose
from bodydouble.evaluation.metrics import body, floor, motion, pose, world
from bodydouble.evaluation.metrics.averages import mean, mean_over, percentile
from bodydouble.evaluation.metrics.counts import Counts
from bodydouble.evaluation.physics import PhysicsMeasures, measure_physics
from bodydouble.geometry import rotation
from bodydouble.motion.floor.contacts import known_contacts
from bodydouble.motion.resampling.motion import slice_motion
from bodydouble.skeletons import humanoid

NAN = float("nan")
LIMBS = list(pose.LIMB_JOINTS)
"""Indices of the twelve limb joints."""


@dataclass(frozen=True, slots=True)
class PoseErrors:
    """Errors in camera axes, relative to the midpoint of the hip joints, where the true person is visible."""

    mpjpe_mm: float = NAN
    mpjpe_limbs_mm: float = NAN
    """MPJPE over shoulders, elbows, wrists, hips, knees and ankles."""
    pa_mpjpe_mm: float = NAN
    pa_mpjpe_limbs_mm: float = NAN
    """PA-MPJPE over the same twelve joints, aligned without the others."""
    pck3d: float = NAN
    """Fraction of these joints within 150 mm, 0 to 1."""
    pck3d_auc: float = NAN
    """Area under the curve of pck3d over thresholds from 0 to 150 mm, 0 to 1."""
    across_mm: float = NAN
    """Error in the image plane."""
    depth_mm: float = NAN
    """Error along the optical axis."""
    hidden_mpjpe_mm: float = NAN
    """MPJPE where the true person is occluded and the pose was filled in."""
    acceleration_error_m_s2: float = NAN
    rotation_error_deg: float = NAN
    """Angle between the local rotations of the joints; of the hips, relative to the camera."""
    direction_error_deg: float = NAN
    """Angle between bone directions, relative to the camera."""
    flexion_error_deg: float = NAN
    """Error of the flexion of elbows and knees."""
    joints_mm: dict[str, float] = field(default_factory=dict)
    """Mean error of each joint."""
    joints_deg: dict[str, float] = field(default_factory=dict)
    """Mean rotation error of each joint."""


@dataclass(frozen=True, slots=True)
class MotionErrors:
    """Quality of the motion on all common frames; ``true_...`` are the same metrics of the ground truth."""

    jitter_10m_s3: float = NAN
    true_jitter_10m_s3: float = NAN
    foot_slide_mm: float = NAN
    """Foot slide per 1/30 s, while the true foot is in contact with the floor."""
    true_foot_slide_mm: float = NAN
    penetration_mm: float = NAN
    penetration_p99_mm: float = NAN
    floating_mm: float = NAN
    """Height of feet whose true counterpart is in contact with the floor."""
    floating_p99_mm: float = NAN
    bone_length_error_percent: float = NAN
    bone_length_variation_percent: float = NAN
    joint_limit_violation_percent: float = NAN
    """Percentage of joints and frames beyond the limits."""
    true_joint_limit_violation_percent: float = NAN
    unexplained_force_percent: float = NAN
    """Median over frames of the force that no contact explains, in percent of the body weight."""
    unexplained_force_p90_percent: float = NAN
    true_unexplained_force_percent: float = NAN
    true_unexplained_force_p90_percent: float = NAN
    unexplained_torque_percent: float = NAN
    """Median over frames of the torque that no contact explains, in percent of body weight times leg length."""
    unexplained_torque_p90_percent: float = NAN
    imbalance_mm: float = NAN
    """Distance of the extrapolated centre of mass from the support of a person who stands still."""
    true_imbalance_mm: float = NAN


@dataclass(frozen=True, slots=True)
class WorldErrors:
    """Errors of the trajectory in the world, where the true person is visible."""

    wa_mpjpe_mm: float = NAN
    w_mpjpe_mm: float = NAN
    root_translation_error_percent: float = NAN
    """Error relative to the length of the true path; NaN for a person who stays in place."""


@dataclass(frozen=True, slots=True)
class PersonComparison:
    """All metrics of one person."""

    name: str
    """Name of the true person."""
    predicted_name: str
    """Name of the matched predicted person."""
    compared_frames: int
    """Frames with a pose in which the true person is visible: the weight of this person in means over people."""
    hidden_frames: int
    """Frames with a pose in which the true person is occluded."""
    pose: PoseErrors
    motion: MotionErrors
    world: WorldErrors
    contacts: Counts
    joints: Counts
    """Limb joints of the compared frames: correct within 150 mm, and predicted but wrong."""
    frames: IntArray
    """(T,) source frame indices common to both people."""
    error_mm: FloatArray
    """(T,) mean joint error of each frame; NaN where the true person is occluded or without a pose."""


@dataclass(frozen=True, slots=True)
class _Pair:
    """A predicted and a true person over their common frames."""

    predicted: EvaluatedPerson
    true: EvaluatedPerson
    predicted_local: FloatArray
    """(T, 22, 3) m, camera axes, relative to the midpoint of the hip joints."""
    true_local: FloatArray
    fps: float


def compare_person(
    predicted_clip: EvaluationClip, predicted: EvaluatedPerson, true_clip: EvaluationClip, true: EvaluatedPerson
) -> PersonComparison:
    """Compares a predicted person with its matched true person."""
    predicted_frames, true_frames = common_frames(predicted.frames, true.frames)
    predicted, true = _slice_frames(predicted, predicted_frames), _slice_frames(true, true_frames)
    predicted = replace(predicted, rotations=_rotations_in_camera(predicted_clip, predicted))
    true = replace(true, rotations=_rotations_in_camera(true_clip, true))
    pair = _Pair(
        predicted,
        true,
        pose.center_on_root(predicted_clip.joints_in_camera(predicted)),
        pose.center_on_root(true_clip.joints_in_camera(true)),
        float(true_clip.fps),
    )
    errors = pose.joint_errors_mm(pair.predicted_local, pair.true_local)
    with_pose = has_pose(predicted)
    visible_errors = _mask_frames(true.observed, errors)
    return PersonComparison(
        name=true.name,
        predicted_name=predicted.name,
        compared_frames=int((with_pose & true.observed).sum()),
        hidden_frames=int((with_pose & ~true.observed).sum()),
        pose=_pose_errors(pair, errors),
        motion=_motion_errors(pair),
        world=_world_errors(pair),
        contacts=floor.contact_counts(predicted.contacts, true.contacts),
        joints=_count_joints(visible_errors[:, LIMBS]),
        frames=true.frames,
        error_mm=mean_over(visible_errors, axis=1),
    )


def _slice_frames(person: EvaluatedPerson, frames: slice) -> EvaluatedPerson:
    return EvaluatedPerson(
        name=person.name,
        frames=person.frames[frames],
        observed=person.observed[frames],
        joints=person.joints[frames],
        rotations=person.rotations[frames],
        feet=person.feet[frames],
        contacts=person.contacts[frames],
        keypoints=person.keypoints[frames],
        boxes=person.boxes[frames],
        motion=None if person.motion is None else slice_motion(person.motion, frames),
    )


def _rotations_in_camera(clip: EvaluationClip, person: EvaluatedPerson) -> FloatArray:
    """Returns local rotations (T, 22, 4); that of the root is camera_from_hips."""
    camera_from_world = rotation.from_matrix(clip.camera.camera_from_world[person.frames, :3, :3])
    rotations = np.array(person.rotations)
    rotations[:, 0] = rotation.multiply(camera_from_world, rotations[:, 0])
    return rotations


def _mask_frames(mask: BoolArray, values: FloatArray) -> FloatArray:
    """Returns values (T, ...) where the mask (T,) is True, NaN elsewhere."""
    return np.where(mask.reshape(-1, *[1] * (values.ndim - 1)), values, np.nan)


def _pose_errors(pair: _Pair, errors: FloatArray) -> PoseErrors:
    visible = pair.true.observed
    predicted, true = pair.predicted_local, _mask_frames(visible, pair.true_local)
    across, depth = pose.axis_errors_mm(predicted, true)
    visible_errors = _mask_frames(visible, errors)
    rotation_errors = _mask_frames(visible, pose.rotation_errors_deg(pair.predicted.rotations, pair.true.rotations))
    return PoseErrors(
        mpjpe_mm=mean(visible_errors),
        mpjpe_limbs_mm=mean(visible_errors[:, LIMBS]),
        pa_mpjpe_mm=mean(pose.aligned_errors_mm(predicted, true)),
        pa_mpjpe_limbs_mm=mean(pose.aligned_errors_mm(predicted[:, LIMBS], true[:, LIMBS])),
        pck3d=pose.pck3d(visible_errors[:, LIMBS]),
        pck3d_auc=pose.pck3d_auc(visible_errors[:, LIMBS]),
        across_mm=mean(across),
        depth_mm=mean(depth),
        hidden_mpjpe_mm=mean(_mask_frames(~visible, errors)),
        acceleration_error_m_s2=mean(motion.acceleration_errors_m_s2(predicted, true, pair.fps)),
        rotation_error_deg=mean(rotation_errors),
        direction_error_deg=mean(pose.direction_errors_deg(predicted, true)),
        flexion_error_deg=mean(np.abs(pose.flexion_deg(predicted) - pose.flexion_deg(true))),
        joints_mm=_means_by_joint(visible_errors),
        joints_deg=_means_by_joint(rotation_errors),
    )


def _means_by_joint(values: FloatArray) -> dict[str, float]:
    return dict(zip(humanoid.JOINTS, mean_over(values, axis=0).tolist(), strict=True))


def _motion_errors(pair: _Pair) -> MotionErrors:
    predicted, true, contacts = pair.predicted, pair.true, pair.true.contacts
    depth = floor.penetration_mm(predicted.feet)
    height = floor.floating_mm(predicted.feet, contacts)
    lengths, true_lengths = body.bone_lengths_m(predicted.joints), body.bone_lengths_m(true.joints)
    physics, true_physics = _measure_physics(predicted, pair.fps), _measure_physics(true, pair.fps)
    return MotionErrors(
        jitter_10m_s3=mean(motion.jitter_10m_s3(predicted.joints, pair.fps)),
        true_jitter_10m_s3=mean(motion.jitter_10m_s3(true.joints, pair.fps)),
        foot_slide_mm=mean(floor.foot_slide_mm(predicted.feet, contacts, pair.fps)),
        true_foot_slide_mm=mean(floor.foot_slide_mm(true.feet, contacts, pair.fps)),
        penetration_mm=mean(depth),
        penetration_p99_mm=percentile(depth, 99),
        floating_mm=mean(height),
        floating_p99_mm=percentile(height, 99),
        bone_length_error_percent=mean(body.bone_length_errors_percent(lengths, true_lengths)),
        bone_length_variation_percent=mean(body.bone_length_variation_percent(lengths)),
        joint_limit_violation_percent=_violations_percent(predicted),
        true_joint_limit_violation_percent=_violations_percent(true),
        unexplained_force_percent=100 * percentile(physics.unexplained_force, 50),
        unexplained_force_p90_percent=100 * percentile(physics.unexplained_force, 90),
        true_unexplained_force_percent=100 * percentile(true_physics.unexplained_force, 50),
        true_unexplained_force_p90_percent=100 * percentile(true_physics.unexplained_force, 90),
        unexplained_torque_percent=100 * percentile(physics.unexplained_torque, 50),
        unexplained_torque_p90_percent=100 * percentile(physics.unexplained_torque, 90),
        imbalance_mm=1e3 * mean(physics.imbalance_m),
        true_imbalance_mm=1e3 * mean(true_physics.imbalance_m),
    )


def _measure_physics(person: EvaluatedPerson, fps: float) -> PhysicsMeasures:
    """Measures the physics of a person in the frames in which both feet are seen, or were shortly."""
    if person.motion is None:
        return PhysicsMeasures.unknown(len(person.frames))
    confidence = np.where(person.observed[:, None], person.keypoints[..., 2], 0.0)
    return measure_physics(person.motion, np.asarray(known_contacts(confidence, fps).all(axis=1)))


def _violations_percent(person: EvaluatedPerson) -> float:
    excess = body.joint_limit_excess_deg(person.rotations)
    return mean(np.where(np.isfinite(excess), 100.0 * (excess > 0), np.nan))


def _world_errors(pair: _Pair) -> WorldErrors:
    compared = pair.true.observed & has_pose(pair.predicted)
    if not compared.any():
        return WorldErrors()
    predicted, true = pair.predicted.joints[compared], pair.true.joints[compared]
    predicted_root, true_root = (joints[:, list(pose.HIP_JOINTS)].mean(axis=1) for joints in (predicted, true))
    return WorldErrors(
        wa_mpjpe_mm=mean(world.world_aligned_errors_mm(predicted, true)),
        w_mpjpe_mm=mean(world.first_aligned_errors_mm(predicted, true)),
        root_translation_error_percent=mean(world.root_translation_errors_percent(predicted_root, true_root)),
    )


def _count_joints(errors: FloatArray) -> Counts:
    finite = np.isfinite(errors)
    true_positive = int((errors[finite] <= pose.PCK3D_THRESHOLD_MM).sum())
    return Counts(true_positive, int(finite.sum()) - true_positive, 0)
