"""From a 2D track to what is known about a motion in space, and a first guess at it."""

from dataclasses import dataclass, replace

import numpy as np

from bodydouble.data import FloatArray, Skeleton, Track
from bodydouble.geometry import camera, rotation
from bodydouble.motion.body import proportions
from bodydouble.motion.body.root_translation import fit_lateral_translation, fit_translation
from bodydouble.motion.fit.terms import FIT_LANDMARKS, SUPPORT_LANDMARKS, FitTargets, State
from bodydouble.motion.lifting import lifter, person_view
from bodydouble.motion.lifting.completion import complete_landmarks
from bodydouble.motion.resampling.smoothing import robust_whittaker, smooth_rotations
from bodydouble.skeletons import blazepose, humanoid

DEPTH_CUTOFF = 1.0
"""Hz; how fast the distance from the camera changes, at first."""
ROTATION_CUTOFF = 3.0
"""Hz, of joint rotations, at first."""
DEPTH_OUTLIER = 0.05
"""Relative; a distance this far off the smooth curve counts half."""
MIN_DISTANCE = 0.3
"""m from the camera."""
UNOBSERVED_DRIFT = 0.3
"""m/s, standard deviation per axis of how a joint moves while nobody sees it."""
MIN_POINT_SIGMA = 0.004
"""Sizes; nothing is seen better."""


@dataclass(frozen=True, slots=True)
class FitInput:
    """One person before the fit over the whole clip."""

    skeleton: Skeleton
    targets: FitTargets
    start: State
    confidence: FloatArray
    """(T, 33) of the landmarks; 0 where not observed."""
    joint_sigma: FloatArray
    """(T, 22) m, one standard deviation per axis."""
    up: FloatArray
    """(T, 3) unit, axes of the reference: away from gravity."""


def prepare_fit(
    track: Track,
    intrinsics: FloatArray,
    fps: float,
    reference_from_camera: FloatArray,
    skeleton: Skeleton | None = None,
    known_landmarks: FloatArray | None = None,
) -> FitInput:
    """2D track and rough 3D -> what is known in space.

    Args:
        track: one person; if rough joints are not known, they are estimated from the keypoints.
        intrinsics: (3, 3) px.
        fps: frames per second.
        reference_from_camera: (T, 4, 4) of the track's frames.
        skeleton: the person's, if it is known.
        known_landmarks: (T, 33, 3) m, camera axes, if they are known.
    """
    confidence = np.where(track.observed[:, None], track.keypoints[..., 2], 0.0)
    keypoints = interpolate_gaps(np.where(track.observed[:, None, None], track.keypoints, np.nan))
    image_points = camera.rays(intrinsics, keypoints[..., :2])[..., :2]
    if np.isfinite(track.landmarks_3d[track.observed]).all():
        lifter_input = image_points, keypoints[..., 2], interpolate_gaps(track.landmarks_3d)
    else:
        lifter_input = complete_landmarks(image_points, keypoints[..., 2], fps)
    output = lifter.run_lifter(*lifter_input, track.observed, fps)
    if known_landmarks is not None:
        output = lifter.with_known_landmarks(output, known_landmarks)
    bones = skeleton or proportions.skeleton_from_bone_scales(output.bone_scales)
    return _build_fit_input(output, bones, confidence, fps, reference_from_camera)


def interpolate_gaps(values: FloatArray) -> FloatArray:
    """Values (T, ...) with rows of NaN interpolated."""
    flat = values.reshape(len(values), -1)
    known = np.flatnonzero(np.isfinite(flat).all(axis=1))
    return lifter.interpolate_linear(np.arange(len(flat)), known, flat[known]).reshape(values.shape)


def _build_fit_input(
    output: lifter.LifterOutput,
    skeleton: Skeleton,
    confidence: FloatArray,
    fps: float,
    reference_from_camera: FloatArray,
) -> FitInput:
    quaternions = smooth_rotations(rotation.from_matrix(output.rotations), fps, ROTATION_CUTOFF)
    inverse_sigma = 1 / output.sigma[..., 0]
    unsmoothed = fit_translation(skeleton, quaternions, output.points, inverse_sigma)
    weight = confidence.mean(axis=1, keepdims=True) + 1e-3
    log_depth = np.log(np.maximum(unsmoothed[:, 2:], MIN_DISTANCE))
    distance = np.exp(robust_whittaker(log_depth, weight, fps, DEPTH_CUTOFF, np.asarray(DEPTH_OUTLIER)))
    root = fit_lateral_translation(skeleton, quaternions, distance[:, 0], output.points, inverse_sigma)
    metres_per_unit = output.scale * np.linalg.norm(root, axis=-1)
    used, reference_rotations = list(FIT_LANDMARKS), reference_from_camera[:, :3, :3]
    hips = output.points[:, person_view.HIP_INDICES].mean(axis=1)
    view_ray = rotation.normalize(np.concatenate([hips, np.ones((len(hips), 1))], axis=-1))
    rotations = output.rotations.copy()
    rotations[:, 0] = reference_rotations @ rotations[:, 0]
    targets = FitTargets(
        fps=fps,
        camera_from_reference=camera.inverse(reference_from_camera)[:, :3],
        points=output.points[:, used],
        points_sigma=np.maximum(output.sigma[:, used, 0], MIN_POINT_SIGMA) * output.scale,
        view_ray=_turned(reference_rotations, view_ray),
        depths=np.einsum("tli,ti->tl", output.landmarks_3d[:, used], view_ray) * metres_per_unit[:, None],
        depths_sigma=output.sigma[:, used, 1] * metres_per_unit[:, None],
        rotations=rotations,
        root_velocity=_turned(reference_rotations, output.velocity) * metres_per_unit[:, None],
        contacts=output.contacts,
        support_contacts=np.zeros((len(root), len(SUPPORT_LANDMARKS))),
        airborne=np.zeros(len(root)),
        origin_height=np.zeros(len(root)),
    )
    start_rotations = rotation.to_matrix(quaternions)
    start_rotations[:, 0] = reference_rotations @ start_rotations[:, 0]
    start = State(start_rotations, camera.transform(reference_from_camera, root[:, None])[:, 0])
    drift = UNOBSERVED_DRIFT * lifter.seconds_since_observed(np.asarray(confidence.any(axis=1)), fps)
    sigma = np.hypot(estimate_joint_sigma(output.sigma) * metres_per_unit[:, None], drift[:, None])
    return FitInput(skeleton, targets, start, confidence, sigma, _turned(reference_rotations, output.up))


def rescale_fit_input(person: FitInput, scale: float) -> FitInput:
    """The person scale times as large and as far away: the picture stays the same."""
    targets = person.targets
    larger = replace(
        targets,
        depths=targets.depths * scale,
        depths_sigma=targets.depths_sigma * scale,
        root_velocity=targets.root_velocity * scale,
    )
    return replace(
        person,
        skeleton=proportions.scale_skeleton(person.skeleton, scale),
        targets=larger,
        joint_sigma=person.joint_sigma * scale,
    )


def _turned(turn: FloatArray, vectors: FloatArray) -> FloatArray:
    return np.asarray((turn @ vectors[..., None])[..., 0])


_LANDMARKS_OF_JOINT: dict[str, tuple[str, ...]] = {
    "Shoulder": ("shoulder",),
    "UpperArm": ("shoulder",),
    "LowerArm": ("elbow",),
    "Hand": ("wrist",),
    "UpperLeg": ("hip",),
    "LowerLeg": ("knee",),
    "Foot": ("ankle",),
    "Toes": ("foot_index",),
}
_TRUNK_LANDMARKS = ("left_shoulder", "right_shoulder", "left_hip", "right_hip")


def estimate_joint_sigma(sigma: FloatArray) -> FloatArray:
    """(T, 22) one standard deviation per axis of each joint, from those of landmarks (T, 33, 2): across, along."""
    per_axis = np.sqrt((2 * sigma[..., 0] ** 2 + sigma[..., 1] ** 2) / 3)
    return np.stack([per_axis[:, _landmarks_around(joint)].mean(axis=1) for joint in humanoid.JOINTS], axis=1)


def _landmarks_around(joint: str) -> list[int]:
    side = next((s for s in ("left", "right") if joint.startswith(s)), "")
    names = (
        [f"{side}_{part}" for part in _LANDMARKS_OF_JOINT[joint.removeprefix(side)]] if side else list(_TRUNK_LANDMARKS)
    )
    if joint == "head":
        names = ["left_ear", "right_ear"]
    return [blazepose.INDEX[name] for name in names]
