"""Lifting stage: a 2D ``Track`` -> ``FitInput`` (skeleton, fit targets and initial state of the fit).

External keypoints are completed first (``completion.py``). The lifter (``lifter.py``) then estimates 3D landmarks,
joint rotations and bone scales. The root translation follows from the landmarks, smoothed over time.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from bodydouble.data import BoolArray, FloatArray, Skeleton, Track
from bodydouble.data.windows import split_into_windows
from bodydouble.geometry import camera, rotation
from bodydouble.motion.body import proportions
from bodydouble.motion.body.root_translation import fit_lateral_translation, fit_translation
from bodydouble.motion.fit.solve import fit_cost, slice_state, slice_targets
from bodydouble.motion.fit.terms import FIT_LANDMARKS, SUPPORT_LANDMARKS, FitTargets, State
from bodydouble.motion.lifting import facing, lifter, person_view
from bodydouble.motion.lifting.fit_input import FitInput
from bodydouble.motion.lifting.lifter_input import LifterInput, estimate_skeleton, estimate_view_scale
from bodydouble.motion.lifting.long_clips import WINDOW_FRAMES, join_windows
from bodydouble.motion.lifting.upright import turn_upright
from bodydouble.motion.resampling.smoothing import robust_whittaker, smooth_rotations
from bodydouble.skeletons import blazepose, humanoid

DEPTH_CUTOFF = 1.0
"""Cutoff frequency in Hz of the initial distance from the camera."""
ROTATION_CUTOFF = 3.0
"""Cutoff frequency in Hz of the initial joint rotations."""
DEPTH_OUTLIER = 0.05
"""Relative deviation from the smooth distance at which the weight of a frame is halved (Cauchy loss)."""
MIN_DISTANCE = 0.3
"""Minimum distance in m of a person from the camera."""
UNOBSERVED_DRIFT = 0.3
"""Growth in m/s of a joint's standard deviation per axis while the person is not observed."""
MIN_POINT_SIGMA = 0.004
"""Minimum standard deviation of an image point, in sizes of ``person_view``."""
WINDOW_MARGIN_SECONDS = 10.0
"""Overlap in s of the windows of a long clip: several times the memory of the smoothing of the distance."""
SPAN_MARGIN = 0.5
"""Time in s before and after a doubtful span in which the fits of both readings are compared."""


def prepare_fit(
    track: Track,
    intrinsics: FloatArray,
    fps: float,
    reference_from_camera: FloatArray,
    skeleton: Skeleton | None = None,
    known_landmarks: FloatArray | None = None,
    up: FloatArray | None = None,
) -> FitInput:
    """Lifts a 2D track to the input of the fit.

    The lifter sees the person as upright as the camera's roll is known. An upright camera then takes the place of the
    real one in all of the fit: a rotation about the optical axis does not change reprojection errors.

    Args:
        track: one person; where 3D landmarks are missing in observed frames, all are imputed from the keypoints.
        intrinsics: (3, 3) px.
        fps: frames per second.
        reference_from_camera: (T, 4, 4) of the track's frames.
        skeleton: the person's, if it is known; otherwise from the lifter's bone scales.
        known_landmarks: (T, 33, 3) m, camera axes, if they are known.
        up: (3,) unit vector opposite to gravity, axes of the reference, if it is known.

    Raises:
        ModelError: a network cannot be loaded.
    """
    step = round(fps)  # windows begin with whole seconds, so that the lifter samples them at the same times
    windows = list(
        split_into_windows(len(track.frames), WINDOW_FRAMES, round(WINDOW_MARGIN_SECONDS * fps), max(step, 1))
    )
    has_landmarks_3d = bool(np.isfinite(track.landmarks_3d[track.observed]).all())
    camera_from_upright = turn_upright(reference_from_camera, up)
    reference_from_upright = reference_from_camera.copy()
    reference_from_upright[:, :3, :3] = reference_from_camera[:, :3, :3] @ camera_from_upright
    observe = partial(
        LifterInput.from_track,
        track,
        intrinsics,
        fps,
        has_landmarks_3d=has_landmarks_3d,
        camera_from_upright=camera_from_upright,
    )
    scale = None
    if len(windows) > 1:
        scale = estimate_view_scale(observe, [inner for inner, _ in windows])
        skeleton = skeleton or estimate_skeleton(observe, windows, scale)

    def prepare_window(window: slice) -> FitInput:
        known = None if known_landmarks is None else known_landmarks[window] @ camera_from_upright[window]
        return _prepare_window(observe(window, scale), fps, reference_from_upright[window], skeleton, known)

    return join_windows(((inner, outer, prepare_window(outer)) for inner, outer in windows), len(track.frames))


def _prepare_window(
    lifter_input: LifterInput,
    fps: float,
    reference_from_camera: FloatArray,
    skeleton: Skeleton | None,
    known_landmarks: FloatArray | None,
) -> FitInput:
    """Lifts some frames; arguments as for ``prepare_fit``."""
    output = lifter_input.run_lifter()
    build_fit_input = partial(
        _build_fit_input,
        skeleton=skeleton or proportions.skeleton_from_bone_scales(output.bone_scales),
        confidence=lifter_input.confidence,
        fps=fps,
        reference_from_camera=reference_from_camera,
    )
    if known_landmarks is not None:
        return build_fit_input(lifter.with_known_landmarks(output, known_landmarks))
    return build_fit_input(choose_readings(output, lifter_input.detected_pose(), build_fit_input, fps))


def choose_readings(
    output: lifter.LifterOutput,
    detected: facing.DetectedPose,
    build_fit_input: Callable[[lifter.LifterOutput], FitInput],
    fps: float,
) -> lifter.LifterOutput:
    """Chooses between the lifter's reading and the detected orientation in each doubtful span: the cheaper fit is kept.

    Args:
        output: of the lifter.
        detected: pose of the landmark network.
        build_fit_input: builds the input of the fit from a reading.
        fps: frames per second.

    Returns:
        The output itself, with another orientation in spans in which the detected one has the lower cost.
    """
    spans = facing.find_doubtful_spans(output, detected, fps)
    if not spans:
        return output
    other = facing.read_detected_orientation(output, detected)
    readings = facing.use_detected_points(output, detected), other
    first, second = (build_fit_input(facing.splice(output, reading, spans)) for reading in readings)
    cheaper = [span for span in spans if _fit_cost(second, span) < _fit_cost(first, span)]
    return facing.splice(output, other, cheaper)


def _fit_cost(person: FitInput, span: slice) -> float:
    """Returns the cost of the fit in a span and the frames around it."""
    margin = round(SPAN_MARGIN * person.targets.fps)
    window = slice(max(span.start - margin, 0), span.stop + margin)
    return fit_cost(person.skeleton, slice_state(person.start, window), slice_targets(person.targets, window))


def drift_sigma(observed: BoolArray, fps: float) -> FloatArray:
    """Returns the standard deviation (T,) m per axis that joints have in addition in frames that are not observed."""
    return UNOBSERVED_DRIFT * lifter.seconds_since_observed(observed, fps)


def _build_fit_input(
    output: lifter.LifterOutput,
    skeleton: Skeleton,
    confidence: FloatArray,
    fps: float,
    reference_from_camera: FloatArray,
) -> FitInput:
    """Places the lifter's output at a smooth distance, in the frame of the reference."""
    quaternions = smooth_rotations(rotation.from_matrix(output.rotations), fps, ROTATION_CUTOFF)
    root = _smooth_root_position(output, skeleton, quaternions, confidence, fps)
    metres_per_size = output.scale * np.linalg.norm(root, axis=-1)
    start = State(
        _rotate_root(reference_from_camera, rotation.to_matrix(quaternions)),
        camera.transform(reference_from_camera, root[:, None])[:, 0],
    )
    drift = drift_sigma(np.asarray(confidence.any(axis=1)), fps)
    return FitInput(
        skeleton=skeleton,
        targets=_build_targets(output, metres_per_size, fps, reference_from_camera),
        start=start,
        confidence=confidence,
        joint_sigma=np.hypot(estimate_joint_sigma(output.sigma) * metres_per_size[:, None], drift[:, None]),
        up=rotation.rotate_vectors(reference_from_camera[:, :3, :3], output.up),
    )


def _smooth_root_position(
    output: lifter.LifterOutput, skeleton: Skeleton, quaternions: FloatArray, confidence: FloatArray, fps: float
) -> FloatArray:
    """Fits the root position (T, 3) m, camera axes, to the landmarks, with a distance that is smooth over time."""
    inverse_sigma = 1 / output.sigma[..., 0]
    unsmoothed = fit_translation(skeleton, quaternions, output.points, inverse_sigma)
    weight = confidence.mean(axis=1, keepdims=True) + 1e-3
    log_depth = np.log(np.maximum(unsmoothed[:, 2:], MIN_DISTANCE))
    depth = np.exp(robust_whittaker(log_depth, weight, fps, DEPTH_CUTOFF, np.asarray(DEPTH_OUTLIER)))
    return fit_lateral_translation(skeleton, quaternions, depth[:, 0], output.points, inverse_sigma)


def _build_targets(
    output: lifter.LifterOutput, metres_per_size: FloatArray, fps: float, reference_from_camera: FloatArray
) -> FitTargets:
    """Converts the lifter's output to the reference and to metres; contacts with the floor are added later."""
    used, to_reference = list(FIT_LANDMARKS), reference_from_camera[:, :3, :3]
    hips = output.points[:, person_view.HIP_INDICES].mean(axis=1)
    view_ray = rotation.normalize(np.concatenate([hips, np.ones((len(hips), 1))], axis=-1))
    return FitTargets(
        fps=fps,
        camera_from_reference=camera.inverse(reference_from_camera)[:, :3],
        points=output.points[:, used],
        points_sigma=np.maximum(output.sigma[:, used, 0], MIN_POINT_SIGMA) * output.scale,
        view_ray=rotation.rotate_vectors(to_reference, view_ray),
        depths=np.einsum("tli,ti->tl", output.landmarks_3d[:, used], view_ray) * metres_per_size[:, None],
        depths_sigma=output.sigma[:, used, 1] * metres_per_size[:, None],
        rotations=_rotate_root(reference_from_camera, output.rotations),
        root_velocity=rotation.rotate_vectors(to_reference, output.velocity) * metres_per_size[:, None],
        contacts=output.contacts,
        support_contacts=np.zeros((len(hips), len(SUPPORT_LANDMARKS))),
        explained_acceleration=np.full((len(hips), 3), np.nan),
        airborne=np.zeros(len(hips)),
        origin_height=np.zeros(len(hips)),
    )


def _rotate_root(reference_from_camera: FloatArray, rotations: FloatArray) -> FloatArray:
    """Converts the root of local rotations (T, 22, 3, 3) from camera axes to the axes of the reference."""
    rotated = rotations.copy()
    rotated[:, 0] = reference_from_camera[:, :3, :3] @ rotated[:, 0]
    return rotated


def rescale_fit_input(person: FitInput, scale: float) -> FitInput:
    """Makes a person scale times as large and as far away; the image points stay the same.

    The initial state is not changed.
    """
    targets, scale = person.targets, float(scale)  # a NumPy scalar would turn float32 into float64
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
"""Joint (without its side) -> landmarks (likewise) at its position."""
_TRUNK_LANDMARKS = ("left_shoulder", "right_shoulder", "left_hip", "right_hip")


def estimate_joint_sigma(sigma: FloatArray) -> FloatArray:
    """Estimates the standard deviation (T, 22) per axis of each joint from landmarks around it.

    Args:
        sigma: (T, 33, 2) of the landmarks across and along the line of sight.
    """
    per_axis = np.sqrt((2 * sigma[..., 0] ** 2 + sigma[..., 1] ** 2) / 3)
    return np.stack([per_axis[:, _landmarks_around(joint)].mean(axis=1) for joint in humanoid.JOINTS], axis=1)


def _landmarks_around(joint: str) -> list[int]:
    side = next((s for s in ("left", "right") if joint.startswith(s)), "")
    if side:
        names = tuple(f"{side}_{part}" for part in _LANDMARKS_OF_JOINT[joint.removeprefix(side)])
    else:
        names = ("left_ear", "right_ear") if joint == "head" else _TRUNK_LANDMARKS
    return [blazepose.INDEX[name] for name in names]
