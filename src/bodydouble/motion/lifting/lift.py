"""From a 2D track to what is known about a motion in space, and a first guess at it."""

from dataclasses import dataclass, replace

import numpy as np

from bodydouble.data import FloatArray, Skeleton, Track
from bodydouble.geometry import camera, rotation
from bodydouble.motion.body import proportions
from bodydouble.motion.body.root_translation import fit_sideways, fit_translation
from bodydouble.motion.fit.terms import BEARING, LANDMARKS, Evidence, State
from bodydouble.motion.lifting import lifter, person_view
from bodydouble.motion.lifting.completion import completed
from bodydouble.motion.resampling.smoothing import robust_whittaker, smooth_rotations
from bodydouble.skeletons import blazepose, humanoid

DEPTH_CUTOFF = 1.0
"""Hz; how fast the distance from the camera changes, at first."""
TURN_CUTOFF = 3.0
"""Hz, of joint rotations, at first."""
DEPTH_OUTLIER = 0.05
"""Relative; a distance this far off the smooth curve counts half."""
LEAST_DISTANCE = 0.3
"""m from the camera."""
UNSEEN_SPEED = 0.3
"""m/s, standard deviation per axis of how a joint moves while nobody sees it."""
LEAST_POINT_SIGMA = 0.004
"""Sizes; nothing is seen better."""


@dataclass(frozen=True, slots=True)
class LiftedPerson:
    """One person before the fit over the whole clip."""

    skeleton: Skeleton
    evidence: Evidence
    start: State
    confidence: FloatArray
    """(T, 33) of the landmarks; 0 where not observed."""
    joint_sigma: FloatArray
    """(T, 22) m, one standard deviation per axis."""
    up: FloatArray
    """(T, 3) unit, axes of the reference: away from gravity."""


def lift(
    track: Track,
    intrinsics: FloatArray,
    fps: float,
    reference_from_camera: FloatArray,
    skeleton: Skeleton | None = None,
    landmarks: FloatArray | None = None,
) -> LiftedPerson:
    """2D track and rough 3D -> what is known in space.

    Args:
        track: one person; if rough joints are not known, they are estimated from the keypoints.
        intrinsics: (3, 3) px.
        fps: frames per second.
        reference_from_camera: (T, 4, 4) of the track's frames.
        skeleton: the person's, if it is known.
        landmarks: (T, 33, 3) m, camera axes, if they are known.
    """
    confidence = np.where(track.observed[:, None], track.keypoints[..., 2], 0.0)
    seen = filled(np.where(track.observed[:, None, None], track.keypoints, np.nan))
    image_points = camera.rays(intrinsics, seen[..., :2])[..., :2]
    if np.isfinite(track.landmarks_3d[track.observed]).all():
        told = image_points, seen[..., 2], filled(track.landmarks_3d)
    else:
        told = completed(image_points, seen[..., 2], fps)
    found = lifter.lifted(*told, track.observed, fps)
    if landmarks is not None:
        found = lifter.told(found, landmarks)
    own = skeleton or proportions.with_bones(found.lengths)
    return _placed(found, own, confidence, fps, reference_from_camera)


def filled(values: FloatArray) -> FloatArray:
    """Values (T, ...) with rows of NaN interpolated."""
    flat = values.reshape(len(values), -1)
    known = np.flatnonzero(np.isfinite(flat).all(axis=1))
    return lifter.interpolated(np.arange(len(flat)), known, flat[known]).reshape(values.shape)


def _placed(
    found: lifter.Lifted, skeleton: Skeleton, confidence: FloatArray, fps: float, reference_from_camera: FloatArray
) -> LiftedPerson:
    turns = smooth_rotations(rotation.from_matrix(found.turns), fps, TURN_CUTOFF)
    clarity = 1 / found.sigma[..., 0]
    free = fit_translation(skeleton, turns, found.points, clarity)
    trust = confidence.mean(axis=1, keepdims=True) + 1e-3
    log_depth = np.log(np.maximum(free[:, 2:], LEAST_DISTANCE))
    distance = np.exp(robust_whittaker(log_depth, trust, fps, DEPTH_CUTOFF, np.asarray(DEPTH_OUTLIER)))
    root = fit_sideways(skeleton, turns, distance[:, 0], found.points, clarity)
    unit = found.size * np.linalg.norm(root, axis=-1)
    used, turn = list(LANDMARKS), reference_from_camera[:, :3, :3]
    hips = found.points[:, person_view.HIPS].mean(axis=1)
    sight = rotation.normalize(np.concatenate([hips, np.ones((len(hips), 1))], axis=-1))
    rotations = found.turns.copy()
    rotations[:, 0] = turn @ rotations[:, 0]
    evidence = Evidence(
        fps=fps,
        camera_from_reference=camera.inverse(reference_from_camera)[:, :3],
        points=found.points[:, used],
        points_sigma=np.maximum(found.sigma[:, used, 0], LEAST_POINT_SIGMA) * found.size,
        sight=_turned(turn, sight),
        depths=np.einsum("tli,ti->tl", found.landmarks[:, used], sight) * unit[:, None],
        depths_sigma=found.sigma[:, used, 1] * unit[:, None],
        rotations=rotations,
        velocity=_turned(turn, found.velocity) * unit[:, None],
        contacts=found.contacts,
        bearing=np.zeros((len(root), len(BEARING))),
        airborne=np.zeros(len(root)),
        height=np.zeros(len(root)),
    )
    begun = rotation.to_matrix(turns)
    begun[:, 0] = turn @ begun[:, 0]
    start = State(begun, camera.transform(reference_from_camera, root[:, None])[:, 0])
    unseen = UNSEEN_SPEED * lifter.ages(np.asarray(confidence.any(axis=1)), fps)
    sigma = np.hypot(joint_sigma(found.sigma) * unit[:, None], unseen[:, None])
    return LiftedPerson(skeleton, evidence, start, confidence, sigma, _turned(turn, found.up))


def resized(person: LiftedPerson, scale: float) -> LiftedPerson:
    """The person scale times as large and as far away: the picture stays the same."""
    evidence = person.evidence
    larger = replace(
        evidence,
        depths=evidence.depths * scale,
        depths_sigma=evidence.depths_sigma * scale,
        velocity=evidence.velocity * scale,
    )
    return replace(
        person,
        skeleton=proportions.resized(person.skeleton, scale),
        evidence=larger,
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
_TRUNK = ("left_shoulder", "right_shoulder", "left_hip", "right_hip")


def joint_sigma(sigma: FloatArray) -> FloatArray:
    """(T, 22) one standard deviation per axis of each joint, from those of landmarks (T, 33, 2): across, along."""
    per_axis = np.sqrt((2 * sigma[..., 0] ** 2 + sigma[..., 1] ** 2) / 3)
    return np.stack([per_axis[:, _around(joint)].mean(axis=1) for joint in humanoid.JOINTS], axis=1)


def _around(joint: str) -> list[int]:
    side = next((s for s in ("left", "right") if joint.startswith(s)), "")
    names = [f"{side}_{part}" for part in _LANDMARKS_OF_JOINT[joint.removeprefix(side)]] if side else list(_TRUNK)
    if joint == "head":
        names = ["left_ear", "right_ear"]
    return [blazepose.INDEX[name] for name in names]
